"""The part of a net that traces come near to: enough to align them, often far from all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mining.alignment import compiled
from mining.alignment.interface import Mode, Variant
from mining.alignment.machine import SILENT_PART, UNIT, Words, log_costs, model_costs
from mining.alignment.reachability import (
    FIRST_ROOM,
    STATE_CAP,
    TOKEN_CAP,
    Explored,
    Ints,
    PackedRule,
    ReachabilityGraph,
    counted,
    graph_of,
    packed,
)
from reference_models.model import Net

QUICK, LONG = 500_000, 100_000_000
"""Prefixes × markings looked at before the search is given up: some hundredths, and some seconds."""


def graph_near(
    net: Net,
    variants: Sequence[Variant],
    costs: Mapping[str, int] | None = None,
    cap: int = STATE_CAP,
    work: int = LONG,
    silent: Ints | None = None,
) -> ReachabilityGraph | None:
    """A part of the reachability graph that holds every optimal alignment of the variants.

    None where it has more than `cap` markings or takes more than `work`, where a variant is not complete (its
    run may start or stop anywhere, which only the whole graph tells), or without compiled code. States are
    numbered in the order in which these variants reach them. `silent`: see `automaton.of_graph`.
    """
    code = compiled.load()
    if (
        code is None
        or not variants
        or any(variant.mode is not Mode.COMPLETE or variant.unseen for variant in variants)
    ):
        return None
    names = sorted({t.label for t in net.transitions if t.label is not None})
    words = Words.of([variant.trace for variant in variants], [False] * len(variants), tuple(names))
    number = {name: at for at, name in enumerate(names)}
    label = np.array([-1 if t.label is None else number[t.label] for t in net.transitions], dtype=np.int64)
    steps = np.asarray(label < 0, dtype=np.int64) if silent is None else silent
    rule = PackedRule.of(net)
    room = min(cap, FIRST_ROOM)
    while True:
        outcome, tokens, source, target, transition = code.demand.explore_near(
            *rule[:-2],
            label,
            model_costs(names, costs or {}, frozenset())[label] + steps * SILENT_PART,
            *rule[-2:],
            packed(np.stack([counted(final, len(net.places)) for final in net.finals])),
            words.events,
            words.begin,
            words.shared,
            log_costs(words.alphabet, costs or {}),
            UNIT,
            room,
            TOKEN_CAP,
            work,
        )
        if outcome != code.exploration.TOO_MANY_STATES or room == cap:
            break
        room = min(cap, 4 * room)
    if outcome != code.exploration.DONE:
        return None
    order = np.argsort(source, kind="stable")
    found = Explored(tokens[:, : len(net.places)], source[order], target[order], transition[order])
    return graph_of(net, found)
