"""On-time rates per cell of the deadline tables, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt

from mining.bound_log import BoundLog
from mining.findings import Counts, Rate
from reference_models.model import Deadline, DeadlineRow, ReferenceModel

Z = 1.959963984540054
"""Quantile of the standard normal distribution for a two-sided 95 % interval."""
MONTH_US = 30.436875 * 86_400_000_000
"""A mean month of the Gregorian calendar, in microseconds."""


def wilson(successes: int, total: int) -> tuple[float, float] | None:
    """Wilson score interval at 95 % (Wilson 1927) of successes / total; None for total 0."""
    if total == 0:
        return None
    share = successes / total
    middle = share + Z * Z / (2 * total)
    half = Z * sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    scale = 1 + Z * Z / total
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def rates(
    model: ReferenceModel,
    counts: Mapping[str, Counts],
    bound: BoundLog,
    version: str = "",
    until_us: int | None = None,
) -> tuple[Rate, ...]:
    """One rate per row and class of every deadline table, in the contract's order.

    `version`: of a part of the log, the version that judged it, in force until `until_us` (None: as-of).

    Stopped and running clocks together; the actual number a month is that of the clocks started, over the
    span of the log.
    """
    span = bound.cases.agg(first=bound.cases.first_us.min()).to_pandas().iloc[0]["first"]
    until = bound.as_of_us if until_us is None else until_us
    months = max((until - int(span)) / MONTH_US, 1e-9) if span == span and span is not None else None
    return tuple(
        replace(_rate(deadline, row, category, counts, months), version=version)
        for deadline in model.deadlines
        for row in deadline.rows
        for category in row.cells
    )


def _rate(
    deadline: Deadline, row: DeadlineRow, category: str, counts: Mapping[str, Counts], months: float | None
) -> Rate:
    cell = _cell_counts(deadline, row.id, category, counts)
    interval = wilson(cell.conformant, cell.decided)
    planned = row.planned_per_month.get(category)
    together = sum(
        _cell_counts(deadline, each, category, counts).total for each in row.planned_over or (row.id,)
    )
    return Rate(
        deadline=deadline.id,
        row=row.id,
        category=category,
        limit=row.cells[category].limit,
        unit=deadline.unit,
        target=deadline.target,
        counts=cell,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        authority=row.authority_of(category),
        planned_per_month=planned,
        actual_per_month=together / months if planned is not None and months else None,
    )


def _cell_counts(deadline: Deadline, row: str, category: str, counts: Mapping[str, Counts]) -> Counts:
    """Stopped and running clocks of one cell together."""
    kinds = ("late", "overdue_and_open", "at_risk")
    each = [counts.get(f"deadline.{kind}:{deadline.id}/{row}/{category}", Counts()) for kind in kinds]
    return Counts(
        sum(one.conformant for one in each),
        sum(one.violated for one in each),
        sum(one.pending for one in each),
        sum(one.not_determinable for one in each),
    )
