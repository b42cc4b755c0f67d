"""How well a net and a log suit each other: fitness, precision, generalisation, simplicity.

Everything is read from one optimal alignment per variant, weighted by its cases; nothing here looks at
single events of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.alignment import Alignment, ReachabilityGraph, Variant
from reference_models.model import Net

BASELINE_DEGREE = 2
"""Arcs per node of a plain sequence that is closed into a ring: as simple as a net can be."""

Ints = npt.NDArray[np.int64]


def fitness(
    variants: Sequence[Variant],
    alignments: Sequence[Alignment],
    cases: Sequence[int],
    costs: Mapping[str, int],
    shortest_run: int,
) -> float | None:
    """How much of what was recorded the net explains: mean over cases of 1 - cost / worst cost.

    The worst alignment of a trace moves the log alone (`costs`: activity → cost of a deviation, default 1)
    and, where a whole run is asked for, the model alone (`shortest_run`: cost of the net's cheapest complete
    run without any event). So 1 is a log that fits, 0 one that has nothing in common with the net. None
    without cases. Source: van der Aalst, Adriansyah & van Dongen (2012), Replaying history on process models
    for conformance checking and performance analysis; the mean over cases is pm4py's `averageFitness`, except
    that pm4py gives 0 to an empty trace where the net may do nothing.
    """
    total = sum(cases)
    if not total:
        return None
    weighted = 0.0
    for variant, alignment, count in zip(variants, alignments, cases, strict=True):
        whole = 0 if variant.mode.starts_anywhere or variant.mode.stops_anywhere else shortest_run
        worst = sum(costs.get(activity, 1) for activity in variant.trace) + whole
        weighted += count * (1 - alignment.cost / worst if worst else 1.0)
    return weighted / total


def precision(
    graph: ReachabilityGraph, alignments: Sequence[Alignment], cases: Sequence[int]
) -> float | None:
    """How much of what the net allows was done: 1 - escaping / enabled, over all prefixes of model words.

    A model word is the sequence of visible labels on the model side of a variant's alignment. After each of
    its prefixes, and weighted by the cases that went on from there, *enabled* are the labels with which the
    net may go on, from every marking that the prefix may lead to; *escaping* are those of them with which no
    case went on. So 1 is a net that allows nothing beyond the log. Going on in order to end is no label: the
    end of a case counts neither as enabled nor as escaping, and nothing is counted after the whole word.

    Runs that do not start in the initial marking (cases that began before the window) are left out: what
    they did before is not known. None where no case did anything.

    Source: Adriansyah, Munoz-Gama, Carmona, van Dongen & van der Aalst (2015), Measuring precision of modeled
    behavior, with one optimal alignment per trace. On fitting logs it is what `pm4py.precision_alignments`
    answers, except that pm4py

    - takes prefixes of the log, not of alignments, and passes over those that do not replay;
    - knows only the markings that a prefix leads to with the fewest silent steps;
    - counts labels after which the end cannot be reached any more;
    - splits labels at commas;
    - asks the empty prefix of empty traces too.
    """
    language = _Language(graph)
    words = _Words.of(graph, language, alignments, cases)
    enabled_sum = escaping_sum = 0
    node = np.zeros(len(words.begin), dtype=np.int64)
    states = np.zeros(1, dtype=np.int64)
    depth = 0
    while len(words.begin):
        weight = np.bincount(node, words.cases, minlength=len(states)).astype(np.int64)
        edges, child = np.unique(
            node * len(language.labels) + words.flat[words.begin + depth], return_inverse=True
        )
        parent, label = np.divmod(edges, len(language.labels))
        enabled = language.enabled(states)
        enabled_sum += int(weight @ enabled)
        escaping_sum += int(weight @ (enabled - np.bincount(parent, minlength=len(states))))
        states = language.after(states[parent], label)
        depth += 1
        going_on = words.length > depth
        words, node = words.only(going_on), child[going_on]
        # Prefixes after which no case goes on are not asked what they enable.
        kept, node = np.unique(node, return_inverse=True)
        states = states[kept]
    return 1 - escaping_sum / enabled_sum if enabled_sum else None


def precision_share(
    graph: ReachabilityGraph, alignments: Sequence[Alignment], cases: Sequence[int]
) -> float | None:
    """Share of the cases that `precision` rests on; None without cases.

    The others were not seen from the start (they began before the window, and their alignment starts
    elsewhere), or did nothing that the net knows.
    """
    total = sum(cases)
    words = _Words.of(graph, _Language(graph), alignments, cases)
    return int(words.cases.sum()) / total if total else None


@dataclass(frozen=True)
class _Words:
    """Visible labels on the model side of alignments, one after another; empty words are left out."""

    flat: Ints
    begin: Ints
    """Per word where it begins in `flat`."""
    length: Ints
    cases: Ints

    @classmethod
    def of(
        cls,
        graph: ReachabilityGraph,
        language: _Language,
        alignments: Sequence[Alignment],
        cases: Sequence[int],
    ) -> _Words:
        initial = graph.marking(graph.initial)
        parts, counts = [np.empty(0, dtype=np.int64)], []
        for alignment, count in zip(alignments, cases, strict=True):
            if alignment.start == initial:
                label = language.label_of[alignment.transitions[alignment.transitions >= 0]]
                parts.append(label[label >= 0])
                counts.append(count)
        length = np.array([len(part) for part in parts[1:]], dtype=np.int64)
        words = cls(np.concatenate(parts), np.cumsum(length) - length, length, np.array(counts, np.int64))
        return words.only((length > 0) & (words.cases > 0))

    def only(self, chosen: npt.NDArray[np.bool_]) -> _Words:
        return _Words(self.flat, self.begin[chosen], self.length[chosen], self.cases[chosen])


class _Language:
    """The subset construction (Rabin & Scott 1959) on the reachability graph, made as far as it is asked for.

    State 0 holds the markings that the net is in before any label.
    """

    def __init__(self, graph: ReachabilityGraph) -> None:
        self.labels = tuple(sorted({t.label for t in graph.net.transitions if t.label is not None}))
        code = {label: number for number, label in enumerate(self.labels)}
        self.label_of = np.array(
            [-1 if t.label is None else code[t.label] for t in graph.net.transitions], dtype=np.int64
        )
        order = np.argsort(graph.source, kind="stable")
        self._target = graph.target[order]
        self._label = self.label_of[graph.transition[order]]
        self._begin = np.searchsorted(graph.source[order], np.arange(graph.states + 1))
        self._number: dict[frozenset[int], int] = {}
        self._next: list[dict[int, set[int]]] = []
        self._known: dict[tuple[int, int], int] = {}
        self._state_of({graph.initial})

    def enabled(self, states: Ints) -> Ints:
        """Per state how many labels can come next."""
        return np.array([len(self._next[state]) for state in states.tolist()], dtype=np.int64)

    def after(self, states: Ints, labels: Ints) -> Ints:
        """Per pair of state and label the state that follows."""
        pairs, back = np.unique(states * len(self.labels) + labels, return_inverse=True)
        followed = [self._after(*divmod(pair, len(self.labels))) for pair in pairs.tolist()]
        return np.array(followed, dtype=np.int64)[back]

    def _after(self, state: int, label: int) -> int:
        if (state, label) not in self._known:
            self._known[state, label] = self._state_of(self._next[state][label])
        return self._known[state, label]

    def _state_of(self, markings: set[int]) -> int:
        """Number of the state with these markings, and what silent transitions lead to from there."""
        entered = frozenset(markings)
        if entered not in self._number:
            self._number[entered] = len(self._next)
            self._next.append(self._visible_steps(entered))
        return self._number[entered]

    def _visible_steps(self, markings: Iterable[int]) -> dict[int, set[int]]:
        seen, pending = set(markings), list(markings)
        steps: dict[int, set[int]] = {}
        while pending:
            marking = pending.pop()
            edges = slice(self._begin[marking], self._begin[marking + 1])
            for label, target in zip(self._label[edges].tolist(), self._target[edges].tolist(), strict=True):
                if label >= 0:
                    steps.setdefault(label, set()).add(target)
                elif target not in seen:
                    seen.add(target)
                    pending.append(target)
        return steps


def generalization(
    graph: ReachabilityGraph, alignments: Sequence[Alignment], cases: Sequence[int]
) -> float | None:
    """How well the parts of the net are borne out: 1 - mean over all transitions of 1 / √(times used).

    A transition that was never used counts 1, so it lowers the value as much as one used a single time. A
    task is used where an event shows it (a model move does not); a silent transition, where the run takes it.
    None for a net without transitions or without cases. Source: Buijs, van Dongen & van der Aalst (2014),
    Quality dimensions in process discovery, on transitions instead of nodes of a tree as
    `pm4py.generalization_tbr` does; that one counts by token replay, which differs where the log does not
    fit and where silent steps leave a choice.
    """
    transitions = graph.net.transitions
    if not transitions or not sum(cases):
        return None
    silent = np.array([t.label is None for t in transitions])
    used = np.zeros(len(transitions))
    for alignment, count in zip(alignments, cases, strict=True):
        fired, shown = alignment.transitions, alignment.positions >= 0
        counts = (fired >= 0) & (shown | silent[fired])
        used += count * np.bincount(fired[counts], minlength=len(transitions))
    return float(1 - np.mean(1 / np.sqrt(np.maximum(used, 1))))


def simplicity(net: Net) -> float:
    """How few arcs the net has for its nodes: 1 / (1 + max(0, mean arcs per place or transition - 2)).

    1 is a plain sequence. Weighted arcs count once. Source: inverse arc degree, Vázquez-Barreiros, Mucientes
    & Lama (2015), ProDiGen; the baseline of 2 is that of `pm4py.simplicity_petri_net`.
    """
    arcs = sum(len(set(t.pre)) + len(set(t.post)) for t in net.transitions)
    nodes = len(net.places) + len(net.transitions)
    return 1 / (1 + max(0.0, 2 * arcs / nodes - BASELINE_DEGREE)) if nodes else 1.0
