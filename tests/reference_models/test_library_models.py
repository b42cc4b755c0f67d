"""The models of the library: sound, complete, and with the figures of their sources."""

import csv
import re
from collections import defaultdict
from pathlib import Path

import pytest
from model_files import accepts

import reference_models
from reference_models import check, label_index, library, load, role_index
from reference_models.calendars import load_calendar
from reference_models.labels import category_index
from reference_models.model import Band, Standing

LIBRARY = Path(reference_models.__file__).parent / "library"
IDS = library()


def test_the_library_lists_its_models_and_each_says_which_process_it_is():
    assert {"circuit-provisioning", "fault-handling", "in-sales-procurement"} <= set(IDS)
    assert all(re.fullmatch(r"P[1-9]\d?", load(model_id).process) for model_id in IDS)


@pytest.mark.parametrize("model_id", IDS)
def test_a_library_model_is_usable_and_small(model_id):
    result = check(LIBRARY / model_id)
    assert result.usable, result.problems
    assert result.states < 500
    assert (result.bounded, result.dead, result.can_always_finish) == (True, (), True)


def table(model_id):
    deadline = load(model_id).deadlines[0]
    return {
        row.id: tuple(
            (cell.limit, cell.doubtful_from) if cell.doubtful_from else cell.limit
            for cell in (row.cells["C"], row.cells["B"], row.cells["A"])
        )
        for row in deadline.rows
    }


def test_the_provisioning_table_is_that_of_the_source():
    assert table("circuit-provisioning") == {
        "telephone_available": (10, 7, 1),
        "telephone_new_build": (69, 54, 37),
        "ddn_fr_up_to_10": (10, 5, 3),
        "ddn_fr_11_to_20": (12, 8, 4),
        "ddn_fr_from_21": (15, 9, 5),
        "ddn_fr_new_build": (15, 11, 8),
    }


def test_the_rows_of_the_provisioning_table_say_whom_they_are_for():
    (deadline,) = load("circuit-provisioning").deadlines
    when = {row.id: dict(row.when) for row in deadline.rows}
    there = {"service": "ddn_fr", "resources": "available", "sites": "different"}
    assert when == {
        "telephone_available": {"service": "telephone", "resources": "available"},
        "telephone_new_build": {"service": "telephone", "resources": "new_build"},
        "ddn_fr_up_to_10": {**there, "lines": Band(None, 10)},
        "ddn_fr_11_to_20": {**there, "lines": Band(11, 20)},
        "ddn_fr_from_21": {**there, "lines": Band(21, None)},
        "ddn_fr_new_build": {"service": "ddn_fr", "resources": "new_build"},
    }
    assert (deadline.target, deadline.unit, deadline.calendar) == (0.98, "working_days", "cn-working-days")
    assert (deadline.start, deadline.stop) == ("accept_order", "customer_acceptance")


def test_planned_numbers_are_indicators_of_their_rows():
    (deadline,) = load("circuit-provisioning").deadlines
    planned = {row.id: (dict(row.planned_per_month), len(row.planned_over)) for row in deadline.rows}
    assert planned["telephone_available"] == ({"A": 30}, 0)
    assert planned["telephone_new_build"] == ({"A": 1}, 0)
    assert planned["ddn_fr_up_to_10"] == ({"A": 9}, 4)


def test_what_has_no_limit_is_declared():
    attributes = load("circuit-provisioning").attributes
    declared = {name: each.without_limit for name, each in attributes.items() if each.without_limit}
    assert declared == {"service": ("circuit_2m",), "resources": ("new_build_forecast",), "sites": ("one",)}


def test_the_fault_table_is_that_of_the_source_with_its_doubt():
    assert table("fault-handling") == {
        "telephone": (24, 6, 2),
        "data": (6, 5, 4),
        "2m_equipment": ((60, 1), (60, 1), 0.5),
        "2m_line": (6, 6, 6),
    }
    (clearing,) = load("fault-handling").deadlines
    assert (clearing.target, clearing.unit, clearing.calendar) == (0.98, "hours", "around-the-clock")
    reasons = {name: clearing.rows[2].authority_of(name).reason for name in "CBA"}
    assert "60" in reasons["C"].zh
    assert reasons["B"] == reasons["C"]
    assert reasons["A"] is None, "half an hour is not in doubt"


@pytest.mark.parametrize("model_id", IDS)
def test_no_limit_is_invented_beside_the_tables_of_the_source(model_id):
    model = load(model_id)
    tables = {"provisioning"} if model_id == "circuit-provisioning" else {"fault_clearing"}
    for deadline in model.deadlines:
        given = {cell.limit for row in deadline.rows for cell in row.cells.values()} - {None}
        assert not given or (deadline.id in tables and "S1" in deadline.authority.source)
    assert all(handoff.limit is None for handoff in model.handoffs)


def test_a_duplicate_request_is_known_by_its_identity():
    (identity,) = load("in-sales-procurement").duplicates
    assert identity.activity == "request_purchase"
    assert identity.same == ("project", "item", "quantity", "amount")
    assert (identity.open_until, identity.waits_for) == (("receive_goods",), "funds_arrived")


@pytest.mark.parametrize("model_id", IDS)
def test_everything_inferred_or_assumed_says_why_in_both_languages(model_id):
    model = load(model_id)
    stated = [
        *(each.authority for each in model.activities.values()),
        *(each.authority for each in model.roles.values()),
        *(each.authority for each in (*model.handoffs, *model.deadlines, *model.told, *model.duplicates)),
        *(each.authority for each in (*model.rules, *model.matches, *model.returns)),
        *(each.limit.authority for each in model.idle_limits if each.limit),
        *(row.authority for deadline in model.deadlines for row in deadline.rows),
    ]
    known = {source for source, _ in model.sources}
    for authority in stated:
        if authority.standing in (Standing.INFERRED, Standing.ASSUMED):
            assert authority.reason.zh
            assert authority.reason.en
        else:
            assert authority.source in known


@pytest.mark.parametrize("model_id", IDS)
def test_calendars_exist_and_every_task_has_a_lane(model_id):
    model = load(model_id)
    for calendar in (model.idle_calendar, *(each.calendar for each in model.deadlines)):
        assert load_calendar(calendar).id == calendar
    assert all(each.role in model.roles for each in model.activities.values() if each.in_flow)


def test_a_handoff_rests_on_the_weaker_of_its_steps():
    handoffs = {each.id: each for each in load("circuit-provisioning").handoffs}
    assert handoffs["confirm_resources->accept_order"].authority.standing is Standing.SOURCED
    assert handoffs["accept_order->request_build"].authority.standing is Standing.INFERRED
    assert handoffs["book_order->station_a_work"].authority.standing is Standing.ASSUMED


@pytest.mark.parametrize("model_id", IDS)
def test_every_name_in_the_diagram_has_its_english(model_id):
    model = load(model_id)
    named = {each.id: each.name for each in (*model.diagram.nodes, *model.diagram.flows) if each.name}
    for element, name in named.items():
        text = model.activities[element].name if element in model.activities else model.texts[element]
        assert text.zh == name
        assert text.en.isascii()


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def traces(model, path):
    known = label_index(model)
    found = defaultdict(list)
    for row in sorted(read(path), key=lambda each: each["time"]):
        activity = known[reference_models.labels.normalise_label(row["activity"])]
        if model.activities[activity].in_flow:
            found[row["case"]].append(activity)
    return found


@pytest.mark.parametrize("model_id", IDS)
def test_the_models_own_logs_speak_its_words_and_the_conforming_ones_run_through(model_id):
    model = load(model_id)
    files = sorted((LIBRARY / model_id).glob("*/*.csv"))
    assert {path.parent.name for path in files} == {"conforming", "violating"}
    for path in files:
        fits = [accepts(model.net, trace) for trace in traces(model, path).values()]
        if path.parent.name == "conforming":
            assert all(fits), path.name
        for row in read(path):
            assert reference_models.labels.normalise_label(row["role"]) in role_index(model)
            for name, spec in model.attributes.items():
                if spec.type == "category":
                    assert reference_models.labels.normalise_label(row[name]) in category_index(spec)
