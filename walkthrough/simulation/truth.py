"""What is true of every case: which obligations of the contract it broke, by the simulator's own reading.

Works on the events as the export shows them, up to as-of. What a case breaks by nature, or as a consequence
of what was planted, is in the answer key just as what was planted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reference_models.model import Deadline, DeclareRule, Limit
from walkthrough.simulation.axis import Micros
from walkthrough.simulation.cells import Cell, holds
from walkthrough.simulation.counting import Counter, Span
from walkthrough.simulation.declared import Seen, breaches, rests_on_presence
from walkthrough.simulation.plan import Plan

NEVER = np.iinfo(np.int64).max
FLOOR = np.iinfo(np.int64).min


class Fact(NamedTuple):
    """Something that is true of a case."""

    case: int
    family: str
    kind: str
    subject: str
    certain: bool = True
    """False: the log does not show it beyond doubt."""
    nth: int = 0
    """Which of several obligations of this subject that the case broke; each counts."""


class Pair(NamedTuple):
    """A handoff that took place."""

    handoff: str
    case: int
    sent_us: int
    taken_us: int
    certain: bool
    """False: of several senders, or of events that the fault moved."""


@dataclass(frozen=True)
class Events:
    """Events of a block, sorted by case and time."""

    case: Micros
    activity: npt.NDArray[np.int64]
    """Index into `names`."""
    us: Micros
    person: Micros
    names: Sequence[str]
    cells: Sequence[Cell]
    """Per case."""
    as_of_us: int

    @cached_property
    def first(self) -> Micros:
        """Per case the index of its first event; and the number of events."""
        return np.searchsorted(self.case, np.arange(len(self.cells) + 1)).astype(np.int64)

    def code(self, activity: str) -> int:
        """-1: it did not come."""
        return self.names.index(activity) if activity in self.names else -1

    def of(self, *activities: str) -> npt.NDArray[np.bool_]:
        """Events of these activities."""
        return np.isin(self.activity, [self.code(each) for each in activities])

    def earliest(self, where: npt.NDArray[np.bool_]) -> Micros:
        """Per case the first instant; NEVER without one."""
        found = np.full(len(self.cells), NEVER, dtype=np.int64)
        np.minimum.at(found, self.case[where], self.us[where])
        return found

    def latest(self, where: npt.NDArray[np.bool_]) -> Micros:
        """Per case the last instant; FLOOR without one."""
        found = np.full(len(self.cells), FLOOR, dtype=np.int64)
        np.maximum.at(found, self.case[where], self.us[where])
        return found

    def next_after(self, where: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> Micros:
        """Per event of `of` the first instant at or after it of an event of `where` in its case; NEVER."""
        found = np.full(int(of.sum()), NEVER, dtype=np.int64)
        asked, have = np.flatnonzero(of), np.flatnonzero(where)
        if not len(have):
            return found
        least = int(self.us.min())
        width = int(self.us.max()) - least + 1
        keys = self.case[have] * width + (self.us[have] - least)
        at = np.searchsorted(keys, self.case[asked] * width + (self.us[asked] - least))
        inside = at < len(have)
        same = np.zeros(len(asked), dtype=bool)
        same[inside] = self.case[have[at[inside]]] == self.case[asked[inside]]
        found[same] = self.us[have[at[same]]]
        return found


class Truth:
    """Judges the cases of a block."""

    def __init__(self, plan: Plan, events: Events, pairs: Sequence[Pair]) -> None:
        self.plan, self.events, self.pairs = plan, events, pairs
        model = plan.model
        last = events.latest(events.of(*model.ends)) if model.ends else np.full(len(events.cells), FLOOR)
        reopened = events.latest(events.of(*model.reopened_by))
        self.over = (last > FLOOR) & (last >= reopened)
        known = {each.id for each in model.activities.values()}
        strange = [name for name in events.names if name not in known]
        self.unread = np.bincount(events.case[events.of(*strange)], minlength=len(events.cells)) > 0
        """Cases with labels that no model knows: one of them may be what seems absent."""

    def facts(self) -> Iterator[Fact]:
        """All that is broken, each obligation by itself; of what is not certain, that it may be."""
        seen: dict[Fact, int] = {}
        for fact in self._broken():
            if fact.certain:
                seen[fact] = seen.get(fact, -1) + 1
            yield fact._replace(nth=seen.get(fact, 0))

    def _broken(self) -> Iterator[Fact]:
        for number, deadline in enumerate(self.plan.model.deadlines):
            yield from self._deadline(number, deadline)
        yield from self._handoffs()
        yield from self._told()
        yield from self._declared()
        yield from self._matched()
        yield from self._four_eyes()
        yield from self._stalled()

    def _paused(self, deadlines: Sequence[Deadline]) -> dict[int, list[Span]]:
        """Case → its pauses; one that never ended runs to as-of."""
        events = self.events
        found: dict[int, list[Span]] = {}
        for pause in {each for deadline in deadlines for each in deadline.pauses}:
            begun = events.of(pause.start)
            ended = np.minimum(events.next_after(events.of(pause.end), begun), events.as_of_us)
            for case, begin, end in zip(
                events.case[begun].tolist(), events.us[begun].tolist(), ended.tolist(), strict=True
            ):
                found.setdefault(case, []).append((begin, end))
        return found

    def _deadline(self, number: int, deadline: Deadline) -> Iterator[Fact]:
        events, counter = self.events, self.plan.counter(deadline.calendar, deadline.unit)
        begin = events.earliest(events.of(deadline.start))
        begun = begin < NEVER
        begin = np.where(begun, np.maximum(begin, events.latest(events.of(*deadline.restart_on))), begin)
        stop = events.latest(events.of(deadline.stop))
        stopped = begun & (stop >= begin)
        judged = stopped | (begun & ~self.over)
        end = np.where(stopped, stop, events.as_of_us)
        cases = np.flatnonzero(judged)
        measures = counter.between(begin[cases], end[cases])
        pauses = self._paused([deadline])
        for case, measure in zip(cases.tolist(), measures.tolist(), strict=True):
            cell = events.cells[case].limits[number]
            share = deadline.warning.share if deadline.warning and not stopped[case] else 1.0
            if cell.limit is None or measure <= cell.limit * share:
                continue
            if case in pauses:
                measure = counter.less_pauses(int(begin[case]), int(end[case]), pauses[case], cell.limit)
            if measure > cell.limit:
                kind = "late" if stopped[case] else "overdue_and_open"
                certain = bool(stopped[case] or not self.unread[case])
                yield Fact(case, "deadline", kind, deadline.id, certain)
            elif cell.limit * share < measure <= (cell.doubtful_from or cell.limit):
                yield Fact(case, "deadline", "at_risk", deadline.id)

    def _handoffs(self) -> Iterator[Fact]:
        pauses = self._paused(self.plan.model.deadlines)
        for handoff, (limit, unit) in self.plan.handoff_limits.items():
            pairs = [each for each in self.pairs if each.handoff == handoff]
            counter = self.plan.idle_counter(unit)
            sent = np.array([each.sent_us for each in pairs], dtype=np.int64)
            taken = np.array([max(each.taken_us, each.sent_us) for each in pairs], dtype=np.int64)
            measures = counter.between(sent, taken)
            for at in np.flatnonzero(measures > limit).tolist():
                each, measure = pairs[at], float(measures[at])
                if each.case in pauses:
                    measure = counter.less_pauses(int(sent[at]), int(taken[at]), pauses[each.case], limit)
                if measure > limit:
                    yield Fact(each.case, "handoff", "late", handoff, each.certain)

    def _told(self) -> Iterator[Fact]:
        events = self.events
        for told in self.plan.model.told:
            milestones = events.of(told.after)
            notices = events.of(told.told_by)
            if not notices.any():
                continue
            answered = events.next_after(notices, milestones)
            cases, since = events.case[milestones], events.us[milestones]
            if told.limit is None:
                broken = (answered == NEVER) & self.over[cases]
            else:
                counter = self.plan.idle_counter(told.limit.unit)
                reached = np.minimum(answered, events.as_of_us)
                broken = counter.between(since, reached) > told.limit.value
            for at in np.flatnonzero(broken).tolist():
                case = int(cases[at])
                yield Fact(case, "rule", "told", told.id, bool(answered[at] < NEVER or not self.unread[case]))

    def _declared(self) -> Iterator[Fact]:
        rules = self.plan.model.rules
        if not rules:
            return
        counters = {
            rule.id: self.plan.counter(rule.calendar, rule.limit.unit) if rule.limit else None
            for rule in rules
        }
        known: dict[tuple[object, ...], tuple[DeclareRule, ...]] = {}
        timeless = [rule for rule in rules if rule.limit is None]
        for case, seen in enumerate(self._cases()):
            cell, over = self.events.cells[case], bool(self.over[case])
            trace = tuple(each.activity for each in seen)
            ties = tuple(a.us == b.us for a, b in pairwise(seen))  # at one instant the order says nothing
            key = (trace, ties, over, id(cell))
            if key not in known:
                known[key] = tuple(
                    rule
                    for rule in timeless
                    for _ in range(
                        breaches(
                            rule, seen, cell.values, over=over, counter=None, as_of_us=self.events.as_of_us
                        )
                    )
                )
            broken = [*known[key]]
            for rule in rules:
                if counter := counters[rule.id]:
                    n = breaches(
                        rule, seen, cell.values, over=over, counter=counter, as_of_us=self.events.as_of_us
                    )
                    broken += [rule] * n
            for rule in broken:
                certain = not self.unread[case] or rests_on_presence(rule)
                yield Fact(case, "rule", "declare", rule.id, certain)

    def _cases(self) -> Iterator[list[Seen]]:
        events = self.events
        flow = {each.id for each in self.plan.model.activities.values() if each.in_flow}
        inside = [name in flow for name in events.names]
        codes, times, first = events.activity.tolist(), events.us.tolist(), events.first.tolist()
        for begin, end in pairwise(first):
            yield [Seen(events.names[codes[i]], times[i], inside[codes[i]]) for i in range(begin, end)]

    def _matched(self) -> Iterator[Fact]:
        events = self.events
        for match in self.plan.model.matches:
            if match.same:
                continue  # the cases of a sample do not share what they are matched by
            sides = []
            for activity, when in ((match.one, match.one_when), (match.other, match.other_when)):
                where = events.of(activity)
                if when:
                    where &= np.array([holds(when, cell.values) for cell in events.cells])[events.case]
                sides.append(where)
            counts = [np.bincount(events.case[where], minlength=len(events.cells)) for where in sides]
            uneven = np.flatnonzero(counts[0] != counts[1])
            counter = self.plan.counter(match.calendar, match.limit.unit) if match.limit else None
            for case in uneven.tolist():
                more = sides[0] if counts[0][case] > counts[1][case] else sides[1]
                even = int(min(counts[0][case], counts[1][case]))
                for _ in range(self._partners_due(case, more, even, counter, match.limit)):
                    yield Fact(case, "rule", "matched", match.id, not self.unread[case])
            if counter and match.limit:
                yield from self._far_apart(match.id, sides, counter, match.limit.value)

    def _partners_due(
        self, case: int, more: npt.NDArray[np.bool_], even: int, counter: Counter | None, limit: Limit | None
    ) -> int:
        """How many events beyond the even ones should have their partner by now."""
        events = self.events
        part = slice(events.first[case], events.first[case + 1])
        alone = events.us[part][more[part]][even:].tolist()
        if counter is None or limit is None:
            return len(alone) if self.over[case] else 0
        return sum(counter.less_pauses(us, events.as_of_us, (), limit.value) > limit.value for us in alone)

    def _far_apart(
        self, rule: str, sides: list[npt.NDArray[np.bool_]], counter: Counter, limit: float
    ) -> Iterator[Fact]:
        events = self.events
        for case in range(len(events.cells)):
            part = slice(events.first[case], events.first[case + 1])
            one, other = (events.us[part][side[part]] for side in sides)
            for a, b in zip(one.tolist(), other.tolist(), strict=False):
                if counter.less_pauses(min(a, b), max(a, b), (), limit) > limit:
                    yield Fact(case, "rule", "matched", rule)

    def _four_eyes(self) -> Iterator[Fact]:
        events = self.events
        for rule in self.plan.model.four_eyes:
            chosen = np.flatnonzero(events.of(*rule.activities) & (events.person >= 0))
            done: dict[tuple[int, int], list[int]] = {}
            for at in chosen.tolist():
                key = (int(events.case[at]), int(events.person[at]))
                done.setdefault(key, []).append(int(events.activity[at]))
            for (case, _), activities in done.items():
                pairs = sum(a != b for a, b in combinations(activities, 2))
                if pairs and holds(rule.when, events.cells[case].values):
                    yield from [Fact(case, "rule", "four_eyes", rule.id)] * pairs

    def _stalled(self) -> Iterator[Fact]:
        events = self.events
        last = events.first[1:] - 1
        lying = np.flatnonzero(~self.over & (events.first[1:] > events.first[:-1]))
        for case in lying.tolist():
            activity = events.names[int(events.activity[last[case]])]
            limit = self.plan.idle_limit(activity)
            if limit is None:
                continue
            counter = self.plan.idle_counter(limit[1])
            idle = counter.less_pauses(int(events.us[last[case]]), events.as_of_us, (), limit[0])
            if idle > limit[0]:
                yield Fact(case, "lost", "stalled", activity, not self.unread[case])
