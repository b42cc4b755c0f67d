"""From the runs that the searches found to steps on the net, for all words at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.alignment.automaton import SILENT
from mining.alignment.machine import Bools, Found, Words
from mining.alignment.reachability import Ints

NEITHER, LOG, MODEL = 0, 1, 2
"""Kinds of steps: synchronous and silent ones are moves of neither side alone."""


@dataclass(frozen=True)
class Flat:
    """The moves of all words, from the start of each run to its end, one word after the other."""

    word: Ints
    move: Ints

    @classmethod
    def of(cls, found: Found) -> Flat:
        """Turn the runs round."""
        sizes = np.diff(found.begin)
        word = np.repeat(np.arange(len(sizes)), sizes)
        since = np.arange(len(word)) - found.begin[:-1][word]
        return cls(word, found.moves[found.begin[1:][word] - 1 - since])

    @property
    def is_log(self) -> Bools:
        """Per move: whether the log moves alone."""
        return self.move < 0


@dataclass(frozen=True)
class Steps:
    """The steps of all words, one after the other."""

    word: Ints
    position: Ints
    """Index of the event in its trace; -1 for none."""
    edge: Ints
    """Edge of the graph; -1 for a log move."""
    label: Ints
    """Of the event or of the edge."""
    kind: Ints
    """NEITHER, LOG or MODEL."""


def steps(words: Words, found: Found, spelled: Found | None, labels: Ints) -> Steps:
    """Put the log moves of the runs found between the edges of the runs that spell them on the graph.

    `spelled`: None where the runs found are runs of the graph already. `labels`: per edge of the graph.
    """
    run = Flat.of(found)
    taken = Flat(run.word[~run.is_log], run.move[~run.is_log]) if spelled is None else Flat.of(spelled)
    edge = taken.move >> 1
    reads = np.zeros(len(edge), dtype=np.bool_)
    own = slice(None) if spelled is None else labels[edge] != SILENT
    reads[own] = run.move[~run.is_log] & 1 == 1
    aside = np.nonzero(run.is_log)[0]
    before = np.nonzero(~run.is_log)[0] if spelled is None else _anchors(run, taken, labels[edge] != SILENT)
    order = np.lexsort(
        (
            np.append(np.zeros_like(aside), np.arange(len(edge))),
            np.append(aside, before),
            np.append(run.word[aside], taken.word),
        )
    )
    word = np.append(run.word[aside], taken.word)[order]
    edge = np.append(np.full_like(aside, -1), edge)[order]
    reads = np.append(np.ones(len(aside), dtype=np.bool_), reads)[order]
    event = np.cumsum(reads) - 1
    label = np.where(edge < 0, SILENT, labels[edge] if len(labels) else SILENT)
    label[edge < 0] = words.events[event[edge < 0]]
    alone = np.where(reads | (label == SILENT), NEITHER, MODEL)
    return Steps(
        word=word,
        position=np.where(reads, event - words.begin[word], -1),
        edge=edge,
        label=label,
        kind=np.where(edge < 0, LOG, alone),
    )


def _anchors(run: Flat, spelled: Flat, visible: Bools) -> Ints:
    """Per spelled edge the move of the run before or at which it stands.

    A silent one stands right before the next visible one of its word, else at the word's end.
    """
    moves = np.append(np.nonzero(~run.is_log)[0], len(run.move))
    following = moves[np.cumsum(visible) - visible]
    same_word = np.append(run.word, -1)[following] == spelled.word
    return np.where(same_word, following, len(run.move))
