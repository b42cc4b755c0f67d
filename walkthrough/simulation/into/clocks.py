"""Faults of clocks, persons and rules in an existing export, as the simulator's own truth judges them.

Each is an edit of a case that leaves the order of its steps as the model wants it. It counts only if the case
breaks the obligation after it, beyond doubt, and did not before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from walkthrough.simulation.cells import Value
from walkthrough.simulation.courses import Plant, returns
from walkthrough.simulation.into.edits import Proposals, proposals
from walkthrough.simulation.into.handoffs import handed_over, shows_acceptance
from walkthrough.simulation.into.key import IntoKey, Kind
from walkthrough.simulation.into.log import Export, Step
from walkthrough.simulation.into.truth import Judge, gained
from walkthrough.simulation.truth import Fact

MOST_PROPOSALS = 24
"""Edits tried in a case, per kind of fault."""
MOST_CASES = 400
"""Cases tried in vain, after which a fault is given up."""


class ClockFaults:
    """Tries edits in conforming cases, and keeps those that the truth bears out."""

    def __init__(self, export: Export, judge: Judge, key: IntoKey, rng: np.random.Generator) -> None:
        self.export, self.judge, self.key, self.rng = export, judge, key, rng
        self.faults: dict[str, list[_Fault]] = {}
        self.shown = shows_acceptance(export)
        self.run_of = {case: course.run for course, cases in export.hosts.items() for case in cases}
        for kind, of in proposals(export, judge.last_us, rng).items():
            found = [self._fault(each) for each in of]
            self.faults[kind] = [each for each in found if each.free]

    def kinds(self) -> list[Kind]:
        """What can be planted."""
        return [
            Kind(kind, sum(len(each.free) for each in faults), self._planter(faults))
            for kind, faults in self.faults.items()
            if faults
        ]

    def _fault(self, proposals: Proposals) -> _Fault:
        cases = [
            case
            for course, cases in self.export.hosts.items()
            if proposals.wants(course.run.activities)
            for case in cases
        ]
        return _Fault(proposals, [cases[at] for at in self.rng.permutation(len(cases)).tolist()])

    def _planter(self, faults: Sequence[_Fault]) -> Callable[[], bool]:
        """The rules of a kind in turn."""
        turn = 0

        def plant() -> bool:
            nonlocal turn
            at, turn = turn % len(faults), turn + 1
            return any(self._one(fault) for fault in (*faults[at:], *faults[:at]))

        return plant

    def _one(self, fault: _Fault) -> bool:
        """Plant into one more case, if one is left."""
        tried = 0
        while fault.free and tried < MOST_CASES:
            case = fault.free.pop()
            if case in self.key.used:
                continue
            tried += 1
            values = self.export.values(case)
            if values is not None and self._planted(fault.proposals, case, values):
                return True
        fault.free.clear()
        return False

    def _planted(self, proposals: Proposals, case: str, values: Mapping[str, Value]) -> bool:
        steps = self.export.steps(case)
        before: Counter[Fact] | None = None
        tried = proposals.of(steps, values)
        for _, proposal in zip(range(MOST_PROPOSALS), tried, strict=False):
            plant = proposal.plant
            before = self.judge.facts(steps, values) if before is None else before
            if any(_same(each, plant) for each in before) or not self._alone(steps, proposal.steps):
                continue
            more = gained(before, self.judge.facts(proposal.steps, values))
            if any(each.certain and _same(each, plant) for each in more):
                handed = self._handed(case, steps, proposal.steps, values)
                new = self.export.put(case, proposal.steps)
                shown = [new.get(row, row) for row in proposal.shown]
                self.key.add(case, plant, shown, [*more, *(handed or ())], retimed=handed is None)
                return True
        return False

    def _handed(
        self, case: str, before: Sequence[Step], after: Sequence[Step], values: Mapping[str, Value]
    ) -> list[Fact] | None:
        """Handoffs that become late as well; None: nobody works it out, for other steps were taken."""
        if [(each.row, each.us) for each in before] == [(each.row, each.us) for each in after]:
            return []
        if not self.shown or _in_flow(self.export, before) != _in_flow(self.export, after):
            return None
        run = self.run_of[case]
        late = [
            Counter(
                {
                    fact: n
                    for fact, n in self.judge.facts(
                        steps, values, handed_over(self.export, run, steps)
                    ).items()
                    if fact.family == "handoff"
                }
            )
            for steps in (before, after)
        ]
        return gained(late[0], late[1])

    def _alone(self, before: Sequence[Step], after: Sequence[Step]) -> bool:
        """Whether an edit that the model allows breaks nothing that the truth does not judge.

        Where other steps follow each other than before, other roles hand over: all must be those of the
        lanes, without further returns, and what is sent out must come back as before.
        """
        was, now = ([each.activity for each in steps if each.activity] for steps in (before, after))
        if was[: len(now)] == now:
            return True
        sent = {
            name for pair in self.export.plan.model.returns for name in (pair.dispatched_by, pair.returned_by)
        }
        same = [each for each in was if each in sent] == [each for each in now if each in sent]
        rows = [each.row for each in before if each.activity in self.export.flow]
        own = all(map(self.export.in_lane, rows))
        return same and own and self._returns(after) <= self._returns(before)

    def _returns(self, steps: Sequence[Step]) -> int:
        lanes = self.export.plan.lanes
        done = [each for each in steps if each.activity in self.export.flow]
        return returns(
            [self.export.party(each.row) if each.row >= 0 else lanes.get(each.activity, "") for each in done]
        )


def _in_flow(export: Export, steps: Sequence[Step]) -> list[int]:
    return [each.row for each in steps if each.activity in export.flow]


class _Fault:
    def __init__(self, proposals: Proposals, free: list[str]) -> None:
        self.proposals, self.free = proposals, free


def _same(fact: Fact, plant: Plant) -> bool:
    return (fact.family, fact.kind, fact.subject) == (plant.family, plant.kind, plant.subject)
