"""Cases that look late, bounced or ordered twice and are not: named in the key, and left alone."""

from dataclasses import replace
from datetime import date, timedelta

import chinese_calendar
import pandas as pd
import pytest
from answer_key import exam, violated

import walkthrough
from reference_models import load
from reference_models.duplicates import Replaced
from reference_models.model import Authority, Standing
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.courses import returns
from walkthrough.simulation.timing import AS_OF

KINDS = ("returned", "over_weekend", "make_up_day", "last_day")


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    each = exam("circuit-provisioning", 4, tmp_path_factory.mktemp("alike"))
    return each, violated(each.audit(mapped=True))


def events_of(each, kind):
    """Per named case its events, times in China."""
    named = each.key.loc[(each.key["kind"] == kind) & (each.key["role"] == "innocent"), "case_id"]
    numbers = each.sample.cases.reset_index().set_index("case_id")["index"]
    for case in named:
        events = each.sample.events[each.sample.events["case"] == numbers[case]]
        when = {
            name: pd.to_datetime(events[name], unit="us", utc=True).dt.tz_convert("Asia/Shanghai")
            for name in ("start_us", "t_us")
        }
        yield case, events.assign(**when)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_there_by_name_and_accused_of_nothing(kind, audited):
    each, found = audited
    named = {case for case, _ in events_of(each, kind)}
    assert len(named) >= 2
    assert named.isdisjoint(found["case_id"])


def test_a_case_that_returns_goes_back_to_the_role_before(audited):
    for _, events in events_of(audited[0], "returned"):
        flow = events[events["role"] != ""].sort_values("t_us")
        assert returns(list(flow["role"])) >= 1


def test_over_a_weekend_something_was_done_on_friday_evening_and_taken_up_on_monday_morning(audited):
    for _, events in events_of(audited[0], "over_weekend"):
        done = [t for t in events["t_us"] if t.weekday() == 4 and (t.hour, t.minute) >= (16, 30)]
        taken = [t for t in events["start_us"] if t.weekday() == 0 and t.hour < 12]
        assert any(b.date() - a.date() == timedelta(days=3) for a in done for b in taken)


def clock(events):
    """First and last day of the clock of provisioning."""
    begin = events.loc[events["activity"] == "accept_order", "t_us"].min()
    return begin.date(), events.loc[events["activity"] == "customer_acceptance", "t_us"].max().date()


def days_between(begin, end):
    return [begin + timedelta(days=n + 1) for n in range((end - begin).days)]


def test_a_make_up_day_is_a_weekend_on_which_the_clock_ran(audited):
    for _, events in events_of(audited[0], "make_up_day"):
        days = days_between(*clock(events))
        assert any(day.weekday() >= 5 and chinese_calendar.is_workday(day) for day in days)


def test_the_last_day_is_the_one_of_the_limit(audited):
    each, _ = audited
    values = each.sample.cases.set_index("case_id")
    for case, events in events_of(each, "last_day"):
        worked = sum(chinese_calendar.is_workday(day) for day in days_between(*clock(events)))
        row = values.loc[case]
        limits = [
            cell.limit
            for each_row in load("circuit-provisioning").deadlines[0].rows
            for cell in each_row.cells.values()
        ]
        assert worked in limits, f"{case}: {dict(row)}"


def test_a_case_at_risk_has_passed_the_warning_and_not_the_limit(audited):
    """Told as pending, apart from the breaches, with the figures that the calendar gives."""
    each, found = audited
    key = each.key[(each.key["fk"] == "deadline.at_risk") & (each.key["role"] == "planted")]
    assert len(key) >= 5
    told = found[found["fk"] == "deadline.at_risk"].set_index("case_id")
    assert set(told.loc[key["case_id"], "verdict"]) == {"pending"}
    numbers = each.sample.cases.reset_index().set_index("case_id")["index"]
    for case in key["case_id"]:
        events = each.sample.events[each.sample.events["case"] == numbers[case]]
        when = pd.to_datetime(events["t_us"], unit="us", utc=True).dt.tz_convert("Asia/Shanghai")
        begin = when[events["activity"] == "accept_order"].min().date()
        worked = sum(chinese_calendar.is_workday(day) for day in days_between(begin, AS_OF.date()))
        limit = told.loc[case, "limit"]
        assert 0.8 * limit < worked <= limit
        assert told.loc[case, "measure"] == worked


def test_an_order_that_its_own_case_cancels_may_be_sent_again(tmp_path):
    """By a task of the process, not only by a record beside it."""
    model = load("cross-network-acceptance")
    ours = Replaced(("cancel_request",), (), None, Authority(Standing.USER))
    order = replace(model.duplicates[0], replaced=ours)
    model = replace(model, contract_sha256="own", duplicates=(order,))
    written = write_exports(Simulation(model, 700, 4, 0.005), tmp_path)
    key = pd.read_csv(tmp_path / "answer_key.csv", dtype=str, keep_default_na=False)
    named = key[(key["kind"] == "reissued") & (key["role"] == "innocent")]
    assert len(named) >= 2
    audit = walkthrough.audit(written.files[0], model, mapping=tmp_path / "mapping.yaml", as_of=AS_OF)
    found = violated(audit)
    pairs = set(zip(found["case_id"], found["related_case"], strict=True))
    assert pairs.isdisjoint(zip(named["case_id"], named["related_case"], strict=True))


@pytest.mark.parametrize(("model", "seed"), [("leaving-and-retention", 7), ("key-account-management", 7)])
def test_as_many_cases_as_asked_for(model, seed):
    """Also where many begin shortly before the export is taken."""
    sample = Simulation(load(model), 2_000, seed).sample()
    assert len(sample.cases) == 2_000
    assert date.fromtimestamp(sample.events["t_us"].max() / 1e6) <= AS_OF.date()


def test_a_seed_below_zero_is_refused(run):
    ran = run("simulate", "fault-handling", "--seed", "-1", "--out", "out")
    assert ran.code == 2
    assert "--seed" in ran.err
    assert not (run.folder / "out").exists()
