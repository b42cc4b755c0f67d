"""The simulator keeps its word: what was asked for, from the seed, in working hours, with an answer key."""

import unicodedata
from datetime import date
from itertools import pairwise

import chinese_calendar
import pandas as pd
import pytest

from logs import propose
from logs.problems import InputError
from reference_models import load, vocabulary
from reference_models.model import Standing
from walkthrough.simulation import FORMATS, Simulation, export, write_exports
from walkthrough.simulation.plan import plan_of
from walkthrough.simulation.timing import AS_OF

MODELS = ("circuit-provisioning", "fault-handling", "in-sales-procurement")
OFFICES = ("circuit-provisioning", "in-sales-procurement")
KEY = ["case_id", "family", "kind", "subject", "role", "related_case", "rows", "other_rows"]


@pytest.fixture(scope="module")
def samples():
    """A sample of 500 cases per scenario, a fiftieth of them with each kind of fault."""
    return {model: made_of(model).sample() for model in MODELS}


def made_of(model):
    """The same, not yet made."""
    return Simulation(load(model), 500, 7, 0.02)


def long_export(model, folder):
    return folder / f"{made_of(model).export}.csv"


def local(us):
    return pd.to_datetime(us, unit="us", utc=True).dt.tz_convert("Asia/Shanghai")


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(model, tmp_path):
    reference = load(model)
    written = []
    for number, seed in enumerate((3, 3, 4)):
        files = write_exports(Simulation(reference, 150, seed), tmp_path / str(number), FORMATS).files
        written.append({path.name: path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert all(written[0][name] != written[2][name] for name in written[0] if not name.endswith(".yaml"))


@pytest.mark.parametrize("model", MODELS)
def test_as_many_cases_and_faults_as_asked_for(model, samples):
    sample = samples[model]
    assert len(sample.cases) == 500
    assert sample.cases["case_id"].is_unique
    assert set(sample.events["case"]) == set(sample.cases.index), "every case has an event"
    planted = sample.key[sample.key["role"] == "planted"]
    counts = (planted["family"] + "." + planted["kind"]).value_counts().to_dict()
    assert len(counts) >= 12
    # Orders are repeated within a case and by another one; there are fewer periods than cases.
    others = {"duplicate.resent", "duplicate.exact", "rule.per_period"}
    assert {kind for kind, n in counts.items() if n != 10} <= others
    assert {n for kind, n in counts.items() if kind != "rule.per_period"} <= {10, 20}


@pytest.mark.parametrize("model", MODELS)
def test_a_case_holds_one_planted_fault_at_most(model, samples):
    key = samples[model].key
    planted = key.loc[(key["role"] == "planted") & (key["case_id"] != ""), "case_id"]
    innocent = key[key["role"] == "innocent"]
    assert planted.is_unique
    assert not innocent.duplicated(["case_id", "kind"]).any()
    assert set(planted).isdisjoint(innocent["case_id"])


@pytest.mark.parametrize("model", OFFICES)
def test_offices_work_in_office_hours(model, samples):
    """Chinese working days with the days that were moved (调休), half past eight to half past five."""
    for column in ("start_us", "t_us"):
        when = local(samples[model].events[column])
        days = {date.fromordinal(day) for day in set(when.map(lambda each: each.toordinal()))}
        assert [day for day in days if not chinese_calendar.is_workday(day)] == []
        hour = when.dt.hour + when.dt.minute / 60 + when.dt.second / 3600
        assert (hour.between(8.5, 12) | hour.between(13.5, 17.5)).all()


def test_faults_are_cleared_by_day_and_night(samples):
    assert set(local(samples["fault-handling"].events["t_us"]).dt.hour) == set(range(24))


@pytest.mark.parametrize("model", MODELS)
def test_events_are_in_order_and_end_before_the_export_was_taken(model, samples):
    sample = samples[model]
    assert (sample.events["start_us"] <= sample.events["t_us"]).all()
    assert sample.events["t_us"].is_monotonic_increasing
    assert sample.events["t_us"].iloc[-1] <= AS_OF.timestamp() * 1e6


@pytest.mark.parametrize("model", MODELS)
def test_a_person_belongs_to_one_role(model, samples):
    reference, events = load(model), samples[model].events
    assert (events["role"].groupby(events["resource"]).nunique() <= 1).all()
    lanes = events["activity"].map({each.id: each.role or "" for each in reference.activities.values()})
    elsewhere = events["role"] != lanes.fillna("")
    assert events.loc[elsewhere, "faulty"].all(), "only what is misrouted is done by another role"
    assert events["resource"].nunique() > len(reference.roles)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("blocks", [1, 4])
def test_the_answer_key_names_the_rows(model, blocks, tmp_path):
    write_exports(Simulation(load(model), 500, 7, 0.02, block_cases=500 // blocks), tmp_path)
    key = pd.read_csv(tmp_path / "answer_key.csv", dtype=str, keep_default_na=False)
    assert list(key) == KEY
    assert set(key["role"]) <= {"planted", "consequence", "natural", "undetermined", "innocent"}
    lines = long_export(model, tmp_path).read_text(encoding="utf-8").splitlines()
    named = {activity.id: activity.name.zh for activity in load(model).activities.values()}
    absent = set()
    for each in key.itertuples():
        rows = [lines[int(row) - 1].split(",") for row in each.rows.split()]
        assert {row[0] for row in rows} <= {each.case_id}
        if each.role == "planted" and not rows:
            absent.add(each.kind)
        if each.kind in ("inserted", "repeated", "unknown"):
            assert [row[1] for row in rows] == [named.get(each.subject, each.subject)]
    missing = {"dropped", "unsent", "told", "skipped", "per_period", "orphan"}
    assert absent <= missing, "where an event is missing there is no row"


def test_a_pair_of_orders_shares_what_makes_it_the_same(samples):
    sample = samples["in-sales-procurement"]
    pairs = sample.key[(sample.key["related_case"] != "") & (sample.key["family"] != "lost")]
    monthly = pairs["kind"] == "recurring"
    kinds = ("exact", "resent", "near", "unlike", "split", "reissued", "amended")
    assert pairs.loc[~monthly, "kind"].value_counts().to_dict() == dict.fromkeys(kinds, 10)
    assert monthly.sum() >= 10
    orders = sample.cases.set_index("case_id")
    first = orders.loc[pairs["related_case"]].reset_index()
    again = orders.loc[pairs["case_id"]].reset_index()
    assert (again["project"] == first["project"]).all()
    alike = ~pairs["kind"].isin(["near", "unlike"]).to_numpy()
    identity = ["project", "item", "quantity", "amount"]
    equal = (again[identity] == first[identity]).all(axis=1).to_numpy()
    assert (equal == alike).all(), "the others differ in something"
    split = (pairs["kind"] == "split").to_numpy()
    assert (again["main_request"] == first["main_request"])[split].all()
    assert (again["part"] != first["part"])[split].all()
    parts = (again["amount"].astype(float) / first["amount"].astype(float)).to_numpy()
    assert (parts[(pairs["kind"] == "near").to_numpy()] <= 1.02).all()
    assert (parts[(pairs["kind"] == "unlike").to_numpy()] > 1.02).all()
    apart = pairs[~monthly]
    assert set(apart["case_id"]).isdisjoint(apart["related_case"])


def test_attributes_say_something_of_their_own(tmp_path):
    """Not the case's number in every column; and in the export's language."""
    files = write_exports(
        Simulation(load("cross-network-acceptance"), 200, 3, 0.0), tmp_path, lang="en"
    ).files
    rows = pd.read_csv(files[0], dtype=str, keep_default_na=False)
    identity = rows[["Customer", "This end", "Far end", "Bandwidth"]]
    assert (identity.nunique(axis=1) == 4).all()
    assert set(rows["Bandwidth"]) == {f"{n} Mbit/s" for n in (2, 10, 100, 1000)}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_wide_export_has_a_row_per_case(samples, tmp_path, lang):
    sample = samples["circuit-provisioning"]
    write_exports(made_of("circuit-provisioning"), tmp_path, ("wide",), lang=lang)
    wide = pd.read_csv(tmp_path / "orders_wide.csv", dtype=str, keep_default_na=False)
    assert sorted(wide.iloc[:, 0]) == sorted(sample.cases["case_id"])
    heading = "订单受理时间" if lang == "zh" else "Accept order time"
    first = sample.events[sample.events["activity"] == "accept_order"].groupby("case")["t_us"].min()
    assert (wide[heading] != "").sum() == len(first)


@pytest.mark.parametrize("model", ["billing", *MODELS])
def test_a_wide_export_is_mapped_without_a_question(model, tmp_path):
    files = write_exports(Simulation(load(model), 150, 7), tmp_path, ("wide",)).files
    wide = next(path for path in files if path.name.endswith("_wide.csv"))
    proposal = propose(wide, vocabulary(load(model)))
    assert proposal.confident, proposal.questions
    case = wide.read_text(encoding="utf-8-sig").split(",", 1)[0]
    assert (proposal.mapping.layout, proposal.mapping.case) == ("wide", case), "not the order of a bill"


@pytest.mark.parametrize("model", MODELS)
def test_an_english_export_is_english(model, tmp_path):
    """A near duplicate may be in full width."""
    long, wide, *_ = write_exports(made_of(model), tmp_path, ("wide",), lang="en").files
    for file in (long, wide):
        text = file.read_text(encoding="utf-8")
        assert unicodedata.normalize("NFKC", text).isascii()


@pytest.mark.parametrize("model", MODELS)
def test_limits_of_the_sample_say_whose_they_are(model, tmp_path):
    files = [path.name for path in write_exports(made_of(model), tmp_path).files]
    assert "limits.yaml" in files, "no document gives a limit of a handoff"
    text = (tmp_path / "limits.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# Made up by `walkthrough simulate {model}` (seed 7)")
    overridden = load(model, override=tmp_path / "limits.yaml")
    assert {each.authority.standing for each in overridden.numbering} == {Standing.USER}
    limited = {each.id: each.limit for each in overridden.handoffs if each.limit}
    assert set(limited) == set(plan_of(load(model)).added_limits)
    assert {each.authority.standing for each in limited.values()} == {Standing.USER}


@pytest.mark.parametrize("model", MODELS)
def test_a_sample_made_in_blocks_is_one_sample(model, tmp_path):
    """Each branch has numbers in sequence, faults are as many as asked for, rows are in the order of time."""
    simulation = Simulation(load(model), 500, 7, 0.02, block_cases=130)
    assert [len(block.cases) for block in simulation.blocks()] == pytest.approx([125] * 4, abs=40)
    whole = simulation.sample()
    numbers = whole.cases["case_id"].str.extract(r"^[A-Z]+(\d{3})(\d{5})$").astype(int)
    branches = numbers.groupby(0)[1].apply(sorted)
    assert list(branches.index) == [0, 1, 2, 3]
    gaps = sum(after - before > 1 for each in branches for before, after in pairwise(each))
    assert gaps == (whole.key["kind"] == "never_entered").sum() == 10
    assert sorted(whole.cases.index) == list(range(500))
    planted = whole.key[whole.key["role"] == "planted"]
    counts = (planted["family"] + "." + planted["kind"]).value_counts()
    counts = counts.drop("rule.per_period")
    assert {n for kind, n in counts.items() if not kind.startswith("duplicate")} == {10}
    written = write_exports(simulation, tmp_path, ("wide",))
    assert (written.events, written.cases, written.planted) == (len(whole.events), 500, len(planted))
    long = pd.read_csv(written.files[0], dtype=str, keep_default_na=False)
    done = long[long.columns[3]]
    assert len(long) == len(whole.events)
    assert done.is_monotonic_increasing
    case_ids = whole.cases["case_id"].loc[whole.events["case"]]
    assert list(long.iloc[:, 0]) == list(case_ids)
    wide = pd.read_csv(written.files[1], dtype=str, keep_default_na=False)
    assert sorted(wide.iloc[:, 0]) == sorted(whole.cases["case_id"])
    assert list(wide.iloc[:, 0]) == list(dict.fromkeys(long.iloc[:, 0]))


def test_blocks_are_made_one_after_the_other():
    """So memory does not grow: the first of a million cases is there at once."""
    first = next(Simulation(load("fault-handling"), 1_000_000, 1, block_cases=1_000).blocks())
    assert 800 <= len(first.cases) <= 1_200


def test_a_sheet_that_would_be_cut_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SHEET_ROWS", 100)
    with pytest.raises(InputError, match="a worksheet holds 100 events"):
        write_exports(made_of("fault-handling"), tmp_path / "out", ("xlsx",))
    assert not (tmp_path / "out").exists()
