"""On-time rates in a report: reached, missed, or too few to say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mining.audit_result import Audit
from mining.findings import Counts
from mining.rates import wilson
from reports.html import render
from reports.pseudonyms import Pseudonyms


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
