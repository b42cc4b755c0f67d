"""The noise of exports: what it does to the rows, and what the key says of it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from answer_key import exam, missed, surplus, violated

from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.noise import EXPORT, NONE, Noise, noisy

MODEL = "fault-handling"


def export(folder, noise, model=MODEL):
    """(rows, key) of a small sample."""
    files = write_exports(Simulation(load(model), 300, 5, 0.02, noise=noise), folder).files
    key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
    return pd.read_csv(files[0], dtype=str, keep_default_na=False), key


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return export(tmp_path_factory.mktemp("clean"), NONE)


def test_the_audit_sees_through_the_noise_of_an_export(tmp_path):
    """As far as the log shows it: the rest is undetermined in the key."""
    each = exam(MODEL, 2, tmp_path, noise=EXPORT)
    found = violated(each.audit(mapped=True))
    assert len(each.planted) >= 50
    assert missed(each, found) == []
    unclear = set(each.key.loc[each.key["role"] == "undetermined", "case_id"])
    assert surplus(each, found[~found["case_id"].isin(unclear)]) == []


def test_missing_persons_and_units(clean, tmp_path):
    rows, key = export(tmp_path, Noise(missing=0.1))
    assert len(rows) == len(clean[0])
    blank = rows["处理人"] == ""
    assert 0.05 < blank.mean() < 0.15
    assert set(rows.loc[blank, "故障单号"]) <= set(key.loc[key["kind"] == "missing_resource", "case_id"])


def test_ties_keep_the_order_in_which_things_happened(clean, tmp_path):
    rows, _ = export(tmp_path, Noise(ties=1.0))
    assert set(rows["完成时间"].str[-2:]) == {"00"}
    tied = rows.duplicated(["故障单号", "完成时间"], keep=False)
    assert tied.any()
    for case, labels in rows[tied].groupby("故障单号")["环节"]:
        before = clean[0].loc[clean[0]["故障单号"] == case, "环节"]
        assert list(before[before.isin(labels)]) == list(
            rows.loc[rows["故障单号"] == case, "环节"].loc[lambda each, labels=labels: each.isin(labels)]
        )


def test_rows_that_stand_there_twice_are_merged_by_the_mapping(clean, tmp_path):
    rows, key = export(tmp_path, Noise(repeated_rows=0.05))
    copies = rows[rows.duplicated()]
    assert len(rows) - len(clean[0]) == len(copies) > 20
    assert set(copies["故障单号"]) == set(key.loc[key["kind"] == "repeated_row", "case_id"])
    assert "drop_repeated_rows: true" in (tmp_path / "mapping.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("noise", [Noise(reordered=True), Noise(late_rows=0.1)])
def test_rows_out_of_order_are_the_same_rows(clean, tmp_path, noise):
    rows, key = export(tmp_path, noise)
    assert not rows["完成时间"].is_monotonic_increasing
    assert sorted(map(tuple, rows.to_numpy())) == sorted(map(tuple, clean[0].to_numpy()))
    for each in key[key["rows"] != ""].itertuples():
        assert {rows["故障单号"][int(row) - 2] for row in each.rows.split()} == {each.case_id}


def test_labels_in_other_spellings_of_the_contract(clean, tmp_path):
    rows, _ = export(tmp_path, Noise(variants=0.5))
    assert rows["环节"].nunique() > 2 * clean[0]["环节"].nunique()
    assert rows["环节"].str.contains("[A-Za-z]").any(), "in either script"
    assert rows["环节"].str.endswith(" ").any()
    assert rows["故障类型"].nunique() > clean[0]["故障类型"].nunique()


def test_a_window_cuts_cases_and_their_key(tmp_path):
    rows, key = export(tmp_path, Noise(window=date(2025, 3, 12)), "circuit-provisioning")
    assert rows["完成时间"].min() >= "2025-03-12"
    cut = set(key.loc[key["kind"] == "cut_by_window", "case_id"])
    assert cut
    assert set(key.loc[key["case_id"].isin(cut), "role"]) <= {"noise", "undetermined", "innocent"}
    here = key[~key["kind"].isin(["per_period", "orphan"])]
    assert set(here["case_id"]) <= set(rows["订单号"])
    assert "window: {from: 2025-03-12" in (tmp_path / "mapping.yaml").read_text(encoding="utf-8")


def test_a_monthly_order_of_which_the_window_cut_the_beginning_is_open(tmp_path):
    """Two of three orders: whether they are a series, the export does not show."""
    placed, whole = export(tmp_path / "whole", NONE, "in-sales-procurement")
    placed = placed[placed["环节"] == "采购要求"].set_index(placed.columns[0])["完成时间"]
    monthly = whole[whole["kind"] == "recurring"]
    before = dict(zip(monthly["case_id"], monthly["related_case"], strict=True))
    inside = Noise(window=date.fromisoformat(min(placed[list(before)])[:10]))
    rows, key = export(tmp_path / "cut", inside, "in-sales-procurement")
    there = set(rows.loc[rows["环节"] == "采购要求", rows.columns[0]])
    cut = {case for case, first in before.items() if case in there and first not in there}
    assert cut, "a series over the beginning of the window"
    of_cut = key[key["case_id"].isin(cut) & (key["family"] == "duplicate")]
    assert set(of_cut["role"]) == {"undetermined"}
    assert set(of_cut["case_id"]) == cut
    named = key[(key["kind"] == "recurring") & (key["role"] == "innocent")]
    assert set(named["case_id"]).isdisjoint(cut)
    assert len(named) >= 2


def test_a_window_hides_only_what_rests_on_rows_before_it(tmp_path):
    """Of a case that is cut: where it lies, and a label that nobody knows, are to be seen all the same."""
    rows, key = export(tmp_path, Noise(window=date(2025, 6, 1)))
    cut = set(key.loc[key["kind"] == "cut_by_window", "case_id"])
    of_cut = key[key["case_id"].isin(cut) & (key["role"] != "noise")]
    assert (of_cut.loc[of_cut["family"] == "", "role"] == "innocent").all()
    open_kinds = set(of_cut.loc[of_cut["role"] == "undetermined", "kind"])
    assert not open_kinds & {"stalled"}
    starts = set(rows.loc[rows["环节"] == "故障受理记录", "故障单号"])
    late = key[(key["family"] == "deadline") & (key["role"] == "undetermined")]
    assert starts.isdisjoint(late["case_id"])


def test_a_missing_person_hides_only_who_did_what_two_must_do(tmp_path):
    _, key = export(tmp_path, Noise(missing=0.2), "billing")
    eyes = key[key["kind"] == "four_eyes"]
    assert {"planted", "undetermined"} <= set(eyes["role"])
    assert "undetermined" not in set(key.loc[key["family"] == "deadline", "role"])


def test_a_case_cut_between_what_a_fault_put_the_wrong_way_round_seems_to_wait():
    """Taken over before the requester was told, and only the telling is in the window: open, not late."""
    model = load("network-resource-allocation")
    told, taken = pd.Timestamp("2024-03-01 09:10"), pd.Timestamp("2024-02-28 10:00")
    rows = pd.DataFrame(
        {
            "case": ["1", "1"],
            "activity": ["接收资源", "告知需求部门"],
            "start": [taken.value // 1000] * 2,
            "time": [each.value // 1000 for each in (taken, told)],
            "unit": ["", ""],
            "person": ["", ""],
            "_number": [0, 1],
            "_faulty": [True, True],
            "_order": [0, 1],
        }
    )
    columns = ["case_id", "family", "kind", "subject", "role", "related_case"]
    swapped = ("1", "deviation", "swapped", "tell_requester|take_over_resource", "planted", "")
    key = pd.DataFrame([swapped], columns=columns)
    ids = np.array(["take_over_resource", "tell_requester"], dtype=object)
    first = frozenset({"request_resource"})
    window = Noise(window=date(2024, 3, 1))
    after = noisy(rows, key, model, window, ids, first, np.random.default_rng(0)).key
    open_rows = after[after["role"] == "undetermined"]
    assert list(zip(open_rows["kind"], open_rows["subject"], strict=True)) == [
        ("swapped", "tell_requester|take_over_resource"),
        ("late", "tell_requester->take_over_resource"),
        ("stalled", ""),
    ]
