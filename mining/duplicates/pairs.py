"""Pairs of orders: the earlier beside the later, why the pair is innocent, and what is found of it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from mining.duplicates.orders import DAY_US
from mining.findings import Verdict
from mining.occurrences import occurrences, rows_of
from reference_models.duplicates import DuplicateIdentity, Replaced, Split

FIRST = "first_"
"""Before the name of a column: of the earlier order."""


def paired(orders: ir.Table, pairs: ir.Table) -> ir.Table:
    """`pairs` (row_no, first_row, and columns of their own) with the columns of both orders."""
    first = orders.select(first_row=orders.row_no, **{FIRST + c: orders[c] for c in orders.columns})
    return pairs.inner_join(orders, "row_no").inner_join(first, "first_row")


def with_explanation(pairs: ir.Table, identity: DuplicateIdentity) -> ir.Table:
    """Add `explained`: why a pair only looks like a duplicate, null where nothing explains it.

    'reissued' (the first was cancelled before the second was sent), 'amended' (the first was changed, or
    cancelled in time after the second), 'split' (parts of one order), 'recurring' (regular intervals);
    the first of these that holds.
    """
    no = ibis.literal(False)
    reissued = amended = split = recurring = no
    if identity.replaced:
        reissued = (pairs.first_changed == "cancelled") & (pairs.first_changed_us <= pairs.t_us)
        amended = pairs.first_changed.notnull() & _in_time(pairs, identity.replaced)
    if identity.split:
        split = _parts(pairs, identity.split)
    if identity.recurring:
        recurring = (pairs.series == pairs.first_series) & (pairs.first_out_run == pairs.in_run)
    return pairs.mutate(
        explained=ibis.cases(
            (reissued.fill_null(False), "reissued"),
            (amended.fill_null(False), "amended"),
            (split.fill_null(False), "split"),
            (recurring.fill_null(False), "recurring"),
            else_=ibis.null("string"),
        )
    )


def _in_time(pairs: ir.Table, said: Replaced) -> ir.BooleanValue:
    if said.within_days is None:
        return ibis.literal(True)
    return pairs.first_changed_us <= pairs.t_us + round(said.within_days * DAY_US)


def _parts(pairs: ir.Table, said: Split) -> ir.BooleanValue:
    """Same reference; numbers of the parts differ, and the parts so far do not exceed the whole."""
    same = pairs.reference == pairs.first_reference
    if said.part:
        same = same & (pairs.part != pairs.first_part)
    if said.total:
        whole = pairs.amount.notnull() & pairs.first_amount.notnull() & (pairs.total == pairs.first_total)
        same = same & whole & (pairs.parts_sum <= pairs.total)
    return same


def pair_occurrences(
    evidence: Evidence,
    identity: DuplicateIdentity,
    pairs: ir.Table,
    *,
    rule_id: ir.StringValue | str,
    within_days: float,
    reason: ir.StringValue | None,
    matched: ir.Value,
) -> ir.Table:
    """One occurrence per pair with `explained`; `reason` is that of a violation.

    An explained pair conforms, with the explanation as its reason. While the first order may still be
    changed in time the pair is pending; where what changed it may be among rows not read, not determinable.
    """
    said = identity.replaced
    due = ibis.null("int64")
    pending = unsure = ibis.literal(False)
    unread, unknown = pairs.first_excluded_rows > 0, pairs.first_unknown_events > 0
    if said:
        unsure = unread | unknown
        if said.within_days is not None:
            due = pairs.t_us + round(said.within_days * DAY_US)
            pending = due > evidence.bound.as_of_us
    innocent = pairs.explained.notnull()
    return occurrences(
        pairs,
        rule_id=rule_id,
        case_id=pairs.case_id,
        verdict=ibis.cases(
            (innocent, Verdict.CONFORMANT.value),
            (unsure, Verdict.NOT_DETERMINABLE.value),
            (pending, Verdict.PENDING.value),
            else_=Verdict.VIOLATED.value,
        ),
        reason=ibis.cases(
            (innocent, pairs.explained),
            (unsure & unread, "excluded_rows"),
            (unsure, "unknown_activity"),
            (pending, "in_time"),
            else_=ibis.null("string") if reason is None else reason,
        ),
        measure=(pairs.t_us - pairs.first_t_us) / DAY_US,
        limit=within_days,
        start_us=pairs.first_t_us,
        due_us=due,
        end_us=pairs.t_us,
        anchor=pairs.anchor + "~" + pairs.first_case_id + "/" + pairs.first_anchor,
        rows=rows_of(pairs.first_row, pairs.row_no),
        related_case=pairs.first_case_id,
        amount=at_stake(pairs) if identity.amount else None,
        matched=matched,
    )


def at_stake(orders: ir.Table) -> ir.FloatingValue:
    """Money of an order; nothing once it is cancelled."""
    return ibis.ifelse((orders.changed == "cancelled").fill_null(False), 0.0, orders.amount)


def undecided(orders: ir.Table, rule_id: str, reason: str) -> ir.Table:
    """One occurrence per order that could not be compared."""
    return occurrences(
        orders,
        rule_id=rule_id,
        case_id=orders.case_id,
        verdict=Verdict.NOT_DETERMINABLE.value,
        reason=reason,
        end_us=orders.t_us,
        anchor=orders.anchor,
        rows=rows_of(orders.row_no),
    )
