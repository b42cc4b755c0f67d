"""Runs of a model's net, drawn at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from reference_models.model import Net


def play_out(
    net: Net, rng: np.random.Generator, runs: int, weights: Mapping[str, float]
) -> Counter[tuple[str, ...]]:
    """Draw complete runs; returns how often each sequence of activities came.

    `weights` makes an activity more or less likely among the transitions enabled (default 1).
    """
    return Counter(_run(net, rng, weights) for _ in range(runs))


def _run(net: Net, rng: np.random.Generator, weights: Mapping[str, float]) -> tuple[str, ...]:
    tokens = Counter(net.initial)
    finals = [Counter(final) for final in net.finals]
    trace: list[str] = []
    while tokens not in finals:
        enabled = [
            t for t in net.transitions if all(tokens[place] >= n for place, n in Counter(t.pre).items())
        ]
        chances = np.array([weights.get(t.label or "", 1.0) for t in enabled])
        chosen = enabled[int(rng.choice(len(enabled), p=chances / chances.sum()))]
        tokens.subtract(Counter(chosen.pre))
        tokens.update(chosen.post)
        tokens = +tokens
        if chosen.label is not None:
            trace.append(chosen.label)
    return tuple(trace)
