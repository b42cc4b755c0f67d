"""Compiled nets against pm4py's converter, on drawings that it reads rightly: tasks and plain gateways."""

from itertools import count

import pm4py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import flows, language, nodes, process

from reference_models.bpmn import compile_bpmn
from reference_models.model import Net, Transition

LONGEST = 5


@st.composite
def plain(draw: st.DrawFn) -> bytes:
    """Blocks of sequences, exclusive and parallel gateways, and loops."""
    number = count()

    def block(depth: int) -> tuple[str, str, str]:
        kinds = ["task", "sequence", "choice", "parallel", "loop"] if depth else ["task"]
        kind = draw(st.sampled_from(kinds))
        first, last = f"n{next(number)}", f"n{next(number)}"
        if kind == "task":
            return first, first, nodes(task=first)
        a, b = block(depth - 1), block(depth - 1)
        if kind == "sequence":
            return a[0], b[1], a[2] + b[2] + flows(f"{a[1]}>{b[0]}")
        gateway = "parallelGateway" if kind == "parallel" else "exclusiveGateway"
        back = f"{last}>{b[0]} {b[1]}>{first}" if kind == "loop" else f"{first}>{b[0]} {b[1]}>{last}"
        drawn = nodes(**{gateway: f"{first} {last}"}) + a[2] + b[2]
        return first, last, drawn + flows(f"{first}>{a[0]} {a[1]}>{last} {back}")

    inner = block(3)
    return process(nodes(startEvent="s", endEvent="e") + inner[2] + flows(f"s>{inner[0]} {inner[1]}>e"))


def converted(path: str) -> Net:
    """The net that pm4py makes of a file, as ours."""
    net, first, last = pm4py.convert_to_petri_net(pm4py.read_bpmn(path))
    places = sorted(net.places, key=lambda place: place.name)
    number = {place: index for index, place in enumerate(places)}
    transitions = tuple(
        Transition(
            each.name,
            each.label,
            tuple(number[arc.source] for arc in each.in_arcs),
            tuple(number[arc.target] for arc in each.out_arcs),
        )
        for each in sorted(net.transitions, key=lambda transition: transition.name)
    )
    marked = [tuple(sorted(number[place] for place in marking)) for marking in (first, last)]
    return Net(tuple(place.name for place in places), transitions, marked[0], (marked[1],))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pm4py")


@settings(max_examples=20, deadline=None)
@given(data=plain())
def test_plain_gateways_read_the_same(folder, data):
    (folder / "drawn.bpmn").write_bytes(data)
    ours = compile_bpmn(data, "drawn.bpmn")
    assert language(ours.net, LONGEST) == language(converted(str(folder / "drawn.bpmn")), LONGEST)
