"""What is true of one case of an existing export, before and after a fault is planted into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from reference_models.model import DeclareRule, Match
from walkthrough.simulation.cells import Cell, Value, limit_of
from walkthrough.simulation.counting import reaches
from walkthrough.simulation.into.log import Export, Step
from walkthrough.simulation.plan import AROUND_THE_CLOCK, Plan
from walkthrough.simulation.truth import Events, Fact, Pair, Truth

QUIET_US = 3_600_000_000
"""Nothing is planted so late that less is left until as-of."""


class Judge:
    """Judges cases by the simulator's own truth."""

    def __init__(self, export: Export, as_of_us: int) -> None:
        self.plan, self.as_of_us, self.last_us = export.plan, as_of_us, as_of_us - QUIET_US
        self.first_us = min(export.t_us, default=as_of_us)
        told_by = {each.told_by for each in self.plan.model.told}
        seen = set(export.ids)
        self.witness = [Step(-1, each, self.first_us) for each in sorted(told_by & seen)]
        """That the log records notices at all, one single case does not show."""
        self.unsure = self._unsure()

    def facts(
        self, steps: Sequence[Step], values: Mapping[str, Value], handed: Sequence[Pair] = ()
    ) -> Counter[Fact]:
        """How often each obligation is broken, what is certain apart from what is not.

        handed: the handoffs of the case; without them nothing is said of late ones.
        """
        done = [each for each in steps if each.activity]
        model = self.plan.model
        cell = Cell(values, tuple(limit_of(each, values) for each in model.deadlines))
        names = sorted({*model.activities, *(each.activity for each in done)})
        codes = {name: code for code, name in enumerate(names)}
        persons = {name: code for code, name in enumerate(sorted({each.person for each in done} - {""}))}
        events = [*done, *self.witness]
        shown = Events(
            np.array([0] * len(done) + [1] * len(self.witness), dtype=np.int64),
            np.array([codes[each.activity] for each in events], dtype=np.int64),
            np.array([each.us for each in events], dtype=np.int64),
            np.array([persons.get(each.person, -1) for each in events], dtype=np.int64),
            names,
            [cell, cell],
            self.as_of_us,
        )
        found = dict.fromkeys(Truth(self.plan, shown, handed).facts())
        return Counter(
            each._replace(nth=0, certain=each.certain and each[1:4] not in self.unsure)
            for each in found
            if each.case == 0
        )

    def _unsure(self) -> set[tuple[str, str, str]]:
        """(family, kind, subject) of obligations whose calendar is not published for all these days."""
        model, plan = self.plan.model, self.plan
        found = {
            ("deadline", kind, each.id)
            for each in model.deadlines
            for kind in ("late", "overdue_and_open", "at_risk")
            if not covers(plan, each.calendar, self.first_us, self.as_of_us)
        }
        timed: list[tuple[str, DeclareRule | Match]] = [
            *(("declare", each) for each in model.rules),
            *(("matched", each) for each in model.matches),
        ]
        found |= {
            ("rule", kind, each.id)
            for kind, each in timed
            if each.limit and not covers(plan, each.calendar, self.first_us, self.as_of_us)
        }
        if not covers(plan, model.idle_calendar, self.first_us, self.as_of_us):
            found |= {("rule", "told", each.id) for each in model.told if each.limit}
            found |= {("lost", "stalled", each) for each in model.activities}
            found |= {("handoff", "late", each) for each in plan.handoff_limits}
        return found


def covers(plan: Plan, calendar: str, first_us: int, last_us: int) -> bool:
    """Whether a calendar says of all days from one instant to another which of them count."""
    days = [datetime.fromtimestamp(us / 1e6, UTC).date() for us in (first_us, last_us)]
    known = plan.model.calendars.get(calendar)
    if not all(map(reaches, days)):
        return False
    return calendar == AROUND_THE_CLOCK or known is None or (known.first < days[0] and days[1] < known.last)


def gained(before: Counter[Fact], after: Counter[Fact]) -> list[Fact]:
    """What is broken after and was not before, as often as it is."""
    return sorted((after - before).elements())
