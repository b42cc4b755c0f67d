"""Which cases a sample holds: sound ones in all their ways, a group per planted fault, and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from reference_models.model import ReferenceModel
from walkthrough.simulation.playout import play_out
from walkthrough.simulation.scenarios import Scenario
from walkthrough.simulation.slots import EDITS, Plant, Slots, activities_of, cut, paused, plain

T = TypeVar("T")
RUNS_DRAWN = 2_000
RUNS_KEPT = 40
"""Distinct runs simulated: the most frequent ones of those drawn."""
YOUNG_SHARE = 0.05
"""Share of the cases that are open and in time."""
PAUSED_SHARE = 0.08
"""Share of the cases that wait for the customer and are in time for it."""
MOST_SHAPES = 12
"""A fault is planted into so many different courses at most."""


@dataclass(frozen=True)
class Group:
    """Cases of one shape."""

    slots: Slots
    cases: int
    plant: Plant | None = None
    state: str = "closed"
    """'closed', 'open' (young), 'stalled' or 'overdue'."""
    innocent: str = ""


def groups(
    scenario: Scenario, model: ReferenceModel, rng: np.random.Generator, cases: int, planted: int
) -> list[Group]:
    """Groups of `cases` cases together, `planted` of them for each kind of fault.

    Where so few cases were asked for that nothing sound would be left, there are more.
    """
    runs = runs_of(scenario, model, rng)
    shapes = [plain(scenario, run) for run, _ in runs]
    whole = [slots for slots in shapes if scenario.clock is None or scenario.clock[1] in activities_of(slots)]
    made = [
        *_faulty(scenario, rng, whole, planted),
        *_stopped(scenario, rng, whole, planted),
        *_innocent(scenario, rng, whole, cases),
    ]
    sound = max(cases - sum(group.cases for group in made), len(shapes))
    counts = rng.multinomial(sound, [share for _, share in runs])
    return [*made, *(Group(slots, int(n)) for slots, n in zip(shapes, counts, strict=True) if n)]


def _faulty(
    scenario: Scenario, rng: np.random.Generator, whole: Sequence[Slots], planted: int
) -> Iterator[Group]:
    """Closed cases with a fault."""
    for edit in EDITS.values():
        edits = [each for slots in whole for each in edit(scenario, slots)]
        for (plant, slots), n in _spread(edits, planted, rng):
            yield Group(slots, n, plant)


def _stopped(
    scenario: Scenario, rng: np.random.Generator, whole: Sequence[Slots], planted: int
) -> Iterator[Group]:
    """Open cases that lie too long, or are past their limit."""
    stopped = [slots for shape in whole for slots in cut(scenario, shape, after_start=True)]
    for slots, n in _spread(stopped, planted, rng):
        yield Group(slots, n, Plant("lost", "stalled", slots[-1].activity), "stalled")
    if scenario.clock:
        for slots, n in _spread(stopped, planted, rng):
            yield Group(slots, n, Plant("deadline", "overdue_and_open", slots[-1].activity), "overdue")


def _innocent(
    scenario: Scenario, rng: np.random.Generator, whole: Sequence[Slots], cases: int
) -> Iterator[Group]:
    """Cases that look like faults and are none."""
    young = [slots for shape in whole for slots in cut(scenario, shape, after_start=False)]
    for slots, n in _spread(young, round(cases * YOUNG_SHARE), rng):
        yield Group(slots, n, state="open", innocent="young")
    if scenario.pause:
        waiting = [paused(scenario, slots, rng) for slots in whole]
        for slots, n in _spread(waiting, round(cases * PAUSED_SHARE), rng):
            yield Group(slots, n, innocent="paused")


def runs_of(
    scenario: Scenario, model: ReferenceModel, rng: np.random.Generator
) -> list[tuple[tuple[str, ...], float]]:
    """(course, share) of the most frequent runs of the model, most frequent first."""
    drawn = play_out(model.net, rng, RUNS_DRAWN, scenario.weights)
    kept = sorted(drawn.items(), key=lambda item: (-item[1], item[0]))[:RUNS_KEPT]
    total = sum(count for _, count in kept)
    return [(run, count / total) for run, count in kept]


def repeats(scenario: Scenario, model: ReferenceModel, rng: np.random.Generator) -> Slots:
    """The run in which an order is placed and settled, and most often so."""
    runs = [
        run for run, _ in runs_of(scenario, model, rng) if scenario.order in run and scenario.settled in run
    ]
    return plain(scenario, runs[0])


def _spread(things: Sequence[T], total: int, rng: np.random.Generator) -> list[tuple[T, int]]:
    """Share a number of cases among things; no more than MOST_SHAPES get any."""
    if not things:
        return []
    chosen = rng.choice(len(things), size=min(len(things), MOST_SHAPES), replace=False)
    counts = rng.multinomial(total, np.full(len(chosen), 1 / len(chosen)))
    return [(things[int(i)], int(n)) for i, n in zip(chosen, counts, strict=True) if n]
