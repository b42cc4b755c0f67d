"""The reference process as swimlanes, with the findings laid over tasks and handoffs.

A wide process is cut into strips between its columns, one below the other, so that it can be read on a
screen and on paper without scrolling sideways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from reference_models.lane_grid import Box, LaneBand, LaneGrid, Point
from reference_models.model import Diagram, FlowNode
from reports.svg.element import element, group
from reports.svg.width import width, wrap

STRIP = 900.0
"""Greatest width of a strip, without the names of the lanes."""

_HEADER = 92.0
_SIZE, _LINE = 11.5, 14.0
_BADGE = 11.0
_SHORT = 12.0
_EDGE = 24.0


@dataclass(frozen=True)
class Badge:
    """A mark on a task or a flow."""

    text: str
    severity: str
    """'high', 'medium', 'low', or 'undecided'."""
    href: str
    title: str


@dataclass(frozen=True)
class LaneTexts:
    """Words of the picture."""

    title: str
    role: Callable[[str], str]
    node: Callable[[FlowNode], str]


def swimlanes(
    diagram: Diagram,
    grid: LaneGrid,
    texts: LaneTexts,
    tasks: Mapping[str, Badge],
    flows: Mapping[str, Badge],
    assumed: frozenset[str],
) -> tuple[Markup, ...]:
    """One SVG per strip; `assumed` are the tasks whose standing is 'assumed' (drawn dashed)."""
    cuts = _cuts(grid)
    return tuple(
        _strip(diagram, grid, texts, tasks, flows, assumed, begin, end, at, len(cuts) - 1)
        for at, (begin, end) in enumerate(pairwise(cuts))
    )


def _cuts(grid: LaneGrid) -> list[float]:
    """Where to cut: between columns, so that no node is cut, and strips are about equally wide."""
    left = min((box.x for box in grid.nodes.values()), default=0.0) - 24
    right = max((box.x + box.width for box in grid.nodes.values()), default=STRIP) + 24
    strips = max(1, -(-int(right - left) // int(STRIP)))
    free = _free(grid, left, right)
    cuts = [left]
    while cuts[-1] < right:
        ideal = left + (right - left) * len(cuts) / strips
        fitting = [x for x in free if cuts[-1] + 80 < x <= cuts[-1] + STRIP]
        if right - cuts[-1] <= STRIP or not fitting:
            cuts.append(right)
        else:
            cuts.append(min(fitting, key=lambda x: (abs(x - ideal), x)))
    return cuts


def _free(grid: LaneGrid, left: float, right: float) -> list[float]:
    """Middles of the gaps between columns."""
    spans = sorted((box.x, box.x + box.width) for box in grid.nodes.values())
    gaps: list[float] = []
    reach = left
    for begin, end in spans:
        if begin - reach >= 12:
            gaps.append((begin + reach) / 2)
        reach = max(reach, end)
    return [gap for gap in gaps if left < gap < right]


def _strip(
    diagram: Diagram,
    grid: LaneGrid,
    texts: LaneTexts,
    tasks: Mapping[str, Badge],
    flows: Mapping[str, Badge],
    assumed: frozenset[str],
    begin: float,
    end: float,
    at: int,
    strips: int,
) -> Markup:
    nodes = [node for node in diagram.nodes if node.id in grid.nodes]
    seen = [node for node in nodes if begin <= _middle(grid.nodes[node.id])[0] < end]
    tracks = {id: track for id, track in grid.edges.items() if _touches(track, begin, end)}
    shown = _lanes_between(grid, [grid.nodes[node.id] for node in seen], tracks.values(), begin, end)
    top = min((lane.y for lane in shown), default=0.0)
    bottom = max((lane.y + lane.height for lane in shown), default=grid.height)
    lanes = [_lane(lane.y, lane.height, texts.role(lane.role), begin, end) for lane in shown]
    label_at = {flow.id: own_stretch(flow.id, grid.edges) for flow in diagram.flows if flow.name}
    clip = f"strip-{at}"
    body = element(
        "g",
        *(_track(track) for track in tracks.values()),
        clip_path=f"url(#{clip})",
    )
    marked = {id: _towards(*own_stretch(id, grid.edges, upright=True)) for id in flows if id in tracks}
    badges = [
        _badge(flows[id], min(max(x, begin + _EDGE), end - _EDGE), y)
        for id, (x, y) in marked.items()
        if begin <= x < end
    ]
    title = f"{texts.title} ({at + 1}/{strips})" if strips > 1 else texts.title
    clip_box = element("rect", x=begin, y=top, width=end - begin, height=bottom - top)
    wide = end - begin + _HEADER + 4
    return element(
        "svg",
        element("title", title),
        element("defs", element("clipPath", clip_box, id=clip), _arrow_head(at)),
        *lanes,
        body,
        *(_node(node, grid.nodes[node.id], texts, node.id in assumed) for node in seen),
        *(
            _label(flow.name, *label_at[flow.id])
            for flow in diagram.flows
            if flow.id in label_at and begin <= label_at[flow.id][0][0] < end
        ),
        *badges,
        *(
            _badge(tasks[node.id], grid.nodes[node.id].x + grid.nodes[node.id].width, grid.nodes[node.id].y)
            for node in seen
            if node.id in tasks
        ),
        viewBox=f"{begin - _HEADER - 2:.0f} {top - 2:.0f} {wide:.0f} {bottom - top + 4:.0f}",
        width=round(wide),
        height=round(bottom - top + 4),
        class_=f"lanes strip-{at}",
        role="img",
    )


def _middle(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def _touches(track: Sequence[tuple[float, float]], begin: float, end: float) -> bool:
    xs = [x for x, _ in track]
    return min(xs) <= end and max(xs) >= begin


def _lane(y: float, height: float, name: str, begin: float, end: float) -> Markup:
    lines = wrap(name, _HEADER - 14, _SIZE, 4)
    first = y + height / 2 - (len(lines) - 1) * _LINE / 2 + 4
    return group(
        [
            element("title", name),
            element("rect", x=begin, y=y, width=end - begin, height=height, class_="lane"),
            element("rect", x=begin - _HEADER, y=y, width=_HEADER, height=height, class_="lane-head"),
            *(
                element("text", line, x=begin - _HEADER / 2, y=first + at * _LINE, class_="lane-name")
                for at, line in enumerate(lines)
            ),
        ]
    )


def _node(node: FlowNode, box: Box, texts: LaneTexts, assumed: bool) -> Markup:
    name = texts.node(node)
    x, y = _middle(box)
    if node.kind == "task":
        lines = wrap(name, box.width - 10, _SIZE, max(int((box.height - 8) // _LINE), 1))
        first = y - (len(lines) - 1) * _LINE / 2 + 4
        shape = element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=5)
        text = [
            element("text", line, x=x, y=first + at * _LINE, class_="name") for at, line in enumerate(lines)
        ]
        return group([element("title", name), shape, *text], class_="task assumed" if assumed else "task")
    return group([element("title", name or node.kind), *_symbol(node.kind, box), *_caption(name, box)])


def _symbol(kind: str, box: Box) -> list[Markup]:
    x, y = _middle(box)
    radius = min(box.width, box.height) / 2
    if "ateway" in kind:
        points = f"{x},{y - radius} {x + radius},{y} {x},{y + radius} {x - radius},{y}"
        arm = radius * 0.42
        crossing = (
            f"M{x - arm},{y} H{x + arm} M{x},{y - arm} V{y + arm}"
            if kind.startswith("parallel")
            else f"M{x - arm * 0.7},{y - arm * 0.7} L{x + arm * 0.7},{y + arm * 0.7} "
            f"M{x + arm * 0.7},{y - arm * 0.7} L{x - arm * 0.7},{y + arm * 0.7}"
        )
        return [
            element("polygon", points=points, class_="gateway"),
            element("path", d=crossing, class_="gateway-mark"),
        ]
    circle = element("circle", cx=x, cy=y, r=radius, class_="event last" if kind == "endEvent" else "event")
    if "imer" in kind:
        hands = f"M{x},{y} V{y - radius * 0.6} M{x},{y} H{x + radius * 0.45}"
        inner = element("circle", cx=x, cy=y, r=radius * 0.78, class_="event-inner")
        return [circle, inner, element("path", d=hands, class_="gateway-mark")]
    return [circle]


def _caption(name: str, box: Box) -> list[Markup]:
    x = box.x + box.width / 2
    lines = wrap(name, max(box.width, 84), 10, 2)
    return [
        element("text", line, x=x, y=box.y + box.height + 11 + at * 11, class_="caption")
        for at, line in enumerate(lines)
    ]


def _track(track: Sequence[tuple[float, float]]) -> Markup:
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in track),
        class_="flow",
        marker_end="url(#lane-head-0)",
    )


def own_stretch(
    id: str, tracks: Mapping[str, Sequence[Point]], *, upright: bool = False
) -> tuple[Point, Point]:
    """A stretch of a flow that no other flow runs along: the first one, or the longest upright one.

    Flows of one gateway share their first stretches; a label or badge there would name the wrong flow.
    """
    others = [track for other, track in tracks.items() if other != id]
    pieces = [piece for each in pairwise(tracks[id]) for piece in _pieces(*each, others)]
    stretches = [each for each in pieces if _length(each) >= _SHORT] or pieces
    free = [
        each for each in stretches if not any(_on(_between(*each), track) for track in others)
    ] or stretches
    if not upright:
        return free[0]
    standing = [(a, b) for a, b in free if abs(a[1] - b[1]) > abs(a[0] - b[0])]
    return max(standing or free, key=_length)


def _pieces(a: Point, b: Point, others: Sequence[Sequence[Point]]) -> Iterator[tuple[Point, Point]]:
    """A stretch, cut where another flow turns on it."""
    turns = {point for track in others for point in track if _on(point, (a, b))}
    along = sorted({a, b, *turns}, key=lambda point: abs(point[0] - a[0]) + abs(point[1] - a[1]))
    yield from pairwise(along)


def _length(stretch: tuple[Point, Point]) -> float:
    (x, y), (x2, y2) = stretch
    return abs(x2 - x) + abs(y2 - y)


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _towards(a: Point, b: Point) -> Point:
    """Two thirds of the way, so that a badge leaves room for the name of the flow."""
    return (a[0] + 2 * b[0]) / 3, (a[1] + 2 * b[1]) / 3


def _on(point: Point, track: Sequence[Point]) -> bool:
    """Whether a point lies on a rectangular track, give or take two pixels."""
    x, y = point
    return any(
        min(a[0], b[0]) - 2 <= x <= max(a[0], b[0]) + 2 and min(a[1], b[1]) - 2 <= y <= max(a[1], b[1]) + 2
        for a, b in pairwise(track)
    )


def _lanes_between(
    grid: LaneGrid, boxes: Sequence[Box], tracks: Iterable[Sequence[Point]], begin: float, end: float
) -> tuple[LaneBand, ...]:
    """The lanes from the first to the last that has something in the strip."""
    reach = [(box.y, box.y + box.height) for box in boxes]
    for track in tracks:
        inside = [(a, b) for a, b in pairwise(track) if min(a[0], b[0]) <= end and max(a[0], b[0]) >= begin]
        reach += [(min(a[1], b[1]), max(a[1], b[1])) for a, b in inside]
    used = [
        at
        for at, lane in enumerate(grid.lanes)
        if any(low < lane.y + lane.height and high > lane.y for low, high in reach)
    ]
    return grid.lanes[used[0] : used[-1] + 1] if used else grid.lanes


def _label(name: str, a: Point, b: Point) -> Markup:
    """The name of a flow, above a level stretch or beside an upright one."""
    if abs(b[0] - a[0]) >= abs(b[1] - a[1]):
        x, y = _between(a, b)
        return element("text", name, x=x, y=y - 4, class_="flow-name middle")
    away = min(44.0, _length((a, b)) / 2)
    return element("text", name, x=a[0] + 5, y=a[1] + (away if b[1] > a[1] else 8 - away), class_="flow-name")


def _badge(badge: Badge, x: float, y: float) -> Markup:
    wide = width(badge.text, _BADGE) + 12
    shape = element("rect", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=9)
    text = element("text", badge.text, x=x, y=y + 4)
    inner = [element("title", badge.title), shape, text]
    return element("a", *inner, href=badge.href, class_=f"badge {badge.severity}")


def _arrow_head(at: int) -> Markup:
    path = element("path", d="M0,0 L8,4 L0,8 z", class_="head")
    return element(
        "marker",
        path,
        id=f"lane-head-{at}",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=8,
        markerHeight=8,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )
