"""Faults planted into an existing export: new findings are the planted ones, and the key names their rows."""

import pandas as pd
import pytest
from answer_key import violated

import walkthrough
from logs import InputError
from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.into import plant_into
from walkthrough.simulation.timing import AS_OF

MODEL = "fault-handling"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(export without faults, its model with limits, what was planted into it)."""
    folder = tmp_path_factory.mktemp("into")
    log = write_exports(Simulation(load(MODEL), 250, 5, 0.0), folder / "log").files[0]
    model = load(MODEL, override=folder / "log" / "limits.yaml")
    planted = plant_into(log, model, folder / "out", mapping=folder / "log" / "mapping.yaml", each_kind=6)
    return log, model, planted


def test_what_was_planted_is_what_is_new(made):
    log, model, planted = made
    before = violated(walkthrough.audit(log, model, mapping=log.parent / "mapping.yaml", as_of=AS_OF))
    after = violated(walkthrough.audit(planted.events, model, mapping=planted.mapping, as_of=AS_OF))
    key = pd.read_csv(planted.key, dtype=str, keep_default_na=False)
    wanted = key[key["role"] == "planted"]
    assert len(wanted) == planted.planted >= 25
    wanted = wanted[wanted["kind"] != "at_risk"]  # a warning is no violation
    assert wanted.loc[wanted["case_id"] != "", "case_id"].is_unique  # rows of a period have no case
    assert set(wanted["kind"]) >= {"dropped", "unsent", "swapped", "unknown"}
    old = set(zip(before["case_id"], before["rule_id"], strict=True))
    new = after[[pair not in old for pair in zip(after["case_id"], after["rule_id"], strict=True)]]
    found = set(zip(new["case_id"], new["fk"], strict=True))
    assert set(zip(wanted["case_id"], wanted["family"] + "." + wanted["kind"], strict=True)) <= found
    assert found <= set(zip(key["case_id"], key["family"] + "." + key["kind"], strict=True))


def test_the_rest_of_the_log_stays_as_it_is(made):
    log, _, planted = made
    key = pd.read_csv(planted.key, dtype=str, keep_default_na=False)
    touched = set(key["case_id"])
    gone = key[key["kind"] == "never_entered"]
    for each in gone.itertuples():
        before, after = (int(case.removeprefix("GZ")) for case in (each.case_id, each.related_case))
        touched |= {f"GZ{number:08d}" for number in range(before, after)}
    rows = pd.read_csv(planted.events, dtype=str, keep_default_na=False)
    old = pd.read_csv(log, dtype=str, keep_default_na=False)
    kept, before = rows[~rows["case"].isin(touched)], old[~old["故障单号"].isin(touched)]
    assert len(kept) == len(before)
    assert sorted(zip(kept["case"], kept["activity"], strict=True)) == sorted(
        zip(before["故障单号"], before["环节"], strict=True)
    )
    for each in key[key["rows"] != ""].itertuples():
        assert {rows["case"][int(row) - 2] for row in each.rows.split()} == {each.case_id}


def test_a_log_of_another_process_is_refused(made, tmp_path):
    log, _, _ = made
    with pytest.raises(InputError, match="no case runs as 'in-sales-procurement' wants"):
        plant_into(log, load("in-sales-procurement"), tmp_path, mapping=log.parent / "mapping.yaml")


def test_from_the_command_line(made, run):
    log, _, _ = made
    mapping = log.parent / "mapping.yaml"
    ran = run("simulate", MODEL, "--into", log, "--mapping", mapping, "--cases", "200", "--out", "out")
    assert ran.code == 0, ran.err
    assert {path.name for path in (run.folder / "out").iterdir()} == {
        "events.csv",
        "mapping.yaml",
        "answer_key.csv",
    }


def test_as_of_and_limits_go_with_an_export_to_plant_into(run):
    ran = run("simulate", MODEL, "--as-of", "2026-06-30", "--override", "own.yaml", "--out", "out")
    ran.refused("--as-of goes with --into", "--override goes with --into")


def test_an_as_of_before_the_end_of_the_log_is_refused(made, run):
    log, _, _ = made
    mapping = log.parent / "mapping.yaml"
    ran = run("simulate", MODEL, "--into", log, "--mapping", mapping, "--as-of", "2026-01-01", "--out", "out")
    ran.refused("the log goes on until 2026-06-", "give a later as-of")


def test_an_unknown_noise_is_refused(run):
    run("simulate", MODEL, "--noise", "loud", "--out", "out").refused("no noise 'loud'", "none, export")
