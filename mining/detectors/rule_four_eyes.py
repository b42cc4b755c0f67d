"""Four eyes: two activities of one case not by the same person."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.conditions import holds
from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import CouldNotCheck, Family, Verdict
from mining.occurrences import anchor_of, occurrences, rows_of
from reference_models.model import FourEyes


class RuleFourEyes(Detector):
    """Nobody does two of these activities of one case (不相容职责分离).

    Meaning: of the activities that the contract's `four_eyes` names, every event of one is compared with
    every event of another in the same case, in whichever order they came and whatever lies between: not
    only with the one before it. Persons are compared without case and blanks at the ends.
    Needs: case, activity, time, resource; the attributes that the rule's condition names.
    Verdicts: per pair of events violated or conformant; not determinable where the person of either or an
    attribute of the condition is missing. An event whose other activity has not come: pending while the
    case is open; not determinable where the other may be among rejected rows or unknown labels, or before
    the window; nothing is owed otherwise.
    Source: separation of duties (ISO/IEC 27002, 5.3); domain.md, 'no authority system'.
    Re-perform: copy the case's rows of the rule's activities to a sheet of their own (a formula counts what a
    filter hides); sort by person. Any person beside two different activities is a breach for each such pair
    of rows (`=COUNTIFS(person, D2, activity, "<>"&B2)` is above 0).
    """

    family = Family.RULE
    kinds = ("four_eyes",)

    examples: ClassVar[dict[str, Examples]] = {
        "four_eyes": Examples(  # planned and accepted by two persons; the test between them hides nothing
            conforming="""
                case,activity,time,resource
                1,定方案,2024-03-04 09:00,Wang
                1,测试,2024-03-05 09:00,Wang
                1,验收,2024-03-06 09:00,Li
            """,
            violating="""
                case,activity,time,resource
                1,定方案,2024-03-04 09:00,Wang
                1,测试,2024-03-05 09:00,Li
                1,验收,2024-03-06 09:00,wang
            """,
            as_of="2024-03-07T09:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per pair of events, and per event whose other activity did not come."""
        rules, tables, tallies = [], [], []
        not_checked: list[CouldNotCheck] = []
        for number, each in enumerate(evidence.model.four_eyes):
            if missing := self._missing(evidence, each):
                not_checked.append(missing)
                continue
            activities = each.activities
            rules.append(
                self.rule(evidence.model, "four_eyes", each.id, each.authority, activities=activities)
            )
            for at, (one, other) in enumerate(combinations(activities, 2)):
                name = f"four_eyes_{number}_{at}"
                pairs = evidence.bound.store(name, _pairs(evidence, each, one, other))
                kept = pairs.applies.fill_null(False) & (pairs.person != pairs.other_person)
                tallies.append(
                    pairs.filter(kept).agg(n=ibis._.count()).mutate(rule_id=ibis.literal(rules[-1].id))
                )
                tables.append(_judged(pairs.filter(~kept.fill_null(False)), rules[-1].id))
                tables += [
                    _alone(evidence, each, rules[-1].id, there, absent)
                    for there, absent in ((one, other), (other, one))
                ]
        if not evidence.model.four_eyes:
            not_checked.append(self.could_not("four_eyes", "not_in_model", ("four_eyes",)))
        if not tables:
            return Detection(tuple(rules), not_checked=tuple(not_checked))
        counted = ibis.union(*tallies) if len(tallies) > 1 else tallies[0]
        counted = counted.group_by("rule_id").agg(n=counted.n.sum())
        return Detection(tuple(rules), ibis.union(*tables), counted, tuple(not_checked))

    def _missing(self, evidence: Evidence, rule: FourEyes) -> CouldNotCheck | None:
        asked = ["resource", *(each.attribute for each in rule.when)]
        if absent := [name for name in asked if name not in evidence.bound.fields]:
            return self.could_not("four_eyes", "field_missing", absent)
        never = [name for name in rule.activities if name not in evidence.bound.activities_seen]
        return self.could_not("four_eyes", "no_events", never) if never else None


def _done(evidence: Evidence, rule: FourEyes, activity: str) -> ir.Table:
    """The completed events of an activity with who did them and how their case stands."""
    events = evidence.bound.completed
    events = events.filter(events.activity_id == activity)
    order = ibis.window(group_by="case_id", order_by=[events.t_us, events.row_no])
    person = events.resource.strip().lower()
    done = events.select(
        "case_id",
        "t_us",
        "row_no",
        person=ibis.ifelse(person == "", ibis.null("string"), person),
        anchor=anchor_of(events.event_id, events.activity_id, ibis.row_number().over(order) + 1),
    )
    cases = evidence.bound.cases
    cases = cases.select(
        "case_id",
        "closed",
        "began_before",
        "excluded_rows",
        "unknown_events",
        applies=holds(cases, evidence.model, rule.when),
    )
    return done.inner_join(cases.filter(cases.applies.fill_null(True)), "case_id")


def _pairs(evidence: Evidence, rule: FourEyes, one: str, other: str) -> ir.Table:
    """Every event of one activity beside every event of the other in the case."""
    second = _done(evidence, rule, other).select(
        "case_id", other_us="t_us", other_row="row_no", other_person="person", other_anchor="anchor"
    )
    return _done(evidence, rule, one).inner_join(second, "case_id")


def _judged(pairs: ir.Table, rule_id: str) -> ir.Table:
    known = pairs.applies.fill_null(False) & pairs.person.notnull() & pairs.other_person.notnull()
    first = pairs.t_us <= pairs.other_us
    return occurrences(
        pairs,
        rule_id=rule_id,
        case_id=pairs.case_id,
        verdict=ibis.ifelse(known, Verdict.VIOLATED.value, Verdict.NOT_DETERMINABLE.value),
        reason=ibis.ifelse(known, ibis.null("string"), "missing_attribute"),
        start_us=ibis.least(pairs.t_us, pairs.other_us),
        end_us=ibis.greatest(pairs.t_us, pairs.other_us),
        anchor=pairs.anchor + " & " + pairs.other_anchor,
        rows=ibis.ifelse(
            first, rows_of(pairs.row_no, pairs.other_row), rows_of(pairs.other_row, pairs.row_no)
        ),
    )


def _alone(evidence: Evidence, rule: FourEyes, rule_id: str, there: str, absent: str) -> ir.Table:
    """Events of one activity in cases without the other, where that may still come or have been."""
    events = _done(evidence, rule, there)
    events = events.anti_join(_done(evidence, rule, absent), "case_id")
    doubt = ibis.cases(
        (events.excluded_rows > 0, "excluded_rows"),
        (events.unknown_events > 0, "unknown_activity"),
        (events.began_before, "before_window"),
        else_=ibis.null("string"),
    )
    events = events.mutate(doubt=doubt)
    events = events.filter(~events.closed | events.doubt.notnull())
    return occurrences(
        events,
        rule_id=rule_id,
        case_id=events.case_id,
        verdict=ibis.ifelse(events.closed, Verdict.NOT_DETERMINABLE.value, Verdict.PENDING.value),
        reason=ibis.ifelse(events.closed, events.doubt, "still_open"),
        start_us=events.t_us,
        anchor=events.anchor + " & " + absent,
        rows=rows_of(events.row_no),
    )
