"""How often something comes in each period, over all cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_mining_rules_contract import mistakes
from workbench import audit_text, example_model

from mining.audit_result import Audit
from reference_models.model import Authority, PeriodLimit, Standing, Text

SOURCED = Authority(Standing.SOURCED, "example")
MONTHLY = PeriodLimit("monthly", Text("规则", "Rule"), "told", "month", None, 1, (), SOURCED)


def audit_with(text: str, as_of: str, *rules: PeriodLimit, **mapping: object) -> Audit:
    model = replace(example_model(), rules=(), four_eyes=(), matches=(), per_period=rules)
    return audit_text(text, as_of, model, **mapping)


def periods(result: Audit) -> list[tuple[str, str, float, str | None]]:
    """(period, verdict, number, reason) of what is not conformant."""
    table = result.occurrences
    own = table.loc[table["rule_id"].str.startswith("rule.per_period:")].sort_values("anchor")
    return [
        (row.anchor, str(row.verdict), row.measure, row.reason if isinstance(row.reason, str) else None)
        for row in own.itertuples()
    ]


TOLD = """
    case,activity,time
    1,受理,2024-01-10 09:00
    1,告知客户经理,2024-02-29 23:59
    2,告知客户经理,2024-02-01 00:00
    3,告知客户经理,2024-05-01 00:00
"""


def test_a_month_without_any_is_found_also_where_nothing_was_recorded() -> None:
    """March and April have none; January began before the log, June is not over; May is kept already."""
    result = audit_with(TOLD, "2024-06-10T00:00+08:00", MONTHLY)
    assert periods(result) == [
        ("month 2024-01-01", "not_determinable", 0.0, "before_window"),
        ("month 2024-03-01", "violated", 0.0, None),
        ("month 2024-04-01", "violated", 0.0, None),
        ("month 2024-06-01", "pending", 0.0, "in_time"),
    ]
    (finding,) = [each for each in result.findings if each.rule.kind == "per_period"]
    assert (finding.counts.violated, finding.counts.conformant) == (2, 2)


def test_a_window_says_that_the_first_month_is_whole() -> None:
    window = {"from": "2024-01-01", "until": "2024-03-01"}
    result = audit_with(TOLD, "2024-02-29T00:00+08:00", MONTHLY, window=window)
    assert periods(result)[0] == ("month 2024-01-01", "violated", 0.0, None)


def test_rejected_rows_leave_an_empty_month_undecided() -> None:
    text = TOLD + "    4,告知客户经理,no time\n"
    result = audit_with(text, "2024-06-10T00:00+08:00", MONTHLY, reject_limit=0.5)
    assert ("month 2024-03-01", "not_determinable", 0.0, "excluded_rows") in periods(result)


def test_those_beyond_the_most_are_the_evidence() -> None:
    text = """
        case,activity,time
        1,受理,2024-03-03 09:00
        1,告知客户经理,2024-03-04 09:00
        1,告知客户经理,2024-03-10 23:59
        2,告知客户经理,2024-03-11 00:00
    """
    weekly = replace(MONTHLY, per="week", at_most=1, at_least=None)
    result = audit_with(text, "2024-03-20T00:00+08:00", weekly)
    assert ("week 2024-03-04", "violated", 2.0, None) in periods(result)
    (finding,) = [each for each in result.findings if each.rule.kind == "per_period"]
    assert [result.evidence[row].row for row in finding.worst[0].rows] == [4]
    assert finding.worst[0].case_id == ""


STATED = {"name": {"zh": "规则", "en": "Rule"}, "standing": "sourced", "source": "example"}


@pytest.mark.parametrize(
    ("entry", "line", "what"),
    [
        ({"activity": "told", "per": "month"}, "it:", "exactly one of at_most, at_least"),
        ({"activity": "told", "per": "moon", "at_most": 1}, "per: moon", "'month'"),
        ({"activity": "tld", "per": "month", "at_most": 1}, "activity: tld", "no activity 'tld'"),
        ({"activity": "told", "per": "month", "at_least": 0}, "at_least: 0", "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, entry: dict[str, object], line: str, what: str
) -> None:
    ((told_line, told, _),) = mistakes(tmp_path, "per_period", **STATED, **entry)
    assert told_line == line
    assert what in told
