"""Who handed over to whom: the tokens of an alignment followed from sender to receiver.

Replays the alignment on the net. Each token remembers the task occurrences that it comes from, and the
choices that it passed in silence since; silent transitions pass that memory on, tasks start it afresh. Places
are queues: first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mining.alignment import Alignment
from mining.ways_on import Others, WaysOn
from reference_models.model import Handoff


class PairState(StrEnum):
    """What became of one handoff in a variant."""

    PAIRED = "paired"
    """Sender and receiver both acted."""
    DROPPED = "dropped"
    """The sender acted, the case went on (or ended) without the receiver."""
    UNSENT = "unsent"
    """The receiver acted, the sender never did."""
    WAITING = "waiting"
    """The sender acted, and the receiver may still do so."""
    OUT_OF_ORDER = "out_of_order"
    """The receiver acted, but not after the sender."""


@dataclass(frozen=True)
class Pair:
    """One handoff between two occurrences of tasks."""

    handoff: str
    state: PairState
    sender_step: int | None
    """Index into the alignment's steps; None where it is not in the window."""
    receiver_step: int | None
    alternatives: tuple[str, ...] = ()
    """Of a waiting pair: what the work may become instead, tasks of any lane or `ways_on.END`; none where the
    receiver must come. Sorted."""
    last: bool = True
    """Whether the receiver could begin then: of recorded works that meet before it, this is the last one, and
    it waits for no other."""


class _Token(NamedTuple):
    """What a token remembers."""

    origin: frozenset[int] = frozenset()
    """Step numbers of the tasks that it comes from."""
    choices: frozenset[int] = frozenset()
    """Places since then at which a silent transition took it, and another one could have."""


def token_flow(ways: WaysOn, alignment: Alignment, handoffs: Sequence[Handoff]) -> list[Pair]:
    """Pairs of sender and receiver in one alignment.

    `out_of_order` is not told here: it needs the classification of deviations.
    """
    net = ways.net
    by_ends = {(h.sender, h.receiver): h.id for h in handoffs}
    places: dict[int, deque[_Token]] = {}
    for place in alignment.start:
        places.setdefault(place, deque()).append(_Token())
    pairs: list[Pair] = []
    labels: dict[int, str] = {}

    def recorded(step: int) -> bool:
        return alignment.steps[step].position is not None

    for number, step in enumerate(alignment.steps):
        if step.transition is None:
            continue
        transition = net.transitions[step.transition]
        taken = [places[place].popleft() for place in transition.pre]
        origin: frozenset[int] = frozenset().union(*(token.origin for token in taken))
        if transition.label is not None:
            labels[number] = transition.label
            for sender in sorted(origin):
                handoff = by_ends.get((labels[sender], transition.label))
                if handoff:
                    last = len(origin) == 1 or sender == max(filter(recorded, origin), default=sender)
                    pairs.extend(_pair(alignment, handoff, sender, number, last))
            passed = _Token(frozenset({number}))
        else:
            choices = ways.choosing.intersection(transition.pre)
            passed = _Token(origin, choices.union(*(token.choices for token in taken)))
        for place in transition.post:
            # Bookkeeping tokens carry no work.
            places.setdefault(place, deque()).append(_Token() if place in net.bookkeeping else passed)
    # Who is in the model's run alone has handed nothing over.
    shown = {
        place: tuple(token._replace(origin=frozenset(filter(recorded, token.origin))) for token in tokens)
        for place, tokens in sorted(places.items())
        if tokens
    }
    pairs.extend(_waiting(ways, shown, labels, alignment, handoffs))
    return pairs


def _pair(alignment: Alignment, handoff: str, sender: int, receiver: int, last: bool) -> Iterator[Pair]:
    sent = alignment.steps[sender].position is not None
    received = alignment.steps[receiver].position is not None
    if sent:
        state = PairState.PAIRED if received else PairState.DROPPED
        yield Pair(handoff, state, sender, receiver, last=last)
    elif received:
        yield Pair(handoff, PairState.UNSENT, sender, receiver, last=last)


def _waiting(
    ways: WaysOn,
    places: Mapping[int, Sequence[_Token]],
    labels: Mapping[int, str],
    alignment: Alignment,
    handoffs: Sequence[Handoff],
) -> Iterator[Pair]:
    """Handoffs of tasks whose work lies before them, with what that may become instead."""
    held: dict[int, dict[int, set[int]]] = {}
    for place, tokens in places.items():
        for token in tokens:
            for sender in token.origin:
                held.setdefault(sender, {}).setdefault(place, set()).update(token.choices)
    queues = {place: tuple(token.origin for token in tokens) for place, tokens in places.items()}
    works: dict[str, Collection[frozenset[int]]] = {}
    for sender, lying in sorted(held.items()):
        ahead = frozenset[str]().union(*(ways.tasks[place] for place in lying))
        for handoff in handoffs:
            if handoff.sender == labels[sender] and handoff.receiver in ahead:
                others = _instead(ways, alignment, labels, sender, handoff.receiver, lying)
                if (task := handoff.receiver) not in works:
                    works[task] = ways.works_for(queues, task)
                last = any(sender == max(work) for work in works[task] if sender in work)
                yield Pair(handoff.id, PairState.WAITING, sender, None, tuple(sorted(others or ())), last)


def _instead(
    ways: WaysOn,
    alignment: Alignment,
    labels: Mapping[int, str],
    sender: int,
    receiver: str,
    lying: Mapping[int, set[int]],
) -> Others:
    """What the sender's work, that lies in places and came by choices, may become instead of the receiver's.

    A choice that the replay made in silence is none of the log's: where it was not needed to explain what
    came later, it may still be another.
    """
    found = ways.instead(lying, receiver)
    choices = frozenset[int]().union(*lying.values())
    perhaps = frozenset[str]().union(*(ways.others(receiver)[place] or () for place in choices))
    if found is not None or not perhaps:
        return found
    numbers = list(labels)
    return ways.in_any_run(alignment.start, list(labels.values()), numbers.index(sender), receiver, perhaps)
