"""Warnings before a deadline, gaps in the numbering, learned idle limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from workbench import audit_text, example_model, found

MINUTES = ("%Y-%m-%d %H:%M",)


def verdicts(result, rule: str) -> dict[str, str]:
    table = result.occurrences[result.occurrences["rule_id"].str.startswith(rule)]
    return dict(zip(table["case_id"], table["verdict"], strict=True))


CLOCKS = """
    case,activity,time,grade,lines
    young,受理,2024-03-08 09:00,C,5
    near,受理,2024-03-04 09:00,C,5
    over,受理,2024-02-20 09:00,C,5
    done,受理,2024-03-04 09:00,C,5
    done,验收,2024-03-13 09:00,C,5
    unread,受理,2024-03-04 09:00,C,5
    unread,验收,someday,C,5
    no class,受理,2024-03-04 09:00,,5
"""
AS_OF = "2024-03-13T12:00+08:00"


def test_at_risk_are_clocks_that_run_in_time_and_past_the_threshold():
    result = audit_text(CLOCKS, AS_OF, reject_limit=1, time_formats=MINUTES)
    assert verdicts(result, "deadline.at_risk") == {
        "young": "pending",
        "near": "violated",
        "unread": "not_determinable",
        "no class": "not_determinable",
    }
    assert ("deadline.overdue_and_open:delivery/few/C", "over") in found(result)
    (finding,) = [f for f in result.findings if f.rule.id == "deadline.at_risk:delivery/few/C"]
    assert (finding.rule.limit, finding.worst[0].measure) == (6, 7)
    assert finding.worst[0].ledger


def test_a_warning_that_comes_true_is_the_same_occurrence():
    near = audit_text(CLOCKS, AS_OF, reject_limit=1, time_formats=MINUTES).occurrences
    later = audit_text(CLOCKS, "2024-03-20T12:00+08:00", reject_limit=1, time_formats=MINUTES).occurrences
    prints = [
        table.loc[(table["case_id"] == "near") & table["rule_id"].str.startswith(kind), "fingerprint"].item()
        for table, kind in ((near, "deadline.at_risk"), (later, "deadline.overdue_and_open"))
    ]
    assert prints[0] == prints[1]


def test_without_a_threshold_the_check_says_so():
    (deadline,) = example_model().deadlines
    silent = replace(example_model(), deadlines=(replace(deadline, warning=None),))
    result = audit_text(CLOCKS, AS_OF, model=silent, reject_limit=1, time_formats=MINUTES)
    assert [(n.reason, n.missing) for n in result.not_checked if n.kind == "at_risk"] == [
        ("not_in_model", ("warning",))
    ]
    assert verdicts(result, "deadline.at_risk") == {}


NUMBERS = """
    case,activity,time
    NO-0003,受理,2024-03-04 09:00
    NO-0004,受理,2024-03-04 10:00
    NO-0005,受理,someday
    NO-0008,受理,2024-03-05 09:00
    NO-0011,受理,2024-03-20 09:00
    XX-0020,受理,2024-03-05 09:00
"""


def test_a_gap_is_one_occurrence_with_its_neighbours():
    result = audit_text(NUMBERS, AS_OF, reject_limit=1, time_formats=MINUTES)
    table = result.occurrences[result.occurrences["rule_id"].str.startswith("lost.never_entered")]
    columns = ["case_id", "related_case", "measure", "anchor", "verdict"]
    # 5 was rejected and is there; 11 came after as-of, and what lies before it is not asked for yet.
    assert table[columns].to_numpy().tolist() == [["NO-0005", "NO-0008", 2.0, "missing:NO-0006", "violated"]]
    (finding,) = [f for f in result.findings if f.rule.kind == "never_entered"]
    assert finding.counts.conformant == 2


def test_a_number_may_be_among_rows_without_a_case():
    text = NUMBERS + "    ,受理,2024-03-05 10:00\n"
    result = audit_text(text, AS_OF, reject_limit=1, time_formats=MINUTES)
    assert set(verdicts(result, "lost.never_entered").values()) == {"not_determinable"}


def test_what_lies_before_the_window_is_cut():
    text = """
        case,activity,time
        NO-0003,验收,2024-03-05 09:00
        NO-0007,受理,2024-03-05 09:00
        NO-0009,受理,2024-03-06 09:00
    """
    window = {"from": "2024-03-05", "until": "2024-03-31", "selection": "all events in March"}
    assert list(verdicts(audit_text(text, AS_OF, window=window), "lost.never")) == ["NO-0007"]
    assert list(verdicts(audit_text(text, AS_OF), "lost.never")) == ["NO-0003", "NO-0007"]


@pytest.mark.parametrize(("digits", "gaps"), [(4, ["NO-0001"]), (None, ["NO-0001", "NO-3"])])
def test_the_number_of_digits_is_part_of_the_form(digits, gaps):
    (series,) = example_model().numbering
    model = replace(example_model(), numbering=(replace(series, digits=digits),))
    text = """
        case,activity,time
        NO-0001,受理,2024-03-05 09:00
        NO-3,受理,2024-03-05 09:00
        NO-0005,受理,2024-03-05 09:00
    """
    assert list(verdicts(audit_text(text, AS_OF, model=model), "lost.never")) == gaps
