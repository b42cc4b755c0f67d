"""The drawing of a process: nothing overlaps, and every line is one that a reader can follow."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from lxml import etree
from model_files import compiled, flows, lanes, nodes, process, sub, timer
from test_bpmn_reduction import graphs

from logs.problems import InputError
from reference_models import library, load
from reference_models.diagram_interchange import with_diagram, write_diagram
from reference_models.lane_grid import LaneGrid, lane_grid
from reference_models.model import Diagram

IDS = library()
TIMED = compiled(
    lanes(one="s A", two="B e X e2 Y e3")
    + nodes(startEvent="s", endEvent="e e2 e3", task="A B X Y")
    + timer("t", "B", interrupting=False)
    + timer("u", "B", interrupting=True)
    + flows("s>A>B>e t>X>e2 u>Y>e3")
).diagram


def diagrams():
    return [TIMED, *(load(model_id).diagram for model_id in IDS)]


def check_drawing(diagram: Diagram, grid: LaneGrid) -> None:
    hanging = {node.id for node in diagram.nodes if node.attached_to}
    for (one, a), (other, b) in combinations(grid.nodes.items(), 2):
        if not hanging & {one, other}:
            assert (
                a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            )
    for flow in diagram.flows:
        points = grid.edges[flow.id]
        ends = {flow.source, flow.target} | {n.attached_to for n in diagram.nodes if n.id == flow.source}
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, "orthogonal"
            for node, box in grid.nodes.items():
                if node not in ends and node not in hanging:
                    left, right = min(x1, x2), max(x1, x2)
                    top, bottom = min(y1, y2), max(y1, y2)
                    apart = right <= box.x or left >= box.x + box.width
                    apart = apart or bottom <= box.y or top >= box.y + box.height
                    assert apart, f"{flow.id} crosses {node}"
        source, target = grid.nodes[flow.source], grid.nodes[flow.target]
        assert source.x <= points[0][0] <= source.x + source.width
        assert source.y <= points[0][1] <= source.y + source.height
        assert points[-1] == (target.x, target.middle[1])
        assert all(0 <= x <= grid.width and 0 <= y <= grid.height for x, y in points)


@pytest.mark.parametrize("diagram", diagrams(), ids=["timers", *IDS])
def test_nothing_overlaps_and_every_node_lies_in_its_lane(diagram):
    grid = lane_grid(diagram)
    check_drawing(diagram, grid)
    bands = {band.role: band for band in grid.lanes}
    assert tuple(bands) == diagram.lanes
    for node in diagram.nodes:
        band, (x, y) = bands[node.role], grid.nodes[node.id].middle
        assert band.y < y < band.y + band.height
        assert 30 < x < grid.width


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_random_processes_can_be_drawn(body):
    diagram = compiled(body).diagram
    check_drawing(diagram, lane_grid(diagram))


@pytest.mark.parametrize("model_id", IDS)
def test_lines_of_the_library_do_not_run_along_each_other(model_id):
    diagram = load(model_id).diagram
    edges = lane_grid(diagram).edges
    for one, other in combinations(diagram.flows, 2):
        if one.source != other.source and one.target != other.target:
            for first in pairwise(edges[one.id]):
                assert not any(along(first, second) for second in pairwise(edges[other.id])), (
                    one.id,
                    other.id,
                )


def along(one, other) -> bool:
    """Whether two straight stretches share more than a point."""
    for fixed, free in ((0, 1), (1, 0)):
        if len({point[fixed] for point in (*one, *other)}) == 1:
            begins = max(min(stretch[0][free], stretch[1][free]) for stretch in (one, other))
            ends = min(max(stretch[0][free], stretch[1][free]) for stretch in (one, other))
            return ends > begins
    return False


def test_the_drawing_runs_from_left_to_right():
    diagram = load("circuit-provisioning").diagram
    boxes = lane_grid(diagram).nodes
    way = ["start", "confirm_resources", "accept_order", "book_order", "test_circuit", "file_order", "end"]
    assert [boxes[node].x for node in way] == sorted(boxes[node].x for node in way)


def test_the_same_diagram_is_drawn_the_same():
    diagram = load("fault-handling").diagram
    assert lane_grid(diagram) == lane_grid(diagram)


@pytest.mark.parametrize("model_id", IDS)
def test_library_files_carry_the_drawing_of_every_element(model_id, tmp_path):
    from test_library_models import LIBRARY

    path = tmp_path / "process.bpmn"
    path.write_bytes((LIBRARY / model_id / "process.bpmn").read_bytes())
    assert with_diagram(path) == path.read_bytes(), "run the layout again"
    write_diagram(path)
    root = etree.parse(str(path)).getroot()
    drawn = {element.get("bpmnElement") for element in root.iter() if element.get("bpmnElement")}
    model = load(model_id).diagram
    assert drawn >= {*model.lanes, *(node.id for node in model.nodes), *(flow.id for flow in model.flows)}


def test_what_would_not_be_drawn_is_named_and_not_left_out(tmp_path):
    path = tmp_path / "process.bpmn"
    inside = nodes(startEvent="is", endEvent="ie", task="B") + flows("is>B>ie")
    path.write_bytes(
        process(nodes(startEvent="s", endEvent="e", task="A") + sub("S", inside) + flows("s>A>S>e"))
    )
    before = path.read_bytes()
    with pytest.raises(InputError) as refusal:
        write_diagram(path)
    told = [problem.what for problem in refusal.value.problems]
    assert {what.split("'")[1] for what in told} == {"is", "ie", "B", "is_B", "B_ie"}
    assert path.read_bytes() == before
