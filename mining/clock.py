"""Clocks: how much counted time lies between two instants, and when a limit runs out.

A clock maps instants to a counting axis (int64). In hours the axis is counted microseconds; in days it is
the number of days (calendar or working) gone by, so that the day a clock starts is excluded and the n-th
day is included to its end. Beyond the calendar's last published day the axis is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pandas as pd

from logs.event_log import EventLog
from mining.uploads import upload
from reference_models.calendars import Calendar

HOUR_US = 3_600_000_000
EPOCH = date(1970, 1, 1)
AROUND_THE_CLOCK = "around-the-clock"
SLACK_DAYS = 800
"""Days after the last event for which due dates are looked up."""

DAY_US = 24 * HOUR_US

DAY_COLUMNS = {
    "day": "int64",  # local days since 1970-01-01
    "starts_us": "int64",  # local midnight, UTC
    "ends_us": "int64",  # the next one
    "gone": "int64",  # hours: counted microseconds before the day; days: counted days up to and with it
    "working": "boolean",
}
SLOT_COLUMNS = DAY_COLUMNS | {"slot_us": "int64", "begins": "boolean"}
"""A line per day and slot of 24 hours that it lies in, counted from the first midnight: where the zone's
offset never changes slots are days, else a day may lie in two. `slot_us`: start of the slot. `begins`: the
first slot of its day."""


@dataclass(frozen=True)
class Clock:
    """A unit of time in a calendar, over the days of one log."""

    unit: str
    """'hours', 'days' or 'working_days'."""
    zone: str
    days: ir.Table | None
    """SLOT_COLUMNS; None where every microsecond counts."""
    first_us: int
    """The first midnight."""
    hours: tuple[tuple[int, int], ...]
    """Counted intervals of a working day, microseconds after local midnight."""

    @property
    def step(self) -> int:
        """Axis units per unit of a limit."""
        return HOUR_US if self.unit == "hours" else 1

    def place(self, table: ir.Table, column: str, into: str, *, closing: bool = False) -> ir.Table:
        """Add `into`: the axis value of the instant in `column`.

        `closing` counts a day off as the working day that follows it, so that what happens on the Saturday
        after a due Friday is late.
        """
        if self.days is None:
            return table.mutate(**{into: table[column]})
        days = self.days.rename("_{name}")
        at = table[column]
        # Equal slots before all: the engine hashes the few days instead of sorting the many instants.
        placed = table.left_join(
            days,
            [_floor(at, DAY_US, self.first_us) == days._slot_us, at >= days._starts_us, at < days._ends_us],
        )
        value = placed._gone + (
            self._within(placed, column) if self.unit == "hours" else self._closing(placed, closing)
        )
        return placed.mutate(**{into: value}).drop(*days.columns)

    def _within(self, placed: ir.Table, column: str) -> ir.IntegerValue:
        passed = placed[column] - placed._starts_us
        counted = sum(
            (ibis.least(ibis.greatest(passed - begin, 0), end - begin) for begin, end in self.hours),
            start=ibis.literal(0),
        )
        return ibis.ifelse(placed._working, counted, 0)

    def _closing(self, placed: ir.Table, closing: bool) -> ir.IntegerValue:
        return ibis.ifelse(placed._working, 0, 1) if closing else ibis.literal(0)

    def instant(self, table: ir.Table, column: str, into: str) -> ir.Table:
        """Add `into`: the instant (microseconds UTC) at which the axis value in `column` runs out."""
        if self.days is None:
            return table.mutate(**{into: table[column]})
        days = self.days.filter(self.days.working & self.days.begins).rename("_{name}")
        value = table[column]
        if self.unit != "hours":
            placed = table.left_join(days, value == days._gone)
            return placed.mutate(**{into: placed._ends_us}).drop(*days.columns)
        length = sum(end - begin for begin, end in self.hours)
        # The working day in whose course the value is reached: its end belongs to it, its beginning does not.
        placed = table.left_join(days, _floor(value - 1, length, 0) == days._gone)
        due = placed._starts_us + self._after(placed[column] - placed._gone)
        return placed.mutate(**{into: due}).drop(*days.columns)

    def _after(self, rest: ir.IntegerValue) -> ir.IntegerValue:
        """Microseconds after midnight at which `rest` counted microseconds of the day are over."""
        gone, branches = 0, []
        for begin, end in self.hours:
            branches.append((rest <= gone + end - begin, rest - gone + begin))
            gone += end - begin
        return ibis.cases(*branches, else_=ibis.null("int64"))


def _floor(value: ir.IntegerValue, step: int, origin: int) -> ir.IntegerValue:
    """The last of the points origin, origin + step, … that is not after the value (not before the origin)."""
    return value - (value - origin) % step


def clock(log: EventLog, unit: str, calendar: Calendar, first_us: int, last_us: int) -> Clock:
    """The clock of a unit and calendar for instants from first_us to last_us.

    'days' ignores the calendar's days off, not its zone.
    """
    if unit == "hours" and calendar.id == AROUND_THE_CLOCK:
        return Clock(unit, calendar.zone, None, 0, ())
    frame = _slots(day_table(calendar, unit, first_us, last_us))
    name = f"clock_{unit}_{calendar.id}".replace("-", "_")
    first = int(frame["slot_us"].iloc[0]) if len(frame) else 0
    return Clock(unit, calendar.zone, upload(log, name, frame, SLOT_COLUMNS), first, calendar.hours)


def _slots(days: pd.DataFrame) -> pd.DataFrame:
    """SLOT_COLUMNS of a table of days."""
    first = days["starts_us"].iloc[0] if len(days) else 0
    slot = days["starts_us"] - (days["starts_us"] - first) % DAY_US
    begun = days.assign(slot_us=slot, begins=True)
    across = begun[begun["ends_us"] > begun["slot_us"] + DAY_US]
    return pd.concat([begun, across.assign(slot_us=across["slot_us"] + DAY_US, begins=False)])


def day_table(calendar: Calendar, unit: str, first_us: int, last_us: int) -> pd.DataFrame:
    """One line per day, from the day before first_us to SLACK_DAYS after last_us, if published."""
    zone = ZoneInfo(calendar.zone)
    first = _local_day(first_us, zone) - timedelta(days=1)
    last = _local_day(last_us, zone) + timedelta(days=SLACK_DAYS)
    if unit != "days":
        first, last = max(first, calendar.first), min(last, calendar.last)
    if first > last:
        return pd.DataFrame(columns=list(DAY_COLUMNS))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    working = set(days) if unit == "days" else set(calendar.working_days(first, last))
    length = sum(end - begin for begin, end in calendar.hours)
    gone, rows = 0, []
    for day in days:
        counts = day in working
        if unit != "hours":
            gone += counts
        midnight, next_one = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        rows.append(((day - EPOCH).days, midnight, next_one, gone, counts))
        if unit == "hours":
            gone += length * counts
    return pd.DataFrame(rows, columns=list(DAY_COLUMNS))


def _local_day(us: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
