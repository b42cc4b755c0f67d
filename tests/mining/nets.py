"""Random process trees as nets, and slow, obvious oracles for alignments."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter

from hypothesis import strategies as st

from mining.alignment import Mode, ReachabilityGraph
from reference_models.model import Net, Transition

LABELS = "abcd"
Tree = object


def trees(depth: int = 3):
    """Process trees: a label, None (silent), or (operator, children)."""
    leaf = st.sampled_from([*LABELS, *LABELS, None])
    if depth == 0:
        return leaf
    child = trees(depth - 1)
    found = st.one_of(
        leaf,
        st.tuples(st.sampled_from(["seq", "xor", "and"]), st.lists(child, min_size=2, max_size=3)),
        st.tuples(st.just("loop"), st.lists(child, min_size=2, max_size=2)),
    )
    return found.filter(lambda tree: markings(tree) < MANY)


MANY = 50_000
"""Markings beyond which a tree is not drawn: oracles take too long, and soon the cap is reached."""


def markings(tree) -> int:
    """How many markings the net of a tree has at most."""
    if tree is None or isinstance(tree, str):
        return 2
    operator, children = tree
    inside = [markings(child) for child in children]
    return 2 + (math.prod(inside) if operator == "and" else sum(inside))


class _Build:
    def __init__(self):
        self.places, self.transitions = 0, []

    def place(self):
        self.places += 1
        return self.places - 1

    def fire(self, label, pre, post):
        self.transitions.append(Transition(f"t{len(self.transitions)}", label, tuple(pre), tuple(post)))

    def add(self, tree, enter, leave):
        if tree is None or isinstance(tree, str):
            return self.fire(tree, [enter], [leave])
        operator, children = tree
        if operator == "seq":
            stops = [enter, *(self.place() for _ in children[1:]), leave]
            for child, a, b in zip(children, stops, stops[1:], strict=False):
                self.add(child, a, b)
        elif operator == "xor":
            for child in children:
                self.add(child, enter, leave)
        elif operator == "and":
            begins, ends = [self.place() for _ in children], [self.place() for _ in children]
            self.fire(None, [enter], begins)
            for child, a, b in zip(children, begins, ends, strict=True):
                self.add(child, a, b)
            self.fire(None, ends, [leave])
        else:
            a, b = self.place(), self.place()
            self.fire(None, [enter], [a])
            self.add(children[0], a, b)
            self.add(children[1], b, a)
            self.fire(None, [b], [leave])


def net_of(tree) -> Net:
    """The usual translation of a process tree into a workflow net."""
    build = _Build()
    start, end = build.place(), build.place()
    build.add(tree, start, end)
    return Net(tuple(f"p{i}" for i in range(build.places)), tuple(build.transitions), (start,), ((end,),))


def oracle_cost(graph: ReachabilityGraph, trace, mode: Mode, costs=None, unseen=frozenset()) -> int:
    """Dijkstra over (events seen, state), one move at a time."""
    costs = costs or {}
    out: dict[int, list[tuple[int, str | None]]] = {}
    names = [t.label for t in graph.net.transitions]
    for s, t, n in zip(graph.source.tolist(), graph.target.tolist(), graph.transition.tolist(), strict=True):
        out.setdefault(s, []).append((t, names[n]))
    starts = range(graph.states) if mode.starts_anywhere else [graph.initial]
    queue = [(0, 0, s) for s in starts]
    done: dict[tuple[int, int], int] = {}
    while queue:
        cost, seen, state = heapq.heappop(queue)
        if (seen, state) in done:
            continue
        done[seen, state] = cost
        if seen == len(trace) and (mode.stops_anywhere or state in graph.finals):
            return cost
        if seen < len(trace):
            heapq.heappush(queue, (cost + costs.get(trace[seen], 1), seen + 1, state))
        for target, label in out.get(state, []):
            free = label is None or label in unseen
            heapq.heappush(queue, (cost + (0 if free else costs.get(label, 1)), seen, target))
            if seen < len(trace) and label == trace[seen]:
                heapq.heappush(queue, (cost, seen + 1, target))
    raise AssertionError("no alignment at all")


def replay(net: Net, alignment, trace, mode: Mode) -> None:
    """Fire the shown alignment step by step; raises AssertionError where it is no run of the net."""
    tokens = Counter(alignment.start)
    if not mode.starts_anywhere:
        assert tokens == Counter(net.initial)
    spelled = []
    for step in alignment.steps:
        if step.transition is not None:
            transition = net.transitions[step.transition]
            need = Counter(transition.pre)
            assert all(tokens[p] >= n for p, n in need.items()), "a transition fires without its tokens"
            tokens.subtract(need)
            tokens.update(transition.post)
            tokens = +tokens
            if step.position is not None:
                assert transition.label == trace[step.position]
        if step.position is not None:
            spelled.append(trace[step.position])
    assert tuple(spelled) == tuple(trace)
    if not mode.stops_anywhere:
        assert any(tokens == Counter(final) for final in net.finals), "the run does not end"


def deviations_in_every_optimum(graph: ReachabilityGraph, trace, best: int, limit: int = 50_000):
    """The deviations common to all optimal complete alignments, by listing them all (None: too many)."""
    names = [t.label for t in graph.net.transitions]
    out: dict[int, list[tuple[int, str | None]]] = {}
    for s, t, n in zip(graph.source.tolist(), graph.target.tolist(), graph.transition.tolist(), strict=True):
        out.setdefault(s, []).append((t, names[n]))
    common: set | None = None
    steps = itertools.count()
    # Silent loops come back to a state at no cost: what was visited since is barred.
    stack = [(0, graph.initial, 0, frozenset(), frozenset())]
    while stack:
        if next(steps) > limit:
            return None
        seen, state, cost, deviations, barred = stack.pop()
        if cost > best or (seen, state, cost) in barred:
            continue
        barred = barred | {(seen, state, cost)}
        if seen == len(trace) and state in graph.finals and cost == best:
            common = set(deviations) if common is None else common & deviations
        if seen < len(trace):
            stack.append((seen + 1, state, cost + 1, deviations | {("log", trace[seen])}, barred))
        for target, label in out.get(state, []):
            if label is None:
                stack.append((seen, target, cost, deviations, barred))
                continue
            stack.append((seen, target, cost + 1, deviations | {("model", label)}, barred))
            if seen < len(trace) and label == trace[seen]:
                stack.append((seen + 1, target, cost, deviations, barred))
    return common or set()


def brzozowski(automaton) -> set[frozenset]:
    """States of the minimal deterministic automaton: reverse, determinise, reverse, determinise."""
    edges = set(
        zip(automaton.source.tolist(), automaton.label.tolist(), automaton.target.tolist(), strict=True)
    )
    first, last = {automaton.initial}, set(automaton.finals)
    for _ in range(2):
        edges, first, last = _subsets({(t, a, s) for s, a, t in edges}, last, first)
    return {s for s, _, _ in edges} | {t for _, _, t in edges} | first


def _subsets(edges, first, last):
    found, pending, moves = set(), [frozenset(first)], set()
    while pending:
        here = pending.pop()
        if here in found:
            continue
        found.add(here)
        for label in {a for s, a, _ in edges if s in here}:
            there = frozenset(t for s, a, t in edges if s in here and a == label)
            moves.add((here, label, there))
            pending.append(there)
    return moves, {frozenset(first)}, {each for each in found if each & frozenset(last)}


def to_pm4py(net: Net):
    """The same net in pm4py's classes."""
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    other = PetriNet("net")
    places = [PetriNet.Place(name) for name in net.places]
    other.places.update(places)
    for t in net.transitions:
        transition = PetriNet.Transition(t.id, t.label)
        other.transitions.add(transition)
        for p in t.pre:
            add_arc_from_to(places[p], transition, other)
        for p in t.post:
            add_arc_from_to(transition, places[p], other)
    return other, Marking({places[p]: 1 for p in net.initial}), Marking({places[p]: 1 for p in net.finals[0]})
