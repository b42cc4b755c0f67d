"""Exact optimal alignments: dynamic programming over prefix tree × reachability graph.

The least cost to stand in a state having seen a prefix depends on the prefix alone, so variants that
share a prefix share the work (Adriansyah 2014 defines the costs; the product with the reachability graph
is the synchronous product searched state by state instead of by A*). NumPy handles one level of the
prefix tree at a time.

Tie-breaking rule: of alignments with the same cost the one with the fewest log moves is shown (what was
recorded counts for more than what may be missing), then the one with the fewest steps that the log cannot
show, then the one with the fewest silent steps. Among
those, read from the end of the trace backwards: a log move before a synchronous move before a model move;
then the edge that stands first in the graph. So of two equal events the *later* one is the surplus, and a
missing task is missed as *early* as possible.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mining.alignment.interface import Alignment, Step, Variant
from mining.alignment.reachability import Ints, ReachabilityGraph

UNIT = 1 << 40
"""One unit of cost, far above what the tie-breaking parts below can add up to."""
LOG_MOVE = 1 << 20
"""Added to every log move."""
UNSEEN_MOVE = 1 << 10
"""Added to a model move that leaves no trace. A silent step adds 1, so that silent loops end."""
NEVER = np.iinfo(np.int64).max // 4
TABLE_CELLS = 40_000_000
"""Cells of the cost table held at once (320 MB); more variants are done in further batches."""


def align(
    graph: ReachabilityGraph, variants: Sequence[Variant], costs: Mapping[str, int] | None = None
) -> list[Alignment]:
    """Optimal alignments, one per variant, in the order given.

    `costs` gives the cost of a deviation on an activity (default 1). Every result is exact. Deviations
    that some other optimal alignment does without are marked `avoidable`.
    """
    results: list[Alignment | None] = [None] * len(variants)
    for (starts_anywhere, unseen), chosen in _alike(variants).items():
        machine = _Machine.of(graph, costs or {}, unseen)
        for batch in _batches(chosen, variants, TABLE_CELLS // max(1, machine.states)):
            table = _cost_table(machine, [variants[i].trace for i in batch], starts_anywhere)
            for i, path in zip(batch, table.paths, strict=True):
                results[i] = _reconstruct(machine, variants[i], table.costs[path])
    return [result for result in results if result is not None]


def _alike(variants: Sequence[Variant]) -> dict[tuple[bool, frozenset[str]], list[int]]:
    """Variants that can share a table, in the order of their traces."""
    groups: dict[tuple[bool, frozenset[str]], list[int]] = {}
    for i in sorted(range(len(variants)), key=lambda i: variants[i].trace):
        groups.setdefault((variants[i].mode.starts_anywhere, variants[i].unseen), []).append(i)
    return groups


@dataclass(frozen=True)
class _Machine:
    """The graph with costs per edge, in the arrays that the recurrence needs."""

    graph: ReachabilityGraph
    states: int
    unseen: frozenset[str]
    """Activities on which a model move costs nothing."""
    log_costs: Mapping[str, int]
    model_cost: Ints
    """Per edge, in units: what it costs to fire it without an event."""
    move_costs: tuple[int, ...]
    """The same, for single look-ups."""
    move_units: tuple[int, ...]
    """The same in whole units of deviation."""
    group_starts: npt.NDArray[np.intp]
    """Where the edges of a next target begin (edges are sorted by target)."""
    group_targets: Ints
    by_label: Mapping[str, Ints]
    """Activity → its edges."""
    labels: tuple[str | None, ...]
    """Per edge."""
    source: tuple[int, ...]
    """Per edge: the state it begins in."""
    incoming: tuple[tuple[int, ...], ...]
    """Per state: edges that end there."""

    @classmethod
    def of(
        cls, graph: ReachabilityGraph, costs: Mapping[str, int], unseen: frozenset[str] = frozenset()
    ) -> _Machine:
        names = [t.label for t in graph.net.transitions]
        labels = tuple(names[t] for t in graph.transition.tolist())
        edges_of: dict[str, list[int]] = {}
        for edge, label in enumerate(labels):
            if label is not None:
                edges_of.setdefault(label, []).append(edge)
        targets, starts = np.unique(graph.target, return_index=True)
        incoming: list[list[int]] = [[] for _ in graph.markings]
        for edge, state in enumerate(graph.target.tolist()):
            incoming[state].append(edge)
        model_cost = np.array(
            [1 if n is None else UNSEEN_MOVE if n in unseen else costs.get(n, 1) * UNIT for n in labels],
            dtype=np.int64,
        )
        return cls(
            graph=graph,
            states=len(graph.markings),
            unseen=unseen,
            log_costs={label: cost * UNIT for label, cost in costs.items()},
            model_cost=model_cost,
            move_costs=tuple(model_cost.tolist()),
            move_units=tuple((model_cost // UNIT).tolist()),
            group_starts=starts,
            group_targets=targets,
            by_label={label: np.array(edges) for label, edges in edges_of.items()},
            labels=labels,
            source=tuple(graph.source.tolist()),
            incoming=tuple(map(tuple, incoming)),
        )

    def log_cost(self, activity: str) -> int:
        return self.log_costs.get(activity, UNIT) + LOG_MOVE


@dataclass(frozen=True)
class _CostTable:
    """Costs per node of the prefix tree and state; per trace the nodes from the root to its end."""

    costs: Ints
    paths: list[list[int]]


def _batches(chosen: list[int], variants: Sequence[Variant], nodes: int) -> Iterator[list[int]]:
    """Split (sorted) variants so that no batch can have more than about `nodes` prefixes."""
    batch: list[int] = []
    used = 0
    for i in chosen:
        size = len(variants[i].trace) + 1
        if batch and used + size > nodes:
            yield batch
            batch, used = [], 0
        batch.append(i)
        used += size
    if batch:
        yield batch


def _cost_table(machine: _Machine, traces: list[tuple[str, ...]], anywhere: bool) -> _CostTable:
    paths, parents, activities, depths = _prefix_tree(traces)
    costs = np.full((len(parents), machine.states), NEVER, dtype=np.int64)
    if anywhere:
        costs[0] = 0
    else:
        costs[0, machine.graph.initial] = 0
        _relax(machine, costs[:1])
    order = np.argsort(depths, kind="stable")
    bounds = np.searchsorted(depths[order], np.arange(1, depths.max(initial=0) + 2))
    names = sorted(set(activities[1:]))
    number = {name: i for i, name in enumerate(names)}
    codes = np.array([-1, *(number[a] for a in activities[1:])])
    log_cost = np.array([machine.log_cost(name) for name in names], dtype=np.int64)
    for low, high in itertools.pairwise(bounds):
        level = order[low:high]
        before = costs[parents[level]]
        after = before + log_cost[codes[level], None]
        for code in np.unique(codes[level]):
            edges = machine.by_label.get(names[code])
            if edges is None:
                continue
            rows = np.nonzero(codes[level] == code)[0]
            for edge in edges.tolist():
                target, source = machine.graph.target[edge], machine.graph.source[edge]
                after[rows, target] = np.minimum(after[rows, target], before[rows, source])
        _relax(machine, after)
        costs[level] = after
    return _CostTable(costs, paths)


def _prefix_tree(
    traces: list[tuple[str, ...]],
) -> tuple[list[list[int]], Ints, list[str], Ints]:
    """Nodes of the tree of all prefixes: per trace its path, per node parent, last activity and depth."""
    parents, activities, depths = [0], [""], [0]
    paths: list[list[int]] = []
    path: list[int] = [0]
    last: tuple[str, ...] = ()
    for trace in traces:  # sorted: a trace shares its longest prefix with the one before
        shared = 0
        while shared < min(len(trace), len(last)) and trace[shared] == last[shared]:
            shared += 1
        path = path[: shared + 1]
        for activity in trace[shared:]:
            parents.append(path[-1])
            activities.append(activity)
            depths.append(len(path))
            path.append(len(parents) - 1)
        paths.append(list(path))
        last = trace
    return paths, np.array(parents), activities, np.array(depths)


def _relax(machine: _Machine, costs: Ints) -> None:
    """Let the model move alone until nothing gets cheaper (Bellman-Ford, all rows at once)."""
    if not len(machine.graph.source):
        return
    active = np.arange(len(costs))
    while len(active):
        rows = costs[active]
        reached = np.minimum.reduceat(
            rows[:, machine.graph.source] + machine.model_cost, machine.group_starts, axis=1
        )
        held = rows[:, machine.group_targets]
        better = reached < held
        changed = better.any(axis=1)
        if not changed.any():
            return
        rows[:, machine.group_targets] = np.minimum(reached, held)
        costs[active] = rows
        active = active[changed]


Place = tuple[int, int]
"""(events seen, state)."""


@dataclass(frozen=True)
class _Arc:
    """One move that lies on an optimal alignment."""

    before: Place
    step: Step
    deviation: tuple[str, str] | None
    """(kind of move, activity): which of two equal events is surplus is no doubt about the activity."""


@dataclass(frozen=True)
class _Optima:
    """All optimal alignments of one variant, as the moves by which each place can be reached."""

    machine: _Machine
    trace: tuple[str, ...]
    rows: Ints
    """Least cost per events seen and state."""
    model_cost: tuple[int, ...]
    whole: bool = False
    """Whether `rows` and `model_cost` are in whole units of deviation, without the tie-breaking parts."""

    def log_cost(self, event: str) -> int:
        """Cost of a log move, in the terms of `rows`."""
        cost = self.machine.log_cost(event)
        return cost // UNIT if self.whole else cost

    def arcs(self, here: Place) -> Iterator[_Arc]:
        """Moves by which an optimal alignment may arrive here, in the order of the tie-breaking rule."""
        seen, state = here
        rows = self.rows
        cost = rows.item(seen, state)
        if cost == 0 and seen == 0:
            return
        machine, graph = self.machine, self.machine.graph
        if seen:
            event = self.trace[seen - 1]
            if rows.item(seen - 1, state) + self.log_cost(event) == cost:
                yield _Arc((seen - 1, state), Step(seen - 1, None), ("log", event))
            for edge in machine.incoming[state]:
                source = machine.source[edge]
                if machine.labels[edge] == event and rows.item(seen - 1, source) == cost:
                    yield _Arc((seen - 1, source), Step(seen - 1, int(graph.transition[edge])), None)
        for edge in machine.incoming[state]:
            source, label = machine.source[edge], machine.labels[edge]
            if rows.item(seen, source) + self.model_cost[edge] == cost:
                deviation = None if label is None or label in machine.unseen else ("model", label)
                yield _Arc((seen, source), Step(None, int(graph.transition[edge])), deviation)

    def certain(self, goals: list[Place]) -> frozenset[tuple[str, str]]:
        """The deviations on every way from the start to a goal.

        Greatest fixed point of 'what all ways into a place have in common'; silent loops make the moves
        cyclic, so places are visited again until nothing is lost any more.
        """
        into: dict[Place, list[_Arc]] = {}
        onward: dict[Place, set[Place]] = {}
        pending = list(goals)
        while pending:
            here = pending.pop()
            if here in into:
                continue
            into[here] = list(self.arcs(here))
            for arc in into[here]:
                onward.setdefault(arc.before, set()).add(here)
                pending.append(arc.before)
        every = frozenset(arc.deviation for arcs in into.values() for arc in arcs if arc.deviation)
        common = {here: every if arcs else frozenset() for here, arcs in into.items()}
        queue = deque(sorted(into))
        while queue:
            here = queue.popleft()
            if not into[here]:
                continue
            ways = [common[arc.before] | ({arc.deviation} if arc.deviation else set()) for arc in into[here]]
            agreed = frozenset.intersection(*map(frozenset, ways))
            if agreed != common[here]:
                common[here] = agreed
                queue.extend(sorted(onward.get(here, ())))
        return frozenset.intersection(*(common[goal] for goal in goals))


def _reconstruct(machine: _Machine, variant: Variant, costs: Ints) -> Alignment:
    last = len(variant.trace)
    ends = list(range(machine.states)) if variant.mode.stops_anywhere else list(machine.graph.finals)
    best = int(costs[last, ends].min())
    optima = _Optima(machine, variant.trace, costs, machine.move_costs)
    here = next((last, state) for state in ends if costs.item(last, state) == best)
    steps: list[Step] = []
    while (arc := next(optima.arcs(here), None)) is not None:
        steps.append(arc.step)
        here = arc.before
    steps.reverse()
    deviations = best // UNIT
    if deviations:
        # In doubt only deviations count: an alignment with more silent steps is as good.
        whole = costs // UNIT
        every = _Optima(machine, variant.trace, whole, machine.move_units, True)
        goals = [(last, state) for state in ends if whole.item(last, state) == deviations]
        steps = _mark_avoidable(machine, variant.trace, steps, every.certain(goals))
    return Alignment(deviations, tuple(steps), machine.graph.markings[here[1]])


def _mark_avoidable(
    machine: _Machine, trace: tuple[str, ...], steps: list[Step], certain: frozenset[tuple[str, str]]
) -> list[Step]:
    """Mark the deviations that are not common to all optimal alignments."""
    names = [t.label for t in machine.graph.net.transitions]
    marked = []
    for step in steps:
        label = None if step.transition is None else names[step.transition]
        if step.transition is None and step.position is not None:
            sure = ("log", trace[step.position]) in certain
        elif step.position is None and label is not None and label not in machine.unseen:
            sure = ("model", label) in certain
        else:
            sure = True
        marked.append(step if sure else replace(step, avoidable=True))
    return marked
