"""Names of flows in a drawing can be read: no line runs through them."""

from itertools import chain, pairwise

import pytest
from model_files import compiled, flows, nodes

from reference_models import library, load
from reference_models.lane_grid import lane_grid


def crossed(grid):
    """Labels that a line runs through."""
    lines = list(chain.from_iterable(pairwise(line) for line in grid.edges.values()))
    return [flow for flow, box in grid.labels.items() if any(through(line, box) for line in lines)]


def through(line, box):
    (x1, x2), (y1, y2) = (sorted(point[axis] for point in line) for axis in (0, 1))
    return x2 > box.x and x1 < box.x + box.width and y2 > box.y and y1 < box.y + box.height


@pytest.mark.parametrize("model_id", library())
def test_no_line_runs_through_a_name_of_the_library(model_id):
    assert crossed(lane_grid(load(model_id).diagram)) == []


def test_a_name_on_a_straight_line_gives_way_to_a_line_that_turns_upwards():
    body = nodes(startEvent="s", exclusiveGateway="g m", task="A B C", endEvent="e")
    body += flows("s>g g>A>m g>B>m g>C>m m>e").replace('id="g_B"', 'id="g_B" name="second"')
    grid = lane_grid(compiled(body).diagram)
    assert crossed(grid) == []
