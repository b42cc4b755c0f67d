"""Returns A→B→A of a case between roles: counted, and sought in all optimal reference paths of a variant.

Several optimal alignments may go through different reference paths, of which some go back and forth more
often. Those count that are as good by cost and leave as few events aside: what was recorded counts for more
than what may be missing (`mining.alignment.exact`). Whether one of them has at least k returns is itself a
question of least costs: the automaton of the net is multiplied with a counter of returns, and only runs that
reach k are accepted. If the best of those is as good as the best of all, one of the optimal reference paths
has k returns. Exact, as the engine is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mining.alignment import Aligner, Alignment, Mode, ReachabilityGraph, Variant, reachability_graph
from mining.alignment.automaton import SILENT, Automaton, minimal, of_graph
from reference_models.model import Net, Transition

STATES = 300_000
"""States of automaton × counter; beyond that the question is left open."""


class Asked(NamedTuple):
    """Whether some optimal reference path of a variant has so many returns."""

    variant: Variant
    shown: Alignment
    """An optimal one; it leaves as few events aside as any optimal one."""
    returns: int


class _State(NamedTuple):
    at: int
    """State of the automaton; -1 before a run that may start anywhere."""
    last: str | None
    before: str | None
    """The last two stays."""
    returns: int


def returns_in(parties: Sequence[str | None]) -> int:
    """Returns A→B→A in a sequence of parties; who acts several times in a row stays, None is nobody."""
    stays: list[str] = []
    for party in parties:
        if party is not None and (not stays or stays[-1] != party):
            stays.append(party)
    return sum(a == c for a, c in zip(stays, stays[2:], strict=False))


def some_path_returns(
    net: Net, costs: Mapping[str, int], lanes: Mapping[str, str | None], asked: Sequence[Asked]
) -> list[bool | None]:
    """Per question whether an optimal reference path has at least so many returns; None: too large to tell.

    costs: of a deviation per activity, as in `align`; lanes: the role of every activity.
    """
    answers: list[bool | None] = [None] * len(asked)
    if not asked:
        return answers
    whole = of_graph(reachability_graph(net))
    automaton = minimal(whole) or whole
    groups: defaultdict[tuple[int, Mode], list[int]] = defaultdict(list)
    for number, each in enumerate(asked):
        groups[each.returns, each.variant.mode].append(number)
    for (count, mode), numbers in groups.items():
        graph = _counting(automaton, lanes, count, mode)
        if graph is None:
            continue
        variants = [replace(asked[number].variant, mode=Mode.COMPLETE) for number in numbers]
        least = Aligner(graph, costs).align(variants, doubt=False) if graph.finals else [None] * len(numbers)
        for number, best in zip(numbers, least, strict=True):
            answers[number] = best is not None and _goodness(best) == _goodness(asked[number].shown)
    return answers


def _goodness(alignment: Alignment) -> tuple[int, int]:
    """Cost, and events left aside: of equal cost the engine shows the one with the fewest."""
    return alignment.cost, int((alignment.transitions < 0).sum())


def _counting(
    automaton: Automaton, lanes: Mapping[str, str | None], count: int, mode: Mode
) -> ReachabilityGraph | None:
    """Runs of the automaton with at least `count` returns; None if that has too many states."""
    onward = _onward(automaton, lanes)
    silent = len(automaton.labels)
    first = _State(-1 if mode.starts_anywhere else automaton.initial, None, None, 0)
    number = {first: 0}
    edges: list[tuple[int, int, int]] = []
    pending = [first]
    while pending:
        state = pending.pop()
        if state.at < 0:
            steps = [(silent, _State(at, None, None, 0)) for at in range(automaton.states)]
        else:
            steps = [(label, _after(state, at, party, count)) for at, label, party in onward[state.at]]
        for label, after in steps:
            if after not in number:
                if len(number) == STATES:
                    return None
                number[after] = len(number)
                pending.append(after)
            edges.append((number[after], number[state], label))
    stops = set(range(automaton.states)) if mode.stops_anywhere else set(automaton.finals)
    finals = [n for state, n in number.items() if state.returns == count and state.at in stops]
    alive = _reaching(edges, finals)
    kept = sorted(edge for edge in edges if edge[0] in alive)
    rows = np.array(kept, dtype=np.int64).reshape(-1, 3)
    tasks = [*(Transition(label, label, (), ()) for label in automaton.labels), Transition("", None, (), ())]
    return ReachabilityGraph(
        net=Net((), tuple(tasks), (), ()),
        tokens=np.zeros((len(number), 1), dtype=np.uint8),
        initial=0,
        finals=tuple(sorted(finals)),
        source=rows[:, 1].copy(),
        target=rows[:, 0].copy(),
        transition=rows[:, 2].copy(),
    )


def _onward(automaton: Automaton, lanes: Mapping[str, str | None]) -> list[list[tuple[int, int, str | None]]]:
    """Per state its edges: target, label (silent: one more than all), who acts."""
    found: list[list[tuple[int, int, str | None]]] = [[] for _ in range(automaton.states)]
    for source, target, label in zip(
        automaton.source.tolist(), automaton.target.tolist(), automaton.label.tolist(), strict=True
    ):
        if label == SILENT:
            found[source].append((target, len(automaton.labels), None))
        else:
            found[source].append((target, label, lanes.get(automaton.labels[label])))
    return found


def _after(state: _State, at: int, party: str | None, count: int) -> _State:
    """The next state. Once enough returns are counted, who acted no longer matters."""
    if party is None or party == state.last:
        return state._replace(at=at)
    counted = state.returns + (party == state.before)
    if state.returns == count or counted == count:
        return _State(at, None, None, count)
    return _State(at, party, state.last, counted)


def _reaching(edges: Sequence[tuple[int, int, int]], finals: Sequence[int]) -> set[int]:
    """States from which a final one can be reached."""
    sources: defaultdict[int, list[int]] = defaultdict(list)
    for target, source, _ in edges:
        sources[target].append(source)
    alive, pending = set(finals), list(finals)
    while pending:
        for source in sources[pending.pop()]:
            if source not in alive:
                alive.add(source)
                pending.append(source)
    return alive
