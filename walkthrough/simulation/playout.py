"""Runs of a model's net, drawn at random."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from reference_models.model import Net

Marking = tuple[int, ...]
Step = tuple[str | None, Marking]


def play_out(
    net: Net, rng: np.random.Generator, runs: int, weights: Mapping[str, float]
) -> Counter[tuple[str, ...]]:
    """Draw complete runs; returns how often each sequence of activities came.

    `weights` makes an activity more or less likely among the transitions enabled (default 1).
    """
    game = _Game(net, weights)
    return Counter(game.run(rng) for _ in range(runs))


class _Game:
    """The token game; what is possible in a marking is worked out once."""

    def __init__(self, net: Net, weights: Mapping[str, float]) -> None:
        self.net, self.weights = net, weights
        self.initial: Marking = tuple(sorted(net.initial))
        self.finals = set(net.finals)
        self.known: dict[Marking, tuple[list[Step], list[float]]] = {}

    def run(self, rng: np.random.Generator) -> tuple[str, ...]:
        """One complete run."""
        marking, trace = self.initial, []
        while marking not in self.finals:
            if marking not in self.known:
                self.known[marking] = self._possible(marking)
            steps, chances = self.known[marking]
            label, marking = steps[bisect(chances, rng.random() * chances[-1])]
            if label is not None:
                trace.append(label)
        return tuple(trace)

    def _possible(self, marking: Marking) -> tuple[list[Step], list[float]]:
        """Steps from a marking, and their weights added up."""
        tokens = Counter(marking)
        enabled = [t for t in self.net.transitions if Counter(t.pre) <= tokens]
        steps = [
            (t.label, tuple(sorted((tokens - Counter(t.pre) + Counter(t.post)).elements()))) for t in enabled
        ]
        return steps, list(accumulate(self.weights.get(t.label or "", 1.0) for t in enabled))
