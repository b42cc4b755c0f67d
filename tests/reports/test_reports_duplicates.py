"""Duplicate orders in a report: why a pair matched, what is explained, what is at stake."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sample_audit import sample

from mining.audit_result import Audit
from mining.findings import FieldMatch
from reports.audit_json import to_json
from reports.html import render
from reports.pseudonyms import Pseudonyms

WORDS = {
    "en": (
        "equal but for spelling",
        "similarity 87.5%, at least 80%",
        "1.5 apart, at most 2.03",
        "4 days apart",
    ),
    "zh": ("仅写法不同", "相似度 87.5%，不低于 80%", "相差 1.5，不超过 2.03", "相隔 4 天"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_field_by_field_why_a_pair_matched(audit: Audit, people: Pseudonyms, lang: str) -> None:
    page = render(audit, lang, people).decode()
    for words in (*WORDS[lang], "ＡＣＭＥ", "光缆 &lt;b&gt;GYTA&lt;/b&gt;"):
        assert words in page


def test_look_alikes_stand_apart_with_their_reason(audit: Audit, people: Pseudonyms) -> None:
    section = render(audit, "en", people).decode().partition('id="look-alikes"')[2].partition('id="clear"')[0]
    assert "the first order was cancelled before the second was sent (1)" in section
    assert section.count('class="occurrence"') == 1


def test_clusters_show_what_is_at_stake_and_how_many_are_left_out(audit: Audit, people: Pseudonyms) -> None:
    page = render(audit, "en", people).decode()
    assert "201.5" in page.partition('class="clusters"')[2].partition("</table>")[0]
    assert "1 more group is not listed." in page


def test_the_json_holds_them_too(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(audit, people))
    exact = next(each for each in document["findings"] if each["kind"] == "exact")
    assert exact["explained"] == [{"reason": "reissued", "occurrences": 1}]
    listed = {each["fingerprint"]: each for each in document["occurrences"]}
    innocent = listed[exact["look_alikes"][0]["fingerprint"]]
    assert (innocent["verdict"], innocent["reason"]) == ("conformant", "reissued")
    assert innocent["matched"][1]["how"] == "similar"
    assert exact["clusters"][0]["exposure"] == 201.5


def test_a_person_in_a_field_that_matched_is_hidden(people: Pseudonyms) -> None:
    """As everywhere: a value that equals a known person's name."""
    plain = sample()
    name = next(row.resource for row in plain.evidence.values() if row.resource)
    entry = FieldMatch("supplier", "equal", name, name, None, None)
    frame = plain.occurrences.copy()
    frame["matched"] = [each and [vars(entry)] for each in frame["matched"]]
    findings = tuple(
        replace(each, worst=tuple(replace(o, matched=o.matched and (entry,)) for o in each.worst))
        for each in plain.findings
    )
    told = replace(plain, occurrences=frame, findings=findings)
    assert f'"second":"{name}"' not in to_json(told, people)
    assert people.of(name) in to_json(told, people)
    assert f"<td>{name}</td>" not in render(told, "en", people).decode()


def test_the_dates_of_a_pair_stand_beside_each_other(audit: Audit, people: Pseudonyms) -> None:
    day = 86_400_000_000
    findings = tuple(
        replace(f, worst=tuple(replace(o, start_us=19_800 * day, end_us=19_804 * day) for o in f.worst))
        for f in audit.findings
    )
    page = render(replace(audit, findings=findings), "en", people).decode()
    line = page.partition('<th scope="row">Date</th>')[2].partition("</tr>")[0]
    assert line.startswith("<td>2024-03-18 08:00</td><td>2024-03-22 08:00</td><td>4 days apart")
