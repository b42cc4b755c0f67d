"""The discovered map with what it covers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from mining.findings import Discovery, Edge, Node, TreeQuality
from reports.catalogue import Catalogue
from reports.formats import Formats
from reports.svg.process_map import AIM, MOST_EDGES, MOST_NODES, MapTexts, choose, drawn_width, process_map

STEPS_SHOWN = 15
HANDOVERS_SHOWN = 12
WIDE = 1100
"""Pixels beyond which a map is printed across."""


@dataclass(frozen=True)
class StepView:
    """A directly-follows step."""

    source: str
    target: str
    count: str
    median: str
    mean: str


@dataclass(frozen=True)
class DiscoveredView:
    """What the log shows without any reference."""

    picture: Markup | None
    wide: bool
    """Whether it is so wide that paper had better be turned."""
    unknown: bool
    """Whether it draws an activity that the model does not know."""
    coverage: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    """Steps with the longest median waits among the frequent ones."""
    handovers: tuple[tuple[str, str, str], ...]
    tree: str
    tree_note: str
    tree_quality: tuple[tuple[str, str, str], ...]
    """(name, value, what it means in a sentence) of the tree's measures."""
    tree_quality_note: str


def discovered_view(
    discovery: Discovery, t: Catalogue, f: Formats, name: Callable[[str], str], unit: Callable[[str], str]
) -> DiscoveredView:
    """The view of a discovery; `name` shows an activity, `unit` a unit of the handover network."""
    chosen = choose(discovery)
    texts = MapTexts(
        t("map.title"),
        name,
        lambda value: f.number(value),
        f.duration,
        t("map.unknown"),
        t("map.start"),
        t("map.end"),
        lambda node: _counts(node, t, f),
    )
    coverage = t(
        "map.coverage",
        aim=f.percent(AIM),
        most_nodes=MOST_NODES,
        most_edges=MOST_EDGES,
        nodes=len(chosen.nodes),
        all_nodes=len(discovery.nodes),
        events=f.percent(chosen.event_share),
        edges=len(chosen.edges),
        all_edges=len(discovery.edges),
        steps=f.percent(chosen.step_share),
    )
    facts = tuple(
        (t(f"map.{key}"), f.number(value))
        for key, value in (
            ("events", discovery.events),
            ("cases", discovery.cases),
            ("variants", discovery.variants),
            ("activities", len(discovery.nodes)),
        )
    )
    noise = t("map.tree", noise=f.number(discovery.tree_noise), coverage=f.percent(discovery.tree_coverage))
    picture = process_map(chosen, texts)
    return DiscoveredView(
        picture,
        picture is not None and drawn_width(picture) > WIDE,
        any(not node.known for node in chosen.nodes),
        coverage,
        facts,
        tuple(_step(each, name, f) for each in _slowest(discovery)),
        tuple(
            (unit(each.source), unit(each.target), f.number(each.count))
            for each in sorted(discovery.handovers, key=lambda h: (-h.count, h.source, h.target))[
                :HANDOVERS_SHOWN
            ]
        ),
        _named(discovery.tree, name),
        noise if discovery.tree else "",
        tuple(_quality(discovery.tree_quality, t, f)),
        _quality_note(discovery.tree_quality, t, f),
    )


def _quality(measured: TreeQuality | None, t: Catalogue, f: Formats) -> Iterator[tuple[str, str, str]]:
    if measured is None:
        return
    values = (
        ("fitness", measured.fitness),
        ("precision", measured.precision),
        ("generalization", measured.generalization),
        ("simplicity", measured.simplicity),
    )
    for name, value in values:
        shown = t("quality.not_computed") if value is None else f.floored(value)
        yield t(f"quality.{name}"), shown, t(f"quality.{name}.meaning")


def _quality_note(measured: TreeQuality | None, t: Catalogue, f: Formats) -> str:
    """On which cases the measures rest, where not on all."""
    if measured is None or measured.coverage == 1:
        return ""
    if measured.coverage == 0:
        return t("quality.too_large")
    return t("quality.coverage", coverage=f.percent(measured.coverage))


def _named(tree: str, name: Callable[[str], str]) -> str:
    """A process tree with the names of its activities, which it quotes."""
    return re.sub(r"'([^']+)'", lambda found: f"'{name(found.group(1))}'", tree)


def _counts(node: Node, t: Catalogue, f: Formats) -> str:
    return t("map.node", events=f.number(node.events), cases=f.number(node.cases))


def _slowest(discovery: Discovery) -> list[Edge]:
    """The steps that cost most time in all: count times median wait."""
    waiting = [edge for edge in discovery.edges if edge.median_wait_us is not None]
    waiting.sort(key=lambda e: (-(e.count * (e.median_wait_us or 0)), e.source, e.target))
    return waiting[:STEPS_SHOWN]


def _step(edge: Edge, name: Callable[[str], str], f: Formats) -> StepView:
    return StepView(
        name(edge.source),
        name(edge.target),
        f.number(edge.count),
        f.duration(edge.median_wait_us),
        f.duration(edge.mean_wait_us),
    )
