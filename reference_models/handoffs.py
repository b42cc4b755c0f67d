"""Where work changes lane, read from the net by the flow of tokens."""

from __future__ import annotations

from collections.abc import Mapping

from reference_models.model import Net, Transition


def handoff_pairs(net: Net, lane_of: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Pairs (sender, receiver) of tasks in different lanes.

    net: with a silent transition wherever a token passes a gateway or timer; lane_of: task → lane.
    A pair is there when the sender's token reaches the receiver through silent transitions only, so
    parallel branches do not hand over to each other. In the net's order of transitions.
    """
    pairs: dict[tuple[str, str], None] = {}
    for sending in net.transitions:
        if sending.label is None:
            continue
        reached = _silently_reached(net, sending.post)
        for receiving in net.transitions:
            if receiving.label is None or reached.isdisjoint(_carried(net, receiving)):
                continue
            lanes = lane_of.get(sending.label), lane_of.get(receiving.label)
            if None not in lanes and lanes[0] != lanes[1]:
                pairs[(sending.label, receiving.label)] = None
    return tuple(pairs)


def _silently_reached(net: Net, places: tuple[int, ...]) -> set[int]:
    reached, waiting = set(places), list(places)
    while waiting:
        place = waiting.pop()
        for silent in net.transitions:
            if silent.label is None and place in _carried(net, silent):
                new = set(silent.post) - reached
                reached |= new
                waiting.extend(new)
    return reached


def _carried(net: Net, transition: Transition) -> set[int]:
    """The input places from which work comes."""
    return set(transition.pre) - net.bookkeeping
