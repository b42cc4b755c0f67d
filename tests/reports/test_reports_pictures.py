"""The pictures: everything drawn that should be, labels inside their boxes, in both scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from markupsafe import Markup
from sample_audit import HOSTILE

from mining.audit_result import Audit
from mining.findings import Discovery, Edge, Node
from reference_models import library, load
from reference_models.pool_grid import pool_grid
from reports.catalogue import catalogue
from reports.formats import Formats
from reports.pseudonyms import Pseudonyms
from reports.svg import process_map as drawing
from reports.svg.element import element
from reports.svg.interval import interval
from reports.svg.process_map import MapTexts, choose, process_map
from reports.svg.swimlanes import LaneTexts, Overlay, swimlanes
from reports.svg.width import width, wrap
from reports.view.context import context
from reports.view.names import Names
from reports.view.overlay import overlay_view

TEXTS = MapTexts(
    "map", str, lambda n: f"{n:,.0f}", lambda us: f"{us} us", "unknown", "start", "end", lambda _: "n"
)


def _parse(svg: Markup) -> etree._Element:
    return etree.fromstring(str(svg))


def _wide(nodes: int) -> Discovery:
    listed = tuple(Node(f"a{at}", True, 1000 - at, 500 - at) for at in range(nodes))
    edges = tuple(
        Edge(f"a{at}", f"a{other}", 1000 - at - other, 10, 60_000_000)
        for at in range(nodes)
        for other in range(nodes)
        if at != other
    )
    return Discovery(sum(n.events for n in listed), 500, 9, listed, edges, (), "", 0.0, 0.0)


def test_map_draws_every_activity_and_marks_the_unknown(audit: Audit) -> None:
    svg = process_map(choose(audit.discovery), TEXTS)
    assert svg is not None
    nodes = [g for g in _parse(svg).iter("g") if "node" in (g.get("class") or "").split()]
    assert len(nodes) == len(audit.discovery.nodes)
    unknown = [g for g in nodes if "unknown" in g.get("class", "")]
    assert any(HOSTILE[0] in "".join(g.itertext()) for g in unknown)


def test_map_is_capped_and_says_what_it_leaves_out() -> None:
    chosen = choose(_wide(60))
    assert len(chosen.nodes) == 40
    assert len(chosen.edges) == 80
    assert 0 < chosen.step_share < 1
    assert 0.6 < chosen.event_share < 0.7
    drawn = {end for edge in chosen.edges for end in (edge.source, edge.target)}
    assert drawn == {node.activity for node in chosen.nodes}  # none floats without an edge


def test_labels_of_the_log_never_reach_the_layout_program(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(drawing, "_layout", lambda dot: asked.append(dot))
    assert process_map(choose(audit.discovery), TEXTS) is None
    assert "script" not in asked[0]
    assert "催单" not in asked[0]


def test_without_the_layout_program_there_is_no_picture_and_no_error(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_program", lambda: None)
    assert process_map(choose(audit.discovery), TEXTS) is None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_swimlanes_show_every_task_once_with_its_label_inside(
    audit: Audit, people: Pseudonyms, lang: str
) -> None:
    view = overlay_view(context(audit, lang, people))
    tasks = [g for strip in view.strips for g in _parse(strip).iter("g") if "task" in (g.get("class") or "")]
    names = [g.findtext("title") for g in tasks]
    wanted = [
        audit.model.activities[n.id].name.get(lang) for n in audit.model.diagram.nodes if n.kind == "task"
    ]
    assert sorted(names) == sorted(wanted)
    for task in tasks:
        box = task.find("rect")
        assert box is not None
        for line in task.iter("text"):
            assert width(line.text or "", 11.5) <= float(box.get("width", 0))
            assert not (line.text or "").endswith("…")


def test_gateways_and_flows_are_named_in_the_language_of_the_report(audit: Audit, people: Pseudonyms) -> None:
    english = "".join(overlay_view(context(audit, "en", people)).strips)
    assert "Passed?" in english
    assert "to be built" in english
    assert not re.search(r"[\u4e00-\u9fff]", english)
    bare = replace(audit, model=replace(audit.model, texts={}))
    assert "合格?" in "".join(overlay_view(context(bare, "en", people)).strips)  # as drawn


def test_findings_lie_over_tasks_and_handoffs(audit: Audit, people: Pseudonyms) -> None:
    view = overlay_view(context(audit, "en", people))
    badges = [a for strip in view.strips for a in _parse(strip).iter("a")]
    texts = {"".join(a.find("text").itertext()): a for a in badges}  # type: ignore[union-attr]  # every badge has a text
    assert texts["H 201"].get("class") == "badge high"
    assert "Dropped handoff: Dispatch work order → Install at end B: 201 violations" in (
        texts["H 201"].findtext("title") or ""
    )
    assert texts["? 989"].get("class") == "badge undecided"
    assert all((a.get("href") or "").startswith("#f-") for a in badges)


def test_an_empty_diagram_draws_nothing_and_fails_nothing(audit: Audit, people: Pseudonyms) -> None:
    diagram = replace(audit.model.diagram, nodes=(), flows=())
    bare = replace(audit, model=replace(audit.model, diagram=diagram))
    assert overlay_view(context(bare, "en", people)).lines == ()


def test_interval_shows_target_without_decided_cases() -> None:
    svg = str(interval(None, None, None, 0.98, 0.9, "t"))
    assert 'class="target"' in svg
    assert 'class="rate"' not in svg


def test_attributes_and_texts_of_svg_are_escaped() -> None:
    svg = str(element("text", '<script>"', title='"onload="x'))
    assert "<script>" not in svg
    assert re.search(r'title="[^"]*"', svg)
    assert etree.fromstring(svg).text == '<script>"'


@given(st.text(alphabet="abc DEF-路由器工单，。1", max_size=60), st.integers(40, 200), st.integers(1, 4))
def test_wrapped_lines_fit_and_lose_nothing(text: str, most: int, lines: int) -> None:
    wrapped = wrap(text, most, 12, lines)
    assert len(wrapped) <= lines
    for line in wrapped:
        assert width(line.rstrip("，。 "), 12) <= most
    if not any(line.endswith("…") for line in wrapped):
        assert "".join(wrapped).replace(" ", "") == text.replace(" ", "")


def _drawn(model_id: str, lang: str) -> list[etree._Element]:
    model = load(model_id)
    names = Names(model, catalogue(lang), Formats(catalogue(lang), "Asia/Shanghai"))
    texts = LaneTexts(
        model.title.get(lang),
        names.role,
        lambda node: names.element(node.id, node.name),
        lambda flow: names.element(flow.id, flow.name),
        lambda pool: names.element(pool.id, pool.name),
    )
    strips = swimlanes(model.diagram, texts, Overlay({}, {}, frozenset()))
    return [etree.fromstring(str(each)) for each in strips]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_two_networks_are_two_pools_with_messages_between(lang: str) -> None:
    strips = _drawn("cross-network-acceptance", lang)
    pools = {"zh": {"受理地本地网", "对端本地网"}, "en": {"Accepting local network", "Peer local network"}}
    shown = {text for strip in strips for text in strip.xpath("//text[@class='pool-name']/text()")}
    assert shown == pools[lang]
    messages = [each for strip in strips for each in strip.xpath("//polyline[@class='flow message']")]
    assert len(messages) == 5
    for each in messages:
        points = [tuple(map(float, point.split(","))) for point in each.get("points").split()]
        assert points[0][1] != points[-1][1]
        assert "message-start" in each.get("marker-start")
        assert "message-head" in each.get("marker-end")
    lanes = {text for strip in strips for text in strip.xpath("//g/title/text()")}
    assert {"zh": "对端工位", "en": "Peer station"}[lang] in lanes


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("model_id", library())
def test_no_name_of_a_lane_or_pool_is_cut(model_id: str, lang: str) -> None:
    for strip in _drawn(model_id, lang):
        cut = strip.xpath("//text[@class='lane-name' or @class='pool-name'][contains(., '…')]/text()")
        assert cut == []


def test_a_message_passes_through_no_node() -> None:
    grid = pool_grid(load("cross-network-acceptance").diagram)
    messages = load("cross-network-acceptance").diagram.messages
    assert len(messages) == 5
    for each in messages:
        for (x, y), (x2, y2) in pairwise(grid.edges[each.id]):
            for node, box in grid.nodes.items():
                inside = box.x < max(x, x2) and min(x, x2) < box.x + box.width
                inside = inside and box.y < max(y, y2) and min(y, y2) < box.y + box.height
                assert not inside, (each.id, node)
