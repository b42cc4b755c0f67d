"""Faults in the steps of an existing export's cases: which there are, in which order, and who took them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from walkthrough.simulation.axis import DAY
from walkthrough.simulation.courses import Course, Item, plain, returns
from walkthrough.simulation.edits import Editor
from walkthrough.simulation.into.handoffs import handed_over, shows_acceptance
from walkthrough.simulation.into.key import IntoKey, Kind
from walkthrough.simulation.into.log import Export
from walkthrough.simulation.into.orders import OrderFaults
from walkthrough.simulation.into.truth import Judge, gained
from walkthrough.simulation.plan import AROUND_THE_CLOCK
from walkthrough.simulation.truth import Fact

EDITED = ("left out", "too many", "out of order", "pushed back", "misrouted", "unknown", "handed over late")
ANYBODY = ("dropped", "unsent", "skipped", "early_end", "unknown", "late")
"""Kinds for which it makes no difference who did the work; else it is done by the roles of the lanes."""
ROOM_US = 10_000_000
MOST_RUNS = 150
"""Runs that edits are looked for in: those that most cases took."""
MOST_COURSES = 200
"""Different edits looked for, per sort of edit."""


class StepFaults:
    """Makes the simulator's edits of a run in cases that took this run."""

    def __init__(
        self, export: Export, judge: Judge, key: IntoKey, rng: np.random.Generator, orders: OrderFaults
    ) -> None:
        self.export, self.judge, self.key, self.rng, self.orders = export, judge, key, rng, orders
        self.plan, self.shown = export.plan, shows_acceptance(export)
        self.free = {course: list(rng.permutation(cases)) for course, cases in export.hosts.items()}
        self.looked_at: dict[Course, int] = {}
        """Edit → how many of the cases that it could be made in were looked at."""

    def kinds(self) -> list[Kind]:
        """What can be planted."""
        hosts = self.export.hosts
        editor = Editor(self.plan, sorted(hosts, key=lambda each: -len(hosts[each]))[:MOST_RUNS])
        found: dict[str, list[Course]] = {}
        started = any(each is not None for each in self.export.start_us)
        for edit in EDITED:
            if edit == "handed over late" and not started:
                continue  # with completions only, nobody sees when the work was accepted
            for course in editor.clear(edit, self.rng, MOST_COURSES):
                assert course.plant is not None
                found.setdefault(course.plant.of, []).append(course)
        return [
            Kind(kind, self._room_for(courses), self._planter(courses)) for kind, courses in found.items()
        ]

    def _room_for(self, courses: Sequence[Course]) -> int:
        return sum(len(self.export.hosts[origin]) for origin in {plain(each.run) for each in courses})

    def _planter(self, courses: Sequence[Course]) -> Callable[[], bool]:
        """The edits in turn, so that none takes all the cases."""
        turn = 0

        def plant() -> bool:
            nonlocal turn
            at, turn = turn % len(courses), turn + 1
            return any(self._one(edited) for edited in (*courses[at:], *courses[:at]))

        return plant

    def _one(self, edited: Course) -> bool:
        """Plant into one more case, if one is left."""
        free = self.free[plain(edited.run)]
        assert edited.plant is not None
        while (at := self.looked_at.get(edited, 0)) < len(free):
            self.looked_at[edited] = at + 1
            case = free[at]
            if case in self.key.used:
                continue
            rows = self.export.in_flow(case)
            if edited.plant.kind not in ANYBODY and not all(map(self.export.in_lane, rows)):
                continue
            if edited.plant.kind != "ping_pong" and self._bounces(edited, rows):
                continue
            if self._hides(edited, rows):
                continue
            before = self._facts(edited, case)
            if (shown := self._laid_out(edited, rows)) is not None:
                after = self._facts(edited, case)
                more = None if before is None or after is None else gained(before, after)
                self.key.add(case, edited.plant, shown, more, retimed=not self._judges_handoffs(edited))
                return True
        return False

    def _facts(self, edited: Course, case: str) -> Counter[Fact] | None:
        """What the case breaks by now; None: its rows contradict each other."""
        values, steps = self.export.values(case), self.export.steps(case)
        if values is None:
            return None
        handed = handed_over(self.export, edited.run, steps) if self._judges_handoffs(edited) else ()
        return self.judge.facts(steps, values, handed)

    def _judges_handoffs(self, edited: Course) -> bool:
        """Whether it is plain who handed over to whom: the steps are those of the run, in its order."""
        return self.shown and edited.trace == edited.run.activities

    def _hides(self, edited: Course, rows: Sequence[int]) -> bool:
        """Whether a step left out hands over to one of another role: the old misrouting is another's then."""
        left_out = set(range(len(rows))) - {item.origin for item in edited.items}
        receivers = [at for at, senders in enumerate(edited.run.senders) if senders & left_out]
        return not all(self.export.in_lane(rows[at]) for at in receivers)

    def _bounces(self, edited: Course, rows: Sequence[int]) -> bool:
        """Whether the case goes back and forth more often for the edit, by who did its steps in this log."""
        before = [self.export.party(row) for row in rows]
        lanes = self.plan.lanes
        after = [
            item.by or (before[item.origin] if item.origin >= 0 else lanes.get(item.activity, ""))
            for item in edited.items
        ]
        return returns(after) > returns(before)

    def _laid_out(self, edited: Course, rows: Sequence[int]) -> list[int] | None:
        """Change the rows of a case; returns those that show the fault, None if times leave no room."""
        export = self.export
        times = [export.t_us[row] for row in rows]
        late = [self._longer(item.late) for item in edited.items if item.late]
        end_us = export.t_us[export.by_case[export.case[rows[0]]][-1]]
        if late and (end_us + max(late) > self.judge.last_us or self._late_before(edited, rows)):
            return None
        if not self._room(edited, times):
            return None
        like = self.orders.again(edited, rows)
        if like is None:
            return None
        kept = {item.origin for item in edited.items}
        export.dropped |= {row for origin, row in enumerate(rows) if origin not in kept}
        swapped = [item.origin for item in edited.items if item.origin >= 0]
        shown: list[int] = []
        for place, item in enumerate(item for item in edited.items if item.origin >= 0):
            row = rows[item.origin]
            if sorted(swapped)[place] != item.origin:
                export.move(row, times[sorted(swapped)[place]])
            if item.by:
                export.unit_of[row] = self.plan.model.roles[item.by].name.zh
            if item.late:
                self._delay(rows[item.origin], self._longer(item.late))
            if item.faulty:
                shown.append(row)
        return shown + self._inserted(edited.items, rows, times, like)

    def _late_before(self, edited: Course, rows: Sequence[int]) -> bool:
        """Whether a handoff that is planted as late is so already, somewhere in the case."""
        run, export = edited.run, self.export
        for handoff in {item.late for item in edited.items if item.late}:
            limit, unit = self.plan.handoff_limits[handoff]
            for receiver, senders in enumerate(run.senders):
                pairs = [(run.activities[each], run.activities[receiver]) for each in senders]
                if handoff in {self.plan.handoffs[pair].id for pair in pairs if pair in self.plan.handoffs}:
                    sent = np.array([max(export.t_us[rows[each]] for each in senders)])
                    begun = export.start_us[rows[receiver]]
                    taken = np.array([export.t_us[rows[receiver]] if begun is None else begun])
                    if self.plan.idle_counter(unit).between(sent, np.maximum(sent, taken))[0] > limit:
                        return True
        return False

    def _room(self, edited: Course, times: list[int]) -> bool:
        """Whether the times around the edit differ enough for it to show."""
        for before, item in pairwise(edited.items):
            inside = item.origin < 0 <= before.origin < len(times) - 1
            if inside and times[before.origin + 1] - times[before.origin] < ROOM_US:
                return False
            if 0 <= item.origin < before.origin and times[before.origin] - times[item.origin] < ROOM_US:
                return False
        return True

    def _delay(self, row: int, by: int) -> None:
        """The receiver, and all that follows, comes too late."""
        in_order = self.export.by_case[self.export.case[row]]
        for each in in_order[in_order.index(row) :]:  # by place: it may be at its sender's instant
            self.export.delay(each, by)

    def _longer(self, handoff: str) -> int:
        """By how much more a handoff takes that is planted as late: too much for any calendar."""
        value, unit = self.plan.handoff_limits[handoff]
        days = value / 24 if unit == "hours" else value
        if self.plan.model.idle_calendar == AROUND_THE_CLOCK:
            return round((1.2 * days + 2) * DAY)
        return round((3 * days + 12) * DAY)

    def _inserted(
        self, items: Sequence[Item], rows: Sequence[int], times: list[int], like: Mapping[str, int]
    ) -> list[int]:
        """Add the surplus steps, spread over the time until the next one."""
        before, gap, run = -1, 0, 0
        shown: list[int] = []
        for at, item in enumerate(items):
            if item.origin >= 0:
                before, run = item.origin, 0
                continue
            if run == 0:
                surplus = next((n for n, other in enumerate(items[at:]) if other.origin >= 0), None)
                surplus = len(items) - at if surplus is None else surplus
                until = times[before + 1] if before + 1 < len(times) else times[before] + DAY // 24
                gap = (until - times[before]) // (surplus + 1)
            run += 1
            row = like.get(item.activity, rows[before])
            shown.append(self.export.add(row, item.activity, times[before] + run * gap))
        return shown
