"""Faults against rules, clocks and ends: planted where the run itself is the model's, and found there."""

from pathlib import Path

import numpy as np
import pytest
from answer_key import exam, missed, surplus, violated

from reference_models import load
from reference_models.model import Standing
from walkthrough.simulation import Simulation
from walkthrough.simulation.override import override_text, own_sections
from walkthrough.simulation.plan import plan_of

LIBRARY = sorted(
    path.parent.name
    for path in (Path(__file__).parents[2] / "reference_models" / "library").glob("*/contract.yaml")
)
MODELS = ("after-sales-service", "leaving-and-retention", "rolling-investment")
BESIDES = ("deadline", "rule", "lost")
"""Families that do not speak of the order of tasks."""


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """(sample, what is violated in it) of a model, each made once."""
    made = {}

    def get(model):
        if model not in made:
            each = exam(model, 4, tmp_path_factory.mktemp(model))
            made[model] = each, violated(each.audit(mapped=True))
        return made[model]

    return get


@pytest.mark.parametrize("model", MODELS)
def test_all_that_was_planted_is_found_and_nothing_else(model, audited):
    each, found = audited(model)
    assert missed(each, found) == []
    assert surplus(each, found) == []


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("after-sales-service", "rule.declare"),
        ("leaving-and-retention", "rule.declare"),
        ("rolling-investment", "rule.declare"),
        ("leaving-and-retention", "rule.matched"),
        ("after-sales-service", "rule.told"),
        ("leaving-and-retention", "deadline.late"),
        ("rolling-investment", "deadline.overdue_and_open"),
        ("rolling-investment", "deviation.early_end"),
    ],
)
def test_planted_where_the_contract_has_what_it_needs(model, kind, audited):
    each, _ = audited(model)
    assert (each.planted["fk"] == kind).sum() >= 3


@pytest.mark.parametrize("model", MODELS)
def test_a_broken_rule_alone_is_no_deviation(model, audited):
    """The run is the model's, so nothing but rules and clocks is told of the case."""
    each, found = audited(model)
    cases = each.planted.loc[each.planted["fk"].isin(["rule.declare", "rule.matched"]), "case_id"]
    assert len(cases) >= 6
    told = found[found["case_id"].isin(cases)]
    assert {kind.split(".")[0] for kind in told["fk"]} <= set(BESIDES)


def test_what_is_barred_stands_in_the_row_of_the_key(audited):
    each, _ = audited("after-sales-service")
    rows = each.planted.loc[each.planted["fk"] == "rule.declare", "rows"]
    lines = each.export().read_text(encoding="utf-8").splitlines()
    label = load("after-sales-service").activities["left_process"].name.zh
    assert {lines[int(row) - 1].split(",")[1] for row in rows} == {label}


def test_a_case_that_ends_early_lacks_its_last_task(audited):
    each, _ = audited("rolling-investment")
    early = each.planted[each.planted["fk"] == "deviation.early_end"]
    numbers = each.sample.cases.reset_index().set_index("case_id")["index"]
    for row in early.itertuples():
        events = each.sample.events[each.sample.events["case"] == numbers[row.case_id]]
        assert events["activity"].iloc[-1] == row.subject
        assert "close_need" not in set(events["activity"])


@pytest.mark.parametrize("model", LIBRARY)
def test_the_override_says_what_the_sample_was_judged_by(model, tmp_path):
    simulation = Simulation(load(model), 600, 1)
    (tmp_path / "limits.yaml").write_text(
        override_text(simulation, own_sections(simulation)), encoding="utf-8"
    )
    loaded, judged = load(model, override=tmp_path / "limits.yaml"), plan_of(load(model)).model
    assert loaded.ends == judged.ends
    for ours, theirs in zip(judged.deadlines, loaded.deadlines, strict=True):
        for one, other in zip(ours.rows, theirs.rows, strict=True):
            assert {k: v.limit for k, v in one.cells.items()} == {k: v.limit for k, v in other.cells.items()}
    for ours, theirs in zip(judged.matches, loaded.matches, strict=True):
        assert (ours.limit and (ours.limit.value, ours.limit.unit)) == (
            theirs.limit and (theirs.limit.value, theirs.limit.unit)
        )
        assert ours.calendar == theirs.calendar
    for ours, theirs in zip(simulation.period_rules, loaded.per_period, strict=True):
        assert (ours.activity, ours.per, ours.at_least) == (theirs.activity, theirs.per, theirs.at_least)
    given = load(model)
    added = [
        each for each in loaded.reconciliation if each.id not in {one.id for one in given.reconciliation}
    ]
    assert all(each.authority.standing is Standing.USER for each in (*added, *loaded.numbering))
    assert all(each.limit for each in loaded.reconciliation)


def test_the_same_seed_gives_the_same_key_and_records():
    """The additions are part of what the seed decides."""
    one, other = (Simulation(load("rolling-investment"), 200, 9).sample() for _ in range(2))
    assert one.key.equals(other.key)
    assert one.records.equals(other.records)
    assert np.array_equal(one.events.to_numpy(), other.events.to_numpy())
