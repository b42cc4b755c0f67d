"""Rules by DECLARE template, with a limit in time and conditions on data."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir
import pandas as pd

from mining.declare.counts import judge_count, judge_place
from mining.declare.relations import judge_relation
from mining.declare.templates import SEARCHES
from mining.detection import Detection, Detector, Evidence, Examples, counted_apart, limit_basis
from mining.findings import CouldNotCheck, Family
from reference_models.model import DeclareRule
from reference_models.rules import PLACED


class RuleDeclare(Detector):
    """A rule beside the diagram (DECLARE) is kept.

    Meaning: the contract's `rules` by template. Of one activity A, per case: *existence* (at least `times`),
    *absence* (less often than `times`), *exactly*, *init* and *end* (the first or last event in the flow).
    Of two, per activation: *response* (each A is followed by a B), *precedence* (each B has an A before it),
    *succession* (both); *alternate* (before the next activation, or after the last one); *chain* (next to
    each other); *responded existence* (each A has a B before or after it), *co-existence* (each of both has
    the other); *not co-existence* and *not succession* (no A has a B beside it, or after it), *not chain
    succession* (no A has a B right after it). A limit is the most time between the two events, and in the
    negative forms the time within which B is barred; of one activity it runs from the first event of the
    case. Conditions: `when` on the case, `activity_when` and `target_when` on the events that count as A
    and B. At one instant the order of rows says nothing, and what would keep the rule is taken; alternate
    and chain forms read the rows of an instant in their order. What is recorded beside the flow stands
    between no neighbours, unless the rule names it.
    Needs: case, activity, time; the attributes that the rule's conditions name.
    Verdicts: violated and conformant as above; pending while the case is open, what is awaited may still
    come and the limit runs; not determinable where what is missing (or barred) may be among rejected rows,
    unknown labels (of a chain: the neighbour's), times that an export with one time per milestone does not
    keep, or before the window; where an attribute of a condition is missing; beyond the calendar.
    Source: Pesic & van der Aalst 2006 (DECLARE); data and time: Burattin, Maggi & Sperduti 2016
    (multi-perspective DECLARE). Equal per case to pm4py's `conformance_declare` on closed cases, but for:
    pm4py judges a case as a whole and this each activation; its nonsuccession and nonchainsuccession are
    the negation of succession and chain succession in the case as a whole, this takes the template's
    meaning; its co-existence forms count a case once; it has no `times`, end, limits or conditions, and
    knows no verdict between kept and broken.
    Re-perform: filter the export to the case and to the rule's two activities, and sort by time. Go down the
    rows: for every row of the activity that activates the rule, look whether the template holds (response: a
    row of the target comes later; precedence: one came before; chain: in the very next row of the case), and
    compare the time between the two rows with the limit.
    """

    family = Family.RULE
    kinds = ("declare",)

    examples: ClassVar[dict[str, Examples]] = {
        "declare": Examples(  # tested before accepted
            conforming="""
                case,activity,time
                1,施工,2024-03-07 09:00
                1,测试,2024-03-08 09:00
                1,验收,2024-03-11 10:00
            """,
            violating="""
                case,activity,time
                1,施工,2024-03-07 09:00
                1,验收,2024-03-08 10:00
                1,测试,2024-03-11 09:00
            """,
            as_of="2024-03-12T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per case or per activation of every rule."""
        rules, tables = [], []
        settled: dict[str, int] = {}
        not_checked: list[CouldNotCheck] = []
        for number, each in enumerate(evidence.model.rules):
            if missing := self._missing(evidence, each):
                not_checked.append(missing)
                continue
            rules.append(
                self.rule(
                    evidence.model,
                    "declare",
                    each.id,
                    each.authority,
                    activities=(each.activity, *([each.target] if each.target else [])),
                    limit=each.limit.value if each.limit else None,
                    unit=each.limit.unit if each.limit else "",
                    rests_on=limit_basis(each.limit),
                )
            )
            for table, conformant in _judged(evidence, each, rules[-1].id, f"declare_{number}"):
                tables.append(table)
                settled[rules[-1].id] = settled.get(rules[-1].id, 0) + conformant
        if not evidence.model.rules:
            not_checked.append(self.could_not("declare", "not_in_model", ("rules",)))
        if not tables:
            return Detection(not_checked=tuple(not_checked))
        listed, kept = counted_apart(ibis.union(*tables) if len(tables) > 1 else tables[0])
        frame = pd.DataFrame({"rule_id": list(settled), "n": list(settled.values())})
        by_trace = evidence.bound.upload("declare_settled", frame, {"rule_id": "string", "n": "int64"})
        conformant = ibis.union(kept, by_trace)
        return Detection(tuple(rules), listed, conformant, tuple(not_checked))

    def _missing(self, evidence: Evidence, rule: DeclareRule) -> CouldNotCheck | None:
        """Attributes that the log does not carry, or activities that it never records."""
        if absent := [name for name in rule.attributes if name not in evidence.bound.fields]:
            return self.could_not("declare", "field_missing", absent)
        searched = SEARCHES.get(rule.template, ())
        looked_for = [rule.target if not each.by_target else rule.activity for each in searched]
        seen = evidence.bound.activities_seen
        never = [name for name in looked_for or [rule.activity] if name and name not in seen]
        return self.could_not("declare", "no_events", never) if never else None


def _judged(evidence: Evidence, rule: DeclareRule, rule_id: str, name: str) -> list[tuple[ir.Table, int]]:
    """Tables of occurrences, each with the number of conformant ones that it leaves out."""
    if rule.template in PLACED:
        return [(judge_place(evidence, rule, rule_id, name), 0)]
    if rule.template not in SEARCHES:
        return [(judge_count(evidence, rule, rule_id, name), 0)]
    return [
        judge_relation(evidence, rule, search, rule_id, f"{name}_{number}")
        for number, search in enumerate(SEARCHES[rule.template])
    ]
