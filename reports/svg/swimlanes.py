"""The reference process as swimlanes, with the findings laid over tasks and handoffs.

A wide process is cut into strips between its columns, one below the other, so that it can be read on a
screen and on paper without scrolling sideways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from reference_models.lane_grid import Box, LaneBand, Point
from reference_models.model import Diagram, FlowNode, Pool, SequenceFlow
from reference_models.pool_grid import GAP, lanes_of, pool_grid, whole
from reports.svg.element import element, group
from reports.svg.strips import Strip, strips
from reports.svg.tracks import between, is_upright, length, own_stretch
from reports.svg.width import width, wrap

STRIP = 900.0
"""Greatest width of a strip, without the names of the lanes."""

_HEADER, _POOL, _BETWEEN = 92.0, 24.0, 46.0
_SIZE, _LINE, _SMALL = 11.5, 14.0, 10.0
_BADGE = 11.0
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
class Overlay:
    """What is laid over the process."""

    tasks: Mapping[str, Badge]
    """By node id."""
    flows: Mapping[str, Badge]
    """By flow id."""
    assumed: frozenset[str]
    """Tasks whose standing is 'assumed': drawn dashed."""
    others: frozenset[str] = frozenset()
    """Tasks of another pool that the contract does not speak of: drawn grey."""

    def look(self, task: str) -> str:
        """Class of a task."""
        return "task assumed" if task in self.assumed else "task other" if task in self.others else "task"


@dataclass(frozen=True)
class LaneTexts:
    """Words of the picture."""

    title: str
    role: Callable[[str], str]
    node: Callable[[FlowNode], str]
    flow: Callable[[SequenceFlow], str]
    pool: Callable[[Pool], str]


def swimlanes(process: Diagram, texts: LaneTexts, overlay: Overlay) -> tuple[Markup, ...]:
    """One SVG per strip; of several pools all of them, with the messages between them."""
    diagram = whole(process)
    grid = pool_grid(process)
    named = [own_stretch(flow.id, grid.edges)[0][0] for flow in diagram.flows if texts.flow(flow)]
    parts = strips(grid, STRIP, lambda role: _least_height(role, texts), named)
    titles = [f"{texts.title} ({at}/{len(parts)})" for at in range(1, len(parts) + 1)]
    return tuple(
        _drawn(diagram, part, replace(texts, title=title), overlay, at)
        for at, (part, title) in enumerate(zip(parts, titles, strict=True))
    )


def _drawn(diagram: Diagram, strip: Strip, texts: LaneTexts, overlay: Overlay, at: int) -> Markup:
    nodes = [(node, strip.nodes[node.id]) for node in diagram.nodes if node.id in strip.nodes]
    clip, diagram_pools = f"strip-{at}", {pool.id for pool in diagram.pools}
    wide, high = strip.end - strip.begin, strip.bottom - strip.top
    header = _HEADER + (_POOL if diagram.pools else 0.0)
    left, top = strip.begin - header - 2, strip.top - 2
    clip_box = element("rect", x=strip.begin, y=strip.top, width=wide, height=high)
    messages = {each.id for each in diagram.messages}
    flows = [_track(track, id in messages) for id, track in strip.passing().items()]
    return element(
        "svg",
        element("title", texts.title),
        element("defs", element("clipPath", clip_box, id=clip), *_arrow_heads(at)),
        *(
            _lane(lane, "" if lane.role in diagram_pools else texts.role(lane.role), strip)
            for lane in strip.lanes
            if not lane.role.startswith(GAP)
        ),
        *_pools(diagram, texts, strip),
        element("g", *flows, clip_path=f"url(#{clip})"),
        *(_node(node, box, texts, overlay.look(node.id)) for node, box in nodes),
        *_flow_names(diagram, strip, texts),
        *_flow_badges(strip, overlay.flows),
        *(
            _badge(overlay.tasks[node.id], box.x + box.width, box.y)
            for node, box in nodes
            if node.id in overlay.tasks
        ),
        viewBox=f"{left:.0f} {top:.0f} {wide + header + 4:.0f} {high + 4:.0f}",
        width=round(wide + header + 4),
        height=round(high + 4),
        class_="lanes",
        role="img",
    )


def _flow_names(diagram: Diagram, strip: Strip, texts: LaneTexts) -> list[Markup]:
    named = [(texts.flow(flow), own_stretch(flow.id, strip.tracks)) for flow in diagram.flows]
    return [
        _label(name, *stretch, strip)
        for name, stretch in named
        if name and strip.begin <= stretch[0][0] < strip.end
    ]


def _flow_badges(strip: Strip, badges: Mapping[str, Badge]) -> list[Markup]:
    marks = [(badges[id], _badge_at(own_stretch(id, strip.tracks, upright=True))) for id in badges]
    return [
        _badge(badge, min(max(x, strip.begin + _EDGE), strip.end - _EDGE), y)
        for badge, (x, y) in marks
        if strip.begin <= x < strip.end
    ]


def _badge_at(stretch: tuple[Point, Point]) -> Point:
    """Two thirds along, so that the flow's name has room; above the arrow where it is short and level."""
    a, b = stretch
    if not is_upright(stretch) and length(stretch) < 2 * _EDGE:
        return (a[0] + b[0]) / 2, a[1] - _BADGE - 3
    return (a[0] + 2 * b[0]) / 3, (a[1] + 2 * b[1]) / 3


def _pools(diagram: Diagram, texts: LaneTexts, strip: Strip) -> list[Markup]:
    """The frame and the name, running upwards, of each pool that has a lane in the strip."""
    drawn = []
    for pool in diagram.pools:
        own = [lane for lane in strip.lanes if lane.role in lanes_of(pool)]
        if not own:
            continue
        top, bottom = own[0].y, own[-1].y + own[-1].height
        x, high = strip.begin - _HEADER - _POOL, bottom - top
        middle, at = top + high / 2, x + _POOL / 2 + 4
        (name,) = wrap(texts.pool(pool), high - 8, _SIZE, 1) or [""]
        turned = f"rotate(-90 {at:.1f} {middle:.1f})"
        drawn.append(
            group(
                [
                    element("title", texts.pool(pool)),
                    element("rect", x=x, y=top, width=_POOL, height=high, class_="lane-head"),
                    element("rect", x=x, y=top, width=strip.end - x, height=high, class_="pool"),
                    element("text", name, x=at, y=middle, class_="pool-name", transform=turned),
                ]
            )
        )
    return drawn


def _least_height(role: str, texts: LaneTexts) -> float:
    """Height that the name of a lane needs to stand in full; that of the gap between two pools."""
    if role.startswith(GAP):
        return _BETWEEN
    return len(wrap(texts.role(role), _HEADER - 14, _SIZE, 9)) * _LINE + 6


def _lane(lane: LaneBand, name: str, strip: Strip) -> Markup:
    lines = wrap(name, _HEADER - 14, _SIZE, max(int((lane.height - 4) // _LINE), 1))
    first = lane.y + lane.height / 2 - (len(lines) - 1) * _LINE / 2 + 4
    begin, middle = strip.begin - _HEADER, strip.begin - _HEADER / 2
    size = {"y": lane.y, "height": lane.height}
    return group(
        [
            element("title", name),
            element("rect", x=strip.begin, width=strip.end - strip.begin, class_="lane", **size),
            element("rect", x=begin, width=_HEADER, class_="lane-head", **size),
            *(
                element("text", line, x=middle, y=first + at * _LINE, class_="lane-name")
                for at, line in enumerate(lines)
            ),
        ]
    )


def _node(node: FlowNode, box: Box, texts: LaneTexts, look: str) -> Markup:
    name = texts.node(node)
    x, y = box.middle
    if node.kind in ("task", "subProcess", "callActivity"):
        lines = wrap(name, box.width - 10, _SIZE, max(int((box.height - 8) // _LINE), 1))
        first = y - (len(lines) - 1) * _LINE / 2 + 4
        shape = element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=5)
        text = [
            element("text", line, x=x, y=first + at * _LINE, class_="name") for at, line in enumerate(lines)
        ]
        return group([element("title", name), shape, *text], class_=look)
    return group([element("title", name or node.kind), *_symbol(node.kind, box), *_caption(name, box)])


def _symbol(kind: str, box: Box) -> list[Markup]:
    x, y = box.middle
    radius = min(box.width, box.height) / 2
    if "ateway" in kind:
        points = f"{x},{y - radius} {x + radius},{y} {x},{y + radius} {x - radius},{y}"
        return [element("polygon", points=points, class_="gateway"), _gateway_mark(kind, x, y, radius)]
    circle = element("circle", cx=x, cy=y, r=radius, class_="event last" if kind == "endEvent" else "event")
    if "imer" in kind:
        hands = f"M{x},{y} V{y - radius * 0.6} M{x},{y} H{x + radius * 0.45}"
        inner = element("circle", cx=x, cy=y, r=radius * 0.78, class_="event-inner")
        return [circle, inner, element("path", d=hands, class_="gateway-mark")]
    return [circle]


def _gateway_mark(kind: str, x: float, y: float, radius: float) -> Markup:
    """A plus for parallel, a circle for inclusive and event-based, a cross for exclusive gateways."""
    arm = radius * 0.42
    if kind.startswith(("inclusive", "eventBased")):
        return element("circle", cx=x, cy=y, r=arm, class_="gateway-mark")
    crossing = (
        f"M{x - arm},{y} H{x + arm} M{x},{y - arm} V{y + arm}"
        if kind.startswith("parallel")
        else f"M{x - arm * 0.7},{y - arm * 0.7} L{x + arm * 0.7},{y + arm * 0.7} "
        f"M{x + arm * 0.7},{y - arm * 0.7} L{x - arm * 0.7},{y + arm * 0.7}"
    )
    return element("path", d=crossing, class_="gateway-mark")


def _caption(name: str, box: Box) -> list[Markup]:
    x = box.x + box.width / 2
    lines = wrap(name, max(box.width, 84), 10, 2)
    return [
        element("text", line, x=x, y=box.y + box.height + 11 + at * 11, class_="caption")
        for at, line in enumerate(lines)
    ]


def _track(track: Sequence[Point], message: bool) -> Markup:
    """A line with its head; a message is dashed, from a small circle to an open head (BPMN 2.0)."""
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in track),
        class_="flow message" if message else "flow",
        marker_start="url(#message-start-0)" if message else None,
        marker_end="url(#message-head-0)" if message else "url(#lane-head-0)",
    )


def _label(name: str, a: Point, b: Point, strip: Strip) -> Markup:
    """The name of a flow, above a level stretch or beside an upright one, where no node lies."""
    wide = width(name, _SMALL)
    if not is_upright((a, b)):
        x, y = between(a, b)
        x = _within(x - wide / 2, wide, strip) + wide / 2
        return element("text", name, x=x, y=y - 4, class_="flow-name middle")
    away = min(44.0, length((a, b)) / 2)
    y = a[1] + (away if b[1] > a[1] else 8 - away)
    right, left = a[0] + 5, a[0] - 5 - wide
    free = not any(_overlaps(box, right, y, wide) for box in strip.nodes.values())
    return element("text", name, x=_within(right if free else left, wide, strip), y=y, class_="flow-name")


def _within(x: float, wide: float, strip: Strip) -> float:
    """Moved so far that it ends, or else begins, inside the strip."""
    return max(min(x, strip.end - wide - 2), strip.begin + 2)


def _overlaps(box: Box, x: float, y: float, wide: float) -> bool:
    """Whether a line of small text at x, y lies on a node."""
    level = box.y - 2 < y and y - _SMALL < box.y + box.height + 2
    return level and x < box.x + box.width and box.x < x + wide


def _badge(badge: Badge, x: float, y: float) -> Markup:
    wide = width(badge.text, _BADGE) + 12
    shape = element("rect", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=9)
    text = element("text", badge.text, x=x, y=y + 4)
    inner = [element("title", badge.title), shape, text]
    return element("a", *inner, href=badge.href, class_=f"badge {badge.severity}")


def _arrow_heads(at: int) -> list[Markup]:
    filled = element("path", d="M0,0 L8,4 L0,8 z", class_="head")
    hollow = element("path", d="M0.7,0.9 L8.6,5 L0.7,9.1 z", class_="message-end")
    circle = element("circle", cx=4, cy=4, r=3.2, class_="message-end")
    return [
        _marker(f"lane-head-{at}", filled, 8, (7, 4)),
        _marker(f"message-head-{at}", hollow, 10, (8.6, 5)),
        _marker(f"message-start-{at}", circle, 8, (0.8, 4)),
    ]


def _marker(id: str, shape: Markup, size: float, at: Point) -> Markup:
    return element(
        "marker",
        shape,
        id=id,
        viewBox=f"0 0 {size:g} {size:g}",
        refX=at[0],
        refY=at[1],
        markerWidth=size,
        markerHeight=size,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )
