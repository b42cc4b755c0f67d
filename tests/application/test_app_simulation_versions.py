"""Samples of a model with versions: each case is judged by the one in force when it began."""

from datetime import date

import pandas as pd
import pytest
from answer_key import violated

import walkthrough
from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.noise import NONE, Noise
from walkthrough.simulation.timing import AS_OF

SINCE = "2025-07-01"
FIRST = """
id: ours
version: "1.0"
in_force_from: 2024-01-01
extends: circuit-provisioning
handoffs:
  accept_order->book_order: {limit: {working_days: 5}}
"""
SECOND = f"""
version: "2.0"
in_force_from: {SINCE}
handoffs:
  accept_order->book_order: {{limit: {{working_days: 1}}}}
deadlines:
  provisioning: {{rows: {{telephone_available: {{limits: {{C: 8}}}}}}}}
"""
HANDOFF = "handoff.late:accept_order->book_order"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "ours"
    (folder / "versions" / "2.0").mkdir(parents=True)
    (folder / "contract.yaml").write_text(FIRST, encoding="utf-8")
    (folder / "versions" / "2.0" / "contract.yaml").write_text(SECOND, encoding="utf-8")
    return load(folder)


def sample(model, folder, noise):
    """(key, violated and warned, first event of each case)."""
    files = write_exports(Simulation(model, 1500, 9, 0.02, noise=noise), folder).files
    key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
    rows = pd.read_csv(files[0], dtype=str, keep_default_na=False)
    audit = walkthrough.audit(
        files[0],
        load(model.location, override=folder / "limits.yaml"),
        mapping=folder / "mapping.yaml",
        as_of=AS_OF,
    )
    return key, violated(audit), rows.groupby(rows.columns[0])["完成时间"].min()


def of(table, family, kind):
    return table[(table["family"] == family) & (table["kind"] == kind)]


def test_a_limit_holds_for_the_cases_of_its_time(model, tmp_path):
    key, found, began = sample(model, tmp_path, NONE)
    told = found[found["rule_id"] == HANDOFF]
    stated = of(key, "handoff", "late")
    stated = stated[stated["subject"] == HANDOFF.partition(":")[2]]
    assert set(stated["case_id"]) == set(told["case_id"])
    new = began[told["case_id"]] >= SINCE
    limits = told["limit"].to_numpy()
    assert set(limits[new.to_numpy()]) == {1}
    assert set(limits[~new.to_numpy()]) <= {5}
    assert new.sum() >= 10
    for fk in ("deadline.late", "deadline.overdue_and_open", "deadline.at_risk"):
        assert set(of(key, *fk.split("."))["case_id"]) == set(found.loc[found["fk"] == fk, "case_id"])


def test_a_case_that_seems_to_begin_under_a_later_version_is_open(model, tmp_path):
    key, found, _ = sample(model, tmp_path, Noise(window=date.fromisoformat(SINCE)))
    stated = of(key, "handoff", "late")
    cut = set(key.loc[key["kind"] == "cut_by_window", "case_id"])
    assert cut
    assert set(stated.loc[stated["case_id"].isin(cut), "role"]) == {"undetermined"}
    late = set(found.loc[found["fk"] == "handoff.late", "case_id"])
    assert late <= set(stated["case_id"])
