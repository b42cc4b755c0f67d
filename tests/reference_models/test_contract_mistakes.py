"""Mistakes in a contract: each is told with its line and how to mend it, all at once."""

import re
from pathlib import Path

import pytest
import yaml
from model_files import TWO_STEPS, line_with, two_steps, write_model

from logs.problems import InputError
from reference_models import check, library, load


def mistakes(tmp_path, contract, bpmn=TWO_STEPS):
    """(line of the contract that is named, the problem) per problem."""
    folder = write_model(tmp_path / "model", contract, bpmn)
    with pytest.raises(InputError) as refusal:
        load(folder)
    lines = (folder / "contract.yaml").read_text(encoding="utf-8").splitlines()
    return [(lines[p.line - 1].strip() if p.line else "", p) for p in refusal.value.problems]


def test_the_contract_used_here_is_good(tmp_path):
    assert load(write_model(tmp_path, two_steps())).activities["ask"].role == "buyer"


def test_an_activity_that_the_bpmn_lacks_is_told_with_the_nearest(tmp_path):
    contract = two_steps()
    contract["activities"]["aproved"] = contract["activities"].pop("approve")
    told = mistakes(tmp_path, contract)
    (line, problem) = next(each for each in told if "no task in the BPMN 'aproved'" in each[1].what)
    assert line == "aproved:"
    assert "did you mean 'approve'?" in problem.mend
    assert "outside_flow" in problem.mend
    assert problem.file.endswith("contract.yaml")


def test_a_task_that_the_contract_lacks_is_told(tmp_path):
    contract = two_steps()
    del contract["activities"]["approve"], contract["deadlines"]
    contract["ends"] = []
    ((line, problem),) = mistakes(tmp_path, contract)
    assert line == "activities:"
    assert "'approve'" in problem.what


def test_a_task_said_to_be_outside_the_flow_is_told(tmp_path):
    contract = two_steps()
    contract["activities"]["ask"]["outside_flow"] = True
    ((line, problem),) = mistakes(tmp_path, contract)
    assert line == "ask:"
    assert "is a task of the BPMN" in problem.what


def test_a_lane_without_a_role_is_told(tmp_path):
    contract = two_steps()
    del contract["roles"]["boss"]
    ((_, problem),) = mistakes(tmp_path, contract)
    assert "lane 'boss'" in problem.what


@pytest.mark.parametrize(
    ("second", "text"),
    [
        ({"min": 12}, "between 10 ('few') and 12 ('many')"),
        ({"min": 10}, "'few' and 'many' both take"),
        ({"min": 11, "max": 20}, "above 20"),
        ({"max": 4}, "'few' and 'many' both take"),
    ],
    ids=["gap", "overlap", "open above", "within"],
)
def test_bands_with_a_gap_or_an_overlap(tmp_path, second, text):
    contract = two_steps()
    contract["deadlines"]["answer"]["rows"]["many"]["when"]["lines"] = second
    told = mistakes(tmp_path, contract)
    assert any(text in problem.what and problem.line and problem.mend for _, problem in told), told


def test_a_gap_below_the_lowest_band(tmp_path):
    contract = two_steps()
    contract["deadlines"]["answer"]["rows"]["few"]["when"]["lines"] = {"min": 3, "max": 10}
    ((line, problem),) = mistakes(tmp_path, contract)
    assert "below 3" in problem.what
    assert line == "lines:"


def test_rows_that_overlap_because_one_asks_for_less(tmp_path):
    contract = two_steps()
    contract["deadlines"]["answer"]["rows"]["many"]["when"] = {"grade": "A"}
    told = mistakes(tmp_path, contract)
    assert any("'few' and 'many' both take" in problem.what for _, problem in told)


def test_a_class_without_a_cell_must_be_declared(tmp_path):
    contract = two_steps()
    del contract["deadlines"]["answer"]["rows"]["few"]["limits"]["C"]
    ((line, problem),) = mistakes(tmp_path, contract)
    assert "no cell for class 'C'" in problem.what
    assert line == "limits:"
    contract["attributes"]["grade"]["without_limit"] = ["C"]
    assert "C" not in load(write_model(tmp_path / "good", contract)).deadlines[0].rows[0].cells


def test_a_null_cell_declares_that_no_limit_is_given(tmp_path):
    contract = two_steps()
    contract["deadlines"]["answer"]["rows"]["few"]["limits"]["C"] = None
    cell = load(write_model(tmp_path, contract)).deadlines[0].rows[0].cells["C"]
    assert cell.limit is None


def test_a_category_without_a_row_must_be_declared(tmp_path):
    contract = two_steps()
    rows = contract["deadlines"]["answer"]["rows"]
    rows["few"]["when"] = {"lines": {"max": 10}, "kind": "old"}
    rows["many"]["when"] = {"lines": {"min": 11}, "kind": "old"}
    contract["attributes"]["kind"] = {
        "name": {"zh": "种类", "en": "Kind"},
        "type": "category",
        "values": {"old": ["旧"], "new": ["新"]},
    }
    ((line, problem),) = mistakes(tmp_path, contract)
    assert "'kind' = 'new'" in problem.what
    assert line == "new:"
    contract["attributes"]["kind"]["without_limit"] = ["new"]
    load(write_model(tmp_path / "good", contract))


def test_the_same_spelling_for_two_activities(tmp_path):
    contract = two_steps()
    contract["activities"]["ask"]["aliases"] = ["受理"]
    contract["activities"]["approve"]["aliases"] = ["受 理 时间"]
    ((line, problem),) = mistakes(tmp_path, contract)
    assert "names both 'ask' and 'approve'" in problem.what
    assert line == "approve:"


def test_the_same_unit_for_two_roles_and_the_same_value_for_two_categories(tmp_path):
    contract = two_steps()
    contract["roles"]["boss"]["units"] = ["Buyer Step"]
    contract["attributes"]["grade"]["values"]["A"] = ["普通"]
    told = [problem.what for _, problem in mistakes(tmp_path, contract)]
    assert any("names both 'buyer' and 'boss'" in what for what in told)
    assert any("names both 'C' and 'A'" in what for what in told)


SPOILT = {
    "clock start": (("deadlines", "answer", "start"), "aks", "no activity 'aks'"),
    "class attribute": (("deadlines", "answer", "by"), "grad", "no attribute 'grad'"),
    "class attribute of a wrong type": (("deadlines", "answer", "by"), "lines", "not a category"),
    "condition on an unknown attribute": (
        ("deadlines", "answer", "rows", "few", "when"),
        {"line": {"max": 10}},
        "no attribute 'line'",
    ),
    "condition with an unknown category": (
        ("deadlines", "answer", "rows", "few", "when"),
        {"grade": "B"},
        "no category 'B'",
    ),
    "number without a band": (("deadlines", "answer", "rows", "few", "when"), {"lines": "10"}, "is a number"),
    "unknown class": (("deadlines", "answer", "rows", "few", "limits", "B"), 4, "no class 'B'"),
    "end": (("ends",), ["approved"], "no activity 'approved'"),
    "handoff": (
        ("handoffs",),
        {"approve->ask": {"received_by": []}},
        "no handoff in the BPMN 'approve->ask'",
    ),
    "name of an element": (("texts",), {"gate": {"zh": "门", "en": "Gate"}}, "no element in the BPMN 'gate'"),
    "severity": (("severity",), {"handof.dropped": "high"}, "no family of findings 'handof'"),
    "factor of no family": (
        ("severity_factors",),
        {"x": {"of": "dead.late", "overrun": "2x", "to": "high"}},
        "no family of findings 'dead'",
    ),
    "factor without a condition": (
        ("severity_factors",),
        {"x": {"of": "deadline", "to": "high"}},
        "give exactly one of classes, overrun, exposure",
    ),
    "factor with two conditions": (
        ("severity_factors",),
        {"x": {"of": "deadline", "overrun": "2x", "classes": {"grade": ["A"]}, "to": "high"}},
        "give exactly one of classes, overrun, exposure",
    ),
    "overrun without its unit": (
        ("severity_factors",),
        {"x": {"of": "deadline", "to": "high", "overrun": 2}},
        "severity_factors.x.overrun",
    ),
    "overrun that all have": (
        ("severity_factors",),
        {"x": {"of": "deadline", "overrun": "1x", "to": "high"}},
        "more than 1x",
    ),
    "overrun where there is no limit": (
        ("severity_factors",),
        {"x": {"of": "deviation", "overrun": "2x", "to": "high"}},
        "findings of 'deviation' have no limit",
    ),
    "exposure where there is no money": (
        ("severity_factors",),
        {"x": {"of": "lost", "exposure": 1000, "to": "high"}},
        "findings of 'lost' have no money",
    ),
    "exposure without an amount": (
        ("severity_factors",),
        {"x": {"of": "duplicate", "exposure": 1000, "to": "high"}},
        "no duplicates of this contract name an amount",
    ),
    "factor on an unknown attribute": (
        ("severity_factors",),
        {"x": {"of": "deadline", "classes": {"grad": ["A"]}, "to": "high"}},
        "no attribute 'grad'",
    ),
    "factor on a number": (
        ("severity_factors",),
        {"x": {"of": "deadline", "classes": {"lines": ["A"]}, "to": "high"}},
        "'lines' is not a category",
    ),
    "factor on an unknown class": (
        ("severity_factors",),
        {"x": {"of": "deadline", "classes": {"grade": ["A", "B"]}, "to": "high"}},
        "no category 'B'",
    ),
    "factor on two attributes": (
        ("severity_factors",),
        {"x": {"of": "deadline", "classes": {"grade": ["A"], "lines": ["1"]}, "to": "high"}},
        "names one attribute",
    ),
    "factor that lowers": (
        ("severity_factors",),
        {"x": {"of": "deadline", "overrun": "2x", "to": "info"}},
        "severity_factors.x.to",
    ),
    "cost": (("costs",), {"nothing": 2}, "no activity 'nothing'"),
    "source": (("activities", "ask", "source"), "S9", "no source 'S9'"),
    "unknown key": (("deadline",), {}, "unknown key 'deadline'"),
    "no reason": (("activities", "ask", "standing"), "assumed", "needs a reason"),
    "no such standing": (("activities", "ask", "standing"), "rumoured", "standing"),
    "negative limit": (("deadlines", "answer", "rows", "few", "limits", "C"), -1, "greater than 0"),
    "doubt above the limit": (
        ("deadlines", "answer", "rows", "few", "limits", "C"),
        {"limit": 1, "doubtful_from": 60},
        "must lie below",
    ),
    "source of a handoff": (
        ("handoffs",),
        {"ask->approve": {"standing": "sourced", "source": "S7"}},
        "no source 'S7'",
    ),
    "reason without a standing": (("handoffs",), {"ask->approve": {"source": "S1"}}, "needs a standing"),
    "endless band": (
        ("deadlines", "answer", "rows", "few", "when", "lines"),
        {"max": float("inf")},
        "finite",
    ),
    "no such day": (("in_force_from",), "2026-02-30", "in_force_from"),
    "no version": (("version",), None, "version"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_wrong_value_is_told_with_its_line(tmp_path, name):
    where, value, text = SPOILT[name]
    contract = two_steps()
    inner = contract
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    told = mistakes(tmp_path, contract)
    found = [(line, problem) for line, problem in told if text in problem.what]
    assert found, [problem.what for _, problem in told]
    assert found[0][1].line
    assert found[0][1].mend
    words = {*map(str, where), *re.findall(r"[\w.>-]+", str(value))}
    assert any(word in found[0][0] for word in words), found


def test_all_mistakes_of_contract_and_diagram_come_at_once(tmp_path):
    contract = two_steps()
    contract["activities"]["extra"] = {**contract["activities"]["ask"], "name": {"zh": "多", "en": "Extra"}}
    contract["deadlines"]["answer"]["stop"] = "aprove"
    contract["deadlines"]["answer"]["rows"]["many"]["when"]["lines"] = {"min": 15}
    folder = write_model(tmp_path, contract, TWO_STEPS)
    result = check(folder)
    path = folder / "contract.yaml"
    told = {(problem.line, problem.what.split("'")[1]) for problem in result.problems}
    assert (line_with(path, "extra:"), "extra") in told
    assert (line_with(path, "stop: aprove"), "aprove") in told
    assert any(name == "lines" for _, name in told)
    assert "2 more" in result.reason


def test_mistakes_of_an_uncompiled_diagram_do_not_hide_those_of_the_contract(tmp_path):
    contract = two_steps()
    contract["ends"] = ["nothing"]
    result = check(write_model(tmp_path, contract, TWO_STEPS.replace(b"endEvent", b"callActivity")))
    files = {problem.file.rsplit("/")[-1] for problem in result.problems}
    assert files == {"process.bpmn", "contract.yaml"}


def test_a_key_given_twice_is_told(tmp_path):
    text = yaml.safe_dump(two_steps(), allow_unicode=True) + "version: '2'\n"
    ((line, problem),) = mistakes(tmp_path, text)
    assert "'version' is given twice" in problem.what
    assert line == "version: '2'"


def test_no_contract_in_the_folder(tmp_path):
    folder = write_model(tmp_path, two_steps())
    (folder / "contract.yaml").unlink()
    with pytest.raises(InputError, match="no such file"):
        load(folder)


def test_an_unknown_model_is_told_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'fault-handling'"):
        load("fault-handing")


def test_a_model_in_a_folder_of_the_user_goes_before_the_library(tmp_path):
    contract = {**two_steps(), "id": "fault-handling"}
    write_model(tmp_path / "fault-handling", contract)
    assert load("fault-handling", folders=[tmp_path]).title.en == "Two steps"
    assert load("fault-handling").location == "library"
    assert "fault-handling" in library()


def test_an_attribute_may_not_bear_the_name_of_a_column_of_ours(tmp_path):
    contract = two_steps()
    contract["attributes"]["activity_id"] = {"name": {"zh": "环节号", "en": "Activity no"}, "type": "text"}
    ((line, problem),) = mistakes(tmp_path, contract)
    assert line == "activity_id:"
    assert "reserved name" in problem.what


def test_a_factor_that_raises_to_what_holds_anyway_is_told(tmp_path):
    contract = two_steps()
    contract["severity"] = {"deadline": "medium"}
    contract["severity_factors"] = {"x": {"of": "deadline", "overrun": "2x", "to": "medium"}}
    ((line, problem),) = mistakes(tmp_path, contract)
    assert line == "to: medium"
    assert "'deadline' is 'medium' already" in problem.what


def test_the_factors_of_severity_are_read(tmp_path):
    contract = two_steps()
    contract["severity_factors"] = {
        "special": {"of": "deadline", "classes": {"grade": ["A"]}, "to": "high"},
        "far_past": {"of": "deadline.late", "overrun": "2.5x", "to": "high"},
    }
    special, far_past = load(write_model(tmp_path, contract)).severity_factors
    assert (special.factor, special.attribute, special.categories) == ("class", "grade", ("A",))
    assert (far_past.id, far_past.of, far_past.factor, far_past.least) == (
        "far_past",
        "deadline.late",
        "overrun",
        2.5,
    )
    assert far_past.speaks_of("deadline.late:answer/few/A")
    assert not far_past.speaks_of("deadline.latest:answer")
    assert special.speaks_of("deadline.late:answer/few/A")
    assert not special.speaks_of("lost.stalled:ask")


def test_the_factors_that_the_documentation_shows_are_good(tmp_path):
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (shown,) = [
        each for each in re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M) if "severity_factors" in each
    ]
    contract = two_steps() | yaml.safe_load(shown)
    contract["attributes"]["service_class"] = {
        "name": {"zh": "服务等级", "en": "Service class"},
        "type": "category",
        "values": {"A": ["加急"]},
    }
    contract["duplicates"] = {
        "again": {
            **contract["activities"]["ask"],
            "activity": "ask",
            "same": ["lines"],
            "within_days": 30,
            "amount": "lines",
        }
    }
    model = load(write_model(tmp_path, contract))
    assert [each.factor for each in model.severity_factors] == ["class", "overrun", "exposure"]
