"""Calendars that clocks run in: which days count, within which hours, and how far the data reach."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import chinese_calendar
from pydantic import Field, field_validator

from logs.documents import load_document
from logs.problems import InputError, Problem
from reference_models.authority import Authority, Standing, Text
from reference_models.contract import Stated, TextDocument, Written

_DATA = Path(__file__).parent / "calendar_data"
_DAY_US = 24 * 3600 * 1_000_000
_MONDAY_TO_FRIDAY = frozenset(range(5))
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")

BUILT_IN = ("around-the-clock", "cn-office-hours", "cn-working-days")
"""Calendars that come with the tool."""


class CalendarEnds(Exception):  # noqa: N818 (it is a fact about the data, not a fault)
    """A day was asked for that the calendar's data do not reach: what depends on it is not determinable."""

    def __init__(self, calendar: str, first: date, last: date) -> None:
        self.calendar, self.first, self.last = calendar, first, last
        super().__init__(f"calendar '{calendar}' is published from {first} to {last}")


@dataclass(frozen=True)
class Calendar:
    """Working days and hours of a zone."""

    id: str
    name: Text
    zone: str
    """IANA name; days and hours are local to it."""
    hours: tuple[tuple[int, int], ...]
    """Intervals that count within a working day, microseconds since local midnight, in order."""
    first: date
    """First published day; `date.min`: no beginning."""
    last: date
    """Last published day; `date.max`: no end."""
    weekdays: frozenset[int]
    """Days of the week that count unless listed otherwise; Monday is 0."""
    holidays: frozenset[date]
    workdays: frozenset[date]
    """Days that count although the weekday does not: the adjusted days 调休."""
    authority: Authority

    def working_days(self, first: date, last: date) -> list[date]:
        """Working days from first to last, both included.

        Raises CalendarEnds where the span leaves the published days.
        """
        if first < self.first or last > self.last:
            raise CalendarEnds(self.id, self.first, self.last)
        span = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
        return [day for day in span if self._counts(day)]

    def _counts(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)


class CalendarDocument(Stated):
    """A calendar that a user writes: a base, and what differs from it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: TextDocument
    base: Written
    zone: str | None = None
    hours: tuple[Written, ...] = ()
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    valid_until: date | None = None

    @field_validator("hours")
    @classmethod
    def _in_order(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        spans = [_span(each) for each in hours]
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise ValueError("the hours overlap or are not in order")
        return hours

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        try:
            return zone and ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not an IANA time zone, such as Asia/Shanghai") from None


def load_calendar(calendar: str, *, files: Iterable[str | Path] = ()) -> Calendar:
    """The calendar of that id.

    Built in are 'around-the-clock' (every hour), 'cn-working-days' (mainland China with adjusted days, as
    published by the State Council and carried by `chinesecalendar`; whole days) and 'cn-office-hours' (the
    same days, assumed office hours).
    files: YAML files of the user's own calendars, each with id, name, base, standing and what differs:
    zone, hours ('09:00-12:00'), holidays, workdays, valid_until (beyond the base's data, Monday to Friday
    count save for what is listed).

    Raises InputError for an unknown calendar or a mistake in a file.
    """
    documents = [(load_document(Path(each), CalendarDocument), str(each)) for each in files]
    own = {document.id: (document, file) for document, file in documents}
    return _resolve(calendar, own, ())


def _resolve(calendar: str, own: dict[str, tuple[CalendarDocument, str]], asked: tuple[str, ...]) -> Calendar:
    asking_file = own[asked[-1]][1] if asked else ""
    if calendar in asked:
        way = " → ".join((*asked, calendar))
        raise InputError(Problem(f"calendars rest on each other: {way}", asking_file, None, "mend one base"))
    if calendar in own:
        document, _ = own[calendar]
        return _extended(_resolve(document.base, own, (*asked, calendar)), document)
    if calendar == "around-the-clock":
        return _around_the_clock()
    if calendar == "cn-working-days":
        return _cn_working_days()
    if calendar in BUILT_IN:
        document = load_document(_DATA / f"{calendar}.yaml", CalendarDocument, name=f"{calendar}.yaml")
        return _extended(_resolve(document.base, own, asked), document)
    known = sorted({*BUILT_IN, *own})
    near = difflib.get_close_matches(calendar, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
    raise InputError(Problem(f"no calendar '{calendar}'", asking_file, None, hint))


def _around_the_clock() -> Calendar:
    return Calendar(
        id="around-the-clock",
        name=Text("全天候", "Around the clock"),
        zone="Asia/Shanghai",
        hours=((0, _DAY_US),),
        first=date.min,
        last=date.max,
        weekdays=frozenset(range(7)),
        holidays=frozenset(),
        workdays=frozenset(),
        authority=Authority(Standing.SOURCED, "every hour counts"),
    )


def _cn_working_days() -> Calendar:
    published: dict[Any, Any] = chinese_calendar.holidays
    years = [day.year for day in published]
    return Calendar(
        id="cn-working-days",
        name=Text("中国大陆工作日（含调休）", "Working days of mainland China, with adjusted days"),
        zone="Asia/Shanghai",
        hours=((0, _DAY_US),),
        first=date(min(years), 1, 1),
        last=date(max(years), 12, 31),
        weekdays=_MONDAY_TO_FRIDAY,
        holidays=frozenset(published),
        workdays=frozenset(chinese_calendar.workdays),
        authority=Authority(Standing.SOURCED, "State Council notices, by chinesecalendar"),
    )


def _extended(base: Calendar, document: CalendarDocument) -> Calendar:
    reason = Text(document.reason.zh, document.reason.en) if document.reason else None
    holidays, workdays = frozenset(document.holidays), frozenset(document.workdays)
    return Calendar(
        id=document.id,
        name=Text(document.name.zh, document.name.en),
        zone=document.zone or base.zone,
        hours=tuple(_span(each) for each in document.hours) or base.hours,
        first=base.first,
        last=document.valid_until or base.last,
        weekdays=base.weekdays,
        holidays=(base.holidays - workdays) | holidays,
        workdays=(base.workdays - holidays) | workdays,
        authority=Authority(Standing(document.standing), document.source, reason),
    )


def _span(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError("write hours as 09:00-12:00")
    hour, minute, to_hour, to_minute = map(int, match.groups())
    begin, end = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or end > 24 * 60 or begin >= end:
        raise ValueError("hours run forward within one day, at most to 24:00")
    return begin * 60_000_000, end * 60_000_000
