"""Two systems in one sample: what the other lost, has too much of, or recorded late; and look-alikes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from answer_key import exam, violated

import walkthrough
from logs.key_links import Spelling
from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.noise import EXPORT
from walkthrough.simulation.other_system import otherwise
from walkthrough.simulation.timing import AS_OF

KINDS = ("vanished", "orphan", "recorded_late")
OTHER = {"fault-handling": "downstream", "billing": "billing"}


def both(each):
    """The audit of both systems."""
    return walkthrough.audit(
        model=each.model, sources=each.folder / "sources.yaml", override=each.folder / "limits.yaml"
    )


@pytest.fixture(scope="module", params=sorted(OTHER))
def audited(request, tmp_path_factory):
    """One by the sample's own comparison, one by that of the contract."""
    each = exam(request.param, 4, tmp_path_factory.mktemp(request.param))
    return each, violated(both(each))


def rows_of(file, column, numbers):
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return {table[column][int(number) - 2] for number in numbers.split()}


def test_what_was_planted_is_found_and_nothing_else(audited):
    each, found = audited
    key = each.key[each.key["kind"].isin(KINDS)]
    assert dict(key.loc[key["role"] == "planted", "kind"].value_counts()) == dict.fromkeys(KINDS, 6)
    told = found[found["fk"].isin([f"lost.{kind}" for kind in KINDS])]
    stated, true = (
        set(zip(rows["case_id"], rows["fk"], strict=True))
        for rows in (key, key[key["role"] != "undetermined"])
    )
    assert true <= set(zip(told["case_id"], told["fk"], strict=True)) <= stated


def test_the_key_names_rows_of_both_files(audited):
    each, _ = audited
    other = each.folder / f"{OTHER[each.model]}.csv"
    case = pd.read_csv(each.export(), nrows=1).columns[0]
    for row in each.key[(each.key["role"] == "planted") & each.key["kind"].isin(KINDS)].itertuples():
        if row.kind == "orphan":
            assert not row.rows
            assert rows_of(other, "登记号", row.other_rows) == {row.case_id}
        else:
            assert rows_of(each.export(), case, row.rows) == {row.case_id}
            assert bool(row.other_rows) == (row.kind == "recorded_late")
        if row.kind == "recorded_late":
            assert rows_of(other, "登记号", row.other_rows) == {row.related_case}


def test_look_alikes_are_left_alone(audited):
    each, found = audited
    named = each.key[each.key["kind"].isin(["spelt_otherwise", "not_yet_due", "outside_window"])]
    assert set(named["kind"]) >= {"spelt_otherwise", "outside_window"}
    lost = found.loc[found["fk"].isin([f"lost.{kind}" for kind in KINDS]), "case_id"]
    assert set(named["case_id"]).isdisjoint(lost)


def test_one_log_alone_is_audited_as_before(audited):
    each, _ = audited
    alone = each.audit(mapped=True)
    assert {each.kind for each in alone.not_checked} >= set(KINDS)


def test_under_noise_only_what_the_logs_show(tmp_path):
    each = exam("fault-handling", 4, tmp_path, noise=EXPORT)
    found = violated(both(each))
    key = each.key[each.key["kind"].isin(KINDS)]
    told = set(zip(found["case_id"], found["fk"], strict=True))
    planted = key[key["role"] == "planted"]
    assert len(planted) >= 16
    assert set(zip(planted["case_id"], planted["fk"], strict=True)) <= told
    assert {case for case, kind in told if kind in set(key["fk"])} <= set(key["case_id"])


def test_keys_that_a_contract_has_as_case_numbers(tmp_path):
    """The other system uses the number of the sender for its own cases."""
    model = load("billing")
    rule = replace(model.reconciliation[0], records=replace(model.reconciliation[0].records, key="case"))
    model = replace(model, contract_sha256="own", reconciliation=(rule,))
    write_exports(Simulation(model, 300, 4), tmp_path)
    other = pd.read_csv(tmp_path / "billing.csv", dtype=str, keep_default_na=False)
    assert list(other) == ["登记号", "动作", "登记时间"]
    assert other["登记号"].str.normalize("NFKC").str.upper().str.replace(" ", "").str.startswith("ON-").all()
    assert "attributes" not in (tmp_path / "billing_mapping.yaml").read_text(encoding="utf-8")


def test_nothing_is_recorded_before_it_was_sent_or_after_the_export(audited):
    sample = audited[0].sample
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(sample.records["t_us"].max()))
    assert until <= AS_OF
    first = sample.events.groupby("case")["t_us"].min().rename(sample.cases["case_id"])
    ours = sample.records[sample.records["of"].isin(first.index)]
    assert (ours["t_us"].to_numpy() > first.loc[ours["of"]].to_numpy()).all()


def test_keys_are_only_written_as_declared():
    import numpy as np

    rng = np.random.default_rng(1)
    ways = {otherwise("GZ00000017", Spelling(("blanks", "case"), ("GZ",)), rng) for _ in range(40)}
    assert ways == {"GZ 00000017", "gz00000017", "00000017"}
    assert otherwise("GZ00000017", Spelling(), rng) == "GZ00000017"
