"""The reachability graph of an accepting Petri net, trimmed to what can still reach an accepting marking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_models.model import Net

STATE_CAP = 250_000
"""More markings than this are refused: human-made models stay far below (docs/decisions/0004)."""
TOKEN_CAP = 254
"""More tokens than this on one place are taken for an unbounded net."""
_BITS = 16
_TOKENS = 0xFFFF

Ints = npt.NDArray[np.int64]
Marking = tuple[int, ...]


class TooLargeError(Exception):
    """The net has more reachable markings than the cap, or is unbounded."""


@dataclass(frozen=True)
class ReachabilityGraph:
    """Markings as states, firings as edges. Every state can reach an accepting one."""

    net: Net
    codes: tuple[int, ...]
    """Per state its marking as a number with sixteen bits per place."""
    initial: int
    finals: tuple[int, ...]
    source: Ints
    """Per edge: state before; edges are sorted by `target`, then `source`, then transition."""
    target: Ints
    transition: Ints

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.codes)

    def marking(self, state: int) -> Marking:
        """The marking of a state, one place index per token, sorted."""
        code, found = self.codes[state], []
        for place in range(len(self.net.places)):
            found += [place] * (code >> (_BITS * place) & _TOKENS)
        return tuple(found)


def reachability_graph(net: Net, cap: int = STATE_CAP) -> ReachabilityGraph:
    """Explore the net breadth first.

    Raises TooLargeError beyond `cap` states or TOKEN_CAP tokens on a place, ValueError if no accepting
    marking can be reached.
    """
    if any(net.initial.count(place) > TOKEN_CAP for place in set(net.initial)):
        raise TooLargeError(f"more than {TOKEN_CAP} tokens on a place")
    firing = _Firing.of(net)
    index = {firing.initial: 0}
    queue = [
        (firing.initial, tuple(n for n in range(len(net.transitions)) if firing.enabled(firing.initial, n)))
    ]
    edges: list[tuple[int, int, int]] = []
    for state, (marking, enabled) in enumerate(queue):
        queue[state] = (marking, ())
        for number in enabled:
            after = marking + firing.effect[number]
            reached = index.get(after)
            if reached is None:
                reached = index[after] = len(queue)
                if reached >= cap:
                    raise TooLargeError(f"more than {cap} reachable markings")
                if any(after >> shift & _TOKENS > TOKEN_CAP for shift in firing.fills[number]):
                    raise TooLargeError("a place gathers tokens without bound")
                queue.append((after, firing.enabled_after(after, number, enabled)))
            edges.append((state, reached, number))
    accepting = {index[code] for code in map(_code, net.finals) if code in index}
    if not accepting:
        raise ValueError("no accepting marking can be reached")
    return _trim(net, list(index), edges, accepting)


@dataclass(frozen=True)
class _Firing:
    """The firing rule on markings written as numbers."""

    initial: int
    needs: tuple[tuple[tuple[int, int], ...], ...]
    """Per transition: (shift of an input place, tokens it takes)."""
    effect: tuple[int, ...]
    """Per transition: what is added to the marking."""
    fills: tuple[tuple[int, ...], ...]
    """Per transition: shifts of its output places."""
    touched: tuple[tuple[int, ...], ...]
    """Per transition: transitions whose being enabled may change when it fires."""

    @classmethod
    def of(cls, net: Net) -> _Firing:
        pre = [Counter(t.pre) for t in net.transitions]
        takers: dict[int, set[int]] = {}
        for number, places in enumerate(pre):
            for place in places:
                takers.setdefault(place, set()).add(number)
        return cls(
            initial=_code(net.initial),
            needs=tuple(tuple((_BITS * place, n) for place, n in places.items()) for places in pre),
            effect=tuple(_code(t.post) - _code(t.pre) for t in net.transitions),
            fills=tuple(tuple(_BITS * place for place in sorted(set(t.post))) for t in net.transitions),
            touched=tuple(
                tuple(sorted(set().union(*(takers.get(place, ()) for place in (*t.pre, *t.post)))))
                for t in net.transitions
            ),
        )

    def enabled(self, marking: int, number: int) -> bool:
        return all(marking >> shift & _TOKENS >= n for shift, n in self.needs[number])

    def enabled_after(self, marking: int, fired: int, before: Iterable[int]) -> tuple[int, ...]:
        touched = self.touched[fired]
        kept = [n for n in before if n not in touched]
        return tuple(sorted(kept + [n for n in touched if self.enabled(marking, n)]))


def _code(marking: Iterable[int]) -> int:
    return sum(1 << (_BITS * place) for place in marking)


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
    firing = _Firing.of(net)
    pending, seen, found = [_code(marking)], set(), set()
    while pending:
        here = pending.pop()
        if here in seen:
            continue
        seen.add(here)
        for number, transition in enumerate(net.transitions):
            if not firing.enabled(here, number):
                continue
            if transition.label is not None:
                found.add(transition.label)
            else:
                pending.append(here + firing.effect[number])
    return found


def _reached(onward: list[list[int]], starts: set[int]) -> set[int]:
    seen, pending = set(starts), list(starts)
    while pending:
        for state in onward[pending.pop()]:
            if state not in seen:
                seen.add(state)
                pending.append(state)
    return seen


def _trim(
    net: Net, codes: list[int], edges: list[tuple[int, int, int]], accepting: set[int]
) -> ReachabilityGraph:
    before: list[list[int]] = [[] for _ in codes]
    for source, target, _ in edges:
        before[target].append(source)
    alive = np.zeros(len(codes), dtype=bool)
    alive[list(_reached(before, accepting))] = True
    number = np.cumsum(alive) - 1
    table = np.array(edges, dtype=np.int64).reshape(-1, 3)
    table = table[alive[table[:, 0]] & alive[table[:, 1]]]
    table[:, :2] = number[table[:, :2]]
    table = table[np.lexsort((table[:, 2], table[:, 0], table[:, 1]))]
    return ReachabilityGraph(
        net=net,
        codes=tuple(code for code, kept in zip(codes, alive.tolist(), strict=True) if kept),
        initial=0,
        finals=tuple(sorted(int(number[state]) for state in accepting)),
        source=table[:, 0].copy(),
        target=table[:, 1].copy(),
        transition=table[:, 2].copy(),
    )
