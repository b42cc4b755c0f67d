"""The reference process as swimlanes, with the findings laid over tasks and handoffs.

A wide process is cut into strips between its columns, one below the other, so that it can be read on a
screen and on paper without scrolling sideways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from reference_models.lane_grid import Box, LaneBand, LaneGrid, Point
from reference_models.model import Diagram, FlowNode, SequenceFlow
from reports.svg.element import element, group
from reports.svg.strips import Strip, strips
from reports.svg.tracks import between, is_upright, length, own_stretch
from reports.svg.width import width, wrap

STRIP = 900.0
"""Greatest width of a strip, without the names of the lanes."""

_HEADER = 92.0
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


@dataclass(frozen=True)
class LaneTexts:
    """Words of the picture."""

    title: str
    role: Callable[[str], str]
    node: Callable[[FlowNode], str]
    flow: Callable[[SequenceFlow], str]


def swimlanes(diagram: Diagram, grid: LaneGrid, texts: LaneTexts, overlay: Overlay) -> tuple[Markup, ...]:
    """One SVG per strip."""
    parts = strips(grid, STRIP)
    titles = [f"{texts.title} ({at}/{len(parts)})" for at in range(1, len(parts) + 1)]
    return tuple(
        _drawn(diagram, part, replace(texts, title=title), overlay, at)
        for at, (part, title) in enumerate(zip(parts, titles, strict=True))
    )


def _drawn(diagram: Diagram, strip: Strip, texts: LaneTexts, overlay: Overlay, at: int) -> Markup:
    nodes = [(node, strip.nodes[node.id]) for node in diagram.nodes if node.id in strip.nodes]
    clip = f"strip-{at}"
    wide, high = strip.end - strip.begin, strip.bottom - strip.top
    left, top = strip.begin - _HEADER - 2, strip.top - 2
    clip_box = element("rect", x=strip.begin, y=strip.top, width=wide, height=high)
    flows = [_track(track) for track in strip.passing().values()]
    return element(
        "svg",
        element("title", texts.title),
        element("defs", element("clipPath", clip_box, id=clip), _arrow_head(at)),
        *(_lane(lane, texts.role(lane.role), strip) for lane in strip.lanes),
        element("g", *flows, clip_path=f"url(#{clip})"),
        *(_node(node, box, texts, node.id in overlay.assumed) for node, box in nodes),
        *_flow_names(diagram, strip, texts),
        *_flow_badges(strip, overlay.flows),
        *(
            _badge(overlay.tasks[node.id], box.x + box.width, box.y)
            for node, box in nodes
            if node.id in overlay.tasks
        ),
        viewBox=f"{left:.0f} {top:.0f} {wide + _HEADER + 4:.0f} {high + 4:.0f}",
        width=round(wide + _HEADER + 4),
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


def _node(node: FlowNode, box: Box, texts: LaneTexts, assumed: bool) -> Markup:
    name = texts.node(node)
    x, y = box.middle
    if node.kind in ("task", "subProcess", "callActivity"):
        lines = wrap(name, box.width - 10, _SIZE, max(int((box.height - 8) // _LINE), 1))
        first = y - (len(lines) - 1) * _LINE / 2 + 4
        shape = element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=5)
        text = [
            element("text", line, x=x, y=first + at * _LINE, class_="name") for at, line in enumerate(lines)
        ]
        return group([element("title", name), shape, *text], class_="task assumed" if assumed else "task")
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


def _track(track: Sequence[Point]) -> Markup:
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in track),
        class_="flow",
        marker_end="url(#lane-head-0)",
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
