"""The simulator's own arithmetic of clocks, after docs/decisions/0010: what is late, and by how much.

Written apart from the detectors and from the calendars that they use: only the dates are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.calendars import Calendar
from walkthrough.simulation.axis import DAY, HOUR, Micros

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]
_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = date(2000, 1, 1), date(2040, 12, 31)
"""Beyond these days nothing is counted."""


class Counter:
    """Counts what a limit of one unit counts: the n-th counted day, or counted microseconds."""

    def __init__(self, calendar: Calendar | None, unit: str) -> None:
        """No calendar: every hour counts."""
        self.days, self.unit = unit != "hours", unit
        self.zone = calendar.zone if calendar else "Asia/Shanghai"
        span = [_FIRST + timedelta(days=n) for n in range((_LAST - _FIRST).days + 1)]
        every = unit == "days" or calendar is None
        counts = np.array([every or _counts(calendar, day) for day in span])
        self.first = (_FIRST - _EPOCH).days
        self.before = np.concatenate([[0], np.cumsum(counts)])
        """Per day the counted days before it."""
        self.counts = counts
        self.hours = calendar.hours if calendar else ((0, DAY),)
        self.step = 1 if self.days else HOUR

    def at(self, instants: Micros, *, closing: bool = False) -> Micros:
        """Position of instants; what ends a clock (closing) on a day off does so on the next counted day."""
        local = self._local(np.asarray(instants, dtype=np.int64))
        day = local // DAY - self.first
        if self.days:
            return np.asarray(self.before[day] + 1 if closing else self.before[day + 1], dtype=np.int64)
        within = local % DAY
        done = sum(np.clip(within - begin, 0, end - begin) for begin, end in self.hours)
        whole = sum(end - begin for begin, end in self.hours)
        return np.asarray(self.before[day] * whole + np.where(self.counts[day], done, 0), dtype=np.int64)

    def between(self, start: Micros, end: Micros) -> Floats:
        """What is counted from one instant to another, in the unit."""
        return (self.at(end, closing=True) - self.at(start)) / self.step

    def begins(self, end: int, measures: Floats, *, latest: bool = False) -> Micros:
        """The earliest (or latest) instants from which to `end` so much is counted, to the minute."""
        early = np.full(len(measures), end - 2 * 365 * DAY, dtype=np.int64)
        late = np.full(len(measures), end, dtype=np.int64)
        while np.any(late - early > HOUR // 60):
            middle = (early + late) // 2
            counted = self.between(middle, np.full(len(measures), end, dtype=np.int64))
            more = counted >= measures if latest else counted > measures
            early, late = np.where(more, middle, early), np.where(more, late, middle)
        return early if latest else late

    def counted_day(self, at: Micros, after: Floats) -> Micros:
        """Midnight at the beginning of the n-th counted day after that of an instant.

        after: n, 0 for that very day, or the next one that counts.
        """
        local = self._local(at)
        day = local // DAY - self.first
        wanted = np.where(after > 0, self.before[day + 1] + after, self.before[day] + 1)
        found = np.searchsorted(self.before, wanted) - 1
        return np.asarray(at - local % DAY + (found - day) * DAY, dtype=np.int64)

    def less_pauses(self, start: int, end: int, pauses: Sequence[Span], limit: float) -> float:
        """The same without the union of pauses; one that begins after the limit has run out cures nothing."""
        begun = int(self.at(np.array([start]))[0])
        taken = 0
        for begin, until in _union(
            [(max(b, start), min(e, end)) for b, e in pauses if e > start and b < end]
        ):
            left = int(self.at(np.array([begin]))[0])
            back = int(self.at(np.array([until]), closing=until >= end)[0])
            if left - begun - taken > limit * self.step:
                break
            taken += back - left
        reached = int(self.at(np.array([end]), closing=True)[0])
        return float((reached - begun - taken) / self.step)

    def _local(self, us: Micros) -> Micros:
        if self.zone == "Asia/Shanghai":
            return us + 8 * HOUR
        local = (
            pd.DatetimeIndex(us, tz="UTC")
            if us.dtype.kind == "M"
            else pd.to_datetime(us, unit="us", utc=True)
        )
        naive = local.tz_convert(self.zone).tz_localize(None)
        return np.asarray(naive.as_unit("us").asi8, dtype=np.int64)


@lru_cache(maxsize=64)
def counter(calendar: Calendar | None, unit: str) -> Counter:
    """One per calendar and unit."""
    return Counter(calendar, unit)


def reaches(day: date) -> bool:
    """Whether a day, and those beside it, are among those that are counted."""
    return _FIRST + timedelta(days=2) <= day <= _LAST - timedelta(days=2)


def _counts(calendar: Calendar | None, day: date) -> bool:
    if calendar is None or day in calendar.workdays:
        return True
    return day.weekday() in calendar.weekdays and day not in calendar.holidays


def _union(spans: Sequence[Span]) -> list[Span]:
    """Overlapping ones as one, in order."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > begin:
            joined.append((begin, end))
    return joined
