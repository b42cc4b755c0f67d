"""Runs of a model's net, drawn at random, with whose work each event goes on from."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from reference_models.model import Net, Transition

Marking = tuple[int, ...]
Producers = frozenset[int]
NOBODY: Producers = frozenset()
LONGEST = 300
"""Steps, silent ones included, after which a run is given up."""


@dataclass(frozen=True)
class Run:
    """A complete run of the net."""

    activities: tuple[str, ...]
    senders: tuple[Producers, ...]
    """Per event the positions of those whose tokens it took through silent transitions; none at the start."""


def play_out(net: Net, rng: np.random.Generator, runs: int, weights: Mapping[str, float]) -> Counter[Run]:
    """Draw complete runs; returns how often each came.

    `weights` makes an activity more or less likely among the transitions enabled (default 1). Runs that get
    stuck, or go on and on, are left out.
    """
    game = _Game(net, weights)
    drawn = (game.run(rng) for _ in range(runs))
    return Counter(run for run in drawn if run is not None)


class _Game:
    """The token game; what is possible in a marking is worked out once."""

    def __init__(self, net: Net, weights: Mapping[str, float]) -> None:
        self.net, self.weights = net, weights
        self.initial: Marking = tuple(sorted(net.initial))
        self.finals = set(net.finals)
        self.known: dict[Marking, tuple[list[Transition], list[float]]] = {}

    def run(self, rng: np.random.Generator) -> Run | None:
        """One complete run, or None."""
        tokens: list[tuple[int, Producers]] = [(place, NOBODY) for place in self.initial]
        activities: list[str] = []
        senders: list[Producers] = []
        for _ in range(LONGEST):
            marking = tuple(sorted(place for place, _ in tokens))
            if marking in self.finals:
                return Run(tuple(activities), tuple(senders))
            steps, chances = self._possible(marking)
            if not steps:
                return None
            step = steps[bisect(chances, rng.random() * chances[-1])]
            taken = [tokens.pop(next(i for i, (at, _) in enumerate(tokens) if at == p)) for p in step.pre]
            # Places that only count or remember carry no work of their own.
            carrying = [each for each in taken if each[0] not in self.net.bookkeeping] or taken
            producers = frozenset().union(*(by for _, by in carrying))
            if step.label is not None:
                activities.append(step.label)
                senders.append(producers)
                producers = frozenset([len(activities) - 1])
            tokens += [(place, producers) for place in step.post]
        return None

    def _possible(self, marking: Marking) -> tuple[list[Transition], list[float]]:
        """Transitions enabled in a marking, and their weights added up."""
        if marking not in self.known:
            tokens = Counter(marking)
            enabled = [t for t in self.net.transitions if Counter(t.pre) <= tokens]
            chances = list(accumulate(self.weights.get(t.label or "", 1.0) for t in enabled))
            self.known[marking] = (enabled, chances)
        return self.known[marking]
