"""Kinds of broken handoffs and early ends: what is found, what is not, and that nothing is told twice."""

from __future__ import annotations

import pytest
from workbench import audit_text, found

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
