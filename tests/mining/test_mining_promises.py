"""A promise beside the limits: how many clocks stopped within it is counted, and nothing is judged by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_mining_rules_contract import write
from workbench import audit_text, example_model

from logs.problems import InputError
from mining.audit_result import Audit
from mining.findings import Counts
from reference_models import load
from reference_models.model import Authority, Promise, ReferenceModel, Standing, Text

SOURCED = Authority(Standing.SOURCED, "example")
FIVE = Promise("five", Text("五天内", "In five days"), 5, ("few",), SOURCED)
ORDERS = """
    case,activity,time,grade,lines
    1,受理,2024-03-04 09:00,C,5
    1,验收,2024-03-11 09:00,C,5
    2,受理,2024-03-04 09:00,C,5
    2,验收,2024-03-12 09:00,C,5
    3,受理,2024-03-04 09:00,A,5
    3,等客户,2024-03-06 09:00,A,5
    3,客户就绪,2024-03-08 09:00,A,5
    3,验收,2024-03-12 09:00,A,5
    4,受理,2024-03-11 09:00,C,5
    5,受理,2024-03-04 09:00,C,50
    5,验收,2024-03-05 09:00,C,50
"""


def promising(*promises: Promise) -> ReferenceModel:
    model = example_model()
    (clock,) = model.deadlines
    return replace(model, deadlines=(replace(clock, promises=promises),))


def judged(*promises: Promise) -> Audit:
    return audit_text(ORDERS, "2024-03-13T12:00+08:00", promising(*promises))


def test_clocks_are_counted_by_the_time_that_the_table_measures() -> None:
    """Five working days kept, six not; two days of pause do not count; one runs; one is of another row."""
    (kept,) = judged(FIVE).promises
    assert kept.counts == Counts(conformant=2, violated=1, pending=1, not_determinable=0)
    assert kept.share == pytest.approx(2 / 3)
    assert kept.interval is not None
    assert (kept.deadline, kept.unit) == ("delivery", "working_days")


def test_several_promises_are_counted_apart_and_a_clock_that_never_ran_counts_none() -> None:
    one = replace(FIVE, id="one", within=1, rows=("few", "many"))
    first, second = judged(FIVE, one).promises
    assert first.counts.conformant == 2
    assert second.counts == Counts(conformant=1, violated=3, pending=1, not_determinable=0)
    (none,) = audit_text("case,activity,time\n1,测试,2024-03-04 09:00", None, promising(FIVE)).promises
    assert none.counts == Counts()
    assert none.share is None
    assert none.interval is None


def test_a_promise_changes_no_verdict() -> None:
    with_promise, without = judged(replace(FIVE, within=0.5)), judged()
    assert with_promise.findings == without.findings
    assert with_promise.rates == without.rates
    assert with_promise.conclusion == without.conclusion
    assert without.promises == ()


def test_a_promise_for_a_row_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = (path / "contract.yaml").read_text(encoding="utf-8")
    assert "    target: 0.98\n" in text
    stated = "      quick:\n        name: {zh: 快, en: Quick}\n        within: 5\n        rows: [few, fw]\n"
    stated = f"    promises:\n{stated}        standing: sourced\n        source: example\n"
    (path / "contract.yaml").write_text(
        text.replace("    target: 0.98\n", f"    target: 0.98\n{stated}"), encoding="utf-8"
    )
    with pytest.raises(InputError) as refusal:
        load(path)
    (problem,) = refusal.value.problems
    assert "'fw'" in problem.what
    lines = (path / "contract.yaml").read_text(encoding="utf-8").splitlines()
    assert problem.line is not None
    assert "fw" in lines[problem.line - 1]


def test_the_promise_of_the_source_stands_beside_the_table() -> None:
    (clock,) = load("circuit-provisioning").deadlines
    (promise,) = clock.promises
    assert (promise.within, clock.unit, promise.authority.source) == (5, "working_days", "S0")
    assert set(promise.rows) == {row.id for row in clock.rows if row.when["service"] == "ddn_fr"}
