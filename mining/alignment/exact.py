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
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec

import numpy as np

from mining.alignment import dense
from mining.alignment.automaton import SILENT, Automaton, minimal, of_graph
from mining.alignment.interface import Alignment, Variant
from mining.alignment.machine import NEVER, UNIT, Bools, Found, Machine, Words, joined
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
        self._is_graph = self.automaton is self.spelled

    def align(self, variants: Sequence[Variant]) -> list[Alignment]:
        """Optimal alignments, one per variant, in the order given."""
        results: list[Alignment | None] = [None] * len(variants)
        for chosen, task in self._tasks(variants):
            found = self._least(task.machine, task.words, moves=True)
            spelled = found if self._is_graph else self._spelled(task, found)
            steps = self._steps(task, found, spelled)
            starts = self._starts(task, spelled)
            for word, number in enumerate(task.words.order):
                part = slice(*np.searchsorted(steps.word, [word, word + 1]).tolist())
                results[chosen[number]] = Alignment(
                    int(found.cost[word]) // UNIT,
                    self.graph.marking(int(starts[word])),
                    steps.position[part],
                    steps.transition[part],
                    steps.avoidable[part],
                )
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
        return Found(cost, begin, joined(runs))

    def _spelled(self, task: _Task, found: Found) -> Found:
        """Per word the run of the reachability graph with the labels of the run found."""
        names = self.automaton.labels
        run = _Flat.of(found)
        label = self.automaton.label[run.move[run.move >= 0] >> 1]
        at = np.searchsorted(run.word[run.move >= 0], np.arange(len(task.words) + 1)).tolist()
        codes = label.tolist()
        spellings = [tuple(codes[low:high]) for low, high in itertools.pairwise(at)]
        words = Words.of_codes(spellings, task.words.stops.tolist(), names)
        machine = Machine.of(self.spelled, names, {}, anywhere=task.anywhere).spelling()
        result = self._searcher(words, self.spelled.states)(machine, words, UNIT, moves=True)
        place = np.empty(len(words), dtype=np.int64)
        place[list(words.order)] = np.arange(len(words))
        return result.only(place)

    def _steps(self, task: _Task, found: Found, spelled: Found) -> _Steps:
        """All words' steps on the net: the spelled run with the log moves of the run found put in between."""
        run, fired = _Flat.of(found), _Flat.of(spelled)
        is_log = run.move < 0
        if self._is_graph:
            fired = _Flat(run.word[~is_log], run.move[~is_log])
        edge = fired.move >> 1
        visible = self.spelled.label[edge] != SILENT
        anchored = np.nonzero(~is_log)[0]
        if self._is_graph:
            key = anchored
        else:  # a silent step stands right before the next visible one of its word, else at the word's end
            following = np.cumsum(visible) - visible
            padded = np.append(anchored, len(run.move))
            same = np.append(run.word, -1)[padded[following]] == fired.word
            key = np.where(same, padded[following], len(run.move))
        together = np.zeros(len(edge), dtype=np.bool_)
        together[visible if not self._is_graph else slice(None)] = run.move[~is_log] & 1 == 1
        word = np.concatenate([run.word[is_log], fired.word])
        order = np.lexsort((np.concatenate([np.zeros(is_log.sum()), np.arange(len(edge))]),
                            np.concatenate([np.nonzero(is_log)[0], key]), word))  # fmt: skip
        transition = np.concatenate([np.full(is_log.sum(), -1), self.graph.transition[edge]])[order]
        label = np.concatenate([np.full(is_log.sum(), SILENT), self.spelled.label[edge]])[order]
        reads = np.concatenate([np.ones(is_log.sum(), dtype=np.bool_), together])[order]
        word = word[order]
        event = np.cumsum(reads) - 1
        position = np.where(reads, event - task.words.begin[word], -1)
        label[transition < 0] = task.words.events[event[transition < 0]]
        kind = np.where(transition < 0, _LOG, np.where(reads | (label == SILENT), _NONE, _MODEL))
        steps = _Steps(word, position, transition, label, kind, np.zeros(len(word), dtype=np.bool_))
        return replace(steps, avoidable=self._doubt(task, found, steps))

    def _starts(self, task: _Task, spelled: Found) -> Ints:
        """Per word the state of the graph in which its run starts."""
        starts = np.where(
            np.logical_or(not task.anywhere, task.words.stops), self.graph.initial, self.graph.finals[0]
        )
        flat = _Flat.of(spelled)
        moved = flat.move >= 0
        word, first = np.unique(flat.word[moved], return_index=True)
        starts[word] = self.graph.source[flat.move[moved][first] >> 1]
        return starts

    def _doubt(self, task: _Task, found: Found, steps: _Steps) -> Bools:
        """Per step: whether it is a deviation that some other optimal alignment does without."""
        free = np.append(task.machine.model_free, False)
        deviates = (steps.kind == _LOG) | (
            (steps.kind == _MODEL) & ~free[np.minimum(steps.label, len(free) - 1)]
        )
        # No alignment does without leaving an unknown label aside.
        deviates &= steps.label < len(self.automaton.labels)
        avoidable = np.zeros(len(steps.word), dtype=np.bool_)
        units = found.cost // UNIT
        classes = np.stack([steps.kind, steps.label, units[steps.word], steps.word], axis=1)[deviates]
        doubtful = []
        for (kind, label, least), words in _grouped(np.unique(classes, axis=0)):
            some = task.words.only(words)
            forbidden = task.machine.without(kind == _LOG, label)
            search = self._searcher(some, self.automaton.states)
            other = search(forbidden, some, (least + 1) * UNIT, moves=False)
            doubtful += [
                (kind, label, word)
                for word, cost in zip(words, other.cost.tolist(), strict=True)
                if cost != NEVER
            ]
        if doubtful:
            size = len(task.words), len(task.words.alphabet) + 1
            wanted = [np.ravel_multi_index((kind, word, label), (3, *size)) for kind, label, word in doubtful]
            mine = np.ravel_multi_index((steps.kind, steps.word, np.maximum(steps.label, 0)), (3, *size))
            avoidable = deviates & np.isin(mine, wanted)
        return avoidable


_NONE, _LOG, _MODEL = 0, 1, 2


@dataclass(frozen=True)
class _Steps:
    """The steps of all words, one after the other."""

    word: Ints
    position: Ints
    transition: Ints
    label: Ints
    """Of the event, or of the transition."""
    kind: Ints
    """_LOG, _MODEL, or _NONE for what is no move of one side alone (synchronous, silent)."""
    avoidable: Bools


@dataclass(frozen=True)
class _Flat:
    """The moves of all words, from the start of each run to its end, one word after the other."""

    word: Ints
    move: Ints

    @classmethod
    def of(cls, found: Found) -> _Flat:
        sizes = np.diff(found.begin)
        word = np.repeat(np.arange(len(sizes)), sizes)
        ends = found.begin[1:][word]
        return cls(word, found.moves[ends - 1 - (np.arange(len(word)) - found.begin[:-1][word])])


def _grouped(classes: Ints) -> Iterator[tuple[tuple[int, int, int], list[int]]]:
    """Rows (kind, label, units, word), sorted, by their first three columns."""
    for key, rows in itertools.groupby(classes.tolist(), key=lambda row: tuple(row[:3])):
        yield (key[0], key[1], key[2]), [row[3] for row in rows]


@cache
def _compiled() -> bool:
    return find_spec("numba") is not None
