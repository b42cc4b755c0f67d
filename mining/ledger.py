"""The ledger of a clock: when it ran, paused and stood still, so that a measure can be recomputed by hand."""

from __future__ import annotations

import itertools
from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from mining.bound_log import BoundLog
from mining.by_version import parts_of
from mining.clock import AROUND_THE_CLOCK, DAY_US, HOUR_US, day_table
from mining.deadlines import pauses_table
from mining.findings import ClockInterval, Family, Finding, Occurrence, Rule
from reference_models.calendars import Calendar
from reference_models.model import Deadline

LONGEST = 60
"""Stretches listed; a longer ledger is left out of the report (the measure still stands)."""


def with_ledgers(bounds: Sequence[BoundLog], finding: Finding) -> Finding:
    """A deadline finding whose worst and warned occurrences have their ledgers; others as they are.

    `bounds`: the log, or its parts by the version of the model that judged them.
    """
    if finding.rule.family is not Family.DEADLINE:
        return finding
    return replace(
        finding,
        worst=_with_ledgers(bounds, finding.rule, finding.worst),
        warned=_with_ledgers(bounds, finding.rule, finding.warned),
    )


def _with_ledgers(
    bounds: Sequence[BoundLog], rule: Rule, occurrences: tuple[Occurrence, ...]
) -> tuple[Occurrence, ...]:
    if not occurrences:
        return ()
    part_of = parts_of(bounds, (each.case_id for each in occurrences))
    ledgers: dict[int, Occurrence] = {}
    for bound in bounds:
        mine = [(at, each) for at, each in enumerate(occurrences) if part_of[each.case_id] is bound]
        if mine:
            made = _with_ledger(bound, rule, [each for _, each in mine])
            ledgers |= {at: each for (at, _), each in zip(mine, made, strict=True)}
    return tuple(ledgers[at] for at in range(len(occurrences)))


def _with_ledger(bound: BoundLog, rule: Rule, occurrences: Sequence[Occurrence]) -> tuple[Occurrence, ...]:
    deadline = next(d for d in bound.model.deadlines if d.id == rule.deadline)
    cases = [occurrence.case_id for occurrence in occurrences]
    pauses = bound.kept(pauses_table(deadline))
    paused = pauses.filter(pauses.case_id.isin(cases)).order_by("case_id", "from_us").to_pandas()
    calendar = bound.model.calendars[deadline.calendar]
    days = _all_days(calendar, deadline.unit, occurrences, bound.as_of_us)
    return tuple(replace(o, ledger=_ledger(bound, deadline, o, paused, days)) for o in occurrences)


Days = list[tuple[int, bool]]
"""Midnights in order, each with whether its day counts."""


def _all_days(calendar: Calendar, unit: str, occurrences: Sequence[Occurrence], as_of_us: int) -> Days:
    """The days that the clocks of all occurrences run over; none for a clock that never stands still."""
    starts = [each.start_us for each in occurrences if each.start_us is not None]
    if not starts or (unit == "hours" and calendar.id == AROUND_THE_CLOCK):
        return []
    ends = [as_of_us if each.end_us is None else each.end_us for each in occurrences]
    table = day_table(calendar, unit, min(starts), max(ends))
    return list(zip(table["starts_us"].tolist(), table["working"].tolist(), strict=True))


def _ledger(
    bound: BoundLog, deadline: Deadline, occurrence: Occurrence, paused: pd.DataFrame, days: Days
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
        if halted and (occurrence.due_us is None or low < occurrence.due_us):
            stretches.append(ClockInterval("paused", low, high, 0.0))
        else:
            calendar = bound.model.calendars[deadline.calendar]
            stretches += _running(deadline, calendar, days, low, high, closing=high == end)
    return tuple(stretches) if len(stretches) <= LONGEST else ()


def _running(
    deadline: Deadline, calendar: Calendar, days: Days, low: int, high: int, *, closing: bool
) -> list[ClockInterval]:
    """A stretch split into what counts and what is off; `closing`: the clock ends with it."""
    if deadline.unit == "hours" and calendar.id == AROUND_THE_CLOCK:
        return [ClockInterval("running", low, high, (high - low) / HOUR_US)]
    near = days[bisect(days, (low - 2 * DAY_US,)) : bisect(days, (high + 1,))]
    return _hours(calendar, near, low, high) if deadline.unit == "hours" else _days(near, low, high, closing)


def _hours(calendar: Calendar, days: Days, low: int, high: int) -> list[ClockInterval]:
    counted = [
        (max(low, begin + opens), min(high, begin + closes))
        for begin, working in days
        if working
        for opens, closes in calendar.hours
    ]
    stretches: list[ClockInterval] = []
    at = low
    for opens, closes in (each for each in counted if each[0] < each[1]):
        _extend(stretches, "off", at, opens, 0.0)
        _extend(stretches, "running", opens, closes, (closes - opens) / HOUR_US)
        at = closes
    _extend(stretches, "off", at, high, 0.0)
    return stretches


def _days(days: Days, low: int, high: int, closing: bool) -> list[ClockInterval]:
    """The day on which a stretch begins does not count, the day on which it ends does."""
    stretches: list[ClockInterval] = []
    for begin, working in days:
        until = begin + DAY_US
        if until <= low or begin > high:
            continue
        counted = 1.0 if working and begin > low else 0.0
        # What ends a clock on a day off counts as on the working day that follows.
        counted += closing and not working and high < until
        if counted or begin < high:
            _extend(stretches, "running" if working else "off", max(begin, low), min(until, high), counted)
    return stretches


def _extend(stretches: list[ClockInterval], state: str, low: int, high: int, counted: float) -> None:
    """Add a stretch, or lengthen the last one of the same state."""
    last = stretches[-1] if stretches else None
    if last and last.state == state:
        stretches[-1] = replace(last, until_us=high, counted=last.counted + counted)
    elif low < high or counted:
        stretches.append(ClockInterval(state, low, high, counted))
