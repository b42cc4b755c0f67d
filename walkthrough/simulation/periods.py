"""Periods in which too little or too much came, over all cases: outages, and the simulator's own counting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from reference_models.model import Authority, PeriodLimit, Standing, Text
from walkthrough.simulation.axis import DAY, ZONE, Micros
from walkthrough.simulation.cells import Cell, holds
from walkthrough.simulation.noise import Noise
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF, AS_OF_US, FIRST_DAY, REAL_HOURS

ONE_IN = 12
"""Of so many periods one is without arrivals, at most."""
SETTLED, ROOM = timedelta(days=90), timedelta(days=100)
"""What lies between the first day and the first outage, and between the last one and as-of, at least."""
FOR_WEEKS = 4
"""Cases a week from which the sample asks for one every week; with fewer it asks for one every month."""


@dataclass(frozen=True)
class Period:
    """A day, week, month, quarter or year."""

    name: str
    """Its first day."""
    from_us: int
    until_us: int


def own_rule(plan: Plan, cases: int) -> PeriodLimit:
    """What a sample asks for whose contract asks for nothing: that cases come all the time."""
    often: dict[str, float] = {}
    for run, share in plan.runs:
        often[run.activities[0]] = often.get(run.activities[0], 0.0) + share
    activity = max(sorted(often), key=lambda each: often[each])
    weeks = (AS_OF.date() - FIRST_DAY).days / 7
    per = "week" if cases * often[activity] / weeks >= FOR_WEEKS else "month"
    name = Text("案件不断", "Cases all the time")
    return PeriodLimit("all_the_time", name, activity, per, None, 1, (), Authority(Standing.USER))


def periods(per: str, zone: ZoneInfo, first: date, last: date) -> list[Period]:
    """Those that the days from first to last lie in."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 370))
    begins = sorted({_begin(per, day) for day in days})
    return [
        Period(begin.isoformat(), _midnight(begin, zone), _midnight(end, zone))
        for begin, end in pairwise(begins)
        if begin <= last
    ]


def _begin(per: str, day: date) -> date:
    if per == "week":
        return day - timedelta(days=day.weekday())
    if per == "month":
        return day.replace(day=1)
    if per == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return day.replace(month=1, day=1) if per == "year" else day


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000


class Periods:
    """The rules of a sample that count per period, and the counts of all its cases."""

    def __init__(self, plan: Plan, rules: Sequence[PeriodLimit], planted: int, seed: int) -> None:
        self.plan, self.rules = plan, rules
        calendar = plan.model.calendars.get(plan.model.idle_calendar)
        zone = ZoneInfo(calendar.zone) if calendar else ZONE
        self.periods = {rule.id: periods(rule.per, zone, FIRST_DAY, AS_OF.date()) for rule in rules}
        self.counts = {rule.id: np.zeros(len(self.periods[rule.id]), dtype=np.int64) for rule in rules}
        self.unread = {rule.id: np.zeros(len(self.periods[rule.id]), dtype=bool) for rule in rules}
        self.begin_us = AS_OF_US
        rng = np.random.default_rng([seed, 1])
        self.outages = {rule.id: self._outages(rule, planted, rng) for rule in rules}

    def _outages(self, rule: PeriodLimit, planted: int, rng: np.random.Generator) -> list[Period]:
        """Periods in which nothing is to come."""
        if rule.at_least is None:
            return []
        since, until = (_midnight(d, ZONE) for d in (FIRST_DAY + SETTLED, AS_OF.date() - ROOM))
        usable = [each for each in self.periods[rule.id] if since <= each.from_us and each.until_us <= until]
        count = min(planted, max(len(self.periods[rule.id]) // ONE_IN, 1), len(usable))
        chosen = rng.choice(len(usable), size=count, replace=False)
        return [usable[int(at)] for at in sorted(chosen.tolist())]

    def closed(self) -> list[tuple[int, int]]:
        """When no case may arrive: during an outage, and before it what would reach the activity in it."""
        spans = []
        for rule in self.rules:
            places = [
                r.activities.index(rule.activity) for r, _ in self.plan.runs if rule.activity in r.activities
            ]
            steps = sum(places) / len(places) if places else 0.0
            hours = steps * self.plan.hours_per_step * (REAL_HOURS if self.plan.by_day else 1.0)
            lead = 7 * DAY + round(1.5 * hours / 24 * DAY)
            spans += [(each.from_us - lead, each.until_us) for each in self.outages[rule.id]]
        return spans

    def add(
        self,
        case: Micros,
        us: Micros,
        activity: Micros,
        names: Sequence[str],
        cells: Sequence[Cell],
        noise: Noise,
    ) -> None:
        """Count the events of a block."""
        known = self.plan.model.activities
        strange = np.isin(activity, [n for n, name in enumerate(names) if name not in known])
        since = _midnight(noise.window, ZONE) if noise.window else int(us.min())
        self.begin_us = min(self.begin_us, since)
        shown = us >= since
        for rule in self.rules:
            counted = shown & (activity == (names.index(rule.activity) if rule.activity in names else -1))
            if rule.activity_when:
                asked = np.array([holds(rule.activity_when, cell.values) for cell in cells])
                counted &= asked[case]
            edges = [each.from_us for each in self.periods[rule.id]]
            for where, add in ((counted, True), (shown & strange, False)):
                at = np.searchsorted(edges, us[where], side="right") - 1
                here = np.bincount(at, minlength=len(edges))
                if add:
                    self.counts[rule.id] += here
                else:
                    self.unread[rule.id] |= here > 0

    def rows(self) -> Iterator[tuple[str, str, str, str, str, str]]:
        """Rows of the answer key; they belong to no case."""
        for rule in self.rules:
            outages = {each.name for each in self.outages[rule.id]}
            for at, period in enumerate(self.periods[rule.id]):
                n = int(self.counts[rule.id][at])
                if rule.at_most is not None:
                    broken, sure = n > rule.at_most, True
                else:
                    over = period.until_us <= AS_OF_US
                    broken = over and n < (rule.at_least or 0)
                    sure = period.from_us >= self.begin_us and not self.unread[rule.id][at]
                if broken:
                    role = "planted" if period.name in outages else "natural"
                    subject = f"{rule.id} {period.name}"
                    yield "", "rule", "per_period", subject, role if sure else "undetermined", ""
