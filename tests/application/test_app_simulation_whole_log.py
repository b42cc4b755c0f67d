"""Faults of the log as a whole: numbers that are missing, and periods without a case."""

import re
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from answer_key import exam, violated

from reference_models import load
from reference_models.model import Authority, Numbering, PeriodLimit, Standing, Text
from walkthrough.simulation import Simulation
from walkthrough.simulation.noise import EXPORT
from walkthrough.simulation.override import own_sections
from walkthrough.simulation.periods import periods

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module", params=["fault-handling", "fault-statistics"])
def audited(request, tmp_path_factory):
    each = exam(request.param, 4, tmp_path_factory.mktemp(request.param))
    return each, violated(each.audit(mapped=True))


def test_a_number_that_is_missing_lies_between_the_cases_of_the_key(audited):
    each, found = audited
    gaps = each.key[each.key["kind"] == "never_entered"]
    assert len(gaps) == 6
    numbers = sorted(int(case[2:]) for case in each.sample.cases["case_id"])
    for before, after in zip(
        gaps["case_id"].str[2:].astype(int), gaps["related_case"].str[2:].astype(int), strict=True
    ):
        assert after - before in (2, 3, 4)
        assert numbers.index(after) == numbers.index(before) + 1
    told = found[found["fk"] == "lost.never_entered"]
    assert set(zip(told["case_id"], told["related_case"], strict=True)) == set(
        zip(gaps["case_id"], gaps["related_case"], strict=True)
    )


def test_numbers_are_given_in_the_order_of_entry(audited):
    sample = audited[0].sample
    first = sample.events.groupby("case")["t_us"].min()
    assert first[sample.cases.sort_values("case_id").index].is_monotonic_increasing


def test_an_empty_period_is_in_the_key_and_found(audited):
    each, found = audited
    key = each.key[each.key["kind"] == "per_period"]
    assert (key["case_id"] == "").all()
    assert len(key[key["role"] == "planted"]) >= 2
    true = {subject.split()[1] for subject in key.loc[key["role"] != "undetermined", "subject"]}
    anchors = found.loc[found["fk"] == "rule.per_period", "anchor"]
    assert {anchor.split()[1] for anchor in anchors} == true


def test_nothing_comes_in_an_outage(audited):
    each, _ = audited
    planted = each.key[(each.key["kind"] == "per_period") & (each.key["role"] == "planted")]
    rules = {rule.id: rule for rule in Simulation(load(each.model), 600, 4).period_rules}
    for subject in planted["subject"]:
        rule = rules[subject.split()[0]]
        (period,) = [
            each
            for each in periods(rule.per, CHINA, date(2024, 1, 1), date(2026, 6, 30))
            if each.name == subject.split()[1]
        ]
        events = each.sample.events
        inside = events["t_us"].between(period.from_us, period.until_us - 1)
        assert not (inside & (events["activity"] == rule.activity)).any()


def test_under_noise_only_what_the_log_shows(tmp_path):
    each = exam("fault-handling", 4, tmp_path, noise=EXPORT)
    found = violated(each.audit(mapped=True))
    for kind in ("never_entered", "per_period"):
        key = each.key[each.key["kind"] == kind]
        sure = key[key["role"].isin(["planted", "natural"])]
        told = found[found["fk"].str.endswith(kind)]
        assert len(told) == len(sure) >= 2


def test_a_contract_with_numbers_and_limits_of_its_own_needs_none_of_the_samples(tmp_path):
    model = load("fault-handling")
    ours = Authority(Standing.USER)
    rule = PeriodLimit("few", Text("少", "few"), "record_fault", "quarter", 20, None, (), ours)
    numbers = Numbering("numbers", Text("编号", "numbers"), "NO-", 6, ours)
    model = replace(model, contract_sha256="own", per_period=(rule,), numbering=(numbers,))
    simulation = Simulation(model, 300, 4, block_cases=120)
    sample = simulation.sample()
    key = sample.key
    assert sorted(sample.cases["case_id"])[0] == "NO-000001"
    assert sample.cases["case_id"].str.fullmatch(r"NO-\d{6}").all()
    assert set(key.loc[key["kind"] == "never_entered", "subject"]) == {"numbers"}
    assert {"numbering", "per_period"}.isdisjoint(own_sections(simulation))
    few = key[key["kind"] == "per_period"]
    assert len(few) >= 8
    assert set(few["role"]) == {"natural"}
    assert all(re.fullmatch(r"few 202\d-(01|04|07|10)-01", subject) for subject in few["subject"])


def test_periods_begin_where_the_calendar_does():
    found = {
        per: periods(per, CHINA, date(2024, 2, 28), date(2024, 4, 2))
        for per in ("day", "week", "month", "quarter", "year")
    }
    assert [each.name for each in found["week"]][:2] == ["2024-02-26", "2024-03-04"]
    assert [each.name for each in found["month"]] == ["2024-02-01", "2024-03-01", "2024-04-01"]
    assert [each.name for each in found["quarter"]] == ["2024-01-01", "2024-04-01"]
    assert [each.name for each in found["year"]] == ["2024-01-01"]
    assert len(found["day"]) == 35
    for each in found["month"][:1]:
        begin, end = (
            pd.Timestamp(us, unit="us", tz="UTC").tz_convert(CHINA) for us in (each.from_us, each.until_us)
        )
        assert (begin.isoformat(), end.isoformat()) == (
            "2024-02-01T00:00:00+08:00",
            "2024-03-01T00:00:00+08:00",
        )
