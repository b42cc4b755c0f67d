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

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mining.alignment import compiled, dense
from mining.alignment.automaton import WORK_LIMIT, Automaton, minimal, of_graph
from mining.alignment.interface import Alignment, Variant
from mining.alignment.machine import NEVER, UNIT, Bools, Found, Machine, Words
from mining.alignment.reachability import Ints, ReachabilityGraph
from mining.alignment.reduction import Reduction
from mining.alignment.steps import LOG, MODEL, Flat, Steps, steps

SMALL = 300_000
"""Events × states of the graph up to which NumPy is done before compiled code is even loaded."""
FIRST_BAND = 0
"""Units of deviation within which optimal alignments are looked for first; doubled until all are found."""

SAVED = 8
"""Events × states searched in NumPy that cost about as much as one state that determinising looks at …"""
SAVED_COMPILED = 5_000
"""… and in compiled code, which sees few of the states anyway."""

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
    search: Search


class Aligner:
    """A net made ready for aligning."""

    def __init__(
        self,
        graph: ReachabilityGraph,
        costs: Mapping[str, int] | None = None,
        search: Search | None = None,
        reduction: Reduction | None = None,
    ) -> None:
        """`search`: `dense.search` or `band.search`; without it the better one for the work at hand.

        `reduction`: how a net was reduced, where `graph` is that of the reduced one. Variants are complete
        then, and their alignments are told in transitions of the whole net.
        """
        self.graph = graph
        self.costs = dict(costs or {})
        self.reduction = reduction
        self.spelled = of_graph(graph, reduction.silent if reduction else None)
        self.automaton: Automaton = self.spelled
        self._search = search
        self._tried = 0

    @property
    def _is_graph(self) -> bool:
        return self.automaton is self.spelled

    def _determinise(self, work: int) -> None:
        """Take the minimal automaton, if it is found within that much work."""
        work = min(WORK_LIMIT, work)
        if self._is_graph and work > self._tried:
            self._tried = work
            smaller = minimal(self.spelled, work)
            if smaller is not None and smaller.states < self.graph.states:
                self.automaton = smaller

    def align(self, variants: Sequence[Variant], *, doubt: bool = True) -> list[Alignment]:
        """Optimal alignments, one per variant, in the order given.

        Without `doubt` it is not asked which deviations are avoidable, and none is marked so.
        """
        results: list[Alignment | None] = [None] * len(variants)
        for chosen, task in self._tasks(variants):
            found = self._least(task, moves=True)
            spelled = None if self._is_graph else self._spelled(task, found)
            taken = steps(task.words, found, spelled, self.spelled.label)
            sure = np.zeros(len(taken.word), dtype=np.bool_)
            avoidable = self._avoidable(task, found, taken) if doubt else sure
            starts = self._starts(task, taken).tolist()
            word, position = taken.word, taken.position
            transition = np.append(self.graph.transition, -1)[taken.edge]
            if self.reduction:
                unfolded = self.reduction.unfolded(transition, position, avoidable)
                word, (transition, position, avoidable) = word[unfolded[0]], unfolded[1:]
            at = np.searchsorted(word, np.arange(len(task.words) + 1)).tolist()
            cost = (found.cost // UNIT).tolist()
            markings = {start: self.graph.marking(start) for start in set(starts)}
            for n, number in enumerate(task.words.order.tolist()):
                part = slice(at[n], at[n + 1])
                results[chosen[number]] = Alignment(
                    cost[n],
                    markings[starts[n]],
                    position[part],
                    transition[part],
                    avoidable[part],
                )
        return [result for result in results if result is not None]

    def costs_of(self, variants: Sequence[Variant]) -> list[int]:
        """The costs alone."""
        results = [0] * len(variants)
        for chosen, task in self._tasks(variants):
            cost = (self._least(task, moves=False).cost // UNIT).tolist()
            for word, number in enumerate(task.words.order.tolist()):
                results[chosen[number]] = cost[word]
        return results

    def _tasks(self, variants: Sequence[Variant]) -> Iterator[tuple[list[int], _Task]]:
        searched = sum(len(variant.trace) + 1 for variant in variants) * self.graph.states
        search = self._searcher(searched)
        self._determinise(searched // (SAVED if search is dense.search else SAVED_COMPILED))
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
            yield chosen, _Task(words, machine, anywhere, search)

    def _searcher(self, searched: int) -> Search:
        if self._search is not None:
            return self._search
        if searched <= SMALL and not compiled.at_hand():
            return dense.search
        code = compiled.load()
        return code.band.search if code else dense.search

    def _least(self, task: _Task, *, moves: bool) -> Found:
        """Search within a band that is doubled for the words whose optimum is not in it."""
        words, machine, search = task.words, task.machine, task.search
        if search is dense.search:
            return search(machine, words, NEVER, moves=moves)
        results, places = [], []
        left, units = np.arange(len(words)), FIRST_BAND
        while True:
            found = search(machine, words.only(left), (units + 1) * UNIT, moves=moves)
            done = found.cost < NEVER
            results.append(found if done.all() else found.only(np.nonzero(done)[0]))
            places.append(left[done])
            if done.all():
                return Found.merged(results, places)
            left = left[~done]
            units = max(1, 2 * units)

    def _spelled(self, task: _Task, found: Found) -> Found:
        """Per word the run of the reachability graph with the labels of the run found."""
        names = self.automaton.labels
        run = Flat.of(found)
        codes = self.automaton.label[run.move[~run.is_log] >> 1].tolist()
        at = np.searchsorted(run.word[~run.is_log], np.arange(len(task.words) + 1)).tolist()
        spellings = [tuple(codes[low:high]) for low, high in itertools.pairwise(at)]
        words = Words.of_codes(spellings, task.words.stops.tolist(), names)
        machine = Machine.of(self.spelled, names, {}, anywhere=task.anywhere).spelling()
        result = task.search(machine, words, UNIT, moves=True)
        place = np.empty(len(words), dtype=np.int64)
        place[words.order] = np.arange(len(words))
        return result.only(place)

    def _starts(self, task: _Task, taken: Steps) -> Ints:
        """Per word the state of the graph in which its run starts; one without steps rests where it ends."""
        rests = np.logical_or(not task.anywhere, task.words.stops)
        starts = np.where(rests, self.graph.initial, self.graph.finals[0])
        fired = taken.edge >= 0
        word, first = np.unique(taken.word[fired], return_index=True)
        starts[word] = self.graph.source[taken.edge[fired][first]]
        return starts

    def _avoidable(self, task: _Task, found: Found, taken: Steps) -> Bools:
        """Per step: whether it is a deviation that some other optimal alignment does without."""
        # An unknown label has no place but a log move; what costs nothing is no deviation.
        known = (taken.label >= 0) & (taken.label < len(self.automaton.labels))
        costly = np.append(task.machine.costs_a_unit, False)[np.where(known, taken.label, -1)]
        deviates: Bools = known & ((taken.kind == LOG) | ((taken.kind == MODEL) & costly))
        if not deviates.any():
            return deviates
        units = found.cost // UNIT
        # Words of like costs share a search: the band is at most twice as wide as each needs.
        width = np.ceil(np.log2(np.maximum(units, 1))).astype(np.int64)
        shape = (MODEL + 1, len(task.words.alphabet), int(width.max(initial=0)) + 1, len(task.words))
        columns = (taken.kind, np.maximum(taken.label, 0), width[taken.word], taken.word)
        keys = np.ravel_multi_index(columns, shape)
        rows = np.stack(np.unravel_index(np.unique(keys[deviates]), shape), axis=1).tolist()
        spared: list[tuple[int, ...]] = []
        for (kind, label, band), group in itertools.groupby(rows, key=lambda row: tuple(row[:3])):
            words = [row[3] for row in group]
            some = task.words.only(words)
            forbidden = task.machine.without(kind == LOG, label)
            bound = (int(units[words].max()) + 1) * UNIT
            cost = task.search(forbidden, some, bound, moves=False).cost
            equal = np.nonzero(cost // UNIT == units[words])[0]
            spared += [(kind, label, band, words[at]) for at in equal.tolist()]
        if not spared:
            return np.zeros(len(taken.word), dtype=np.bool_)
        wanted = np.ravel_multi_index(tuple(np.array(spared).T), shape)
        avoidable: Bools = deviates & np.isin(keys, wanted)
        return avoidable
