"""The reachability graph of an accepting Petri net, trimmed to what can still reach an accepting marking."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mining.alignment import compiled
from reference_models.model import Net

STATE_CAP = 250_000
"""More markings than this are refused: human-made models stay far below (docs/decisions/0004)."""
TOKEN_CAP = 254
"""More tokens than this on one place are taken for an unbounded net."""
SMALL = 2_000
"""Up to so many markings NumPy is done before compiled code is even loaded."""
FIRST_ROOM = 10_000
"""Markings that compiled code makes room for at first."""
_CHUNK = 20_000
"""Markings whose firings are tried at once."""

Ints = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.int16]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Marking = tuple[int, ...]


class TooLargeError(Exception):
    """The net has more reachable markings than the cap, or is unbounded."""


@dataclass(frozen=True)
class ReachabilityGraph:
    """Markings as states, firings as edges. Every state can reach an accepting one."""

    net: Net
    tokens: Bytes
    """States × places: how many tokens lie there."""
    initial: int
    finals: tuple[int, ...]
    source: Ints
    """Per edge: state before; edges are sorted by `target`, then `source`, then transition."""
    target: Ints
    transition: Ints

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.tokens)

    def marking(self, state: int) -> Marking:
        """The marking of a state, one place index per token, sorted."""
        found: list[int] = np.repeat(np.arange(self.tokens.shape[1]), self.tokens[state]).tolist()
        return tuple(found)


class Explored(NamedTuple):
    """All reachable markings and firings of a net, in the order in which they are found."""

    tokens: Bytes
    """States × places."""
    source: Ints
    """Per firing the state before; firings come in its order."""
    target: Ints
    transition: Ints


def reachability_graph(net: Net, cap: int = STATE_CAP) -> ReachabilityGraph:
    """Explore the net breadth first.

    States are numbered in the order in which they are found, by states before and then by transitions.
    Raises TooLargeError beyond `cap` states or TOKEN_CAP tokens on a place, ValueError if no accepting
    marking can be reached.
    """
    if max(Counter(net.initial).values(), default=0) > TOKEN_CAP:
        raise TooLargeError(f"more than {TOKEN_CAP} tokens on a place")
    return graph_of(net, _explored(net, cap))


def graph_of(net: Net, found: Explored) -> ReachabilityGraph:
    """The graph of what was explored, as far as it can still reach an accepting marking.

    Raises ValueError if none was found.
    """
    accepting = np.zeros(len(found.tokens), dtype=np.bool_)
    for final in net.finals:
        accepting |= (found.tokens == counted(final, len(net.places))).all(axis=1)
    if not accepting.any():
        raise ValueError("no accepting marking can be reached")
    return _trimmed(net, found, accepting)


def _explored(net: Net, cap: int) -> Explored:
    """In NumPy as long as the net is small and compiled code is not loaded."""
    if compiled.at_hand():
        return explored_compiled(net, cap)
    try:
        return explored(net, min(cap, SMALL))
    except TooLargeError:
        if cap <= SMALL:
            raise
    return explored_compiled(net, cap) if compiled.load() else explored(net, cap)


def explored_compiled(net: Net, cap: int) -> Explored:
    """As `explored`, compiled. Raises RuntimeError where there is no compiled code."""
    code = compiled.load()
    if code is None:
        raise RuntimeError("there is no compiled code")
    rule = PackedRule.of(net)
    room = min(cap, FIRST_ROOM)
    while True:
        outcome, tokens, *firings = code.exploration.explore(*rule, room, TOKEN_CAP)
        if outcome != code.exploration.TOO_MANY_STATES or room >= cap:
            break
        room = min(cap, 8 * room)
    if outcome == code.exploration.TOO_MANY_STATES:
        raise TooLargeError(f"more than {cap} reachable markings")
    if outcome == code.exploration.TOO_MANY_TOKENS:
        raise TooLargeError("a place gathers tokens without bound")
    return Explored(tokens[:, : len(net.places)], *firings)


def explored(net: Net, cap: int) -> Explored:
    """All markings and firings, all markings of a level at once: the reference, in NumPy.

    Raises TooLargeError beyond `cap` states or TOKEN_CAP tokens on a place.
    """
    rule = _FiringRule.of(net)
    level = counted(net.initial, len(net.places))[None, :]
    index = {level[0].tobytes(): 0}
    levels, edges, first = [level], [], 0
    while len(level):
        fired = [rule.fire(level[at : at + _CHUNK]) for at in range(0, len(level), _CHUNK)]
        before = np.concatenate([source + at * _CHUNK for at, (source, _, _) in enumerate(fired)]) + first
        transition = np.concatenate([each for _, each, _ in fired])
        after = np.concatenate([each for _, _, each in fired])
        if after.max(initial=0) > TOKEN_CAP:
            raise TooLargeError("a place gathers tokens without bound")
        first_of, same_as = _distinct(after)
        known = len(index)
        numbers = [index.setdefault(key, len(index)) for key in _keys(after[first_of])]
        reached = np.array(numbers, dtype=np.int64)
        if len(index) > cap:
            raise TooLargeError(f"more than {cap} reachable markings")
        edges.append(np.stack([before, reached[same_as], transition]))
        first += len(level)
        new = np.nonzero(reached >= known)[0]
        level = after[first_of[new[np.unique(reached[new], return_index=True)[1]]]]
        levels.append(level)
    return Explored(np.concatenate(levels).astype(np.uint8), *np.concatenate(edges, axis=1))


@dataclass(frozen=True)
class _FiringRule:
    """The firing rule on many markings at once."""

    place: Ints
    """Transitions × the most input places of any: an input place, the last one repeated."""
    need: Tokens
    """Tokens that the transition takes from it."""
    effect: Tokens
    """Transitions × places: tokens added."""

    @classmethod
    def of(cls, net: Net) -> _FiringRule:
        pre = [sorted(Counter(t.pre).items()) for t in net.transitions]
        width = max(map(len, pre), default=0)
        full = [[*row, *[row[-1] if row else (0, 0)] * (width - len(row))] for row in pre]
        table = np.array(full, dtype=np.int64).reshape(len(pre), width, 2)
        effect = np.zeros((len(net.transitions), len(net.places)), dtype=np.int16)
        for sign, ends in ((1, [t.post for t in net.transitions]), (-1, [t.pre for t in net.transitions])):
            at = np.repeat(np.arange(len(ends)), [len(each) for each in ends])
            places = np.fromiter(itertools.chain.from_iterable(ends), dtype=np.int64, count=len(at))
            np.add.at(effect, (at, places), sign)
        return cls(table[:, :, 0].copy(), table[:, :, 1].astype(np.int16), effect)

    def fire(self, markings: Tokens) -> tuple[Ints, Ints, Tokens]:
        """Every firing: which marking, which transition, and the marking after it."""
        enabled = np.ones((len(markings), len(self.need)), dtype=np.bool_)
        for place, need in zip(self.place.T, self.need.T, strict=True):
            enabled &= markings[:, place] >= need
        source, transition = np.nonzero(enabled)
        return source, transition, markings[source] + self.effect[transition]


class PackedRule(NamedTuple):
    """The firing rule and the initial marking as compiled code takes them; see `exploration.explore`."""

    place: Ints
    need: Tokens
    changed: Ints
    by: Ints
    changes: Ints
    added: npt.NDArray[np.uint64]
    hash_change: npt.NDArray[np.uint64]
    initial: Bytes
    first_hash: np.uint64

    @classmethod
    def of(cls, net: Net) -> PackedRule:
        """Pack a net."""
        rule, places = _FiringRule.of(net), len(net.places)
        initial, factors = counted(net.initial, places), _hash_factors(places)
        at, place = np.nonzero(rule.effect)
        changes = np.bincount(at, minlength=len(rule.effect))
        nth = np.arange(len(at)) - np.repeat(np.cumsum(changes) - changes, changes)
        changed, by = np.zeros((2, len(rule.effect), int(changes.max(initial=0))), dtype=np.int64)
        changed[at, nth], by[at, nth] = place, rule.effect[at, place]
        return cls(
            rule.place,
            rule.need,
            changed,
            by,
            changes,
            packed(rule.effect),
            rule.effect.astype(np.uint64) @ factors,
            _whole(initial).astype(np.uint8),
            np.uint64(initial.astype(np.uint64) @ factors),
        )


def packed(counts: Tokens) -> npt.NDArray[np.uint64]:
    """Eight counts to a number, the first one lowest; negative ones borrow from the next."""
    shifts = np.arange(8, dtype=np.uint64) * np.uint64(8)
    whole = _whole(counts)
    eights = whole.reshape(len(counts), whole.shape[1] // 8, 8).astype(np.uint64)
    found: npt.NDArray[np.uint64] = (eights << shifts).sum(axis=2)
    return found


def _whole(counts: Tokens) -> Tokens:
    """With places without tokens up to a multiple of eight."""
    whole = np.zeros((*counts.shape[:-1], counts.shape[-1] + -counts.shape[-1] % 8), dtype=np.int16)
    whole[..., : counts.shape[-1]] = counts
    return whole


def counted(marking: Iterable[int], places: int) -> Tokens:
    """Tokens per place of a marking."""
    return np.bincount(np.array(tuple(marking), dtype=np.int64), minlength=places).astype(np.int16)


def _distinct(markings: Tokens) -> tuple[Ints, Ints]:
    """Where each distinct marking stands first, in that order; and per marking which of these it is.

    A hash finds them; should two markings share one, all count as distinct, and their bytes decide.
    """
    hashes = markings.astype(np.uint64) @ _hash_factors(markings.shape[1])
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    if not np.array_equal(markings, markings[first[inverse]]):
        return np.arange(len(markings)), np.arange(len(markings))
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


@cache
def _hash_factors(places: int) -> npt.NDArray[np.uint64]:
    return np.random.default_rng(0).integers(1, 1 << 63, places, dtype=np.uint64) | np.uint64(1)


def _keys(markings: Tokens) -> list[bytes]:
    """Each marking as bytes."""
    size = markings.shape[1] * markings.itemsize
    whole = np.ascontiguousarray(markings).tobytes()
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def repeatable(graph: ReachabilityGraph) -> frozenset[str]:
    """Activities that one run may do more than once: in a loop, or by several tasks of the same name."""
    onward: list[list[int]] = [[] for _ in range(graph.states)]
    edges: dict[str, list[tuple[int, int]]] = {}
    for source, target, number in zip(
        graph.source.tolist(), graph.target.tolist(), graph.transition.tolist(), strict=True
    ):
        onward[source].append(target)
        if (label := graph.net.transitions[number].label) is not None:
            edges.setdefault(label, []).append((source, target))
    return frozenset(
        label
        for label, fired in edges.items()
        if not _reached(onward, {target for _, target in fired}).isdisjoint(source for source, _ in fired)
    )


def next_activities(net: Net, marking: Iterable[int]) -> set[str]:
    """Activities that can come next: enabled, or enabled after silent transitions only."""
    rule = _FiringRule.of(net)
    level = counted(marking, len(net.places))[None, :]
    seen, found = set(_keys(level)), set()
    while len(level):
        _, transition, after = rule.fire(level)
        silent = []
        for at, (number, key) in enumerate(zip(transition.tolist(), _keys(after), strict=True)):
            label = net.transitions[number].label
            if label is not None:
                found.add(label)
            elif key not in seen:
                seen.add(key)
                silent.append(at)
        level = after[silent]
    return found


def _reached(onward: list[list[int]], starts: set[int]) -> set[int]:
    seen, pending = set(starts), list(starts)
    while pending:
        for state in onward[pending.pop()]:
            if state not in seen:
                seen.add(state)
                pending.append(state)
    return seen


def _trimmed(net: Net, found: Explored, accepting: Bools) -> ReachabilityGraph:
    """The states that can reach an accepting one, and the firings between them, sorted by target."""
    code = compiled.at_hand()
    alive, order = (code.exploration.trim if code else _trim)(
        len(found.tokens), found.source, found.target, accepting
    )
    if not alive.all():
        order = order[alive[found.source[order]] & alive[found.target[order]]]
    number = np.cumsum(alive) - 1
    return ReachabilityGraph(
        net=net,
        tokens=found.tokens[alive],
        initial=0,
        finals=tuple(number[accepting].tolist()),
        source=number[found.source[order]],
        target=number[found.target[order]],
        transition=found.transition[order],
    )


def _trim(states: int, source: Ints, target: Ints, accepting: Bools) -> tuple[Bools, Ints]:
    """As `exploration.trim`, backwards level by level."""
    order = np.argsort(target, kind="stable")
    at = np.searchsorted(target[order], np.arange(states + 1))
    before = source[order]
    alive = accepting.copy()
    level = np.nonzero(accepting)[0]
    while len(level):
        sizes = at[level + 1] - at[level]
        offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        level = np.unique(before[np.repeat(at[level], sizes) + offsets])
        level = level[~alive[level]]
        alive[level] = True
    return alive, order
