"""An override file: the user's values win, and are marked as the user's."""

import pytest
from model_files import line_with, two_steps, write_model

from logs.problems import InputError
from reference_models import load
from reference_models.model import Standing


def write(tmp_path, text):
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusals(reference, path):
    with pytest.raises(InputError) as refusal:
        load(reference, override=path)
    return refusal.value.problems


def test_a_limit_of_a_handoff_is_given(tmp_path):
    ours = write(tmp_path, "handoffs:\n  accept_order->book_order: {limit: {hours: 4}}\n")
    model = load("circuit-provisioning", override=ours)
    (handoff,) = (each for each in model.handoffs if each.id == "accept_order->book_order")
    assert (handoff.limit.value, handoff.limit.unit) == (4, "hours")
    assert handoff.limit.authority.standing is Standing.USER
    assert handoff.limit.authority.source == "ours.yaml"
    assert model.overrides == ("handoffs.accept_order->book_order.limit",)
    assert all(each.limit is None for each in model.handoffs if each is not handoff)


def test_a_cell_is_decided_and_only_that_cell_is_the_users(tmp_path):
    path = "deadlines: {fault_clearing: {rows: {2m_equipment: {limits: {C: 60}}}}}\n"
    row = load("fault-handling", override=write(tmp_path, path)).deadlines[0].rows[2]
    assert (row.cells["C"].limit, row.cells["C"].doubtful_from) == (60, None)
    assert row.cells["B"].doubtful_from == 1
    assert row.authority_of("C").standing is Standing.USER
    assert row.authority_of("B").standing is Standing.SOURCED


def test_a_limit_in_another_unit_replaces_the_old_one(tmp_path):
    ours = write(tmp_path, "told: {told_after_booking: {limit: {hours: 2}}}\n")
    told = load("circuit-provisioning", override=ours).told
    assert (told[0].limit.value, told[0].limit.unit) == (2, "hours")
    assert told[0].authority.standing is Standing.ASSUMED
    assert told[1].limit.unit == "working_days"


def test_a_value_of_a_clock_makes_the_clock_the_users(tmp_path):
    ours = write(tmp_path, "deadlines:\n  provisioning:\n    stop: open_billing\n")
    (clock,) = load("circuit-provisioning", override=ours).deadlines
    assert clock.stop == "open_billing"
    assert clock.authority.standing is Standing.USER
    assert clock.rows[0].authority.standing is Standing.SOURCED


def test_spellings_are_added_and_other_lists_replaced(tmp_path):
    text = "activities: {accept_order: {aliases: [受理登记]}}\nends: [open_billing]\n"
    model = load("circuit-provisioning", override=write(tmp_path, text))
    assert {"受理", "受理登记"} <= set(model.activities["accept_order"].aliases)
    assert model.ends == ("open_billing",)


def test_a_cell_without_limit_is_the_users_too(tmp_path):
    ours = write(tmp_path, "deadlines: {provisioning: {rows: {telephone_available: {limits: {A: null}}}}}\n")
    row = load("circuit-provisioning", override=ours).deadlines[0].rows[0]
    assert row.cells["A"].limit is None
    assert row.authority_of("A").standing is Standing.USER


def test_null_takes_a_limit_away(tmp_path):
    ours = write(tmp_path, "idle_limits: {default: null}\n")
    model = load("circuit-provisioning", override=ours)
    assert next(each for each in model.idle_limits if each.after is None).limit is None


def test_a_new_row_is_the_users(tmp_path):
    text = """attributes: {service: {without_limit: []}}
deadlines:
  provisioning:
    rows:
      circuit_2m: {name: {zh: 2M, en: 2M}, when: {service: circuit_2m}, limits: {C: 12, B: 8, A: 4}}
"""
    (clock,) = load("circuit-provisioning", override=write(tmp_path, text)).deadlines
    assert clock.rows[-1].authority.standing is Standing.USER
    assert clock.authority.standing is Standing.ASSUMED


def test_the_content_hash_changes_with_the_override(tmp_path):
    ours = write(tmp_path, "ends: [open_billing]\n")
    assert load("circuit-provisioning", override=ours).sha256 != load("circuit-provisioning").sha256


def test_mistakes_are_told_with_the_overrides_own_lines(tmp_path):
    ours = write(tmp_path, "ends:\n  - open_biling\nhandoffs:\n  a->b: {limit: {hours: 4}}\n")
    problems = refusals("circuit-provisioning", ours)
    assert {(each.file, each.line) for each in problems} == {(str(ours), 2), (str(ours), 4)}
    assert any("did you mean 'open_billing'?" in each.mend for each in problems)


def test_an_unknown_key_is_told_with_the_nearest(tmp_path):
    ours = write(tmp_path, "ends: [open_billing]\nhandofs: {}\n")
    (problem,) = refusals("circuit-provisioning", ours)
    assert (problem.file, problem.line) == (str(ours), 2)
    assert "handoffs" in problem.mend


def test_a_standing_cannot_be_claimed(tmp_path):
    ours = write(tmp_path, "ping_pong:\n  allowed: 3\n  standing: sourced\n")
    (problem,) = refusals("circuit-provisioning", ours)
    assert problem.line == line_with(ours, "standing")
    assert "always of standing 'user'" in problem.what


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("- a\n", "not a mapping"),
        ("id: other\n", "another model"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_an_override_that_is_none_is_refused(tmp_path, text, told):
    assert told in refusals("circuit-provisioning", write(tmp_path, text))[0].what


def test_a_missing_override_is_told(tmp_path):
    assert "no such file" in refusals("circuit-provisioning", tmp_path / "gone.yaml")[0].what


def test_an_override_fits_a_model_in_a_folder_too(tmp_path):
    folder = write_model(tmp_path / "model", two_steps())
    ours = write(tmp_path, "title: {en: Ours}\n")
    assert load(folder, override=ours).title.en == "Ours"
    assert load(folder, override=ours).title.zh == "两步"


def test_an_override_adds_a_factor_and_changes_one_by_its_id(tmp_path):
    contract = two_steps()
    contract["severity_factors"] = {"far_past": {"of": "deadline", "overrun": "2x", "to": "high"}}
    folder = write_model(tmp_path / "model", contract)
    text = "severity_factors:\n  far_past: {overrun: 3x}\n  A: {of: lost, classes: {grade: [A]}, to: high}\n"
    model = load(folder, override=write(tmp_path, text))
    assert [(each.id, each.least) for each in model.severity_factors] == [("far_past", 3.0), ("A", None)]
    assert "severity_factors.far_past.overrun" in model.overrides


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("version: '9'", "version"),
        ("in_force_from: 2030-01-01", "in_force_from"),
        ("extends: billing", "extends"),
    ],
)
def test_an_override_is_no_model(tmp_path, line, key):
    ours = write(tmp_path, f"ends: [open_billing]\n{line}\n")
    (problem,) = refusals("circuit-provisioning", ours)
    assert (problem.file, problem.line, problem.mend) == (str(ours), 2, f"remove '{key}'")


def test_a_calendar_that_there_is_not_is_told_where_the_override_names_it(tmp_path):
    ours = write(tmp_path, "ends: [open_billing]\nidle_calendar: mars\n")
    (problem,) = refusals("circuit-provisioning", ours)
    assert (problem.file, problem.line) == (str(ours), 2)
    assert "mars" in problem.what


def test_a_spelling_that_clashes_is_told_where_it_was_added(tmp_path):
    """Though the activity that has it already comes later in the model below."""
    ours = write(tmp_path, "activities:\n  accept_order: {aliases: [建档]}\n")
    (problem,) = refusals("circuit-provisioning", ours)
    assert (problem.file, problem.line) == (str(ours), 2)
    assert "'建档' names both" in problem.what


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("handoffs: {accept_order->book_order: {limit: {hours: four}}}", "write a number"),
        ("roles: [a, b]", "write 'key: value'"),
        ("activities: {accept_order: {aliases: 建档2}}", "write a list in brackets"),
        ("handoffs: {accept_order->book_order: {limit: {hours: -1}}}", "write a number that is more than 0"),
        ("ping_pong: {allowed: yes}", "write a whole number"),
        ("title: {zh: 3, en: x}", "put it in quotes"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write(tmp_path, text, mend):
    told = refusals("circuit-provisioning", write(tmp_path, text + "\n"))
    assert any(mend in each.mend for each in told), [str(each) for each in told]
