"""Audits of messy logs agree with a slow re-performance by hand, verdict by verdict."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
import workbench
from reperform import CHINA, ROUTE, Reperformance
from workbench import audit_text, example_model, found

SPELLINGS = {
    "take_order": ["受理", "Take order", "ＴＡＫＥ　ORDER"],
    "plan": ["定方案", "Plan"],
    "request_material": ["采购要求"],
    "build": ["施工", " build"],
    "test": ["测试"],
    "accept": ["验收"],
    "wait": ["等客户"],
    "go_on": ["客户就绪"],
    "told": ["告知客户经理"],
    "received": ["接单"],
    "funds": ["资金到位"],
    "goods": ["到货"],
}
BESIDE = ["wait", "wait", "wait", "go_on", "go_on", "go_on", "told", "received", "funds", "goods"]
BEGIN = ["2024-02-08", "2024-04-03", "2024-04-26", "2024-09-13", "2024-09-28"]
"""Before holidays with adjusted working days."""
MINUTES = ("%Y-%m-%d %H:%M",)
AS_OF = "2024-03-26T11:00+08:00"
ELSEWHERE = ("rule.declare", "rule.four_eyes", "rule.matched", "rule.per_period")
"""Rules that tests of their own compare with a slow counterpart."""


def messy_log(seed: int, cases: int, *, start: bool) -> tuple[str, datetime]:
    """CSV text and an as-of: the model's way with detours, ties, copies, gaps, odd spellings, bad times."""
    rng = random.Random(seed)
    base = datetime.fromisoformat(rng.choice(BEGIN))
    lines = []
    for number in range(cases):
        at = base + timedelta(days=rng.randrange(6), hours=rng.choice([0, 9, 23]))
        path = list(ROUTE[: rng.choice([1, 1, 2, 3, 5, 6, 6])])
        if rng.random() < 0.15:
            path[5:5] = ["build", "test"]
        if rng.random() < 0.3:
            path.pop(rng.randrange(len(path)))
            path.append(rng.choice(ROUTE))
        for _ in range(rng.randrange(6)):
            path.insert(rng.randrange(len(path) + 1), rng.choice(BESIDE))
        if rng.random() < 0.08:
            path.insert(rng.randrange(len(path) + 1), "神秘环节")
        grade = rng.choice(["A", "A", "C", " 特殊应急 ", "普通", "ａ", "", "X"])
        size = rng.choice(["5", "5", "10", "11", '"1,200"', "10.5", "", "many", "nan"])
        for activity in path:
            at += timedelta(minutes=rng.choice([0, 1, 60, 180, 480, 481, 1200, 1440, 1440, 2880, 5760]))
            time = at.strftime(MINUTES[0]) if rng.random() < 0.97 else "someday"
            order = activity == "request_material"
            fields = [
                f"c{number}",
                rng.choice(SPELLINGS.get(activity, [activity])),
                time,
                grade if rng.random() < 0.9 else "",
                size,
                rng.choice(["光缆", "光缆", "电源", ""]) if order else "",
                rng.choice(["100", "100.00", "￥100", '"1,000"', "nan", ""]) if order else "",
                rng.choice(["", "", "客户经理", "网管中心", "Works", "外协"]),
            ]
            if start:
                began = at - timedelta(hours=rng.choice([0, 1, 30]))
                fields.append(began.strftime(MINUTES[0]) if rng.random() < 0.5 else "")
            lines += [",".join(fields)] * (2 if rng.random() < 0.04 else 1)
    rng.shuffle(lines)
    heading = "case,activity,time,grade,lines,item,amount,role" + (",start" if start else "")
    as_of = base + timedelta(days=rng.choice([9, 16, 25]), hours=rng.choice([0, 12]))
    return "\n".join([heading, *lines]) + "\n", as_of.replace(tzinfo=CHINA)


@pytest.mark.parametrize(("seed", "start"), [(1, False), (6, True)])
def test_an_audit_agrees_with_its_reperformance(seed, start):
    text, as_of = messy_log(seed, 60, start=start)
    by_hand = Reperformance(text, example_model(), as_of)
    result = audit_text(text, as_of.isoformat(), reject_limit=1, time_formats=MINUTES)
    judged = {
        (row.rule_id, row.case_id, row.anchor): row
        for row in result.occurrences.itertuples()
        if not row.rule_id.startswith(("deviation", "handoff.dropped", *ELSEWHERE))
        and (not row.rule_id.startswith("handoff") or by_hand.follows(by_hand.cases[row.case_id]))
    }
    expected = {key: each for key, each in by_hand.found.items() if each.verdict != "conformant"}
    assert {
        key: (row.verdict, row.reason if isinstance(row.reason, str) else None, list(row.rows))
        for key, row in judged.items()
    } == {key: (each.verdict, each.reason, each.rows) for key, each in expected.items()}
    for key, each in expected.items():
        assert each.measure is None or judged[key].measure == pytest.approx(each.measure), key
        assert each.due is None or judged[key].due_us == each.due.timestamp() * 1e6, key
    _assert_counts(result, by_hand)
    # A handoff not yet taken up may be pending as dropped and past its limit as late: one fingerprint.
    assert not result.occurrences.duplicated(["rule_id", "fingerprint"]).any()


def _assert_counts(result, by_hand):
    tally = Counter((rule, each.verdict) for (rule, _, _), each in by_hand.found.items())
    for finding in result.findings:
        rule, counts = finding.rule.id, finding.counts
        if rule.startswith(("deviation", "handoff", *ELSEWHERE)):
            continue
        # An order that repeats none conforms to both rules.
        kept = "duplicate.exact:material" if rule == "duplicate.resent:material" else rule
        assert counts.conformant == tally[kept, "conformant"], rule
        for verdict in ("violated", "pending", "not_determinable"):
            assert getattr(counts, verdict) == tally[rule, verdict], (rule, verdict)


WEEKEND = """
    case,activity,time,grade,lines
    waiting,受理,2024-03-05 09:00,A,5
    waiting,等客户,2024-03-08 09:00,A,5
    too late,受理,2024-03-05 09:00,A,5
    too late,等客户,2024-03-09 09:00,A,5
    too late,客户就绪,2024-03-12 09:00,A,5
    too late,验收,2024-03-12 12:00,A,5
"""


@pytest.mark.parametrize("as_of", ["2024-03-09T11:00+08:00", "2024-03-14T12:00+08:00"])
def test_a_pause_on_the_due_day_stops_the_clock_and_one_on_the_saturday_after_cures_nothing(as_of):
    # Three working days from Tuesday end on Friday, 8 March.
    breaches = ("deadline.late", "deadline.overdue_and_open")
    late = [case for rule, case in found(audit_text(WEEKEND, as_of)) if rule.startswith(breaches)]
    assert late == ["too late"]


def test_a_notice_at_the_very_instant_answers_whatever_the_order_of_rows():
    text = """
        case,activity,time
        1,告知客户经理,2024-03-08
        1,测试,2024-03-08
    """
    result = audit_text(text, AS_OF)
    assert not any(rule.startswith("rule.told") for rule, _ in found(result))


def test_start_and_completion_rows_of_one_order_are_one_order():
    text = """
        case,activity,time,lifecycle,item,amount
        1,采购要求,2024-03-08 09:00,start,光缆,100
        1,采购要求,2024-03-08 10:00,complete,光缆,100
        1,到货,2024-03-11 09:00,start,,
        2,采购要求,2024-03-11 10:00,complete,光缆,100
        1,到货,2024-03-11 11:00,complete,,
    """
    pairs = [each for each in found(audit_text(text, AS_OF)) if each[0].startswith("duplicate")]
    assert pairs == [("duplicate.resent:material", "2")]  # the goods had begun to come, not yet arrived


def test_what_never_came_may_be_among_the_rejected_rows():
    text = """
        case,activity,time,grade,lines
        1,受理,2024-03-05 09:00,A,5
        1,验收,someday,A,5
        2,受理,2024-03-05 09:00,A,5
        2,接单,someday,A,5
        3,受理,2024-03-05 09:00,A,5
        4,受理,2024-03-05 09:00,A,5
        4,接单,2024-03-05 10:00,A,5
    """
    result = audit_text(text, AS_OF, reject_limit=1, time_formats=MINUTES)
    open_rules = ("deadline.overdue_and_open", "lost.stalled", "handoff.late")
    table = result.occurrences[result.occurrences["rule_id"].str.startswith(open_rules)]
    unsure = table[table["case_id"].isin(["1", "2"])]
    assert set(unsure["verdict"]) == {"not_determinable"}
    assert set(unsure["reason"]) == {"excluded_rows"}
    assert [case for rule, case in found(result) if rule.startswith(open_rules)] == ["3", "4", "3", "3", "4"]


def test_the_ledger_adds_up_to_the_measure():
    text = """
        case,activity,time,grade,lines
        midnight,受理,2024-03-05,A,5
        midnight,验收,2024-03-12,A,5
        saturday,受理,2024-03-05 09:00,A,5
        saturday,等客户,2024-03-06 09:00,A,5
        saturday,客户就绪,2024-03-07,A,5
        saturday,验收,2024-03-16 12:00,A,5
    """
    worst = [o for f in audit_text(text, AS_OF).findings if f.rule.family == "deadline" for o in f.worst]
    assert {o.case_id: o.measure for o in worst} == {"midnight": 5, "saturday": 8}
    for occurrence in worst:
        assert sum(stretch.counted for stretch in occurrence.ledger) == occurrence.measure


def test_an_attribute_may_be_called_anything(tmp_path, monkeypatch):
    names = ("Variant", "activity_id", "in_flow", "label", "start_row", "row", "limit")
    heading = ",".join(["case,activity,time,grade,lines", *names])
    lines = [
        f"1,{a},2024-03-{d} 09:00,A,5" + ",x" * len(names) for a, d in (("受理", "05"), ("定方案", "06"))
    ]
    monkeypatch.setattr(workbench, "ATTRIBUTES", ("grade", "lines", *names))
    result = audit_text("\n".join([heading, *lines]), AS_OF)
    assert ("deadline.overdue_and_open:delivery/few/A", "1") in found(result)
    assert dict(result.case_files["1"].attributes)["Variant"] == "x"
