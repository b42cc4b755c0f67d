"""On-time rates in a report: reached, missed, or too few to say."""

from __future__ import annotations

import html
import json
from dataclasses import replace

import jsonschema
import pytest
from sample_model import SOURCED

from mining.audit_result import Audit
from mining.findings import Counts
from mining.promises import PromiseKept
from mining.rates import wilson
from reference_models.model import Promise, Text
from reports.audit_json import to_json
from reports.html import render
from reports.pseudonyms import Pseudonyms
from reports.schemas import json_schema


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (Counts(990, 10, 3), ("99%", "990 / 1,000", "reached: the interval")),
        (Counts(900, 100), ("90%", "900 / 1,000", "missed: the interval")),
        (Counts(20, 0, 5, 2), ("100%", "20 / 20", ">7<", "too few to say")),
        (Counts(0, 0, 4, 1), ("–</td>", ">5<", "no case decided")),
    ],
)
def test_a_rate_says_whether_its_target_is_reached(
    audit: Audit, people: Pseudonyms, counts: Counts, words: tuple[str, ...]
) -> None:
    low, high = wilson(counts.conformant, counts.decided) or (None, None)
    rate = replace(audit.rates[0], counts=counts, low=low, high=high, target=0.97)
    page = render(replace(audit, rates=(rate,)), "en", people).decode()
    row = page.partition('<table class="rates">')[2].partition("</tbody>")[0].partition("<tbody>")[2]
    for each in words:
        assert each.replace("–</td>", "–</td>") in row


def test_without_a_target_nothing_is_said(audit: Audit, people: Pseudonyms) -> None:
    page = render(replace(audit, rates=(replace(audit.rates[0], target=None),)), "en", people).decode()
    assert 'class="reading "' in page


def _promised(audit: Audit) -> Audit:
    name = Text("DDN 由 20 天缩短到 5 天", "DDN: from 20 days to 5")
    promise = Promise("ddn", name, 5, ("ddn_10",), SOURCED)
    kept = PromiseKept(promise, "provisioning", "working_days", Counts(34, 86, 10, 2))
    return replace(audit, promises=(kept,), discovery=replace(audit.discovery, nodes=(), edges=()))


def test_a_promise_stands_below_the_table_of_its_clock(audit: Audit, people: Pseudonyms) -> None:
    wanted = {
        "en": (
            "Promise: DDN: from 20 days to 5.",
            "34 of 120 stopped",
            "within 5 working days (28.3%",
            "still running 10",
        ),
        "zh": ("承诺：DDN 由 20 天缩短到 5 天。", "34 / 120", "5 个工作日以内", "仍在计时 10"),
    }
    for lang, texts in wanted.items():
        page = render(_promised(audit), lang, people).decode()
        section = page[page.index('<section id="rates">') : page.index('<section id="findings">')]
        said = section.replace("clocks that ", "")
        assert all(text in said for text in texts), (lang, [text for text in texts if text not in said])


def test_a_promise_is_in_the_json(audit: Audit, people: Pseudonyms) -> None:
    document = json.loads(to_json(_promised(audit), people))
    jsonschema.Draft202012Validator(json_schema()).validate(document)
    (promise,) = document["promises"]
    assert promise["share"] == 34 / 120
    assert promise["low"] < promise["share"] < promise["high"]
    assert promise["authority"]["source"] == "S1"


def test_a_planned_number_says_which_rows_it_counts_together(audit: Audit, people: Pseudonyms) -> None:
    clock = audit.model.deadlines[0]
    ids = tuple(row.id for row in clock.rows[:2])
    rows = (replace(clock.rows[0], planned_per_month={"A": 9}, planned_over=ids), *clock.rows[1:])
    model = replace(audit.model, deadlines=(replace(clock, rows=rows), *audit.model.deadlines[1:]))
    rate = replace(audit.rates[0], row=ids[0], category="A", planned_per_month=9.0, actual_per_month=1.1)
    page = render(replace(_promised(audit), model=model, rates=(rate,)), "en", people).decode()
    names = "; ".join(row.name.en for row in rows[:2])
    assert "1.1 actual, 9 planned" in page
    assert f"(counts these rows together: {names})" in html.unescape(page)
