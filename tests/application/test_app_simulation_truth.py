"""The simulator's own truth: clocks by hand, edits that are clear, and what the key says of them."""

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from reference_models import load
from reference_models.calendars import load_calendar
from walkthrough.simulation import Simulation
from walkthrough.simulation.counting import Counter
from walkthrough.simulation.courses import plain, returns
from walkthrough.simulation.edits import EDITS, STRUCTURAL, Editor
from walkthrough.simulation.key import Key
from walkthrough.simulation.language import Language
from walkthrough.simulation.plan import plan_of

LIBRARY = ("circuit-provisioning", "fault-handling", "in-sales-procurement")


def us(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1e6)


def days(start, end, pauses=(), limit=15.0):
    counter = Counter(load_calendar("cn-working-days"), "working_days")
    spans = [(us(begin), us(until)) for begin, until in pauses]
    return counter.less_pauses(us(start), us(end), spans, limit)


def test_working_days_as_in_the_page_on_re_performing():
    """docs/re-perform-a-deadline.md: with the holidays and the adjusted days of February 2026."""
    assert days("2026-02-06T14:07", "2026-03-23T15:49") == 27


def test_a_handoff_on_friday_evening_received_on_monday_is_one_day():
    assert days("2026-03-06T17:20", "2026-03-09T08:40") == 1


def test_a_make_up_working_day_counts_though_it_is_a_saturday():
    assert days("2026-02-13T10:00", "2026-02-14T10:00") == 1


def test_what_happens_on_a_day_off_is_as_late_as_the_next_working_day():
    assert days("2026-03-06T10:00", "2026-03-07T10:00") == 1
    assert days("2026-03-06T10:00", "2026-03-08T10:00") == 1


def test_pauses_are_taken_off_until_the_limit_has_run_out():
    pause = [("2026-03-03T09:00", "2026-03-05T09:00")]
    assert days("2026-03-02T09:00", "2026-03-06T09:00", pause) == 2
    assert days("2026-03-02T09:00", "2026-03-06T09:00", pause * 2) == 2
    assert days("2026-03-02T09:00", "2026-03-13T09:00", [("2026-03-11T09:00", "2026-03-12T09:00")], 3) == 9


def test_hours_round_the_clock_and_in_office_hours():
    clock = Counter(None, "hours")
    assert clock.between(np.array([us("2026-03-04T21:43:30")]), np.array([us("2026-03-05T10:28:06")]))[
        0
    ] == pytest.approx(12.743, abs=1e-3)
    office = Counter(load_calendar("cn-office-hours"), "hours")
    over_night = office.between(np.array([us("2026-03-05T16:00")]), np.array([us("2026-03-06T10:00")]))[0]
    assert 0 < over_night < 8


def test_every_simulated_language_allows_the_runs_that_are_drawn():
    for model in LIBRARY:
        plan = plan_of(load(model))
        assert all(plan.language.allows(run.activities) for run, _ in plan.runs)


def test_repairs_are_all_the_cheapest_ones():
    """A second clearing of a fault might as well be an escalation left out: not clear."""
    reference = load("fault-handling")
    language = Language(reference.net, {})
    run = ("record_fault", "judge_fault", "handle_at_nmc", "answer_customer")
    assert language.allows(run)
    assert language.repairs(run, 2) == {()}
    assert language.repairs(run[1:], 2) == {(("insert", "record_fault"),)}
    assert language.repairs((*run, run[-1]), 2) == {(("delete", "answer_customer"),)}
    assert language.repairs((run[0], run[0], run[1]), 1) is None


@pytest.mark.parametrize("model", LIBRARY)
@pytest.mark.parametrize("edit", STRUCTURAL)
def test_a_clear_edit_leaves_the_language_and_is_none_of_its_runs(model, edit):
    plan = plan_of(load(model))
    courses = [plain(run) for run, _ in plan.runs if plan.closed(run.activities)]
    found = Editor(plan, courses).clear(edit, np.random.default_rng(3), 20)
    assert found
    for course in found:
        assert not plan.language.allows(course.trace)
        assert course.plant.of
    assert edit in EDITS


def test_returns_count_stays_not_events():
    assert returns(["a", "a", "b", "b", "a"]) == 1
    assert returns(["a", "b", "c", "a"]) == 0
    assert returns(["a", "", "b", "", "a", "b"]) == 2


def test_waits_are_those_of_queues():
    """Nobody does two things at once: what a person works on does not overlap, waits for others aside."""
    events = Simulation(load("circuit-provisioning"), 400, 5, 0.01).sample().events
    waited = events.sort_values(["resource", "start_us"])
    assert events["resource"].nunique() >= 20
    assert (waited.groupby("resource")["start_us"].diff().dropna() >= 0).all()


def test_arrivals_have_seasons():
    sample = Simulation(load("fault-handling"), 3_000, 5, 0.0).sample()
    first = sample.events.groupby("case")["start_us"].min() // 3_600_000_000
    hours, weekdays = (first + 8) % 24, ((first + 8) // 24 + 3) % 7
    assert hours.between(9, 11).mean() > 2 * hours.between(1, 3).mean()
    assert weekdays.isin([0, 1]).mean() > 1.5 * weekdays.isin([5, 6]).mean()
    assert date.fromtimestamp(int(first.min()) * 3600).year == 2024


def test_a_receipt_that_may_be_of_another_dispatch_leaves_open_whether_one_is_late():
    """Two departments have orders, one of them signs: which one, the log does not say."""
    sample = Simulation(load("pre-sales-response"), 600, 404, 0.04).sample()
    late = sample.key[(sample.key["family"] == "handoff") & (sample.key["kind"] == "late")]
    case = sample.cases.reset_index().set_index("case_id")["index"]
    signed = 0
    for row in late.itertuples():
        sender, receiver = row.subject.split("->")
        events = sample.events[sample.events["case"] == case[row.case_id]]
        sent = events.loc[events["activity"] == sender, "t_us"].max()
        receipt = events[(events["activity"] == "work_order_received") & (events["t_us"] >= sent)]
        if receiver not in set(events["activity"]) and len(receipt):
            signed += 1
            assert row.role == "undetermined", row
    assert signed >= 3


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (["record_fault", "customer_not_ready"], False),
        (["record_fault", "judge_fault", "dispatch_order"], False),
        (["record_fault", "dispatch_order"], True),
        (["record_fault", "?"], True),
    ],
)
def test_a_case_that_still_goes_on_is_in_the_key_once_it_begins_wrong(shown, wrong):
    model = load("fault-handling")
    rest = [*shown, "judge_fault"]
    course = SimpleNamespace(items=[SimpleNamespace(activity=each) for each in rest])
    key = object.__new__(Key)
    key.groups, key.group_of = [SimpleNamespace(course=course)], np.array([0])
    key.shown = np.array([len(shown)])
    plan = SimpleNamespace(model=model, language=Language(model.net, model.costs))
    assert key._begins_wrong(0, plan) is wrong
