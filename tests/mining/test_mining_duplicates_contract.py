"""What a contract says of near duplicates and look-alikes: read, and each mistake told with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from workbench import EXAMPLES

from logs.problems import InputError
from reference_models import load
from reference_models.model import ReferenceModel, Standing

STATED = {"standing": "sourced", "source": "example"}
GUESS = {"standing": "assumed", "reason": {"zh": "假定", "en": "assumed"}}
AMOUNT = {"absolute": 5, "relative": 0.02}


def write(folder: Path, **more: object) -> Path:
    """The example model with more said of its one kind of order."""
    shutil.copy(EXAMPLES / "process.bpmn", folder)
    contract = yaml.safe_load((EXAMPLES / "contract.yaml").read_text(encoding="utf-8"))
    contract["in_force_from"] = str(contract["in_force_from"])
    contract["duplicates"]["material"] |= more
    text = yaml.safe_dump(contract, allow_unicode=True, sort_keys=False)
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, **more: object) -> ReferenceModel:
    return load(str(write(folder, **more)))


def test_tolerances_keep_their_own_standing_else_that_of_the_comparison(tmp_path):
    near = {"differ": {"item": {"similarity": 0.9, **GUESS}, "amount": AMOUNT}, **STATED}
    (said,) = read(tmp_path, near=near).duplicates
    item, amount = said.near.tolerances
    assert (item.similarity, item.authority.standing) == (0.9, Standing.ASSUMED)
    assert (amount.absolute, amount.relative, amount.authority.standing) == (5, 0.02, Standing.SOURCED)
    assert said.near.within_days == 30  # as for the identity, where the comparison gives none


def test_look_alikes_are_read(tmp_path):
    (said,) = read(
        tmp_path,
        replaced={"cancelled_by": ["go_on"], "within_days": 3, **STATED},
        recurring={"least_days": 20, "slack_days": 2, **STATED},
        split={"reference": "item", "total": "amount", "approval_limit": 1000, **STATED},
    ).duplicates
    assert (said.replaced.cancelled_by, said.replaced.within_days) == (("go_on",), 3)
    assert (said.recurring.times, said.recurring.least_days) == (3, 20)
    assert (said.split.part, said.split.total, said.split.approval_limit) == (None, "amount", 1000)


def test_an_override_of_a_tolerance_replaces_it_whole_and_is_the_users(tmp_path):
    write(tmp_path, near={"differ": {"amount": AMOUNT}, **STATED})
    override = tmp_path / "mine.yaml"
    override.write_text(
        "duplicates: {material: {near: {differ: {amount: {absolute: 1}}}}}\n", encoding="utf-8"
    )
    (said,) = load(str(tmp_path), override=override).duplicates
    (amount,) = said.near.tolerances
    assert (amount.absolute, amount.relative, amount.authority.standing) == (1, None, Standing.USER)


WRONG = {
    "a field that is not compared": (
        {"near": {"differ": {"lines": AMOUNT}, **STATED}},
        "'lines' is not among",
    ),
    "similarity of a number": (
        {"near": {"differ": {"amount": {"similarity": 0.9}}, **STATED}},
        "is not a text",
    ),
    "difference of a text": ({"near": {"differ": {"item": AMOUNT}, **STATED}}, "'item' is not a number"),
    "both of one": (
        {"near": {"differ": {"amount": {"similarity": 0.9, "absolute": 1}}, **STATED}},
        "give 'similarity' for a text",
    ),
    "everything is alike": ({"near": {"differ": {"item": {"similarity": 0.1}}, **STATED}}, "0.5"),
    "no standing": ({"near": {"differ": {"amount": AMOUNT}}}, "'standing' is missing"),
    "nothing that differs": ({"near": {"differ": {}, **STATED}}, "at least 1"),
    "an activity that is none": ({"replaced": {"cancelled_by": ["go_one"], **STATED}}, "'go_one'"),
    "replaced by nothing": ({"replaced": dict(STATED)}, "give cancelled_by, amended_by or both"),
    "two are no series": ({"recurring": {"times": 2, "least_days": 1, "slack_days": 0, **STATED}}, "3"),
    "a reference alone": ({"split": {"reference": "item", **STATED}}, "give 'part' or 'total'"),
    "an attribute that is none": ({"split": {"reference": "ite", "part": "lines", **STATED}}, "'ite'"),
    "a total that is no number": (
        {"split": {"reference": "item", "total": "item", **STATED}},
        "not a number",
    ),
}


@pytest.mark.parametrize(("more", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_its_line(tmp_path, more, told):
    with pytest.raises(InputError) as refusal:
        read(tmp_path, **more)
    (problem,) = refusal.value.problems
    assert told in problem.what
    assert problem.line
    assert problem.mend
