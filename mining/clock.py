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
from mining.bound_log import upload
from reference_models.calendars import Calendar

HOUR_US = 3_600_000_000
EPOCH = date(1970, 1, 1)
AROUND_THE_CLOCK = "around-the-clock"
SLACK_DAYS = 800
"""Days after the last event for which due dates are looked up."""

DAY_COLUMNS = {
    "day": "int64",  # local days since 1970-01-01
    "starts_us": "int64",  # local midnight, UTC
    "ends_us": "int64",  # the next one
    "gone": "int64",  # hours: counted microseconds before the day; days: counted days up to and with it
    "working": "boolean",
}


@dataclass(frozen=True)
class Clock:
    """A unit of time in a calendar, over the days of one log."""

    unit: str
    """'hours', 'days' or 'working_days'."""
    zone: str
    days: ir.Table | None
    """DAY_COLUMNS; None where every microsecond counts."""
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
        wanted = table.select(at=table[column]).filter(ibis._.at.notnull()).distinct()
        days = self.days.order_by("starts_us")
        placed = wanted.asof_join(days, wanted.at >= days.starts_us)
        inside = placed.at < placed.ends_us  # beyond the last day there is no answer
        value = placed.gone + (
            self._within(placed) if self.unit == "hours" else self._closing(placed, closing)
        )
        axis = placed.select(at="at", **{into: ibis.ifelse(inside, value, ibis.null("int64"))})
        return table.left_join(axis, table[column] == axis.at).drop("at")

    def _within(self, placed: ir.Table) -> ir.IntegerValue:
        passed = placed.at - placed.starts_us
        counted = sum(
            (ibis.least(ibis.greatest(passed - begin, 0), end - begin) for begin, end in self.hours),
            start=ibis.literal(0),
        )
        return ibis.ifelse(placed.working, counted, 0)

    def _closing(self, placed: ir.Table, closing: bool) -> ir.IntegerValue:
        return ibis.ifelse(placed.working, 0, 1) if closing else ibis.literal(0)

    def instant(self, table: ir.Table, column: str, into: str) -> ir.Table:
        """Add `into`: the instant (microseconds UTC) at which the axis value in `column` runs out."""
        if self.days is None:
            return table.mutate(**{into: table[column]})
        wanted = table.select(value=table[column]).filter(ibis._.value.notnull()).distinct()
        working = self.days.filter(self.days.working).order_by("gone")
        if self.unit != "hours":
            ends = working.select(value="gone", **{into: working.ends_us})
            return table.left_join(ends, table[column] == ends.value).drop("value")
        placed = wanted.asof_join(working, wanted.value > working.gone)
        rest = placed.value - placed.gone
        at = placed.starts_us + self._after(rest)
        length = sum(end - begin for begin, end in self.hours)
        ends = placed.select(value="value", **{into: ibis.ifelse(rest <= length, at, ibis.null("int64"))})
        return table.left_join(ends, table[column] == ends.value).drop("value")

    def _after(self, rest: ir.IntegerValue) -> ir.IntegerValue:
        """Microseconds after midnight at which `rest` counted microseconds of the day are over."""
        gone, branches = 0, []
        for begin, end in self.hours:
            branches.append((rest <= gone + end - begin, rest - gone + begin))
            gone += end - begin
        return ibis.cases(*branches, else_=ibis.null("int64"))


def clock(log: EventLog, unit: str, calendar: Calendar, first_us: int, last_us: int) -> Clock:
    """The clock of a unit and calendar for instants from first_us to last_us.

    'days' ignores the calendar's days off, not its zone.
    """
    if unit == "hours" and calendar.id == AROUND_THE_CLOCK:
        return Clock(unit, calendar.zone, None, ())
    frame = day_table(calendar, unit, first_us, last_us)
    name = f"clock_{unit}_{calendar.id}".replace("-", "_")
    return Clock(unit, calendar.zone, upload(log, name, frame, DAY_COLUMNS), calendar.hours)


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
