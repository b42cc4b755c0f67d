"""Writes the drawing of a process into its BPMN file (BPMN DI), for bpmn.io and Camunda Modeler."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lxml import etree

from logs.problems import InputError, Problem
from reference_models.bpmn import compile_bpmn
from reference_models.lane_grid import Box, LaneGrid, Point, lane_grid
from reference_models.message_lines import Message, message_lines

_MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_DD = "http://www.omg.org/spec/DD/20100524/DI"
_LEFT, _TOP, _POOL_NAME = 160.0, 80.0, 30.0
_GAP, _TRACK = 40.0, 14.0
"""Between two pools: its height without messages, and what each message adds."""
_SHOWN = (
    *("participant", "lane", "ask", "Event", "Gateway", "ubProcess", "transaction", "callActivity"),
    *("sequenceFlow", "messageFlow"),
)
"""How the names of elements end that have a shape or an edge."""
_HOLDS = ("ubProcess", "transaction")
"""How the names of elements end that hold others: the grid would draw these outside of them."""


def with_diagram(path: Path) -> bytes:
    """The BPMN file with its drawing replaced by a lane grid per pool.

    Only the drawing changes: pools, lanes, nodes and flows get shapes and waypoints. Pools lie below each
    other in the order of the file, messages run through the gap between two neighbours. A process with
    lanes must lie in a pool, as the modelling tools ask for. Raises InputError for a file that cannot be
    compiled, and for one with elements that the drawing has no place for: what subprocesses hold, pools
    without a process, messages past a pool or through a node, lanes of lanes.
    """
    root = etree.parse(str(path), etree.XMLParser(remove_blank_text=True, resolve_entities=False)).getroot()
    for old in root.findall(f"{{{_DI}}}BPMNDiagram"):
        root.remove(old)
    pools = [pool for pool in root.iter(f"{{{_MODEL}}}participant") if pool.get("processRef")]
    drawings = [_drawing(path, root, pool, len(pools)) for pool in pools or [None]]
    owner = root.find(f"{{{_MODEL}}}collaboration" if pools else f"{{{_MODEL}}}process")
    diagram = etree.SubElement(root, f"{{{_DI}}}BPMNDiagram", id="diagram")
    plane = etree.SubElement(diagram, f"{{{_DI}}}BPMNPlane", id="plane", bpmnElement=owner.get("id"))
    width = max(each.grid.width for each in drawings)
    messages = _messages(root)
    top = 0.0
    for number, each in enumerate(drawings):
        if number:
            top += _between(plane, drawings[number - 1].grid, each.grid, messages, top)
        if each.pool:
            box = Box(-_POOL_NAME, top, width + _POOL_NAME, each.grid.height)
            _shape(plane, each.pool, box, isHorizontal="true")
        _draw(plane, each, top, width)
    if undrawn := list(_undrawn(root, plane, path)):
        raise InputError(undrawn)
    etree.indent(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


@dataclass(frozen=True)
class _Drawing:
    """One process, laid out."""

    pool: str
    """Id of its pool; '' where it lies in none."""
    grid: LaneGrid
    lanes: bool


def _drawing(path: Path, root: Any, pool: Any, pools: int) -> _Drawing:
    """Lay out the process of one pool: of several, it is compiled as if it were the audited one."""
    source: Path | bytes = path
    if pools > 1:
        copy = deepcopy(root)
        for process in copy.iter(f"{{{_MODEL}}}process"):
            process.set("isExecutable", str(process.get("id") == pool.get("processRef")).lower())
        source = etree.tostring(copy)
    diagram = compile_bpmn(source, str(path)).diagram
    return _Drawing("" if pool is None else pool.get("id"), lane_grid(diagram), bool(diagram.lanes))


def _messages(root: Any) -> list[Message]:
    flows = root.iter(f"{{{_MODEL}}}messageFlow")
    return [Message(each.get("id"), each.get("sourceRef"), each.get("targetRef")) for each in flows]


def _between(plane: Any, upper: LaneGrid, lower: LaneGrid, messages: list[Message], top: float) -> float:
    """Draw the messages between two pools, of which the upper begins at `top`; returns how far down the
    lower one begins."""
    mine = [each for each in messages if _joins(each, upper, lower) or _joins(each, lower, upper)]
    gap = _GAP + _TRACK * len(mine)
    for id, points in message_lines(upper, lower, mine, gap).items():
        _edge(plane, id, points, top)
    return upper.height + gap


def _joins(message: Message, one: LaneGrid, other: LaneGrid) -> bool:
    return message.source in one.nodes and message.target in other.nodes


def _undrawn(root: Any, plane: Any, path: Path) -> Iterator[Problem]:
    """Elements that the drawing leaves out or tears apart: a drawing with gaps is worse than none."""
    drawn = {each.get("bpmnElement") for each in plane}
    named = {each.get("id") for each in root.iter(f"{{{_MODEL}}}*")}
    mend = "draw it in bpmn.io or Camunda Modeler"
    for element in root.iter(f"{{{_MODEL}}}*"):
        kind = etree.QName(element).localname
        inside = etree.QName(element.getparent()).localname if element.getparent() is not None else ""
        if kind.endswith(_SHOWN) and (element.get("id") not in drawn or inside.endswith(_HOLDS)):
            what = f"'{element.get('id')}' ({kind}) has no place in the lane grid"
            yield Problem(what, str(path), element.sourceline, mend)
    for id in sorted(drawn - named):
        if "→" not in id:  # the grid's own line into what a subprocess holds, told above
            yield Problem(
                f"'{id}' is of another file and has no place in the lane grid", str(path), None, mend
            )


def write_diagram(path: Path) -> None:
    """Replace the drawing in a BPMN file in place; see `with_diagram`."""
    data = with_diagram(path)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def _draw(plane: Any, drawing: _Drawing, top: float, width: float) -> None:
    """Shapes and edges of a process whose grid begins `top` pixels down; lanes as wide as the widest."""
    for lane in drawing.grid.lanes if drawing.lanes else ():
        _shape(plane, lane.role, Box(lane.x, lane.y + top, width, lane.height), isHorizontal="true")
    for node, box in drawing.grid.nodes.items():
        _shape(plane, node, replace(box, y=box.y + top))
    for flow, points in drawing.grid.edges.items():
        edge = _edge(plane, flow, points, top)
        if flow in drawing.grid.labels:
            label = drawing.grid.labels[flow]
            _bounds(etree.SubElement(edge, f"{{{_DI}}}BPMNLabel"), replace(label, y=label.y + top))


def _edge(plane: Any, flow: str, points: tuple[Point, ...], top: float) -> Any:
    edge = etree.SubElement(plane, f"{{{_DI}}}BPMNEdge", id=f"{flow}_di", bpmnElement=flow)
    for x, y in points:
        etree.SubElement(edge, f"{{{_DD}}}waypoint", x=_number(x + _LEFT), y=_number(y + top + _TOP))
    return edge


def _shape(plane: Any, element: str, box: Box, **attributes: str) -> None:
    shape = etree.SubElement(
        plane, f"{{{_DI}}}BPMNShape", id=f"{element}_di", bpmnElement=element, **attributes
    )
    _bounds(shape, box)


def _bounds(parent: Any, box: Box) -> None:
    etree.SubElement(
        parent,
        f"{{{_DC}}}Bounds",
        x=_number(box.x + _LEFT),
        y=_number(box.y + _TOP),
        width=_number(box.width),
        height=_number(box.height),
    )


def _number(value: float) -> str:
    return f"{value:g}"
