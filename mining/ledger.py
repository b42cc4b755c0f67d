"""The ledger of a clock: when it ran, paused and stood still, so that a measure can be recomputed by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from mining.bound_log import BoundLog
from mining.clock import AROUND_THE_CLOCK, DAY_US, HOUR_US, day_table
from mining.findings import ClockInterval, Family, Finding, Occurrence
from reference_models.calendars import Calendar
from reference_models.model import Deadline

LONGEST = 60
"""Stretches listed; a longer ledger is left out of the report (the measure still stands)."""


def with_ledger(bound: BoundLog, finding: Finding) -> tuple[Occurrence, ...]:
    """The worst occurrences of a deadline finding with their ledgers; others as they are."""
    if finding.rule.family is not Family.DEADLINE or not finding.worst:
        return finding.worst
    deadline = next(d for d in bound.model.deadlines if d.id == finding.rule.deadline)
    cases = [occurrence.case_id for occurrence in finding.worst]
    name = f"clock_{deadline.id}".replace("-", "_") + "_pauses"
    pauses = bound.log.backend.table(name)
    paused = pauses.filter(pauses.case_id.isin(cases)).order_by("case_id", "from_us").to_pandas()
    return tuple(replace(o, ledger=_ledger(bound, deadline, o, paused)) for o in finding.worst)


def _ledger(
    bound: BoundLog, deadline: Deadline, occurrence: Occurrence, paused: pd.DataFrame
) -> tuple[ClockInterval, ...]:
    if occurrence.start_us is None:
        return ()
    end = bound.as_of_us if occurrence.end_us is None else occurrence.end_us
    mine = paused[paused["case_id"] == occurrence.case_id]
    stops = [
        (max(begin, occurrence.start_us), min(until, end))
        for begin, until in zip(mine["from_us"].tolist(), mine["until_us"].tolist(), strict=True)
    ]
    cuts = sorted(
        {occurrence.start_us, end, *(t for stop in stops for t in stop if occurrence.start_us < t < end)}
    )
    stretches: list[ClockInterval] = []
    for low, high in itertools.pairwise(cuts):
        halted = any(begin <= low and high <= until for begin, until in stops)
        # A pause that begins after the breach cures nothing: the clock had run out already.
        if halted and (occurrence.due_us is None or low <= occurrence.due_us):
            stretches.append(ClockInterval("paused", low, high, 0.0))
        else:
            stretches += _running(deadline, bound.model.calendars[deadline.calendar], low, high)
    return tuple(stretches) if len(stretches) <= LONGEST else ()


def _running(deadline: Deadline, calendar: Calendar, low: int, high: int) -> list[ClockInterval]:
    """A stretch split into days that count and days off (in hours around the clock: one stretch)."""
    if deadline.calendar == AROUND_THE_CLOCK or deadline.unit == "hours":
        return [ClockInterval("running", low, high, (high - low) / HOUR_US)]
    table = day_table(calendar, deadline.unit, low, high)
    zone = ZoneInfo(calendar.zone)
    first = datetime.fromtimestamp(low / 1e6, UTC).astimezone(zone).date()
    stretches: list[ClockInterval] = []
    for begin, working in zip(table["starts_us"].tolist(), table["working"].tolist(), strict=True):
        until = begin + DAY_US
        if until <= low or begin >= high:
            continue
        starts_here = (
            datetime.fromtimestamp((begin + DAY_US // 2) / 1e6, UTC).astimezone(zone).date() == first
        )
        state = "running" if working else "off"
        counted = 1.0 if working and not starts_here else 0.0
        last = stretches[-1] if stretches else None
        if last and last.state == state:
            stretches[-1] = replace(last, until_us=min(until, high), counted=last.counted + counted)
        else:
            stretches.append(ClockInterval(state, max(begin, low), min(until, high), counted))
    return stretches
