"""A case is judged by the version of the model in force when it began, and the parts are one audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from workbench import us

import reference_models
from logs import Mapping, read
from mining.audit import audit
from mining.audit_result import Audit
from mining.findings import Finding
from reference_models import load

BASE = """id: ours
version: '1.0'
in_force_from: 2026-01-01
extends: speed-upgrade
deadlines: {upgrading: {rows: {all: {limits: {C: 5}}}}}
"""
CHANGES = {
    "2.0": ("2026-04-01", "deadlines: {upgrading: {rows: {all: {limits: {C: 1}}}}}"),
    "3.0": ("2026-06-01", "told: {told_after_test: {limit: {hours: 2}}}"),
}
STEPS = ("资源确认", "升速受理", "升速调单", "告知客户经理", "速率调整", "升速测试", "告知客户经理")
STEPS = (*STEPS, "返单", "客户验收", "变更计费")
HEAD = "case,activity,time,role,resource,service_class,circuit,speed"


def case(name: str, days: list[str], circuit: str = "") -> list[str]:
    """A case of all steps: two a day, the last ones on the last day."""
    stamps = [f"{days[min(at // 3, len(days) - 1)]} {9 + at % 3 + at // 3}:00:00" for at in range(len(STEPS))]
    return [
        f"{name},{step},{stamp},,,普通,{circuit or name},2M"
        for step, stamp in zip(STEPS, stamps, strict=True)
    ]


MARCH = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]
MAY = ["2026-05-11", "2026-05-12", "2026-05-13", "2026-05-14"]
JULY = ["2026-07-06", "2026-07-07", "2026-07-08", "2026-07-09"]


def ours(folder: Path, changes: dict[str, tuple[str, str]] = CHANGES) -> Path:
    texts = {"": BASE} | {
        f"versions/{name}": f"version: '{name}'\nin_force_from: {day}\n{text}\n"
        for name, (day, text) in changes.items()
    }
    for place, text in texts.items():
        (folder / "ours" / place).mkdir(parents=True, exist_ok=True)
        (folder / "ours" / place / "contract.yaml").write_text(text, encoding="utf-8")
    return folder / "ours"


def audited(folder: Path, model: Path | str, rows: list[str], as_of: str = "2026-09-30T18:00+08:00") -> Audit:
    path = folder / "log.csv"
    path.write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    names = {name: name for name in ("service_class", "circuit", "speed")}
    mapping = Mapping(case="case", activity="activity", time="time", attributes=names)
    with read(path, mapping) as log:
        return audit(log, load(model), tool_version="test", as_of_us=us(as_of))


def finding(result: Audit, rule: str) -> Finding:
    return next(each for each in result.findings if each.rule.id == rule)


LATE = "deadline.late:upgrading/all/C"


def test_each_case_is_judged_by_the_version_in_force_when_it_began(tmp_path: Path) -> None:
    rows = [*case("U1", MARCH), *case("U2", MAY), *case("U3", MAY), *case("U4", JULY)]
    result = audited(tmp_path, ours(tmp_path), rows)
    assert [(each.version, each.cases, each.before) for each in result.versions] == [
        ("1.0", 1, 0),
        ("2.0", 2, 0),
        ("3.0", 1, 0),
    ]
    assert result.model.version == "3.0"
    late = finding(result, LATE)
    assert (late.counts.violated, late.counts.conformant) == (3, 1)
    assert {each.case_id for each in late.worst} == {"U2", "U3", "U4"}
    assert (late.rule.limit, late.rule.earlier) == (1, (("1.0", 5, "working_days"),))
    found = result.occurrences[result.occurrences.rule_id == LATE]
    assert set(found.limit) == {1}
    assert all(each.ledger for each in late.worst)
    told = finding(result, "rule.told:told_after_test")
    assert (told.rule.limit, told.rule.unit) == (2, "hours")
    assert told.counts.total == 4
    assert result.population.cases == 4


def test_a_case_that_runs_into_a_new_version_keeps_the_old_one(tmp_path: Path) -> None:
    days = ["2026-03-31", "2026-04-01", "2026-04-02", "2026-04-03"]
    late = finding(audited(tmp_path, ours(tmp_path), case("U1", days)), LATE)
    assert (late.counts.conformant, late.rule.limit) == (1, 5)


def test_rates_stand_version_by_version_where_the_limits_differ(tmp_path: Path) -> None:
    result = audited(tmp_path, ours(tmp_path), [*case("U1", MARCH), *case("U2", MAY)])
    rates = [
        (each.version, each.limit, each.counts.conformant, each.counts.violated)
        for each in result.rates
        if each.category == "C"
    ]
    assert rates == [("1.0", 5, 1, 0), ("2.0", 1, 0, 1)]
    same = {"2.0": CHANGES["3.0"]}
    result = audited(tmp_path, ours(tmp_path / "same", same), [*case("U1", MARCH), *case("U2", JULY)])
    assert {each.version for each in result.rates} == {""}


def test_a_version_is_not_in_force_before_its_day_nor_for_an_earlier_as_of(tmp_path: Path) -> None:
    rows = [*case("U0", ["2025-12-29", "2025-12-30", "2025-12-31", "2026-01-05"]), *case("U1", MARCH)]
    result = audited(tmp_path, ours(tmp_path), rows, "2026-03-31T18:00+08:00")
    assert (result.model.version, result.versions) == ("1.0", ())
    result = audited(tmp_path, ours(tmp_path), rows, "2026-04-30T18:00+08:00")
    assert [(each.version, each.cases, each.before) for each in result.versions] == [
        ("1.0", 2, 1),
        ("2.0", 0, 0),
    ]


def test_what_lies_between_cases_of_two_versions_is_still_found(tmp_path: Path) -> None:
    first = case("U1", ["2026-03-27", "2026-03-30", "2026-03-31"], "KM-1")
    again = case("U2", ["2026-04-01", "2026-04-02", "2026-04-03"], "KM-1")
    result = audited(tmp_path, ours(tmp_path), [*first, *again])
    assert finding(result, "duplicate.exact:order").counts.violated == 1


@pytest.mark.parametrize(
    "name", ["conforming/all_branches", "violating/handoff.dropped", "violating/rule.told"]
)
def test_versions_that_change_nothing_change_no_finding(tmp_path: Path, name: str) -> None:
    """The same log in parts and whole: split within its days, judged by the same values."""
    library = Path(reference_models.__file__).parent / "library" / "speed-upgrade"
    rows = (library / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    whole = audited(tmp_path, ours(tmp_path / "one", {}), rows)
    same = {"2.0": ("2026-03-03", ""), "3.0": ("2026-03-04", "")}
    parts = audited(tmp_path, ours(tmp_path / "three", same), rows)
    assert len(parts.versions) == 3
    counted = [(each.rule.id, each.counts, each.severity, each.cases_violated) for each in whole.findings]
    assert [
        (each.rule.id, each.counts, each.severity, each.cases_violated) for each in parts.findings
    ] == counted
    columns = ["fingerprint", "rule_id", "case_id", "verdict", "measure", "limit", "anchor"]
    assert parts.occurrences[columns].equals(whole.occurrences[columns])
    assert [check.kind for check in parts.not_checked] == [check.kind for check in whole.not_checked]
