"""The language of a net as a finite automaton: its reachability graph, or the minimal deterministic one.

Costs of alignments depend on the language alone, so they may be computed on the smaller automaton.
Determinising: the subset construction (Rabin & Scott 1959), given up beyond a limit of work, since it may
grow exponentially. Minimising: partition refinement (Moore 1956).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_

import numpy as np
import numpy.typing as npt

from mining.alignment import compiled
from mining.alignment.reachability import Ints, ReachabilityGraph

WORK_LIMIT = 1_000_000
"""Unions of state sets that determinising may make (less than a second), those of large sets counted more."""
SETUP = 10
"""What listing an edge costs, in the same terms."""
SILENT = -1

Bools = npt.NDArray[np.bool_]


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
    silent: Ints
    """Per edge how many silent steps it takes."""

    @cached_property
    def _leaving(self) -> tuple[Ints, Ints]:
        return _grouped(self.source, self.states)

    @property
    def outward(self) -> Ints:
        """The edges in the order of their sources."""
        return self._leaving[0]

    @property
    def leaving(self) -> Ints:
        """Per state where its edges begin in `outward`, and at last their number."""
        return self._leaving[1]

    @cached_property
    def arriving(self) -> Ints:
        """Per state where the edges that end there begin, and at last their number."""
        return np.searchsorted(self.target, np.arange(self.states + 1))


def _grouped(keys: Ints, count: int) -> tuple[Ints, Ints]:
    """As `exploration.grouped`."""
    if code := compiled.at_hand():
        found: tuple[Ints, Ints] = code.exploration.grouped(keys, count)
        return found
    order = np.argsort(keys, kind="stable")
    return order, np.searchsorted(keys[order], np.arange(count + 1))


def of_graph(graph: ReachabilityGraph, silent: Ints | None = None) -> Automaton:
    """The reachability graph itself; its edges keep their order.

    `silent`: per transition of its net how many silent steps it stands for; by default one if it is silent.
    """
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
        label[graph.transition],
        (np.asarray(label == SILENT, dtype=np.int64) if silent is None else silent)[graph.transition],
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
        silent=np.zeros(len(rows), dtype=np.int64),
    )


def _determinised(automaton: Automaton, limit: int) -> tuple[Ints, Bools] | None:
    """(target per state and label, or -1; whether a state is final), states numbered as they are found.

    Sets of states are numbers, a bit per state, so that their union is one operation.
    """
    if SETUP * len(automaton.source) > limit:
        return None
    nodes = _Nodes.of(automaton)
    cost = 1 + automaton.states // 512  # of a union, in units of the limit
    work = 0
    index = {(first := nodes.closed([automaton.initial])): 0}
    order, rows = [first], []
    for subset in order:
        row = [-1] * len(automaton.labels)
        for label, having in enumerate(nodes.having):
            reached, members = 0, subset & having
            while members:
                lowest = members & -members
                reached |= nodes.after(lowest.bit_length() - 1, label)
                members ^= lowest
                work += cost
            if reached:
                if reached not in index:
                    index[reached] = len(order)
                    order.append(reached)
                row[label] = index[reached]
        work += len(automaton.labels) * cost
        if work + nodes.work * cost > limit:
            return None
        rows.append(row)
    table = np.array(rows, dtype=np.int64).reshape(len(order), len(automaton.labels))
    return table, np.array([bool(subset & nodes.finals) for subset in order])


@dataclass
class _Nodes:
    """States of an automaton with what follows them, as numbers with a bit per state."""

    silent: list[list[int]]
    visible: list[dict[int, list[int]]]
    having: list[int]
    """Per label the states that it leaves."""
    finals: int
    kept: int
    """States that a label leaves, or that are final: the others say nothing of a set."""
    work: int = 0
    """Unions made for closures."""
    _closures: dict[int, int] = field(default_factory=dict)
    _after: dict[tuple[int, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, automaton: Automaton) -> _Nodes:
        silent: list[list[int]] = [[] for _ in range(automaton.states)]
        visible: list[dict[int, list[int]]] = [{} for _ in range(automaton.states)]
        for source, target, label in zip(
            automaton.source.tolist(), automaton.target.tolist(), automaton.label.tolist(), strict=True
        ):
            if label == SILENT:
                silent[source].append(target)
            else:
                visible[source].setdefault(label, []).append(target)
        having = [
            _number(automaton.source[automaton.label == label], automaton.states)
            for label in range(len(automaton.labels))
        ]
        finals = _number(np.array(automaton.finals, dtype=np.int64), automaton.states)
        kept = reduce(or_, having, finals)
        return cls(silent, visible, having, finals, kept)

    def closed(self, states: Iterable[int]) -> int:
        """The states, and what they reach silently, as far as it says something."""
        members = 0
        for state in states:
            members |= self._closure(state)
        return members & self.kept

    def after(self, state: int, label: int) -> int:
        """What a state reaches by a label."""
        key = (state, label)
        if key not in self._after:
            self._after[key] = self.closed(self.visible[state][label])
        return self._after[key]

    def _closure(self, state: int) -> int:
        """States reached silently; those met on the way that are known already are taken over whole."""
        if state not in self._closures:
            members, pending = 1 << state, [state]
            while pending:
                for target in self.silent[pending.pop()]:
                    self.work += 1
                    if members >> target & 1:
                        continue
                    if target in self._closures:
                        members |= self._closures[target]
                    else:
                        members |= 1 << target
                        pending.append(target)
            self._closures[state] = members
        return self._closures[state]


def _number(states: Ints, count: int) -> int:
    """A set of states as a number."""
    bits = np.zeros(count, dtype=np.bool_)
    bits[states] = True
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _equivalent(table: Ints, accepting: Bools) -> Ints:
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
