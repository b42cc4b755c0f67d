"""Idle limits learned from the log: how long cases rest after an activity, by Kaplan and Meier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from reference_models.model import LearnedLimit

MINUTE_US = 60_000_000
"""Hours are learned to the minute, rounded up."""


@dataclass(frozen=True)
class Learned:
    """A quantile of the waits with its confidence interval, in the unit of the limit."""

    value: float
    low: float
    high: float
    waits: int
    """Waits that it rests on, open ones with them."""
    still_open: int
    """Of these, censored: the case was open and had rested so long at as-of."""


def quantile(
    counts: Iterable[tuple[float, int, int]], share: float, confidence: float
) -> tuple[float, float, float] | None:
    """The share-quantile of waits and its confidence interval; None where the waits do not bear it.

    counts: (wait, ended, censored at it) per distinct wait. Product-limit estimate (Kaplan & Meier 1958),
    variance after Greenwood, interval by inverting log(-log) limits (Brookmeyer & Crowley 1982). Not borne:
    the curve, or its upper limit, never comes down to 1 - share.
    """
    ordered = sorted(counts)
    at_risk = sum(ended + censored for _, ended, censored in ordered)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    survival, greenwood = 1.0, 0.0
    reached: list[float | None] = [None, None, None]  # estimate, low, high
    for wait, ended, censored in ordered:
        if ended:
            survival *= 1 - ended / at_risk
            curves: Sequence[float] = (survival,)
            if ended < at_risk:
                greenwood += ended / (at_risk * (at_risk - ended))
                spread = exp(z * sqrt(greenwood) / -log(survival))
                curves = (survival, survival**spread, survival ** (1 / spread))
            for number, curve in enumerate(curves):
                if reached[number] is None and curve <= 1 - share + 1e-12:
                    reached[number] = wait
        at_risk -= ended + censored
    estimate, low, high = reached
    return None if estimate is None or low is None or high is None else (estimate, low, high)


def learned_limit(
    evidence: Evidence, after: Sequence[str], but: Sequence[str], learn: LearnedLimit
) -> Learned | None:
    """The limit that the log itself gives for activities `after` (empty: all but `but`); None: too few waits.

    A wait runs from an event to the case's next one, in the unit and the calendar of the idle limits; that of
    an open case's last event is censored at as-of. What follows the last event of a closed case is no wait.
    """
    table = _waits(evidence, after, but, learn.unit)
    grouped = table.group_by("wait").agg(
        ended=(~table.censored).cast("int64").sum(), open=table.censored.cast("int64").sum()
    )
    frame = grouped.order_by("wait").to_pandas()
    columns = (frame[name].tolist() for name in ("wait", "ended", "open"))
    counts = [(float(wait), int(ended), int(still)) for wait, ended, still in zip(*columns, strict=True)]
    found = quantile(counts, learn.quantile, learn.confidence)
    if found is None:
        return None
    still_open = sum(each[2] for each in counts)
    return Learned(*found, sum(each[1] for each in counts) + still_open, still_open)


def _waits(evidence: Evidence, after: Sequence[str], but: Sequence[str], unit: str) -> ir.Table:
    """wait (in the unit), censored."""
    bound = evidence.bound
    order = ibis.window(group_by="case_id", order_by=["t_us", "row_no"])
    events = bound.events.mutate(next_us=bound.events.t_us.lead().over(order))
    cases = bound.cases.select("case_id", "closed")
    asked = events.activity_id.isin(list(after)) if after else ~events.activity_id.isin(list(but) or [""])
    rows = events.filter(asked.fill_null(not after)).inner_join(cases, "case_id")
    rows = rows.filter(rows.next_us.notnull() | ~rows.closed)
    rows = rows.select(
        "t_us", until_us=rows.next_us.fill_null(bound.as_of_us), censored=rows.next_us.isnull()
    )
    clock = evidence.clock(unit, evidence.model.idle_calendar)
    rows = clock.place(rows, "t_us", "from_axis")
    rows = clock.place(rows, "until_us", "to_axis", closing=unit != "hours")
    length = rows.to_axis - rows.from_axis
    wait = (length / MINUTE_US).ceil() / 60 if unit == "hours" else length.cast("float64")
    return rows.filter(length.notnull()).select(wait=wait, censored=rows.censored)
