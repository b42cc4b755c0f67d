"""Who handed over to whom: the tokens of an alignment followed from sender to receiver.

Replays the alignment on the net. Each token remembers the task occurrences that it comes from; silent
transitions pass that memory on, tasks start it afresh. Places are queues: first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mining.alignment import Alignment
from reference_models.model import Handoff, Net


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
    alternatives: int = 1
    """Of a waiting pair: receivers among which the process has not yet chosen."""


Origin = frozenset[int]
"""Step numbers of the tasks that a token comes from."""


def token_flow(
    net: Net, alignment: Alignment, handoffs: Sequence[Handoff], waiting: Mapping[int, Sequence[str]]
) -> list[Pair]:
    """Pairs of sender and receiver in one alignment.

    `waiting` gives, per place, the ids of the handoffs whose receiver a token on it may still reach.
    `out_of_order` is not told here: it needs the classification of deviations.
    """
    by_ends = {(h.sender, h.receiver): h.id for h in handoffs}
    places: dict[int, deque[Origin]] = {}
    for place in alignment.start:
        places.setdefault(place, deque()).append(frozenset())
    pairs: list[Pair] = []
    labels: dict[int, str] = {}
    for number, step in enumerate(alignment.steps):
        if step.transition is None:
            continue
        transition = net.transitions[step.transition]
        origin: Origin = frozenset().union(*(places[place].popleft() for place in transition.pre))
        if transition.label is not None:
            labels[number] = transition.label
            for sender in sorted(origin):
                handoff = by_ends.get((labels[sender], transition.label))
                if handoff:
                    pairs.extend(_pair(alignment, handoff, sender, number))
            origin = frozenset({number})
        for place in transition.post:
            # Bookkeeping tokens carry no work.
            places.setdefault(place, deque()).append(frozenset() if place in net.bookkeeping else origin)
    pairs.extend(_waiting(places, labels, alignment, handoffs, waiting))
    return pairs


def _pair(alignment: Alignment, handoff: str, sender: int, receiver: int) -> Iterator[Pair]:
    sent = alignment.steps[sender].position is not None
    received = alignment.steps[receiver].position is not None
    if sent:
        yield Pair(handoff, PairState.PAIRED if received else PairState.DROPPED, sender, receiver)
    elif received:
        yield Pair(handoff, PairState.UNSENT, sender, receiver)


def _waiting(
    places: Mapping[int, deque[Origin]],
    labels: Mapping[int, str],
    alignment: Alignment,
    handoffs: Sequence[Handoff],
    waiting: Mapping[int, Sequence[str]],
) -> list[Pair]:
    by_id = {h.id: h for h in handoffs}
    found: dict[tuple[int, str], None] = {}
    for place in sorted(places):
        for origin in places[place]:
            for sender in sorted(origin):
                if alignment.steps[sender].position is None:
                    continue
                for handoff in waiting.get(place, ()):
                    if by_id[handoff].sender == labels[sender]:
                        found[sender, handoff] = None
    senders = [sender for sender, _ in found]
    return [
        Pair(handoff, PairState.WAITING, sender, None, alternatives=senders.count(sender))
        for sender, handoff in found
    ]


def handoffs_ahead(net: Net, handoffs: Sequence[Handoff]) -> dict[int, tuple[str, ...]]:
    """Per place: handoffs whose receiver a token there may reach through silent transitions only."""
    consumers: dict[int, set[int]] = {}
    for number, transition in enumerate(net.transitions):
        for place in transition.pre:
            consumers.setdefault(place, set()).add(number)
    ahead: dict[int, tuple[str, ...]] = {}
    for place in range(len(net.places)):
        tasks: set[str] = set()
        seen, pending = {place}, [place]
        while pending:
            for number in consumers.get(pending.pop(), ()):
                transition = net.transitions[number]
                if transition.label is not None:
                    tasks.add(transition.label)
                    continue
                fresh = set(transition.post) - seen - net.bookkeeping
                seen |= fresh
                pending.extend(fresh)
        ahead[place] = tuple(h.id for h in handoffs if h.receiver in tasks)
    return ahead
