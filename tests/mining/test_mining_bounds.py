"""Nets beyond the cap: A* under a budget, and bounds that hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nets import LABELS, net_of, oracle_cost, replay, trees

from mining.alignment import Mode, TooLargeError, Variant, align_net, reachability_graph
from reference_models.model import Net, Transition

TRACES = st.lists(st.sampled_from([*LABELS, "z"]), max_size=5).map(tuple)
COSTS = st.dictionaries(st.sampled_from(LABELS), st.integers(1, 3))
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


def test_an_unbounded_net_is_aligned_by_a_star():
    [fitting, missing] = align_net(pile("a", "b"), [Variant(("b",)), Variant(("c",))], seconds=10)
    assert (fitting.cost, fitting.exact) == (0, True)
    assert (missing.cost, missing.exact) == (2, True)


def test_no_variant_is_dropped_when_time_is_up():
    variants = [Variant(("b", "c")), Variant(()), Variant(("b",), Mode.PREFIX)]
    found = align_net(pile("a", "b"), variants, seconds=0)
    assert [each.cost for each in found] == [3, 1, 1]
    assert [each.lower_bound for each in found] == [1, 1, 0]
    assert [each.exact for each in found] == [False, True, False]


def test_a_net_without_any_complete_run_is_refused():
    stuck = Net(
        ("p", "q", "o"),
        (Transition("a", "a", (0,), (0, 0)), Transition("b", "b", (0, 1), (2,))),
        (0,),
        ((2,),),
    )
    with pytest.raises(TooLargeError, match="no complete run"):
        align_net(stuck, [Variant(("a",))], seconds=2)
