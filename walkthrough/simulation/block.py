"""A block of cases that share teams: timed, worked off, written down, and judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkthrough.simulation.axis import HOUR, Axis, Micros, office_axis, round_the_clock
from walkthrough.simulation.beside import Beside, beside
from walkthrough.simulation.cells import Cell
from walkthrough.simulation.courses import UNKNOWN_LABEL, Course
from walkthrough.simulation.groups import Group
from walkthrough.simulation.key import KEY_COLUMNS, Key, KeyRow
from walkthrough.simulation.look_alikes import Alike, look_alikes
from walkthrough.simulation.noise import Noise, tied
from walkthrough.simulation.numbers import Series, in_order, with_gaps
from walkthrough.simulation.orders import Orders
from walkthrough.simulation.other_system import Handed, OtherSystem, Recorded
from walkthrough.simulation.pairs import handed_over
from walkthrough.simulation.periods import Periods
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.queues import Queues
from walkthrough.simulation.timing import AS_OF, AS_OF_US, FIRST_DAY, Arrivals, Timing, timed
from walkthrough.simulation.truth import Events, Fact, Pair, Truth
from walkthrough.simulation.versions import versions_of

NIGHTS = 3
"""Shifts of a team that works around the clock."""


@dataclass(frozen=True)
class Sample:
    """Simulated cases and their answer key."""

    events: pd.DataFrame
    """case (number), activity (id, or an unknown label), start_us, t_us, role (id; empty: none), resource
    (number), round (which of the case's orders it belongs to, from 0), faulty (shows the planted fault).
    Index: the event's number, which decides between events at one time."""
    cases: pd.DataFrame
    """case_id and the attributes as exports spell them; the index is the case number."""
    key: pd.DataFrame
    """case_id, family, kind, subject, role, related_case. Roles: 'planted'; 'consequence' (of what was
    planted in the case) and 'natural' (of queues and chance): true just as well; 'undetermined': perhaps
    true, the log does not show it beyond doubt; 'innocent': looks like a fault and is none. What is true of
    a period has no case, and says in its subject which one; it stands with the last block."""
    records: pd.DataFrame
    """What another system has of the cases: case_id there, t_us, key, of (the case_id that the answer key
    names), faulty."""


@dataclass
class SoFar:
    """Numbers given in earlier blocks, and what was counted in them."""

    periods: Periods
    cases: int = 0
    events: int = 0
    persons: int = 0
    number: int = 0
    """Last case number given, where numbers run in sequence."""
    records: int = 0
    """Cases that the other system has."""


class Block:
    """Cases that share teams: timed, worked off, and judged."""

    def __init__(
        self,
        plan: Plan,
        rng: np.random.Generator,
        groups: Sequence[Group],
        so_far: SoFar,
        noise: Noise,
        series: Series,
    ) -> None:
        self.plan, self.rng, self.groups, self.so_far, self.noise = plan, rng, groups, so_far, noise
        self.series = series
        span = (FIRST_DAY, AS_OF.date() + timedelta(days=150))
        self.office, self.clock = office_axis(*span), round_the_clock(*span)
        self.roles = sorted(plan.model.roles)
        self.names = [*plan.model.activities, UNKNOWN_LABEL]
        arrivals = Arrivals(plan.by_day, so_far.periods.closed())
        self.cells: list[list[Cell]] = []
        self.timings: list[Timing] = []
        self.alike: dict[Alike, None] = {}
        """What only looks like a fault by its times."""
        self.otherwise: set[int] = set()
        """Cases that a version judges whose word on the order of things is another than the newest one's."""
        for group in groups:
            chosen = rng.integers(len(group.cells), size=group.cases)
            self.cells.append([group.cells[int(i)] for i in chosen])
            self.timings.append(timed(plan, rng, group.course, self.cells[-1], arrivals))
        self.queues = Queues(plan, groups, self.timings, self.office)

    def sample(self, planted: int) -> Sample:
        """The cases, and what is true of them.

        planted: how often each kind of repeated order is planted, and how many numbers are left out.
        """
        start, end, member = self.queues.worked_off()
        events = self._table(start, end, member)
        cells = [cell for each in self.cells for cell in each]
        groups = np.repeat(np.arange(len(self.groups)), [group.cases for group in self.groups])
        courses = [group.course for group in self.groups]
        hours: Axis = self.office if self.plan.by_day else self.clock
        repeated = Orders(self.plan, self.rng, courses, groups, cells, self.so_far.cases, hours)
        events = repeated.plant(events, planted, self.names)
        events["round"] = self._rounds(events)
        events = events[events["t_us"] <= AS_OF_US].copy()
        for column in ("start_us", "t_us"):
            events[column] = tied(events[column].to_numpy(), events["case"].to_numpy(), self.noise)
        events = events.sort_values(["case", "t_us", "number"], kind="stable").reset_index(drop=True)
        facts = list(self._facts(events, start, end, repeated.cells))
        case, us, activity = (events[name].to_numpy() for name in ("case", "t_us", "activity"))
        self.so_far.periods.add(case, us, activity, self.names, repeated.cells, self.noise)
        return self._sample(events, facts, groups, repeated, planted)

    def _recorded(
        self,
        table: pd.DataFrame,
        ids: npt.NDArray[np.object_],
        cases: pd.DataFrame,
        key: Sequence[KeyRow],
        planted: int,
    ) -> Recorded:
        """What the other system has of the cases that reached it."""
        other = OtherSystem(self.plan, self.rng, planted, self.so_far.records)
        side = other.rule.sends
        code = self.names.index(side.activity)
        first = table[table["activity"] == code].drop_duplicates("case").sort_values(["t_us", "number"])
        case = first["case"].to_numpy()
        of_case = dict(zip(cases["case_id"], cases.get(side.key, cases["case_id"]), strict=True))
        sound, unplanted = self._untouched(key), np.ones(len(ids), dtype=bool)
        unplanted[[of for of, *_, role, _ in key if role != "innocent"]] = False
        handed = Handed(
            case,
            first["t_us"].to_numpy(),
            first.index.to_numpy(),
            ids[case],
            np.array([of_case[each] for each in ids[case]], dtype=object),
            sound[case],
            unplanted[case],
        )
        made = other.record(handed)
        self.so_far.records = other.number
        return made

    def _as_kept(self, pairs: list[Pair]) -> list[Pair]:
        """With the times that the export shows: of some cases minutes only."""
        cases, sent, taken = (
            np.array([getattr(each, name) for each in pairs], dtype=np.int64)
            for name in ("case", "sent_us", "taken_us")
        )
        times = zip(
            tied(sent, cases, self.noise).tolist(), tied(taken, cases, self.noise).tolist(), strict=True
        )
        return [each._replace(sent_us=a, taken_us=b) for each, (a, b) in zip(pairs, times, strict=True)]

    # Events

    def _table(self, start: Micros, end: Micros, member: Micros) -> pd.DataFrame:
        """All events, those beside the flow included."""
        parts: list[pd.DataFrame] = []
        step = case = 0
        for group, timing in zip(self.groups, self.timings, strict=True):
            shape = timing.lag.shape
            n, width = shape
            cut = slice(step, step + n * width)
            begin, done, by = (each[cut].reshape(shape) for each in (start, end, member))
            numbers = np.arange(case, case + n)
            items = group.course.items
            parts.append(
                pd.DataFrame(
                    {
                        "case": np.repeat(numbers, width),
                        "item": np.tile(np.arange(width), n),
                        "activity": np.tile([self.names.index(item.activity) for item in items], n),
                        "start_us": begin.ravel(),
                        "t_us": done.ravel(),
                        "role": np.tile(
                            [self._role_number(self.queues.role(group.course, a)) for a in range(width)], n
                        ),
                        "member": self._persons(group.course, by).ravel(),
                        "faulty": np.tile([item.faulty for item in items], n),
                        "surplus": np.tile([item.origin < 0 for item in items], n),
                    }
                )
            )
            for each in beside(self.plan, group.course):
                if (made := self._beside(each, group.course, numbers, begin, done)) is not None:
                    parts.append(made)
            step, case = step + n * width, case + n
        table = pd.concat(parts, ignore_index=True)
        # Numbers in the order of time: of two events at one instant that of the flow comes first.
        order = np.lexsort((table.index, table["item"] < 0, table["t_us"]))
        table["number"] = 0
        table.loc[order, "number"] = np.arange(len(table))
        return table

    def _role_number(self, role: str) -> int:
        return self.roles.index(role) if role in self.roles else -1

    def _persons(self, course: Course, by: Micros) -> Micros:
        """Who did it: the member, or who did what nobody may do besides."""
        persons = by.copy()
        for at, item in enumerate(course.items):
            if item.same_person:
                rule = next(each for each in self.plan.model.four_eyes if each.id == item.same_person)
                earlier = [
                    before
                    for before in range(at)
                    if course.items[before].activity in rule.activities
                    and course.items[before].activity != item.activity
                ]
                persons[:, at] = persons[:, earlier[-1]]
        return persons

    def _beside(
        self, each: Beside, course: Course, numbers: Micros, begin: Micros, done: Micros
    ) -> pd.DataFrame | None:
        n = len(numbers)
        role = self.plan.lanes.get(each.activity, "")
        axis: Axis = self.office if self.plan.by_day and role not in self.plan.night_roles else self.clock
        if each.before:
            at = begin[:, each.at]
        else:
            share = self.rng.uniform(0.02, 0.4, n)
            item = course.items[each.at]
            if item.untold and each.rule and course.plant and course.plant.subject == each.rule:
                share = self.rng.uniform(1.3, 2.5, n) + (7.5 if self.plan.by_day else 1.0) / each.hours
            delay = np.round(share * each.hours * HOUR).astype(np.int64)
            at = axis.instants(axis.positions(done[:, each.at]) + delay)
            at = np.maximum(at, done[:, each.at])
        number = self._role_number(role)
        members = self.queues.member_of[number : number + 2] if number >= 0 else np.array([0, 1])
        who = self.rng.integers(members[0], members[1], size=n) if number >= 0 else np.full(n, -1)
        late = course.items[each.at].untold and bool(each.rule)
        return pd.DataFrame(
            {
                "case": numbers,
                "item": -1,
                "activity": self.names.index(each.activity),
                "start_us": at,
                "t_us": at,
                "role": number,
                "member": who,
                "faulty": late and bool(course.plant and course.plant.subject == each.rule),
                "surplus": False,
            }
        )

    def _rounds(self, table: pd.DataFrame) -> Micros:
        """Which of a case's own orders each event belongs to, from 0; an order too many to that before it."""
        rounds = np.zeros(len(table), dtype=np.int64)
        placing = [self.names.index(each) for each in self.plan.placing]
        if not placing:
            return rounds
        order = np.lexsort((table["number"], table["t_us"], table["case"]))
        placed = table["activity"].isin(placing).to_numpy() & (table["item"].to_numpy() >= 0)
        placed &= ~table["surplus"].to_numpy(dtype=bool)
        counted = np.cumsum(placed[order])
        case = table["case"].to_numpy()[order]
        first = np.append(True, case[1:] != case[:-1])
        begun = np.maximum.accumulate(np.where(first, counted - placed[order], 0))
        rounds[order] = np.maximum(counted - begun - 1, 0)
        return rounds

    # Truth

    def _facts(
        self, table: pd.DataFrame, start: Micros, end: Micros, cells: Sequence[Cell]
    ) -> Iterator[Fact]:
        shown = Events(
            table["case"].to_numpy(),
            table["activity"].to_numpy(),
            table["t_us"].to_numpy(),
            table["member"].to_numpy(),
            self.names,
            cells,
            AS_OF_US,
        )
        begun = shown.earliest(np.ones(len(table), dtype=bool))
        for version in versions_of(self.plan):
            mine = version.judges(begun)
            if not mine.any():
                continue
            judged = shown if version.plan is self.plan else replace(shown, cells=version.cells(cells))
            pairs = self._as_kept(list(handed_over(version.plan, self.groups, start, end)))
            alike = look_alikes(version.plan, judged, pairs)
            self.alike |= dict.fromkeys(each for each in alike if mine[each[0]])
            facts = dict.fromkeys(Truth(version.plan, judged, pairs).facts())
            yield from (fact for fact in facts if mine[fact.case])
            if not version.alike:
                self.otherwise |= set(np.flatnonzero(mine).tolist())

    # Sample

    def _sample(
        self,
        table: pd.DataFrame,
        facts: Sequence[Fact],
        groups: npt.NDArray[np.int64],
        repeated: Orders,
        gaps: int,
    ) -> Sample:
        present = np.zeros(len(groups), dtype=bool)
        present[table["case"].to_numpy()] = True
        key = Key(self.groups, groups, table, facts, self.otherwise).rows(present, repeated)
        ids, missing = self._numbered(table, len(groups), key, gaps)
        key += [(a, "lost", "never_entered", self.series.id, "planted", b) for a, b in missing]
        cases = repeated.case_table(self.so_far.cases, present)
        cases.insert(0, "case_id", ids[present])
        recorded = self._recorded(table, ids, cases, key, gaps)
        named = [
            (ids[case], family, kind, subject, role, ids[related] if related >= 0 else "")
            for case, family, kind, subject, role, related in key
        ]
        named += recorded.key
        broken = {case for case, *_, role, _ in named if role != "innocent"}
        named += [(ids[at], "", kind, "", "innocent", "") for at, kind in self.alike if ids[at] not in broken]
        rows = pd.DataFrame(named, columns=KEY_COLUMNS)
        sound = {case for case, *_, role, _ in key if role == "planted"}
        numbers = np.cumsum(present) - 1 + self.so_far.cases
        persons = self.so_far.persons + self._person_numbers(table)
        names = np.array(self.names, dtype=object)
        roles = np.array([*self.roles, ""], dtype=object)
        order = np.argsort(table["number"].to_numpy(), kind="stable")
        stalled = {case for case, _, kind, _, role, _ in key if role == "planted" and kind == "stalled"}
        events = pd.DataFrame(
            {
                "case": numbers[table["case"].to_numpy()],
                "activity": names[table["activity"].to_numpy()],
                "start_us": table["start_us"].to_numpy(),
                "t_us": table["t_us"].to_numpy(),
                "role": roles[table["role"].to_numpy()],
                "resource": persons,
                "round": table["round"].to_numpy(),
                "faulty": self._shown(table, sound, stalled, {before for before, _ in missing})
                | table.index.isin(recorded.shown),
            }
        ).iloc[order]
        events.index = pd.RangeIndex(self.so_far.events, self.so_far.events + len(events))
        self.so_far.cases += int(present.sum())
        self.so_far.events += len(events)
        self.so_far.persons += int(self.queues.member_of[-1]) * NIGHTS
        return Sample(events, cases, rows, recorded.rows)

    def _shown(
        self, table: pd.DataFrame, sound: set[int], stalled: set[int], numbered: set[int]
    ) -> npt.NDArray[np.bool_]:
        """Events that show a planted fault: of cases that lie somewhere, the last one; of those with the
        number before a gap, the first one."""
        case = table["case"].to_numpy()
        lying = np.isin(case, list(stalled))
        last = np.append(case[1:] != case[:-1], True)
        first = np.append(True, last[:-1])
        faulty = table["faulty"].to_numpy(dtype=bool) & np.isin(case, list(sound)) & ~lying
        before = first & np.isin(case, list(numbered))
        return np.asarray(faulty | (lying & last) | before, dtype=bool)

    def _person_numbers(self, table: pd.DataFrame) -> Micros:
        """Number of who did it; teams round the clock come in shifts. 0: nobody in particular."""
        member, role = table["member"].to_numpy(), table["role"].to_numpy()
        nights = np.array([role in self.plan.night_roles for role in self.roles] + [False])
        hour = (table["t_us"].to_numpy() // HOUR + 8) % 24
        shift = np.where(nights[role], hour // 8, 0)
        persons = np.where(member < 0, 0, 1 + member * NIGHTS + shift)
        for rule in self.plan.model.four_eyes:  # nobody changes shift over what two must do
            eyes = np.isin(table["activity"], [self.names.index(each) for each in rule.activities])
            persons = np.where(eyes & (member >= 0), 1 + member * NIGHTS, persons)
        return np.asarray(persons, dtype=np.int64)

    def _untouched(self, key: Sequence[KeyRow]) -> npt.NDArray[np.bool_]:
        """Per case whether neither its course nor the key says anything of it."""
        sound = np.repeat([each.course.plant is None for each in self.groups], [g.cases for g in self.groups])
        sound[[case for each in key for case in (each[0], each[-1]) if case >= 0]] = False
        return np.asarray(sound, dtype=bool)

    def _numbered(
        self, table: pd.DataFrame, cases: int, key: Sequence[KeyRow], gaps: int
    ) -> tuple[npt.NDArray[np.object_], list[tuple[int, int]]]:
        """Case ids, in the order of entry; those of absent cases are empty. And the cases beside each gap."""
        entered = in_order(table["case"].to_numpy(), table["t_us"].to_numpy(), cases)
        sound = self._untouched(key)
        skipped, missing = with_gaps(entered, sound, gaps, self.rng)
        numbers = self.series.first + np.arange(len(entered)) + skipped
        ids = np.full(cases, "", dtype=object)
        ids[entered] = [self.series.text(number) for number in numbers.tolist()]
        self.so_far.number = int(numbers[-1])
        return ids, missing
