"""Every X has a Y, and every Y an X: provisioned and billed."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.conditions import holds
from mining.declare.timing import timed
from mining.detection import Detection, Detector, Evidence, Examples, counted_apart, limit_basis
from mining.findings import CouldNotCheck, Family, Verdict
from mining.occurrences import anchor_of, occurrences, rows_of, with_unseen
from reference_models.model import Comparison, Match


class RuleMatched(Detector):
    """What belongs together is there on both sides (开通与计费一致).

    Meaning: the contract's `matches`: each event of one activity has one of the other, and the other way
    round: the n-th with the n-th, by time, within the case or, where `same` names attributes, among all
    events that agree in them, of whatever case. Within the limit, if one is given; which of the two comes
    first is not asked.
    Needs: case, activity, time; the attributes of `same` and of the conditions.
    Verdicts: per pair, or per event without its partner. Conformant: both are there (in time). Pending: the
    partner may still come (the limit runs; without a limit: the case is open). Violated: no partner, or one
    past the limit. Not determinable: the partner may be among rejected rows or unknown labels (of the case;
    with `same`, of the whole log, for it may be of any case), before the window, or a time that the export
    does not keep; or an attribute is missing.
    Source: domain.md, P11: 'every provisioned circuit is billed, every bill has an order' (S0, the leak).
    Re-perform: filter the export to the two activities and sort by the key (the case, or the attributes of
    `same`), then by time. Number the rows of each activity within the key
    (`=COUNTIFS(key, A2, activity, B2, row, "<="&C2)`): the same number must stand beside both activities, and
    with a limit the later time must be no later than the earlier one plus the limit.
    """

    family = Family.RULE
    kinds = ("matched",)
    over_cases = True

    examples: ClassVar[dict[str, Examples]] = {
        "matched": Examples(  # every request for an item has its goods, in whichever case they are recorded
            conforming="""
                case,activity,time,item
                1,采购要求,2024-03-04 09:00,cable
                2,到货,2024-03-06 09:00,cable
            """,
            violating="""
                case,activity,time,item
                1,采购要求,2024-03-04 09:00,cable
                1,到货,2024-03-06 09:00,cable
                2,到货,2024-03-07 09:00,cable
                2,验收,2024-03-08 09:00,
            """,
            as_of="2024-03-20T09:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per pair, and per event without its partner."""
        rules, tables = [], []
        not_checked: list[CouldNotCheck] = []
        for number, each in enumerate(evidence.model.matches):
            if missing := self._missing(evidence, each):
                not_checked.append(missing)
                continue
            rules.append(
                self.rule(
                    evidence.model,
                    "matched",
                    each.id,
                    each.authority,
                    activities=(each.one, each.other),
                    fields=each.same,
                    limit=each.limit.value if each.limit else None,
                    unit=each.limit.unit if each.limit else "",
                    rests_on=limit_basis(each.limit),
                )
            )
            tables.append(_judged(evidence, each, rules[-1].id, f"matched_{number}"))
        if not evidence.model.matches:
            not_checked.append(self.could_not("matched", "not_in_model", ("matches",)))
        if not tables:
            return Detection(not_checked=tuple(not_checked))
        listed, conformant = counted_apart(ibis.union(*tables) if len(tables) > 1 else tables[0])
        return Detection(tuple(rules), listed, conformant, tuple(not_checked))

    def _missing(self, evidence: Evidence, rule: Match) -> CouldNotCheck | None:
        if absent := [name for name in rule.attributes if name not in evidence.bound.fields]:
            return self.could_not("matched", "field_missing", absent)
        never = [name for name in (rule.one, rule.other) if name not in evidence.bound.activities_seen]
        return self.could_not("matched", "no_events", never) if never else None


def _side(
    evidence: Evidence, rule: Match, activity: str, conditions: tuple[Comparison, ...], prefix: str
) -> ir.Table:
    """The completed events of one activity: key, place (n-th of its key), and the columns PREFIX_case,
    PREFIX_us, PREFIX_row, PREFIX_anchor, PREFIX_sure (the condition holds; null: an attribute is missing).

    An event with an attribute missing has a null key: it finds no partner."""
    events = evidence.bound.completed
    events = events.filter(events.activity_id == activity)
    order = ibis.window(group_by="case_id", order_by=[events.t_us, events.row_no])
    sure = holds(events, evidence.model, conditions)
    parts = [events[name].strip() for name in rule.same] or [events.case_id]
    whole = ibis.and_(*[part.notnull() & (part != "") for part in parts], sure.notnull())
    key = ibis.literal("\x1f").join(parts)
    side = events.mutate(
        key=ibis.ifelse(whole, key, ibis.null("string")),
        sure=sure & whole.nullif(False),
        anchor=anchor_of(events.event_id, events.activity_id, ibis.row_number().over(order) + 1),
    )
    side = side.filter(sure.fill_null(True))
    per_key = ibis.window(group_by="key", order_by=[side.t_us, side.row_no])
    return side.select(
        "key",
        place=ibis.row_number().over(per_key),
        **{
            f"{prefix}_case": side.case_id,
            f"{prefix}_us": side.t_us,
            f"{prefix}_row": side.row_no,
            f"{prefix}_anchor": side.anchor,
            f"{prefix}_sure": side.sure.notnull(),
        },
    )


def _paired(evidence: Evidence, rule: Match, name: str) -> ir.Table:
    """One line per pair or event alone: case_id, key, from_us, from_row, anchor (of the earlier event),
    to_us, to_row, other_case (of the later one, null if alone), lacks (the activity that is missing)."""
    one = evidence.bound.store(f"{name}_one", _side(evidence, rule, rule.one, rule.one_when, "one"))
    two = evidence.bound.store(f"{name}_two", _side(evidence, rule, rule.other, rule.other_when, "two"))
    both = one.outer_join(two, ["key", "place"])
    first = ibis.coalesce(both.one_us <= both.two_us, both.one_us.notnull())

    def earlier(column: str) -> ir.Value:
        return ibis.ifelse(first, both[f"one_{column}"], both[f"two_{column}"])

    def later(column: str) -> ir.Value:
        return ibis.ifelse(first, both[f"two_{column}"], both[f"one_{column}"])

    return both.select(
        case_id=earlier("case"),
        from_us=earlier("us"),
        from_row=earlier("row"),
        anchor=earlier("anchor"),
        keyed=earlier("sure"),
        to_us=later("us"),
        to_row=later("row"),
        other_case=later("case"),
        lacks=ibis.cases((both.one_us.isnull(), rule.one), (both.two_us.isnull(), rule.other)),
    )


def _judged(evidence: Evidence, rule: Match, rule_id: str, name: str) -> ir.Table:
    bound = evidence.bound
    pairs = bound.store(f"{name}_pairs", _paired(evidence, rule, name))
    cases = bound.cases.select("case_id", "closed", "began_before", "excluded_rows", "unknown_events")
    table = pairs.inner_join(cases, "case_id")
    if rule.same:  # the partner may be of any case
        rejected = ibis.literal(bound.log.provenance.rows_rejected)  # also those of no case that can be told
        hidden = bound.cases.agg(
            excluded=ibis.greatest(bound.cases.excluded_rows.sum(), rejected),
            unknown=bound.cases.unknown_events.sum(),
        )
        table = table.drop("excluded_rows", "unknown_events").cross_join(hidden)
        table = table.rename(excluded_rows="excluded", unknown_events="unknown")
    unclear = pairs.filter(~pairs.keyed).agg(
        one_unclear=(ibis._.lacks == rule.other).any().fill_null(False),
        two_unclear=(ibis._.lacks == rule.one).any().fill_null(False),
    )
    table = table.cross_join(unclear)
    table = with_unseen(evidence, table, rule.one, into="one_unseen")
    table = with_unseen(evidence, table, rule.other, into="two_unseen")
    as_of = ibis.literal(bound.as_of_us)
    table = table.mutate(reached_us=ibis.coalesce(table.to_us, as_of))
    table = bound.store(name, timed(evidence, rule, table, "from_us", "reached_us", "pair"))
    return _occurrences(table, rule, rule_id)


def _occurrences(table: ir.Table, rule: Match, rule_id: str) -> ir.Table:
    lacks_one = (table.lacks == rule.one).fill_null(False)
    doubt = ibis.cases(
        (table.excluded_rows > 0, "excluded_rows"),
        (table.unknown_events > 0, "unknown_activity"),
        (ibis.ifelse(lacks_one, table.one_unseen, table.two_unseen), "one_time_per_milestone"),
        (ibis.ifelse(lacks_one, table.one_unclear, table.two_unclear), "missing_attribute"),
        (table.began_before, "before_window"),
        else_=ibis.null("string"),
    )
    null, unknown = ibis.null("string"), Verdict.NOT_DETERMINABLE.value
    waiting = table.lacks.notnull() & (~table.pair_past if rule.limit else ~table.closed)
    steps = [
        (~table.keyed, unknown, "missing_attribute"),
        (table.pair_past.isnull(), unknown, "calendar_ends"),
        (table.lacks.isnull() & ~table.pair_past, Verdict.CONFORMANT.value, null),
        (waiting, Verdict.PENDING.value, "in_time" if rule.limit else "still_open"),
        (doubt.notnull(), unknown, doubt),
    ]
    elsewhere = table.other_case != table.case_id
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=table.case_id,
        verdict=ibis.cases(*[(at, verdict) for at, verdict, _ in steps], else_=Verdict.VIOLATED.value),
        reason=ibis.cases(*[(at, why) for at, _, why in steps], else_=null),
        measure=table.pair_measure,
        limit=rule.limit.value if rule.limit else None,
        start_us=table.from_us,
        due_us=table.pair_due_us,
        end_us=table.to_us,
        anchor=table.anchor,
        rows=rows_of(table.from_row, table.to_row),
        related_case=ibis.ifelse(elsewhere.fill_null(False), table.other_case, ibis.null("string")),
    )
