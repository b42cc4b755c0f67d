"""A reduced net says the same as the whole one, and its alignments replay there."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nets import LABELS, deviations_in_every_optimum, net_of, oracle_cost, replay, trees

from mining.alignment import Aligner, Mode, TooLargeError, Variant, align_net, band, bounds, dense
from mining.alignment.automaton import minimal, of_graph
from mining.alignment.near import graph_near
from mining.alignment.reachability import reachability_graph
from mining.alignment.reduction import reduced
from reference_models.model import Net, Transition

TRACES = st.lists(st.sampled_from([*LABELS, "z"]), max_size=6).map(tuple)
COSTS = st.dictionaries(st.sampled_from(LABELS), st.integers(1, 5))
SEARCH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RANDOM = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def nets(draw):
    """Process trees with transitions put in: weights, several tokens and ends; often unsound."""
    tree = net_of(draw(trees(2)))
    place = st.integers(0, len(tree.places) - 1)
    pre, post = (st.lists(place, min_size=least, max_size=2).map(tuple) for least in (1, 0))
    drawn = draw(st.lists(st.tuples(st.sampled_from(["a", "b", None, None]), pre, post), max_size=3))
    more = tuple(Transition(f"more{n}", *each) for n, each in enumerate(drawn))
    tokens = draw(st.sampled_from([1, 1, 2]))
    finals = ((1,) * tokens, *draw(st.lists(st.lists(place, max_size=2).map(sorted).map(tuple), max_size=1)))
    return Net(tree.places, tree.transitions + more, (0,) * tokens, finals)


def language(net: Net):
    """The minimal automaton, its states numbered breadth first; None where there is no complete run."""
    try:
        graph = reachability_graph(net, 200)
    except ValueError:
        return None
    automaton = minimal(of_graph(graph))
    assert automaton is not None
    onward: dict[int, list[tuple[str, int]]] = {}
    for s, a, t in zip(automaton.source, automaton.label, automaton.target, strict=True):
        onward.setdefault(int(s), []).append((automaton.labels[a], int(t)))
    number, pending, edges = {automaton.initial: 0}, deque([automaton.initial]), []
    while pending:
        state = pending.popleft()
        for label, target in sorted(onward.get(state, [])):
            if target not in number:
                number[target] = len(number)
                pending.append(target)
            edges.append((number[state], label, number[target]))
    return edges, sorted(number[final] for final in automaton.finals)


@RANDOM
@given(nets())
def test_any_reduced_net_has_the_language_of_the_whole(net):
    try:
        whole = language(net)
    except TooLargeError:
        assume(False)
    smaller = reduced(net)
    assert language(smaller.net) == whole
    assert len(smaller.net.transitions) <= len(net.transitions)


@RANDOM
@given(nets(), st.lists(TRACES, min_size=1, max_size=3))
def test_alignments_on_any_reduced_net_replay_on_the_whole_with_as_few_silent_steps(net, traces):
    try:
        graph = reachability_graph(net, 200)
    except (TooLargeError, ValueError):
        assume(False)
    agree(net, graph, traces, {})


@SEARCH
@given(trees(), st.lists(TRACES, min_size=1, max_size=4), COSTS)
def test_alignments_on_reduced_process_trees_are_optimal(tree, traces, costs):
    net = net_of(tree)
    agree(net, reachability_graph(net), traces, costs)


def agree(net, graph, traces, costs):
    """Compare reduced and whole, compiled and in NumPy."""
    smaller = reduced(net)
    variants = [Variant(trace) for trace in traces]
    whole = Aligner(graph, costs).align(variants)
    searched = reachability_graph(smaller.net)
    fast, slow = (
        Aligner(searched, costs, search, smaller).align(variants) for search in (band.search, dense.search)
    )
    for trace, one, other, expected in zip(traces, fast, slow, whole, strict=True):
        assert (one.cost, one.start, one.steps) == (other.cost, other.start, other.steps)
        assert one.cost == oracle_cost(graph, trace, Mode.COMPLETE, costs)
        replay(net, one, trace, Mode.COMPLETE)
        assert shape(net, one) == shape(net, expected)
        certain = None if costs else deviations_in_every_optimum(graph, trace, one.cost, 5_000)
        for step in one.steps if certain is not None else ():
            if step.transition is None:
                assert step.avoidable is (("log", trace[step.position]) not in certain)
            elif step.position is None and net.transitions[step.transition].label is not None:
                assert step.avoidable is (("model", net.transitions[step.transition].label) not in certain)


def shape(net, alignment):
    """How many log moves, events told by the model, model moves and silent steps there are."""
    steps = alignment.steps
    fired = [s for s in steps if s.transition is not None]
    silent = sum(net.transitions[s.transition].label is None for s in fired)
    return len(steps) - len(fired), sum(s.position is not None for s in fired), silent


@SEARCH
@given(trees(), st.lists(TRACES, min_size=1, max_size=4), COSTS)
def test_what_traces_come_near_to_in_the_reduced_net_holds_their_optimal_alignments(tree, traces, costs):
    net = net_of(tree)
    smaller = reduced(net)
    variants = [Variant(trace) for trace in traces]
    part = graph_near(smaller.net, variants, costs, silent=smaller.silent)
    assert part is not None
    found = Aligner(part, costs, reduction=smaller).align(variants)
    for trace, one in zip(traces, found, strict=True):
        assert one.cost == oracle_cost(reachability_graph(net), trace, Mode.COMPLETE, costs)
        replay(net, one, trace, Mode.COMPLETE)


def skippable(branches: int) -> Net:
    """Tasks side by side, each of which may be left out or repeated, as the inductive miner draws them."""
    child = ("xor", [None, "task"])
    tree = ("and", [("loop", [child, None])] * branches)
    net = net_of(tree)
    names = iter(range(branches))
    transitions = (t if t.label is None else Transition(t.id, f"t{next(names)}", t.pre, t.post)
                   for t in net.transitions)  # fmt: skip
    return Net(net.places, tuple(transitions), net.initial, net.finals)


def test_parallel_optional_repeated_tasks_shrink_to_a_fraction():
    net = skippable(6)
    whole, small = reachability_graph(net), reachability_graph(reduced(net).net)
    assert whole.states > 50 * small.states


@pytest.mark.parametrize("mode", list(Mode))
def test_a_net_that_is_not_small_is_aligned_alike_whatever_else_is_asked(mode, monkeypatch):
    """Complete cases on the reduced net, the others, which need every marking, on the whole one."""
    net = skippable(3)
    traces = [("t0", "t2", "t0"), ("t1", "z", "t1"), ()]
    variants = [variant for trace in traces for variant in (Variant(trace), Variant(trace, mode))]
    whole = reachability_graph(net)
    monkeypatch.setattr(bounds, "WHOLE", 2)
    for variant, found in zip(variants, align_net(net, variants), strict=True):
        assert found.exact
        assert found.cost == oracle_cost(whole, variant.trace, variant.mode)
        replay(net, found, variant.trace, variant.mode)


def test_marked_places_loops_and_weights_are_left_alone():
    kept = Net(
        ("in", "out", "twice", "round"),
        (
            Transition("start", None, (0,), (2, 2, 3)),
            Transition("both", "a", (2, 2, 3), (3,)),
            Transition("end", None, (3,), (1,)),
            Transition("idle", "b", (3,), (3,)),
        ),
        (0,),
        ((1,),),
    )
    assert [each.id for each in reduced(kept).net.transitions] == ["start", "both", "end", "idle"]


def test_two_tokens_at_once_go_on_one_by_one():
    net = Net(
        ("in", "p", "q", "out"),
        (
            Transition("split", "a", (0,), (1, 1)),
            Transition("on", None, (1,), (2,)),
            Transition("join", "b", (2, 2), (3,)),
        ),
        (0,),
        ((3,),),
    )
    assert language(net) == language(reduced(net).net) == ([(0, "a", 1), (1, "b", 2)], [2])


def test_silent_steps_that_do_nothing_go_and_of_two_ways_the_shorter_stays():
    net = Net(
        ("in", "p", "q", "out"),
        (
            Transition("a", "a", (0,), (1,)),
            Transition("long", None, (1,), (2,)),
            Transition("on", None, (2,), (3,)),
            Transition("short", None, (1,), (3,)),
            Transition("idle", None, (1,), (1,)),
        ),
        (0,),
        ((3,),),
    )
    found = reduced(net)
    assert [(t.label, parts) for t, parts in zip(found.net.transitions, found.parts, strict=True)] == [
        ("a", (0, 3))
    ]
    [one] = Aligner(reachability_graph(found.net), reduction=found).align([Variant(("a", "z"))])
    assert [(s.position, s.transition, s.avoidable) for s in one.steps] == [
        (0, 0, False),
        (None, 3, False),
        (1, None, False),
    ]
