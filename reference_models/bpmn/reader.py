"""BPMN 2.0 XML to plain elements; what is not compiled is refused by element id and reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from logs.problems import InputError, Problem
from reference_models.bpmn.elements import TASKS, Definition, Flow, Lane, Node

_MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

_NO_FLOW = frozenset(
    {
        "association",
        "auditing",
        "dataInputAssociation",
        "dataObject",
        "dataObjectReference",
        "dataOutputAssociation",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "group",
        "humanPerformer",
        "incoming",
        "ioSpecification",
        "monitoring",
        "outgoing",
        "performer",
        "potentialOwner",
        "property",
        "rendering",
        "resourceRole",
        "script",
        "supportedInterfaceRef",
        "textAnnotation",
    }
)
"""Elements that say nothing about the flow of tokens, and so may be left unread."""


_REFUSED = {
    "subProcess": "subprocesses are not supported yet",
    "adHocSubProcess": "ad-hoc subprocesses are not supported",
    "transaction": "transactions are not supported",
    "callActivity": "call activities are not supported yet",
    "inclusiveGateway": "inclusive gateways are not supported yet",
    "complexGateway": "complex gateways are not supported",
    "eventBasedGateway": "event-based gateways are not supported yet",
    "intermediateThrowEvent": "intermediate throw events are not supported yet",
}


@dataclass
class _Reading:
    """What has been read so far, with every mistake."""

    file: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, line: int | None, mend: str) -> None:
        self.problems.append(Problem(what, self.file, line, mend))

    def refuse(self, element: Any, reason: str, mend: str = "") -> None:
        mend = mend or "draw it with tasks, exclusive and parallel gateways, plain ends and timers"
        self.problem(f"{_tag(element)} '{element.get('id', '')}': {reason}", element.sourceline, mend)


def read_bpmn(source: Path | bytes, file: str) -> tuple[Definition, tuple[Problem, ...]]:
    """Read one BPMN 2.0 process.

    source: a file or its bytes; file: its name for messages.
    Returns the process as drawn and all problems found in it (the process is only to be used if there
    are none). Raises InputError where the file is not BPMN 2.0 XML at all, or carries a DOCTYPE.
    Elements and attributes after the OMG specification BPMN 2.0.2 (formal/2013-12-09).
    """
    root = _parse(source, file)
    reading = _Reading(file)
    for element in _children(root):
        if _tag(element) == "collaboration":
            _read_collaboration(element, reading)
    processes = [element for element in _children(root) if _tag(element) == "process"]
    if not processes:
        reading.problem(
            "there is no process in the file", root.sourceline, "export the diagram as BPMN 2.0 XML"
        )
    for process in processes[:1]:
        _read_process(process, reading)
    for process in processes[1:]:
        reading.refuse(process, "a second process is not supported yet", "keep one process per file")
    _check_ids(root, reading)
    name = processes[0].get("name") or processes[0].get("id", "") if processes else ""
    definition = Definition(name, reading.nodes, tuple(reading.flows), tuple(reading.lanes))
    return definition, tuple(reading.problems)


def _parse(source: Path | bytes, file: str) -> Any:
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
    except FileNotFoundError:
        raise InputError(Problem("no such file", file, None, "put the process diagram there")) from None
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", file, None, "check the file")) from None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        raise InputError(
            Problem(f"not well-formed XML: {error.msg}", file, line, "export the diagram again")
        ) from None
    if root.getroottree().docinfo.doctype:
        raise InputError(
            Problem("a DOCTYPE is refused: it could define entities", file, 1, "remove the DOCTYPE line")
        )
    if root.tag != f"{_MODEL}definitions":
        raise InputError(
            Problem(
                f"not a BPMN 2.0 file: it begins with '{root.tag}'",
                file,
                root.sourceline,
                "export as BPMN 2.0 XML",
            )
        )
    return root


def _read_collaboration(collaboration: Any, reading: _Reading) -> None:
    participants = 0
    for element in _children(collaboration):
        tag = _tag(element)
        if tag == "participant":
            participants += 1
            if participants > 1 or not element.get("processRef"):
                reading.refuse(
                    element, "a second or empty pool is not supported yet", "keep one pool with its process"
                )
        elif tag == "messageFlow":
            reading.refuse(
                element, "message flows are not supported yet", "leave the other pool out of the file"
            )
        elif tag not in _NO_FLOW:
            reading.refuse(element, "not supported inside a collaboration")


def _read_process(process: Any, reading: _Reading) -> None:
    flows: list[Any] = []
    lane_sets: list[Any] = []
    for element in _children(process):
        tag = _tag(element)
        if tag == "sequenceFlow":
            flows.append(element)
        elif tag == "laneSet":
            lane_sets.append(element)
        elif tag not in _NO_FLOW:
            _read_node(element, reading)
    for element in flows:
        _read_flow(element, reading)
    for element in lane_sets[1:]:
        reading.refuse(element, "a second lane set is not supported", "put all lanes into one set")
    for element in lane_sets[:1]:
        _read_lanes(element, reading)
    _check_nodes(process, reading)


def _read_node(element: Any, reading: _Reading) -> None:
    tag = _tag(element)
    if tag in TASKS:
        _read_task(element, reading)
    elif tag in ("startEvent", "endEvent"):
        for definition in _event_definitions(element):
            reading.refuse(element, f"{_tag(definition)} is not supported here yet", "use a plain event")
        _add(element, tag, reading)
    elif tag in ("exclusiveGateway", "parallelGateway"):
        _add(element, tag, reading)
    elif tag in ("intermediateCatchEvent", "boundaryEvent"):
        _read_timer(element, reading)
    else:
        reading.refuse(element, _REFUSED.get(tag, "this element is not supported"))


def _read_task(element: Any, reading: _Reading) -> None:
    for child in _children(element):
        if _tag(child) in ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
            reading.refuse(
                element, f"{_tag(child)} is not supported yet", "draw the loop with an exclusive gateway"
            )
        elif _tag(child) not in _NO_FLOW:
            reading.refuse(element, f"{_tag(child)} inside a task is not supported")
    if element.get("isForCompensation") == "true":
        reading.refuse(element, "compensation is not supported")
    if element.get("instantiate") == "true":
        reading.refuse(
            element, "a receive task that starts the process is not supported", "use a start event"
        )
    if element.get("default"):
        reading.refuse(
            element, "a default flow out of a task is not supported", "put an exclusive gateway after it"
        )
    for quantity in ("startQuantity", "completionQuantity"):
        if element.get(quantity, "1") != "1":
            reading.refuse(element, f"{quantity} other than 1 is not supported")
    _add(element, "task", reading)


def _read_timer(element: Any, reading: _Reading) -> None:
    definitions = list(_event_definitions(element))
    if [_tag(each) for each in definitions] != ["timerEventDefinition"]:
        found = ", ".join(_tag(each) for each in definitions) or "no trigger"
        reading.refuse(element, f"only a timer is supported as its trigger, it has {found}")
    boundary = _tag(element) == "boundaryEvent"
    interrupting = boundary and element.get("cancelActivity", "true") == "true"
    duration = ""
    for each in definitions:
        for timing in _children(each):
            duration = (timing.text or "").strip()
            if _tag(timing) == "timeCycle":
                reading.refuse(element, "a repeating timer (timeCycle) is not supported", "use timeDuration")
    kind = "boundaryTimer" if boundary else "intermediateTimer"
    _add(element, kind, reading, element.get("attachedToRef") if boundary else None, interrupting, duration)


def _event_definitions(element: Any) -> Iterator[Any]:
    for child in _children(element):
        if _tag(child).endswith(("EventDefinition", "eventDefinitionRef")):
            yield child


def _add(
    element: Any,
    kind: str,
    reading: _Reading,
    attached_to: str | None = None,
    interrupting: bool = False,
    duration: str = "",
) -> None:
    node_id = element.get("id", "")
    if not node_id:
        reading.problem(f"a {_tag(element)} has no id", element.sourceline, "give it an id")
        return
    name = " ".join((element.get("name") or "").split())
    reading.nodes[node_id] = Node(
        node_id, kind, name, element.sourceline, attached_to, interrupting, duration
    )


def _read_flow(element: Any, reading: _Reading) -> None:
    source, target = element.get("sourceRef", ""), element.get("targetRef", "")
    if not element.get("id"):
        reading.problem("a sequenceFlow has no id", element.sourceline, "give it an id")
        return
    conditional = any(_tag(child) == "conditionExpression" for child in _children(element))
    node = reading.nodes.get(source)
    if conditional and node and node.kind != "exclusiveGateway":
        reading.refuse(
            element,
            "a condition on a flow that leaves no gateway is not supported",
            "put an exclusive gateway before it",
        )
    name = " ".join((element.get("name") or "").split())
    reading.flows.append(Flow(element.get("id"), source, target, name, element.sourceline))


def _read_lanes(lane_set: Any, reading: _Reading) -> None:
    for lane in _children(lane_set):
        if _tag(lane) != "lane":
            continue
        nodes = []
        for child in _children(lane):
            if _tag(child) == "flowNodeRef":
                nodes.append((child.text or "").strip())
            elif _tag(child) == "childLaneSet":
                reading.refuse(lane, "lanes inside lanes are not supported yet", "draw one level of lanes")
        name = " ".join((lane.get("name") or "").split())
        reading.lanes.append(Lane(lane.get("id", ""), name, tuple(nodes), lane.sourceline))


def _check_nodes(process: Any, reading: _Reading) -> None:
    nodes, known = reading.nodes, set(reading.nodes)
    refused = {element.get("id") for element in _children(process)} - known
    for flow in reading.flows:
        for end in (flow.source, flow.target):
            if end not in known and end not in refused:
                reading.problem(
                    f"sequenceFlow '{flow.id}': no element '{end}'", flow.line, "draw the flow again"
                )
    starts = [node for node in nodes.values() if node.kind == "startEvent"]
    if len(starts) != 1:
        reading.problem(
            f"a process needs exactly one start event, this has {len(starts)}",
            starts[1].line if starts else process.sourceline,
            "draw one plain start event",
        )
    for node in nodes.values():
        _check_ends(node, reading)
    if not reading.problems and not any(node.kind == "task" for node in nodes.values()):
        reading.problem("the process has no task", process.sourceline, "draw its tasks")
    _check_lanes(reading, refused)


def _check_ends(node: Node, reading: _Reading) -> None:
    into = any(flow.target == node.id for flow in reading.flows)
    out = any(flow.source == node.id for flow in reading.flows)
    begins = node.kind in ("startEvent", "boundaryTimer")
    if begins and into:
        reading.problem(f"{node.kind} '{node.id}': a flow enters it", node.line, "let no flow end there")
    if not begins and not into:
        reading.problem(
            f"{node.kind} '{node.id}': no flow enters it", node.line, "draw a flow into it, or remove it"
        )
    if node.kind == "endEvent" and out:
        reading.problem(f"endEvent '{node.id}': a flow leaves it", node.line, "let no flow begin there")
    if node.kind != "endEvent" and not out:
        reading.problem(
            f"{node.kind} '{node.id}': no flow leaves it",
            node.line,
            "draw a flow to the next step or an end event",
        )
    if node.kind == "boundaryTimer":
        host = reading.nodes.get(node.attached_to or "")
        if host is None or host.kind != "task":
            reading.problem(
                f"boundaryEvent '{node.id}': not attached to a task", node.line, "attach it to a task"
            )


def _check_lanes(reading: _Reading, refused: set[Any]) -> None:
    lane_of: dict[str, str] = {}
    for lane in reading.lanes:
        for node in lane.nodes:
            if node not in reading.nodes and node not in refused:
                reading.problem(f"lane '{lane.id}': no element '{node}'", lane.line, "remove the reference")
            if node in lane_of:
                reading.problem(
                    f"'{node}' lies in two lanes, '{lane_of[node]}' and '{lane.id}'",
                    lane.line,
                    "put it into one lane",
                )
            lane_of[node] = lane.id
    if reading.lanes:
        for task in reading.nodes.values():
            if task.kind == "task" and task.id not in lane_of:
                reading.problem(
                    f"task '{task.id}' lies in no lane", task.line, "move it into the lane of its role"
                )


def _check_ids(root: Any, reading: _Reading) -> None:
    seen: dict[str, int | None] = {}
    for element in root.iter():
        if not isinstance(element.tag, str) or not element.tag.startswith(_MODEL):
            continue
        identifier = element.get("id")
        if identifier and identifier in seen:
            reading.problem(
                f"id '{identifier}' is given twice",
                element.sourceline,
                f"it stands on line {seen[identifier]} already",
            )
        if identifier:
            seen[identifier] = element.sourceline


def _children(element: Any) -> Iterator[Any]:
    """Child elements of the BPMN model namespace; vendor extensions and drawings are passed over."""
    return (child for child in element if isinstance(child.tag, str) and child.tag.startswith(_MODEL))


def _tag(element: Any) -> str:
    return str(etree.QName(element).localname)
