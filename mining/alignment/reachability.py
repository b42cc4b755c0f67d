"""The reachability graph of an accepting Petri net, trimmed to what can still reach an accepting marking."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_models.model import Net

STATE_CAP = 250_000
"""More markings than this are refused: human-made models stay far below (docs/decisions/0004)."""
TOKEN_CAP = 255
"""More tokens than this on one place are taken for an unbounded net."""

Ints = npt.NDArray[np.int64]
Marking = tuple[int, ...]


class TooLargeError(Exception):
    """The net has more reachable markings than the cap, or is unbounded."""


@dataclass(frozen=True)
class ReachabilityGraph:
    """Markings as states, firings as edges. Every state can reach an accepting one."""

    net: Net
    markings: tuple[Marking, ...]
    """Per state, one place index per token, sorted."""
    initial: int
    finals: tuple[int, ...]
    source: Ints
    """Per edge: state before; edges are sorted by `target`, then `source`, then transition."""
    target: Ints
    transition: Ints


def reachability_graph(net: Net, cap: int = STATE_CAP) -> ReachabilityGraph:
    """Explore the net breadth first.

    Raises TooLargeError beyond `cap` states or TOKEN_CAP tokens on a place, ValueError if no accepting
    marking can be reached.
    """
    needs = [tuple(sorted(Counter(t.pre).items())) for t in net.transitions]
    gives = [t.post for t in net.transitions]
    first = tuple(sorted(net.initial))
    index = {first: 0}
    queue = deque([first])
    edges: list[tuple[int, int, int]] = []
    while queue:
        marking = queue.popleft()
        tokens = Counter(marking)
        for number, need in enumerate(needs):
            if any(tokens[place] < weight for place, weight in need):
                continue
            after = tokens.copy()
            after.subtract(dict(need))
            after.update(gives[number])
            if max(after.values(), default=0) > TOKEN_CAP:
                raise TooLargeError("a place gathers tokens without bound")
            reached = tuple(sorted(after.elements()))
            if reached not in index:
                if len(index) >= cap:
                    raise TooLargeError(f"more than {cap} reachable markings")
                index[reached] = len(index)
                queue.append(reached)
            edges.append((index[marking], index[reached], number))
    accepting = {index[final] for final in map(tuple, map(sorted, net.finals)) if final in index}
    if not accepting:
        raise ValueError("no accepting marking can be reached")
    return _trim(net, list(index), edges, accepting)


def repeatable(graph: ReachabilityGraph) -> frozenset[str]:
    """Activities that one run may do more than once: in a loop, or by several tasks of the same name."""
    onward: list[list[int]] = [[] for _ in graph.markings]
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
    pending, seen, found = [tuple(sorted(marking))], set(), set()
    while pending:
        here = pending.pop()
        if here in seen:
            continue
        seen.add(here)
        tokens = Counter(here)
        for transition in net.transitions:
            if any(tokens[place] < weight for place, weight in Counter(transition.pre).items()):
                continue
            if transition.label is not None:
                found.add(transition.label)
                continue
            after = tokens.copy()
            after.subtract(transition.pre)
            after.update(transition.post)
            pending.append(tuple(sorted(after.elements())))
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
    net: Net, markings: list[Marking], edges: list[tuple[int, int, int]], accepting: set[int]
) -> ReachabilityGraph:
    before: list[list[int]] = [[] for _ in markings]
    for source, target, _ in edges:
        before[target].append(source)
    alive = set(accepting)
    queue = deque(accepting)
    while queue:
        for state in before[queue.popleft()]:
            if state not in alive:
                alive.add(state)
                queue.append(state)
    number = {old: new for new, old in enumerate(sorted(alive))}
    kept = sorted(
        ((number[s], number[t], n) for s, t, n in edges if s in alive and t in alive),
        key=lambda edge: (edge[1], edge[0], edge[2]),
    )
    table = np.array(kept, dtype=np.int64).reshape(-1, 3)
    return ReachabilityGraph(
        net=net,
        markings=tuple(markings[old] for old in sorted(alive)),
        initial=number[0],
        finals=tuple(sorted(number[state] for state in accepting)),
        source=table[:, 0].copy(),
        target=table[:, 1].copy(),
        transition=table[:, 2].copy(),
    )
