"""A simulated case's course: its events in order, and what a planted fault changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from walkthrough.simulation.axis import Micros
from walkthrough.simulation.playout import Run

UNKNOWN_LABEL = "系统自动提醒"
"""A label that no model knows."""
UNKNOWN_IN_ENGLISH = "Automatic reminder"


@dataclass(frozen=True)
class Item:
    """One event of a course."""

    activity: str
    origin: int = -1
    """Position in the run that it comes from; -1: it is surplus."""
    brief: bool = False
    """Takes minutes only."""
    faulty: bool = False
    """Shows the planted fault; the answer key names its row."""
    by: str = ""
    """Role whose unit does it; empty: that of the activity's lane."""
    late: str = ""
    """Handoff whose limit the wait before it exceeds."""
    stretched: str = ""
    """Deadline, or rule of what belongs together, whose whole limit the work exceeds."""
    same_person: str = ""
    """Rule of four eyes that it breaks: done by who did the other activity."""
    waits: bool = False
    """Nobody's work: waiting for the customer."""
    untold: bool = False
    """The notice that is due after it comes too late, or never."""


@dataclass(frozen=True)
class Plant:
    """A fault planted in a group of cases."""

    family: str
    kind: str
    subject: str
    """What the finding must name: an activity, 'sender->receiver', or the contract's id of a rule."""

    @property
    def of(self) -> str:
        """'family.kind'."""
        return f"{self.family}.{self.kind}"


@dataclass(frozen=True)
class Course:
    """What happens in a group of cases."""

    items: tuple[Item, ...]
    run: Run
    """The conforming run behind it."""
    plant: Plant | None = None
    state: str = "closed"
    """'closed'; of open cases 'young', 'stalled', 'overdue' or 'at_risk'."""
    innocent: str = ""
    tight: bool = False
    """Takes all the days that its first clock gives."""
    quiet: tuple[str, ...] = ()
    """Activities beside the flow that are left out."""

    @property
    def trace(self) -> tuple[str, ...]:
        """Activities of the flow, unknown labels included."""
        return tuple(item.activity for item in self.items if not item.waits)

    def with_item(self, at: int, plant: Plant | None = None, **changes: object) -> Course:
        """The same with one item changed, which shows the fault."""
        changed = replace(self.items[at], faulty=plant is not None, **changes)  # type: ignore[arg-type]  # names are checked by replace
        return replace(self, items=(*self.items[:at], changed, *self.items[at + 1 :]), plant=plant)


def plain(run: Run) -> Course:
    """A run as it should be."""
    return Course(tuple(Item(activity, at) for at, activity in enumerate(run.activities)), run)


def predecessors(course: Course) -> Micros:
    """Per item the index of the one after which its work begins, -1 for the case's arrival.

    That is the last of those that its work comes from; where they are left out, or it is surplus, the item
    before it. Nothing goes on while the customer is waited for.
    """
    place = {item.origin: at for at, item in enumerate(course.items) if item.origin >= 0}
    found, waited = [], -1
    for at, item in enumerate(course.items):
        senders = course.run.senders[item.origin] if item.origin >= 0 else frozenset()
        earlier = [place[each] for each in senders if place.get(each, at) < at]
        sure = item.origin >= 0 and len(earlier) == len(senders) and not item.waits
        found.append(max([waited, *earlier]) if sure else at - 1)
        waited = at if item.waits else waited
    return np.array(found, dtype=np.int64)


def returns(roles: Sequence[str]) -> int:
    """How often a case goes from one role to another and straight back."""
    stays = [role for at, role in enumerate(roles) if role and (at == 0 or roles[at - 1] != role)]
    stays = [role for at, role in enumerate(stays) if at == 0 or stays[at - 1] != role]
    return sum(a == c for a, c in zip(stays, stays[2:], strict=False))
