"""The actual flow, mined from the log: directly-follows graph, handovers, and a process tree by pm4py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import ibis
import ibis.expr.types as ir

from logs.event_log import EventLog
from mining import quality
from mining.alignment import TooLargeError, Variant, reachability_graph
from mining.alignment.exact import Aligner
from mining.findings import Discovery, Edge, Handover, Node, TreeQuality
from mining.process_tree import net_of_tree
from mining.quiet import quiet_pm4py
from mining.steps import log_steps
from mining.variants import read_trace, trace_texts

NOISE = 0.2
"""Noise threshold of the inductive miner (Leemans, Fahland & van der Aalst 2014: infrequent variant)."""
MINED_COVERAGE = 0.95
"""The most frequent variants that together cover this share of the cases go into the miner …"""
MINED_VARIANTS = 1_000
"""… but no more than this many."""
MEASURED_STATES = 50_000
"""Trees with more states are not measured beyond their simplicity …"""
MEASURED_WORK = 150_000_000
"""… and of the variants the most frequent, as long as events × states stay below this (some seconds)."""

Traces = list[tuple[tuple[str, ...], int]]
Waits = dict[tuple[str, str], tuple[int, int]]
"""Activity and the next one → median and mean time between them, microseconds."""


def discover(
    steps: ir.Table,
    alphabet: Sequence[str],
    traces: Traces,
    *,
    unknown: Collection[str] = (),
    with_roles: bool,
    measured: bool = False,
) -> Discovery:
    """Mine a log.

    `steps`: of `mining.steps.in_order`; `alphabet`: what their codes stand for. `traces`: the distinct traces
    with their cases, most frequent first. `unknown`: those of the alphabet that the model does not know.
    `measured`: whether to say how well the tree suits the log.
    """
    nodes = _nodes(traces, unknown)
    tree, coverage = _tree(traces)
    return Discovery(
        events=sum(node.events for node in nodes),
        cases=sum(cases for _, cases in traces),
        variants=len(traces),
        nodes=nodes,
        edges=_edges(traces, _waits(steps, alphabet)),
        handovers=_handovers(steps) if with_roles else (),
        tree="" if tree is None else str(tree),
        tree_noise=NOISE,
        tree_coverage=coverage,
        tree_quality=_tree_quality(tree, traces) if measured and tree is not None else None,
    )


def discover_log(log: EventLog) -> Discovery:
    """Mine a log without a reference model: activities are its labels."""
    steps, alphabet = log_steps(log)
    traces = distinct_traces(steps, alphabet)
    return discover(steps, alphabet, traces, with_roles="role" in log.provenance.fields, measured=True)


def distinct_traces(steps: ir.Table, alphabet: Sequence[str]) -> Traces:
    """The distinct traces with their cases, most frequent first; cases without a step are in none."""
    texts = trace_texts(steps)
    groups = texts.group_by("trace").agg(cases=texts.count()).to_pandas()
    groups = groups.sort_values(["cases", "trace"], ascending=[False, True])
    return [(read_trace(t, alphabet), int(n)) for t, n in zip(groups["trace"], groups["cases"], strict=True)]


def _nodes(traces: Traces, unknown: Collection[str]) -> tuple[Node, ...]:
    events: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for trace, number in traces:
        for activity, times in Counter(trace).items():
            events[activity] += times * number
            cases[activity] += number
    found = [Node(activity, activity not in unknown, n, cases[activity]) for activity, n in events.items()]
    return tuple(sorted(found, key=lambda node: (-node.events, node.activity)))


def _edges(traces: Traces, waits: Waits) -> tuple[Edge, ...]:
    """Directly-follows pairs; '' stands for the start and the end of a case."""
    events: Counter[tuple[str, str]] = Counter()
    cases: Counter[tuple[str, str]] = Counter()
    for trace, number in traces:
        for pair, times in Counter(pairwise(["", *trace, ""]) if trace else ()).items():
            events[pair] += times * number
            cases[pair] += number
    edges = [Edge(*pair, n, cases[pair], *waits.get(pair, (None, None))) for pair, n in events.items()]
    return tuple(sorted(edges, key=lambda edge: (-edge.count, edge.source, edge.target)))


def _waits(steps: ir.Table, alphabet: Sequence[str]) -> Waits:
    followed = steps.filter(steps.before.notnull())
    waits = (
        followed.group_by("before", "code")
        .agg(median=followed.wait_us.median(), mean=followed.wait_us.mean())
        .execute()
    )
    return {
        (alphabet[int(row.before)], alphabet[int(row.code)]): (round(row.median), round(row.mean))
        for row in waits.itertuples()
    }


def _handovers(steps: ir.Table) -> tuple[Handover, ...]:
    """Handover of work between units: consecutive steps of a case by different units."""
    handed = steps.filter(steps.before_role != steps.role)  # never of a null
    counted = handed.group_by(source="before_role", target="role").agg(n=ibis._.count()).execute()
    counted = counted.sort_values(["n", "source", "target"], ascending=[False, True, True])
    return tuple(Handover(str(row.source), str(row.target), int(row.n)) for row in counted.itertuples())


def _tree(traces: Traces) -> tuple[Any, float]:
    """Process tree of the inductive miner over the most frequent variants, and the share of cases covered.

    The tree is pm4py's; None if there is nothing to mine.
    """
    total = sum(cases for _, cases in traces)
    chosen: Counter[tuple[str, ...]] = Counter()
    covered = 0
    for trace, cases in traces[:MINED_VARIANTS]:
        chosen[trace] += cases
        covered += cases
        if covered >= MINED_COVERAGE * total:
            break
    if not covered or not any(chosen):
        return None, 0.0
    with quiet_pm4py():
        from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
        from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
        from pm4py.objects.process_tree.utils import generic

        parameters = {"noise_threshold": NOISE, "multiprocessing": False}
        tree = generic.fold(IMFUVCL(parameters).apply(IMDataStructureUVCL(chosen), parameters))
        generic.tree_sort(tree)
    return tree, covered / total


def _tree_quality(tree: Any, traces: Traces) -> TreeQuality:
    net = net_of_tree(tree)
    simplicity = quality.simplicity(net)
    try:
        graph = reachability_graph(net, MEASURED_STATES)
    except TooLargeError:
        return TreeQuality(None, None, None, simplicity, 0.0)
    chosen, cases, work = [], [], 0
    for trace, count in traces:
        work += (len(trace) + 1) * graph.states
        if work > MEASURED_WORK:
            break
        chosen.append(Variant(trace))
        cases.append(count)
    *alignments, shortest = Aligner(graph).align([*chosen, Variant(())])
    return TreeQuality(
        quality.fitness(chosen, alignments, cases, {}, shortest.cost),
        quality.precision(graph, alignments, cases),
        quality.generalization(graph, alignments, cases),
        simplicity,
        sum(cases) / sum(count for _, count in traces),
    )
