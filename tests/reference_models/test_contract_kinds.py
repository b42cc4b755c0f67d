"""Contract entries of return orders, warnings, numbering and learned limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from model_files import two_steps, write_model

from logs.problems import InputError
from reference_models import load

STATED = {"standing": "user"}


def entered(tmp_path, **keys):
    return load(write_model(tmp_path / "model", {**two_steps(), **keys}))


def refused(tmp_path, **keys) -> str:
    with pytest.raises(InputError) as refusal:
        entered(tmp_path, **keys)
    return "; ".join(f"{problem.what} {problem.line is not None}" for problem in refusal.value.problems)


def test_a_return_names_two_activities_that_there_are(tmp_path):
    pair = {"dispatched_by": "ask", "returned_by": "approve", **STATED}
    (read,) = entered(tmp_path, returns={"orders": pair}).returns
    assert (read.dispatched_by, read.returned_by) == ("ask", "approve")
    assert "cannot return what it dispatches" in refused(
        tmp_path, returns={"orders": {**pair, "returned_by": "ask"}}
    )
    assert "'aprove' True" in refused(tmp_path, returns={"orders": {**pair, "returned_by": "aprove"}})


def test_an_idle_limit_is_given_or_learned_and_never_both(tmp_path):
    learn = {"learn": {"quantile": 0.9, "unit": "hours"}, **STATED}
    (idle,) = entered(tmp_path, idle_limits={"default": learn}).idle_limits
    assert (idle.limit, idle.learn.quantile, idle.learn.confidence) == (None, 0.9, 0.95)
    assert "exactly one of hours" in refused(tmp_path, idle_limits={"default": {**learn, "hours": 3}})
    assert refused(tmp_path, idle_limits={"default": {"learn": {"quantile": 1, "unit": "hours"}, **STATED}})


def test_an_override_may_learn_what_the_model_gives(tmp_path):
    folder = write_model(
        tmp_path / "model", {**two_steps(), "idle_limits": {"default": {"hours": 3, **STATED}}}
    )
    ours = tmp_path / "ours.yaml"
    ours.write_text("idle_limits: {default: {learn: {quantile: 0.9, unit: days}}}\n", encoding="utf-8")
    (idle,) = load(folder, override=ours).idle_limits
    assert (idle.limit, idle.learn.unit, idle.learn.authority.standing.value) == (None, "days", "user")


def test_numbers_have_a_form(tmp_path):
    names = {"name": {"zh": "单号", "en": "Numbers"}, **STATED}
    (form,) = entered(tmp_path, numbering={"orders": {**names, "prefix": "A", "digits": 6}}).numbering
    assert (form.prefix, form.digits) == ("A", 6)
    assert refused(tmp_path, numbering={"orders": {**names, "digits": 30}})


def test_the_entries_that_the_documentation_shows_are_good(tmp_path):
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (shown,) = [
        each for each in re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M) if "numbering" in each
    ]
    ours = tmp_path / "ours.yaml"
    ours.write_text(shown, encoding="utf-8")
    model = load("fault-handling", override=ours)
    assert [each.prefix for each in model.numbering] == ["GZ"]
    assert model.deadlines[0].warning.share == 0.8
    assert [each.after for each in model.idle_limits if each.learn] == ["clear_fault"]
