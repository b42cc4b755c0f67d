"""The answer key of a block: what was planted, what is true besides, what is open, what only looks so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import DAY
from walkthrough.simulation.courses import UNKNOWN_LABEL, Course, Plant
from walkthrough.simulation.groups import Group
from walkthrough.simulation.orders import Orders
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF_US
from walkthrough.simulation.truth import Fact

KEY_COLUMNS = ["case_id", "family", "kind", "subject", "role", "related_case"]
KeyRow = tuple[int, str, str, str, str, int]
"""(case, family, kind, subject, role, related case or -1)."""


class Key:
    """The answer key of a block."""

    def __init__(
        self,
        groups: Sequence[Group],
        group_of: npt.NDArray[np.int64],
        table: pd.DataFrame,
        facts: Sequence[Fact],
        otherwise: Collection[int],
    ) -> None:
        """otherwise: cases of which a version of the model says otherwise what their right order is."""
        self.otherwise = otherwise
        self.groups, self.group_of, self.facts = groups, group_of, facts
        whole = np.array([len(group.course.items) for group in groups])[group_of]
        self.shown = np.bincount(table["case"][table["item"] >= 0], minlength=len(group_of))
        self.whole = self.shown == whole
        faulty = table[table["faulty"]]
        self.last_faulty = np.full(len(group_of), NEVER_SHOWN)
        """Per case when the last event came that shows a fault."""
        np.maximum.at(self.last_faulty, faulty["case"].to_numpy(), faulty["t_us"].to_numpy())

    def rows(self, present: npt.NDArray[np.bool_], orders: Orders) -> list[KeyRow]:
        """(case, family, kind, subject, role, related case or -1)."""
        model = orders.plan.model
        planted: dict[int, tuple[str, str, str]] = {}
        rows: list[KeyRow] = []
        true = {(fact.case, fact.family, fact.kind, fact.subject) for fact in self.facts if fact.certain}
        kinds = {each[:3] for each in true}
        for case in np.flatnonzero(present).tolist():
            plant = self.groups[self.group_of[case]].course.plant
            if plant is None:
                continue
            stated = (case, plant.family, plant.kind, plant.subject)
            if plant.of in JUDGED:
                if stated in true or (plant.kind == "stalled" and stated[:3] in kinds):
                    planted[case] = stated[1:]
            elif case in self.otherwise or self._not_yet(case, plant, model):
                rows.append((*stated, "undetermined", -1))
            elif self.whole[case] or (plant.of in IN_ONE_ROW and self.last_faulty[case] > NEVER_SHOWN):
                planted[case] = stated[1:]
            elif self._begins_wrong(case, orders.plan):
                rows.append((*stated, "undetermined", -1))
            if case in planted:
                rows.append((*stated, "planted", -1))
                rows += [(case, *each, "consequence", -1) for each in _sent_again(plant, model)]
        rows += orders.key
        rows += self._ended_early(orders.plan)
        disturbed = set(planted) | {row[0] for row in rows}
        for fact in self.facts:
            stated_kind = planted.get(fact.case, ("",))[:2] == (fact.family, fact.kind) and (
                fact.kind == "stalled" or planted[fact.case][2] == fact.subject
            )
            if stated_kind and fact.certain and fact.nth == 0:
                continue  # it is the planted one
            role = "consequence" if fact.case in disturbed else "natural"
            role = role if fact.certain else "undetermined"
            rows.append((fact.case, fact.family, fact.kind, fact.subject, role, -1))
        broken = {row[0] for row in rows if row[4] != "innocent"}
        for case in np.flatnonzero(present).tolist():
            innocent = self.groups[self.group_of[case]].course.innocent
            if innocent and case not in broken:
                rows.append((case, "", innocent, "", "innocent", -1))
        return rows

    def _not_yet(self, case: int, plant: Plant, model: ReferenceModel) -> bool:
        """Whether the first of two orders of a case may still be cancelled or changed in time."""
        for order in model.duplicates:
            if plant.family == "duplicate" and plant.subject == order.id and order.replaced:
                within = round((order.replaced.within_days or 0.0) * DAY)
                return bool(self.last_faulty[case] + within >= AS_OF_US)
        return False

    def _begins_wrong(self, case: int, plan: Plan) -> bool:
        """Whether what the export shows of a case that still goes on is no beginning of a run.

        Something is wrong then; what, only the rest of it would show beyond doubt.
        """
        activities = plan.model.activities
        items = self.groups[self.group_of[case]].course.items[: self.shown[case]]
        head = [each.activity for each in items]
        flow = [each for each in head if each not in activities or activities[each].in_flow]
        return plan.language is not None and not plan.language.begins(flow)

    def _ended_early(self, plan: Plan) -> Iterator[KeyRow]:
        """Cases that count as closed though their run has still to go on when the export is taken."""
        for case in np.flatnonzero(~self.whole & (self.shown > 0)).tolist():
            course = self.groups[self.group_of[case]].course
            if course.plant is None or course.plant.of in TIMED:
                head = [item.activity for item in course.items[: self.shown[case]]]
                if plan.closed(head) and not (plan.language and plan.language.allows(head)):
                    sure = head[-1] in plan.completion.ends and UNKNOWN_LABEL not in head
                    role = "natural" if sure else "undetermined"
                    yield case, "deviation", "early_end", head[-1], role, -1


NEVER_SHOWN = np.iinfo(np.int64).min
IN_ONE_ROW = ("handoff.misrouted", "deviation.unknown")
"""Kinds that one row shows, however the case goes on."""
TIMED = (
    "handoff.late",
    "handoff.misrouted",
    "deadline.late",
    "rule.told",
    "rule.four_eyes",
    "rule.matched",
    "rule.declare",
)
"""Kinds that leave the order of events as it is."""
JUDGED = (
    "deadline.late",
    "deadline.overdue_and_open",
    "deadline.at_risk",
    "handoff.late",
    "rule.told",
    "rule.four_eyes",
    "rule.matched",
    "rule.declare",
    "lost.stalled",
)
"""Kinds that are planted by times or people: planted is only what turned out to be true."""


def edited(course: Course) -> set[str]:
    """Activities of which a fault of order changed an event: which of theirs is whose is not beyond doubt."""
    if course.plant is None or course.plant.of in TIMED or course.state != "closed":
        return set()
    kept = {item.origin for item in course.items}
    gone = {activity for at, activity in enumerate(course.run.activities) if at not in kept}
    return gone | {item.activity for item in course.items if item.faulty}


def _sent_again(plant: Plant, model: ReferenceModel) -> Iterator[tuple[str, str, str]]:
    """An order that is placed twice in a case, and comes back once, is a dispatch without return as well."""
    for order in model.duplicates:
        for pair in model.returns:
            if plant.family == "duplicate" and (plant.subject, order.activity) == (
                order.id,
                pair.dispatched_by,
            ):
                yield "handoff", "unreturned", f"{pair.dispatched_by}->{pair.returned_by}"
