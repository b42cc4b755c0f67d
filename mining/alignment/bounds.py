"""Nets beyond the cap: pm4py's A* one variant at a time under a time budget, and bounds where it runs out.

The lower bound is the marking equation of the synchronous product without its order (van Dongen 2018 guides
A* by it): how often transitions must fire and events be left aside at least, whatever their order. The upper
bound leaves every event aside and runs the model by itself.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mining.alignment.exact import Aligner
from mining.alignment.interface import Alignment, Mode, Variant
from mining.alignment.near import LONG, QUICK, graph_near
from mining.alignment.reachability import (
    STATE_CAP,
    Ints,
    ReachabilityGraph,
    TooLargeError,
    reachability_graph,
)
from mining.alignment.reduction import Reduction, reduced
from mining.quiet import quiet_pm4py
from reference_models.model import Net

SECONDS = 60.0
"""Time for all variants of a net that is too large to be searched exactly."""
WHOLE = 2_000
"""Markings up to which a net is explored whole; a larger one is reduced, and explored near the traces."""
_SCALE = 10_000
"""Cost of one unit in pm4py's search; a silent step costs 1, so that silent loops end."""


def align_net(
    net: Net,
    variants: Sequence[Variant],
    costs: Mapping[str, int] | None = None,
    *,
    cases: Sequence[int] | None = None,
    seconds: float = SECONDS,
    cap: int = STATE_CAP,
    doubt: bool = True,
) -> list[Alignment]:
    """Alignments of any net, one per variant; none is left out.

    Exact where the net, or the part of it that the traces come near to, has at most `cap` markings. Beyond
    that A* gets a share of `seconds` for each variant,
    by the cases it carries (`cases`, default one each); what it cannot finish, and every variant that is not
    complete, gets bounds: `exact` is then false, `cost` an upper and `lower_bound` a lower bound. Doubt is
    not computed there: every deviation counts as avoidable. Raises TooLargeError if not even one complete
    run of the net is found in time, ValueError if no accepting marking can be reached.
    """
    with suppress(TooLargeError):
        return Aligner(reachability_graph(net, min(cap, WHOLE)), costs).align(variants, doubt=doubt)
    results: dict[int, Alignment] = {}
    for complete in (True, False):
        chosen = [n for n, variant in enumerate(variants) if (variant.mode is Mode.COMPLETE) is complete]
        some = [variants[n] for n in chosen]
        if some and (aligner := _aligner(net, some, costs, cap, complete=complete)):
            results |= zip(chosen, aligner.align(some, doubt=doubt), strict=True)
    if left := [n for n in range(len(variants)) if n not in results]:
        shares = [cases[n] if cases else 1 for n in left]
        bounded = _Bounded(net, dict(costs or {})).align([variants[n] for n in left], shares, seconds)
        results |= zip(left, bounded, strict=True)
    return [results[n] for n in range(len(variants))]


def _aligner(
    net: Net, variants: Sequence[Variant], costs: Mapping[str, int] | None, cap: int, *, complete: bool
) -> Aligner | None:
    """For a net that is not small; None where it is too large.

    Complete variants are aligned on the reduced net, since they need not know where a silent step was due.
    """
    reduction = reduced(net) if complete else None
    graph = _graph(reduction, variants, costs, cap) if reduction else _whole(net, cap)
    return Aligner(graph, costs, reduction=reduction) if graph else None


def _graph(
    reduction: Reduction, variants: Sequence[Variant], costs: Mapping[str, int] | None, cap: int
) -> ReachabilityGraph | None:
    """The whole graph of the reduced net if it is small; else what traces come near to, if found quicker."""
    net, silent = reduction.net, reduction.silent
    return (
        _whole(net, min(cap, WHOLE))
        or graph_near(net, variants, costs, cap, QUICK, silent)
        or _whole(net, cap)
        or graph_near(net, variants, costs, cap, LONG, silent)
    )


def _whole(net: Net, cap: int) -> ReachabilityGraph | None:
    with suppress(TooLargeError):
        return reachability_graph(net, cap)
    return None


@dataclass(frozen=True)
class _Run:
    """A run found by A*: which events and transitions move, in order, and what it costs."""

    cost: int
    positions: Ints
    transitions: Ints


class _Bounded:
    def __init__(self, net: Net, costs: Mapping[str, int]) -> None:
        self.net = net
        self.costs = costs
        with quiet_pm4py():
            self.pm4py_net = _Pm4pyNet(net, costs)

    def align(self, variants: Sequence[Variant], cases: Sequence[int], seconds: float) -> list[Alignment]:
        deadline = time.monotonic() + seconds
        idle = self.pm4py_net.search((), max(seconds / 4, 1.0))
        results: dict[int, Alignment] = {}
        left = sum(cases)
        for number in sorted(range(len(variants)), key=lambda i: (-cases[i], i)):
            share = (deadline - time.monotonic()) * cases[number] / max(left, 1)
            left -= cases[number]
            results[number] = self._one(variants[number], idle, share)
        return [results[number] for number in range(len(variants))]

    def _one(self, variant: Variant, idle: _Run | None, seconds: float) -> Alignment:
        if variant.mode is Mode.COMPLETE and seconds > 0:
            run = self.pm4py_net.search(variant.trace, seconds)
            if run is not None:
                return self._alignment(variant, run, lower=None)
        lower = self._lower_bound(variant)
        if variant.mode is not Mode.COMPLETE:  # it may stop where it starts, or start where it stops
            nothing = np.empty(0, dtype=np.int64)
            upper = _Run(0, nothing, nothing)
        elif idle is None:
            raise TooLargeError("no complete run of the net was found in time; give it more seconds")
        else:
            upper = idle
        aside = sum(map(self._cost, variant.trace))
        events = np.arange(len(variant.trace))
        run = _Run(
            aside + upper.cost,
            np.concatenate([events, np.full(len(upper.transitions), -1)]),
            np.concatenate([np.full(len(events), -1), upper.transitions]),
        )
        return self._alignment(variant, run, lower)

    def _alignment(self, variant: Variant, run: _Run, lower: int | None) -> Alignment:
        labels = [transition.label for transition in self.net.transitions]
        deviates = [
            (at < 0 and labels[fired] is not None) or fired < 0
            for at, fired in zip(run.positions.tolist(), run.transitions.tolist(), strict=True)
        ]
        exact = lower is None or lower == run.cost
        waits_at_end = variant.mode is Mode.SUFFIX  # it starts where it ends, and no task is done
        start = tuple(sorted(self.net.finals[0] if waits_at_end else self.net.initial))
        return Alignment(
            run.cost, start, run.positions, run.transitions, np.array(deviates, dtype=np.bool_), exact, lower
        )

    def _lower_bound(self, variant: Variant) -> int:
        finals = self.net.finals if not variant.mode.stops_anywhere else self.net.finals[:1]
        return max(0, math.ceil(min(self._relaxed(variant, final) for final in finals) - 1e-6))

    def _relaxed(self, variant: Variant, final: tuple[int, ...]) -> float:
        """Least cost by the marking equation.

        Columns: how often each transition fires alone, with an event, and before the window began.
        """
        from scipy.optimize import linprog  # not needed, and not loaded, where everything is exact

        asked, transitions = Counter(variant.trace), self.net.transitions
        none = [0.0] * len(transitions)
        alone = [0.0 if t.label is None else float(self._cost(t.label)) for t in transitions]
        saved = [-float(self._cost(t.label)) if t.label in asked else 0.0 for t in transitions]
        reads = [none + [float(t.label == name) for t in transitions] + none for name in asked]
        change = np.tile(self._change(), 3)
        begin, end = self._tokens(self.net.initial), self._tokens(final)
        limits: dict[str, Any] = {"A_ub": reads or None, "b_ub": list(asked.values()) or None}
        if variant.mode.stops_anywhere:  # wherever it stops, no place has fewer than no tokens
            limits = {"A_ub": [*reads, *-change], "b_ub": [*asked.values(), *begin]}
        else:
            limits |= {"A_eq": change, "b_eq": end - begin}
        found = linprog(
            alone + saved + none,
            bounds=[
                *[(0, None)] * len(transitions),
                *[(0, None if t.label in asked else 0) for t in transitions],
                *[(0, None if variant.mode.starts_anywhere else 0)] * len(transitions),
            ],
            **limits,
        )
        aside = sum(self._cost(name) * n for name, n in asked.items())
        return aside + float(found.fun) if found.success else 0.0

    def _cost(self, activity: str | None) -> int:
        return 0 if activity is None else self.costs.get(activity, 1)

    def _change(self) -> npt.NDArray[np.float64]:
        """Places × transitions: tokens that a firing adds."""
        return np.stack([self._tokens(t.post) - self._tokens(t.pre) for t in self.net.transitions], axis=1)

    def _tokens(self, marking: Sequence[int]) -> npt.NDArray[np.float64]:
        return np.bincount(np.array(marking, dtype=np.int64), minlength=len(self.net.places)).astype(float)


class _Pm4pyNet:
    """The net as pm4py's A* takes it."""

    def __init__(self, net: Net, costs: Mapping[str, int]) -> None:
        from pm4py.objects.petri_net.obj import Marking, PetriNet
        from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

        self.costs = costs
        self.net = PetriNet("net")
        places = [PetriNet.Place(f"p{number}") for number in range(len(net.places))]
        self.net.places.update(places)
        self.transitions = []
        for number, transition in enumerate(net.transitions):
            made = PetriNet.Transition(f"t{number}", transition.label)
            self.net.transitions.add(made)
            self.transitions.append(made)
            for place, weight in Counter(transition.pre).items():
                add_arc_from_to(places[place], made, self.net, weight)
            for place, weight in Counter(transition.post).items():
                add_arc_from_to(made, places[place], self.net, weight)
        self.initial = Marking(Counter(places[place] for place in net.initial))
        self.finals = [Marking(Counter(places[place] for place in final)) for final in net.finals]

    def search(self, trace: Sequence[str], seconds: float) -> _Run | None:
        """The best run over all accepting markings; None if A* did not finish for one of them in time."""
        share = seconds / len(self.finals)
        runs = [self._search(trace, final, share) for final in self.finals]
        finished = [run for run in runs if run is not None]
        return min(finished, key=lambda run: run.cost) if len(finished) == len(runs) else None

    def _search(self, trace: Sequence[str], final: Any, seconds: float) -> _Run | None:
        from pm4py.algo.conformance.alignments.petri_net.variants import state_equation_a_star as a_star
        from pm4py.objects.log.obj import Event, Trace
        from pm4py.objects.petri_net.utils.align_utils import SKIP

        names = a_star.Parameters
        with quiet_pm4py():
            found = a_star.apply(
                Trace([Event({"concept:name": activity}) for activity in trace]),
                self.net,
                self.initial,
                final,
                parameters={
                    names.ACTIVITY_KEY: "concept:name",
                    names.PARAM_MODEL_COST_FUNCTION: {t: self._price(t.label) for t in self.transitions},
                    names.PARAM_SYNC_COST_FUNCTION: dict.fromkeys(self.transitions, 0),
                    names.PARAM_TRACE_COST_FUNCTION: [self._price(activity) for activity in trace],
                    names.PARAM_ALIGNMENT_RESULT_IS_SYNC_PROD_AWARE: True,
                    names.PARAM_MAX_ALIGN_TIME_TRACE: seconds,
                },
            )
        if found is None or found.get("alignment") is None:
            return None
        number = {t.name: at for at, t in enumerate(self.transitions)}
        positions, transitions, position = [], [], 0
        for (read, fired), _ in found["alignment"]:
            reads = read != SKIP
            positions.append(position if reads else -1)
            transitions.append(number.get(fired, -1))
            position += reads
        return _Run(
            found["cost"] // _SCALE,
            np.array(positions, dtype=np.int64),
            np.array(transitions, dtype=np.int64),
        )

    def _price(self, label: str | None) -> int:
        return 1 if label is None else self.costs.get(label, 1) * _SCALE
