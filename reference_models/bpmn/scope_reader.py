"""The content of a process or subprocess: nodes, sequence flows and lanes; the rest is refused by id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from reference_models.bpmn.activity_reader import read_activity
from reference_models.bpmn.elements import TASKS, Flow, Lane, Node, Scope
from reference_models.bpmn.event_reader import EVENTS, read_event
from reference_models.bpmn.pools import lane_nodes
from reference_models.bpmn.reading import NO_FLOW, Reading, name_of, parts
from reference_models.bpmn.scope_checks import check_scope
from reference_models.xml_files import tag

_GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
_DEEPEST = 15
_REFUSED = {
    "adHocSubProcess": "ad-hoc subprocesses are not supported: they leave the order open",
    "transaction": "transactions are not supported: they compensate what was done",
    "complexGateway": "complex gateways are not supported: their condition is free text",
}


@dataclass
class ProcessReading:
    """One process as read so far: its lanes lie beside its scopes, since lanes reach into subprocesses."""

    reading: Reading
    lanes: list[Lane] = field(default_factory=list)
    listed: dict[str, list[Lane]] = field(default_factory=dict)
    """Node id → the lanes that name it; an outer lane and one within it may both do."""


def read_scope(element: Any, place: str, process: ProcessReading) -> Scope:
    """Read the content of a process ('') or subprocess ('start of a …', for its start events)."""
    reading = process.reading
    nodes: dict[str, Node] = {}
    flows: list[Any] = []
    lane_sets: list[Any] = []
    refused: set[str] = set()
    for child in parts(element):
        name = tag(child)
        if name == "sequenceFlow":
            flows.append(child)
        elif name == "laneSet":
            lane_sets.append(child)
        elif name not in NO_FLOW and not name.endswith("LoopCharacteristics"):
            node = _node(child, place, process)
            if node is None:
                refused.add(child.get("id", ""))
            else:
                nodes[node.id] = node
    read = [flow for each in flows if (flow := _flow(each, reading)) is not None]
    for extra in lane_sets[1:]:
        reading.refuse(extra, "a second lane set is not supported", "put all lanes into one set")
    for lane_set in lane_sets[:1]:
        _lanes(lane_set, process)
    scope = Scope(nodes, tuple(read))
    check_scope(scope, element, place, refused, reading)
    return scope


def _node(element: Any, place: str, process: ProcessReading) -> Node | None:
    """The node; None where its kind is refused or it has no id."""
    reading, name = process.reading, tag(element)
    if name not in TASKS | EVENTS | _GATEWAYS | {"subProcess", "callActivity"}:
        reading.refuse(element, _REFUSED.get(name, "this element is not supported"))
        return None
    if not element.get("id"):
        reading.problem(f"a {name} has no id", element.sourceline, "give it an id")
        return None
    if name in EVENTS:
        return read_event(element, place if name == "startEvent" else "", reading)
    if name in _GATEWAYS:
        return _gateway(element, reading)
    node = read_activity(element, reading)
    if name != "subProcess":
        return node
    if sum(1 for _ in element.iterancestors()) > _DEEPEST:
        what = f"more than {_DEEPEST} subprocesses lie in each other"
        reading.refuse(element, what, "draw the inner ones as a process of their own, and call it")
        return node
    inner = "start of an event subprocess" if node.by_event else "start of a subprocess"
    return replace(node, inside=read_scope(element, inner, process))


def _gateway(element: Any, reading: Reading) -> Node:
    if element.get("eventGatewayType") == "Parallel":
        reading.refuse(element, "a parallel event-based gateway is not supported", "draw a parallel gateway")
    return Node(
        element.get("id"), tag(element), name_of(element), element.sourceline,
        default=element.get("default", ""),
    )  # fmt: skip


def _flow(element: Any, reading: Reading) -> Flow | None:
    if not element.get("id"):
        reading.problem("a sequenceFlow has no id", element.sourceline, "give it an id")
        return None
    return Flow(
        element.get("id"),
        element.get("sourceRef", ""),
        element.get("targetRef", ""),
        name_of(element),
        element.sourceline,
        conditional=any(tag(child) == "conditionExpression" for child in parts(element)),
    )


def _lanes(lane_set: Any, process: ProcessReading) -> None:
    for element in parts(lane_set):
        if tag(element) != "lane":
            continue
        groups = any(tag(part) == "lane" for child in parts(element) for part in parts(child))
        lane = Lane(element.get("id", ""), name_of(element), lane_nodes(element), element.sourceline, groups)
        process.lanes.append(lane)
        for node in lane.nodes:
            process.listed.setdefault(node, []).append(lane)
        before = len(process.lanes)
        for child in parts(element):
            if tag(child) in ("childLaneSet", "laneSet"):
                _lanes(child, process)
        within = {node for each in process.lanes[before:] for node in each.nodes}
        for node in within & set(lane.nodes):  # the lane within says more
            process.listed[node].remove(lane)
