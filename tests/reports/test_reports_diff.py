"""The comparison of two audits."""

from __future__ import annotations

import copy
import json

import pytest
from sample_audit import parsed

from logs.problems import InputError
from mining.audit_result import Audit
from reports.canonical import JsonObject
from reports.diff import diff_audits
from reports.pseudonyms import Pseudonyms


@pytest.fixture(scope="module")
def document(audit: Audit, people: Pseudonyms) -> JsonObject:
    return parsed(audit, people)


def _occurrences(document: JsonObject) -> list[JsonObject]:
    found = document["occurrences"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]  # a list of objects, asserted above


def test_an_audit_does_not_differ_from_itself(document: JsonObject) -> None:
    diff = diff_audits(document, document)
    assert (diff.new, diff.gone, diff.changed, diff.cautions) == ((), (), (), ())
    assert diff.unchanged == len(_occurrences(document))


def test_new_gone_and_changed_by_fingerprint(document: JsonObject) -> None:
    later = copy.deepcopy(document)
    occurrences = _occurrences(later)
    gone = occurrences.pop(0)
    changed = occurrences[0]
    changed["rule_id"] = str(changed["rule_id"]).replace("late", "overdue_and_open")
    changed["measure"] = 99.5
    occurrences.append({**gone, "fingerprint": "0123", "case_id": "new case"})
    diff = diff_audits(document, later)
    assert [each.case_id for each in diff.new] == ["new case"]
    assert [each.fingerprint for each in diff.gone] == [gone["fingerprint"]]
    assert [each.fingerprint for each in diff.changed] == [changed["fingerprint"]]
    assert set(diff.changed[0].fields) >= {"measure"}
    assert diff.gone[0].after is None


def test_overdue_turning_late_is_a_change_not_a_new_one(document: JsonObject) -> None:
    later = copy.deepcopy(document)
    open_one = next(e for e in _occurrences(later) if "overdue_and_open" in str(e["rule_id"]))
    open_one["rule_id"] = str(open_one["rule_id"]).replace("overdue_and_open", "late")
    diff = diff_audits(document, later)
    assert diff.new == diff.gone == ()
    assert diff.changed[0].fields == ("rule_id",)


def test_two_kinds_of_one_obligation_match_by_rule(document: JsonObject) -> None:
    both = copy.deepcopy(document)
    first = _occurrences(both)[0]
    _occurrences(both).append({**first, "rule_id": "deadline.other:x"})
    assert diff_audits(both, both).unchanged == len(_occurrences(both))
    diff = diff_audits(both, document)
    assert [each.rule_id for each in diff.gone] == ["deadline.other:x"]


def test_what_limits_the_comparison_is_said(document: JsonObject) -> None:
    other = copy.deepcopy(document)
    other["not_checked"] = []
    model = other["model"]
    assert isinstance(model, dict)
    model["sha256"] = "0" * 64
    diff = diff_audits(document, other)
    assert diff.cautions == ("model_changed", "checks_not_run")
    assert "the reference model has changed" in diff.to_text("en")
    assert "参考模型已改动" in diff.to_text("zh")


def test_text_and_json_forms(document: JsonObject) -> None:
    empty = {**document, "occurrences": []}
    diff = diff_audits(document, empty)
    text = diff.to_text("en", most=3)
    assert "Gone: 1,679" in text
    assert "1,676 more in the JSON" in text
    assert len(json.loads(diff.to_json())["gone"]) == 1679
    assert diff.to_json() == diff_audits(document, empty).to_json()


def test_a_file_that_is_no_audit_is_told(document: JsonObject) -> None:
    with pytest.raises(InputError, match="B is not an audit"):
        diff_audits(document, {"format": "something"})
