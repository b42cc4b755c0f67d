"""The language of a net as a finite automaton: its reachability graph, or the minimal deterministic one.

Costs of alignments depend on the language alone, so they may be computed on the smaller automaton.
Determinising: the subset construction (Rabin & Scott 1959), given up beyond a limit of work, since it may
grow exponentially. Minimising: partition refinement (Moore 1956).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mining.alignment.reachability import Ints, ReachabilityGraph

WORK_LIMIT = 1_000_000
"""Members of state sets that determinising may look at (about a second)."""
SILENT = -1


@dataclass(frozen=True)
class Automaton:
    """States from 0, labelled edges. Every state is reachable and can reach a final one."""

    states: int
    initial: int
    finals: tuple[int, ...]
    labels: tuple[str, ...]
    source: Ints
    """Per edge; edges are sorted by target, then source, then as they came."""
    target: Ints
    label: Ints
    """Per edge its label's index, or SILENT."""


def of_graph(graph: ReachabilityGraph) -> Automaton:
    """The reachability graph itself; its edges keep their order."""
    names = sorted({t.label for t in graph.net.transitions if t.label is not None})
    code = {name: i for i, name in enumerate(names)}
    label = np.array(
        [SILENT if t.label is None else code[t.label] for t in graph.net.transitions], dtype=np.int64
    )
    return Automaton(
        graph.states,
        graph.initial,
        graph.finals,
        tuple(names),
        graph.source,
        graph.target,
        label[graph.transition] if len(graph.transition) else np.empty(0, dtype=np.int64),
    )


def minimal(automaton: Automaton, work_limit: int = WORK_LIMIT) -> Automaton | None:
    """The minimal deterministic automaton of the same language; None if that took more than the limit."""
    subsets = _determinised(automaton, work_limit)
    if subsets is None:
        return None
    table, accepting = subsets
    classes = _equivalent(table, accepting)
    count = int(classes.max()) + 1
    edges = {
        (int(classes[target]), int(classes[source]), label)
        for source, row in enumerate(table.tolist())
        for label, target in enumerate(row)
        if target >= 0
    }
    rows = np.array(sorted(edges), dtype=np.int64).reshape(-1, 3)
    return Automaton(
        states=count,
        initial=int(classes[0]),
        finals=tuple(sorted({int(classes[state]) for state in np.nonzero(accepting)[0]})),
        labels=automaton.labels,
        source=rows[:, 1].copy(),
        target=rows[:, 0].copy(),
        label=rows[:, 2].copy(),
    )


def _determinised(
    automaton: Automaton, limit: int
) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]] | None:
    """(target per state and label, or -1; whether a state is final), states numbered as they are found."""
    silent: list[list[int]] = [[] for _ in range(automaton.states)]
    visible: list[list[tuple[int, int]]] = [[] for _ in range(automaton.states)]
    for source, target, label in zip(
        automaton.source.tolist(), automaton.target.tolist(), automaton.label.tolist(), strict=True
    ):
        if label == SILENT:
            silent[source].append(target)
        else:
            visible[source].append((label, target))
    finals = frozenset(automaton.finals)
    kept = [bool(visible[state]) or state in finals for state in range(automaton.states)]
    closures: dict[int, frozenset[int]] = {}
    work = 0

    def closure(states: Iterable[int]) -> frozenset[int]:
        nonlocal work
        members: set[int] = set()
        for state in states:
            if state not in closures:
                seen = _silently(silent, state)
                work += len(seen)
                closures[state] = frozenset(each for each in seen if kept[each])
            members |= closures[state]
        work += len(members)
        return frozenset(members)

    index = {(first := closure([automaton.initial])): 0}
    order, rows = [first], []
    for subset in order:
        moves: dict[int, set[int]] = {}
        for state in subset:
            for label, target in visible[state]:
                moves.setdefault(label, set()).add(target)
        row = [-1] * len(automaton.labels)
        for label, targets in sorted(moves.items()):
            work += len(targets)
            reached = closure(targets)
            if reached not in index:
                index[reached] = len(order)
                order.append(reached)
            row[label] = index[reached]
        if work > limit:
            return None
        rows.append(row)
    table = np.array(rows, dtype=np.int64).reshape(len(order), len(automaton.labels))
    return table, np.array([not finals.isdisjoint(subset) for subset in order])


def _silently(silent: list[list[int]], state: int) -> set[int]:
    seen, pending = {state}, [state]
    while pending:
        for target in silent[pending.pop()]:
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return seen


def _equivalent(table: Ints, accepting: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
    """Per state its class: states of one class accept the same continuations. Refined until stable."""
    classes = accepting.astype(np.int64)
    count = len(np.unique(classes))
    while True:
        padded = np.append(classes, -1)
        refined = classes
        for label in range(table.shape[1]):
            pair = refined * (len(padded) + 1) + padded[table[:, label]] + 1
            refined = np.unique(pair, return_inverse=True)[1].astype(np.int64)
        found = int(refined.max()) + 1
        if found == count:
            return np.unique(classes, return_inverse=True)[1].astype(np.int64)
        classes, count = refined, found
