"""Mistakes in the wiring of a scope: flows to nowhere, loose ends, events on nothing."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from reference_models.bpmn.elements import ACTIVITIES, BOUNDARY, CATCH, Flow, Node, Scope
from reference_models.bpmn.reading import Reading

_MOST_JOINS = 50
_MOST_SUBSETS = 6
"""More flows than this out of or into an inclusive gateway make too many combinations."""


def check_scope(scope: Scope, element: Any, place: str, refused: Set[str], reading: Reading) -> None:
    """Note every mistake in the wiring of one scope.

    element: of the process or subprocess; place: as for `read_scope`; refused: ids of nodes that were
    refused already.
    """
    for flow in scope.flows:
        _check_flow(scope, flow, refused, reading)
    _check_starts(scope, element, place, reading)
    has_start = any(node.kind == "startEvent" for node in scope.nodes.values())
    has_end = any(node.kind == "endEvent" for node in scope.nodes.values())
    for node in scope.nodes.values():
        for what, mend in (
            *_ends(scope, node, has_start, has_end),
            *_attachment(scope, node),
            *_links(scope, node),
            *_choices(scope, node),
        ):
            reading.problem(f"{node.kind} '{node.id}': {what}", node.line, mend)
    _check_joins(scope, reading)


def _check_joins(scope: Scope, reading: Reading) -> None:
    """Whether an inclusive join may go on depends on all that lies before it, and so on the other joins."""
    nodes = scope.nodes.values()
    joins = [each for each in nodes if each.kind == "inclusiveGateway" and len(scope.incoming(each.id)) > 1]
    if len(joins) > _MOST_JOINS:
        what = f"inclusiveGateway '{joins[_MOST_JOINS].id}': more than {_MOST_JOINS} of them join flows"
        reading.problem(what, joins[_MOST_JOINS].line, "draw parts of the process as subprocesses")


def _check_flow(scope: Scope, flow: Flow, refused: Set[str], reading: Reading) -> None:
    for end in (flow.source, flow.target):
        if end not in scope.nodes and end not in refused:
            what = f"sequenceFlow '{flow.id}': no element '{end}' beside it"
            reading.problem(what, flow.line, "draw the flow again; it may not cross the edge of a subprocess")
    source = scope.nodes.get(flow.source)
    if flow.conditional and source and source.kind not in {*ACTIVITIES, *_DECIDING}:
        what = f"sequenceFlow '{flow.id}': a condition on a flow that leaves a {source.kind} is not supported"
        reading.problem(what, flow.line, "put an exclusive gateway before it")


_DECIDING = ("exclusiveGateway", "inclusiveGateway")


def _check_starts(scope: Scope, element: Any, place: str, reading: Reading) -> None:
    drawn = [node for node in scope.nodes.values() if node.kind == "startEvent"]
    if place and len(drawn) > 1:
        what = f"subProcess '{element.get('id')}': it has {len(drawn)} start events"
        reading.problem(what, drawn[1].line, "draw one start event in it")
    if place == "start of an event subprocess" and not drawn:
        what = f"subProcess '{element.get('id')}': an event subprocess needs a start event with a trigger"
        reading.problem(what, element.sourceline, "draw its start event")
    elif not scope.starts() and not reading.problems:
        reading.problem("nothing starts: every element is entered", element.sourceline, "draw a start event")


def _ends(scope: Scope, node: Node, has_start: bool, has_end: bool) -> Iterator[tuple[str, str]]:
    into, out = bool(scope.incoming(node.id)), bool(scope.outgoing(node.id))
    if node.by_event:
        if into or out:
            yield "a flow enters or leaves an event subprocess", "let no flow touch it"
        return
    catches_link = node.kind in CATCH and node.trigger == "link"
    throws_link = node.kind == "intermediateThrowEvent" and node.trigger == "link"
    begins = node.kind in ("startEvent", *BOUNDARY) or catches_link
    if begins and into:
        yield "a flow enters it", "let no flow end there"
    if not begins and not into and has_start:
        yield "no flow enters it", "draw a flow into it, or remove it"
    last = node.kind == "endEvent" or throws_link
    if last and out:
        yield "a flow leaves it", "let no flow begin there"
    if not last and not out and (has_end or node.kind not in (*ACTIVITIES, *_MAY_END)):
        yield "no flow leaves it", "draw a flow to the next step or an end event"


_MAY_END = ("intermediateThrowEvent", *CATCH, *BOUNDARY)
"""Without an end event in sight, a path may end with these."""


def _attachment(scope: Scope, node: Node) -> Iterator[tuple[str, str]]:
    if node.kind not in BOUNDARY:
        return
    host = scope.nodes.get(node.attached_to or "")
    if host is None or host.kind not in ACTIVITIES or host.by_event:
        yield "it is not attached to a task, subprocess or call activity beside it", "attach it to one"


def _links(scope: Scope, node: Node) -> Iterator[tuple[str, str]]:
    if node.trigger != "link":
        return
    same = [each for each in scope.nodes.values() if each.trigger == "link" and each.code == node.code]
    catching = [each for each in same if each.kind in CATCH]
    if node.kind not in CATCH and len(catching) != 1:
        what = f"the link '{node.code}' is caught {len(catching)} times"
        yield what, "draw one link catch event of the same name in the same process"
    if node.kind in CATCH and len(same) == 1:
        yield f"the link '{node.code}' is thrown nowhere", "draw a link throw event of the same name"


def _choices(scope: Scope, node: Node) -> Iterator[tuple[str, str]]:
    out, into = scope.outgoing(node.id), scope.incoming(node.id)
    if node.default and node.default not in {flow.id for flow in out}:
        yield f"its default flow '{node.default}' does not leave it", "draw the default flow again"
    free = len(out) if node.kind == "inclusiveGateway" else sum(flow.conditional for flow in out)
    if node.kind in ("inclusiveGateway", *ACTIVITIES) and free > _MOST_SUBSETS:
        yield f"{free} flows leave it by choice: too many combinations", "split the choice in two"
    if node.kind == "inclusiveGateway" and len(into) > _MOST_SUBSETS:
        yield f"{len(into)} flows enter it: too many combinations", "join them in two steps"
    if node.kind == "eventBasedGateway":
        yield from _awaited(scope, out)


def _awaited(scope: Scope, out: tuple[Flow, ...]) -> Iterator[tuple[str, str]]:
    for flow in out:
        target = scope.nodes.get(flow.target)
        if target is None:
            continue
        if not target.receives and (target.kind not in CATCH or target.trigger == "link"):
            what = f"it leads to '{target.id}', which waits for nothing"
            yield what, "let it lead to intermediate catch events and receive tasks only"
        elif len(scope.incoming(target.id)) > 1:
            what = f"another flow enters '{target.id}', for which it waits"
            yield what, "merge behind it"
        elif target.marker or scope.boundary_on(target.id):
            what = f"'{target.id}', for which it waits, has a marker or boundary event"
            yield what, "put the receive task behind a message event"
