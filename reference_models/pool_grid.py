"""Pools in one drawing: their lanes below each other, in columns that keep the order of messages too."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from reference_models.lane_grid import Box, LaneGrid, Point, lane_grid
from reference_models.message_lines import Message, message_lines
from reference_models.model import Diagram, FlowNode, Pool

GAP = "~"
"""Begins the name of the empty lane between two pools."""


def whole(diagram: Diagram) -> Diagram:
    """The diagram with its partners' nodes, flows and lanes."""
    if not diagram.pools:
        return diagram
    lanes: list[str] = []
    for pool in diagram.pools:
        lanes += [f"{GAP}{pool.id}"] if lanes else []
        lanes += lanes_of(pool)
    return replace(
        diagram,
        nodes=tuple(node for pool in diagram.pools for node in _nodes(pool)),
        flows=tuple(flow for pool in diagram.pools for flow in pool.flows),
        lanes=tuple(lanes),
    )


def pool_grid(diagram: Diagram) -> LaneGrid:
    """Lay out a process with its partners, messages among the edges.

    Messages run upright through the gap between two pools. Where one finds no way there without passing a
    node, or past a pool, all are laid like sequence flows, in channels between the columns.
    """
    drawn = whole(diagram)
    grid = lane_grid(drawn)
    lines = _messages(diagram, grid)
    if len(lines) < len(diagram.messages):
        return lane_grid(replace(drawn, flows=(*drawn.flows, *diagram.messages), messages=()))
    return replace(grid, edges={**grid.edges, **lines})


def lanes_of(pool: Pool) -> tuple[str, ...]:
    """The lanes of a pool, from top to bottom; one of its own where it has none."""
    return pool.lanes or (pool.id,)


def _nodes(pool: Pool) -> tuple[FlowNode, ...]:
    """The nodes of a pool; one that lies in no lane, and that nothing leads to, lies in the first."""
    led_to = {flow.target for flow in pool.flows} if pool.lanes else set()
    return tuple(
        node if node.role or node.id in led_to else replace(node, role=lanes_of(pool)[0])
        for node in pool.nodes
    )


def _messages(diagram: Diagram, grid: LaneGrid) -> dict[str, tuple[Point, ...]]:
    """Waypoints of the messages that run between neighbours."""
    lines: dict[str, tuple[Point, ...]] = {}
    for one, other in pairwise(diagram.pools):
        (upper, begin), (lower, top) = _part(one, grid), _part(other, grid)
        own = [
            Message(each.id, each.source, each.target)
            for each in diagram.messages
            if {each.source in upper.nodes, each.target in upper.nodes} == {True, False}
            and {each.source in lower.nodes, each.target in lower.nodes} == {True, False}
        ]
        found = message_lines(upper, lower, own, top - begin - upper.height)
        lines |= {id: tuple((x, y + begin) for x, y in line) for id, line in found.items()}
    return lines


def _part(pool: Pool, grid: LaneGrid) -> tuple[LaneGrid, float]:
    """The part of a drawing that is one pool, as a drawing of its own, and where it begins."""
    bands = [lane for lane in grid.lanes if lane.role in lanes_of(pool)]
    top = bands[0].y
    height = bands[-1].y + bands[-1].height - top
    boxes = {node.id: _up(grid.nodes[node.id], top) for node in pool.nodes}
    edges = {flow.id: tuple((x, y - top) for x, y in grid.edges[flow.id]) for flow in pool.flows}
    return LaneGrid(grid.width, height, tuple(bands), boxes, edges, {}), top


def _up(box: Box, by: float) -> Box:
    return replace(box, y=box.y - by)
