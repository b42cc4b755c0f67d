"""Which of several processes in a file is the process: pools, message flows and how to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reference_models.bpmn.elements import TASKS
from reference_models.bpmn.event_reader import EVENTS
from reference_models.bpmn.reading import NO_FLOW, Reading, local, name_of, parts, text_of
from reference_models.xml_files import tag

_HOW_TO_CHOOSE = "set isExecutable='true' on the process that is audited, and 'false' on the others"


def the_process(reading: Reading) -> Any | None:
    """The process that the file is about; the others are outside parties, or called by it.

    It is the only one that holds flow nodes and is not called by another one; among several, the only one
    that is marked as executable. Otherwise nothing is chosen, and a problem says between which. Pools
    without a process, and processes not chosen, are outside parties: their content is not read.
    """
    processes = [each for each in parts(reading.root) if tag(each) == "process"]
    pools = _pools(reading)
    called = {local(each.get("calledElement")) for each in reading.root.iter("{*}callActivity")}
    drawn = [each for each in processes if any(map(_is_flow_node, parts(each)))]
    top = [each for each in drawn if each.get("id") not in called] or drawn[:1]
    marked = [each for each in top if each.get("isExecutable") in ("true", "1")]
    chosen = next((found[0] for found in (top, marked) if len(found) == 1), None)
    if not processes:
        what = "there is no process in the file"
        reading.problem(what, reading.root.sourceline, "export the diagram as BPMN 2.0 XML")
    elif chosen is None and not drawn:
        chosen = processes[0]
    elif chosen is None:
        told = ", ".join(f"'{each.get('id')}'{pools.get(each.get('id'), '')}" for each in top)
        what = f"it is not decided which of {len(top)} processes is the one: {told}"
        reading.problem(what, top[1].sourceline, _HOW_TO_CHOOSE)
    return chosen


def check_messages(process: Any, reading: Reading) -> None:
    """Refuse message flows within the process, and those with an end that is not there."""
    flows = [each for each in _of_collaborations(reading) if tag(each) == "messageFlow"]
    inside = {each.get("id") for each in process.iter("{*}*")} if flows else set()
    for flow in flows:
        ends = [local(flow.get(end)) for end in ("sourceRef", "targetRef")]
        for end in ends:
            if end not in reading.ids:
                reading.refuse(flow, f"no element '{end}'", "draw the message flow again")
        if inside.issuperset(ends):
            mend = "draw a sequence flow: messages go between pools"
            reading.refuse(flow, "a message flow within one pool", mend)


def message_flows(root: Any) -> Iterator[tuple[str, str, str, str]]:
    """(id, source, target, name) of the message flows of a file."""
    for each in root.iter("{*}messageFlow"):
        yield each.get("id", ""), local(each.get("sourceRef")), local(each.get("targetRef")), name_of(each)


def _pools(reading: Reading) -> Mapping[str, str]:
    """Process id → how its pool is told."""
    told: dict[str, str] = {}
    processes = {each.get("id") for each in parts(reading.root) if tag(each) == "process"}
    for element in _of_collaborations(reading):
        if tag(element) != "participant":
            continue
        process = local(element.get("processRef"))
        if process and process not in processes:
            reading.refuse(element, f"no process '{process}'", "draw the pool again")
        told[process] = f" (pool '{name_of(element) or element.get('id')}')"
    return told


def _of_collaborations(reading: Reading) -> Iterator[Any]:
    allowed = {"participant", "messageFlow", "messageFlowAssociation", "participantAssociation"}
    for collaboration in parts(reading.root):
        if tag(collaboration) != "collaboration":
            continue
        for element in parts(collaboration):
            if tag(element) in allowed:
                yield element
            elif tag(element) not in NO_FLOW:
                what = f"{tag(element)} '{element.get('id', '')}': not supported inside a collaboration"
                if not any(each.what == what for each in reading.problems):
                    reading.problem(what, element.sourceline, "draw pools and message flows only")


def _is_flow_node(element: Any) -> bool:
    name = tag(element)
    return name in TASKS | EVENTS or name.endswith(("Gateway", "ubProcess", "callActivity", "transaction"))


def process_ids(reading: Reading) -> dict[str, Any]:
    """The processes of a file by id."""
    return {each.get("id", ""): each for each in parts(reading.root) if tag(each) == "process"}


def lane_nodes(lane: Any) -> tuple[str, ...]:
    """Ids of the flow nodes that a lane names itself."""
    return tuple(text_of(child) for child in parts(lane) if tag(child) == "flowNodeRef")
