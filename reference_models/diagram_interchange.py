"""Writes the drawing of a process into its BPMN file (BPMN DI), for bpmn.io and Camunda Modeler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from logs.problems import InputError, Problem
from reference_models.bpmn import compile_bpmn
from reference_models.lane_grid import Box, LaneGrid, lane_grid

_MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_DD = "http://www.omg.org/spec/DD/20100524/DI"
_LEFT, _TOP, _POOL_NAME = 160.0, 80.0, 30.0
_SHOWN = (
    *("participant", "lane", "ask", "Event", "Gateway", "ubProcess", "transaction", "callActivity"),
    *("sequenceFlow", "messageFlow"),
)
"""How the names of elements end that have a shape or an edge."""
_HOLDS = ("ubProcess", "transaction")
"""How the names of elements end that hold others: the grid would draw these outside of them."""


def with_diagram(path: Path) -> bytes:
    """The BPMN file with its drawing replaced by a lane grid.

    Only the drawing changes: pool, lanes, nodes and sequence flows get shapes and waypoints. A process
    with lanes must lie in a pool, as the modelling tools ask for. Raises InputError for a file that
    cannot be compiled, and for one with elements that the grid has no place for: what subprocesses hold,
    outside pools and their message flows, lanes of lanes.
    """
    process = compile_bpmn(path, str(path))
    grid = lane_grid(process.diagram)
    root = etree.parse(str(path), etree.XMLParser(remove_blank_text=True, resolve_entities=False)).getroot()
    for old in root.findall(f"{{{_DI}}}BPMNDiagram"):
        root.remove(old)
    pool = root.find(f".//{{{_MODEL}}}participant")
    diagram = etree.SubElement(root, f"{{{_DI}}}BPMNDiagram", id="diagram")
    owner = root.find(f"{{{_MODEL}}}collaboration" if pool is not None else f"{{{_MODEL}}}process")
    plane = etree.SubElement(diagram, f"{{{_DI}}}BPMNPlane", id="plane", bpmnElement=owner.get("id"))
    if pool is not None:
        box = Box(-_POOL_NAME, 0.0, grid.width + _POOL_NAME, grid.height)
        _shape(plane, pool.get("id"), box, isHorizontal="true")
    _draw(plane, grid, lanes=bool(process.diagram.lanes))
    if undrawn := list(_undrawn(root, plane, path)):
        raise InputError(undrawn)
    etree.indent(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


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


def _draw(plane: Any, grid: LaneGrid, *, lanes: bool) -> None:
    for lane in grid.lanes if lanes else ():
        _shape(plane, lane.role, Box(lane.x, lane.y, lane.width, lane.height), isHorizontal="true")
    for node, box in grid.nodes.items():
        _shape(plane, node, box)
    for flow, points in grid.edges.items():
        edge = etree.SubElement(plane, f"{{{_DI}}}BPMNEdge", id=f"{flow}_di", bpmnElement=flow)
        for x, y in points:
            etree.SubElement(edge, f"{{{_DD}}}waypoint", x=_number(x + _LEFT), y=_number(y + _TOP))
        if flow in grid.labels:
            _bounds(etree.SubElement(edge, f"{{{_DI}}}BPMNLabel"), grid.labels[flow])


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
