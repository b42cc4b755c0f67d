"""BPMN played on the drawing itself: obvious, slow, and without a Petri net. What compiled nets must equal.

A state is a nest of frozen values: tokens on flows and activities that are running, those of a subprocess
within it. What takes no time (gateways, throwing and end events, the end of a subprocess) is played before
anything that does (tasks, catching events).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reference_models.bpmn.elements import CATCH, Node, Scope
from reference_models.bpmn.gateways import taken_together


@dataclass(frozen=True)
class State:
    """A scope that is running."""

    tokens: tuple[str, ...] = ()
    """Flows with a token."""
    running: tuple[Running, ...] = ()
    over: bool = False
    """An interrupting event subprocess has taken over."""
    fired: frozenset[str] = frozenset()
    """Event subprocesses beside it that have happened."""

    def __lt__(self, other: State) -> bool:
        return repr(self) < repr(other)


@dataclass(frozen=True)
class Running:
    """An activity that is running."""

    node: str
    inside: State | None = None
    fired: frozenset[str] = frozenset()
    """Non-interrupting boundary events that have happened."""


@dataclass(frozen=True)
class Thrown:
    """What leaves a scope by an error end."""

    code: str


Outcome = State | Thrown | None
"""None: the scope was ended at once (terminate)."""


class TooLongError(Exception):
    """There is more to play than a test has time for."""


def play(scope: Scope, longest: int, most: int = 3_000) -> set[str]:
    """Every complete trace up to a length; raises TooLongError beyond `most` states."""
    start = ((), begin(scope))
    seen, waiting, traces = {start}, [start], set()
    while waiting:
        if len(seen) > most:
            raise TooLongError
        trace, state = waiting.pop()
        if state is None or not (state.tokens or state.running):
            traces.add(" ".join(trace))
            continue
        at_once = list(moves(scope, state, timed=False))
        for label, outcome in at_once or moves(scope, state, timed=True):
            after = None if isinstance(outcome, Thrown) else outcome
            then = (trace if label is None else (*trace, label), after)
            if len(then[0]) <= longest and then not in seen:
                seen.add(then)
                waiting.append(then)
    return traces


def begin(scope: Scope) -> State:
    """A scope that has just begun; every scope of these tests has one start event."""
    (start,) = scope.starts()
    return State(tuple(flow.id for flow in scope.outgoing(start.id)))


def moves(scope: Scope, state: State, *, timed: bool) -> Iterator[tuple[str | None, Outcome]]:
    """What can happen next, of one sort."""
    for flow in dict.fromkeys(state.tokens):
        (drawn,) = (each for each in scope.flows if each.id == flow)
        yield from _token(scope, state, flow, scope.nodes[drawn.target], timed)
    for each in dict.fromkeys(state.running):
        yield from _activity(scope, state, each, timed)
    if timed and not state.over:
        yield from _event_subprocesses(scope, state)


def _moved(state: State, gone: tuple[str, ...], come: tuple[str, ...]) -> State:
    left = Counter(state.tokens)
    left.subtract(gone)
    left.update(come)
    return replace(state, tokens=tuple(sorted(left.elements())))


def _with(state: State, gone: Running | None, come: Running | None) -> State:
    running = list(state.running)
    if gone is not None:
        running.remove(gone)
    if come is not None:
        running.append(come)
    return replace(state, running=tuple(sorted(running, key=repr)))


def _token(
    scope: Scope, state: State, flow: str, node: Node, timed: bool
) -> Iterator[tuple[str | None, Outcome]]:
    out = tuple(each.id for each in scope.outgoing(node.id))
    if timed != (node.kind in CATCH):
        return
    if node.kind in ("task", "subProcess"):
        inside = begin(node.inside) if node.inside else None
        yield None, _with(_moved(state, (flow,), ()), None, Running(node.id, inside))
    elif node.kind == "exclusiveGateway":
        for one in out:
            yield None, _moved(state, (flow,), (one,))
    elif node.kind == "parallelGateway":
        incoming = tuple(each.id for each in scope.incoming(node.id))
        if set(incoming) <= set(state.tokens):
            yield None, _moved(state, incoming, out)
    elif node.kind == "inclusiveGateway":
        filled = tuple(each.id for each in scope.incoming(node.id) if each.id in state.tokens)
        if _may_join(scope, state, node.id, set(filled)):
            for taken in taken_together(scope, node):
                yield None, _moved(state, filled, tuple(each.id for each in taken))
    elif node.trigger == "terminate":
        yield None, None
    elif node.trigger == "error":
        yield None, Thrown(node.code)
    else:
        yield None, _moved(state, (flow,), out)


def _may_join(scope: Scope, state: State, gateway: str, filled: set[str]) -> bool:
    """BPMN 2.0.2, table 13.3, word by word: for every token that can reach an empty flow of the gateway
    there is a way for it to a filled one."""
    incoming = {flow.id for flow in scope.incoming(gateway)}
    places = [(flow,) for flow in state.tokens if flow not in incoming]
    places += [_leaving(scope, each.node) for each in state.running]
    for flows in places:
        reached = _reachable(scope, flows, gateway) & incoming
        if reached - filled and not reached & filled:
            return False
    return True


def _leaving(scope: Scope, node: str) -> tuple[str, ...]:
    sources = {node, *(event.id for event in scope.boundary_on(node))}
    return tuple(flow.id for flow in scope.flows if flow.source in sources)


def _reachable(scope: Scope, flows: tuple[str, ...], gateway: str) -> set[str]:
    target = {flow.id: flow.target for flow in scope.flows}
    seen, waiting = set(flows), list(flows)
    while waiting:
        node = target[waiting.pop()]
        if node != gateway:
            new = set(_leaving(scope, node)) - seen
            seen |= new
            waiting.extend(new)
    return seen


def _activity(scope: Scope, state: State, each: Running, timed: bool) -> Iterator[tuple[str | None, Outcome]]:
    node = scope.nodes[each.node]
    out = () if node.by_event else tuple(flow.id for flow in scope.outgoing(node.id))
    if each.inside is None:
        if timed:
            yield node.id, _moved(_with(state, each, None), (), out)
    elif not (each.inside.tokens or each.inside.running):
        if not timed:
            yield None, _moved(_with(state, each, None), (), out)
        return
    else:
        assert node.inside is not None
        for label, outcome in moves(node.inside, each.inside, timed=timed):
            if isinstance(outcome, State):
                yield label, _with(state, each, replace(each, inside=outcome))
            elif outcome is None:
                yield label, _moved(_with(state, each, None), (), out)
            else:
                yield label, _caught(scope, state, each, outcome)
    if timed:
        for event in scope.boundary_on(node.id):
            branch = tuple(flow.id for flow in scope.outgoing(event.id))
            if event.trigger == "error" and each.inside is not None and _throws(scope.nodes[each.node]):
                continue
            if event.interrupting:
                yield None, _moved(_with(state, each, None), (), branch)
            elif event.id not in each.fired:
                now = replace(each, fired=each.fired | {event.id})
                yield None, _moved(_with(state, each, now), (), branch)


def _throws(node: Node) -> bool:
    """Whether an error is thrown in it that reaches its boundary."""
    assert node.inside is not None
    return any(
        (each.trigger == "error" and each.kind == "endEvent")
        or (each.kind == "subProcess" and not _catches(node.inside, each) and _throws(each))
        for each in node.inside.nodes.values()
    )  # fmt: skip


def _catches(scope: Scope, node: Node) -> bool:
    return any(event.trigger == "error" for event in scope.boundary_on(node.id))


def _caught(scope: Scope, state: State, each: Running, thrown: Thrown) -> Outcome:
    for event in scope.boundary_on(each.node):
        if event.trigger == "error":
            branch = tuple(flow.id for flow in scope.outgoing(event.id))
            return _moved(_with(state, each, None), (), branch)
    return thrown


def _event_subprocesses(scope: Scope, state: State) -> Iterator[tuple[str | None, Outcome]]:
    for node in scope.event_subprocesses():
        assert node.inside is not None
        (start,) = node.inside.starts()
        begun = Running(node.id, begin(node.inside))
        if start.interrupting:
            yield None, State((), (begun,), over=True)
        elif node.id not in state.fired:
            yield None, replace(_with(state, None, begun), fired=state.fired | {node.id})
