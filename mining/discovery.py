"""The actual flow, mined from the log: directly-follows graph, handovers, and a process tree by pm4py."""

from __future__ import annotations

from collections import Counter
from typing import Any

import ibis
import ibis.expr.types as ir

from logs.event_log import EventLog
from mining import quality
from mining.alignment import TooLargeError, Variant, reachability_graph
from mining.alignment.exact import Aligner
from mining.bound_log import UNFINISHED
from mining.findings import Discovery, Edge, Handover, Node, TreeQuality
from mining.process_tree import net_of_tree
from mining.quiet import quiet_pm4py
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


def discover(
    steps: ir.Table, events: ir.Table, traces: Traces, *, with_roles: bool, measured: bool = False
) -> Discovery:
    """Mine a log.

    `steps`: case_id, pos, t_us, step (activity), unknown. `events`: all events with role, for the
    handovers. `traces`: the distinct traces with their cases, most frequent first. `measured`: whether to say
    how well the tree suits the log.
    """
    nodes = _nodes(steps)
    edges = _edges(steps)
    tree, coverage = _tree(traces)
    return Discovery(
        events=sum(node.events for node in nodes),
        cases=sum(cases for _, cases in traces),
        variants=len(traces),
        nodes=nodes,
        edges=edges,
        handovers=_handovers(events) if with_roles else (),
        tree="" if tree is None else str(tree),
        tree_noise=NOISE,
        tree_coverage=coverage,
        tree_quality=_tree_quality(tree, traces) if measured and tree is not None else None,
    )


def discover_log(log: EventLog) -> Discovery:
    """Mine a log without a reference model: activities are its labels."""
    steps = completed_steps(log)
    traces = distinct_traces(log, steps)
    return discover(steps, log.events, traces, with_roles="role" in log.provenance.fields, measured=True)


def completed_steps(log: EventLog) -> ir.Table:
    """The events that complete an activity, as labelled: case_id, t_us, pos (from 0), step, unknown (false).

    Without the value 'complete' among the lifecycles every event is taken.
    """
    taken = log.events
    if "lifecycle" in log.provenance.fields:
        values = set(taken.select("lifecycle").distinct().to_pandas()["lifecycle"].dropna())
        if "complete" in values:
            taken = taken.filter(taken.lifecycle.isnull() | ~taken.lifecycle.isin(UNFINISHED))
    order = ibis.window(group_by="case_id", order_by=[taken.t_us, taken.row_no])
    steps = taken.select(
        "case_id",
        "t_us",
        pos=ibis.row_number().over(order).cast("int64"),
        step=taken.activity,
        unknown=ibis.literal(False),
    )
    return log.backend.create_table("discovered_steps", steps, overwrite=True)


def distinct_traces(log: EventLog, steps: ir.Table) -> list[tuple[tuple[str, ...], int]]:
    """The distinct traces with their cases, most frequent first; cases without a step are in none."""
    alphabet, texts = trace_texts(log, steps)
    groups = texts.group_by("trace").agg(cases=texts.count()).to_pandas()
    groups = groups.sort_values(["cases", "trace"], ascending=[False, True])
    return [(read_trace(t, alphabet), int(n)) for t, n in zip(groups["trace"], groups["cases"], strict=True)]


def _nodes(steps: ir.Table) -> tuple[Node, ...]:
    counted = (
        steps.group_by("step")
        .agg(events=steps.count(), cases=steps.case_id.nunique(), unknown=steps.unknown.any())
        .execute()
    )
    counted = counted.sort_values(["events", "step"], ascending=[False, True])
    return tuple(
        Node(str(row.step), not bool(row.unknown), int(row.events), int(row.cases))
        for row in counted.itertuples()
    )


def _edges(steps: ir.Table) -> tuple[Edge, ...]:
    """Directly-follows pairs; '' stands for the start and the end of a case."""
    order = ibis.window(group_by="case_id", order_by=[steps.pos])
    pairs = steps.mutate(
        before=steps.step.lag().over(order), wait=(steps.t_us - steps.t_us.lag().over(order))
    )
    follows = (
        pairs.group_by("before", "step")
        .agg(
            n=pairs.count(),
            cases=pairs.case_id.nunique(),
            median=pairs.wait.median(),
            mean=pairs.wait.mean(),
        )
        .execute()
    )
    ends = steps.group_by("case_id").agg(last=steps.pos.max())
    last = steps.inner_join(ends, ["case_id", ("pos", "last")])
    finals = last.group_by("step").agg(n=last.count()).execute()
    edges = [
        Edge(
            source="" if _missing(row.before) else str(row.before),
            target=str(row.step),
            count=int(row.n),
            cases=int(row.cases),
            median_wait_us=None if _missing(row.median) else round(row.median),
            mean_wait_us=None if _missing(row.mean) else round(row.mean),
        )
        for row in follows.itertuples()
    ]
    edges += [Edge(str(row.step), "", int(row.n), int(row.n), None) for row in finals.itertuples()]
    return tuple(sorted(edges, key=lambda edge: (-edge.count, edge.source, edge.target)))


def _missing(value: object) -> bool:
    return value is None or value != value


def _handovers(events: ir.Table) -> tuple[Handover, ...]:
    """Handover of work between units: consecutive events of a case by different units."""
    order = ibis.window(group_by="case_id", order_by=[events.t_us, events.row_no])
    pairs = events.select(source=events.role.lag().over(order), target=events.role).filter(
        (ibis._.source.notnull()) & (ibis._.target.notnull()) & (ibis._.source != ibis._.target)
    )
    counted = pairs.group_by("source", "target").agg(n=ibis._.count()).execute()
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
