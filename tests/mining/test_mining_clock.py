"""Clocks count as an obvious day-by-day and second-by-second count does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbench import audit_text, found, read_text, us

from mining.clock import HOUR_US, clock
from reference_models.calendars import load_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2024, 9, 1, tzinfo=SHANGHAI)
INSTANTS = st.integers(0, 60 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))


@pytest.fixture(scope="module")
def log():
    with read_text("case,activity,time\n1,受理,2024-09-01 09:00") as opened:
        yield opened


def placed(log, unit, calendar, start, end, limit):
    """(counted units from start to end, due instant) by the clock."""
    watch = clock(log, unit, load_calendar(calendar), us(FIRST.isoformat()), us("2024-11-15T00:00+08:00"))
    table = ibis.memtable(pd.DataFrame({"a": [us(start.isoformat())], "b": [us(end.isoformat())]}))
    table = watch.place(table, "a", "from_axis")
    table = watch.place(table, "b", "to_axis", closing=unit != "hours")
    table = table.mutate(due=(table.from_axis + round(limit * watch.step)).cast("int64"))
    row = log.backend.execute(watch.instant(table, "due", "due_us")).iloc[0]
    return (row["to_axis"] - row["from_axis"]) / watch.step, row["due_us"]


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai"]
)
def test_days_of_zones_whose_offset_changes(log, zone):
    local = ZoneInfo(zone)
    calendar = replace(load_calendar("cn-working-days"), id=f"in-{zone}".lower().replace("/", "-"), zone=zone)
    first = datetime(2024, 1, 1, tzinfo=local)
    watch = clock(log, "days", calendar, us(first.isoformat()), us("2024-12-31T00:00+00:00"))
    instants = [first + timedelta(hours=5 * n, minutes=7 * n) for n in range(1600)]
    instants += [datetime(2024, 1, 1, tzinfo=local) + timedelta(days=n) for n in range(366)]
    table = ibis.memtable(pd.DataFrame({"a": [us(each.isoformat()) for each in instants]}))
    table = watch.place(table.mutate(n=ibis.row_number()), "a", "axis")
    table = watch.instant(table, "axis", "ends_us")
    placed = log.backend.execute(table.order_by("n"))
    ordinals = {us(each.isoformat()): each.date().toordinal() for each in instants}
    days = [ordinals[at] for at in placed["a"]]
    assert placed["axis"].notna().all()
    assert (placed["axis"] - days).nunique() == 1
    for day, ends in zip(days, placed["ends_us"], strict=True):
        midnight = datetime.combine(date.fromordinal(day + 1), datetime.min.time(), local)
        assert ends == us(midnight.isoformat())


def working(day: date) -> bool:
    return bool(load_calendar("cn-working-days").working_days(day, day))


def due_day(start: date, limit: int) -> date:
    day = start
    while limit:
        day += timedelta(days=1)
        limit -= working(day)
    return day


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=INSTANTS, wait=st.integers(0, 30 * 24 * 60), limit=st.integers(1, 15))
def test_working_days_agree_with_counting_them_one_by_one(log, start, wait, limit):
    end = start + timedelta(minutes=wait)
    measure, due_us = placed(log, "working_days", "cn-working-days", start, end, limit)
    last = due_day(start.date(), limit)
    due = datetime.combine(last + timedelta(days=1), datetime.min.time(), SHANGHAI)
    assert due_us == us(due.isoformat())
    if end.date() != start.date():
        assert (measure > limit) == (end >= due)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=INSTANTS, wait=st.integers(0, 5 * 24 * 60), limit=st.integers(1, 20))
def test_office_hours_agree_with_counting_minutes(log, start, wait, limit):
    calendar = load_calendar("cn-office-hours")

    def counts(minute: datetime) -> bool:
        since = (minute.hour * 60 + minute.minute) * 60_000_000
        return working(minute.date()) and any(a <= since < b for a, b in calendar.hours)

    end = start + timedelta(minutes=wait)
    measure, due_us = placed(log, "hours", "cn-office-hours", start, end, limit)
    minutes = sum(counts(start + timedelta(minutes=i)) for i in range(wait))
    assert measure == pytest.approx(minutes / 60)
    left, now = limit * 60, start
    while left:
        left -= counts(now)
        now += timedelta(minutes=1)
    assert due_us == us(now.isoformat())


def test_around_the_clock_counts_every_hour(log):
    start = FIRST
    measure, due_us = placed(log, "hours", "around-the-clock", start, start + timedelta(hours=30), 6)
    assert measure == 30
    assert due_us == us(start.isoformat()) + 6 * HOUR_US


def test_a_make_up_saturday_is_a_working_day(log):
    friday = datetime(2024, 10, 11, 9, tzinfo=SHANGHAI)  # Saturday 12 October 2024 made up for the holiday
    _, due_us = placed(log, "working_days", "cn-working-days", friday, friday, 1)
    assert datetime.fromtimestamp(due_us / 1e6, UTC).astimezone(SHANGHAI).date() == date(2024, 10, 13)


def test_national_day_does_not_count(log):
    monday = datetime(2024, 9, 30, 9, tzinfo=SHANGHAI)
    measure, _ = placed(log, "working_days", "cn-working-days", monday, monday + timedelta(days=8), 1)
    assert measure == 1


DEADLINE = "deadline.late:delivery/few/A"  # three working days


def verdicts(text: str, as_of: str = "2024-03-29T12:00+08:00"):
    result = audit_text(text, as_of)
    rows = result.occurrences
    chosen = rows[rows["rule_id"].str.startswith("deadline.")]
    return [
        (row.rule_id.split(":")[0], row.verdict, row.reason if isinstance(row.reason, str) else None)
        for row in chosen.itertuples()
    ]


def case(*events: str, grade: str = "A") -> str:
    rows = [f"1,{event},{grade},5" for event in events]
    return "\n".join(["case,activity,time,grade,lines", *rows])


def test_a_pause_moves_the_limit():
    paused = (
        "受理,2024-03-04 09:00",
        "等客户,2024-03-05 09:00",
        "客户就绪,2024-03-11 09:00",
        "验收,2024-03-13 09:00",
    )
    assert verdicts(case(*paused)) == []
    assert verdicts(case(paused[0], paused[3])) == [("deadline.late", "violated", None)]


def test_overlapping_pauses_count_once():
    text = case(
        "受理,2024-03-04 09:00",
        "等客户,2024-03-05 09:00",
        "等客户,2024-03-06 09:00",
        "客户就绪,2024-03-07 09:00",
        "验收,2024-03-12 09:00",  # two days paused: due on the 11th
    )
    assert verdicts(text) == [("deadline.late", "violated", None)]


def test_a_pause_after_the_breach_cures_nothing():
    text = case(
        "受理,2024-03-04 09:00",
        "等客户,2024-03-12 09:00",
        "客户就绪,2024-03-20 09:00",
        "验收,2024-03-20 10:00",
    )
    assert verdicts(text) == [("deadline.late", "violated", None)]


def test_an_open_pause_runs_to_as_of():
    text = case("受理,2024-03-04 09:00", "等客户,2024-03-05 09:00")
    assert verdicts(text) == [("deadline.overdue_and_open", "pending", "in_time")]


def test_between_two_readings_of_a_limit_nothing_is_decided():
    text = "case,activity,time,grade,lines\n1,受理,2024-03-01 09:00,A,20\n1,验收,2024-03-13 09:00,A,20"
    assert verdicts(text) == [("deadline.late", "not_determinable", "doubtful_limit")]


@pytest.mark.parametrize(
    ("values", "reason"), [(",5", "missing_attribute"), ("Z,5", "no_such_category"), ("A,many", "no_row")]
)
def test_what_the_table_has_no_place_for_is_not_determinable(values, reason):
    text = (
        f"case,activity,time,grade,lines\n1,受理,2024-03-04 09:00,{values}\n1,验收,2024-03-05 09:00,{values}"
    )
    assert verdicts(text) == [("deadline.late", "not_determinable", reason)]


def test_beyond_the_published_calendar_nothing_is_decided():
    last = load_calendar("cn-working-days").last
    after = last + timedelta(days=20)
    text = case(f"受理,{after} 09:00", f"验收,{after + timedelta(days=40)} 09:00")
    assert verdicts(text, f"{after + timedelta(days=50)}T00:00+08:00") == [
        ("deadline.late", "not_determinable", "calendar_ends")
    ]


def test_a_late_stop_is_found_with_its_ledger():
    result = audit_text(case("受理,2024-03-07 09:00", "验收,2024-03-13 09:00"), "2024-03-14T12:00+08:00")
    assert (DEADLINE, "1") in found(result)
    worst = next(f for f in result.findings if f.rule.id == DEADLINE).worst[0]
    assert worst.measure == 4
    assert sum(stretch.counted for stretch in worst.ledger) == 4
    assert [stretch.state for stretch in worst.ledger] == ["running", "off", "running"]
