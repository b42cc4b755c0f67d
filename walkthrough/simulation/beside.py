"""Events beside the flow that the contract asks for: notices, receipts, reports, and when they come."""

from __future__ import annotations

from dataclasses import dataclass

from reference_models.model import Limit
from walkthrough.simulation.courses import Course
from walkthrough.simulation.plan import Plan

RESPONSES = (
    "response",
    "succession",
    "alternate_response",
    "alternate_succession",
    "responded_existence",
    "co_existence",
)
PRECEDENCES = ("precedence", "succession", "alternate_precedence", "alternate_succession")


@dataclass(frozen=True)
class Beside:
    """An event beside the flow that comes with one of the flow."""

    activity: str
    at: int
    """Index of the item that it comes with."""
    before: bool
    """At that item's start; else some time after its end."""
    hours: float
    """Worked hours within which it must come; 0: at once."""
    rule: str = ""
    """Id of the rule of notices that asks for it."""


@dataclass(frozen=True)
class _Wanted:
    activity: str
    with_activity: str
    before: bool
    limit: Limit | None
    rule: str = ""


def beside(plan: Plan, course: Course) -> list[Beside]:
    """What comes with the items of a course."""
    found = receipts(plan, course)
    for at, item in enumerate(course.items):
        if item.waits:
            continue
        seen = {item.activity}
        for wanted in _wanted(plan):
            if wanted.with_activity in seen and wanted.activity not in course.quiet:
                hours = plan.limit_hours(wanted.limit) if wanted.limit else plan.hours_per_step
                found.append(Beside(wanted.activity, at, wanted.before, hours, wanted.rule))
                seen.add(wanted.activity)
    return found


def _wanted(plan: Plan) -> list[_Wanted]:
    model = plan.model
    flow = {each.id for each in model.activities.values() if each.in_flow}
    pauses = {each for d in model.deadlines for pause in d.pauses for each in (pause.start, pause.end)}
    wanted = [
        _Wanted(told.told_by, told.after, False, told.limit, told.id)
        for told in model.told
        if told.told_by not in flow
    ]
    for rule in model.rules:
        if rule.target and rule.template in RESPONSES and rule.target not in flow:
            wanted.append(_Wanted(rule.target, rule.activity, False, rule.limit))
        if rule.target and rule.template in PRECEDENCES and rule.activity not in flow:
            wanted.append(_Wanted(rule.activity, rule.target, True, None))
        if rule.target is None and rule.template in ("existence", "exactly") and rule.activity not in flow:
            wanted += [
                _Wanted(rule.activity, first, False, rule.limit)
                for first in {run.activities[0] for run, _ in plan.runs}
                for _ in range(rule.times)
            ]
    for match in model.matches:
        for there, wished in ((match.one, match.other), (match.other, match.one)):
            if wished not in flow and there in flow:
                wanted.append(_Wanted(wished, there, False, match.limit))
    for pair in model.returns:
        if pair.returned_by not in flow:
            wanted.append(_Wanted(pair.returned_by, pair.dispatched_by, False, None))
    kept: dict[tuple[str, str], _Wanted] = {}
    for each in wanted:
        if each.activity not in pauses:
            kept.setdefault((each.activity, each.with_activity), each)
    return sorted(kept.values(), key=lambda each: each.with_activity not in flow)


def receipts(plan: Plan, course: Course) -> list[Beside]:
    """Receipt and acceptance, where the contract has events for them."""
    found: dict[tuple[str, int], Beside] = {}
    run = course.run
    for at, item in enumerate(course.items):
        if item.origin < 0:
            continue
        for sender in sorted(run.senders[item.origin]):
            handoff = plan.handoffs.get((run.activities[sender], item.activity))
            for each in (*handoff.received_by[:1], *handoff.accepted_by[:1]) if handoff else ():
                if each not in course.quiet:
                    found.setdefault((each, at), Beside(each, at, True, 0.0))
    return list(found.values())
