"""Nets beyond the cap: A* under a budget, and bounds that hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nets import LABELS, deviations_in_every_optimum, net_of, oracle_cost, replay, trees

from mining.alignment import Aligner, Mode, TooLargeError, Variant, align_net, reachability_graph
from mining.alignment.near import graph_near
from mining.alignment.reachability import STATE_CAP
from reference_models.model import Net, Transition

TRACES = st.lists(st.sampled_from([*LABELS, "z"]), max_size=5).map(tuple)
COSTS = st.dictionaries(st.sampled_from(LABELS), st.integers(1, 3))
SEARCH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pile(*labels: str) -> Net:
    """p piles up tokens without bound: 'a' may come any number of times before 'b' takes one of them."""
    return Net(
        ("p", "o"),
        (Transition("a", labels[0], (0,), (0, 0)), Transition("b", labels[1], (0,), (1,))),
        (0,),
        ((1,),),
    )


@FEW
@given(trees(2), TRACES, st.sampled_from(list(Mode)), COSTS)
def test_bounds_enclose_the_cost_and_what_is_exact_is_the_cost(tree, trace, mode, costs):
    net = net_of(tree)
    graph = reachability_graph(net)
    if graph.states < 2:
        return
    truth = oracle_cost(graph, trace, mode, costs)
    for seconds in (0.0, 5.0):
        [found] = align_net(net, [Variant(trace, mode)], costs, seconds=seconds, cap=1)
        assert found.lower_bound <= truth <= found.cost
        assert not found.exact or found.cost == truth
        replay(net, found, trace, mode)
        assert found.exact or seconds == 0.0 or mode is not Mode.COMPLETE


@pytest.mark.parametrize("cap", [1, STATE_CAP])
def test_an_unbounded_net_is_aligned_by_what_the_traces_come_near_to_or_by_a_star(cap):
    variants = [Variant(("b",)), Variant(("c",))]
    [fitting, missing] = align_net(pile("a", "b"), variants, seconds=10, cap=cap)
    assert (fitting.cost, fitting.exact) == (0, True)
    assert (missing.cost, missing.exact) == (2, True)


@SEARCH
@given(trees(), st.lists(TRACES, min_size=1, max_size=4), COSTS)
def test_the_part_that_traces_come_near_to_holds_their_optimal_alignments(tree, traces, costs):
    net = net_of(tree)
    whole = reachability_graph(net)
    part = graph_near(net, [Variant(trace) for trace in traces], costs)
    assert part is not None
    assert part.states <= whole.states
    for trace, found in zip(traces, Aligner(part, costs).align([Variant(t) for t in traces]), strict=True):
        assert found.cost == oracle_cost(whole, trace, Mode.COMPLETE, costs)
        replay(net, found, trace, Mode.COMPLETE)
        certain = deviations_in_every_optimum(whole, trace, found.cost) if not costs else None
        for step in found.steps if certain is not None else ():
            if step.transition is None:
                assert step.avoidable is (("log", trace[step.position]) not in certain)
            elif step.position is None and net.transitions[step.transition].label is not None:
                assert step.avoidable is (("model", net.transitions[step.transition].label) not in certain)


def test_a_net_beyond_the_cap_is_aligned_exactly_where_traces_keep_to_a_part_of_it():
    """Twelve parallel branches of three tasks have sixteen million markings."""
    branches, tasks = 12, 3
    places = ["in", "out", *(f"{b}.{n}" for b in range(branches) for n in range(tasks + 1))]
    at = {name: number for number, name in enumerate(places)}
    transitions = [
        Transition("fork", None, (0,), tuple(at[f"{b}.0"] for b in range(branches))),
        Transition("join", None, tuple(at[f"{b}.{tasks}"] for b in range(branches)), (1,)),
        *(
            Transition(f"{b}.{n}", f"{b}.{n}", (at[f"{b}.{n}"],), (at[f"{b}.{n + 1}"],))
            for b in range(branches)
            for n in range(tasks)
        ),
    ]
    net = Net(tuple(places), tuple(transitions), (0,), ((1,),))
    with pytest.raises(TooLargeError):
        reachability_graph(net)
    trace = tuple(f"{b}.{n}" for n in range(tasks) for b in range(branches))
    assert graph_near(net, []) is None
    found = align_net(net, [Variant(trace), Variant(trace[:-1]), Variant((*trace[1:], "z"))], seconds=0)
    assert [(each.cost, each.exact) for each in found] == [(0, True), (1, True), (2, True)]


def test_no_variant_is_dropped_when_time_is_up():
    variants = [Variant(("b", "c")), Variant(()), Variant(("b",), Mode.PREFIX)]
    found = align_net(pile("a", "b"), variants, seconds=0, cap=1)
    assert [each.cost for each in found] == [3, 1, 1]
    assert [each.lower_bound for each in found] == [1, 1, 0]
    assert [each.exact for each in found] == [False, True, False]


def test_an_open_case_beyond_the_cap_leaves_the_others_exact():
    variants = [Variant(("b", "c")), Variant(("b",), Mode.PREFIX), Variant(("a", "b"))]
    found = align_net(pile("a", "b"), variants, seconds=0)
    assert [(each.cost, each.exact) for each in found] == [(1, True), (1, False), (1, True)]


def test_a_net_without_any_complete_run_is_refused():
    stuck = Net(
        ("p", "q", "o"),
        (Transition("a", "a", (0,), (0, 0)), Transition("b", "b", (0, 1), (2,))),
        (0,),
        ((2,),),
    )
    with pytest.raises(TooLargeError, match="no complete run"):
        align_net(stuck, [Variant(("a",))], seconds=2)
