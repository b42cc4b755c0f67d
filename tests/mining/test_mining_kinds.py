"""Kinds of broken handoffs and early ends: what is found, what is not, and that nothing is told twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from workbench import audit_text, example_model, found

WHOLE = """
    case,activity,time
    1,受理,2024-03-04 09:00
    1,定方案,2024-03-04 11:00
    1,采购要求,2024-03-04 14:00
    1,施工,2024-03-05 14:00
    1,测试,2024-03-06 09:00
    1,验收,2024-03-07 09:00
"""
AS_OF = "2024-03-08T12:00+08:00"
MINUTES = ("%Y-%m-%d %H:%M",)


def without(*activities: str) -> str:
    return "\n".join(line for line in WHOLE.splitlines() if not any(a in line for a in activities))


def broken(result, verdict: str = "violated") -> list[str]:
    """Rules on missing steps."""
    families = ("handoff.dropped", "handoff.unsent", "deviation")
    return [rule for rule, _ in found(result, verdict) if rule.startswith(families)]


@pytest.mark.parametrize(
    ("missing", "rules"),
    [
        (["受理"], ["handoff.unsent:take_order->plan"]),
        (["定方案"], ["handoff.dropped:take_order->plan"]),  # and its own handoff is not told besides
        (["施工"], ["handoff.unsent:build->test"]),
        (["受理", "定方案"], ["deviation.skipped:take_order", "handoff.unsent:plan->request_material"]),
        (["定方案", "采购要求"], ["deviation.skipped:request_material", "handoff.dropped:take_order->plan"]),
    ],
)
def test_every_missing_step_is_told_once(missing, rules):
    assert broken(audit_text(without(*missing), AS_OF)) == rules


def test_a_sender_that_came_too_late_sent_out_of_order():
    text = WHOLE.replace("受理,2024-03-04 09:00", "受理,2024-03-04 12:00")
    told = broken(audit_text(text, AS_OF))
    assert told in (["deviation.swapped:take_order"], ["deviation.swapped:plan"])


def test_the_sender_may_be_among_rejected_rows_or_unknown_labels():
    rejected = WHOLE.replace("施工,2024-03-05 14:00", "施工,someday")
    unknown = WHOLE.replace("施工", "神秘环节")
    for text, reason in ((rejected, "excluded_rows"), (unknown, "unknown_activity")):
        result = audit_text(text, AS_OF, reject_limit=1, time_formats=MINUTES)
        assert broken(result, "not_determinable") == ["handoff.unsent:build->test"]
        (finding,) = [f for f in result.findings if f.rule.id == "handoff.unsent:build->test"]
        assert finding.reasons == ((reason, 1),)


def test_who_sent_before_the_window_is_not_asked_for():
    window = {"from": "2024-03-06", "until": "2024-03-31", "selection": "all events in March"}
    text = without("受理", "定方案", "采购要求", "施工")
    assert broken(audit_text(text, AS_OF, window=window)) == []
    assert "handoff.unsent:build->test" in broken(audit_text(text, AS_OF))


def test_the_evidence_of_an_unsent_handoff_is_the_receiver_and_what_came_before():
    result = audit_text(without("施工"), AS_OF)
    (finding,) = [f for f in result.findings if f.rule.id == "handoff.unsent:build->test"]
    (occurrence,) = finding.worst
    labels = [result.evidence[row].activity for row in occurrence.rows]
    assert (labels, occurrence.anchor) == (["采购要求", "测试"], "test#1")


RETURNS = """
    case,activity,time
    1,受理,2024-03-04 09:00
    1,定方案,2024-03-04 11:00
    1,采购要求,2024-03-04 14:00
    1,到货,2024-03-05 14:00
    2,受理,2024-03-04 09:00
    2,定方案,2024-03-04 11:00
    2,采购要求,2024-03-04 14:00
"""


def unreturned(result) -> dict[str, str]:
    table = result.occurrences[result.occurrences["rule_id"].str.startswith("handoff.unreturned")]
    return dict(zip(table["case_id"], table["verdict"], strict=True))


def test_an_open_dispatch_is_pending_and_a_closed_one_is_unreturned():
    assert unreturned(audit_text(RETURNS, AS_OF)) == {"2": "pending"}
    closed = (
        RETURNS + "    2,施工,2024-03-05 09:00\n    2,测试,2024-03-06 09:00\n    2,验收,2024-03-07 09:00\n"
    )
    assert unreturned(audit_text(closed, AS_OF)) == {"2": "violated"}
    unread = closed + "    2,到货,someday\n"
    result = audit_text(unread, AS_OF, reject_limit=1, time_formats=MINUTES)
    assert unreturned(result) == {"2": "not_determinable"}


def test_a_return_settles_the_oldest_dispatch_and_one_that_came_before_settles_none():
    text = """
        case,activity,time,event_id
        1,到货,2024-03-04 08:00,a
        1,采购要求,2024-03-04 09:00,b
        1,采购要求,2024-03-04 10:00,c
        1,到货,2024-03-04 10:00,d
    """
    table = audit_text(text, AS_OF).occurrences
    assert table.loc[table["rule_id"].str.startswith("handoff.unreturned"), "anchor"].tolist() == ["c"]


def test_a_dispatch_too_many_without_return_is_no_repetition_besides():
    text = WHOLE.replace("1,施工", "1,到货,2024-03-04 15:00\n    1,采购要求,2024-03-04 16:00\n    1,施工")
    rules = [rule for rule, _ in found(audit_text(text, AS_OF))]
    assert "handoff.unreturned:request_material->goods" in rules
    assert not any(rule.startswith("deviation.repeated") for rule in rules)


def in_flow_return(answered_by: str):
    pair = replace(example_model().returns[0], dispatched_by="request_material", returned_by=answered_by)
    return replace(example_model(), returns=(pair,))


@pytest.mark.parametrize(
    ("returned_by", "missing", "rules"),
    [
        ("test", ["测试"], ["handoff.dropped:build->test"]),
        ("build", ["施工"], ["handoff.unsent:build->test"]),
        ("test", ["施工", "测试"], ["deviation.skipped:build", "handoff.unsent:test->accept"]),
    ],
)
def test_a_missing_return_in_the_flow_is_told_once(returned_by, missing, rules):
    other = WHOLE.replace("    1,", "    2,").split("time", 1)[1]
    result = audit_text(without(*missing) + other, AS_OF, model=in_flow_return(returned_by))
    told = [rule for rule, _ in found(result) if rule.startswith(("handoff.", "deviation"))]
    assert [rule for rule in told if not rule.startswith(("handoff.ping", "handoff.late"))] == rules


def test_a_missing_return_that_no_handoff_owns_is_unreturned_and_not_skipped():
    other = WHOLE.replace("    1,", "    2,").split("time", 1)[1]
    text = without("施工", "测试") + other
    model = in_flow_return("build")
    rules = [rule for rule, case in found(audit_text(text, AS_OF, model=model)) if case == "1"]
    assert "handoff.unreturned:request_material->build" in rules
    assert not any(rule.startswith("deviation") for rule in rules)


def test_whose_unit_is_not_known_is_not_accused():
    text = """
        case,activity,time,role
        1,受理,2024-03-04 09:00,客户经理
        1,定方案,2024-03-04 11:00,外协队
        2,受理,2024-03-04 09:00,客户经理
        2,定方案,2024-03-04 11:00,
        3,受理,2024-03-04 09:00,客户经理
        3,定方案,2024-03-04 11:00,客户部
    """
    result = audit_text(text, AS_OF)
    (finding,) = [f for f in result.findings if f.rule.id == "handoff.misrouted:take_order->plan"]
    assert finding.reasons == (("no_unit", 1), ("unknown_unit", 1))
    assert [case for rule, case in found(result) if rule == finding.rule.id] == ["3"]


@pytest.mark.parametrize(
    ("role", "reason"), [("", "field_missing"), (",role", "field_missing"), (",role,外协队", "no_known_unit")]
)
def test_without_units_misrouting_could_not_be_checked(role, reason):
    heading, _, unit = role[1:].partition(",")
    lines = [f"case,activity,time{',' + heading if heading else ''}"]
    lines += [f"1,{a},2024-03-04 09:00{',' + unit if heading else ''}" for a in ("受理", "定方案")]
    result = audit_text("\n".join(lines), AS_OF)
    assert [each.reason for each in result.not_checked if each.kind == "misrouted"] == [reason]


def test_an_early_end_is_told_once_and_after_the_last_event_in_its_place():
    text = """
        case,activity,time
        1,验收,2024-03-04 08:00
        1,受理,2024-03-04 09:00
        1,定方案,2024-03-04 11:00
    """
    result = audit_text(text, AS_OF)
    ends = [rule for rule, _ in found(result) if rule.startswith("deviation")]
    assert ends == ["deviation.early_end:plan", "deviation.swapped:accept"]
    assert [rule for rule, _ in found(audit_text(without("验收"), AS_OF)) if "early_end" in rule] == []


def test_a_case_that_ended_in_its_place_conforms():
    (finding,) = [f for f in audit_text(WHOLE, AS_OF).findings if f.rule.kind == "early_end"]
    assert (finding.rule.id, finding.counts.conformant) == ("deviation.early_end:accept", 1)


OVERLAPPING = """
    case,activity,time,lifecycle
    1,受理,2024-03-04 09:00,start
    1,定方案,2024-03-04 10:00,start
    1,受理,2024-03-04 11:00,complete
    1,定方案,2024-03-04 12:00,complete
"""


def test_work_that_overlaps_is_not_pushed_back_and_forth():
    assert [rule for rule, _ in found(audit_text(OVERLAPPING)) if "ping_pong" in rule] == []
    bounced = OVERLAPPING + "    1,受理,2024-03-04 13:00,complete\n"
    assert [rule for rule, _ in found(audit_text(bounced)) if "ping_pong" in rule] == [
        "handoff.ping_pong:role"
    ]
