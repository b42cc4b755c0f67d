"""Simulate a model: groups of cases that share a run, timed as whole matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import HOUR, ZONE, Axis, office_axis, round_the_clock
from walkthrough.simulation.playout import play_out
from walkthrough.simulation.scenarios import SCENARIOS, Cell, Scenario
from walkthrough.simulation.slots import EDITS, Plant, Slot, Slots, cut, paused, plain

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
RUNS_DRAWN = 2_000
RUNS_KEPT = 40
"""Distinct runs simulated: the most frequent ones of those drawn."""
OFFICE_DAY = 7.5
"""Worked hours of an office day (`axis.SHIFTS`)."""
FIRST_DAY = date(2024, 1, 1)
AS_OF = datetime(2026, 6, 30, 17, 0, tzinfo=ZONE)
"""The instant at which the simulated export was taken: a working day before the offices close."""


@dataclass(frozen=True)
class Sample:
    """A simulated log and its answer key."""

    scenario: Scenario
    as_of: datetime
    events: pd.DataFrame
    """case (number), activity (id, or an unknown label), start_us, t_us, resource (number); by time."""
    cases: pd.DataFrame
    """case_id and the attributes as exports spell them; the index is the case number."""
    key: pd.DataFrame
    """case_id, family, kind, subject, role ('planted', 'consequence', 'innocent'), related_case."""


@dataclass(frozen=True)
class _Group:
    """Cases of one shape."""

    slots: Slots
    cases: int
    plant: Plant | None = None
    state: str = "closed"
    """'closed', 'open' (young), 'stalled' or 'overdue'."""
    innocent: str = ""


@dataclass(frozen=True)
class _Timed:
    """A group with times on the axis, relative to each case's first instant."""

    group: _Group
    cells: list[Cell]
    """Per case."""
    starts: Floats
    """Hours, per case and slot."""
    ends: Floats


def simulate(model: ReferenceModel, *, cases: int, seed: int, fault_rate: float = 0.01) -> Sample:
    """Simulate about `cases` cases of a library model, planting every kind in `fault_rate` of them.

    The same model, numbers and seed give the same sample. Raises ValueError for a model that has no
    scenario.
    """
    if model.id not in SCENARIOS:
        raise ValueError(f"no scenario for {model.id}; there are: {', '.join(SCENARIOS)}")
    scenario, rng = SCENARIOS[model.id], np.random.default_rng(seed)
    span = (FIRST_DAY, AS_OF.date() + timedelta(days=30))
    axis = office_axis(*span) if scenario.office else round_the_clock(*span)
    as_of = _on_axis(axis, round(AS_OF.timestamp() * 1e6))
    builder = _Builder(scenario, rng, axis, as_of)
    for group in _groups(scenario, model, rng, cases, fault_rate):
        builder.add(_timed(scenario, rng, group))
    if scenario.order:
        for kind in ("exact", "resent"):
            builder.add_repeated_orders(
                kind, _repeats(scenario, model, rng), max(1, round(cases * fault_rate))
            )
    return builder.sample()


def _on_axis(axis: Axis, instant: int) -> float:
    shift = int(np.searchsorted(axis.begins, instant, side="right")) - 1
    return float(axis.worked[shift] + instant - axis.begins[shift]) / HOUR


def _runs(
    scenario: Scenario, model: ReferenceModel, rng: np.random.Generator
) -> list[tuple[tuple[str, ...], float]]:
    drawn = play_out(model.net, rng, RUNS_DRAWN, scenario.weights)
    kept = sorted(drawn.items(), key=lambda item: (-item[1], item[0]))[:RUNS_KEPT]
    total = sum(count for _, count in kept)
    return [(run, count / total) for run, count in kept]


def _groups(
    scenario: Scenario, model: ReferenceModel, rng: np.random.Generator, cases: int, rate: float
) -> Iterator[_Group]:
    runs = _runs(scenario, model, rng)
    shapes = [plain(scenario, run) for run, _ in runs]
    whole = [slots for slots in shapes if scenario.clock is None or scenario.clock[1] in _activities(slots)]
    planted = max(1, round(cases * rate))
    for edit in EDITS.values():
        edits = [each for slots in whole for each in edit(scenario, slots)]
        for (plant, slots), n in _spread(edits, planted, rng):
            yield _Group(slots, n, plant)
    stopped = [slots for shape in whole for slots in cut(scenario, shape, after_start=True)]
    for slots, n in _spread(stopped, planted, rng):
        yield _Group(slots, n, Plant("lost", "stalled", slots[-1].activity), "stalled")
    if scenario.clock:
        for slots, n in _spread(stopped, planted, rng):
            yield _Group(slots, n, Plant("deadline", "overdue_and_open", slots[-1].activity), "overdue")
    young = [slots for shape in whole for slots in cut(scenario, shape, after_start=False)]
    for slots, n in _spread(young, round(cases * 0.05), rng):
        yield _Group(slots, n, state="open", innocent="young")
    if scenario.pause:
        waiting = [paused(scenario, slots, rng) for slots in whole]
        for slots, n in _spread(waiting, round(cases * 0.08), rng):
            yield _Group(slots, n, innocent="paused")
    rest = round(cases * (0.87 - rate * len(EDITS)))
    for slots, (_, share) in zip(shapes, runs, strict=True):
        if n := round(max(rest, 1) * share):
            yield _Group(slots, n)


def _activities(slots: Slots) -> set[str]:
    return {slot.activity for slot in slots}


def _spread(things: Sequence[T], total: int, rng: np.random.Generator) -> list[tuple[T, int]]:
    """Share a number of cases among things; no more than a dozen of them get any."""
    if not things:
        return []
    chosen = rng.choice(len(things), size=min(len(things), 12), replace=False)
    counts = rng.multinomial(total, np.full(len(chosen), 1 / len(chosen)))
    return [(things[int(i)], int(n)) for i, n in zip(chosen, counts, strict=True) if n]


def _repeats(scenario: Scenario, model: ReferenceModel, rng: np.random.Generator) -> Slots:
    """The run in which an order is placed and settled, and most often so."""
    runs = [
        run for run, _ in _runs(scenario, model, rng) if scenario.order in run and scenario.settled in run
    ]
    return plain(scenario, runs[0])


def _timed(scenario: Scenario, rng: np.random.Generator, group: _Group) -> _Timed:
    """Give every slot a start and an end.

    A share of the case's limit is divided among the slots inside the clock, so that what is not planted
    stays in time; waits before a limited handoff stay within two fifths of its limit.
    """
    n, slots = group.cases, group.slots
    day = OFFICE_DAY if scenario.office else 1.0
    cells = _cells(scenario, rng, group)
    limits = np.array([np.inf if cell.limit is None else cell.limit for cell in cells]) * day
    share = rng.gamma(2.0, 0.5, (n, len(slots))) * scenario.hours_per_step
    inside = _inside(scenario, slots)
    if inside.any() and np.isfinite(limits).all():
        late_handoff = group.plant is not None and (group.plant.family, group.plant.kind) == (
            "handoff",
            "late",
        )
        most = 0.45 if group.innocent == "paused" else 0.35 if late_handoff else 0.7
        budget = limits * rng.uniform(0.2, most, n)
        taken = share[:, inside].sum(axis=1)
        share[:, inside] *= (budget / taken)[:, None]
    waits = share * rng.uniform(0.2, 0.6, share.shape)
    works = share - waits
    starts, ends = np.zeros_like(share), np.zeros_like(share)
    now = np.zeros(n)
    sender = ""
    for i, slot in enumerate(slots):
        if slot.beside:
            starts[:, i] = ends[:, i] = now + rng.uniform(0.02, 0.4, n) * scenario.told_limit * day
            if slot.activity == (scenario.pause or ("", ""))[1]:
                starts[:, i] = ends[:, i] = now
            continue
        if slot.halts:
            starts[:, i] = ends[:, i] = now + 0.05 * day
            now = now + rng.uniform(1.0, 8.0, n) * day
            continue
        wait, work = _duration(scenario, rng, slot, sender, waits[:, i], works[:, i], limits, day)
        starts[:, i] = now + wait
        now = ends[:, i] = starts[:, i] + work
        sender = slot.activity
    if group.state == "overdue":
        last = len(slots) - 1
        ends[:, last] += limits * rng.uniform(1.1, 1.6, n) + 1.5 * day
    return _Timed(group, cells, starts, ends)


def _duration(
    scenario: Scenario,
    rng: np.random.Generator,
    slot: Slot,
    sender: str,
    wait: Floats,
    work: Floats,
    limits: Floats,
    day: float,
) -> tuple[Floats, Floats]:
    n = len(wait)
    if slot.brief:
        return np.full(n, 0.01 * day), rng.uniform(0.01, 0.03, n) * day
    if slot.late:
        return (rng.uniform(2.0, 3.0, n) * slot.late + 0.6) * day, work
    limit = scenario.limits.get(f"{sender}->{slot.activity}")
    if limit is not None:
        wait = np.minimum(wait, 0.4 * limit * day)
    if slot.stretched:
        work = work + limits * rng.uniform(1.1, 1.8, n) + 1.5 * day
    return wait, work


def _inside(scenario: Scenario, slots: Slots) -> npt.NDArray[np.bool_]:
    """Slots whose work runs on the clock: after its start, up to its stop."""
    inside = np.zeros(len(slots), dtype=bool)
    if scenario.clock is None:
        return inside
    running = False
    for i, slot in enumerate(slots):
        inside[i] = running and not slot.beside and not slot.halts
        if slot.activity == scenario.clock[0]:
            running = True
        if slot.activity == scenario.clock[1]:
            running = False
    return inside


def _cells(scenario: Scenario, rng: np.random.Generator, group: _Group) -> list[Cell]:
    """A kind of order per case that fits the run, and leaves room for what is planted."""
    present = _activities(group.slots)
    inserted = group.plant.subject if group.plant and group.plant.kind == "inserted" else ""
    fitting = [
        cell
        for cell in scenario.cells
        if (not cell.needs or (cell.needs in present and cell.needs != inserted))
        and not any(activity in present and activity != inserted for activity in cell.without)
    ]
    roomy = [cell for cell in fitting if cell.limit is None or 5 <= cell.limit <= 24]
    if (
        group.innocent == "paused"
        or group.state != "closed"
        or (group.plant and group.plant.family == "deadline")
    ):
        fitting = roomy or fitting
    if group.plant and group.plant.kind in ("late", "ping_pong") and group.plant.family == "handoff":
        widest = max(cell.limit or 0 for cell in roomy)
        fitting = [cell for cell in roomy if (cell.limit or 0) >= min(widest, 12)]
    shares = np.array([cell.share for cell in fitting])
    return [fitting[int(i)] for i in rng.choice(len(fitting), size=group.cases, p=shares / shares.sum())]


class _Builder:
    """Collects timed groups, places them on the calendar and numbers the cases."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator, axis: Axis, as_of: float) -> None:
        self.scenario, self.rng, self.axis, self.as_of = scenario, rng, axis, as_of
        self.parts: list[dict[str, npt.NDArray[np.generic]]] = []
        self.cells: list[Cell] = []
        self.same_as: list[int] = []
        """Per case the case whose order it repeats, or itself."""
        self.keys: list[tuple[int, str, str, str, str, int]] = []

    def add(self, timed: _Timed) -> None:
        """Place a group: closed cases anywhere before as-of, open ones so that they are as old as planned."""
        group, day = timed.group, OFFICE_DAY if self.scenario.office else 1.0
        n, last = group.cases, timed.ends.max(axis=1)
        if group.state == "closed":
            begin = self.rng.uniform(0.05, 0.98, n) * (self.as_of - last)
        else:
            idle = self.scenario.idle_limit * day
            limits = np.array([np.inf if c.limit is None else c.limit for c in timed.cells]) * day
            age = (
                self.rng.uniform(1.5, 3.0, n) * idle + day
                if group.state == "stalled"
                else self.rng.uniform(0.02, 0.08, n) * np.minimum(limits, idle)
            )
            begin = self.as_of - age - last
        self._place(timed, begin)

    def add_repeated_orders(self, kind: str, slots: Slots, pairs: int) -> None:
        """Pairs of cases in which the second places the first one's order again."""
        first = _timed(self.scenario, self.rng, _Group(slots, pairs))
        plant = Plant("duplicate", kind, self.scenario.order)
        second = _timed(self.scenario, self.rng, _Group(slots, pairs, plant))
        at = [slot.activity for slot in slots].index(self.scenario.order)
        settled = [slot.activity for slot in slots].index(self.scenario.settled)
        room = self.as_of - first.ends.max(axis=1) - second.ends.max(axis=1) - 60
        begin = self.rng.uniform(0.2, 0.9, pairs) * room
        ordered, closed = first.ends[:, at], first.ends[:, settled]
        if kind == "resent":
            again = ordered + self.rng.uniform(0.2, 0.8, pairs) * (closed - ordered)
        else:
            again = closed + self.rng.uniform(1.0, 40.0, pairs)
        originals = len(self.cells)
        self._place(first, begin)
        self._place(second, begin + again - second.ends[:, at], same_as=originals)

    def _place(self, timed: _Timed, begin: Floats, same_as: int | None = None) -> None:
        group, first = timed.group, len(self.cells)
        n, width = timed.starts.shape
        numbers = np.arange(first, first + n)
        instants = [
            self.axis.instants(np.round((begin[:, None] + hours) * HOUR).astype(np.int64).ravel())
            for hours in (timed.starts, timed.ends)
        ]
        self.parts.append(
            {
                "case": np.repeat(numbers, width),
                "activity": np.tile(np.array([slot.activity for slot in group.slots], dtype=object), n),
                "start_us": instants[0],
                "t_us": instants[1],
            }
        )
        self.cells += timed.cells
        self.same_as += list(range(same_as, same_as + n)) if same_as is not None else numbers.tolist()
        self._note(group, numbers.tolist(), same_as)

    def _note(self, group: _Group, numbers: list[int], same_as: int | None) -> None:
        rows: list[tuple[str, str, str, str]] = []
        if group.plant:
            rows.append((group.plant.family, group.plant.kind, group.plant.subject, "planted"))
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

    def sample(self) -> Sample:
        """Everything placed, in one table of events by time, with shuffled case numbers."""
        events = pd.DataFrame(
            {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        )
        as_of_us = round(AS_OF.timestamp() * 1e6)
        events = events[events["t_us"] <= as_of_us]
        events["resource"] = (events["case"] * 7 + events["t_us"] // HOUR) % 23
        order = np.lexsort((np.arange(len(events)), events["t_us"]))
        events = events.iloc[order].reset_index(drop=True)
        numbers = self.rng.permutation(len(self.cells)) + 1
        ids = np.array([f"{self.scenario.prefix}{number:08d}" for number in numbers], dtype=object)
        key = pd.DataFrame(self.keys, columns=["case", "family", "kind", "subject", "role", "related"])
        key.insert(0, "case_id", ids[key["case"].to_numpy(dtype=np.int64)])
        related = key["related"].to_numpy(dtype=np.int64)
        key["related_case"] = np.where(related >= 0, ids[related], "")
        key = key.drop(columns=["case", "related"]).sort_values(
            ["family", "kind", "case_id"], ignore_index=True
        )
        return Sample(self.scenario, AS_OF, events, self._case_table(ids), key)

    def _case_table(self, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
        table = pd.DataFrame([dict(cell.values) for cell in self.cells], index=range(len(self.cells)))
        table.insert(0, "case_id", ids)
        if self.scenario.order:
            goods = ["光缆", "配线架", "传输设备", "接入设备", "电源"]
            same = np.array(self.same_as)
            table["project"] = [f"网络工程-{number:07d}" for number in same]
            table["item"] = [goods[number % len(goods)] for number in same]
            table["quantity"] = [str(1 + number % 37) for number in same]
            table["amount"] = [f"{(1 + number % 37) * (800 + number % 91):.2f}" for number in same]
        return table
