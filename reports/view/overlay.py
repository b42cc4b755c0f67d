"""Findings laid over the reference process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mining.findings import Family, Finding
from reference_models.model import Diagram, Standing
from reference_models.pool_grid import whole
from reports.svg.swimlanes import Badge, LaneTexts, Overlay, swimlanes
from reports.view.anchors import finding_anchor, group_anchor
from reports.view.context import Context
from reports.view.leading import group_key, group_title, grouped
from reports.view.texts import rule_texts


@dataclass(frozen=True)
class OverlayLine:
    """What a badge stands for, in words: for print, for greyscale, for a screen reader."""

    place: str
    findings: tuple[tuple[str, str, str, str, str], ...]
    """(title, anchor, severity, its name, violated or undecided in words)."""


@dataclass(frozen=True)
class OverlayView:
    """The swimlanes with their findings."""

    strips: tuple[Markup, ...]
    lines: tuple[OverlayLine, ...]
    pools: bool
    """Whether other parties' pools are drawn with it."""
    off_diagram: int
    """Findings with violations that belong to no place of the diagram."""


def overlay_view(c: Context) -> OverlayView:
    """Draw the reference process and lay the findings over it."""
    diagram = c.audit.model.diagram
    on_tasks, on_flows, off = _places(c.audit.findings, diagram)
    drawn = whole(diagram)
    names = {node.id: c.names.activity(node.id) for node in drawn.nodes}
    ends = {flow.id: (flow.source, flow.target) for flow in diagram.flows}
    tasks = {id: _badge(found, names[id], c) for id, found in on_tasks.items()}
    flows = {id: _badge(found, _ends(found[0], c), c) for id, found in on_flows.items()}
    assumed = frozenset(
        id for id, each in c.audit.model.activities.items() if each.authority.standing is Standing.ASSUMED
    )
    others = frozenset(node.id for node in drawn.nodes) - c.audit.model.activities.keys()
    over = Overlay(tasks, flows, assumed, others)
    texts = LaneTexts(
        c.t("overlay.title"),
        c.names.role,
        lambda node: c.names.element(node.id, node.name),
        lambda flow: c.names.element(flow.id, flow.name),
        lambda pool: c.names.element(pool.id, pool.name),
    )
    strips = swimlanes(diagram, texts, over) if diagram.nodes else ()
    lines = [_line(names[id], found, c) for id, found in on_tasks.items()]
    lines += [_line(_ends(found[0], c), found, c) for id, found in on_flows.items() if id in ends]
    return OverlayView(strips, tuple(lines), bool(diagram.pools), off)


def _ends(finding: Finding, c: Context) -> str:
    return " → ".join(map(c.names.activity, finding.rule.activities))


def _places(
    findings: Iterable[Finding], diagram: Diagram
) -> tuple[dict[str, list[Finding]], dict[str, list[Finding]], int]:
    """Findings by task and by flow, gravest first; then how many with violations lie nowhere."""
    tasks: dict[str, list[Finding]] = defaultdict(list)
    flows: dict[str, list[Finding]] = defaultdict(list)
    known = {node.id for node in whole(diagram).nodes}
    off = 0
    for finding in findings:
        if not finding.counts.violated and not finding.counts.undecided:
            continue
        where = [id for id in finding.rule.activities if id in known]
        flow = _handoff_flow(finding, diagram)
        if flow is not None:
            flows[flow].append(finding)
        elif where:
            tasks[where[-1]].append(finding)
        elif finding.is_violated:
            off += 1
    return dict(tasks), dict(flows), off


def _handoff_flow(finding: Finding, diagram: Diagram) -> str | None:
    """The flow on which a handoff changes lane: the last one of its path that does."""
    if finding.rule.family is not Family.HANDOFF or len(finding.rule.activities) != 2:
        return None
    sender, receiver = finding.rule.activities
    path = _path(diagram, sender, receiver)
    role = {node.id: node.role for node in diagram.nodes}
    changing = [id for id, source, target in path if role.get(source) != role.get(target)]
    return changing[-1] if changing else path[-1][0] if path else None


def _path(diagram: Diagram, sender: str, receiver: str) -> list[tuple[str, str, str]]:
    """The shortest way from a task to another that passes no third task: (flow, source, target)."""
    kinds = {node.id: node.kind for node in diagram.nodes}
    out: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for flow in diagram.flows:
        out[flow.source].append((flow.id, flow.source, flow.target))
    ways: list[list[tuple[str, str, str]]] = [[step] for step in out[sender]]
    seen = {sender}
    while ways:
        way = ways.pop(0)
        end = way[-1][2]
        if end == receiver:
            return way
        if end in seen or kinds.get(end) == "task":
            continue
        seen.add(end)
        ways += [[*way, step] for step in out[end]]
    return []


def _badge(findings: Sequence[Finding], place: str, c: Context) -> Badge:
    violated = sum(each.counts.violated for each in findings)
    undecided = sum(each.counts.undecided for each in findings)
    worst = max(findings, key=lambda each: (each.is_violated, each.severity, each.counts.violated))
    title = "\n".join(
        [place, *(f"{title}: {text}" for title, _, _, _, text in (_entry(g, c) for g in grouped(findings)))]
    )
    href = f"#{finding_anchor(worst.rule.id)}"
    if not violated:
        return Badge(f"? {c.formats.number(undecided)}", "undecided", href, title)
    level = worst.severity.name.lower()
    return Badge(f"{c.t(f'severity.short.{level}')} {c.formats.number(violated)}", level, href, title)


def _line(place: str, findings: Sequence[Finding], c: Context) -> OverlayLine:
    return OverlayLine(
        place,
        tuple(_entry(group, c) for group in grouped(findings)),
    )


def _entry(group: Sequence[Finding], c: Context) -> tuple[str, str, str, str, str]:
    """A finding, or what the cells of one deadline table have together."""
    worst = max(group, key=lambda each: (each.is_violated, each.severity))
    key = group_key(worst)
    violated = sum(each.counts.violated for each in group)
    undecided = sum(each.counts.undecided for each in group)
    return (
        group_title(worst, c) if key else rule_texts(worst.rule, c.names).title,
        group_anchor(key) if key and worst.is_violated else finding_anchor(worst.rule.id),
        worst.severity.name.lower() if worst.is_violated else "undecided",
        c.names.severity(worst.severity) if worst.is_violated else c.t("overlay.open"),
        c.t.count("overlay.violated", violated) if violated else c.t.count("overlay.undecided", undecided),
    )
