"""Where a fault can be planted in the course of a case so that the log shows it beyond doubt.

An edit is *clear* if the edited trace is none of the model's, and all its least repairs undo this very edit.
Whose fault it then is follows decision 0008: a missing receiver is a dropped handoff, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reference_models.model import Deadline, ReferenceModel
from walkthrough.simulation.cells import Value
from walkthrough.simulation.courses import UNKNOWN_LABEL, Course, Item, Plant, plain, returns
from walkthrough.simulation.declared import Seen, breaches
from walkthrough.simulation.language import Repair
from walkthrough.simulation.plan import Plan

MOST_TRIES = 1_500
"""Places looked at per kind of fault."""
NO_VALUES: Mapping[str, Value] = {}
Edits = Iterator[Course]


class Editor:
    """Plants faults into the runs of a model."""

    def __init__(self, plan: Plan, courses: Sequence[Course]) -> None:
        self.plan, self.courses = plan, courses

    def clear(self, edit: str, rng: np.random.Generator, most: int) -> list[Course]:
        """Up to so many different edits of one of EDITS, at places drawn at random."""
        places = [(course, at) for course in self.courses for at in range(len(course.items))]
        found: list[Course] = []
        subjects: dict[str, int] = {}
        for number in rng.permutation(len(places))[:MOST_TRIES].tolist():
            course, at = places[number]
            for edited in EDITS[edit](self, course, at, rng):
                assert edited.plant is not None
                of = f"{edited.plant.of}:{edited.plant.subject}"
                if subjects.get(of, 0) * 3 < most and edited not in found:
                    subjects[of] = subjects.get(of, 0) + 1
                    found.append(edited)
            if len(found) >= most:
                break
        return found[:most]

    def is_clear(self, course: Course, undone_by: set[Repair], *, open_: bool = False) -> bool:
        """Whether the only least repairs are these, and nothing else comes of the edit."""
        language, plan = self.plan.language, self.plan
        if language is None or (not open_ and not plan.closed(course.trace)):
            return False
        if any(activity not in language.codes for activity in course.trace) or language.allows(course.trace):
            return False
        price = max(sum(language.cost(*step) for step in repair) for repair in undone_by)
        found = language.repairs(course.trace, price)
        return found is not None and len(found) > 0 and found <= undone_by

    def bounces(self, course: Course) -> bool:
        """Whether the case goes back and forth more often than is allowed."""
        rule = self.plan.model.ping_pong
        if rule is None:
            return False
        roles = [item.by or self.plan.lanes.get(item.activity, "") for item in course.items]
        own = returns([self.plan.lanes[activity] for activity in course.run.activities])
        return returns(roles) > rule.allowed + (own if rule.between == "role" else 0)

    def handed_over(self, course: Course, at: int) -> list[str]:
        """Ids of the handoffs by which the item's work came to it."""
        origin = course.items[at].origin
        if origin < 0:
            return []
        run, plan = course.run, self.plan
        pairs = [(run.activities[sender], run.activities[origin]) for sender in sorted(run.senders[origin])]
        return [plan.handoffs[pair].id for pair in pairs if pair in plan.handoffs]

    def hands_over(self, course: Course, at: int) -> bool:
        """Whether the item's work goes on to another role."""
        origin, run = course.items[at].origin, course.run
        return any(
            origin in senders and (run.activities[origin], run.activities[receiver]) in self.plan.handoffs
            for receiver, senders in enumerate(run.senders)
        )

    # Each of the following yields the edits of one sort at one place of a course.

    def left_out(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A task that is not done."""
        missing = course.items[at].activity
        kept = (*course.items[:at], *course.items[at + 1 :])
        plant = self._whose_loss(course, at)
        edited = replace(course, items=kept, plant=plant)
        if not kept or not self.is_clear(edited, {(("insert", missing),)}) or self.bounces(edited):
            return
        if plant.family == "deviation" and len(self._ends_there(edited.trace, missing)) > 1:
            return  # skipped, or an early end? The log does not show where it would have come
        yield edited

    def _ends_there(self, trace: tuple[str, ...], missing: str) -> set[bool]:
        """Of all places where the missing task may have been: whether they are the end."""
        assert self.plan.language is not None
        places = range(len(trace) + 1)
        allows = self.plan.language.allows
        return {at == len(trace) for at in places if allows((*trace[:at], missing, *trace[at:]))}

    def _whose_loss(self, course: Course, at: int) -> Plant:
        missing = course.items[at].activity
        if self.handed_over(course, at):
            return Plant("handoff", "dropped", missing)
        if self.hands_over(course, at):
            return Plant("handoff", "unsent", missing)
        for pair in self.plan.model.returns:
            if pair.returned_by == missing and pair.dispatched_by in course.trace[:at]:
                return Plant("handoff", "unreturned", f"{pair.dispatched_by}->{missing}")
        if at == len(course.items) - 1:
            return Plant("deviation", "early_end", course.items[at - 1].activity)
        return Plant("deviation", "skipped", missing)

    def too_many(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A task that has no place after this one."""
        assert self.plan.language is not None
        names = self.plan.language.activities
        for number in rng.permutation(len(names))[:6].tolist():
            yield from self._surplus(course, at, names[number])
        yield from self._surplus(course, at, course.items[at].activity)

    def _surplus(self, course: Course, at: int, activity: str) -> Edits:
        if activity in course.trace[at + 1 :]:
            return  # of two equal events the later one is the surplus
        done = activity in course.trace
        plant = Plant("deviation", "repeated" if done else "inserted", activity)
        for pair in self.plan.model.returns:
            if pair.dispatched_by == activity:
                plant = Plant("handoff", "unreturned", f"{activity}->{pair.returned_by}")
        for order in self.plan.model.duplicates:
            if order.activity == activity and not done:
                return
            if order.activity == activity:
                since = course.trace[len(course.trace) - 1 - course.trace[::-1].index(activity) : at + 1]
                settled = not order.open_until or set(order.open_until) & set(since)
                plant = Plant("duplicate", "exact" if settled else "resent", order.id)
        extra = Item(activity, brief=True, faulty=True)
        edited = replace(course, items=(*course.items[: at + 1], extra, *course.items[at + 1 :]), plant=plant)
        if self.is_clear(edited, {(("delete", activity),)}) and not self.bounces(edited):
            yield edited

    def out_of_order(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """Two neighbours that change places."""
        if at + 1 >= len(course.items) or course.items[at].activity == course.items[at + 1].activity:
            return
        a, b = (replace(course.items[n], faulty=True) for n in (at, at + 1))
        plant = Plant("deviation", "swapped", f"{a.activity}|{b.activity}")
        if (a.activity, b.activity) in {(p.dispatched_by, p.returned_by) for p in self.plan.model.returns}:
            return  # the return settles none then: out of order, and unreturned as well
        edited = replace(course, items=(*course.items[:at], b, a, *course.items[at + 2 :]), plant=plant)
        undone: set[Repair] = {(("delete", each.activity), ("insert", each.activity)) for each in (a, b)}
        if self.is_clear(edited, undone) and not self.bounces(edited):
            yield edited

    def pushed_back(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """Work that goes back and forth between two roles."""
        rule, before = self.plan.model.ping_pong, at - 1
        if rule is None or before < 0 or not self.handed_over(course, at):
            return
        sender, receiver = course.items[before].activity, course.items[at].activity
        special = {*self.plan.placing, *(pair.dispatched_by for pair in self.plan.model.returns)}
        if (sender, receiver) not in self.plan.handoffs or special & {sender, receiver}:
            return
        if {sender, receiver} & {*self.plan.model.ends, *course.trace[at + 1 :]}:
            return
        times = max(2, rule.allowed // 2 + 1)
        bounce = tuple(Item(each, brief=True, faulty=True) for each in (sender, receiver)) * times
        plant = Plant("handoff", "ping_pong", f"{sender}->{receiver}")
        edited = replace(
            course, items=(*course.items[: at + 1], *bounce, *course.items[at + 1 :]), plant=plant
        )
        undone = tuple(sorted([("delete", sender), ("delete", receiver)] * times))
        if self.bounces(edited) and self.is_clear(edited, {undone}):
            yield edited

    def misrouted(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A task taken up by another role than that of its lane."""
        lane = self.plan.lanes.get(course.items[at].activity, "")
        if not self.handed_over(course, at):
            return
        others = sorted(set(self.plan.model.roles) - {lane})
        for number in rng.permutation(len(others))[:3].tolist():
            plant = Plant("handoff", "misrouted", course.items[at].activity)
            edited = course.with_item(at, plant, by=others[number])
            if not self.bounces(edited):
                yield edited

    def unknown(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A label that no model knows."""
        extra = Item(UNKNOWN_LABEL, brief=True, faulty=True)
        items = (*course.items[: at + 1], extra, *course.items[at + 1 :])
        yield replace(course, items=items, plant=Plant("deviation", "unknown", UNKNOWN_LABEL))

    def handed_over_late(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A receiver that leaves the work lying past the handoff's limit."""
        run, origin = course.run, course.items[at].origin
        if self.handed_over(course, at):
            last = max(run.senders[origin])  # of several senders the last one decides
            handoff = self.plan.handoffs.get((run.activities[last], run.activities[origin]))
            if handoff and handoff.id in self.plan.handoff_limits:
                yield course.with_item(at, Plant("handoff", "late", handoff.id), late=handoff.id)

    def past_deadline(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """Work that takes longer than the whole limit."""
        for deadline in self.plan.model.deadlines:
            trace = course.trace
            if deadline.start not in trace[:at] or deadline.stop not in trace[at:]:
                continue
            if _paused_at(deadline, trace, at):
                continue
            if not {deadline.start, *deadline.restart_on} & set(trace[at + 1 :]):
                yield course.with_item(at, Plant("deadline", "late", deadline.id), stretched=deadline.id)

    def past_partner(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """The second of two that belong together takes longer than the limit between them."""
        for match in self.plan.model.matches:
            two = {match.one, match.other}
            if match.limit is None or match.same or course.items[at].activity not in two:
                continue
            before = [item.activity for item in course.items[:at] if item.activity in two]
            after = [item.activity for item in course.items[at + 1 :] if item.activity in two]
            if len(before) == 1 and before[0] != course.items[at].activity and not after:
                yield course.with_item(at, Plant("rule", "matched", match.id), stretched=match.id)

    def barred(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """Something beside the flow that a rule does not want there."""
        activities = self.plan.model.activities
        seen = [
            Seen(item.activity, n, activities[item.activity].in_flow) for n, item in enumerate(course.items)
        ]
        for rule in self.plan.model.rules:
            for name in (rule.activity, rule.target):
                if name is None or activities[name].in_flow:
                    continue
                with_it = [*seen[: at + 1], Seen(name, at, in_flow=False), *seen[at + 1 :]]
                with_it = [each._replace(us=n) for n, each in enumerate(with_it)]
                if broken_rules(self.plan.model, seen) or broken_rules(self.plan.model, with_it) != {rule.id}:
                    continue
                extra = Item(name, brief=True, faulty=True)
                items = (*course.items[: at + 1], extra, *course.items[at + 1 :])
                yield replace(course, items=items, plant=Plant("rule", "declare", rule.id))

    def untold(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """A milestone of which nobody is told in time."""
        for told in self.plan.model.told:
            if told.after != course.items[at].activity or self.plan.model.activities[told.told_by].in_flow:
                continue
            if any(item.activity == told.after for item in course.items[at + 1 :]):
                continue
            if told.limit is None:  # late is in time then, never is not
                yield replace(course.with_item(at, Plant("rule", "told", told.id)), quiet=(told.told_by,))
                continue
            edited = course.with_item(at, Plant("rule", "told", told.id), untold=True)
            others = {each.after for each in self.plan.model.told if each.told_by == told.told_by}
            if len([item for item in course.items if item.activity in others]) > 1 or rng.random() < 0.5:
                edited = replace(edited, quiet=(told.told_by,))  # another notice might answer it
            yield edited

    def own_work_approved(self, course: Course, at: int, rng: np.random.Generator) -> Edits:
        """Two activities that nobody may do both, done by one person."""
        for rule in self.plan.model.four_eyes:
            earlier = set(course.trace[:at]) & set(rule.activities)
            if course.items[at].activity in rule.activities and earlier - {course.items[at].activity}:
                yield course.with_item(at, Plant("rule", "four_eyes", rule.id), same_person=rule.id)


def broken_rules(
    model: ReferenceModel, events: Sequence[Seen], values: Mapping[str, Value] = NO_VALUES
) -> frozenset[str]:
    """Ids of the rules without limit that a closed case breaks, by the order of its events."""
    return frozenset(
        rule.id
        for rule in model.rules
        if rule.limit is None
        and breaches(rule, events, values, over=True, counter=None, as_of_us=len(events) + 1)
    )


EDITS: dict[str, Callable[[Editor, Course, int, np.random.Generator], Edits]] = {
    "left out": Editor.left_out,
    "too many": Editor.too_many,
    "out of order": Editor.out_of_order,
    "pushed back": Editor.pushed_back,
    "misrouted": Editor.misrouted,
    "unknown": Editor.unknown,
    "handed over late": Editor.handed_over_late,
    "past deadline": Editor.past_deadline,
    "untold": Editor.untold,
    "own work": Editor.own_work_approved,
    "past partner": Editor.past_partner,
    "barred": Editor.barred,
}
"""Faults in closed cases. Open cases, pairs of orders and gaps in the numbering are made elsewhere."""

STRUCTURAL = ("left out", "too many", "out of order", "pushed back")
"""Those that need to know what the model allows."""


def _paused_at(deadline: Deadline, trace: Sequence[str], at: int) -> bool:
    """Whether the clock stands still while an item is worked on."""
    return any(pause.start in trace[:at] and pause.end in trace[at:] for pause in deadline.pauses)


def runs_on(deadline: Deadline, trace: Sequence[str]) -> bool:
    """Whether its clock runs, and has run since before the last event, when a case is found lying there."""
    before, last = trace[:-1], trace[-1]
    paused = any(pause.start in before for pause in deadline.pauses)
    return (
        deadline.start in before
        and deadline.stop not in trace
        and last not in deadline.restart_on
        and not paused
    )


def stopped(plan: Plan, course: Course) -> Iterator[Course]:
    """The case as far as it came: its last event is where an open one is found lying."""
    for at in range(1, len(course.items)):
        head = course.items[:at]
        trace = [item.activity for item in head]
        if not plan.closed(trace):
            yield replace(course, items=(*head[:-1], replace(head[-1], faulty=True)))


def paused(plan: Plan, course: Course, rng: np.random.Generator) -> Course | None:
    """The same with the customer not being ready for a while, inside a clock."""
    for deadline in plan.model.deadlines:
        trace = course.trace
        outside = [p for p in deadline.pauses if not plan.model.activities[p.start].in_flow]
        if not outside or deadline.start not in trace or deadline.stop not in trace:
            continue
        begin, end = trace.index(deadline.start), len(trace) - 1 - trace[::-1].index(deadline.stop)
        if begin < end:
            at = int(rng.integers(begin + 1, end + 1))
            wait = (Item(outside[0].start, waits=True), Item(outside[0].end, waits=True))
            items = (*course.items[:at], *wait, *course.items[at:])
            return replace(course, items=items, innocent="paused")
    return None


__all__ = ["EDITS", "STRUCTURAL", "Editor", "paused", "plain", "stopped"]
