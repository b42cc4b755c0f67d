"""The JSON form: complete, valid, the same bytes each time, and no person in it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from sample_audit import HOSTILE, PERSONS, sample

from mining.audit_result import Audit
from mining.findings import TreeQuality
from reports.audit_json import to_json, write_json
from reports.discovery_json import discovery_json
from reports.output import OutputError, write_atomically
from reports.pseudonyms import Pseudonyms
from reports.schemas import ALIGNMENT, AUDIT, json_schema


def test_output_keeps_the_published_schema(audit: Audit, people: Pseudonyms) -> None:
    schema = json_schema()
    for who in (people, Pseudonyms.plain()):
        jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(audit, who)))


def _objects(schema: object, where: str = "$") -> list[tuple[str, dict[str, object]]]:
    found: list[tuple[str, dict[str, object]]] = []
    if isinstance(schema, dict):
        found.append((where, schema))
        for key, value in schema.items():
            found += _objects(value, f"{where}.{key}")
    elif isinstance(schema, list):
        for at, value in enumerate(schema):
            found += _objects(value, f"{where}[{at}]")
    return found


@pytest.mark.parametrize("form", [AUDIT, ALIGNMENT])
def test_schema_is_strict_and_describes_every_property(form: str) -> None:
    schema = json_schema(form)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == form
    for where, part in _objects(schema):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False, where
            properties = part["properties"]
            assert isinstance(properties, dict)
            assert sorted(properties) == part["required"], where
            for name, each in properties.items():
                assert each.get("description"), f"{where}.{name}"


def test_schema_refuses_a_property_it_does_not_know(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(audit, people))
    document["findings"][0]["counts"]["guess"] = 1
    with pytest.raises(jsonschema.ValidationError, match="guess"):
        jsonschema.Draft202012Validator(json_schema()).validate(document)


def test_same_audit_same_bytes_with_sorted_keys(audit: Audit, people: Pseudonyms) -> None:
    text = to_json(audit, people)
    assert text == to_json(sample(), people)
    assert "\r" not in text
    assert text.endswith("}\n")
    document = json.loads(text)
    assert list(document) == sorted(document)


def test_every_occurrence_and_every_count_is_there(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(audit, people))
    assert len(document["occurrences"]) == len(audit.occurrences)
    undecided = [each for each in document["occurrences"] if each["verdict"] != "violated"]
    assert all(each["reason"] for each in undecided)
    rows = document["rows"]
    assert rows["read"] == rows["used"] + sum(each["rows"] for each in rows["excluded"])
    assert {each["kind"] for each in document["not_checked"]} == {"misrouted", "vanished", "early_end"}
    assert document["input"]["mapping"]["text"].startswith("case: 工单号")
    assert document["case_files"][0]["moves"]


def test_every_occurrence_names_file_and_row(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(audit, people))
    files = document["input"]["files"]
    for each in document["occurrences"]:
        assert len(each["sources"]) == len(each["rows"]) > 0
        assert all(place["row"] >= 1 and files[place["file"]]["name"] for place in each["sources"])


def test_hostile_values_come_back_as_they_were(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(audit, people))
    assert {each["case_id"] for each in document["case_files"]} >= set(HOSTILE[:3])


def test_pseudonyms_leak_no_person(audit: Audit, people: Pseudonyms) -> None:
    text = to_json(audit, people)
    for person in PERSONS:
        assert person not in text, person
        assert people.of(person) in text
    assert PERSONS[0] in to_json(audit, Pseudonyms.plain())


def test_pseudonyms_are_stable_and_depend_on_the_key(people: Pseudonyms) -> None:
    assert people.of("张三丰") == Pseudonyms(b"a key for tests").of("张三丰")
    assert people.of("张三丰") != Pseudonyms(b"another key").of("张三丰")
    assert people.of("张三丰").startswith("P-")
    assert len(people.of("张三丰")) == len("P-") + 10
    assert len({people.of(f"员工{number}") for number in range(5_000)}) == 5_000


def test_handovers_between_persons_are_pseudonyms_too(audit: Audit, people: Pseudonyms) -> None:
    fields = audit.provenance.fields - {"role"}
    nameless = replace(audit, provenance=replace(audit.provenance, fields=fields))
    handovers = json.loads(to_json(nameless, people))["discovery"]["handovers"]
    assert all(each["source"].startswith("P-") for each in handovers)


def test_measures_of_the_tree_keep_the_schema(audit: Audit, people: Pseudonyms) -> None:
    for measured in (TreeQuality(0.8, 1.0, 0.0, 0.5, 0.75), TreeQuality(None, None, None, 0.5, 0.0)):
        discovery = replace(audit.discovery, tree_quality=measured)
        document = json.loads(to_json(replace(audit, discovery=discovery), people))
        jsonschema.Draft202012Validator(json_schema()).validate(document)
        alone = json.loads(discovery_json(discovery, audit.provenance))["discovery"]["tree_quality"]
        assert alone == document["discovery"]["tree_quality"] == vars(measured)


def test_discovery_json_counts_the_log(audit: Audit) -> None:
    log = json.loads(discovery_json(audit.discovery, audit.provenance))["log"]
    assert log == {"events": 10_880, "cases": 989, "variants": 214, "activities": 15}


def test_written_whole_and_renamed(audit: Audit, people: Pseudonyms, tmp_path: Path) -> None:
    path = write_json(audit, tmp_path / "报告.json", people=people)
    assert path.read_text(encoding="utf-8") == to_json(audit, people)
    assert [each.name for each in tmp_path.iterdir()] == ["报告.json"]


def test_missing_folder_is_told_with_a_way_to_mend(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="create the folder first"):
        write_atomically(tmp_path / "no" / "such" / "a.json", b"x")


def test_full_disk_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="free some space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
