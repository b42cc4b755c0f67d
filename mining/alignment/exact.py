"""Exact optimal alignments: dynamic programming over prefix tree × automaton.

The least cost to stand in a state having seen a prefix depends on the prefix alone, so variants that
share a prefix share the work (Adriansyah 2014 defines the costs; the product with the automaton of the net is
the synchronous product searched state by state instead of by A*). Costs depend on the language alone, so they
are computed on its minimal deterministic automaton where that is smaller; the labels of the run found there
are then spelled on the reachability graph, which names the tasks.

Tie-breaking rule: of alignments with the same cost the one with the fewest log moves is shown (what was
recorded counts for more than what may be missing), then the one with the fewest steps that the log cannot
show. Among those, read from the end of the trace backwards: a log move before a synchronous move before a
model move; then the edge that stands first in the automaton. So of two equal events the *later* one is the
surplus, and a missing task is missed as *early* as possible. Of runs with the same labels the one with the
fewest silent steps is shown, then, backwards, the one whose edges stand first in the graph.

Doubt: a deviation is in every optimal alignment if forbidding it makes the least cost rise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np

from mining.alignment import dense
from mining.alignment.automaton import SILENT, Automaton, minimal, of_graph
from mining.alignment.interface import Alignment, Step, Variant
from mining.alignment.machine import NEVER, UNIT, Found, Machine, Words
from mining.alignment.reachability import Ints, ReachabilityGraph

SMALL = 2_000_000
"""Events × states up to which NumPy is done before compiled code is even loaded."""
FIRST_BAND = 2
"""Units of deviation within which optimal alignments are looked for first; doubled until all are found."""

Search = Callable[..., Found]


def align(
    graph: ReachabilityGraph, variants: Sequence[Variant], costs: Mapping[str, int] | None = None
) -> list[Alignment]:
    """Optimal alignments, one per variant, in the order given.

    `costs` gives the cost of a deviation on an activity (default 1). Every result is exact. Deviations
    that some other optimal alignment does without are marked `avoidable`.
    """
    return Aligner(graph, costs).align(variants)


@dataclass(frozen=True)
class _Task:
    """Variants that differ in their traces only, and what they are searched on."""

    words: Words
    machine: Machine
    anywhere: bool


class Aligner:
    """A net made ready for aligning."""

    def __init__(
        self,
        graph: ReachabilityGraph,
        costs: Mapping[str, int] | None = None,
        search: Search | None = None,
    ) -> None:
        """`search`: `dense.search` or `band.search`; without it the better one for the work at hand."""
        self.graph = graph
        self.costs = dict(costs or {})
        self.spelled = of_graph(graph)
        smaller = minimal(self.spelled)
        self.automaton: Automaton = (
            smaller if smaller is not None and smaller.states < graph.states else self.spelled
        )
        self._search = search

    def align(self, variants: Sequence[Variant]) -> list[Alignment]:
        """Optimal alignments, one per variant, in the order given."""
        results: list[Alignment | None] = [None] * len(variants)
        for chosen, task in self._tasks(variants):
            found = self._optima(task)
            runs = self._spelled(task, found)
            doubtful = self._doubtful(task, found)
            for word in range(len(task.words)):
                number = chosen[task.words.order[word]]
                units = int(found.cost[word]) // UNIT
                steps, start = self._steps(task, word, found.run(word), runs.run(word), doubtful[word])
                results[number] = Alignment(units, steps, start)
        return [result for result in results if result is not None]

    def costs_of(self, variants: Sequence[Variant]) -> list[int]:
        """The costs alone."""
        results = [0] * len(variants)
        for chosen, task in self._tasks(variants):
            cost = self._least(task.machine, task.words, moves=False).cost
            for word, number in enumerate(task.words.order):
                results[chosen[number]] = int(cost[word]) // UNIT
        return results

    def _tasks(self, variants: Sequence[Variant]) -> Iterator[tuple[list[int], _Task]]:
        groups: dict[tuple[bool, frozenset[str]], list[int]] = {}
        for i, variant in enumerate(variants):
            groups.setdefault((variant.mode.starts_anywhere, variant.unseen), []).append(i)
        for (anywhere, unseen), chosen in groups.items():
            words = Words.of(
                [variants[i].trace for i in chosen],
                [variants[i].mode.stops_anywhere for i in chosen],
                self.automaton.labels,
            )
            machine = Machine.of(self.automaton, words.alphabet, self.costs, anywhere=anywhere, unseen=unseen)
            yield chosen, _Task(words, machine, anywhere)

    def _searcher(self, words: Words, states: int) -> Search:
        if self._search is not None:
            return self._search
        if (len(words.events) + len(words)) * states <= SMALL or not _compiled():
            return dense.search
        from mining.alignment import band  # loads compiled code

        return band.search

    def _optima(self, task: _Task) -> Found:
        return self._least(task.machine, task.words, moves=True)

    def _least(self, machine: Machine, words: Words, *, moves: bool) -> Found:
        """Search within a band that is doubled for the words whose optimum is not in it."""
        search = self._searcher(words, machine.automaton.states)
        if search is dense.search:
            return search(machine, words, NEVER, moves=moves)
        cost = np.full(len(words), NEVER, dtype=np.int64)
        runs: list[Ints] = [np.empty(0, dtype=np.int64)] * len(words)
        left, units = list(range(len(words))), FIRST_BAND
        while left:
            found = search(machine, words.only(left), (units + 1) * UNIT, moves=moves)
            for at, word in enumerate(left):
                runs[word] = found.moves[found.begin[at] : found.begin[at + 1]]
            cost[left] = found.cost
            left = [word for word in left if cost[word] == NEVER]
            units *= 2
        begin = np.cumsum([0, *map(len, runs)], dtype=np.int64)
        return Found(cost, begin, np.concatenate([np.empty(0, dtype=np.int64), *runs]))

    def _spelled(self, task: _Task, found: Found) -> Found:
        """Per word the run of the reachability graph with the labels of the run found."""
        labels = self.automaton.label
        if self.automaton is self.spelled:
            return found
        names = self.automaton.labels
        spellings = [
            tuple(names[labels[move >> 1]] for move in found.run(word) if move >= 0)
            for word in range(len(task.words))
        ]
        words = Words.of(spellings, task.words.stops.tolist(), names)
        machine = Machine.of(self.spelled, words.alphabet, {}, anywhere=task.anywhere).spelling()
        spelled = self._searcher(words, self.spelled.states)(machine, words, UNIT, moves=True)
        place = np.empty(len(words), dtype=np.int64)
        place[list(words.order)] = np.arange(len(words))
        runs = [spelled.moves[spelled.begin[at] : spelled.begin[at + 1]] for at in place.tolist()]
        begin = np.cumsum([0, *map(len, runs)], dtype=np.int64)
        return Found(spelled.cost[place], begin, np.concatenate([np.empty(0, dtype=np.int64), *runs]))

    def _doubtful(self, task: _Task, found: Found) -> list[set[tuple[str, int]]]:
        """Per word the deviations (kind of move, label) that some other optimal alignment does without."""
        holders: dict[tuple[str, int], list[int]] = {}
        for word in np.nonzero(found.cost >= UNIT)[0].tolist():
            for deviation in self._deviations(task, word, found.run(word)):
                holders.setdefault(deviation, []).append(word)
        doubtful: list[set[tuple[str, int]]] = [set() for _ in range(len(task.words))]
        known = len(self.automaton.labels)
        for (kind, label), words in holders.items():
            if label >= known:  # no alignment does without leaving an unknown label aside
                continue
            forbidden = task.machine.without(kind, label)
            units = found.cost[words] // UNIT
            for least in np.unique(units).tolist():
                chosen = [word for word, each in zip(words, units.tolist(), strict=True) if each == least]
                some = task.words.only(chosen)
                search = self._searcher(some, self.automaton.states)
                other = search(forbidden, some, (least + 1) * UNIT, moves=False)
                for at, word in enumerate(chosen):
                    if other.cost[at] != NEVER:
                        doubtful[word].add((kind, label))
        return doubtful

    def _deviations(self, task: _Task, word: int, run: list[int]) -> set[tuple[str, int]]:
        events = iter(task.words.events[task.words.begin[word] : task.words.begin[word + 1]].tolist())
        labels, costs = self.automaton.label, task.machine.model_cost
        found = set()
        for move in run:
            if move < 0:
                found.add(("log", next(events)))
            elif move & 1:
                next(events)
            elif labels[move >> 1] != SILENT and costs[move >> 1] >= UNIT:
                found.add(("model", int(labels[move >> 1])))
        return found

    def _steps(
        self, task: _Task, word: int, run: list[int], spelled: list[int], doubtful: set[tuple[str, int]]
    ) -> tuple[tuple[Step, ...], tuple[int, ...]]:
        """Steps on the net, and the marking in which the run starts."""
        events = task.words.events[task.words.begin[word] : task.words.begin[word + 1]].tolist()
        transition, label = self.graph.transition, self.spelled.label
        same = self.automaton is self.spelled
        steps: list[Step] = []
        tasks = iter(spelled)
        position = 0

        def silently() -> int | None:
            """The run's next edge with a label, after its silent ones."""
            for move in tasks:
                edge = move >> 1
                if label[edge] != SILENT:
                    return edge
                steps.append(Step(None, int(transition[edge])))
            return None

        for move in run:
            if move < 0:
                steps.append(Step(position, None, ("log", events[position]) in doubtful))
                position += 1
                continue
            edge = (move >> 1) if same else silently()
            assert edge is not None  # the spelled run has every label of the run found
            fired = int(transition[edge])
            if move & 1:
                steps.append(Step(position, fired))
                position += 1
            else:
                steps.append(Step(None, fired, ("model", int(label[edge])) in doubtful))
        if not same:
            silently()
        first = spelled if not same else [move for move in run if move >= 0]
        state = int(self.graph.source[first[0] >> 1]) if first else self._resting(task, word)
        return tuple(steps), self.graph.marking(state)

    def _resting(self, task: _Task, word: int) -> int:
        """Where a run without any step stands: it ends where it starts."""
        ends_here = not task.anywhere or bool(task.words.stops[word])
        return self.graph.initial if ends_here else self.graph.finals[0]


@cache
def _compiled() -> bool:
    return find_spec("numba") is not None
