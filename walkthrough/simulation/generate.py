"""Simulate a model: groups of cases that share a course, placed on the calendar, with the answer key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import HOUR, ZONE, Axis, office_axis, round_the_clock
from walkthrough.simulation.groups import Group, groups, repeats
from walkthrough.simulation.scenarios import GOODS, SCENARIOS, Cell, Scenario
from walkthrough.simulation.slots import Plant, Slots
from walkthrough.simulation.timing import OFFICE_DAY, Floats, Timed, timed

PAIR_KINDS = {"exact": 1.0, "resent": 1.0, "near": 1.01, "unlike": 1.1}
"""Of orders that a second case repeats: the second amount as a share of the first. 'unlike' is innocent."""
TEAM_SIZE = 7
"""Persons per role."""
FIRST_DAY = date(2024, 1, 1)
AS_OF = datetime(2026, 6, 30, 17, 0, tzinfo=ZONE)
"""The instant at which the simulated export was taken: a working day before the offices close."""
BLOCK_CASES = 50_000


@dataclass(frozen=True)
class Sample:
    """Simulated cases and their answer key."""

    events: pd.DataFrame
    """case (number), activity (id, or an unknown label), start_us, t_us, role (id; empty: none), resource
    (number), faulty (shows the planted fault). Index: the event's number, which decides between events at one
    time."""
    cases: pd.DataFrame
    """case_id and the attributes as exports spell them; the index is the case number."""
    key: pd.DataFrame
    """case_id, family, kind, subject, role ('planted', 'consequence', 'innocent'), related_case."""


@dataclass(frozen=True)
class Simulation:
    """What is to be simulated. The same model, numbers and seed give the same cases.

    Every kind of fault is planted in `fault_rate` of the cases. Raises ValueError for a model that has no
    scenario.
    """

    model: ReferenceModel
    cases: int
    seed: int
    fault_rate: float = 0.01
    block_cases: int = BLOCK_CASES
    """About so many cases are made at a time; how many decides which cases there are."""
    as_of: datetime = AS_OF

    def __post_init__(self) -> None:
        if self.model.id not in SCENARIOS:
            raise ValueError(f"no scenario for {self.model.id}; there are: {', '.join(SCENARIOS)}")

    @property
    def scenario(self) -> Scenario:
        """The model's part of the simulation."""
        return SCENARIOS[self.model.id]

    def blocks(self) -> Iterator[Sample]:
        """Make the cases block by block, so that memory does not grow with their number.

        Every block covers the whole time; each group of cases is shared out evenly. Events are in the order
        in which they were made. Numbers go on from block to block.
        """
        rng = np.random.default_rng(self.seed)
        planted = max(1, round(self.cases * self.fault_rate))
        pairs = 2 * planted * len(PAIR_KINDS) if self.scenario.order else 0
        plan = groups(self.scenario, self.model, rng, self.cases - pairs, planted)
        count = -(-self.cases // self.block_cases)
        first_case = first_event = 0
        for block in range(count):
            builder = _Builder(self.scenario, self.model, rng, first_case)
            for turn, group in enumerate(plan):
                if n := _share(group.cases, (block + turn) % count, count):
                    builder.add(timed(self.scenario, rng, replace(group, cases=n)))
            if self.scenario.order:
                slots = repeats(self.scenario, self.model, rng)
                for turn, kind in enumerate(PAIR_KINDS):
                    if n := _share(planted, (block + turn) % count, count):
                        builder.add_repeated_orders(kind, slots, n)
            made = builder.sample(first_event)
            yield made
            first_case += len(made.cases)
            first_event += len(made.events)
            rng = np.random.default_rng([self.seed, block + 1])

    def sample(self) -> Sample:
        """All blocks together, events by time: for samples that fit into memory."""
        blocks = list(self.blocks())
        events = pd.concat([block.events for block in blocks])
        return Sample(
            events.iloc[np.lexsort((events.index, events["t_us"]))].reset_index(drop=True),
            pd.concat([block.cases for block in blocks]),
            pd.concat([block.key for block in blocks], ignore_index=True),
        )


def simulate(model: ReferenceModel, *, cases: int, seed: int, fault_rate: float = 0.01) -> Sample:
    """Simulate cases of a library model in memory; see `Simulation`."""
    return Simulation(model, cases, seed, fault_rate).sample()


def _share(total: int, part: int, parts: int) -> int:
    """How many of a total fall to one of several parts."""
    return total * (part + 1) // parts - total * part // parts


def _on_axis(axis: Axis, instant: int) -> float:
    shift = int(np.searchsorted(axis.begins, instant, side="right")) - 1
    return float(axis.worked[shift] + instant - axis.begins[shift]) / HOUR


class _Builder:
    """Collects timed groups, places them on the calendar and numbers the cases."""

    def __init__(
        self, scenario: Scenario, model: ReferenceModel, rng: np.random.Generator, first_case: int
    ) -> None:
        span = (FIRST_DAY, AS_OF.date() + timedelta(days=30))
        self.scenario, self.rng, self.first_case = scenario, rng, first_case
        self.axis = office_axis(*span) if scenario.office else round_the_clock(*span)
        self.as_of = _on_axis(self.axis, round(AS_OF.timestamp() * 1e6))
        self.teams = {role: number for number, role in enumerate(sorted(model.roles), start=1)}
        self.lanes = {a.id: a.role for a in model.activities.values() if a.role}
        self.parts: list[dict[str, npt.NDArray[np.generic]]] = []
        self.cells: list[Cell] = []
        self.same_as: list[int] = []
        """Per case the case whose order it repeats, or itself."""
        self.amounts: list[float] = []
        """Per case the amount of its order as a share of that of the case whose order it repeats."""
        self.keys: list[tuple[int, str, str, str, str, int]] = []

    def add(self, each: Timed) -> None:
        """Place a group: closed cases anywhere before as-of, open ones so that they are as old as planned."""
        group, day = each.group, OFFICE_DAY if self.scenario.office else 1.0
        n, last = group.cases, each.ends.max(axis=1)
        if group.state == "closed":
            begin = self.rng.uniform(0.05, 0.98, n) * (self.as_of - last)
        else:
            idle = self.scenario.idle_limit * day
            limits = np.array([np.inf if c.limit is None else c.limit for c in each.cells]) * day
            age = (
                self.rng.uniform(1.5, 3.0, n) * idle + day
                if group.state == "stalled"
                else self.rng.uniform(0.02, 0.08, n) * np.minimum(limits, idle)
            )
            begin = self.as_of - age - last
        self._place(each, begin)

    def add_repeated_orders(self, kind: str, slots: Slots, pairs: int) -> None:
        """Pairs of cases in which the second places the first one's order again."""
        at = [slot.activity for slot in slots].index(self.scenario.order)
        settled = [slot.activity for slot in slots].index(self.scenario.settled)
        again_slots = (*slots[:at], replace(slots[at], faulty=True), *slots[at + 1 :])
        repeated = Group(again_slots, pairs, Plant("duplicate", kind, self.scenario.order))
        if kind == "unlike":
            repeated = Group(slots, pairs, innocent=kind)
        first = timed(self.scenario, self.rng, Group(slots, pairs))
        second = timed(self.scenario, self.rng, repeated)
        room = self.as_of - first.ends.max(axis=1) - second.ends.max(axis=1) - 60
        begin = self.rng.uniform(0.2, 0.9, pairs) * room
        ordered, closed = first.ends[:, at], first.ends[:, settled]
        if kind == "resent":
            again = ordered + self.rng.uniform(0.2, 0.8, pairs) * (closed - ordered)
        else:
            again = closed + self.rng.uniform(1.0, 40.0, pairs)
        originals = len(self.cells)
        self._place(first, begin)
        self._place(second, begin + again - second.ends[:, at], originals, PAIR_KINDS[kind])

    def _place(self, each: Timed, begin: Floats, same_as: int | None = None, amount: float = 1.0) -> None:
        group, first = each.group, len(self.cells)
        n, width = each.starts.shape
        numbers = np.arange(first, first + n)
        instants = [
            self.axis.instants(np.round((begin[:, None] + hours) * HOUR).astype(np.int64).ravel())
            for hours in (each.starts, each.ends)
        ]
        self.parts.append(
            {
                "case": np.repeat(numbers, width),
                "activity": np.tile(np.array([slot.activity for slot in group.slots], dtype=object), n),
                "start_us": instants[0],
                "t_us": instants[1],
                "role": np.tile(
                    np.array(
                        [slot.by or self.lanes.get(slot.activity, "") for slot in group.slots], dtype=object
                    ),
                    n,
                ),
                "faulty": np.tile(np.array([slot.faulty for slot in group.slots]), n),
            }
        )
        self.cells += each.cells
        self.same_as += list(range(same_as, same_as + n)) if same_as is not None else numbers.tolist()
        self.amounts += [amount] * n
        self._note(group, numbers.tolist(), same_as)

    def _note(self, group: Group, numbers: list[int], same_as: int | None) -> None:
        rows: list[tuple[str, str, str, str]] = []
        if group.plant:
            rows.append((group.plant.family, group.plant.kind, group.plant.subject, "planted"))
            broken = self.scenario.consequences.get((group.plant.kind, group.plant.subject), ())
            rows += [(family, kind, "", "consequence") for family, kind in broken]
        if group.innocent:
            rows.append(("", group.innocent, "", "innocent"))
        if group.state == "stalled":
            # What lies untouched for that long also passes the limits that were running.
            rows.append(("deadline", "overdue_and_open", "", "consequence"))
            rows.append(("handoff", "late", "", "consequence"))
            rows.append(("rule", "told", "", "consequence"))
        for i, number in enumerate(numbers):
            related = -1 if same_as is None else same_as + i
            self.keys += [(number, *row, related) for row in rows]

    def sample(self, first_event: int) -> Sample:
        """Everything placed, with shuffled case ids."""
        numbers = self.rng.permutation(len(self.cells)) + 1 + self.first_case
        ids = np.array([f"{self.scenario.prefix}{number:08d}" for number in numbers], dtype=object)
        return Sample(self._event_table(first_event), self._case_table(ids), self._key_table(ids))

    def _event_table(self, first_event: int) -> pd.DataFrame:
        """Up to as-of; every person belongs to one role."""
        events = pd.DataFrame(
            {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        )
        events = events[events["t_us"] <= round(AS_OF.timestamp() * 1e6)]
        events["case"] += self.first_case
        team = events["role"].map(self.teams).fillna(0).astype(np.int64)
        shift = events["case"] * 7 + events["t_us"] // HOUR
        events["resource"] = team * 10 + shift % TEAM_SIZE
        return events.set_index(pd.RangeIndex(first_event, first_event + len(events)))

    def _key_table(self, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
        key = pd.DataFrame(self.keys, columns=["case", "family", "kind", "subject", "role", "related"])
        case, related = key["case"].to_numpy(dtype=np.int64), key["related"].to_numpy(dtype=np.int64)
        key.insert(0, "case_id", ids[case])
        key["related_case"] = np.where(related >= 0, ids[related], "")
        return key.drop(columns=["case", "related"])

    def _case_table(self, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
        numbers = pd.RangeIndex(self.first_case, self.first_case + len(self.cells))
        table = pd.DataFrame([dict(cell.values) for cell in self.cells], index=numbers)
        table.insert(0, "case_id", ids)
        if self.scenario.order:
            goods, same = list(GOODS), np.array(self.same_as) + self.first_case
            table["project"] = [f"NW-{number:07d}" for number in same]
            table["item"] = [goods[number % len(goods)] for number in same]
            table["quantity"] = [str(1 + number % 37) for number in same]
            full = [(1 + number % 37) * (800 + number % 91) for number in same]
            table["amount"] = [f"{whole * part:.2f}" for whole, part in zip(full, self.amounts, strict=True)]
        return table
