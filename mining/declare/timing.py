"""Limits of rules: how much counted time lies between two events, and whether the limit has run out."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from reference_models.model import DeclareRule, Match, Reconciliation


def timed(
    evidence: Evidence,
    rule: DeclareRule | Match | Reconciliation,
    table: ir.Table,
    start: str,
    end: str,
    prefix: str,
) -> ir.Table:
    """Add PREFIX_past (more time lies between the instants of two columns than the limit allows),
    PREFIX_measure (in the limit's unit) and PREFIX_due_us; null where an instant is, or the calendar ends.

    Without a limit nothing is ever past.
    """
    if rule.limit is None:
        return table.mutate(
            **{
                f"{prefix}_past": ibis.literal(False),
                f"{prefix}_measure": ibis.null("float64"),
                f"{prefix}_due_us": ibis.null("int64"),
            }
        )
    clock = evidence.clock(rule.limit.unit, rule.calendar)
    begin, reach, due = (f"{prefix}_{part}" for part in ("from", "to", "due"))
    table = clock.place(table, start, begin)
    table = clock.place(table, end, reach, closing=clock.unit != "hours")
    table = table.mutate(**{due: (table[begin] + round(rule.limit.value * clock.step)).cast("int64")})
    table = clock.instant(table, due, f"{prefix}_due_us")
    return table.mutate(
        **{
            f"{prefix}_past": table[reach] > table[due],
            f"{prefix}_measure": (table[reach] - table[begin]) / clock.step,
        }
    ).drop(begin, reach, due)
