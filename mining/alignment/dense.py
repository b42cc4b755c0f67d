"""The search in NumPy: the reference, and what runs where little is to be done or Numba is missing.

One level of the prefix tree at a time, all its prefixes × all states; then each word's moves are read off its
rows. Same results as `band`, to the single move.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mining.alignment.machine import NEVER, Found, Machine, Words
from mining.alignment.reachability import Ints

TABLE_CELLS = 20_000_000
"""Cells of the cost table held at once (160 MB); more words are done in further batches."""


def search(machine: Machine, words: Words, bound: int = NEVER, *, moves: bool) -> Found:
    """As `band.search`. The bound saves no work here."""
    cost = np.full(len(words), NEVER, dtype=np.int64)
    runs: list[list[int]] = [[] for _ in range(len(words))]
    for batch in _batches(words, max(1, TABLE_CELLS // machine.automaton.states)):
        table, paths = _cost_table(machine, words, batch)
        for word, path in zip(batch, paths, strict=True):
            rows = table[path]
            ends = rows[-1] if words.stops[word] else np.where(machine.accepts, rows[-1], NEVER)
            best = int(ends.min())
            if best < bound:
                cost[word] = best
                if moves:
                    events = words.events[words.begin[word] : words.begin[word + 1]].tolist()
                    runs[word] = list(_run(machine, rows, events, int(ends.argmin())))
    begin = np.cumsum([0, *map(len, runs)], dtype=np.int64)
    return Found(cost, begin, np.array([move for run in runs for move in run], dtype=np.int64))


def _batches(words: Words, prefixes: int) -> Iterator[list[int]]:
    """Words in batches that cannot have more prefixes than about that many."""
    batch: list[int] = []
    used = 0
    for word, size in enumerate(np.diff(words.begin).tolist()):
        if batch and used + size + 1 > prefixes:
            yield batch
            batch, used = [], 0
        batch.append(word)
        used += size + 1
    if batch:
        yield batch


def _cost_table(machine: Machine, words: Words, batch: list[int]) -> tuple[Ints, list[list[int]]]:
    """Cost per prefix and state, and per word its prefixes from the empty one on."""
    paths, parents, events, depths = _prefix_tree(words, batch)
    by_label = _edges_by_label(machine)
    costs = np.full((len(parents), machine.automaton.states), NEVER, dtype=np.int64)
    costs[0, machine.starts] = 0
    _relax(machine, costs[:1])
    order = np.argsort(depths, kind="stable")
    for depth in range(1, int(depths.max()) + 1):
        level = order[np.searchsorted(depths[order], depth) : np.searchsorted(depths[order], depth + 1)]
        before = costs[parents[level]]
        after = np.minimum(before + machine.log_cost[events[level], None], NEVER)
        for event in np.unique(events[level]).tolist():
            rows = np.nonzero(events[level] == event)[0]
            for edge in by_label.get(event, ()):
                target, source = machine.automaton.target[edge], machine.automaton.source[edge]
                together = before[rows, source] + machine.silent_cost[edge]
                after[rows, target] = np.minimum(after[rows, target], together)
        _relax(machine, after)
        costs[level] = after
    return costs, paths


def _prefix_tree(words: Words, batch: list[int]) -> tuple[list[list[int]], Ints, Ints, Ints]:
    """Nodes of the tree of all prefixes: per word its path; per node its parent, last event and depth."""
    parents, events, depths = [0], [0], [0]
    paths: list[list[int]] = []
    path = [0]
    for word in batch:
        path = path[: int(words.shared[word]) + 1] if paths else [0]
        for event in words.events[words.begin[word] + len(path) - 1 : words.begin[word + 1]].tolist():
            parents.append(path[-1])
            events.append(event)
            depths.append(len(path))
            path.append(len(parents) - 1)
        paths.append(list(path))
    return paths, np.array(parents), np.array(events), np.array(depths)


def _edges_by_label(machine: Machine) -> dict[int, list[int]]:
    edges: dict[int, list[int]] = {}
    for edge, label in enumerate(machine.automaton.label.tolist()):
        edges.setdefault(label, []).append(edge)
    return edges


def _relax(machine: Machine, costs: Ints) -> None:
    """Let the model move alone until nothing gets cheaper (Bellman-Ford, all rows at once)."""
    source, target = machine.automaton.source, machine.automaton.target
    if not len(source):
        return
    ends, begin = np.unique(target, return_index=True)
    active = np.arange(len(costs))
    while len(active):
        rows = costs[active]
        reached = np.minimum.reduceat(rows[:, source] + machine.model_cost, begin, axis=1)
        held = rows[:, ends]
        changed = (reached < held).any(axis=1)
        rows[:, ends] = np.minimum(reached, held)
        costs[active] = rows
        active = active[changed]


def _run(machine: Machine, rows: Ints, events: list[int], state: int) -> Iterator[int]:
    """The moves of one cheapest alignment, backwards, by the tie-breaking rule."""
    automaton = machine.automaton
    depth = len(events)
    while depth or rows[0, state]:
        now = int(rows[depth, state])
        incoming = range(*automaton.arriving[state : state + 2].tolist())
        if depth and rows[depth - 1, state] + machine.log_cost[events[depth - 1]] == now:
            depth -= 1
            yield -1
            continue
        event = events[depth - 1] if depth else None
        together = (
            e
            for e in incoming
            if automaton.label[e] == event
            and rows[depth - 1, automaton.source[e]] + machine.silent_cost[e] == now
        )
        edge = next(together, None) if depth else None
        if edge is not None:
            depth -= 1
            yield 2 * edge + 1
        else:
            edge = next(
                e for e in incoming if rows[depth, automaton.source[e]] + machine.model_cost[e] == now
            )
            yield 2 * edge
        state = int(automaton.source[edge])
