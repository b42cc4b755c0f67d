"""Rules of a contract: what is wrong in one is told with its line and how to mend it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from workbench import EXAMPLES

from logs.problems import InputError
from reference_models import load

GOOD = {
    "name": {"zh": "先测试后验收", "en": "Tested before accepted"},
    "template": "precedence",
    "activity": "test",
    "target": "accept",
    "standing": "sourced",
    "source": "example",
}


def write(folder: Path, **sections: object) -> Path:
    """The example model with further sections in its contract."""
    shutil.copy(EXAMPLES / "process.bpmn", folder)
    contract = yaml.safe_load((EXAMPLES / "contract.yaml").read_text(encoding="utf-8"))
    contract["in_force_from"] = str(contract["in_force_from"])
    text = yaml.safe_dump({**contract, **sections}, allow_unicode=True, sort_keys=False)
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path, section: str, **entry: object) -> list[tuple[str, str, str]]:
    """(line named, what, mend) per problem of a section with one entry."""
    with pytest.raises(InputError) as refusal:
        load(write(folder, **{section: {"it": entry}}))
    lines = (folder / "contract.yaml").read_text(encoding="utf-8").splitlines()
    assert all(p.file.endswith("contract.yaml") and p.line for p in refusal.value.problems)
    return [(lines[(p.line or 0) - 1].strip(), p.what, p.mend) for p in refusal.value.problems]


def test_a_rule_with_limit_and_conditions_is_read(tmp_path: Path) -> None:
    limit = {"hours": 4, "standing": "sourced", "source": "example"}
    more = {"when": {"grade": "A", "lines": {"above": 3}}, "target_when": {"item": {"not": "cable"}}}
    entry = {**GOOD, "limit": limit, "calendar": "around-the-clock", **more}
    (rule,) = load(write(tmp_path, rules={"it": entry})).rules
    assert (rule.template, rule.activity, rule.target, rule.times) == ("precedence", "test", "accept", 1)
    assert rule.limit is not None
    assert (rule.limit.value, rule.limit.unit, rule.calendar) == (4.0, "hours", "around-the-clock")
    assert [each.attribute for each in rule.when] == ["grade", "lines"]
    assert (rule.when[0].one_of, rule.when[1].above) == (("A",), 3.0)
    assert rule.target_when[0].none_of == ("cable",)


def test_limits_run_in_the_calendar_of_the_model_unless_the_rule_names_one(tmp_path: Path) -> None:
    (rule,) = load(write(tmp_path, rules={"it": GOOD})).rules
    assert rule.calendar == "cn-working-days"


@pytest.mark.parametrize(
    ("changed", "line", "what", "mend"),
    [
        ({"template": "respons"}, "template: respons", "'response'", "respons"),
        ({"activity": "tset"}, "activity: tset", "no activity 'tset'", "'test'"),
        ({"target": "acept"}, "target: acept", "no activity 'acept'", "'accept'"),
        ({"target": None}, "it:", "relates two activities", "add 'target'"),
        ({"target": "test"}, "it:", "are the same", ""),
        ({"template": "existence"}, "it:", "is of one activity", "remove 'target'"),
        ({"times": 2}, "it:", "'times' is for existence", ""),
        ({"times": 0}, "times: 0", "greater than or equal to 1", ""),
        ({"calendar": "around-the-clock"}, "it:", "a calendar without a limit", ""),
        ({"when": {"grad": "A"}}, "grad: A", "no attribute 'grad'", "'grade'"),
        ({"when": {"grade": "B"}}, "grade: B", "no category 'B'", ""),
        ({"when": {"lines": "A"}}, "lines: A", "'lines' is a number", "bounds"),
        ({"when": {"item": {"min": 3}}}, "item:", "'item' is a text, not a number", "not: [one]"),
        ({"when": {"lines": {"min": 3, "below": 2}}}, "lines:", "no number", ""),
        ({"when": {"lines": {}}}, "lines: {}", "at least one of is, not", ""),
        ({"when": {"lines": {"mn": 3}}}, "mn: 3", "unknown key 'mn'", "'min'"),
        ({"wen": {}}, "wen: {}", "unknown key 'wen'", "'when'"),
        ({"standing": "assumed"}, "it:", "'assumed' needs a reason", ""),
        ({"source": "S9"}, "source: S9", "no source 'S9'", ""),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, changed: dict[str, object], line: str, what: str, mend: str
) -> None:
    entry = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    ((told_line, told, told_mend),) = mistakes(tmp_path, "rules", **entry)
    assert told_line == line
    assert what in told
    assert mend in told_mend


def test_a_calendar_that_is_nowhere_is_told(tmp_path: Path) -> None:
    limit = {"hours": 4, "standing": "sourced", "source": "example"}
    entry = {**GOOD, "limit": limit, "calendar": "mars"}
    with pytest.raises(InputError, match=r"rules\.it\.calendar.*mars"):
        load(write(tmp_path, rules={"it": entry}))


def test_two_rules_of_one_id_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'told_after_test' is the id of a rule under 'told' already"):
        load(write(tmp_path, rules={"told_after_test": GOOD}))
