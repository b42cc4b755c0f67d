"""The report repeats every criterion with its standing and reason, and what a finding rests on."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml
from sample_model import ASSUMED, INFERRED

from mining.audit_result import Audit
from mining.findings import Basis
from reference_models import library, load
from reports.audit_json import to_json
from reports.catalogue import LANGUAGES, catalogue
from reports.html import render
from reports.pseudonyms import Pseudonyms
from reports.schemas import json_schema


def _reasons(value: Any) -> Iterator[dict[str, str]]:
    """Every reason that a contract gives, whatever it is for."""
    if isinstance(value, dict):
        if "reason" in value:
            yield value["reason"]
        for each in value.values():
            yield from _reasons(each)


def _standings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "standing" in value:
            yield value["standing"]
        for each in value.values():
            yield from _standings(each)


def _of(audit: Audit, model_id: str) -> Audit:
    """The audit as if it were of another model, without what needs time to draw."""
    discovery = replace(audit.discovery, nodes=(), edges=())
    return replace(audit, model=load(model_id), discovery=discovery, findings=(), rates=())


@pytest.mark.parametrize("model_id", library())
def test_every_reason_and_standing_of_the_contract_is_in_the_report(
    model_id: str, audit: Audit, people: Pseudonyms
) -> None:
    path = files("reference_models").joinpath("library", model_id, "contract.yaml")
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    reasons, standings = list(_reasons(contract)), Counter(_standings(contract))
    assert len(reasons) > 5
    other = _of(audit, model_id)
    for lang in LANGUAGES:
        page = html.unescape(render(other, lang, people).decode())
        section = page[page.index('<section id="criteria">') : page.index('<section id="method">')]
        assert [each[lang] for each in reasons if each[lang] not in section] == []
        marks = Counter(re.findall(r'class="standing (\w+)"', section))
        assert all(marks[standing] >= n for standing, n in standings.items()), (marks, standings)
        assert catalogue(lang)("section.criteria") in page


def test_the_json_repeats_them_too(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(_of(audit, "fault-handling"), people))
    jsonschema.Draft202012Validator(json_schema()).validate(document)
    said = {each["key"]: each for each in document["model"]["criteria"]}
    clock = said["deadlines.fault_clearing"]
    assert clock["authority"]["standing"] == "assumed"
    assert "around the clock" in clock["authority"]["reason"]["en"]
    cells = {name: said[f"deadlines.fault_clearing.rows.2m_equipment.limits.{name}"] for name in "CBA"}
    assert [(cells[name]["limit"], cells[name]["unit"]) for name in "CBA"] == [(60, "hours")] * 2 + [
        (0.5, "hours")
    ]
    doubted = [name for name in "CBA" if cells[name]["authority"]["reason"]]
    assert doubted == ["C", "B"], "half an hour of class A is not in doubt"


def test_a_finding_says_what_its_limit_rests_on(audit: Audit, people: Pseudonyms) -> None:
    late = next(each for each in audit.findings if each.rule.kind == "late" and each.is_violated)
    rests_on = (Basis("clock", ASSUMED), Basis("tolerance:supplier", INFERRED))
    found = replace(late, rule=replace(late.rule, rests_on=rests_on))
    one = replace(audit, findings=(found,), discovery=replace(audit.discovery, nodes=(), edges=()), rates=())
    assert ASSUMED.reason is not None
    for lang, words in (("en", "The clock:"), ("zh", "计时方式：")):
        page = html.unescape(render(one, lang, people).decode())
        card = page[page.index('<article class="finding') :]
        card = card[: card.index("</article>")]
        assert words in card
        assert ASSUMED.reason.get(lang) in card
        assert {"en": "The tolerance of “Supplier”:", "zh": "“供应商”的容差："}[lang] in card
    stated = json.loads(to_json(one, people))["findings"][0]["rests_on"]
    assert [(each["part"], each["authority"]["standing"]) for each in stated] == [
        ("clock", "assumed"),
        ("tolerance:supplier", "inferred"),
    ]
