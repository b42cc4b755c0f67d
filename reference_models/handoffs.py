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
    takers = _takers(net)
    pairs: dict[tuple[str, str], None] = {}
    for sending in net.transitions:
        if sending.label is None:
            continue
        reached = _silently_reached(takers, sending.post)
        receivers = {number for place in reached for number in takers[place]}
        for number in sorted(receivers):
            receiver = net.transitions[number].label
            lanes = lane_of.get(sending.label), lane_of.get(receiver or "")
            if receiver is not None and None not in lanes and lanes[0] != lanes[1]:
                pairs[(sending.label, receiver)] = None
    return tuple(pairs)


_Takers = Mapping[int, Mapping[int, Transition]]
"""Place → the transitions to which work there can go, by number."""


def _takers(net: Net) -> _Takers:
    takers: dict[int, dict[int, Transition]] = {place: {} for place in range(len(net.places))}
    for number, transition in enumerate(net.transitions):
        for place in transition.pre:
            if place not in net.bookkeeping:
                takers[place][number] = transition
    return takers


def _silently_reached(takers: _Takers, places: tuple[int, ...]) -> set[int]:
    reached, waiting = set(places), list(places)
    while waiting:
        for silent in takers[waiting.pop()].values():
            if silent.label is None:
                new = set(silent.post) - reached
                reached |= new
                waiting.extend(new)
    return reached
