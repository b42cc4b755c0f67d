"""Alignments are exact, replayable and honest about doubt."""

from __future__ import annotations

import builtins
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nets import LABELS, brzozowski, deviations_in_every_optimum, net_of, oracle_cost, replay, to_pm4py, trees

from mining.alignment import (
    Mode,
    TooLargeError,
    Variant,
    align,
    band,
    compiled,
    dense,
    reachability_graph,
    repeatable,
)
from mining.alignment.automaton import minimal, of_graph
from mining.alignment.exact import Aligner
from mining.alignment.reachability import STATE_CAP, explored, explored_compiled
from mining.quiet import quiet_pm4py
from reference_models.model import Net, Transition

SHARED = Path(__file__).parents[3] / "shared" / "data"
TRACES = st.lists(st.sampled_from([*LABELS, "z"]), max_size=6).map(tuple)
COSTS = st.dictionaries(st.sampled_from(LABELS), st.integers(1, 5))
SEARCH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sequence(*labels: str) -> Net:
    """a then b then c …"""
    transitions = tuple(Transition(label + str(i), label, (i,), (i + 1,)) for i, label in enumerate(labels))
    return Net(tuple(map(str, range(len(labels) + 1))), transitions, (0,), ((len(labels),),))


def shown(net: Net, *labels: str, mode: Mode = Mode.COMPLETE):
    """(position, label) per visible step of the alignment shown."""
    result = align(reachability_graph(net), [Variant(labels, mode)])[0]
    names = [t.label for t in net.transitions]
    return [(s.position, None if s.transition is None else names[s.transition]) for s in result.steps]


@SEARCH
@given(trees(), st.lists(TRACES, min_size=1, max_size=4), st.sampled_from(list(Mode)))
def test_cost_equals_the_oracle_and_the_run_replays(tree, traces, mode):
    net = net_of(tree)
    graph = reachability_graph(net)
    for trace, result in zip(traces, align(graph, [Variant(t, mode) for t in traces]), strict=True):
        assert result.cost == oracle_cost(graph, trace, mode)
        replay(net, result, trace, mode)
        moves = [s for s in result.steps if s.transition is None or s.position is None]
        visible = [
            s for s in moves if s.transition is None or net.transitions[s.transition].label is not None
        ]
        assert len(visible) == result.cost


@SEARCH
@given(trees(), st.lists(TRACES, min_size=1, max_size=5), st.sampled_from(list(Mode)), COSTS)
def test_compiled_and_numpy_search_show_the_same_alignments(tree, traces, mode, costs):
    graph = reachability_graph(net_of(tree))
    unseen = repeatable(graph)
    variants = [
        Variant(t, mode, unseen & frozenset(t) if i % 2 else frozenset()) for i, t in enumerate(traces)
    ]
    fast, reference = (
        Aligner(graph, costs, search=search).align(variants) for search in (band.search, dense.search)
    )
    for one, other in zip(fast, reference, strict=True):
        assert (one.cost, one.start, one.steps) == (other.cost, other.start, other.steps)


@SEARCH
@given(trees(2), TRACES, st.sampled_from(list(Mode)), COSTS)
def test_costs_on_the_minimal_automaton_are_those_on_the_graph(tree, trace, mode, costs):
    graph = reachability_graph(net_of(tree))
    aligner = Aligner(graph, costs)
    smaller = minimal(aligner.spelled)
    assert smaller is not None
    variant = [Variant(trace, mode)]
    found = []
    for automaton in (aligner.spelled, smaller):
        aligner.automaton = automaton
        found.append(aligner.align(variant)[0].cost)
    assert found[0] == found[1] == oracle_cost(graph, trace, mode, costs)


@SEARCH
@given(trees())
def test_compiled_and_numpy_exploration_find_the_same_in_the_same_order(tree):
    net = net_of(tree)
    try:
        found = explored(net, STATE_CAP)
    except TooLargeError:  # nine loops side by side: then both refuse
        with pytest.raises(TooLargeError):
            explored_compiled(net, STATE_CAP)
        return
    for one, other in zip(explored_compiled(net, STATE_CAP), found, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("explore", [explored, explored_compiled])
def test_both_explorations_refuse_what_is_too_large(explore):
    grows = Net(("p", "q"), (Transition("t", "a", (0,), (0, 1)),), (0,), ((0,),))
    with pytest.raises(TooLargeError, match="without bound"):
        explore(grows, 1_000)
    with pytest.raises(TooLargeError, match="more than 100"):
        explore(grows, 100)
    assert len(explore(sequence("a", "b", "c"), 4).tokens) == 4
    with pytest.raises(TooLargeError, match="more than 3"):
        explore(sequence("a", "b", "c"), 3)


@SEARCH
@given(trees())
def test_the_graph_is_what_firing_one_transition_at_a_time_reaches(tree):
    net = net_of(tree)
    graph = reachability_graph(net)
    firings = {
        (graph.marking(s), n, graph.marking(t))
        for s, t, n in zip(graph.source, graph.target, graph.transition, strict=True)
    }
    slow, pending, seen = set(), [net.initial], set()
    while pending:
        marking = tuple(sorted(pending.pop()))
        if marking in seen:
            continue
        seen.add(marking)
        for number, transition in enumerate(net.transitions):
            left = list(marking)
            try:
                for place in transition.pre:
                    left.remove(place)
            except ValueError:
                continue
            after = tuple(sorted([*left, *transition.post]))
            slow.add((marking, number, after))
            pending.append(after)
    assert firings == slow
    assert {graph.marking(state) for state in range(graph.states)} == seen
    assert graph.marking(graph.initial) == net.initial


@SEARCH
@given(trees(2))
def test_the_minimal_automaton_is_deterministic_and_minimal(tree):
    """Minimal: another algorithm (Brzozowski 1962) gives no fewer states."""
    smaller = minimal(of_graph(reachability_graph(net_of(tree))))
    edges = list(zip(smaller.source.tolist(), smaller.label.tolist(), strict=True))
    assert len(edges) == len(set(edges))
    assert -1 not in smaller.label
    assert smaller.states == len(brzozowski(smaller))


def test_determinising_is_given_up_beyond_its_limit_of_work():
    """'The n-th event from the end is an a': 2 to the power of n states, though the net has n places."""
    loops = tuple(Transition(f"0{label}", label, (0,), (0,)) for label in "ab")
    onward = tuple(
        Transition(f"{at}{label}", label, (at,), (at + 1,))
        for at in range(8)
        for label in ("ab" if at else "a")
    )
    automaton = of_graph(reachability_graph(Net(tuple("012345678"), loops + onward, (0,), ((8,),))))
    assert minimal(automaton).states == 2**8
    assert minimal(automaton, work_limit=1_000) is None
    assert minimal(automaton, work_limit=10) is None


@SEARCH
@given(trees(2), TRACES, COSTS)
def test_weighted_costs_equal_the_oracle(tree, trace, costs):
    graph = reachability_graph(net_of(tree))
    assert align(graph, [Variant(trace)], costs)[0].cost == oracle_cost(graph, trace, Mode.COMPLETE, costs)


@SEARCH
@given(trees(), TRACES, st.sampled_from(list(Mode)))
def test_what_may_have_come_again_without_a_trace_costs_nothing(tree, trace, mode):
    net = net_of(tree)
    graph = reachability_graph(net)
    unseen = repeatable(graph) & frozenset(trace)
    result = align(graph, [Variant(trace), Variant(trace, mode, unseen)])[1]
    assert result.cost == oracle_cost(graph, trace, mode, unseen=unseen)
    replay(net, result, trace, mode)


def test_activities_of_loops_and_of_two_tasks_can_come_again():
    loop = Net(
        ("i", "p", "o"),
        (
            Transition("a", "a", (0,), (1,)),
            Transition("b", "b", (1,), (0,)),
            Transition("c", "c", (1,), (2,)),
        ),
        (0,),
        ((2,),),
    )
    assert repeatable(reachability_graph(loop)) == {"a", "b"}
    assert repeatable(reachability_graph(sequence("a", "b", "a"))) == {"a"}


@SEARCH
@given(trees(2), st.lists(st.sampled_from(LABELS), max_size=4).map(tuple))
def test_a_deviation_is_sure_exactly_if_every_optimal_alignment_has_it(tree, trace):
    net = net_of(tree)
    graph = reachability_graph(net)
    result = align(graph, [Variant(trace)])[0]
    certain = deviations_in_every_optimum(graph, trace, result.cost)
    if certain is None:
        return
    for step in result.steps:
        if step.transition is None:
            assert step.avoidable is (("log", trace[step.position]) not in certain)
        elif step.position is None and net.transitions[step.transition].label is not None:
            assert step.avoidable is (("model", net.transitions[step.transition].label) not in certain)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees(2), TRACES)
def test_cost_equals_a_star_of_pm4py(tree, trace):
    with quiet_pm4py():
        from pm4py.algo.conformance.alignments.petri_net import algorithm
        from pm4py.objects.log.obj import Event, Trace

        net = net_of(tree)
        other = algorithm.apply_trace(Trace([Event({"concept:name": a}) for a in trace]), *to_pm4py(net))
    assert align(reachability_graph(net), [Variant(trace)])[0].cost == other["cost"] // 10_000


def test_of_two_equal_events_the_later_one_is_surplus():
    assert shown(sequence("a", "b"), "a", "a", "b") == [(0, "a"), (1, None), (2, "b")]


def test_a_missing_task_is_missed_as_early_as_possible():
    assert shown(sequence("a", "b", "c"), "a", "z", "c") == [(0, "a"), (None, "b"), (1, None), (2, "c")]


def test_an_open_case_owes_nothing_after_its_last_event():
    assert shown(sequence("a", "b", "c"), "a", mode=Mode.PREFIX) == [(0, "a")]


def test_a_case_cut_by_the_window_owes_nothing_before_its_first_event():
    assert shown(sequence("a", "b", "c"), "b", "c", mode=Mode.SUFFIX) == [(0, "b"), (1, "c")]


def test_swapped_neighbours_can_be_explained_two_ways_and_say_so():
    result = align(reachability_graph(sequence("a", "b")), [Variant(("b", "a"))])[0]
    assert result.cost == 2
    assert all(step.avoidable for step in result.steps if step.transition is None or step.position is None)


def test_an_unbounded_net_is_refused():
    grows = Net(("p", "q"), (Transition("t", "a", (0,), (0, 1)),), (0,), ((0,),))
    with pytest.raises(TooLargeError):
        reachability_graph(grows)


def test_states_beyond_the_cap_are_refused():
    with pytest.raises(TooLargeError, match="more than 2"):
        reachability_graph(sequence("a", "b", "c"), cap=2)


@pytest.mark.skipif(not SHARED.exists(), reason="the public logs of ../shared/data are not here")
def test_total_cost_on_the_public_benchmark_m1():
    with quiet_pm4py():
        import pm4py

        other, initial, _ = pm4py.read_pnml(str(SHARED / "m1.pnml"))
    places = sorted(other.places, key=lambda p: p.name)
    number = {place: i for i, place in enumerate(places)}
    sink = next(p for p in places if not p.out_arcs)
    net = Net(
        tuple(p.name for p in places),
        tuple(
            Transition(
                t.name,
                t.label,
                tuple(number[a.source] for a in t.in_arcs),
                tuple(number[a.target] for a in t.out_arcs),
            )
            for t in sorted(other.transitions, key=lambda t: t.name)
        ),
        tuple(number[p] for p in initial),
        ((number[sink],),),
    )
    from logs import read

    with read(SHARED / "m1.xes.gz") as log:
        frame = log.events.select("case_id", "activity", "row_no").to_pandas().sort_values("row_no")
    traces = frame.groupby("case_id", sort=False)["activity"].agg(tuple)
    results = align(reachability_graph(net), [Variant(trace) for trace in traces])
    assert len(results) == 500
    assert sum(result.cost for result in results) == 2_585
    assert sum(result.cost > 0 for result in results) == 451


def test_a_net_that_does_nothing_is_aligned():
    net = Net(("p",), (), (0,), ((0,),))
    [one, none] = align(reachability_graph(net), [Variant(("a",)), Variant(())])
    assert (one.cost, none.cost) == (1, 0)
    assert one.start == none.start == (0,)


def test_many_tokens_at_once_stay_on_their_place():
    """200 + 200 tokens are more than the cap, and must not spill over to another place."""
    many = (0,) * 200
    net = Net(
        ("p", "q"), (Transition("a", "a", (1,), (*many, 1)), Transition("b", "b", (1,), ())), (1,), ((),)
    )
    with pytest.raises(TooLargeError):
        reachability_graph(net)


@pytest.mark.parametrize("without", [ImportError, RuntimeError])
def test_without_numba_or_a_place_for_what_it_compiles_numpy_takes_over(monkeypatch, without):
    """Numba raises RuntimeError on import of cached functions where it may write nowhere."""
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "mining.alignment" and args and args[2] and "band" in args[2]:
            raise without("no locator available")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    compiled.load.cache_clear()
    try:
        assert compiled.load() is None
        monkeypatch.setattr("mining.alignment.exact.SMALL", 0)
        assert align(reachability_graph(sequence("a", "b")), [Variant(("b",))])[0].cost == 1
    finally:
        compiled.load.cache_clear()
