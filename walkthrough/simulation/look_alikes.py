"""What only looks like a fault in the cases as they came out: by the clocks, not by the course."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from reference_models.calendars import Calendar
from walkthrough.simulation.axis import DAY, HOUR, Micros
from walkthrough.simulation.counting import Floats
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.truth import FLOOR, NEVER, Events, Pair

EPOCH = date(1970, 1, 1)
CHINA = 8 * HOUR
FRIDAY, MONDAY = 4, 0
EVENING, MORNING = 16.5, 12.0
"""From when on it is evening in an office, and until when a morning lasts."""
Alike = tuple[int, str]
"""(case, kind)."""


def look_alikes(plan: Plan, events: Events, pairs: Sequence[Pair]) -> Iterator[Alike]:
    """Handoffs over a weekend, clocks over a make-up working day, cases closed on the last counted day."""
    yield from _over_weekend(plan, pairs)
    for number in range(len(plan.model.deadlines)):
        yield from _clocks(plan, events, number)


def _over_weekend(plan: Plan, pairs: Sequence[Pair]) -> Iterator[Alike]:
    """Sent on a Friday evening, received on the Monday within the limit in working time."""
    sure = [each for each in pairs if each.certain]
    if not sure:
        return
    sent, taken = (np.array([getattr(each, name) for each in sure]) for name in ("sent_us", "taken_us"))
    days = (taken + CHINA) // DAY - (sent + CHINA) // DAY
    evening = (_weekday(sent) == FRIDAY) & (_hour(sent) >= EVENING)
    chosen = evening & (days == 3) & (_weekday(taken) == MONDAY) & (_hour(taken) <= MORNING)
    for at in np.flatnonzero(chosen).tolist():
        limit, unit = plan.handoff_limits[sure[at].handoff]
        if unit != "days" and plan.idle_counter(unit).between(sent[[at]], taken[[at]])[0] <= limit:
            yield sure[at].case, "over_weekend"


def _weekday(us: Micros) -> Micros:
    return ((us + CHINA) // DAY + 3) % 7


def _hour(us: Micros) -> Floats:
    return ((us + CHINA) % DAY) / HOUR


def _clocks(plan: Plan, events: Events, number: int) -> Iterator[Alike]:
    """Stopped in time: on the last day that counts, or though a make-up working day counts."""
    deadline = plan.model.deadlines[number]
    counter = plan.counter(deadline.calendar, deadline.unit)
    begin, stop = events.earliest(events.of(deadline.start)), events.latest(events.of(deadline.stop))
    begin = np.where(begin < NEVER, np.maximum(begin, events.latest(events.of(*deadline.restart_on))), begin)
    stopped = np.flatnonzero((begin < NEVER) & (stop > FLOOR) & (stop >= begin))
    measures = counter.between(begin[stopped], stop[stopped])
    calendar = plan.model.calendars.get(deadline.calendar)
    made_up = _made_up(calendar) if deadline.unit == "working_days" else np.array([], dtype=np.int64)
    for case, measure in zip(stopped.tolist(), measures.tolist(), strict=True):
        limit = events.cells[case].limits[number].limit
        if limit is None or measure > limit:
            continue
        if counter.days and measure == limit:
            yield case, "last_day"
        days = ((np.array([begin[case], stop[case]]) + CHINA) // DAY).tolist()
        if np.any((made_up > days[0]) & (made_up <= days[1])):
            yield case, "make_up_day"


def _made_up(calendar: Calendar | None) -> Micros:
    """Days (since the epoch) that are worked though they are none of the week's working days (调休)."""
    if calendar is None:
        return np.array([], dtype=np.int64)
    extra = [day for day in calendar.workdays if day.weekday() not in calendar.weekdays]
    return np.array(sorted((day - EPOCH) // timedelta(days=1) for day in extra), dtype=np.int64)
