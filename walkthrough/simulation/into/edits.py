"""Edits of a case that may break a clock, a rule or the separation of persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from reference_models.model import Deadline, DeclareRule, FourEyes, Match, Told
from walkthrough.simulation.axis import DAY, HOUR
from walkthrough.simulation.cells import Value, holds, limit_of
from walkthrough.simulation.courses import Plant
from walkthrough.simulation.into.log import Export, Step

Steps = Sequence[Step]
Values = Mapping[str, Value]
LONGER = (1.15, 2.0)
"""Delays tried, as multiples of a limit; and one that is long enough for any calendar."""


class Proposal(NamedTuple):
    """An edit of a case, and the fault that it may be."""

    plant: Plant
    steps: tuple[Step, ...]
    shown: tuple[int, ...]
    """Rows that show it; of new steps the numbers that they have here."""


class Proposals(NamedTuple):
    """The edits that may break one obligation."""

    of: Callable[[Steps, Values], Iterator[Proposal]]
    wants: Callable[[Sequence[str]], bool]
    """Whether a run gives occasion for it."""


class _Edits:
    """What can be done to the steps of a case, its order remaining as the model wants it."""

    def __init__(self, export: Export, last_us: int, rng: np.random.Generator) -> None:
        self.export, self.last_us, self.rng = export, last_us, rng
        self.plan = export.plan

    def beside(self, activity: str) -> bool:
        """Whether it is recorded beside the flow."""
        spec = self.plan.model.activities.get(activity)
        return spec is not None and not spec.in_flow

    def delayed(self, steps: Steps, at: int, limit: float, unit: str) -> Iterator[tuple[Step, ...]]:
        """The step there, and all after it, so much later that the limit is passed; one beside the flow
        alone."""
        for by in _longer(limit, unit):
            alone = self.beside(steps[at].activity)
            moved = [
                each._replace(us=each.us + by) if n == at or (n > at and not alone) else each
                for n, each in enumerate(steps)
            ]
            if max(each.us for each in moved) <= self.last_us:
                yield tuple(sorted(moved, key=lambda each: each.us))

    def without(self, steps: Steps, at: int) -> Iterator[tuple[Step, ...]]:
        """The same without a step, where the model allows it."""
        left = (*steps[:at], *steps[at + 1 :])
        if all(each.activity for each in steps) and (self.beside(steps[at].activity) or self._allowed(left)):
            yield left

    def exchanged(self, steps: Steps, at: int) -> Iterator[tuple[Step, ...]]:
        """Two steps that follow each other the other way round, where the model allows it."""
        a, b = steps[at], steps[at + 1]
        if a.us < b.us and a.activity and b.activity and a.activity != b.activity:
            swapped = (*steps[:at], b._replace(us=a.us), a._replace(us=b.us), *steps[at + 2 :])
            if self._allowed(swapped):
                yield swapped

    def _allowed(self, steps: Steps) -> bool:
        trace = [each.activity for each in steps if each.activity in self.export.flow]
        language = self.plan.language
        return language is not None and language.allows(trace) and self.plan.closed(trace)

    def places(self, count: int) -> list[int]:
        """Places in a case, in random order."""
        return [int(at) for at in self.rng.permutation(count)]


def _longer(limit: float, unit: str) -> list[int]:
    whole = limit * (HOUR if unit == "hours" else DAY)
    any_calendar = 3 * limit * (HOUR if unit == "hours" else DAY) + 12 * DAY
    return [round(each) for each in (*(more * whole + 2 * HOUR for more in LONGER), any_calendar)]


def _late(edits: _Edits) -> Iterator[Proposals]:
    for deadline in edits.plan.model.deadlines:

        def of(steps: Steps, values: Values, deadline: Deadline = deadline) -> Iterator[Proposal]:
            limit = limit_of(deadline, values).limit
            activities = [each.activity for each in steps]
            begin = {deadline.start, *deadline.restart_on}
            for at in edits.places(len(steps)) if limit is not None else ():
                if begin & set(activities[at:]) or deadline.stop not in activities[at:]:
                    continue
                for later in edits.delayed(steps, at, limit or 0.0, deadline.unit):
                    yield Proposal(Plant("deadline", "late", deadline.id), later, (steps[at].row,))

        yield Proposals(of, _with(deadline.start, deadline.stop))


def _with(*activities: str) -> Callable[[Sequence[str]], bool]:
    """Whether a run has all of these; without any, every run."""
    return set(activities).issubset


def _with_two_of(activities: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    """Whether a run has two of these at least."""
    return lambda run: len({*activities} & {*run}) > 1


def _cut(steps: Steps, at: int) -> tuple[Step, ...]:
    return tuple(steps[: at + 1])


def _overdue(edits: _Edits) -> Iterator[Proposals]:
    return _running(edits, edits.plan.model.deadlines, "overdue_and_open")


def _at_risk(edits: _Edits) -> Iterator[Proposals]:
    return _running(edits, [each for each in edits.plan.model.deadlines if each.warning], "at_risk")


def _running(edits: _Edits, deadlines: Sequence[Deadline], kind: str) -> Iterator[Proposals]:
    for deadline in deadlines:

        def of(steps: Steps, values: Values, deadline: Deadline = deadline) -> Iterator[Proposal]:
            for at in edits.places(len(steps) - 1):
                head = [each.activity for each in steps[: at + 1]]
                begun = deadline.start in head and deadline.stop not in head
                if steps[at].activity and begun and not edits.plan.closed(head):
                    plant = Plant("deadline", kind, deadline.id)
                    yield Proposal(plant, _cut(steps, at), (steps[at].row,))

        yield Proposals(of, _with(deadline.start))


def _stalled(edits: _Edits) -> Iterator[Proposals]:
    def of(steps: Steps, values: Values) -> Iterator[Proposal]:
        for at in edits.places(len(steps) - 1):
            head, last = [each.activity for each in steps[: at + 1]], steps[at].activity
            if last and edits.plan.idle_limit(last) and not edits.plan.closed(head):
                yield Proposal(Plant("lost", "stalled", last), _cut(steps, at), (steps[at].row,))

    if edits.plan.model.idle_limits:
        yield Proposals(of, lambda run: len(run) > 1)


def _four_eyes(edits: _Edits) -> Iterator[Proposals]:
    for rule in edits.plan.model.four_eyes:

        def of(steps: Steps, values: Values, rule: FourEyes = rule) -> Iterator[Proposal]:
            if not holds(rule.when, values):
                return
            for at in edits.places(len(steps)):
                own = steps[at]
                others = [each for each in steps[:at] if each.activity in rule.activities and each.person]
                others = [each for each in others if each.activity != own.activity]
                if own.activity in rule.activities and own.person and others:
                    other = others[int(edits.rng.integers(len(others)))]
                    changed = (*steps[:at], own._replace(person=other.person), *steps[at + 1 :])
                    yield Proposal(Plant("rule", "four_eyes", rule.id), changed, (own.row,))

        yield Proposals(of, _with_two_of(rule.activities))


def _told(edits: _Edits) -> Iterator[Proposals]:
    for told in edits.plan.model.told:

        def of(steps: Steps, values: Values, told: Told = told) -> Iterator[Proposal]:
            plant = Plant("rule", "told", told.id)
            for at in edits.places(len(steps)):
                if steps[at].activity != told.after:
                    continue
                notices = [n for n in range(at + 1, len(steps)) if steps[n].activity == told.told_by]
                later = [
                    Proposal(plant, delayed, (steps[notices[0]].row,))
                    for limit in ([told.limit] if told.limit and len(notices) == 1 else [])
                    for delayed in edits.delayed(steps, notices[0], limit.value, limit.unit)
                ]
                never = [
                    Proposal(plant, left, (steps[at].row,))
                    for left in (edits.without(steps, notices[0]) if len(notices) == 1 else ())
                ]
                yield from (*later, *never) if edits.rng.random() < 0.5 else (*never, *later)

        yield Proposals(of, _with() if edits.beside(told.after) else _with(told.after))


def _matched(edits: _Edits) -> Iterator[Proposals]:
    for match in edits.plan.model.matches:

        def of(steps: Steps, values: Values, match: Match = match) -> Iterator[Proposal]:
            plant, two = Plant("rule", "matched", match.id), {match.one, match.other}
            places = [at for at, each in enumerate(steps) if each.activity in two]
            if len(places) != 2:
                return
            for nth in edits.places(2):
                for left in edits.without(steps, places[nth]):
                    yield Proposal(plant, left, (steps[places[1 - nth]].row,))
            for limit in [match.limit] if match.limit else ():
                for delayed in edits.delayed(steps, places[1], limit.value, limit.unit):
                    yield Proposal(plant, delayed, (steps[places[1]].row,))

        if not match.same:
            yield Proposals(of, _meets(edits, {match.one, match.other}))


def _declare(edits: _Edits) -> Iterator[Proposals]:
    for rule in edits.plan.model.rules:
        two = {rule.activity, rule.target} - {None}

        def of(steps: Steps, values: Values, rule: DeclareRule = rule) -> Iterator[Proposal]:
            plant = Plant("rule", "declare", rule.id)
            for at in edits.places(len(steps)):
                for changed in _against(edits, rule, steps, at):
                    yield Proposal(plant, changed, _showing(rule, changed))

        yield Proposals(of, _meets(edits, {str(each) for each in two}))


def _against(edits: _Edits, rule: DeclareRule, steps: Steps, at: int) -> Iterator[tuple[Step, ...]]:
    """Edits at one place of a case that may break a rule."""
    two = (rule.activity, rule.target)
    if rule.limit is not None and steps[at].activity in two:
        yield from edits.delayed(steps, at, rule.limit.value, rule.limit.unit)
    if steps[at].activity in two:
        yield from edits.without(steps, at)
    if at + 1 < len(steps) and (steps[at].activity in two or steps[at + 1].activity in two):
        yield from edits.exchanged(steps, at)
    for activity in two:
        if activity and edits.beside(activity) and at + 1 < len(steps):
            us = (steps[at].us + steps[at + 1].us) // 2
            if steps[at].us < us < steps[at + 1].us:
                yield (*steps[: at + 1], Step(-1, activity, us), *steps[at + 1 :])


def _showing(rule: DeclareRule, steps: Steps) -> tuple[int, ...]:
    """The only event that a breach can rest on; none, where there are several."""
    named = [each for each in steps if each.activity in (rule.activity, rule.target)]
    new = [each.row for each in named if each.row < 0]
    return tuple(new) or tuple(each.row for each in named if len(named) == 1)


def _meets(edits: _Edits, activities: set[str]) -> Callable[[Sequence[str]], bool]:
    """Whether a run has one of these activities; those beside the flow may come in any."""
    return lambda run: bool(activities & set(run)) or any(map(edits.beside, activities))


_OF: dict[str, Callable[[_Edits], Iterator[Proposals]]] = {
    "deadline.late": _late,
    "deadline.overdue_and_open": _overdue,
    "deadline.at_risk": _at_risk,
    "lost.stalled": _stalled,
    "rule.four_eyes": _four_eyes,
    "rule.told": _told,
    "rule.declare": _declare,
    "rule.matched": _matched,
}


def proposals(export: Export, last_us: int, rng: np.random.Generator) -> dict[str, list[Proposals]]:
    """'family.kind' → the edits of each of the contract's obligations of this kind."""
    edits = _Edits(export, last_us, rng)
    return {kind: list(of(edits)) for kind, of in _OF.items()}
