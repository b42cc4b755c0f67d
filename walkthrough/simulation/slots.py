"""A simulated case as a row of slots: what happens in which order, and what a planted fault changes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from walkthrough.simulation.scenarios import Scenario

UNKNOWN_LABEL = "系统自动提醒"
"""A label that no model knows."""


@dataclass(frozen=True)
class Slot:
    """One event of a case."""

    activity: str
    beside: bool = False
    """Recorded beside the work: it takes no time from it."""
    brief: bool = False
    """Takes minutes only."""
    late: float = 0.0
    """Limit that the wait before it must exceed, in the scenario's unit; 0: it is taken up in time."""
    stretched: bool = False
    """Takes longer than the clock's whole limit."""
    halts: bool = False
    """Begins a pause: the work goes on only after it."""
    by: str = ""
    """Role whose unit does it; empty: that of the activity's lane."""
    faulty: bool = False
    """The event that shows the planted fault; the answer key names its row."""


@dataclass(frozen=True)
class Plant:
    """A fault planted in a group of cases."""

    family: str
    kind: str
    subject: str
    """Activity (or 'sender->receiver') that the finding must name."""


Slots = tuple[Slot, ...]
Edit = tuple[Plant | None, Slots]


def plain(scenario: Scenario, run: Sequence[str]) -> Slots:
    """A run as it should be: every milestone followed by its notice."""
    slots: list[Slot] = []
    for activity in run:
        slots.append(Slot(activity))
        if activity in scenario.told_after:
            slots.append(Slot(scenario.told_by, beside=True))
    return tuple(slots)


def paused(scenario: Scenario, slots: Slots, rng: np.random.Generator) -> Slots:
    """The same with the customer not being ready for a while, inside the clock."""
    if scenario.pause is None or scenario.clock is None:
        return slots
    begin, end = _index(slots, scenario.clock[0]), _index(slots, scenario.clock[1])
    places = [i for i in range(begin + 1, end + 1) if not slots[i].beside]
    at = int(rng.choice(places))
    pause = (Slot(scenario.pause[0], halts=True), Slot(scenario.pause[1], beside=True))
    return (*slots[:at], *pause, *slots[at:])


def activities_of(slots: Slots) -> set[str]:
    """Activities that occur."""
    return {slot.activity for slot in slots}


def _index(slots: Slots, activity: str) -> int:
    return next(i for i, slot in enumerate(slots) if slot.activity == activity)


def _has(slots: Slots, *activities: str) -> bool:
    return activities_of(slots).issuperset(activities)


def _surplus(activity: str) -> Slot:
    """An event too many."""
    return Slot(activity, brief=True, faulty=True)


def _without(slots: Slots, at: int) -> Slots:
    """Take a slot out, with the notice that follows it."""
    after = at + 1
    if after < len(slots) and slots[after].beside:
        after += 1
    return (*slots[:at], *slots[after:])


def _dropped(scenario: Scenario, slots: Slots) -> list[Edit]:
    return [
        (Plant("handoff", "dropped", receiver), _without(slots, _index(slots, receiver)))
        for receiver, needs in scenario.targets.dropped
        if _has(slots, receiver, needs) and _once(slots, receiver)
    ]


def _once(slots: Slots, activity: str) -> bool:
    return sum(slot.activity == activity for slot in slots) == 1


def _late_handoff(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for sender, receiver in scenario.targets.late_handoff:
        if not (_once(slots, sender) and _once(slots, receiver)) or _work_between(slots, sender, receiver):
            continue
        at, limit = _index(slots, receiver), scenario.limits[f"{sender}->{receiver}"]
        changed = (*slots[:at], replace(slots[at], late=limit, faulty=True), *slots[at + 1 :])
        edits.append((Plant("handoff", "late", f"{sender}->{receiver}"), changed))
    return edits


def _work_between(slots: Slots, first: str, second: str) -> bool:
    """Whether the second task does not follow the first at once."""
    between = slots[_index(slots, first) + 1 : _index(slots, second)]
    return _index(slots, first) > _index(slots, second) or any(not slot.beside for slot in between)


def _ping_pong(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for sender, receiver in scenario.targets.ping_pong:
        if not (_once(slots, sender) and _once(slots, receiver)):
            continue
        if _work_between(slots, sender, receiver):
            continue
        at = _index(slots, receiver) + 1
        notices = tuple(slot for slot in slots[_index(slots, sender) : at] if slot.beside)
        bounce = (_surplus(sender), _surplus(receiver)) * 2
        changed = (*slots[:at], *bounce, *notices, *slots[at:])
        edits.append((Plant("handoff", "ping_pong", f"{sender}->{receiver}"), changed))
    return edits


def _unsent(scenario: Scenario, slots: Slots) -> list[Edit]:
    return [
        (Plant("handoff", "unsent", activity), _without(slots, _index(slots, activity)))
        for activity in scenario.targets.unsent
        if _has(slots, activity)
    ]


def _misrouted(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for activity, role in scenario.targets.misrouted:
        if _has(slots, activity) and _once(slots, activity):
            at = _index(slots, activity)
            changed = (*slots[:at], replace(slots[at], by=role, faulty=True), *slots[at + 1 :])
            edits.append((Plant("handoff", "misrouted", activity), changed))
    return edits


def _unreturned(scenario: Scenario, slots: Slots) -> list[Edit]:
    """Sent out twice, and one return order for both."""
    edits: list[Edit] = []
    for dispatch, back in scenario.targets.unreturned:
        if _has(slots, dispatch, back) and _once(slots, dispatch) and _once(slots, back):
            at = _index(slots, dispatch) + 1
            changed = (*slots[:at], _surplus(dispatch), *slots[at:])
            edits.append((Plant("handoff", "unreturned", f"{dispatch}->{back}"), changed))
    return edits


def _inserted(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for activity, after in scenario.targets.inserted:
        if _has(slots, after) and not _has(slots, activity):
            at = _index(slots, after) + 1
            changed = (*slots[:at], _surplus(activity), *slots[at:])
            edits.append((Plant("deviation", "inserted", activity), changed))
    return edits


def _repeated(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for activity in scenario.targets.repeated:
        if _once(slots, activity):
            at = _index(slots, activity) + 1
            changed = (*slots[:at], _surplus(activity), *slots[at:])
            edits.append((Plant("deviation", "repeated", activity), changed))
    return edits


def _swapped(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for first, second in scenario.targets.swapped:
        if not (_once(slots, first) and _once(slots, second)):
            continue
        a, b = _index(slots, first), _index(slots, second)
        if b == a + 1:
            end = b + 2 if slots[b + 1].beside else b + 1  # a notice stays with its milestone
            exchanged = (replace(slots[b], faulty=True), *slots[b + 1 : end], replace(slots[a], faulty=True))
            changed = (*slots[:a], *exchanged, *slots[end:])
            edits.append((Plant("deviation", "swapped", f"{first}|{second}"), changed))
    return edits


def _unknown(scenario: Scenario, slots: Slots) -> list[Edit]:
    changed = (*slots[:2], Slot(UNKNOWN_LABEL, beside=True, faulty=True), *slots[2:])
    return [(Plant("deviation", "unknown", UNKNOWN_LABEL), changed)]


def _late(scenario: Scenario, slots: Slots) -> list[Edit]:
    edits: list[Edit] = []
    for activity in scenario.targets.stretch:
        if scenario.clock and _has(slots, activity, *scenario.clock) and _once(slots, activity):
            at = _index(slots, activity)
            changed = (*slots[:at], replace(slots[at], stretched=True, faulty=True), *slots[at + 1 :])
            edits.append((Plant("deadline", "late", scenario.clock[1]), changed))
    return edits


def _told(scenario: Scenario, slots: Slots) -> list[Edit]:
    """All notices are left out: a single one may be answered by the next."""
    if not scenario.told_after or not _has(slots, scenario.told_after[-1]):
        return []
    kept = tuple(slot for slot in slots if slot.activity != scenario.told_by)
    return [(Plant("rule", "told", scenario.told_after[-1]), kept)]


def _resent_in_case(scenario: Scenario, slots: Slots) -> list[Edit]:
    if not scenario.order or not _has(slots, scenario.order):
        return []
    at = _index(slots, scenario.order) + 1
    changed = (*slots[:at], _surplus(scenario.order), *slots[at:])
    return [(Plant("duplicate", "resent", scenario.order), changed)]


def cut(scenario: Scenario, slots: Slots, *, after_start: bool) -> list[Slots]:
    """The case as far as it came: up to one of the activities after which an open case may stand.

    That last event is where such a case is found lying."""
    found = []
    for activity in scenario.targets.cut_after:
        if not (_has(slots, activity) and _once(slots, activity)):
            continue
        at = _index(slots, activity)
        started = scenario.clock is None or scenario.clock[0] in activities_of(slots[:at])
        if started or not after_start:
            found.append((*slots[:at], replace(slots[at], faulty=True)))
    return found


EDITS: dict[str, Callable[[Scenario, Slots], list[Edit]]] = {
    "handoff.dropped": _dropped,
    "handoff.late": _late_handoff,
    "handoff.ping_pong": _ping_pong,
    "duplicate.resent": _resent_in_case,
    "deadline.late": _late,
    "rule.told": _told,
    "handoff.unsent": _unsent,
    "handoff.misrouted": _misrouted,
    "handoff.unreturned": _unreturned,
    "deviation.inserted": _inserted,
    "deviation.repeated": _repeated,
    "deviation.swapped": _swapped,
    "deviation.unknown": _unknown,
}
"""Faults in closed cases. Open ones (stalled, overdue) and pairs of orders are made in `generate`."""
