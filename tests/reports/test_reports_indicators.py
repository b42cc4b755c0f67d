"""Planned figures in a report: shown beside the actual ones, and hidden where they name a person."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mining.audit_result import Audit
from mining.planned import Indicator, PlannedPeriod
from reference_models.model import Authority, PlannedFigure, Standing, Text
from reports.audit_json import to_json
from reports.html import render
from reports.pseudonyms import Pseudonyms

HALF_A_YEAR = 26 * 7 * 86_400_000_000


def plan(audit: Audit, **other: object) -> PlannedFigure:
    activity = next(iter(audit.model.activities))
    stated = Authority(Standing.SOURCED, "S0")
    figure = PlannedFigure(
        "calls", Text("回访 <b>", "Calls <b>"), activity, "month", "", {"": 30}, (), stated
    )
    return replace(figure, **other)


def period(day: str, actual: int, group: str = "", **other: object) -> PlannedPeriod:
    line = PlannedPeriod(day, 0, HALF_A_YEAR, group, 30, actual, cut=False, running=False, doubt=None)
    return replace(line, **other)


@pytest.fixture(scope="module")
def planned(audit: Audit) -> Audit:
    lines = (
        period("2024-01-01", 12, cut=True),
        period("2024-02-01", 33),
        period("2024-03-01", 15, running=True, doubt="excluded_rows"),
    )
    never = Indicator(plan(audit, id="never"), (), "field_missing", ("role",))
    return replace(audit, indicators=(Indicator(plan(audit), lines), never))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Planned and actual", "2024-02", "+3", "110%", "-15", "50%", "incomplete", "still running")),
        ("zh", ("计划与实际", "2024-02", "+3", "110%", "-15", "50%", "不完整", "尚未结束", "无法统计")),
    ],
)
def test_the_page_shows_plan_number_and_share(
    planned: Audit, people: Pseudonyms, lang: str, words: tuple[str, ...]
) -> None:
    page = render(planned, lang, people).decode()
    section = page.partition('<section id="indicators">')[2].partition("</section>")[0]
    for each in words:
        assert each in section
    assert "<b>" not in section
    assert 'href="#indicators"' in page


def test_a_report_without_plans_has_no_such_section(audit: Audit, people: Pseudonyms) -> None:
    assert 'id="indicators"' not in render(audit, "en", people).decode()


def test_the_json_has_every_period(planned: Audit, people: Pseudonyms) -> None:
    first, never = json.loads(to_json(planned, people))["indicators"]
    assert [(each["actual"], each["difference"], each["share"]) for each in first["periods"]] == [
        (12, None, None),
        (33, 3, 1.1),
        (15, -15, 0.5),
    ]
    assert (never["not_counted"], never["missing"], never["periods"]) == ("field_missing", ["role"], [])


def test_a_person_that_figures_are_by_is_hidden(audit: Audit, people: Pseudonyms) -> None:
    person = next(id for id, spec in audit.model.attributes.items() if spec.type == "person")
    by_person = Indicator(plan(audit, by=person), (period("2024-02-01", 3, "王小明"),))
    told = replace(audit, indicators=(by_person,))
    for text in (to_json(told, people), render(told, "zh", people).decode()):
        assert "王小明" not in text
        assert people.of("王小明") in text
