"""Warnings before a deadline, gaps in the numbering, learned idle limits."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from scipy.stats import CensoredData, ecdf
from workbench import audit_text, example_model, found

from mining.waits import quantile
from reference_models.model import Authority, IdleLimit, LearnedLimit, Standing, Text

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
    assert verdicts(result, "deadline.at_risk") == {"near": "pending", "unread": "pending"}
    assert verdicts(result, "deadline.overdue_and_open") == {
        "young": "pending",
        "over": "violated",
        "no class": "not_determinable",
    }
    assert ("deadline.overdue_and_open:delivery/few/C", "over") in found(result)
    (finding,) = [f for f in result.findings if f.rule.id == "deadline.at_risk:delivery/few/C"]
    assert [(each.case_id, each.measure, each.limit) for each in finding.warned] == [
        ("near", 7, 10),
        ("unread", 7, 10),
    ]
    assert (finding.rule.limit, finding.reasons, finding.worst) == (6, (("at_risk", 2),), ())
    assert finding.warned[0].ledger
    assert set(finding.warned[0].rows) <= result.evidence.keys()


def test_a_warning_is_no_breach():
    result = audit_text("case,activity,time,grade,lines\nnear,受理,2024-03-04 09:00,C,5", AS_OF)
    (finding,) = [f for f in result.findings if f.rule.kind == "at_risk"]
    assert (finding.is_violated, finding.severity.name) == (False, "INFO")
    assert not [rule for rule, _ in found(result) if rule.startswith("deadline")]
    (rate,) = [r for r in result.rates if (r.row, r.category) == ("few", "C")]
    assert (rate.counts.pending, rate.counts.decided) == (1, 0)


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


def test_a_case_of_which_the_window_has_only_records_beside_the_flow_may_be_over():
    """A note about a case that ended before the export begins: neither stalled nor a number to count from."""
    text = """
        case,activity,time
        NO-0003,等客户,2024-03-05 09:00
        NO-0007,受理,2024-03-05 09:00
        NO-0008,受理,2024-03-06 09:00
    """
    window = {"from": "2024-03-05", "until": "2024-03-31", "selection": "all events in March"}
    late = "2024-03-25T12:00+08:00"
    stated = audit_text(text, late, window=window)
    assert stated.population.began_before_window == 1
    assert verdicts(stated, "lost.stalled") == {
        "NO-0003": "not_determinable",
        "NO-0007": "violated",
        "NO-0008": "violated",
    }
    table = stated.occurrences.set_index("case_id")
    assert table.loc["NO-0003", "reason"] == "before_window"
    assert list(verdicts(stated, "lost.never")) == []
    unstated = audit_text(text, late)
    assert verdicts(unstated, "lost.stalled")["NO-0003"] == "violated"
    assert list(verdicts(unstated, "lost.never")) == ["NO-0003"]


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


def test_the_quantile_is_that_of_a_hand_worked_curve():
    # Ten at risk: S is .9 at 1, .8 at 2; two are censored at 3; 3 of 6 end at 4, so S is .4; 0 at 9.
    counts = [(1.0, 1, 0), (2.0, 1, 0), (3.0, 0, 2), (4.0, 3, 0), (9.0, 3, 0)]
    assert quantile([(wait, 50 * a, 50 * b) for wait, a, b in counts], 0.5, 0.5) == (4.0, 4.0, 4.0)
    assert quantile([(wait, 50 * a, 50 * b) for wait, a, b in counts], 0.15, 0.5)[0] == 2.0


def test_open_waits_are_not_taken_for_ended_ones_and_the_interval_holds_the_estimate():
    ended = [(float(day), 10, 0) for day in range(1, 41)]
    half_open = [(float(day), 5, 5) for day in range(1, 41)]
    estimate, low, high = quantile(ended, 0.9, 0.95)
    assert (estimate, low < estimate < high) == (36.0, True)
    assert quantile(half_open, 0.5, 0.95)[0] > quantile(ended, 0.5, 0.95)[0]


def test_a_curve_agrees_with_that_of_scipy():
    rng = random.Random(4)
    waits = [rng.randint(1, 30) for _ in range(300)]
    open_ones = [rng.random() < 0.3 for _ in waits]
    counts = Counter(zip(waits, open_ones, strict=True))
    table = [(float(w), counts[w, False], counts[w, True]) for w in sorted(set(waits))]
    ended, censored = (
        [w for w, still in zip(waits, open_ones, strict=True) if still is want] for want in (False, True)
    )
    curve = ecdf(CensoredData(uncensored=ended, right=censored)).sf
    for share in (0.5, 0.7, 0.8):
        steps = zip(curve.quantiles, curve.probabilities, strict=True)
        assert quantile(table, share, 0.9)[0] == next(t for t, s in steps if s <= 1 - share)


def test_too_few_waits_bear_no_limit():
    assert quantile([(1.0, 3, 0)], 0.95, 0.95) is None
    assert quantile([(1.0, 1, 40)], 0.5, 0.95) is None
    assert quantile([], 0.5, 0.95) is None


def learning(quantile: float):
    authority = Authority(Standing.ASSUMED, reason=Text("示例", "An example"))
    learn = LearnedLimit(quantile, 0.9, "days", authority)
    return replace(example_model(), idle_limits=(IdleLimit(None, None, learn),))


def waits(count: int) -> str:
    rows = ["case,activity,time"]
    for number in range(count):
        rows.append(f"d{number:02},受理,2024-03-01 09:00")
        rows.append(f"d{number:02},定方案,2024-03-{2 + number % 5:02} 09:00")
        rows.append(f"d{number:02},验收,2024-03-{3 + number % 5:02} 09:00")
    return "\n".join([*rows, "lost,受理,2024-03-01 09:00", "young,受理,2024-03-19 09:00"])


def test_a_learned_limit_finds_what_lies_longer_than_the_rest_and_says_how_it_came_about():
    result = audit_text(waits(30), "2024-03-20T12:00+08:00", model=learning(0.8))
    assert verdicts(result, "lost.stalled") == {"lost": "violated", "young": "pending"}
    (finding,) = [f for f in result.findings if f.rule.kind == "stalled"]
    # 36 of 62 end after a day (one is censored then), and six each after two to five: S is .42 .32 .22 .12.
    assert (finding.rule.limit, finding.rule.unit) == (4.0, "days")
    assert "62 waits (2 still open, censored)" in finding.rule.authority.reason.en
    assert finding.rule.authority.reason.en.endswith("An example")


def test_without_enough_waits_a_learned_limit_is_no_limit():
    result = audit_text(waits(1), "2024-03-20T12:00+08:00", model=learning(0.95))
    assert set(verdicts(result, "lost.stalled").values()) == {"not_determinable"}
    (finding,) = [f for f in result.findings if f.rule.kind == "stalled"]
    assert finding.reasons == (("too_few_waits", 2),)
