"""Simulate a model: cases arrive, wait in queues of teams, and go into the answer key with what is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import Handoff, PeriodLimit, ReferenceModel
from walkthrough.simulation.axis import DAY, HOUR, Axis, Micros, midnight_us, office_axis, round_the_clock
from walkthrough.simulation.beside import Beside, beside
from walkthrough.simulation.cells import Cell, draw_cells
from walkthrough.simulation.courses import UNKNOWN_LABEL, Course, Plant, predecessors
from walkthrough.simulation.groups import Group, Groups
from walkthrough.simulation.look_alikes import Alike, look_alikes
from walkthrough.simulation.noise import NONE, Noise, tied
from walkthrough.simulation.numbers import Series, contract_series, in_order, own_series, with_gaps
from walkthrough.simulation.orders import Orders
from walkthrough.simulation.other_system import Handed, OtherSystem, Recorded
from walkthrough.simulation.periods import Periods, own_rule
from walkthrough.simulation.plan import Plan, plan_of
from walkthrough.simulation.timing import AS_OF, AS_OF_US, FIRST_DAY, Arrivals, Timing, timed
from walkthrough.simulation.truth import Events, Fact, Pair, Truth
from walkthrough.simulation.waiting import Waiting

BLOCK_CASES = 50_000
BUSY = 0.45
"""Share of their hours that teams are at work, about; their size follows from their load."""
MOST_TIMES, SOONER = 4, 3 * DAY
"""So often the queues are worked off at most; cases of which nothing is seen arrive so much sooner then."""
NIGHTS = 3
"""Shifts of a team that works around the clock."""
KEY_COLUMNS = ["case_id", "family", "kind", "subject", "role", "related_case"]


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


@dataclass(frozen=True)
class Simulation:
    """What is to be simulated. The same model, numbers and seed give the same cases.

    Every kind of fault is planted in `fault_rate` of the cases. Raises ValueError for a model of which no run
    comes to its end.
    """

    model: ReferenceModel
    cases: int
    seed: int
    fault_rate: float = 0.01
    block_cases: int = BLOCK_CASES
    """About so many cases are made at a time, by teams of their own: it decides which cases there are."""
    noise: Noise = NONE
    """Laid over the exports."""
    as_of: datetime = field(default=AS_OF, init=False)

    @property
    def plan(self) -> Plan:
        """The model as the simulator needs it."""
        return plan_of(self.model)

    @property
    def export(self) -> str:
        """Name of the files of its exports."""
        return self.plan.hints.export

    @property
    def planted(self) -> int:
        """How often each kind of fault is planted."""
        return max(1, round(self.cases * self.fault_rate)) if self.fault_rate else 0

    @property
    def block_count(self) -> int:
        """Branches that it has."""
        return -(-self.cases // self.block_cases)

    @property
    def period_rules(self) -> tuple[PeriodLimit, ...]:
        """What must come, or may come at most, in each period."""
        return self.model.per_period or (own_rule(self.plan, self.cases),)

    def own_series(self, block: int) -> Series:
        """The numbers of a block's cases, where the contract says nothing of them."""
        return own_series(self.plan.hints.prefix, block, self.block_count, self.block_cases)

    def blocks(self) -> Iterator[Sample]:
        """Make the cases block by block, so that memory does not grow with their number.

        Every block covers the whole time, as a branch with teams of its own; each group of cases is shared
        out evenly. Events are in the order in which they were made. Numbers go on from block to block.
        """
        rng = np.random.default_rng(self.seed)
        planted, count = self.planted, self.block_count
        cells = draw_cells(self.plan, rng)
        plan = Groups(self.plan, cells, rng).of(self.cases, planted)
        periods = Periods(self.plan, self.period_rules, planted, self.seed)
        made_so_far = _SoFar(periods)
        for block in range(count):
            parts = [
                Group(group.course, n, group.cells)
                for turn, group in enumerate(plan)
                if (n := _share(group.cases, (block + turn) % count, count))
            ]
            series = contract_series(self.model, made_so_far.number) or self.own_series(block)
            made = _Block(self.plan, rng, parts, made_so_far, self.noise, series)
            sample = made.sample(_share(planted, block % count, count))
            if block == count - 1:
                sample = replace(sample, key=_with_periods(sample.key, periods))
            yield sample
            rng = np.random.default_rng([self.seed, block + 1])

    def sample(self) -> Sample:
        """All blocks together, events by time: for samples that fit into memory."""
        blocks = list(self.blocks())
        events = pd.concat([block.events for block in blocks])
        return Sample(
            events.iloc[np.lexsort((events.index, events["t_us"]))].reset_index(drop=True),
            pd.concat([block.cases for block in blocks]),
            pd.concat([block.key for block in blocks], ignore_index=True),
            pd.concat([block.records for block in blocks], ignore_index=True),
        )


def simulate(model: ReferenceModel, *, cases: int, seed: int, fault_rate: float = 0.01) -> Sample:
    """Simulate cases of a model in memory; see `Simulation`."""
    return Simulation(model, cases, seed, fault_rate).sample()


def _share(total: int, part: int, parts: int) -> int:
    """How many of a total fall to one of several parts."""
    return total * (part + 1) // parts - total * part // parts


def _with_periods(key: pd.DataFrame, periods: Periods) -> pd.DataFrame:
    """The key with what is true of the periods of the whole sample."""
    return pd.concat([key, pd.DataFrame(periods.rows(), columns=KEY_COLUMNS)], ignore_index=True)


@dataclass
class _SoFar:
    """Numbers given in earlier blocks, and what was counted in them."""

    periods: Periods
    cases: int = 0
    events: int = 0
    persons: int = 0
    number: int = 0
    """Last case number given, where numbers run in sequence."""
    records: int = 0
    """Cases that the other system has."""


class _Block:
    """Cases that share teams: timed, worked off, and judged."""

    def __init__(
        self,
        plan: Plan,
        rng: np.random.Generator,
        groups: Sequence[Group],
        so_far: _SoFar,
        noise: Noise,
        series: Series,
    ) -> None:
        self.plan, self.rng, self.groups, self.so_far, self.noise = plan, rng, groups, so_far, noise
        self.series, self.waiting = series, Waiting(plan)
        span = (FIRST_DAY, AS_OF.date() + timedelta(days=150))
        self.office, self.clock = office_axis(*span), round_the_clock(*span)
        self.roles = sorted(plan.model.roles)
        self.names = [*plan.model.activities, UNKNOWN_LABEL]
        arrivals = Arrivals(plan.by_day, so_far.periods.closed())
        self.cells: list[list[Cell]] = []
        self.timings: list[Timing] = []
        self.alike: dict[Alike, None] = {}
        """What only looks like a fault by its times."""
        for group in groups:
            chosen = rng.integers(len(group.cells), size=group.cases)
            self.cells.append([group.cells[int(i)] for i in chosen])
            self.timings.append(timed(plan, rng, group.course, self.cells[-1], arrivals))

    def sample(self, planted: int) -> Sample:
        """The cases, and what is true of them.

        planted: how often each kind of repeated order is planted, and how many numbers are left out.
        """
        start, end, member = self._worked_off()
        events = self._table(start, end, member)
        pairs = list(self._pairs(start, end))
        cells = [cell for each in self.cells for cell in each]
        groups = np.repeat(np.arange(len(self.groups)), [group.cases for group in self.groups])
        repeated = Orders(
            self.plan, self.rng, [group.course for group in self.groups], groups, cells, self.so_far.cases
        )
        events = repeated.plant(events, planted, self.names)
        events["round"] = self._rounds(events)
        events = events[events["t_us"] <= AS_OF_US].copy()
        for column in ("start_us", "t_us"):
            events[column] = tied(events[column].to_numpy(), events["case"].to_numpy(), self.noise)
        events = events.sort_values(["case", "t_us", "number"], kind="stable").reset_index(drop=True)
        facts = list(self._facts(events, pairs, repeated.cells))
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

    # Queues

    def _worked_off(self) -> tuple[Micros, Micros, Micros]:
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

    def _role(self, course: Course, at: int) -> str:
        item = course.items[at]
        return item.by or self.plan.lanes.get(item.activity, "")

    def _teams(self, course: Course) -> Micros:
        roles = [self._role(course, at) for at in range(len(course.items))]
        numbers = [
            self.roles.index(role) if role and not item.waits else -1
            for role, item in zip(roles, course.items, strict=True)
        ]
        return np.array(numbers, dtype=np.int64)

    def _office_hours(self, course: Course) -> npt.NDArray[np.bool_]:
        nights = self.plan.night_roles
        by_night = [
            not self.plan.by_day or self._role(course, at) in nights for at in range(len(course.items))
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
                            [self._role_number(self._role(group.course, a)) for a in range(width)], n
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
        members = self.member_of[number : number + 2] if number >= 0 else np.array([0, 1])
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

    def _pairs(self, start: Micros, end: Micros) -> Iterator[Pair]:
        """Handoffs with a limit that took place."""
        step = case = 0
        for group in self.groups:
            course, n, width = group.course, group.cases, len(group.course.items)
            begin = start[step : step + n * width].reshape(n, width)
            done = end[step : step + n * width].reshape(n, width)
            for handoff, sender, receiver, certain, goes_on in self._handed(course):
                waits = done[:, goes_on] > AS_OF_US if goes_on >= 0 else True
                for row in np.flatnonzero((done[:, sender] <= AS_OF_US) & waits).tolist():
                    sent = int(done[row, sender])
                    if receiver >= 0 and done[row, receiver] <= AS_OF_US:
                        yield Pair(handoff.id, case + row, sent, int(begin[row, receiver]), certain)
                        continue
                    kept = [item for item, us in zip(course.items, done[row], strict=True) if us <= AS_OF_US]
                    trace = [item.activity for item in kept if not item.waits]
                    owed = self.waiting.owed(trace, handoff.sender, handoff.receiver)
                    if owed is not None:
                        yield Pair(handoff.id, case + row, sent, AS_OF_US, owed and not _edited(course))
            step, case = step + n * width, case + n

    def _handed(self, course: Course) -> Iterator[tuple[Handoff, int, int, bool, int]]:
        """(handoff, sender's item, receiver's item, beyond doubt, item until which it waits).

        Receiver -1: one of those among whom the process has still to choose while the case is open. Last -1:
        also when the work has gone on.
        """
        place = {item.origin: at for at, item in enumerate(course.items) if item.origin >= 0}
        run, limited = course.run, self.plan.handoff_limits
        edited = _edited(course)
        for origin, at in place.items():
            receivers = [n for n, senders in enumerate(run.senders) if origin in senders]
            for receiver in receivers:
                pair = (run.activities[origin], run.activities[receiver])
                handoff = self.plan.handoffs.get(pair)
                if handoff and handoff.id in limited and receiver in place:
                    if origin == max(run.senders[receiver]):  # of several senders the last one decides
                        yield handoff, at, place[receiver], not edited & {*pair}, -1
                elif handoff and handoff.id in limited and course.state != "closed":
                    yield handoff, at, -1, False, -1
            goes_on = max((place.get(each, -1) for each in receivers), default=-1)
            to = {run.activities[each] for each in receivers}
            for (sender, receiving), handoff in self.plan.handoffs.items():
                mine = sender == run.activities[origin] and handoff.id in limited and receiving not in to
                if mine and (goes_on >= 0 or course.state != "closed"):
                    yield handoff, at, -1, False, goes_on

    def _facts(self, table: pd.DataFrame, pairs: Sequence[Pair], cells: Sequence[Cell]) -> Iterator[Fact]:
        shown = Events(
            table["case"].to_numpy(),
            table["activity"].to_numpy(),
            table["t_us"].to_numpy(),
            table["member"].to_numpy(),
            self.names,
            cells,
            AS_OF_US,
        )
        self.alike = dict.fromkeys(look_alikes(self.plan, shown, pairs))
        yield from dict.fromkeys(Truth(self.plan, shown, pairs).facts())

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
        key = _Key(self.groups, groups, table, facts).rows(present, repeated)
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
        self.so_far.persons += int(self.member_of[-1]) * NIGHTS
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


KeyRow = tuple[int, str, str, str, str, int]


class _Key:
    """The answer key of a block."""

    def __init__(
        self,
        groups: Sequence[Group],
        group_of: npt.NDArray[np.int64],
        table: pd.DataFrame,
        facts: Sequence[Fact],
    ) -> None:
        self.groups, self.group_of, self.facts = groups, group_of, facts
        whole = np.array([len(group.course.items) for group in groups])[group_of]
        self.shown = np.bincount(table["case"][table["item"] >= 0], minlength=len(group_of))
        self.whole = self.shown == whole

    def rows(self, present: npt.NDArray[np.bool_], orders: Orders) -> list[KeyRow]:
        """(case, family, kind, subject, role, related case or -1)."""
        model = orders.plan.model
        planted: dict[int, tuple[str, str, str]] = {}
        rows: list[KeyRow] = []
        true = {(fact.case, fact.family, fact.kind, fact.subject) for fact in self.facts if fact.certain}
        for case in np.flatnonzero(present).tolist():
            plant = self.groups[self.group_of[case]].course.plant
            if plant is None:
                continue
            stated = (case, plant.family, plant.kind, plant.subject)
            if plant.of in JUDGED:
                same = {(*each[:3], "") for each in true} if plant.kind == "stalled" else true
                if (stated if plant.kind != "stalled" else (*stated[:3], "")) in same:
                    planted[case] = stated[1:]
            elif self.whole[case]:
                planted[case] = stated[1:]
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
    "handoff.late",
    "rule.told",
    "rule.four_eyes",
    "rule.matched",
    "rule.declare",
    "lost.stalled",
)
"""Kinds that are planted by times or people: planted is only what turned out to be true."""


def _edited(course: Course) -> set[str]:
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
