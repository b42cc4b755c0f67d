"""Counting what planned figures speak of, over all cases."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from logs.labels import normalise_label
from mining.conditions import holds
from mining.conformance import Conformance
from mining.deadlines import attribute
from mining.detection import Evidence
from mining.periods import PERIOD_COLUMNS, begin_of, periods_of
from mining.planned import Indicator, PlannedPeriod
from reference_models.model import PlannedFigure

OTHERS = ""
"""The group of events that belong to none with a figure."""


def indicators(evidence: Evidence) -> tuple[Indicator, ...]:
    """Planned and actual numbers per period of every planned figure, in the contract's order.

    Counted are the completed events of the activity up to as-of that meet the condition, by period and
    group; where the figures are by group, what belongs to none of them has a line of its own if there is any.
    """
    return tuple(_indicator(evidence, plan) for plan in evidence.model.planned)


def _indicator(evidence: Evidence, plan: PlannedFigure) -> Indicator:
    bound = evidence.bound
    if absent := [name for name in _asked(evidence, plan) if name not in bound.fields]:
        return Indicator(plan, (), "field_missing", tuple(absent))
    if plan.activity not in bound.activities_seen:
        return Indicator(plan, (), "no_events", (plan.activity,))
    frame = periods_of(bound, plan.per)
    with bound.scratch():
        counts, strange = _counted(evidence, plan, frame)
    return Indicator(plan, tuple(_lines(evidence, plan, frame, counts, strange)))


def _asked(evidence: Evidence, plan: PlannedFigure) -> list[str]:
    by = [] if not plan.by else ["role"] if _by_unit(evidence, plan) else [plan.by]
    return [*dict.fromkeys([*(each.attribute for each in plan.activity_when), *by])]


def _by_unit(evidence: Evidence, plan: PlannedFigure) -> bool:
    return plan.by == "unit" and "unit" not in evidence.model.attributes


def _counted(evidence: Evidence, plan: PlannedFigure, frame: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """(period, grp, n, unclear), and the periods that have labels which the model does not know."""
    bound = evidence.bound
    periods = bound.upload("planned_periods", frame, PERIOD_COLUMNS)
    events = bound.completed
    own = events.filter((events.activity_id == plan.activity).fill_null(False))
    certain = holds(own, evidence.model, plan.activity_when)
    marked = own.select("t_us", certain=certain, grp=_group(evidence, own, plan))
    placed = marked.asof_join(periods, marked.t_us >= periods.from_us)
    grouped = placed.group_by("period", "grp").agg(
        n=placed.certain.fill_null(False).cast("int64").sum(),
        unclear=placed.certain.isnull().any(),
    )
    unknown = events.filter(events.activity_id.isnull() & ~events.beside).select("t_us")
    strange = unknown.asof_join(periods, unknown.t_us >= periods.from_us).select("period").distinct()
    return grouped.to_pandas(), set(strange.to_pandas()["period"].dropna())


def _group(evidence: Evidence, events: ir.Table, plan: PlannedFigure) -> ir.StringValue:
    """The group of each event by the spelling of the figures; OTHERS where it has none."""
    if not plan.by:
        return ibis.literal(OTHERS)
    own = {normalise_label(key): key for key in plan.figures}
    unit = _by_unit(evidence, plan)
    value = events.role if unit else attribute(events, evidence.model, plan.by).cast("string")
    found = events.select(value=value).distinct().to_pandas()["value"].dropna()
    known = {text: own[normalise_label(text)] for text in found if normalise_label(text) in own}
    return value.substitute(known, else_=OTHERS) if known else ibis.literal(OTHERS)


def _lines(
    evidence: Evidence, plan: PlannedFigure, frame: pd.DataFrame, counts: pd.DataFrame, strange: set[str]
) -> list[PlannedPeriod]:
    bound, since = evidence.bound, begin_of(evidence.bound)
    counted = {
        (str(row.period), str(row.grp)): (int(str(row.n)), bool(row.unclear)) for row in counts.itertuples()
    }
    others = [OTHERS] if plan.by and any(group == OTHERS for _, group in counted) else []
    lines = []
    for row in frame.sort_values("from_us").itertuples():
        period, from_us, until_us = str(row.period), int(str(row.from_us)), int(str(row.until_us))
        for group in [*plan.figures, *others]:
            number, unclear = counted.get((period, group), (0, False))
            lines.append(
                PlannedPeriod(
                    period,
                    from_us,
                    until_us,
                    group,
                    plan.figures.get(group),
                    number,
                    cut=from_us < since,
                    running=until_us > bound.as_of_us,
                    doubt=_doubt(evidence, plan, period in strange, unclear),
                )
            )
    return lines


def _doubt(evidence: Evidence, plan: PlannedFigure, strange: bool, unclear: bool) -> str | None:
    if evidence.bound.log.provenance.rows_rejected > 0:
        return "excluded_rows"
    if strange:
        return "unknown_activity"
    if unclear:
        return "missing_attribute"
    return "one_time_per_milestone" if _unseen(evidence, evidence.conformance, plan) else None


def _unseen(evidence: Evidence, conformance: Conformance, plan: PlannedFigure) -> bool:
    """Whether the activity may have come more often than an export with one time per milestone shows."""
    return evidence.bound.one_time_per_milestone and plan.activity in conformance.unseen
