"""Handoffs with a limit that took place, or wait to be taken up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reference_models.model import Handoff
from walkthrough.simulation.axis import Micros
from walkthrough.simulation.beside import receipts
from walkthrough.simulation.courses import Course
from walkthrough.simulation.groups import Group
from walkthrough.simulation.key import edited
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF_US
from walkthrough.simulation.truth import Pair
from walkthrough.simulation.waiting import Waiting


def handed_over(plan: Plan, groups: Sequence[Group], start: Micros, end: Micros) -> Iterator[Pair]:
    """Handoffs with a limit that took place."""
    waiting = Waiting(plan)
    step = case = 0
    for group in groups:
        course, n, width = group.course, group.cases, len(group.course.items)
        begin = start[step : step + n * width].reshape(n, width)
        done = end[step : step + n * width].reshape(n, width)
        signed = _Signed(plan, course)
        for handoff, sender, receiver, certain, goes_on in _handed(plan, course):
            waits = done[:, goes_on] > AS_OF_US if goes_on >= 0 else True
            for row in np.flatnonzero((done[:, sender] <= AS_OF_US) & waits).tolist():
                sent = int(done[row, sender])
                if receiver >= 0 and done[row, receiver] <= AS_OF_US:
                    yield Pair(handoff.id, case + row, sent, int(begin[row, receiver]), certain)
                    continue
                kept = [item for item, us in zip(course.items, done[row], strict=True) if us <= AS_OF_US]
                trace = [item.activity for item in kept if not item.waits]
                owed = waiting.owed(trace, handoff.sender, handoff.receiver)
                if owed is not None:
                    sure = owed and not edited(course) and not signed(handoff, sent, begin[row])
                    yield Pair(handoff.id, case + row, sent, AS_OF_US, sure)
        step, case = step + n * width, case + n


class _Signed:
    """Whether a receipt or acceptance came that may be of a handoff: of which one it is, it does not say."""

    def __init__(self, plan: Plan, course: Course) -> None:
        self.signs = [(each.activity, each.at) for each in receipts(plan, course)]

    def __call__(self, handoff: Handoff, sent: int, begin: Micros) -> bool:
        """begin: of the case's items, with which receipts come."""
        names = {*handoff.received_by, *handoff.accepted_by}
        return any(name in names and sent <= begin[at] <= AS_OF_US for name, at in self.signs)


def _handed(plan: Plan, course: Course) -> Iterator[tuple[Handoff, int, int, bool, int]]:
    """(handoff, sender's item, receiver's item, beyond doubt, item until which it waits).

    Receiver -1: one of those among whom the process has still to choose while the case is open. Last -1:
    also when the work has gone on.
    """
    place = {item.origin: at for at, item in enumerate(course.items) if item.origin >= 0}
    run, limited = course.run, plan.handoff_limits
    touched = edited(course)
    for origin, at in place.items():
        receivers = [n for n, senders in enumerate(run.senders) if origin in senders]
        for receiver in receivers:
            pair = (run.activities[origin], run.activities[receiver])
            handoff = plan.handoffs.get(pair)
            if handoff and handoff.id in limited and receiver in place:
                if origin == max(run.senders[receiver]):  # of several senders the last one decides
                    yield handoff, at, place[receiver], not touched & {*pair}, -1
            elif handoff and handoff.id in limited and course.state != "closed":
                yield handoff, at, -1, False, -1
        goes_on = max((place.get(each, -1) for each in receivers), default=-1)
        to = {run.activities[each] for each in receivers}
        for (sender, receiving), handoff in plan.handoffs.items():
            mine = sender == run.activities[origin] and handoff.id in limited and receiving not in to
            if mine and (goes_on >= 0 or course.state != "closed"):
                yield handoff, at, -1, False, goes_on
