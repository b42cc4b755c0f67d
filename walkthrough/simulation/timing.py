"""Give a group of cases its times: hours of work on an axis of its own, whole matrices at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkthrough.simulation.groups import Group
from walkthrough.simulation.scenarios import Cell, Scenario
from walkthrough.simulation.slots import Slot, Slots, activities_of

Floats = npt.NDArray[np.float64]
OFFICE_DAY = 7.5
"""Worked hours of an office day (`axis.SHIFTS`)."""


@dataclass(frozen=True)
class Timed:
    """A group with times on the axis, relative to each case's first instant."""

    group: Group
    cells: list[Cell]
    """Per case."""
    starts: Floats
    """Hours, per case and slot."""
    ends: Floats


def timed(scenario: Scenario, rng: np.random.Generator, group: Group) -> Timed:
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
    return Timed(group, cells, starts, ends)


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


def _cells(scenario: Scenario, rng: np.random.Generator, group: Group) -> list[Cell]:
    """A kind of order per case that fits the run, and leaves room for what is planted."""
    present = activities_of(group.slots)
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
