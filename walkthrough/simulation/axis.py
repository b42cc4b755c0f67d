"""Working time as a straight axis: simulated work only advances in the hours in which a team works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
HOUR = 3_600_000_000
DAY = 24 * HOUR
ZONE = ZoneInfo("Asia/Shanghai")
SHIFTS = ((8.5, 12.0), (13.5, 17.5))
"""Hours of a working day in which the simulated offices work."""
OFFICE_DAY = 7.5
"""Worked hours of an office day."""


@dataclass(frozen=True)
class Axis:
    """A monotone map from worked microseconds to instants (microseconds UTC)."""

    worked: Micros
    """Worked time at the beginning of each shift, ascending."""
    begins: Micros
    """Instant at which the shift begins."""
    length: int
    """Worked time of the whole axis."""

    def instants(self, worked: Micros) -> Micros:
        """Instants at which that much work is done."""
        shift = np.clip(np.searchsorted(self.worked, worked, side="right") - 1, 0, len(self.worked) - 1)
        return self.begins[shift] + worked - self.worked[shift]

    def positions(self, instants: Micros) -> Micros:
        """Worked time at some instants; between shifts, that at the end of the last one."""
        shift = np.clip(np.searchsorted(self.begins, instants, side="right") - 1, 0, len(self.begins) - 1)
        ends = np.append(self.worked[1:], self.length)
        return np.asarray(
            np.minimum(self.worked[shift] + np.maximum(instants - self.begins[shift], 0), ends[shift]),
            dtype=np.int64,
        )


def office_axis(first: date, last: date) -> Axis:
    """Shifts of the Chinese working days (with 调休) from first to last, both included."""
    begins, lengths = [], []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if not chinese_calendar.is_workday(day):
            continue
        midnight = midnight_us(day)
        for begin, end in SHIFTS:
            begins.append(midnight + round(begin * HOUR))
            lengths.append(round((end - begin) * HOUR))
    worked = np.concatenate([[0], np.cumsum(lengths)])
    return Axis(worked[:-1].astype(np.int64), np.array(begins, dtype=np.int64), int(worked[-1]))


def round_the_clock(first: date, last: date) -> Axis:
    """Every hour counts, from the midnight that begins `first` to the one that ends `last`."""
    days = (last - first).days + 1
    return Axis(np.array([0]), np.array([midnight_us(first)]), days * DAY)


def midnight_us(day: date) -> int:
    """The instant at which a day begins in China."""
    return round(datetime.combine(day, time(), ZONE).timestamp()) * 1_000_000
