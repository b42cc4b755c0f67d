"""Working time as a straight axis: simulated work only advances in working hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
HOUR = 3_600_000_000
ZONE = ZoneInfo("Asia/Shanghai")
SHIFTS = ((8.5, 12.0), (13.5, 17.5))
"""Hours of a working day in which the simulated offices work."""


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


def office_axis(first: date, last: date) -> Axis:
    """Shifts of the Chinese working days (with 调休) from first to last, both included."""
    begins, lengths = [], []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if not chinese_calendar.is_workday(day):
            continue
        midnight = round(datetime.combine(day, time(), ZONE).timestamp()) * 1_000_000
        for begin, end in SHIFTS:
            begins.append(midnight + round(begin * HOUR))
            lengths.append(round((end - begin) * HOUR))
    worked = np.concatenate([[0], np.cumsum(lengths)])
    return Axis(worked[:-1].astype(np.int64), np.array(begins, dtype=np.int64), int(worked[-1]))


def round_the_clock(first: date, last: date) -> Axis:
    """Every hour counts, from the midnight that begins `first` to the one that ends `last`."""
    begin = round(datetime.combine(first, time(), ZONE).timestamp()) * 1_000_000
    days = (last - first).days + 1
    return Axis(np.array([0]), np.array([begin]), days * 24 * HOUR)
