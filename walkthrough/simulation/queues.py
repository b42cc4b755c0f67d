"""Teams that work off the queues of a block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from walkthrough.simulation.axis import DAY, HOUR, Axis, Micros, midnight_us
from walkthrough.simulation.courses import Course, predecessors
from walkthrough.simulation.groups import Group
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF, AS_OF_US, FIRST_DAY, Timing

BUSY = 0.45
"""Share of their hours that teams are at work, about; their size follows from their load."""
MOST_TIMES, SOONER = 4, 3 * DAY
"""So often the queues are worked off at most; cases of which nothing is seen arrive so much sooner then."""


class Queues:
    """The work of all cases of a block, and who does it."""

    def __init__(self, plan: Plan, groups: Sequence[Group], timings: Sequence[Timing], office: Axis) -> None:
        """office: the hours of those who do not work around the clock."""
        self.plan, self.groups, self.timings, self.office = plan, groups, timings, office
        self.roles = sorted(plan.model.roles)

    def worked_off(self) -> tuple[Micros, Micros, Micros]:
        """Start, end and member of every step, group by group and case by case."""
        from walkthrough.simulation.kernels import serve

        widths = np.concatenate(
            [np.full(group.cases, len(group.course.items), dtype=np.int64) for group in self.groups]
        )
        after = np.concatenate([np.tile(predecessors(g.course), g.cases) for g in self.groups])
        team = np.concatenate([np.tile(self._teams(g.course), g.cases) for g in self.groups])
        office = np.concatenate([np.tile(self._office_hours(g.course), g.cases) for g in self.groups])
        eyes = np.concatenate([np.tile(self._eyes(g.course), g.cases) for g in self.groups])
        flat = {
            name: np.concatenate([getattr(each, name).ravel() for each in self.timings])
            for name in ("lag", "work", "more", "hold")
        }
        self.member_of = self._team_sizes(team, office, flat["work"])
        first = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        arrivals = np.concatenate([each.arrivals for each in self.timings])
        for _ in range(MOST_TIMES):
            start, end, member = serve(
                first=first,
                arrivals=arrivals,
                after=after,
                team=team,
                office=office,
                eyes=eyes,
                member_of=self.member_of,
                worked=self.office.worked,
                begins=self.office.begins,
                length=self.office.length,
                clock_begin=midnight_us(FIRST_DAY),
                **flat,
            )
            unseen = np.minimum.reduceat(end, first[:-1]) > AS_OF_US
            if not unseen.any():
                break
            arrivals = np.where(unseen, arrivals - SOONER, arrivals)
        return start, end, member

    def role(self, course: Course, at: int) -> str:
        """Who does an item."""
        item = course.items[at]
        return item.by or self.plan.lanes.get(item.activity, "")

    def _teams(self, course: Course) -> Micros:
        roles = [self.role(course, at) for at in range(len(course.items))]
        numbers = [
            self.roles.index(role) if role and not item.waits else -1
            for role, item in zip(roles, course.items, strict=True)
        ]
        return np.array(numbers, dtype=np.int64)

    def _office_hours(self, course: Course) -> npt.NDArray[np.bool_]:
        nights = self.plan.night_roles
        by_night = [
            not self.plan.by_day or self.role(course, at) in nights for at in range(len(course.items))
        ]
        return ~np.array(by_night)

    def _eyes(self, course: Course) -> Micros:
        """Number of the rule of four eyes that each item is under; -1: none."""
        rules = self.plan.model.four_eyes
        return np.array(
            [
                next((n for n, rule in enumerate(rules) if item.activity in rule.activities), -1)
                for item in course.items
            ],
            dtype=np.int64,
        )

    def _team_sizes(self, team: Micros, office: npt.NDArray[np.bool_], work: Micros) -> Micros:
        """First member of each team, and the number of all: by the work that each has to do."""
        span = (AS_OF.date() - FIRST_DAY).days
        sizes = []
        for number in range(len(self.roles)):
            mine = team == number
            by_day = bool(office[mine].mean() > 0.5) if mine.any() else True
            capacity = (self.office.length * span / (span + 150)) if by_day else span * 24 * HOUR
            least = 1 + max(2, max((len(rule.activities) for rule in self.plan.model.four_eyes), default=0))
            sizes.append(max(least, int(np.ceil(work[mine].sum() / capacity / BUSY)) + 2))
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
