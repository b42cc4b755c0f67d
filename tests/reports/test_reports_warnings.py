"""Warnings before a limit: listed, and no breach."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mining.audit_result import Audit
from mining.findings import Counts, Severity, Verdict
from reports.audit_json import to_json
from reports.html import render
from reports.pseudonyms import Pseudonyms


@pytest.fixture(scope="module")
def warned(audit: Audit) -> Audit:
    """The sample with a clock at risk: the first late one, as it stood before its limit."""
    late = next(each for each in audit.findings if each.rule.kind == "late" and each.rule.deadline)
    rule = replace(
        late.rule,
        id=late.rule.id.replace(".late:", ".at_risk:"),
        kind="at_risk",
        limit=(late.rule.limit or 0) * 0.8,
    )
    near = replace(
        late.worst[0], rule_id=rule.id, verdict=Verdict.PENDING, reason="at_risk", fingerprint="f" * 20
    )
    finding = replace(
        late,
        rule=rule,
        counts=Counts(pending=3),
        severity=Severity.INFO,
        reasons=(("at_risk", 3),),
        worst=(),
        warned=(near,),
        cases_violated=0,
    )
    return replace(audit, findings=(*audit.findings, finding))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("At risk: ", "3 running clocks are near their limits.", "2 more in the table")),
        ("zh", ("即将超时：", "另有 3 项在途计时临近时限。", "另有 2 项临近时限，见全表")),
    ],
)
def test_the_page_lists_warnings_apart_and_counts_them_above(
    warned: Audit, people: Pseudonyms, lang: str, words: tuple[str, ...]
) -> None:
    page = render(warned, lang, people).decode()
    for each in words:
        assert each in page
    section = page.partition('id="warnings"')[2].partition('id="look-alikes"')[0]
    assert section.count('class="occurrence"') == 1
    assert 'class="ledger"' in section


def test_without_warnings_nothing_is_said_of_them(audit: Audit, people: Pseudonyms) -> None:
    assert 'id="warnings"' not in render(audit, "en", people).decode()


def test_the_json_names_them(warned: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(warned, people))
    finding = document["findings"][-1]
    assert (finding["kind"], finding["counts"]["pending"], finding["counts"]["violated"]) == ("at_risk", 3, 0)
    assert finding["warned"][0]["fingerprint"] == "f" * 20
    assert finding["warned"][0]["ledger"]
