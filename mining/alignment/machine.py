"""What a search for alignments works on: an automaton with the cost of every move, and the words to align.

Costs are whole units of deviation plus parts far below one unit that settle ties (see `exact`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mining.alignment.automaton import SILENT, Automaton
from mining.alignment.reachability import Ints

UNIT = 1 << 40
"""One unit of cost, far above what the tie-breaking parts below can add up to."""
LOG_PART = 1 << 20
"""Added to every log move."""
UNSEEN_PART = 1 << 10
"""Cost of a model move that leaves no trace, or that the contract lets pass for nothing."""
SILENT_PART = 1
"""Cost of a silent step, so that silent loops end."""
NEVER = np.iinfo(np.int64).max // 4
"""Cost of what is forbidden or cannot be reached."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Words:
    """Traces in the order of their codes, so that each shares its longest prefix with the one before."""

    order: Ints
    """Which of the traces given each word is."""
    events: Ints
    """Codes of all words, one after the other."""
    begin: Ints
    """Per word where it begins in `events`, and at last where the last one ends."""
    shared: Ints
    """Per word how many events it shares with the word before."""
    stops: Bools
    """Per word: whether its run may stop in any state."""
    alphabet: tuple[str, ...]
    """Names by code: the automaton's labels first, then labels that it does not know."""

    @classmethod
    def of(cls, traces: Sequence[tuple[str, ...]], stops: Sequence[bool], labels: tuple[str, ...]) -> Words:
        """Encode and sort."""
        known = set(labels)
        alphabet = (*labels, *sorted({name for trace in traces for name in trace} - known))
        code = {name: i for i, name in enumerate(alphabet)}
        return cls.of_codes([tuple(map(code.__getitem__, trace)) for trace in traces], stops, alphabet)

    @classmethod
    def of_codes(
        cls, coded: Sequence[tuple[int, ...]], stops: Sequence[bool], alphabet: tuple[str, ...]
    ) -> Words:
        """Sort what is encoded already."""
        order = sorted(range(len(coded)), key=coded.__getitem__)
        sizes = np.fromiter(map(len, map(coded.__getitem__, order)), dtype=np.int64, count=len(order))
        begin = np.append(0, np.cumsum(sizes))
        flat = itertools.chain.from_iterable(map(coded.__getitem__, order))
        events = np.fromiter(flat, dtype=np.int64, count=int(begin[-1]))
        return cls(
            order=np.array(order, dtype=np.int64),
            events=events,
            begin=begin,
            shared=_shared(events, begin),
            stops=np.array(stops, dtype=np.bool_)[order],
            alphabet=alphabet,
        )

    def __len__(self) -> int:
        return len(self.order)

    def only(self, chosen: Sequence[int] | Ints) -> Words:
        """Some of the words, by their places, which ascend."""
        places = np.array(chosen, dtype=np.int64)
        begin, taken = pieces(self.begin, places)
        # Sorted words share what all between them share.
        shared = np.zeros(len(places), dtype=np.int64)
        if len(places) > 1:
            ranges = np.stack([places[:-1] + 1, places[1:] + 1], axis=1).ravel()
            shared[1:] = np.minimum.reduceat(np.append(self.shared, 0), ranges)[::2]
        return replace(
            self,
            order=self.order[places],
            events=self.events[taken],
            begin=begin,
            shared=shared,
            stops=self.stops[places],
        )


def pieces(begin: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Of pieces that lie one after the other: where the chosen ones begin put together, and their indices."""
    sizes = begin[chosen + 1] - begin[chosen]
    together = np.append(0, np.cumsum(sizes))
    return together, np.arange(together[-1]) + np.repeat(begin[chosen] - together[:-1], sizes)


def _shared(events: Ints, begin: Ints) -> Ints:
    """Per word how many events it has in common, from the first on, with the word before."""
    sizes = np.diff(begin)
    shared = np.zeros(len(sizes), dtype=np.int64)
    shared[1:] = np.minimum(sizes[1:], sizes[:-1])
    word = np.repeat(np.arange(len(sizes)), shared)
    at = np.arange(len(word)) - np.repeat(np.cumsum(shared) - shared, shared)
    differs = np.nonzero(events[begin[word] + at] != events[begin[word - 1] + at])[0]
    first = differs[np.append(True, word[differs[1:]] != word[differs[:-1]])[: len(differs)]]
    shared[word[first]] = at[first]
    return shared


def model_costs(labels: Sequence[str], costs: Mapping[str, int], unseen: frozenset[str]) -> Ints:
    """What a model move costs, per label and at last for none; its silent steps come on top."""
    units = np.array([0 if n in unseen else costs.get(n, 1) for n in labels], dtype=np.int64)
    return np.append(np.maximum(units * UNIT, UNSEEN_PART), 0)


def log_costs(alphabet: Sequence[str], costs: Mapping[str, int]) -> Ints:
    """What a log move costs, per name."""
    return np.array([costs.get(n, 1) for n in alphabet], dtype=np.int64) * UNIT + LOG_PART


@dataclass(frozen=True)
class Machine:
    """An automaton and what each move on it costs."""

    automaton: Automaton
    starts: Bools
    """Per state: whether a run may start there."""
    accepts: Bools
    """Per state: whether a complete run may end there."""
    model_cost: Ints
    """Per edge: what it costs to take it without an event."""
    silent_cost: Ints
    """Per edge: what it costs to take it with one, for the silent steps that it holds."""
    log_cost: Ints
    """Per code of an alphabet: what it costs to leave its event aside."""

    @classmethod
    def of(
        cls,
        automaton: Automaton,
        alphabet: tuple[str, ...],
        costs: Mapping[str, int],
        *,
        anywhere: bool,
        unseen: frozenset[str] = frozenset(),
    ) -> Machine:
        """`costs` gives what log and model moves cost (default 1); model moves on `unseen` are free."""
        starts = np.full(automaton.states, anywhere)
        starts[automaton.initial] = True
        accepts = np.zeros(automaton.states, dtype=np.bool_)
        accepts[list(automaton.finals)] = True
        by_label = model_costs(automaton.labels, costs, unseen)
        silent = automaton.silent * SILENT_PART
        return cls(
            automaton,
            starts,
            accepts,
            by_label[automaton.label] + silent,
            silent,
            log_costs(alphabet, costs),
        )

    @property
    def costs_a_unit(self) -> Bools:
        """Per label: whether a model move on it costs a unit or more."""
        costly = np.zeros(len(self.automaton.labels), dtype=np.bool_)
        visible = self.automaton.label != SILENT
        costly[self.automaton.label[visible]] = self.model_cost[visible] >= UNIT
        return costly

    def without(self, log: bool, label: int) -> Machine:
        """The same, with log (else model) moves on a label forbidden."""
        if log:
            log_cost = self.log_cost.copy()
            log_cost[label] = NEVER
            return replace(self, log_cost=log_cost)
        return replace(
            self, model_cost=np.where(self.automaton.label == label, np.int64(NEVER), self.model_cost)
        )

    def spelling(self) -> Machine:
        """The same, with every deviation forbidden: what is left spells a word of the language."""
        silent = self.automaton.label == SILENT
        return replace(
            self,
            model_cost=np.where(silent, self.model_cost, np.int64(NEVER)),
            log_cost=np.full_like(self.log_cost, NEVER),
        )


@dataclass(frozen=True)
class Found:
    """What a search found, per word."""

    cost: Ints
    """Least cost, with its tie-breaking parts; NEVER if it is not below the bound."""
    begin: Ints
    """Where the word's moves begin in `moves`, which ends with the last word's."""
    moves: Ints
    """From the end of a run to its start: -1, a log move; 2·e, edge e alone; 2·e+1, edge e with an event."""

    def run(self, word: int) -> list[int]:
        """The moves of one word, from the start of the run."""
        moves: list[int] = self.moves[self.begin[word] : self.begin[word + 1]][::-1].tolist()
        return moves

    def only(self, chosen: Ints) -> Found:
        """Some of the words, in the order given."""
        begin, taken = pieces(self.begin, chosen)
        return Found(self.cost[chosen], begin, self.moves[taken])

    @classmethod
    def merged(cls, found: Sequence[Found], words: Sequence[Ints]) -> Found:
        """Several as one; `words`: per one of them which word each of its words is. Every word is in one."""
        sizes = [np.diff(each.begin) for each in found]
        together = cls(
            np.concatenate([each.cost for each in found]),
            np.append(0, np.cumsum(np.concatenate(sizes))),
            np.concatenate([each.moves for each in found]),
        )
        return together.only(np.argsort(np.concatenate(words), kind="stable"))
