"""The discovered map: laid out by Graphviz, drawn by us, so that no font is guessed and no label trusted."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from mining.findings import Discovery, Edge, Node
from reports.svg.element import element, group
from reports.svg.width import width, wrap

MOST_NODES = 40
MOST_EDGES = 80
AIM = 0.95
"""Share of steps after which further, rarer edges are left out."""
_SIZE, _SMALL, _LINE = 12.0, 10.0, 15.0
_INCH = 72.0
_START, _END = "start", "end"
_TERMINAL = 52.0
_SECONDS = 60


@dataclass(frozen=True)
class MapTexts:
    """Words and formats of the map."""

    title: str
    name: Callable[[str], str]
    number: Callable[[float], str]
    wait: Callable[[int | None], str]
    unknown: str
    start: str
    end: str
    counts: Callable[[Node], str]


@dataclass(frozen=True)
class Chosen:
    """What of a map is drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    event_share: float
    """Share of events whose activity is drawn."""
    step_share: float
    """Share of directly-follows steps that are drawn."""


def choose(discovery: Discovery, most_nodes: int = MOST_NODES, most_edges: int = MOST_EDGES) -> Chosen:
    """The activities of most cases; for each its strongest way in and out; then the strongest edges."""
    ranked = sorted(discovery.nodes, key=lambda node: (-node.cases, -node.events, node.activity))
    nodes = tuple(ranked[:most_nodes])
    names = {node.activity for node in nodes} | {""}
    inside = [edge for edge in discovery.edges if edge.source in names and edge.target in names]
    inside.sort(key=lambda edge: (-edge.count, edge.source, edge.target))
    needed: dict[tuple[str, str], Edge] = {}
    for direction in ("source", "target"):
        seen: set[str] = set()
        for edge in inside:
            end = getattr(edge, direction)
            if end and end not in seen and edge.source != edge.target:
                seen.add(end)
                needed[edge.source, edge.target] = edge
    rest = [edge for edge in inside if (edge.source, edge.target) not in needed]
    steps = sum(edge.count for edge in discovery.edges)
    edges = list(needed.values())
    drawn = sum(edge.count for edge in edges)
    for edge in rest[: max(most_edges - len(needed), 0)]:
        if drawn >= AIM * steps:
            break
        edges.append(edge)
        drawn += edge.count
    return Chosen(
        nodes,
        tuple(sorted(edges, key=lambda edge: (-edge.count, edge.source, edge.target))),
        sum(node.events for node in nodes) / discovery.events if discovery.events else 0.0,
        sum(edge.count for edge in edges) / steps if steps else 0.0,
    )


def process_map(chosen: Chosen, texts: MapTexts) -> Markup | None:
    """The map as SVG; None where the layout program is not to be had or gives up."""
    boxes = {node.activity: _box(node, texts) for node in chosen.nodes}
    ids = {node.activity: f"n{at}" for at, node in enumerate(chosen.nodes)}
    labels = [_edge_label(edge, texts) for edge in chosen.edges]
    plain = _layout("\n".join(_dot(chosen, ids, boxes, labels)))
    return None if plain is None else _draw(plain, chosen, ids, boxes, labels, texts)


def drawn_width(picture: Markup) -> int:
    """Width of a map in pixels."""
    found = re.search(r'viewBox="\S+ \S+ (\d+)', picture)
    return int(found.group(1)) if found else 0


@dataclass(frozen=True)
class _Box:
    lines: tuple[str, ...]
    note: str
    width: float
    height: float


def _box(node: Node, texts: MapTexts) -> _Box:
    lines = tuple(wrap(texts.name(node.activity), 150, _SIZE, 3))
    note = texts.counts(node) if node.known else f"{texts.unknown} · {texts.counts(node)}"
    wide = max(*(width(line, _SIZE) for line in lines), width(note, _SMALL), 60) + 20
    return _Box(lines, note, wide, len(lines) * _LINE + 28)


def _edge_label(edge: Edge, texts: MapTexts) -> str:
    count = texts.number(edge.count)
    return count if edge.median_wait_us is None else f"{count} · {texts.wait(edge.median_wait_us)}"


def _dot(chosen: Chosen, ids: dict[str, str], boxes: dict[str, _Box], labels: Sequence[str]) -> Iterator[str]:
    """The graph for dot: only ids and sizes of ours, never a label of the log."""
    yield "digraph {rankdir=TB; nodesep=0.35; ranksep=0.45; edge [arrowhead=none];"
    yield 'node [shape=box fixedsize=true label=""];'
    for terminal in (_START, _END):
        yield f"{terminal} [width={_TERMINAL / _INCH:.3f} height=0.32];"
    for activity, id in ids.items():
        box = boxes[activity]
        yield f"{id} [width={box.width / _INCH:.3f} height={box.height / _INCH:.3f}];"
    heaviest = max((edge.count for edge in chosen.edges), default=1)
    for edge, label in zip(chosen.edges, labels, strict=True):
        source, target = ids.get(edge.source, _START), ids.get(edge.target, _END)
        wide = math.ceil(width(label, _SMALL)) + 16
        weight = 1 + round(20 * edge.count / heaviest)
        cell = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="14"></TD></TR>'
        table = f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0">{cell}</TABLE>>'
        yield f"{source} -> {target} [weight={weight} label={table}];"
    yield "}"


def _program() -> str | None:
    beside = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    return shutil.which(str(beside)) or shutil.which("graphviz-pure")


def _layout(dot: str) -> list[list[str]] | None:
    program = _program()
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-Kdot", "-Tplain", "-q2"],
            input=dot,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return [line.split() for line in done.stdout.splitlines()]


def _draw(
    plain: list[list[str]],
    chosen: Chosen,
    ids: dict[str, str],
    boxes: dict[str, _Box],
    labels: Sequence[str],
    texts: MapTexts,
) -> Markup:
    wide, high = (float(each) * _INCH for each in plain[0][2:4])

    def point(x: str, y: str) -> tuple[float, float]:
        return float(x) * _INCH, high - float(y) * _INCH

    names = {id: activity for activity, id in ids.items()}
    nodes = {node.activity: node for node in chosen.nodes}
    heaviest = max((edge.count for edge in chosen.edges), default=1)
    by_ends = {
        (ids.get(edge.source, _START), ids.get(edge.target, _END)): (edge, label)
        for edge, label in zip(chosen.edges, labels, strict=True)
    }
    edges: list[Markup] = []
    marks: list[Markup] = []
    shapes: list[Markup] = []
    for parts in plain:
        if parts[0] == "node":
            centre = point(parts[2], parts[3])
            activity = names.get(parts[1])
            if activity is None:
                shapes.append(_terminal(parts[1], centre, texts))
            else:
                shapes.append(_node(nodes[activity], boxes[activity], centre, texts))
        elif parts[0] == "edge":
            edge, label = by_ends[parts[1], parts[2]]
            n = int(parts[3])
            track = [point(parts[4 + 2 * i], parts[5 + 2 * i]) for i in range(n)]
            edges.append(_edge(edge, track, heaviest, texts))
            if len(parts) >= 4 + 2 * n + 5:
                marks.append(_mark(label, point(parts[5 + 2 * n], parts[6 + 2 * n])))
    margin = 8
    return element(
        "svg",
        element("title", texts.title),
        _arrow_head(),
        group(edges),
        group(shapes),
        group(marks),
        viewBox=f"{-margin} {-margin} {wide + 2 * margin:.0f} {high + 2 * margin:.0f}",
        width=round(wide + 2 * margin),
        height=round(high + 2 * margin),
        class_="map",
        role="img",
    )


def _arrow_head() -> Markup:
    path = element("path", d="M0,0 L8,4 L0,8 z", class_="head")
    marker = element(
        "marker",
        path,
        id="map-head",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=8,
        markerHeight=8,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )
    return element("defs", marker)


def _node(node: Node, box: _Box, centre: tuple[float, float], texts: MapTexts) -> Markup:
    x, y = centre
    top = y - box.height / 2
    rect = element("rect", x=x - box.width / 2, y=top, width=box.width, height=box.height, rx=5)
    lines = [
        element("text", line, x=x, y=top + 18 + at * _LINE, class_="name")
        for at, line in enumerate(box.lines)
    ]
    note = element("text", box.note, x=x, y=top + box.height - 9, class_="note")
    title = element("title", f"{texts.name(node.activity)}: {box.note}")
    return group([title, rect, *lines, note], class_="node" if node.known else "node unknown")


def _terminal(id: str, centre: tuple[float, float], texts: MapTexts) -> Markup:
    x, y = centre
    name = texts.start if id == _START else texts.end
    kind = "terminal" if id == _START else "terminal last"
    shape = element("rect", x=x - _TERMINAL / 2, y=y - 11, width=_TERMINAL, height=22, rx=11, class_=kind)
    return group([element("title", name), shape, element("text", name, x=x, y=y + 4, class_="terminal-name")])


def _edge(edge: Edge, track: list[tuple[float, float]], heaviest: int, texts: MapTexts) -> Markup:
    first, *rest = track
    path = f"M{first[0]:.1f},{first[1]:.1f} C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in rest)
    stroke = 1 + 4 * math.sqrt(edge.count / heaviest)
    names = " → ".join(
        texts.name(each) if each else blank
        for each, blank in ((edge.source, texts.start), (edge.target, texts.end))
    )
    title = element("title", f"{names}: {_edge_label(edge, texts)}")
    line = element("path", d=path, stroke_width=stroke, class_="edge", marker_end="url(#map-head)")
    return group([title, line])


def _mark(label: str, at: tuple[float, float]) -> Markup:
    wide = width(label, _SMALL) + 4
    back = element("rect", x=at[0] - wide / 2, y=at[1] - 7, width=wide, height=14, class_="mark-back")
    return group([back, element("text", label, x=at[0], y=at[1] + 3.5, class_="mark")])
