"""Where the nodes and edges of a process lie when it is drawn as swimlanes: columns by rank, bands by lane.

Edges run on horizontal tracks within the lanes and on vertical buses in the channels between the columns,
so that none crosses a node. Buses are ordered so that no two lines run along each other unless they share
an end; only where the wishes of several lines form a circle, one of them gives way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise

from reference_models.model import Diagram, FlowNode, SequenceFlow

_TASK, _GATEWAY, _TIMER = (112.0, 68.0), (50.0, 50.0), (36.0, 36.0)
SIZES = {
    **dict.fromkeys(("task", "subProcess", "callActivity"), _TASK),
    **dict.fromkeys(("startEvent", "endEvent", "boundaryEvent"), _TIMER),
    **dict.fromkeys(("intermediateCatchEvent", "intermediateThrowEvent"), _TIMER),
}
_HEADER, _PADDING, _MARGIN = 30.0, 10.0, 14.0
_EDGE_TRACK, _BUS = 16.0, 12.0
_LABEL, _LETTER = 18.0, 12.0
_BELOW_TIMER = 12.0
_NEAR = 3.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle; x and y are its upper left corner, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class LaneBand:
    """The band of a lane, from the left edge of the drawing to the right."""

    role: str
    """Role id; '' where the process has no lanes."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class LaneGrid:
    """A drawing of a process."""

    width: float
    height: float
    lanes: tuple[LaneBand, ...]
    """From top to bottom; the leftmost 30 pixels of a band are free for its name."""
    nodes: Mapping[str, Box]
    """By node id; boundary timers sit on the lower edge of their task."""
    edges: Mapping[str, tuple[Point, ...]]
    """By flow id: waypoints of an orthogonal line from source to target."""
    labels: Mapping[str, Box]
    """By flow id: where the name of a flow fits, near its target, for flows that have one."""


def lane_grid(diagram: Diagram) -> LaneGrid:
    """Lay a process out in lanes: longest-path ranks from left to right, a band per lane.

    The same diagram always gives the same drawing.
    """
    grid = _Grid(diagram)
    _place_nodes(grid)
    _place_edges(grid)
    return _drawn(grid)


@dataclass
class _Track:
    """A horizontal line of a lane, on which a rank holds one node or one edge."""

    height: float
    taken: set[int] = field(default_factory=set)
    y: float = 0.0
    """Its middle."""


@dataclass
class _Lane:
    """Tracks from top to bottom: edges, nodes, edges."""

    above: list[_Track] = field(default_factory=list)
    nodes: list[_Track] = field(default_factory=list)
    below: list[_Track] = field(default_factory=list)


@dataclass(frozen=True)
class _Bus:
    """A vertical line in the channel to the right of a rank: that of all edges out of, or into, one node."""

    channel: int
    side: str
    node: str


@dataclass
class _Route:
    """The way of an edge: out bus, track, in bus, each only where it is needed."""

    flow: SequenceFlow
    out: _Bus | None
    track: _Track | None
    into: _Bus | None


class _Grid:
    """What is known of the drawing so far."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.nodes: dict[str, FlowNode] = {node.id: node for node in diagram.nodes}
        self.rank = _ranks(diagram)
        self.lane_names = diagram.lanes or ("",)
        self.lanes = {name: _Lane() for name in self.lane_names}
        self.lane_of = _lane_of(diagram, self.rank, self.lane_names)
        self.track_of: dict[str, _Track] = {}
        self.routes: list[_Route] = []

    def host(self, node: str) -> str:
        """The node itself, or the task that a boundary timer sits on."""
        return self.nodes[node].attached_to or node

    def timers_on(self, node: str) -> list[str]:
        return [each.id for each in self.diagram.nodes if each.attached_to == node]

    def order(self, node: str) -> int:
        """Position of the node's lane from the top."""
        return self.lane_names.index(self.lane_of[self.host(node)])


def _ranks(diagram: Diagram) -> dict[str, int]:
    """Longest path from the start without edges that close a cycle; a timer has the rank of its task. What a
    message reaches is not before its sender."""
    host = {node.id: node.attached_to or node.id for node in diagram.nodes}
    after: defaultdict[str, list[str]] = defaultdict(list)
    for flow in diagram.flows:
        after[host[flow.source]].append(flow.target)
    ends = [(each.source, each.target) for each in diagram.messages]
    messages = {(host[one], host[other]) for one, other in ends if one in host and other in host}
    for one, other in sorted(messages):
        after[one].append(other)
    placed = [node.id for node in diagram.nodes if node.attached_to is None]
    starts = [node.id for node in diagram.nodes if node.kind == "startEvent"]
    backward = _closing_edges([*starts, *placed], after)
    rank = dict.fromkeys(placed, 0)
    for _ in placed:
        for source in placed:
            for target in after[source]:
                if (source, target) not in backward:
                    step = 0 if (source, target) in messages else 1
                    rank[target] = max(rank[target], rank[source] + step)
    return {node: rank[host[node]] for node in host}


def _closing_edges(starts: list[str], after: Mapping[str, list[str]]) -> set[tuple[str, str]]:
    closing: set[tuple[str, str]] = set()
    state: dict[str, str] = {}
    for start in starts:
        stack = [(start, iter(after.get(start, ())))] if start not in state else []
        state.setdefault(start, "open")
        while stack:
            node, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                state[node] = "done"
                stack.pop()
            elif state.get(target) == "open":
                closing.add((node, target))
            elif target not in state:
                state[target] = "open"
                stack.append((target, iter(after.get(target, ()))))
    return closing


def _lane_of(diagram: Diagram, rank: Mapping[str, int], lanes: tuple[str, ...]) -> dict[str, str]:
    """The lane of each node; a node that lies in none goes with the node before it."""
    lane_of = {node.id: node.role for node in diagram.nodes if node.role in lanes}
    for node in sorted(diagram.nodes, key=lambda each: rank[each.id]):
        if node.id not in lane_of:
            before = (flow.source for flow in diagram.flows if flow.target == node.id)
            lane_of[node.id] = next((lane_of[each] for each in before if each in lane_of), lanes[0])
    return {node: lane or lanes[0] for node, lane in lane_of.items()}


def _place_nodes(grid: _Grid) -> None:
    nodes = [node for node in grid.diagram.nodes if node.attached_to is None]
    for node in sorted(nodes, key=lambda each: grid.rank[each.id]):
        lane, rank = grid.lanes[grid.lane_of[node.id]], grid.rank[node.id]
        before = [grid.host(flow.source) for flow in grid.diagram.flows if flow.target == node.id]
        wished = [
            grid.track_of[each]
            for each in before
            if each in grid.track_of and grid.lane_of[each] == grid.lane_of[node.id]
        ]
        track = next((each for each in (*wished, *lane.nodes) if rank not in each.taken), None)
        if track is None:
            track = _Track(0.0)
            lane.nodes.append(track)
        track.taken.add(rank)
        track.height = max(track.height, _height(grid, node.id))
        grid.track_of[node.id] = track


def _size(node: FlowNode) -> tuple[float, float]:
    if node.kind in ("intermediateTimer", "boundaryTimer"):
        return _TIMER
    return SIZES.get(node.kind, _GATEWAY)


def _height(grid: _Grid, node_id: str) -> float:
    """Height of a track that holds the node in its middle, with what hangs below it."""
    node = grid.nodes[node_id]
    label = _LABEL if node.kind != "task" and node.name else 0.0
    timers = len(grid.timers_on(node_id))
    hanging = _TIMER[1] / 2 + _BELOW_TIMER * (timers + 1) if timers else 0.0
    return _size(node)[1] + 2 * (_MARGIN + max(label, hanging))


def _place_edges(grid: _Grid) -> None:
    def span(flow: SequenceFlow) -> tuple[bool, int]:
        steps = grid.rank[flow.target] - grid.rank[flow.source]
        return steps < 1, abs(steps)

    for flow in sorted(grid.diagram.flows, key=span):
        track = _track_for(grid, flow)
        level = grid.track_of[grid.host(flow.source)]
        timer = grid.nodes[flow.source].attached_to is not None
        target = grid.track_of[flow.target]
        first, last = grid.rank[flow.source], grid.rank[flow.target] - 1
        turns_out = timer or level is not (track or target)
        out = _Bus(first, "out", flow.source) if turns_out else None
        into = _Bus(last, "in", flow.target) if track is not None and track is not target else None
        grid.routes.append(_Route(flow, out, track, into))


def _track_for(grid: _Grid, flow: SequenceFlow) -> _Track | None:
    """A free track past the columns between source and target; None where they are neighbours."""
    first, last = grid.rank[flow.source], grid.rank[flow.target]
    forward = last > first
    passed = set(range(first + 1, last)) if forward else set(range(last, first + 1))
    if not passed:
        return None
    lane = grid.lanes[grid.lane_of[flow.target]]
    straight = [grid.track_of[flow.target]]
    if grid.nodes[flow.source].attached_to is None:
        straight.insert(0, grid.track_of[flow.source])
    from_above = grid.order(flow.source) < grid.order(flow.target) or not forward
    own = lane.above if from_above else lane.below
    usable: list[_Track] = [*(straight if forward else ()), *own]
    for track in usable:
        if not passed & track.taken:
            track.taken |= passed
            return track
    track = _Track(_EDGE_TRACK, set(passed))
    own.insert(0 if from_above else len(own), track)
    return track


def _drawn(grid: _Grid) -> LaneGrid:
    bands, height = _bands(grid)
    buses, columns, width = _columns(grid)
    nodes = _boxes(grid, columns)
    edges = {route.flow.id: _line(grid, route, nodes, buses) for route in grid.routes}
    lanes = tuple(LaneBand(name, 0.0, top, width, bottom - top) for name, top, bottom in bands)
    in_order = {flow.id: edges[flow.id] for flow in grid.diagram.flows}
    lines = list(chain.from_iterable(pairwise(line) for line in edges.values()))
    labels = {
        flow.id: _clear(_labels(flow, edges[flow.id], nodes), lines)
        for flow in grid.diagram.flows
        if flow.name
    }
    return LaneGrid(width, height, lanes, nodes, in_order, labels)


def _bands(grid: _Grid) -> tuple[list[tuple[str, float, float]], float]:
    bands, y = [], 0.0
    for name, lane in grid.lanes.items():
        top = y
        y += _PADDING
        if not lane.nodes:
            lane.nodes.append(_Track(SIZES["task"][1]))
        for track in (*lane.above, *lane.nodes, *lane.below):
            track.y = y + track.height / 2
            y += track.height
        y += _PADDING
        bands.append((name, top, y))
    return bands, y


def _columns(grid: _Grid) -> tuple[dict[_Bus, float], dict[int, float], float]:
    """x of every bus, x of the middle of every column, and the width of the drawing."""
    buses: dict[_Bus, float] = {}
    columns: dict[int, float] = {}
    x = _HEADER + _PADDING
    for rank in range(-1, max(grid.rank.values(), default=0) + 1):
        if rank >= 0:
            widths = [_size(node)[0] for node in grid.nodes.values() if grid.rank[node.id] == rank]
            columns[rank] = x + max(widths) / 2
            x += max(widths)
        ordered = _ordered_buses(grid, rank)
        if ordered or rank >= 0:
            x += _MARGIN
        for bus in ordered:
            buses[bus] = x
            x += _BUS
        x += _MARGIN if rank >= 0 or ordered else 0.0
    return buses, columns, x


def _ordered_buses(grid: _Grid, channel: int) -> list[_Bus]:
    """Buses of a channel from left to right: on each level, lines that come in end before others begin."""
    comes: defaultdict[_Bus, set[float]] = defaultdict(set)
    goes: defaultdict[_Bus, set[float]] = defaultdict(set)
    for route in grid.routes:
        target = grid.track_of[route.flow.target].y
        if route.out and route.out.channel == channel:
            comes[route.out].add(_leaving(grid, route.flow.source))
            goes[route.out].add(route.track.y if route.track else target)
        if route.into and route.into.channel == channel and route.track:
            comes[route.into].add(route.track.y)
            goes[route.into].add(target)
    waiting = sorted(comes, key=lambda bus: (bus.side == "in", min(comes[bus]), bus.node))
    ordered: list[_Bus] = []
    while waiting:
        free = (
            bus
            for bus in waiting
            if not any(comes[other] & goes[bus] for other in waiting if other is not bus)
        )
        chosen = next(free, waiting[0])
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered


def _leaving(grid: _Grid, source: str) -> float:
    """The level at which edges leave a node for the channel."""
    host = grid.host(source)
    track = grid.track_of[host]
    if host == source:
        return track.y
    hanging = SIZES["task"][1] / 2 + _TIMER[1] / 2
    return track.y + hanging + _BELOW_TIMER * (grid.timers_on(host).index(source) + 1)


def _boxes(grid: _Grid, columns: Mapping[int, float]) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for node in grid.diagram.nodes:
        width, height = _size(node)
        x, y = columns[grid.rank[node.id]], grid.track_of[grid.host(node.id)].y
        if node.attached_to is not None:
            at = grid.timers_on(node.attached_to).index(node.id)
            x += SIZES["task"][0] / 2 - width / 2 - 6 - at * (width + 4)
            y += SIZES["task"][1] / 2
        boxes[node.id] = Box(x - width / 2, y - height / 2, width, height)
    return boxes


def _line(
    grid: _Grid, route: _Route, nodes: Mapping[str, Box], buses: Mapping[_Bus, float]
) -> tuple[Point, ...]:
    source, target = nodes[route.flow.source], nodes[route.flow.target]
    level, arrival = _leaving(grid, route.flow.source), target.middle[1]
    hangs = grid.nodes[route.flow.source].attached_to is not None
    points = [(source.middle[0], source.y + source.height)] if hangs else [(source.x + source.width, level)]
    if hangs:
        points.append((source.middle[0], level))
    passing = route.track.y if route.track else arrival
    if route.out:
        points += [(buses[route.out], level), (buses[route.out], passing)]
    if route.into:
        points += [(buses[route.into], passing), (buses[route.into], arrival)]
    points.append((target.x, arrival))
    return tuple(_without_repeats(points))


def _labels(flow: SequenceFlow, points: tuple[Point, ...], nodes: Mapping[str, Box]) -> tuple[Box, Box]:
    """Where a name may stand, best first: beside the last vertical stretch, clear of the target; of a line
    that is straight above it, or else below."""
    width = _LETTER * len(flow.name)
    (x, arrival), (before, _) = points[-1], points[-2]
    if len(points) < 4:
        left = (points[0][0] + x - width) / 2
        return Box(left, arrival - _LABEL, width, _LABEL - 4), Box(left, arrival + 4, width, _LABEL - 4)
    half = nodes[flow.target].height / 2
    above, below = arrival - half - _LABEL, arrival + half + 4
    first, second = (above, below) if points[-3][1] < arrival else (below, above)
    return Box(before + 4, first, width, _LABEL - 4), Box(before + 4, second, width, _LABEL - 4)


def _clear(places: tuple[Box, ...], lines: list[tuple[Point, Point]]) -> Box:
    """The first place that no line crosses, or else the first."""
    return next((box for box in places if not any(_crosses(line, box) for line in lines)), places[0])


def _crosses(line: tuple[Point, Point], box: Box) -> bool:
    """Whether a horizontal or vertical line passes through a box, or so near that they seem to touch."""
    (x1, y1), (x2, y2) = line
    beside = max(x1, x2) <= box.x - _NEAR or min(x1, x2) >= box.x + box.width + _NEAR
    return not beside and max(y1, y2) > box.y and min(y1, y2) < box.y + box.height


def _without_repeats(points: list[Point]) -> list[Point]:
    """Leave out points that are equal to the one before, or lie on a straight line."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return kept
