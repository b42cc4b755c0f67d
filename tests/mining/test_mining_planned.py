"""Planned figures beside the actual ones: counted right, complete or said not to be, and never a breach."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from test_mining_rules_contract import mistakes, write
from workbench import audit_text, example_model

from mining.audit_result import Audit
from mining.findings import Outcome
from reference_models import load
from reference_models.model import Authority, Comparison, PlannedFigure, Standing, Text

SOURCED = Authority(Standing.SOURCED, "example")
MONTHLY = PlannedFigure("told", Text("告知", "Told"), "told", "month", "", {"": 2}, (), SOURCED)


def audit_with(text: str, as_of: str, *plans: PlannedFigure, **mapping: object) -> Audit:
    return audit_text(text, as_of, replace(example_model(), planned=plans), **mapping)


def lines(result: Audit) -> list[tuple[str, str, float | None, int]]:
    (indicator,) = result.indicators
    return [(each.period, each.group, each.planned, each.actual) for each in indicator.periods]


TOLD = """
    case,activity,time
    1,受理,2024-01-10 09:00
    1,告知客户经理,2024-02-29 23:59
    2,告知客户经理,2024-02-01 00:00
    3,告知客户经理,2024-02-11 00:00
    3,告知客户经理,2024-04-01 00:00
"""


def test_every_period_has_its_figure_its_number_and_the_difference() -> None:
    """January began before the log; April is still running; March had none."""
    (indicator,) = audit_with(TOLD, "2024-04-10T00:00+08:00", MONTHLY).indicators
    seen = [(p.period, p.actual, p.difference, p.share, p.cut, p.running) for p in indicator.periods]
    assert seen == [
        ("2024-01-01", 0, None, None, True, False),
        ("2024-02-01", 3, 1, 1.5, False, False),
        ("2024-03-01", 0, -2, 0.0, False, False),
        ("2024-04-01", 1, -1, 0.5, False, True),
    ]


def test_a_figure_that_is_missed_or_exceeded_is_no_breach() -> None:
    with_plan = audit_with(TOLD, "2024-04-10T00:00+08:00", MONTHLY)
    without = audit_with(TOLD, "2024-04-10T00:00+08:00")
    assert with_plan.conclusion == without.conclusion
    assert with_plan.findings == without.findings
    assert with_plan.conclusion.outcome is not Outcome.CONFORMANT


def test_a_window_says_that_the_first_period_is_whole() -> None:
    window = {"from": "2024-01-01", "until": "2024-03-01"}
    (indicator,) = audit_with(TOLD, "2024-02-29T00:00+08:00", MONTHLY, window=window).indicators
    assert [(each.period, each.cut) for each in indicator.periods] == [
        ("2024-01-01", False),
        ("2024-02-01", False),
    ]


GROUPED = """
    case,activity,time,grade,role
    1,受理,2024-03-01 00:00,A,大客户部
    2,受理,2024-03-02 00:00,特殊应急,大客户部
    3,受理,2024-03-03 00:00,C,营业厅
    4,受理,2024-03-04 00:00,,
"""


def test_figures_by_attribute_know_the_spellings_and_leave_nothing_uncounted() -> None:
    plan = replace(MONTHLY, activity="take_order", by="grade", figures={"A": 3, "C": 1})
    result = audit_with(GROUPED, "2024-03-20T00:00+08:00", plan)
    assert lines(result) == [
        ("2024-03-01", "A", 3, 2),
        ("2024-03-01", "C", 1, 1),
        ("2024-03-01", "", None, 1),
    ]


def test_figures_by_unit_count_the_units_as_logged() -> None:
    plan = replace(MONTHLY, activity="take_order", by="unit", figures={"营业厅": 5, "社区": 1})
    result = audit_with(GROUPED, "2024-03-20T00:00+08:00", plan)
    assert lines(result) == [
        ("2024-03-01", "营业厅", 5, 1),
        ("2024-03-01", "社区", 1, 0),
        ("2024-03-01", "", None, 3),
    ]


def test_rows_that_may_be_more_of_them_leave_a_doubt() -> None:
    rejected = TOLD + "    4,告知客户经理,no time\n"
    (indicator,) = audit_with(rejected, "2024-04-10T00:00+08:00", MONTHLY, reject_limit=0.5).indicators
    assert {each.doubt for each in indicator.periods} == {"excluded_rows"}
    strange = TOLD + "    4,一个生词,2024-03-05 09:00\n"
    (indicator,) = audit_with(strange, "2024-04-10T00:00+08:00", MONTHLY).indicators
    assert [each.doubt for each in indicator.periods] == [None, None, "unknown_activity", None]
    conditional = replace(MONTHLY, activity_when=(Comparison("grade", ("A",), (), None, None, None, None),))
    text = "case,activity,time,grade\n1,告知客户经理,2024-03-01 09:00,A\n2,告知客户经理,2024-03-02 09:00,"
    (indicator,) = audit_with(text, "2024-03-10T00:00+08:00", conditional).indicators
    assert [(each.actual, each.doubt) for each in indicator.periods] == [(1, "missing_attribute")]


def test_what_cannot_be_counted_says_why() -> None:
    by_unit = replace(MONTHLY, by="unit", figures={"a": 1})
    never = replace(MONTHLY, activity="funds")
    found = audit_with(TOLD, "2024-04-10T00:00+08:00", by_unit, never).indicators
    assert [(each.not_counted, each.missing, each.periods) for each in found] == [
        ("field_missing", ("role",), ()),
        ("no_events", ("funds",), ()),
    ]


def first_day(day: date, per: str) -> date:
    """Of the period that a day is in."""
    months = {"month": 1, "quarter": 3, "year": 12}
    if per in months:
        return day.replace(month=(day.month - 1) // months[per] * months[per] + 1, day=1)
    return day - timedelta(days=day.weekday() if per == "week" else 0)


@pytest.mark.parametrize("per", ["day", "week", "month", "quarter", "year"])
def test_the_numbers_are_those_of_counting_by_hand(per: str) -> None:
    """Random times in Shanghai, across a new year and a leap day."""
    rng = random.Random(per)
    begin = datetime(2023, 11, 20)
    times = sorted(begin + timedelta(minutes=rng.randrange(60 * 24 * 160)) for _ in range(60))
    rows = [f"{n},告知客户经理,{time:%Y-%m-%d %H:%M}" for n, time in enumerate(times)]
    plan = replace(MONTHLY, per=per)
    result = audit_with("\n".join(["case,activity,time", *rows]), f"{times[-1].isoformat()}+08:00", plan)
    want = Counter(first_day(time.date(), per) for time in times)
    seen = {date.fromisoformat(period): actual for period, _, _, actual in lines(result)}
    assert {day: number for day, number in seen.items() if number} == want
    assert all(first_day(day, per) == day for day in seen)
    assert list(seen) == sorted(seen)


STATED = {"name": {"zh": "计划", "en": "Plan"}, "standing": "sourced", "source": "example"}
TOLD_A_MONTH = {"activity": "told", "per": "month"}


@pytest.mark.parametrize(
    ("entry", "line", "what"),
    [
        (TOLD_A_MONTH, "it:", "exactly one of figure, figures"),
        ({**TOLD_A_MONTH, "figure": 1, "by": "grade"}, "it:", "'by' and 'figures' together"),
        ({**TOLD_A_MONTH, "figures": {"A": 1}}, "it:", "'by' and 'figures' together"),
        ({**TOLD_A_MONTH, "by": "grade", "figures": {"B": 1}}, "B: 1", "no category 'B'"),
        ({**TOLD_A_MONTH, "by": "lines", "figures": {"1": 1}}, "by: lines", "makes no groups"),
        ({**TOLD_A_MONTH, "by": "grad", "figures": {"A": 1}}, "by: grad", "no attribute 'grad'"),
        ({**TOLD_A_MONTH, "figure": -1}, "figure: -1", "greater than or equal to 0"),
        ({"activity": "tld", "per": "month", "figure": 1}, "activity: tld", "no activity 'tld'"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, entry: dict[str, object], line: str, what: str
) -> None:
    ((told_line, told, mend),) = mistakes(tmp_path, "planned", **STATED, **entry)
    assert told_line == line
    assert what in f"{told}: {mend}"


def test_a_figure_is_read_from_the_contract(tmp_path: Path) -> None:
    entry = {**STATED, **TOLD_A_MONTH, "by": "grade", "figures": {"A": 2, "C": 0.5}}
    (plan,) = load(write(tmp_path, planned={"it": entry})).planned
    assert (plan.id, plan.activity, plan.per, plan.by, plan.figures) == (
        "it",
        "told",
        "month",
        "grade",
        {"A": 2, "C": 0.5},
    )
    (plan,) = load(write(tmp_path, planned={"it": {**STATED, **TOLD_A_MONTH, "figure": 2}})).planned
    assert plan.figures == {"": 2}
