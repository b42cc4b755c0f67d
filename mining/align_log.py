"""A log against any net: every variant aligned, labels compared as they are spelled."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from logs.event_log import EventLog
from logs.problems import InputError, Problem
from mining.alignment import (
    Alignment,
    ReachabilityGraph,
    TooLargeError,
    Variant,
    align_net,
    reachability_graph,
)
from mining.discovery import distinct_traces
from mining.quality import fitness, precision
from mining.steps import log_steps
from reference_models.model import Net

SECONDS = 60.0
"""Time for the alignments of a net that is too large for the exact method."""


class VisibleMove(NamedTuple):
    """One move of an alignment, silent steps left out."""

    kind: str
    """'sync', 'log' (the model does nothing) or 'model' (the log shows nothing)."""
    activity: str
    position: int | None
    """Index of the event in the trace, from 0; None for a model move."""
    transition: str | None
    """Id of the transition; None for a log move."""
    ambiguous: bool
    """Of a deviation: some optimal alignment does without it."""


@dataclass(frozen=True)
class AlignedVariant:
    """A distinct trace and its alignment."""

    number: int
    """From 1, most frequent first."""
    cases: int
    trace: tuple[str, ...]
    alignment: Alignment
    net: Net

    @property
    def moves(self) -> list[VisibleMove]:
        """The moves in order, made when asked for."""
        found = []
        for position, fired, avoidable in self.alignment.steps:
            transition = None if fired is None else self.net.transitions[fired]
            if transition is None and position is not None:
                found.append(VisibleMove("log", self.trace[position], position, None, avoidable))
            elif transition is not None and transition.label is not None:
                kind = "model" if position is None else "sync"
                found.append(VisibleMove(kind, transition.label, position, transition.id, avoidable))
        return found


@dataclass(frozen=True)
class LogAlignment:
    """What became of a log against a net."""

    variants: tuple[AlignedVariant, ...]
    """Most frequent first, ties in an order that depends on the traces alone."""
    unknown_labels: tuple[str, ...]
    """Labels of the log that the net lacks, sorted: a log move each."""
    states: int | None
    """Reachable markings from which the end can be reached; None: too many for the exact method."""
    fitness: float | None
    """See `mining.quality.fitness`; where an alignment is not exact, at least this. None without cases."""
    precision: float | None
    """See `mining.quality.precision`; None where there is nothing to measure or too many markings."""
    seconds: Mapping[str, float]
    """Wall time by phase: variants, graph, align, precision."""

    @property
    def cases(self) -> int:
        """All cases of the log."""
        return sum(each.cases for each in self.variants)

    @property
    def total_cost(self) -> int:
        """Sum of the costs over all cases; at most this where an alignment is not exact."""
        return sum(each.cases * each.alignment.cost for each in self.variants)

    @property
    def total_lower_bound(self) -> int:
        """What the sum is at least; the sum itself where all alignments are exact."""
        return sum(each.cases * each.alignment.lower_bound for each in self.variants)

    @property
    def deviating_cases(self) -> int:
        """Cases that no run of the net explains without a deviation."""
        return sum(each.cases for each in self.variants if each.alignment.lower_bound > 0)

    @property
    def undecided_cases(self) -> int:
        """Cases that may deviate or not: the alignment found does, the lower bound is 0."""
        return sum(
            each.cases for each in self.variants if each.alignment.lower_bound <= 0 < each.alignment.cost
        )

    @property
    def exact_share(self) -> float | None:
        """Share of the cases whose cost is exact; None without cases."""
        exact = sum(each.cases for each in self.variants if each.alignment.exact)
        return exact / self.cases if self.cases else None


def align_log(log: EventLog, net: Net, file: str, *, seconds: float = SECONDS) -> LogAlignment:
    """Align every case of a log with a net, from its initial to a final marking.

    A trace is the case's completing events (see `mining.steps`); a case without any has
    the empty trace. Every deviation costs 1. `file`: what messages call the net; `seconds`: time for nets
    with more markings than the exact method can hold, where costs may be bounds.

    Raises InputError where no final marking can be reached, or no complete run is found in time.
    """
    watch = _Watch()
    traces = _traces(log)
    watch.lap("variants")
    graph = _graph(net, file)
    watch.lap("graph")
    # The empty trace besides: its cost is that of the shortest run, against which fitness is measured.
    asked = [*(Variant(trace) for trace, _ in traces), Variant(())]
    cases = [*(n for _, n in traces), 0]
    alignments = _aligned(net, asked, cases, file, seconds)
    *alignments, idle = alignments
    watch.lap("align")
    precise = precision(graph, alignments, cases[:-1]) if graph else None
    fits = fitness(asked[:-1], alignments, cases[:-1], {}, idle.cost)
    watch.lap("precision")
    known = {transition.label for transition in net.transitions}
    return LogAlignment(
        variants=tuple(
            AlignedVariant(number, n, trace, alignment, net)
            for number, ((trace, n), alignment) in enumerate(zip(traces, alignments, strict=True), 1)
        ),
        unknown_labels=tuple(sorted({label for trace, _ in traces for label in trace} - known)),
        states=graph.states if graph else None,
        fitness=fits,
        precision=precise,
        seconds=watch.seconds,
    )


def _traces(log: EventLog) -> list[tuple[tuple[str, ...], int]]:
    """The distinct traces with their cases; no case is left out, not even one without a completed step."""
    traces = distinct_traces(*log_steps(log))
    without = int(log.cases.count().execute()) - sum(n for _, n in traces)
    if without:
        at = sum(n >= without for _, n in traces)
        traces.insert(at, ((), without))
    return traces


def _graph(net: Net, file: str) -> ReachabilityGraph | None:
    """None: too large."""
    try:
        return reachability_graph(net)
    except TooLargeError:
        return None
    except ValueError as error:
        mend = "check where cases begin and end in the model, and that every join gets what it waits for"
        raise InputError(Problem(f"not sound: {error}", file, None, mend)) from None


def _aligned(net: Net, asked: list[Variant], cases: list[int], file: str, seconds: float) -> list[Alignment]:
    try:
        return align_net(net, asked, cases=cases, seconds=seconds)
    except TooLargeError as error:
        mend = "raise --seconds, and check that a case can end in the model"
        raise InputError(Problem(str(error), file, None, mend)) from None


class _Watch:
    """Wall time by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = now - self._since
        self._since = now
