"""How long the steps of a group of cases take, and when the cases arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import chinese_calendar
import numpy as np
import numpy.typing as npt

from walkthrough.simulation.axis import DAY, HOUR, OFFICE_DAY, ZONE, Micros, midnight_us
from walkthrough.simulation.cells import Cell
from walkthrough.simulation.courses import Course
from walkthrough.simulation.plan import Plan

Floats = npt.NDArray[np.float64]
FIRST_DAY = date(2024, 1, 1)
AS_OF = datetime(2026, 6, 30, 17, 0, tzinfo=ZONE)
"""The instant at which the simulated export was taken: a working day before the offices close."""
AS_OF_US = round(AS_OF.timestamp() * 1e6)
REAL_HOURS = 24 * 365 / (250 * OFFICE_DAY)
"""Hours that go by for one that an office works."""
BY_MONTH = (0.9, 0.7, 1.15, 1.05, 1.0, 1.05, 0.95, 0.95, 1.1, 0.8, 1.1, 1.2)
BY_WEEKDAY = (1.2, 1.1, 1.0, 1.0, 0.95, 0.35, 0.25)
BY_HOUR = (*[0.15] * 7, 0.6, 1.3, 1.9, 2.0, 1.6, 0.9, 1.2, 1.8, 1.9, 1.6, 1.2, *[0.7] * 4, 0.4, 0.2)
ON_HOLIDAYS = 0.3
NIGHT_AND_WEEKEND = 0.1
"""Of the rate at which offices get work when they are closed, as a share of the rate round the clock."""


@dataclass(frozen=True)
class Timing:
    """Times in microseconds per case and item, but arrivals per case."""

    arrivals: Micros
    lag: Micros
    """Before the work is put into the team's queue."""
    work: Micros
    """That it takes a member of the team."""
    more: Micros
    """Until it is complete besides."""
    hold: Micros
    """Instant before which it is not complete; 0: any."""


class Arrivals:
    """Cases come at random, more in some months, on some days and in some hours: given their number, the
    arrivals of a Poisson process of varying rate are independent draws from that rate."""

    def __init__(self, by_day: bool, closed: Sequence[tuple[int, int]] = ()) -> None:
        """closed: spans in which none comes (microseconds UTC)."""
        days = [FIRST_DAY + timedelta(days=n) for n in range((AS_OF.date() - FIRST_DAY).days + 1)]
        hours = np.array(BY_HOUR)
        if by_day:
            hours = np.where((np.arange(24) >= 8) & (np.arange(24) < 18), hours, NIGHT_AND_WEEKEND * hours)
        self.begins = np.array([midnight_us(day) + hour * HOUR for day in days for hour in range(24)])
        rate = np.concatenate([_rate(day, by_day) * hours for day in days])
        for begin, end in closed:
            rate[(self.begins >= begin) & (self.begins < end)] = 0.0
        self.gone = np.concatenate([[0.0], np.cumsum(rate)])

    def draw(self, rng: np.random.Generator, until: Micros) -> Micros:
        """One arrival per given instant, before it."""
        last = np.clip(np.searchsorted(self.begins, until, side="right") - 1, 1, len(self.begins) - 1)
        at = rng.random(len(until)) * self.gone[last]
        hour = np.searchsorted(self.gone, at, side="right") - 1
        share = (at - self.gone[hour]) / (self.gone[hour + 1] - self.gone[hour])
        return np.asarray(self.begins[hour] + (share * HOUR).astype(np.int64), dtype=np.int64)


def _rate(day: date, by_day: bool) -> float:
    rate = BY_MONTH[day.month - 1] * BY_WEEKDAY[day.weekday()]
    if chinese_calendar.is_workday(day):
        return BY_MONTH[day.month - 1] * max(rate / BY_MONTH[day.month - 1], 1.0)
    holiday = day.weekday() < 5
    return rate * (ON_HOLIDAYS if holiday else 1.0) * (NIGHT_AND_WEEKEND if by_day else 1.0)


def timed(
    plan: Plan, rng: np.random.Generator, course: Course, cells: list[Cell], arrivals: Arrivals
) -> Timing:
    """Times for a case of each given kind."""
    n, items = len(cells), course.items
    share = rng.gamma(2.0, 0.5, (n, len(items))) * plan.hours_per_step
    _keep_deadlines(plan, rng, course, cells, share)
    np.minimum(share, 0.5 * _rest(plan, course)[None, :], out=share)
    waits = share * rng.uniform(0.2, 0.6, share.shape)
    work = np.minimum(share - waits, 3 * plan.hours_per_step)
    lag, more = waits, share - waits - work
    hold = np.zeros_like(share)
    _adjust(plan, rng, course, cells, lag, work, more)
    total = lag + work + more
    real = REAL_HOURS if plan.by_day else 1.0
    if course.state == "closed":
        until = AS_OF_US - HOUR * real * (1.4 * total.sum(axis=1) + (20 if plan.by_day else 12))
        if course.plant is None:  # whatever has come by then is open in the export
            until = np.full(n, AS_OF_US - HOUR * (72.0 if plan.by_day else 12.0))
        come = arrivals.draw(rng, until.astype(np.int64))
        if course.tight:
            _to_the_last_day(
                plan, rng, course, cells, come[:, None] + HOUR * real * 1.4 * total.cumsum(axis=1), hold
            )
    else:
        come = _of_open(plan, rng, course, cells, total, hold)
    begin, busy, rest = (np.round(each * HOUR).astype(np.int64) for each in (lag, work, more))
    come = np.maximum(come, midnight_us(FIRST_DAY))
    return Timing(come, begin, busy, rest, hold.astype(np.int64))


def _keep_deadlines(
    plan: Plan, rng: np.random.Generator, course: Course, cells: list[Cell], share: Floats
) -> None:
    """Work on a clock takes a share of its limit, so that what is not planted stays in time."""
    most = 0.35 if course.innocent == "paused" else 0.3 if course.plant else 0.45
    for number, deadline in enumerate(plan.model.deadlines):
        inside = _inside(course, deadline.start, deadline.stop)
        if not inside.any():
            continue
        limits = np.array([cell.limits[number].limit or np.nan for cell in cells])
        hours = plan.worked_hours(1.0, deadline.unit) * limits
        part = rng.uniform(0.12, most, len(cells))
        factor = hours * part / share[:, inside].sum(axis=1)
        factor = np.where(np.isnan(factor), 1.0, factor)
        share[:, inside] *= (factor if number == 0 else np.minimum(factor, 1.0))[:, None]


def _inside(course: Course, start: str, stop: str) -> npt.NDArray[np.bool_]:
    """Items whose work runs on the clock: after its start, up to its stop."""
    inside, running = np.zeros(len(course.items), dtype=bool), False
    for at, item in enumerate(course.items):
        inside[at] = running and not item.waits
        running = (running or item.activity == start) and item.activity != stop
    return inside


def _rest(plan: Plan, course: Course) -> Floats:
    """Worked hours that may pass between each item and the one before it without its being idle."""
    most = np.full(len(course.items), np.inf)
    for at, item in enumerate(course.items[:-1]):
        if limit := plan.idle_limit(item.activity):
            most[at + 1] = plan.worked_hours(*limit)
    return most


def _adjust(
    plan: Plan,
    rng: np.random.Generator,
    course: Course,
    cells: list[Cell],
    lag: Floats,
    work: Floats,
    more: Floats,
) -> None:
    """What handoff limits, pauses and planted faults change."""
    n, day = len(cells), OFFICE_DAY if plan.by_day else 1.0
    run = course.run
    for at, item in enumerate(course.items):
        if item.brief or (course.state == "young" and at == 0):
            lag[:, at], more[:, at] = 0.01 * day, 0.0
            work[:, at] = rng.uniform(0.01, 0.03, n) * day
        for sender in run.senders[item.origin] if item.origin >= 0 else ():
            handoff = plan.handoffs.get((run.activities[sender], item.activity))
            if handoff and handoff.id in plan.handoff_limits:
                limit = plan.worked_hours(*plan.handoff_limits[handoff.id])
                lag[:, at] = np.minimum(lag[:, at], 0.25 * limit)
        if item.late:
            value, unit = plan.handoff_limits[item.late]
            spare = 0.6 * plan.worked_hours(1.0, unit)
            lag[:, at] = rng.uniform(2.0, 3.0, n) * plan.worked_hours(value, unit) + spare
        if item.stretched:
            unit, limits = _stretched(plan, item.stretched, cells)
            more[:, at] += plan.worked_hours(1.0, unit) * (limits * rng.uniform(1.1, 1.8, n) + 1.5)
        if item.waits:
            first = at + 1 < len(course.items) and course.items[at + 1].waits
            work[:, at] = 0.0
            lag[:, at] = 0.05 * day if first else 0.0
            more[:, at] = 0.0 if first else rng.uniform(1.0, 8.0, n) * day


def _stretched(plan: Plan, name: str, cells: list[Cell]) -> tuple[str, Floats]:
    """(unit, limit of each case) of a deadline, or of two that belong together."""
    for number, deadline in enumerate(plan.model.deadlines):
        if deadline.id == name:
            return deadline.unit, np.array([cell.limits[number].limit or 0.0 for cell in cells])
    limit = next(each.limit for each in plan.model.matches if each.id == name)
    assert limit is not None
    return limit.unit, np.full(len(cells), limit.value)


def _of_open(
    plan: Plan, rng: np.random.Generator, course: Course, cells: list[Cell], total: Floats, hold: Floats
) -> Micros:
    """Arrivals of cases that are open when the export is taken: young, stalled, at risk or overdue ones."""
    n = len(cells)
    real = REAL_HOURS if plan.by_day else 1.0
    idle = plan.idle_limit(course.items[-1].activity) or (5.0, "working_days" if plan.by_day else "hours")
    rest = real * plan.worked_hours(*idle)
    if course.state == "young":
        age = rng.uniform(0.15, 0.3, n) * rest + (26 if plan.by_day else 0.3)
    elif course.state == "at_risk":
        return _at_risk(plan, rng, course, cells, total, hold, rest)
    elif course.state == "stalled":
        age = rng.uniform(1.5, 3.0, n) * rest + real * 1.4 * total.sum(axis=1) + (48 if plan.by_day else 3)
    else:
        limits = [
            plan.worked_hours(1.0, deadline.unit) * (cell.limits[number].limit or 0.0)
            for cell in cells
            for number, deadline in enumerate(plan.model.deadlines)
            if course.plant and deadline.id == course.plant.subject
        ]
        held = rng.uniform(0.05, 0.3, n) * rest
        age = real * (np.array(limits) * rng.uniform(1.3, 2.0, n) + 1.4 * total.sum(axis=1))
        age += held + (48 if plan.by_day else 1)
        hold[:, -1] = AS_OF_US - held * HOUR
    return np.asarray(AS_OF_US - age * HOUR, dtype=np.int64)


def _to_the_last_day(
    plan: Plan, rng: np.random.Generator, course: Course, cells: list[Cell], ready: Floats, hold: Floats
) -> None:
    """Let the first clock in days begin in the morning, and stop on the last day that its limit leaves.

    ready: instants by which each item can be complete.
    """
    activities = [item.activity for item in course.items]
    for number, deadline in enumerate(plan.model.deadlines):
        limits = np.floor([cell.limits[number].limit or 0.0 for cell in cells])
        if deadline.unit == "hours" or not {deadline.start, deadline.stop} <= set(activities):
            continue
        begins = activities.index(deadline.start)
        stops = len(activities) - 1 - activities[::-1].index(deadline.stop)
        if begins < stops and limits.any():
            counter = plan.counter(deadline.calendar, deadline.unit)
            day = counter.counted_day(ready[:, begins].astype(np.int64) + DAY, np.zeros(len(cells)))
            hold[:, begins] = day + rng.uniform(9, 11, len(cells)) * HOUR
            last = counter.counted_day(day, limits) + rng.uniform(9, 16, len(cells)) * HOUR
            hold[:, stops] = np.where(limits > 0, last, hold[:, stops])
            return


def _at_risk(
    plan: Plan,
    rng: np.random.Generator,
    course: Course,
    cells: list[Cell],
    total: Floats,
    hold: Floats,
    rest: float,
) -> Micros:
    """Arrivals of cases whose clock, when the export is taken, has passed its warning and not its limit."""
    deadlines = plan.model.deadlines
    number, deadline = next(
        (n, each) for n, each in enumerate(deadlines) if course.plant and each.id == course.plant.subject
    )
    assert deadline.warning is not None
    activities = [item.activity for item in course.items]
    anew = [at for at, each in enumerate(activities) if each in deadline.restart_on]
    begins = max([activities.index(deadline.start), *anew])
    limits = np.array([cell.limits[number].limit or 0.0 for cell in cells])
    counter, n = plan.counter(deadline.calendar, deadline.unit), len(cells)
    if counter.days:
        least = np.floor(limits * deadline.warning.share) + 1
        least = most = least + np.floor(rng.random(n) * (np.floor(limits) - least + 1))
    else:
        spare = 1 - deadline.warning.share
        least, most = limits * (1 - 0.75 * spare), limits * (1 - 0.25 * spare)
    first, last = counter.begins(AS_OF_US, most), counter.begins(AS_OF_US, least, latest=True)
    begun = first + rng.uniform(0.2, 0.8, n) * (last - first)
    real = REAL_HOURS if plan.by_day else 1.0
    hold[:, begins] = begun
    hold[:, -1] = AS_OF_US - np.minimum(rng.uniform(0.05, 0.3, n) * rest * HOUR, 0.3 * (AS_OF_US - begun))
    before = 1.4 * real * total[:, : begins + 1].sum(axis=1) + (26 if plan.by_day else 0.5)
    return np.asarray(begun - before * HOUR, dtype=np.int64)
