"""Templates of two activities: per activation, the event that was looked for."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.declare.settled import settled_by_trace
from mining.declare.templates import Form, Search
from mining.declare.timing import timed
from mining.declare.trace import rule_cases, rule_trace
from mining.detection import Evidence
from mining.findings import Verdict
from mining.occurrences import anchor_of, occurrences, rows_of, with_unseen
from reference_models.model import DeclareRule

_ROWS_AFTER, _ROWS_BEFORE = {"following": (1, None)}, {"preceding": (None, 1)}


def judge_relation(
    evidence: Evidence, rule: DeclareRule, search: Search, rule_id: str, name: str
) -> tuple[ir.Table, int]:
    """One half of a template of two activities: an occurrence per activation in the cases whose trace alone
    does not settle it; how many activations of the other cases are conformant."""
    looked_for = rule.activity if search.by_target else rule.target
    assert looked_for is not None  # the contract asks for it
    cases, conformant = settled_by_trace(evidence, rule, search, name)
    table = evidence.bound.store(f"{name}_found", _activations(evidence, rule, search, cases))
    table = with_unseen(evidence, table, looked_for)
    as_of = ibis.literal(evidence.bound.as_of_us)
    if search.forward:
        table = table.mutate(reached_us=ibis.coalesce(table.next_us, as_of))
        table = timed(evidence, rule, table, "at_us", "reached_us", "next")
    if search.backward:
        table = timed(evidence, rule, table, "last_us", "at_us", "last")
    return _occurrences(evidence.bound.store(name, table), rule, search, rule_id), conformant


def _activations(evidence: Evidence, rule: DeclareRule, search: Search, cases: ir.Table | None) -> ir.Table:
    """The activations with, per direction searched, the event found.

    case_id, at_us, row_no, event_id, activity_id, ordinal, active (null: an attribute of its condition is
    missing); next_us, next_row, last_us, last_row; cut (nothing that comes later can be the event looked
    for), strange (an unknown label stands in its place), unclear (an event could be it, but an attribute is
    missing); and the columns of `rule_cases`. `cases`: those in question, if not all are.
    """
    trace = rule_trace(evidence, rule, whole=search.form is Form.CHAIN, cases=cases)
    active, wanted = (trace.is_b, trace.is_a) if search.by_target else (trace.is_a, trace.is_b)
    asked = rule.activity_when if search.by_target else rule.target_when
    trace = trace.mutate(
        active=active,
        active_pos=ibis.ifelse(active.fill_null(False), trace.pos, ibis.null("int64")),
        wanted_pos=ibis.ifelse(wanted.fill_null(False), trace.pos, ibis.null("int64")),
        maybe=wanted.isnull(),
    )
    looked = _looked(trace, search, may_be_unclear=bool(asked))
    places = trace.select("case_id", "pos", "t_us", "row_no")
    found = looked.filter(looked.active.fill_null(True)).rename(at_us="t_us")
    for side, used in _sides(search):
        if not used:
            found = found.mutate(**dict.fromkeys((f"{side}_us", f"{side}_row"), ibis.null("int64")))
            continue
        there = places.select(
            "case_id", **{f"{side}_pos": "pos", f"{side}_us": "t_us", f"{side}_row": "row_no"}
        )
        found = found.left_join(there, ["case_id", f"{side}_pos"]).drop("case_id_right", f"{side}_pos_right")
    return found.inner_join(rule_cases(evidence, rule), "case_id")


def _looked(trace: ir.Table, search: Search, *, may_be_unclear: bool) -> ir.Table:
    """Add next_pos, last_pos (positions of the events found), cut, strange and unclear.

    `may_be_unclear`: whether the events looked for have to meet a condition.
    """
    null, no = ibis.null("int64"), ibis.literal(False)
    found: dict[str, ir.Value] = {"next_pos": null, "last_pos": null, "cut": no, "strange": no}
    found["unclear"] = trace.maybe.any().over(ibis.window(group_by="case_id")) if may_be_unclear else no
    if search.form is Form.CHAIN:
        found |= _neighbour(trace, search)
    elif search.form is Form.ALTERNATE:
        found |= _alternate(trace, search)
    else:
        found |= _anywhere(trace, search)
    return trace.mutate(**found).drop("active_pos", "wanted_pos", "maybe", "is_a", "is_b")


def _anywhere(trace: ir.Table, search: Search) -> dict[str, ir.Value]:
    """The nearest one; one at the same instant counts, unless it would be a breach of order."""
    found: dict[str, ir.Value] = {}
    instants = {"group_by": "case_id", "order_by": trace.t_us}
    if search.forward:
        barred_order = search.barred and not search.backward
        onwards = {"following": (1, None)} if barred_order else {"preceding": 0, "following": None}
        found["next_pos"] = trace.wanted_pos.min().over(ibis.range_window(**onwards, **instants))
    if search.backward:
        back = ibis.range_window(preceding=None, following=0, **instants)
        found["last_pos"] = trace.wanted_pos.max().over(back)
    return found


def _alternate(trace: ir.Table, search: Search) -> dict[str, ir.Value]:
    """The nearest one on this side of the nearest other activation, by the order of rows."""
    order = {"group_by": "case_id", "order_by": trace.pos}
    if search.forward:
        onwards = ibis.rows_window(**_ROWS_AFTER, **order)
        wanted, other = trace.wanted_pos.min().over(onwards), trace.active_pos.min().over(onwards)
        cut = other.notnull() & (wanted.isnull() | (wanted > other))
        return {"next_pos": ibis.ifelse(cut, ibis.null("int64"), wanted), "cut": cut}
    back = ibis.rows_window(**_ROWS_BEFORE, **order)
    wanted, other = trace.wanted_pos.max().over(back), trace.active_pos.max().over(back)
    cut = other.notnull() & (wanted.isnull() | (wanted < other))
    return {"last_pos": ibis.ifelse(cut, ibis.null("int64"), wanted), "cut": cut}


def _neighbour(trace: ir.Table, search: Search) -> dict[str, ir.Value]:
    order = ibis.window(group_by="case_id", order_by=trace.pos)
    step, side = (1, "next_pos") if search.forward else (-1, "last_pos")

    def beside(column: ir.Value) -> ir.Value:
        return (column.lead(1) if step > 0 else column.lag(1)).over(order)

    return {
        side: beside(trace.wanted_pos),
        "cut": beside(trace.pos).notnull(),
        "strange": beside(trace.unknown).fill_null(False),
        "unclear": beside(trace.maybe).fill_null(False),
    }


def _occurrences(table: ir.Table, rule: DeclareRule, search: Search, rule_id: str) -> ir.Table:
    hit, waiting, off_calendar = _standing(table, rule, search)
    doubt = _doubt(table, search)
    chain = search.form is Form.CHAIN
    # Between neighbours an unread row may stand: that they are neighbours rests on absence too.
    unsure_hit = hit & (table.excluded_rows > 0) if chain else ibis.literal(False)
    unknown = Verdict.NOT_DETERMINABLE.value
    good, bad = Verdict.CONFORMANT.value, Verdict.VIOLATED.value
    on_hit, on_miss = (bad, good) if search.barred else (good, bad)
    null = ibis.null("string")
    verdict = ibis.cases(
        (table.applies.isnull() | table.active.isnull(), unknown),
        (off_calendar, unknown),
        (unsure_hit, unknown),
        (hit, on_hit),
        (waiting, Verdict.PENDING.value),
        (doubt.notnull(), unknown),
        else_=on_miss,
    )
    reason = ibis.cases(
        (table.applies.isnull() | table.active.isnull(), "missing_attribute"),
        (off_calendar, "calendar_ends"),
        (unsure_hit, "excluded_rows"),
        (hit, null),
        (waiting, "still_open" if rule.limit is None else "in_time"),
        else_=doubt,
    )
    answer_row = ibis.coalesce(table.next_row, table.last_row)
    answer_us = ibis.coalesce(table.next_us, table.last_us)
    limited = rule.limit is not None and not search.barred
    earlier = ibis.coalesce(answer_us < table.at_us, ibis.literal(False))
    null_row = ibis.null("int64")
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=table.case_id,
        verdict=verdict,
        reason=reason,
        measure=_measure(table, search) if limited else None,
        limit=rule.limit.value if rule.limit and limited else None,
        start_us=table.at_us,
        due_us=table.next_due_us if search.forward and limited else None,
        end_us=answer_us,
        anchor=anchor_of(table.event_id, table.activity_id, table.ordinal),
        rows=rows_of(
            ibis.ifelse(earlier, answer_row, null_row),
            table.row_no,
            ibis.ifelse(earlier, null_row, answer_row),
        ),
    )


def _standing(
    table: ir.Table, rule: DeclareRule, search: Search
) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.BooleanValue]:
    """Whether the event was found in time, may still come, or the calendar does not reach."""
    hit = waiting = off = ibis.literal(False)
    if search.forward:
        hit = table.next_us.notnull() & ~table.next_past.fill_null(True)
        waiting = ~table.closed & ~table.cut & ~table.next_past.fill_null(True)
        off = table.next_past.isnull()
    if search.backward:
        hit = hit | (table.last_us.notnull() & ~table.last_past.fill_null(True))
        off = off | (table.last_us.notnull() & table.last_past.isnull())
    return hit, waiting, off & ~hit


def _doubt(table: ir.Table, search: Search) -> ir.StringValue:
    """Why nobody can tell that the event did not come; null where one can."""
    elsewhere = table.strange if search.form is Form.CHAIN else table.unknown_events > 0
    before = ibis.literal(False)
    if search.backward:
        # A chain or an alternation that another event has cut owes nothing to the time before the window.
        before = table.began_before & ~table.cut
    return ibis.cases(
        (table.excluded_rows > 0, "excluded_rows"),
        (elsewhere, "unknown_activity"),
        (table.unseen, "one_time_per_milestone"),
        (table.unclear, "missing_attribute"),
        (before, "before_window"),
        else_=ibis.null("string"),
    )


def _measure(table: ir.Table, search: Search) -> ir.FloatingValue:
    """The time to the event found, or to as-of; of two directions the shorter."""
    sides = [table[f"{side}_measure"] for side, used in _sides(search) if used]
    return ibis.least(*sides) if len(sides) > 1 else sides[0]


def _sides(search: Search) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return ("next", search.forward), ("last", search.backward)
