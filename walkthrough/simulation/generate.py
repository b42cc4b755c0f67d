"""Simulate a model: cases arrive, wait in queues of teams, and go into the answer key with what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from reference_models.model import PeriodLimit, ReferenceModel
from walkthrough.simulation.block import Block, Sample, SoFar
from walkthrough.simulation.cells import draw_cells
from walkthrough.simulation.groups import Group, Groups
from walkthrough.simulation.key import KEY_COLUMNS
from walkthrough.simulation.noise import NONE, Noise
from walkthrough.simulation.numbers import Series, contract_series, own_series
from walkthrough.simulation.periods import Periods, own_rule
from walkthrough.simulation.plan import Plan, plan_of
from walkthrough.simulation.timing import AS_OF

BLOCK_CASES = 50_000


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
        made_so_far = SoFar(periods)
        for block in range(count):
            parts = [
                Group(group.course, n, group.cells)
                for turn, group in enumerate(plan)
                if (n := _share(group.cases, (block + turn) % count, count))
            ]
            series = contract_series(self.model, made_so_far.number) or self.own_series(block)
            made = Block(self.plan, rng, parts, made_so_far, self.noise, series)
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
