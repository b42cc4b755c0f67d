"""What a model's samples are made from: derived from the model itself, and from its hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reference_models.model import Handoff, Limit, ReferenceModel
from walkthrough.simulation.completion import NOTHING, Completion, completion_of
from walkthrough.simulation.counting import Counter, counter
from walkthrough.simulation.hints import Hints, hints_of
from walkthrough.simulation.language import Language, TooLarge
from walkthrough.simulation.playout import Run, play_out

RUNS_DRAWN = 2_000
RUNS_KEPT = 40
"""Distinct runs simulated: the most frequent ones of those drawn."""
LIMITED_HANDOFFS = 3
"""Handoffs to which the sample gives limits of its own, where neither model nor hints give any."""
AROUND_THE_CLOCK = "around-the-clock"


@dataclass(frozen=True)
class Plan:
    """A model as the simulator needs it."""

    given: ReferenceModel
    hints: Hints
    completed: bool = True
    """With the limits that the sample brings along; else the model as it is."""
    newest: Plan | None = None
    """Of an earlier version the plan of the newest one, from which the cases are made."""

    @cached_property
    def model(self) -> ReferenceModel:
        """What the cases are judged by."""
        return self.completion.of(self.given)

    @cached_property
    def completion(self) -> Completion:
        """What the sample brings along besides limits of handoffs: the same for all versions."""
        if self.newest is not None:
            return self.newest.completion
        unit = "hours" if self.given.idle_calendar == AROUND_THE_CLOCK else "working_days"
        return completion_of(self.given, self.runs, unit) if self.completed else NOTHING

    @cached_property
    def by_day(self) -> bool:
        """Offices do the work; else shifts round the clock, as the model's clocks run."""
        calendars = {each.calendar for each in self.model.deadlines} or {self.model.idle_calendar}
        return calendars != {AROUND_THE_CLOCK}

    @cached_property
    def night_roles(self) -> frozenset[str]:
        """Roles that work around the clock."""
        if not self.by_day:
            return frozenset(self.model.roles)
        roles: set[str] = set()
        for deadline in self.model.deadlines:
            if deadline.calendar == AROUND_THE_CLOCK and deadline.unit == "hours":
                for run, _ in self.runs:
                    if deadline.start in run.activities and deadline.stop in run.activities:
                        begin = run.activities.index(deadline.start)
                        end = run.activities.index(deadline.stop)
                        within = run.activities[min(begin, end) : max(begin, end) + 1]
                        roles |= {self.lanes.get(activity, "") for activity in within}
        return frozenset(roles)

    @cached_property
    def hours_per_step(self) -> float:
        """Mean hours of a step."""
        return self.hints.hours_per_step or (5.0 if self.by_day else 0.5)

    @cached_property
    def lanes(self) -> dict[str, str]:
        """Activity → role."""
        return {each.id: each.role or "" for each in self.model.activities.values()}

    @cached_property
    def runs(self) -> list[tuple[Run, float]]:
        """(run, share) of the most frequent runs of the model, most frequent first."""
        rng = np.random.default_rng(0)
        drawn = play_out(self.given.net, rng, RUNS_DRAWN, self.hints.weights)
        if not drawn:
            raise ValueError(f"{self.given.id}: no run of the model comes to its end")
        kept = sorted(drawn.items(), key=lambda item: (-item[1], item[0].activities))[:RUNS_KEPT]
        total = sum(count for _, count in kept)
        return [(run, count / total) for run, count in kept]

    @cached_property
    def language(self) -> Language | None:
        """What the model allows; None: it is too large to say."""
        try:
            return Language(self.model.net, self.model.costs)
        except TooLarge:
            return None

    @cached_property
    def firsts(self) -> frozenset[str]:
        """Activities with which a case may begin."""
        if self.language is None:
            return frozenset(run.activities[0] for run, _ in self.runs)
        allowed = self.language.follow[0] >= 0
        return frozenset(np.array(self.language.activities)[allowed].tolist())

    @cached_property
    def handoffs(self) -> Mapping[tuple[str, str], Handoff]:
        """By sender and receiver."""
        return {(each.sender, each.receiver): each for each in self.model.handoffs}

    @cached_property
    def added_limits(self) -> dict[str, tuple[float, str]]:
        """Handoff → (limit, unit) that the sample brings along, for the model gives none."""
        if self.newest is not None:
            return self.newest.added_limits
        unit = "hours" if self.model.idle_calendar == AROUND_THE_CLOCK else "working_days"
        if self.hints.handoff_limits:
            return {each: (value, unit) for each, value in self.hints.handoff_limits.items()}
        if any(each.limit for each in self.model.handoffs):
            return {}
        often: dict[str, float] = {}
        for run, share in self.runs:
            for receiver, senders in enumerate(run.senders):
                for sender in senders:
                    pair = (run.activities[sender], run.activities[receiver])
                    if pair in self.handoffs and len(senders) == 1:
                        often[self.handoffs[pair].id] = often.get(self.handoffs[pair].id, 0.0) + share
        ranked = sorted(often, key=lambda each: (-often[each], each))
        return dict.fromkeys(ranked[:LIMITED_HANDOFFS], (2.0, unit))

    @cached_property
    def handoff_limits(self) -> dict[str, tuple[float, str]]:
        """Handoff → (limit, unit), the model's and the sample's."""
        own = {each.id: (each.limit.value, each.limit.unit) for each in self.model.handoffs if each.limit}
        return own | self.added_limits

    def counter(self, calendar: str, unit: str) -> Counter:
        """The arithmetic of a clock."""
        return counter(None if calendar == AROUND_THE_CLOCK else self.model.calendars.get(calendar), unit)

    def idle_counter(self, unit: str) -> Counter:
        """That of handoffs, notices and idle cases."""
        return self.counter(self.model.idle_calendar, unit)

    def worked_hours(self, value: float, unit: str) -> float:
        """About how many simulated working hours a limit is."""
        return value * (24 if not self.by_day and unit != "hours" else 1 if unit == "hours" else 7.5)

    def limit_hours(self, limit: Limit) -> float:
        """The same of a limit."""
        return self.worked_hours(limit.value, limit.unit)

    def idle_limit(self, activity: str) -> tuple[float, str] | None:
        """(value, unit) of how long an open case may rest after an activity; None: nobody says it."""
        own = [each for each in self.model.idle_limits if each.after == activity]
        chosen = own or [each for each in self.model.idle_limits if each.after is None]
        if not chosen or chosen[0].limit is None:
            return None
        return chosen[0].limit.value, chosen[0].limit.unit

    def closed(self, trace: Sequence[str]) -> bool:
        """Whether a case with these events is over."""
        over = False
        for activity in trace:
            over = activity in self.model.ends or (over and activity not in self.model.reopened_by)
        return over

    @cached_property
    def per_round(self) -> tuple[str, ...]:
        """Attributes that differ between the orders of one case, where a run places several."""
        if self.hints.per_round or not any(
            run.activities.count(each) > 1 for run, _ in self.runs for each in self.placing
        ):
            return self.hints.per_round
        same = [self.model.attributes[name] for order in self.model.duplicates for name in order.same]
        return tuple(spec.id for spec in same if spec.type == "number") or tuple(
            spec.id for spec in same[-1:]
        )

    @cached_property
    def placing(self) -> frozenset[str]:
        """Activities that place orders."""
        return frozenset(each.activity for each in self.model.duplicates)


_PLANS: dict[tuple[str, str, tuple[str, ...], bool], Plan] = {}


def plan_of(model: ReferenceModel, *, completed: bool = True) -> Plan:
    """The plan of a model; worked out once. completed: with the limits that a sample brings along."""
    key = (model.sha256, model.location, model.overrides, completed)
    if key not in _PLANS:
        _PLANS[key] = Plan(model, hints_of(model), completed)
    return _PLANS[key]
