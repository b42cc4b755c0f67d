"""Calendars: adjusted days, holidays, and where the published data end."""

from datetime import date

import pytest

from logs.problems import InputError
from reference_models.calendars import CalendarEnds, load_calendar

NATIONAL_DAY_2024 = [date(2024, 9, 29), date(2024, 9, 30), date(2024, 10, 8), date(2024, 10, 9)]


def test_national_day_is_off_and_the_sunday_before_is_made_up():
    days = load_calendar("cn-working-days").working_days(date(2024, 9, 28), date(2024, 10, 9))
    assert days == NATIONAL_DAY_2024


def test_a_made_up_saturday_counts():
    calendar = load_calendar("cn-working-days")
    saturday = date(2024, 10, 12)
    assert saturday.weekday() == 5
    assert calendar.working_days(saturday, saturday) == [saturday]


def test_beyond_the_published_year_nothing_is_guessed():
    calendar = load_calendar("cn-working-days")
    with pytest.raises(CalendarEnds) as ends:
        calendar.working_days(calendar.last, date(calendar.last.year + 1, 1, 1))
    assert ends.value.last == calendar.last
    with pytest.raises(CalendarEnds):
        calendar.working_days(date(2003, 12, 31), date(2004, 1, 5))


def test_around_the_clock_has_neither_nights_nor_ends():
    calendar = load_calendar("around-the-clock")
    assert calendar.hours == ((0, 24 * 3600 * 1_000_000),)
    assert len(calendar.working_days(date(1999, 12, 25), date(2100, 1, 1))) == 36_533


def test_office_hours_are_assumed_and_say_so():
    calendar = load_calendar("cn-office-hours")
    hour = 3600 * 1_000_000
    assert calendar.hours == ((9 * hour, 12 * hour), (13.5 * hour, 18 * hour))
    assert calendar.authority.standing == "assumed"
    assert calendar.authority.reason.zh
    assert calendar.working_days(date(2024, 9, 28), date(2024, 10, 9)) == NATIONAL_DAY_2024


def branch(tmp_path, extra=""):
    path = tmp_path / "branch.yaml"
    path.write_text(
        "id: branch\nname: {zh: 分公司, en: Branch}\nbase: cn-working-days\nstanding: user\n" + extra,
        encoding="utf-8",
    )
    return path


def test_a_users_calendar_adds_days_and_hours(tmp_path):
    path = branch(tmp_path, "holidays: [2024-09-30]\nworkdays: [2024-09-28]\nhours: ['08:30-17:30']\n")
    calendar = load_calendar("branch", files=[path])
    days = calendar.working_days(date(2024, 9, 28), date(2024, 10, 9))
    assert days == [date(2024, 9, 28), date(2024, 9, 29), date(2024, 10, 8), date(2024, 10, 9)]
    assert calendar.hours == ((30_600_000_000, 63_000_000_000),)


def test_a_users_calendar_reaches_beyond_its_base(tmp_path):
    last = load_calendar("cn-working-days").last
    year = last.year + 1
    path = branch(tmp_path, f"holidays: [{year}-01-01]\nvalid_until: {year}-12-31\n")
    calendar = load_calendar("branch", files=[path])
    days = calendar.working_days(date(year, 1, 1), date(year, 1, 10))
    assert date(year, 1, 1) not in days
    assert {day.weekday() for day in days} <= set(range(5))
    with pytest.raises(CalendarEnds):
        calendar.working_days(date(year, 12, 31), date(year + 1, 1, 1))


def test_an_unknown_calendar_is_told_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'cn-working-days'"):
        load_calendar("cn-workingdays")


def test_all_mistakes_of_a_calendar_file_are_told(tmp_path):
    path = branch(tmp_path, "hours: ['9 to 5']\nzone: Asia/Kunming\nholidays: [2024-02-30]\nbasis: x\n")
    with pytest.raises(InputError) as refusal:
        load_calendar("branch", files=[path])
    assert {problem.line for problem in refusal.value.problems} == {5, 6, 7, 8}


def test_calendars_that_rest_on_each_other_are_refused(tmp_path):
    path = branch(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("cn-working-days", "branch"), encoding="utf-8")
    with pytest.raises(InputError, match="rest on each other"):
        load_calendar("branch", files=[path])
