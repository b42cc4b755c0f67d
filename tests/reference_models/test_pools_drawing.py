"""Two pools in one drawing: below each other, with messages that run around the nodes."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree
from model_files import HEAD, flows, nodes

import reference_models
from logs.problems import InputError
from reference_models.diagram_interchange import with_diagram

TWO_NETWORKS = Path(reference_models.__file__).parent / "library/cross-network-acceptance/process.bpmn"


def boxes(root):
    """Element id → left, top, right, bottom."""
    found = {}
    for shape in root.iter("{*}BPMNShape"):
        bounds = shape.find("{*}Bounds")
        x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement")] = (x, y, x + width, y + height)
    return found


def lines(root):
    """Flow id → waypoints."""
    return {
        edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.iter("{*}waypoint")]
        for edge in root.iter("{*}BPMNEdge")
    }


def messages(root):
    return {
        each.get("id"): (each.get("sourceRef"), each.get("targetRef")) for each in root.iter("{*}messageFlow")
    }


def on_border(point, box):
    (x, y), (left, top, right, bottom) = point, box
    return left < x < right and y in (top, bottom)


def passes(line, box):
    left, top, right, bottom = box
    return any(
        max(x1, x2) > left and min(x1, x2) < right and max(y1, y2) > top and min(y1, y2) < bottom
        for (x1, y1), (x2, y2) in pairwise(line)
    )


def cross(one, other):
    for (a, b), (c, d) in ((s, t) for s in pairwise(one) for t in pairwise(other)):
        if passes([a, b], (min(c[0], d[0]), min(c[1], d[1]), max(c[0], d[0]), max(c[1], d[1]))):
            return True
    return False


def test_messages_between_two_networks_run_from_node_to_node_and_through_none():
    root = etree.parse(str(TWO_NETWORKS)).getroot()
    shapes, drawn = boxes(root), lines(root)
    holders = {each.get("id") for kind in ("participant", "lane") for each in root.iter(f"{{*}}{kind}")}
    assert len(messages(root)) == 5
    for message, (source, target) in messages(root).items():
        line = drawn[message]
        assert on_border(line[0], shapes[source])
        assert on_border(line[-1], shapes[target])
        assert not [name for name, box in shapes.items() if name not in holders and passes(line, box)]
    for one, other in combinations(messages(root), 2):
        assert not cross(drawn[one], drawn[other])


def test_the_pools_of_two_networks_lie_below_each_other_and_are_equally_wide():
    shapes = boxes(etree.parse(str(TWO_NETWORKS)).getroot())
    upper, lower = shapes["pool"], shapes["peer"]
    assert upper[3] < lower[1]
    assert (upper[0], upper[2]) == (lower[0], lower[2])
    assert lower[1] < shapes["peer_work"][1] < lower[3]


def two_pools(messages, pools=""):
    ours = nodes(startEvent="s", task="A B", endEvent="e") + flows("s>A>B>e")
    theirs = nodes(startEvent="s2", task="C", endEvent="e2") + flows("s2>C>e2")
    drawn = "".join(
        f'<messageFlow id="m{at}" sourceRef="{source}" targetRef="{target}"/>'
        for at, (source, target) in enumerate(messages)
    )
    return (
        f'{HEAD}<collaboration id="c"><participant id="us" processRef="p"/>'
        f'<participant id="them" processRef="q"/>{pools}{drawn}</collaboration>'
        f'<process id="p" isExecutable="true">{ours}</process>'
        f'<process id="q">{theirs}</process></definitions>'
    ).encode()


def test_what_is_drawn_stays_what_it_was(tmp_path):
    path = tmp_path / "process.bpmn"
    path.write_bytes(two_pools([("A", "C"), ("C", "B"), ("A", "s2")]))
    root = etree.fromstring(with_diagram(path))
    executable = {each.get("id"): each.get("isExecutable") for each in root.iter("{*}process")}
    assert executable == {"p": "true", "q": None}
    assert {"m0", "m1", "m2"} <= set(lines(root))
    assert len({lines(root)[each][0] for each in ("m0", "m2")}) == 2, "two messages leave at one point"
    assert with_diagram(path) == with_diagram(path)


@pytest.mark.parametrize(
    ("messages", "pools", "undrawn"),
    [
        ([("A", "third")], '<participant id="third"/>', {"third", "m0"}),
        ([("A", "us")], "", {"m0"}),
    ],
)
def test_pools_and_messages_without_a_place_are_named(messages, pools, undrawn, tmp_path):
    path = tmp_path / "process.bpmn"
    path.write_bytes(two_pools(messages, pools))
    with pytest.raises(InputError) as refusal:
        with_diagram(path)
    assert {problem.what.split("'")[1] for problem in refusal.value.problems} == undrawn
