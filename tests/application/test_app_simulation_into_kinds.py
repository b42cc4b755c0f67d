"""Faults of clocks, persons, rules, orders and numbers, planted into an existing export."""

import pandas as pd
import pytest

import walkthrough
from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.into import plant_into
from walkthrough.simulation.timing import AS_OF

TRUE = ("planted", "consequence")
KINDS = {
    "after-sales-service": {
        "deadline.late",
        "deadline.overdue_and_open",
        "lost.stalled",
        "lost.never_entered",
        "rule.declare",
        "rule.told",
    },
    "billing": {"rule.four_eyes", "rule.matched", "duplicate.exact", "duplicate.near"},
}
"""Model → kinds that its contract gives ground for."""


class Planted:
    """A log without faults, and the same with some."""

    def __init__(self, model, folder):
        log = write_exports(Simulation(load(model), 150, 6, 0.0), folder / "log").files[0]
        limits, mapping = log.parent / "limits.yaml", log.parent / "mapping.yaml"
        self.model = load(model, override=limits if limits.exists() else None)
        wanted = dict.fromkeys(KINDS[model], 4)
        self.made = plant_into(
            log, self.model, folder / "out", mapping=mapping, each_kind=wanted, seed=6, as_of=AS_OF
        )
        self.key = pd.read_csv(self.made.key, dtype=str, keep_default_na=False)
        self.key["fk"] = self.key["family"] + "." + self.key["kind"]
        self.rows = pd.read_csv(self.made.events, dtype=str, keep_default_na=False)
        self.before = self._audit(log, mapping)
        self.after = self._audit(self.made.events, self.made.mapping)

    def _audit(self, log, mapping):
        found = walkthrough.audit(log, self.model, mapping=mapping, as_of=AS_OF).occurrences
        found = found[found["verdict"] == "violated"]
        return found.assign(fk=[rule.partition(":")[0] for rule in found["rule_id"]])

    @property
    def new(self):
        """(case, kind) → how many more are found than before."""
        count = self.after.groupby(["case_id", "fk"]).size()
        return count.sub(self.before.groupby(["case_id", "fk"]).size(), fill_value=0)[lambda n: n > 0]

    def planted(self, kind):
        """Rows of the key."""
        return self.key[(self.key["role"] == "planted") & (self.key["fk"] == kind)]


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    """Model → what was planted, made once."""
    made = {}

    def planted(model):
        if model not in made:
            made[model] = Planted(model, tmp_path_factory.mktemp("kinds"))
        return made[model]

    return planted


@pytest.fixture(params=sorted(KINDS))
def planted(request, of):
    """(model, what was planted)."""
    return request.param, of(request.param)


def test_each_kind_asked_for_is_planted_and_no_other(planted):
    model, into = planted
    wanted = into.key[into.key["role"] == "planted"]
    assert set(wanted["fk"]) == KINDS[model]
    assert wanted["fk"].value_counts().max() <= 8  # of orders in their case, and in a later one
    assert wanted["case_id"].is_unique


def test_what_is_new_is_in_the_key_and_what_is_in_the_key_is_new(planted):
    _, into = planted
    stated = into.key[into.key["role"].isin(TRUE)].groupby(["case_id", "fk"]).size()
    undetermined = into.key[into.key["role"] == "undetermined"]
    left_open = set(zip(undetermined["case_id"], undetermined["fk"], strict=True))
    found = into.new
    surplus = found.sub(stated, fill_value=0)
    assert not [pair for pair, n in surplus.items() if n < 0]
    assert not [pair for pair, n in surplus.items() if n > 0 and pair not in left_open]


def test_nothing_is_planted_after_as_of(planted):
    _, into = planted
    last = pd.to_datetime(into.rows["time"]).max().tz_localize("UTC")
    assert last <= AS_OF == into.made.as_of.astimezone(AS_OF.tzinfo)


def test_a_case_that_lies_somewhere_ends_with_the_row_named(of):
    into = of("after-sales-service")
    for each in into.planted("lost.stalled").itertuples():
        own = into.rows[into.rows["case"] == each.case_id]
        assert own.index[-1] + 2 == int(each.rows)


def test_a_case_never_entered_is_gone_and_its_neighbours_are_there(of):
    into = of("after-sales-service")
    for each in into.planted("lost.never_entered").itertuples():
        assert {each.case_id, each.related_case} <= set(into.rows["case"])
        prefix = each.case_id.rstrip("0123456789")
        number = int(each.case_id.removeprefix(prefix)) + 1
        assert f"{prefix}{number:0{len(each.case_id) - len(prefix)}d}" not in set(into.rows["case"])


def test_a_person_who_does_both_is_named_in_another_row_of_the_case(of):
    into = of("billing")
    for each in into.planted("rule.four_eyes").itertuples():
        own = into.rows[into.rows["case"] == each.case_id]
        row = own.loc[int(each.rows) - 2]
        assert (own.drop(index=row.name)["resource"] == row["resource"]).any()


def test_a_repeated_order_says_what_the_earlier_one_says(of):
    into = of("billing")
    order = next(each for each in into.model.duplicates)
    columns = [f"attribute {name}" for name in order.same]
    pairs = [each for each in into.planted("duplicate.exact").itertuples() if each.related_case]
    assert pairs
    for each in pairs:
        second = into.rows.loc[int(each.rows) - 2, columns]
        first = into.rows[into.rows["case"] == each.related_case][columns].iloc[0]
        assert second.tolist() == first.tolist()
