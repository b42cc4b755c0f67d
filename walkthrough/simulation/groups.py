"""Which cases a sample holds: sound ones in all their ways, a group per planted fault, and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from reference_models.model import DeclareRule
from walkthrough.simulation.cells import Cell, holds
from walkthrough.simulation.courses import Course, Plant, plain, returns
from walkthrough.simulation.declared import Seen, breaches
from walkthrough.simulation.edits import EDITS, STRUCTURAL, Editor, broken_rules, paused, runs_on, stopped
from walkthrough.simulation.plan import Plan

T = TypeVar("T")
YOUNG_SHARE = 0.05
"""Share of the cases that are open and young."""
PAUSED_SHARE = 0.08
"""Share of the cases that wait for the customer and are in time for it."""
RETURNED_SHARE = 0.02
"""Share of the cases that go back to the previous role as the model wants it."""
TIGHT_SHARE = 0.02
"""Share of the cases that are closed when the time is nearly up."""
MOST_COURSES = 60
"""Different courses looked for per sort of edit."""
MOST_SHAPES = 16
"""A fault is planted into so many different courses at most."""


@dataclass(frozen=True)
class Group:
    """Cases of one course."""

    course: Course
    cases: int
    cells: Sequence[Cell]
    """Kinds of case that it may be."""


class Groups:
    """The groups of a model's samples."""

    def __init__(self, plan: Plan, cells: Sequence[Cell], rng: np.random.Generator) -> None:
        self.plan, self.cells, self.rng = plan, cells, rng
        self.fitting: dict[tuple[str, ...], list[Cell]] = {}
        self.breaking: dict[tuple[str, ...], dict[str, list[Cell]]] = {}
        self.sound = [(plain(run), share) for run, share in plan.runs if self._fitting(run.activities)]
        if not self.sound:
            raise ValueError(f"{plan.model.id}: no run keeps all the rules of the contract")
        self.whole = [course for course, _ in self.sound if plan.closed(course.trace)] or [
            course for course, _ in self.sound
        ]

    def of(self, cases: int, planted: int) -> list[Group]:
        """Groups of `cases` cases together, `planted` of them for each kind of fault.

        Where so few cases were asked for that nothing sound would be left, there are more.
        """
        made = [*self._faulty(planted), *self._stopped(planted), *self._innocent(cases)]
        rest = max(cases - sum(group.cases for group in made), len(self.sound))
        shares = np.array([share for _, share in self.sound])
        counts = self.rng.multinomial(rest, shares / shares.sum())
        plain_ones = [
            Group(course, int(n), self._fitting(course.run.activities))
            for (course, _), n in zip(self.sound, counts, strict=True)
            if n
        ]
        return [*made, *plain_ones]

    def _fitting(self, activities: tuple[str, ...]) -> list[Cell]:
        """Kinds of case that such a run may be of: hints and rules of the contract agree."""
        if activities not in self.fitting:
            self.fitting[activities] = [cell for cell in self.cells if self._fits(activities, cell)]
        return self.fitting[activities]

    def _fits(self, activities: tuple[str, ...], cell: Cell) -> bool:
        events = [Seen(activity, number) for number, activity in enumerate(activities)]
        return self._as_hinted(activities, cell) and not any(
            breaches(rule, events, cell.values, over=True, counter=None, as_of_us=len(events))
            for rule in self._rules_of_flow()
        )

    def _as_hinted(self, activities: tuple[str, ...], cell: Cell) -> bool:
        return all(
            (cell.values.get(name) in categories) == (activity in activities)
            for activity, wanted in self.plan.hints.with_activity.items()
            for name, categories in wanted.items()
        )

    def _rules_of_flow(self) -> list[DeclareRule]:
        flow = {each.id for each in self.plan.model.activities.values() if each.in_flow}
        return [
            each for each in self.plan.model.rules if {each.activity, each.target or each.activity} <= flow
        ]

    def _faulty(self, planted: int) -> Iterator[Group]:
        """Closed cases with a fault."""
        editor = Editor(self.plan, self.whole)
        kinds: dict[str, list[Course]] = {}
        for edit in EDITS:
            if edit in STRUCTURAL and self.plan.language is None:
                continue
            for course in editor.clear(edit, self.rng, MOST_COURSES):
                assert course.plant is not None
                kinds.setdefault(course.plant.of, []).append(course)
        for course in self._against_rules():
            assert course.plant is not None
            kinds.setdefault(course.plant.of, []).append(course)
        for courses in kinds.values():
            usable = [each for each in courses if self._limited(each)]
            for course, n in self._spread(usable, planted):
                yield Group(course, n, self._limited(course))

    def _limited(self, course: Course) -> list[Cell]:
        """Kinds of case for which the planted fault is one."""
        if course.trace == course.run.activities and course.plant and course.plant.kind == "declare":
            return self._breaking(course.run.activities).get(course.plant.subject, [])
        cells = self._fitting(course.run.activities)
        plant, model = course.plant, self.plan.model
        if plant and plant.family == "deadline":
            number = [each.id for each in model.deadlines].index(plant.subject)
            limits = [(cell, cell.limits[number]) for cell in cells]
            sure = plant.kind != "at_risk"  # where the limit itself is in doubt, nobody is warned
            return [cell for cell, each in limits if each.limit and (sure or each.doubtful_from is None)]
        if plant and plant.kind == "four_eyes":
            rule = next(each for each in model.four_eyes if each.id == plant.subject)
            return [cell for cell in cells if holds(rule.when, cell.values)]
        return cells

    def _against_rules(self) -> Iterator[Course]:
        """Runs that the model allows, and one rule beside it does not."""
        for run, _ in self.plan.runs:
            if self.plan.closed(run.activities):
                for rule in self.plan.model.rules:
                    if rule.id in self._breaking(run.activities):
                        at = _breach(rule, run.activities)
                        yield plain(run).with_item(at, Plant("rule", "declare", rule.id))

    def _breaking(self, activities: tuple[str, ...]) -> dict[str, list[Cell]]:
        """Rule → the kinds of case for which such a run breaks it, and it alone."""
        if activities not in self.breaking:
            events, found = [Seen(each, n) for n, each in enumerate(activities)], dict[str, list[Cell]]()
            inside = replace(self.plan.model, rules=tuple(self._rules_of_flow()))
            for cell in self.cells:
                broken = broken_rules(inside, events, cell.values)
                if len(broken) == 1 and self._as_hinted(activities, cell):
                    found.setdefault(min(broken), []).append(cell)
            self.breaking[activities] = found
        return self.breaking[activities]

    def _stopped(self, planted: int) -> Iterator[Group]:
        """Open cases that lie too long, are past their limit, or near it."""
        heads = [each for course in self.whole for each in stopped(self.plan, course)]
        heads = [each for each in heads if self.plan.idle_limit(each.items[-1].activity)]
        stalled = [
            replace(each, state="stalled", plant=Plant("lost", "stalled", each.items[-1].activity))
            for each in heads
        ]
        for course, n in self._spread(stalled, planted):
            yield Group(course, n, self._fitting(course.run.activities))
        for deadline in self.plan.model.deadlines:
            running = [each for each in heads if runs_on(deadline, each.trace)]
            states = {"overdue": "overdue_and_open", "at_risk": "at_risk"}
            if not deadline.warning:
                del states["at_risk"]
            for state, kind in states.items():
                plant = Plant("deadline", kind, deadline.id)
                open_ = [replace(each, state=state, plant=plant) for each in running]
                open_ = [each for each in open_ if self._limited(each)]
                for course, n in self._spread(open_, -(-planted // len(self.plan.model.deadlines))):
                    yield Group(course, n, self._limited(course))

    def _innocent(self, cases: int) -> Iterator[Group]:
        """Cases that look like faults and are none."""
        for course, n in self._spread(self.whole, round(cases * YOUNG_SHARE)):
            young = replace(course, state="young", innocent="young")
            yield Group(young, n, self._fitting(course.run.activities))
        waiting = [each for course in self.whole if (each := paused(self.plan, course, self.rng))]
        for course, n in self._spread(waiting, round(cases * PAUSED_SHARE)):
            yield Group(course, n, self._fitting(course.run.activities))
        for course, n in self._spread(self._returning(), round(cases * RETURNED_SHARE)):
            yield Group(replace(course, innocent="returned"), n, self._fitting(course.run.activities))
        for course, n in self._spread(self._on_clock(), round(cases * TIGHT_SHARE)):
            yield Group(replace(course, tight=True), n, self._fitting(course.run.activities))

    def _returning(self) -> list[Course]:
        """Courses in which the work goes from one role to another and back."""
        lanes = self.plan.lanes
        return [each for each in self.whole if returns([lanes[activity] for activity in each.trace])]

    def _on_clock(self) -> list[Course]:
        """Courses that start and stop a clock whose limit is in days."""
        clocks = [each for each in self.plan.model.deadlines if each.unit != "hours"]
        return [
            each
            for each in self.whole
            if any({clock.start, clock.stop} <= set(each.trace) for clock in clocks)
            and any(limit.limit for cell in self._fitting(each.run.activities) for limit in cell.limits)
        ]

    def _spread(self, things: Sequence[T], total: int) -> list[tuple[T, int]]:
        """Share a number of cases among things; no more than MOST_SHAPES get any."""
        if not things:
            return []
        chosen = self.rng.choice(len(things), size=min(len(things), MOST_SHAPES), replace=False)
        counts = self.rng.multinomial(total, np.full(len(chosen), 1 / len(chosen)))
        return [(things[int(i)], int(n)) for i, n in zip(chosen, counts, strict=True) if n]


def _breach(rule: DeclareRule, activities: Sequence[str]) -> int:
    """The event that shows the breach: the last that waits for another, or the first that came too soon."""
    if rule.target in activities and "precedence" in rule.template:
        return activities.index(rule.target)
    last = len(activities) - 1
    return last - activities[::-1].index(rule.activity) if rule.activity in activities else last
