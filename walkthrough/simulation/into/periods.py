"""Periods of an existing export in which too little comes: cases are taken out of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from reference_models.model import PeriodLimit
from walkthrough.simulation.axis import ZONE
from walkthrough.simulation.courses import Plant
from walkthrough.simulation.into.key import IntoKey, Kind
from walkthrough.simulation.into.log import Export
from walkthrough.simulation.into.truth import Judge
from walkthrough.simulation.periods import Period, periods

MOST_REMOVED = 12
"""Cases taken out of a period, at most."""


class PeriodFaults:
    """Makes too few of a period that has just enough, and says in the end which periods have too few or too
    many for whatever was planted."""

    def __init__(self, export: Export, judge: Judge, key: IntoKey, rng: np.random.Generator) -> None:
        self.export, self.judge, self.key, self.rng = export, judge, key, rng
        self.rules = export.plan.model.per_period
        self.hosts = {case for cases in export.hosts.values() for case in cases}
        calendar = export.plan.model.calendars.get(export.plan.model.idle_calendar)
        zone = ZoneInfo(calendar.zone) if calendar else ZONE
        self.first_us = min(export.t_us)
        days = [datetime.fromtimestamp(us / 1e6, UTC).date() for us in (self.first_us, judge.as_of_us)]
        self.periods = {rule.id: periods(rule.per, zone, days[0], days[1]) for rule in self.rules}
        self.begins = {
            name: np.array([each.from_us for each in found]) for name, found in self.periods.items()
        }
        self.counts = {rule.id: self._counts(rule) for rule in self.rules}
        self.free = {rule.id: self._cases(rule) for rule in self.rules}
        self.before = {rule.id: self._broken(rule) for rule in self.rules}
        self.planted: set[tuple[str, str]] = set()

    def kinds(self) -> list[Kind]:
        """What can be planted."""
        few = [rule for rule in self.rules if rule.at_least and not rule.activity_when]
        return [Kind("rule.per_period", sum(len(self.periods[r.id]) for r in few), self._one)] if few else []

    def _one(self) -> bool:
        """Let one more period have too few."""
        for rule in self.rules:
            if not rule.at_least or rule.activity_when:
                continue
            for at in self.rng.permutation(len(self.periods[rule.id])).tolist():
                period = self.periods[rule.id][at]
                surplus = self.counts[rule.id][at] - rule.at_least + 1
                chosen = self._chosen(self.free[rule.id][at], surplus)
                if chosen and self._over(period):
                    for case, n in chosen:
                        self.export.dropped |= set(self.export.by_case[case])
                        self.key.used.add(case)
                        self.counts[rule.id][at] -= n
                    self.planted.add((rule.id, period.name))
                    return True
        return False

    def _chosen(self, free: Sequence[tuple[str, int]], surplus: int) -> list[tuple[str, int]]:
        """Cases at random without which there are so many less; none, where it takes too many."""
        chosen: list[tuple[str, int]] = []
        for at in self.rng.permutation(len(free)).tolist() if surplus > 0 else ():
            if free[at][0] not in self.key.used:
                chosen.append(free[at])
            if sum(n for _, n in chosen) >= surplus:
                return chosen if len(chosen) <= MOST_REMOVED else []
        return []

    def _over(self, period: Period) -> bool:
        return self.first_us <= period.from_us and period.until_us <= self.judge.as_of_us

    def _at(self, rule: PeriodLimit, us: int) -> int:
        return int(np.searchsorted(self.begins[rule.id], us, side="right")) - 1

    def _cases(self, rule: PeriodLimit) -> dict[int, list[tuple[str, int]]]:
        """Number of a period → (case, how often it has the activity) of cases that have it there only."""
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for case in sorted(self.hosts):
            own = [row for row in self.export.by_case[case] if self.export.ids[row] == rule.activity]
            places = {self._at(rule, self.export.t_us[row]) for row in own}
            if len(places) == 1:
                found[places.pop()].append((case, len(own)))
        return found

    def _counts(self, rule: PeriodLimit) -> Counter[int]:
        return Counter(
            self._at(rule, step.us)
            for case in self.export.by_case
            for step in self.export.steps(case)
            if step.activity == rule.activity
        )

    def _broken(self, rule: PeriodLimit) -> set[str]:
        """The periods that break a rule by now."""
        counts, found = self._counts(rule), set()
        for at, period in enumerate(self.periods[rule.id]):
            few = rule.at_least is not None and counts[at] < rule.at_least and self._over(period)
            if few or (rule.at_most is not None and counts[at] > rule.at_most):
                found.add(period.name)
        return found

    def state(self) -> None:
        """Write into the key what is broken now and was not before."""
        known = set(self.export.plan.model.activities)
        for rule in self.rules:
            unread = {
                self._at(rule, step.us)
                for case in self.export.by_case
                for step in self.export.steps(case)
                if step.activity and step.activity not in known
            }
            fresh = self._broken(rule) - self.before[rule.id]
            for at, period in enumerate(self.periods[rule.id]):
                if period.name in fresh:
                    role = "planted" if (rule.id, period.name) in self.planted else "consequence"
                    sure = not rule.activity_when and not (at in unread and rule.at_least is not None)
                    plant = Plant("rule", "per_period", f"{rule.id} {period.name}")
                    self.key.state(plant, role if sure else "undetermined")
