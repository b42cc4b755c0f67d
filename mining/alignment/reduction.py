"""A net with fewer silent transitions whose complete runs read the same.

Agglomeration around a place (Berthelot 1987). A token on a place that only silent transitions take, each
from there alone, may as well be taken at once; one on a place that only silent transitions fill, each with
nothing else, may as well be put there when it is needed. Either way each producer is fused with each
consumer, and the place is never marked. Every complete run has a run of the smaller net with the same labels
and as many silent steps, and the other way round. Mined nets are mostly silent: far fewer markings are left
to explore.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mining.alignment.reachability import Bools, Ints
from reference_models.model import Net, Transition


@dataclass(frozen=True)
class Reduction:
    """A smaller net, and what its transitions stand for."""

    whole: Net
    net: Net
    """Places as in the whole net; some are never marked."""
    parts: tuple[tuple[int, ...], ...]
    """Per transition those of the whole net that it stands for, as they fire; one at most has a label."""

    @cached_property
    def silent(self) -> Ints:
        """Per transition how many of its parts are silent."""
        pairs = zip(self.net.transitions, self.parts, strict=True)
        return np.array([len(parts) - (t.label is not None) for t, parts in pairs], dtype=np.int64)

    def unfolded(
        self, transitions: Ints, positions: Ints, avoidable: Bools
    ) -> tuple[Ints, Ints, Ints, Bools]:
        """Steps of the smaller net as steps of the whole one, and of which of the given each is part.

        `transitions`, `positions`, `avoidable`: as in `interface.Alignment`.
        Returns (of which, transitions, positions, avoidable).
        """
        sizes = np.array([*map(len, self.parts), 1])  # at last, for -1, the log move
        flat = np.array([*(part for parts in self.parts for part in parts), -1])
        shows = np.array([t.label is not None for t in self.whole.transitions] + [True])[flat]
        begin = np.append(0, np.cumsum(sizes))[transitions % len(sizes)]
        count = sizes[transitions]
        step = np.repeat(np.arange(len(count)), count)
        at = np.arange(len(step)) - np.repeat(np.cumsum(count) - count - begin, count)
        told = shows[at]
        return step, flat[at], np.where(told, positions[step], -1), avoidable[step] & told


class _Fused(NamedTuple):
    pre: tuple[int, ...]
    post: tuple[int, ...]
    label: str | None
    parts: tuple[int, ...]

    def then(self, other: _Fused, place: int) -> _Fused:
        """Both as one: the other takes the token that this one puts on a place."""
        return _Fused(
            tuple(sorted([*self.pre, *_without(other.pre, place)])),
            tuple(sorted([*_without(self.post, place), *other.post])),
            self.label if other.label is None else other.label,
            self.parts + other.parts,
        )


def reduced(net: Net) -> Reduction:
    """Fuse around every place that allows it, as long as the transitions do not become more."""
    marked = {*net.initial, *(place for final in net.finals for place in final)}
    places = [place for place in range(len(net.places)) if place not in marked]
    fused = _shortest(
        _Fused(tuple(sorted(t.pre)), tuple(sorted(t.post)), t.label, (number,))
        for number, t in enumerate(net.transitions)
    )
    before: list[_Fused] = []
    while fused != before:
        before = fused
        for place in places:
            fused = _around(place, fused)
    transitions = tuple(
        Transition("+".join(net.transitions[part].id for part in each.parts), each.label, each.pre, each.post)
        for each in fused
    )
    return Reduction(net, replace(net, transitions=transitions), tuple(each.parts for each in fused))


def _around(place: int, fused: list[_Fused]) -> list[_Fused]:
    """The same without the place, where that is allowed and saves something."""
    producers = [each for each in fused if place in each.post]
    consumers = [each for each in fused if place in each.pre]
    once = all(each.post.count(place) == 1 and place not in each.pre for each in producers) and all(
        each.pre.count(place) == 1 for each in consumers
    )
    at_once = all(each.label is None and each.pre == (place,) for each in consumers)
    when_needed = all(each.label is None and each.post == (place,) for each in producers)
    if not (producers and consumers and once and (at_once or when_needed)):
        return fused
    others = [each for each in fused if place not in each.pre and place not in each.post]
    pairs = (first.then(second, place) for first in producers for second in consumers)
    smaller = _shortest([*others, *pairs])
    return smaller if len(smaller) <= len(fused) else fused


def _shortest(transitions: Iterable[_Fused]) -> list[_Fused]:
    """Of those that do the same the one with the fewest silent steps; without silent ones that do nothing."""
    best: dict[tuple[object, ...], _Fused] = {}
    for each in transitions:
        if each.label is None and each.pre == each.post:
            continue
        held = best.setdefault(each[:3], each)
        if len(each.parts) < len(held.parts):
            best[each[:3]] = each
    return list(best.values())


def _without(places: tuple[int, ...], place: int) -> tuple[int, ...]:
    at = places.index(place)
    return places[:at] + places[at + 1 :]
