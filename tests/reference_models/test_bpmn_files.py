"""Pools, called processes in this file and beside it, lanes within lanes, and what the drawing keeps."""

import pytest
from model_files import HEAD, boundary, compiled, event, flows, lanes, language, nodes, process, sub, timer

from logs.problems import InputError
from reference_models.bpmn import compile_bpmn
from reference_models.lane_grid import lane_grid
from reference_models.pool_grid import pool_grid

PLAIN = nodes(startEvent="s", endEvent="e", task="A B") + flows("s>A>B>e")
THEIRS = nodes(startEvent="s2", endEvent="e2", task="Q") + flows("s2>Q>e2")
CALLER = nodes(startEvent="s", endEvent="e", task="A D") + flows("s>A>X>D>e")


def call(name: str, call_id: str = "X") -> str:
    return f'<callActivity id="{call_id}" name="{call_id}" calledElement="{name}"/>'


def document(*processes: tuple[str, str, str], before: str = "") -> bytes:
    """A file of several processes: (id, further attributes, content)."""
    inside = "".join(f'<process id="{key}" {more}>{body}</process>' for key, more, body in processes)
    return f"{HEAD}{before}{inside}</definitions>".encode()


def pools(*messages: str) -> str:
    inside = "".join(
        f'<messageFlow id="m{a}{b}" sourceRef="{a}" targetRef="{b}"/>'
        for a, b in (each.split(">") for each in messages)
    )
    return (
        '<collaboration id="c"><participant id="us" name="Us" processRef="p"/>'
        f'<participant id="them" name="Them" processRef="q"/><participant id="dark"/>{inside}</collaboration>'
    )


def refused(source) -> str:
    with pytest.raises(InputError) as refusal:
        compile_bpmn(source, "test.bpmn")
    assert all(problem.mend for problem in refusal.value.problems)
    return str(refusal.value)


def traces(source, longest: int = 5) -> set[str]:
    return language(compile_bpmn(source, "test.bpmn").net, longest)


def test_the_pool_with_content_is_the_process_and_the_others_are_outside_parties():
    data = document(("p", "", PLAIN), ("q", "", ""), before=pools("A>them", "dark>B"))
    assert traces(data) == {"A B"}


def test_of_two_pools_with_content_the_executable_one_is_the_process():
    both = pools("A>Q", "Q>B")
    data = document(("p", 'isExecutable="true"', PLAIN), ("q", 'isExecutable="false"', THEIRS), before=both)
    assert traces(data) == {"A B"}
    data = document(("p", "", PLAIN), ("q", 'isExecutable="true"', THEIRS), before=both)
    assert traces(data) == {"Q"}


def test_two_pools_between_which_nothing_decides_are_named_with_the_way_to_choose():
    told = refused(document(("p", "", PLAIN), ("q", "", THEIRS), before=pools()))
    assert "'p' (pool 'Us'), 'q' (pool 'Them')" in told
    assert "isExecutable" in told


def test_an_outside_party_is_not_read_so_its_drawing_may_hold_anything():
    strange = nodes(complexGateway="g") + flows("g>g")
    data = document(("p", 'isExecutable="1"', PLAIN), ("q", "", strange), before=pools())
    assert traces(data) == {"A B"}


def test_an_outside_party_with_messages_is_drawn_where_it_can_be_read():
    data = document(("p", 'isExecutable="1"', PLAIN), ("q", "", THEIRS), before=pools("A>Q", "Q>B"))
    diagram = compile_bpmn(data, "d.bpmn").diagram
    assert [pool.name for pool in diagram.pools] == ["Us", "Them"]
    assert [(each.source, each.target) for each in diagram.messages] == [("A", "Q"), ("Q", "B")]
    assert {node.id for node in diagram.nodes}.isdisjoint({"Q"})
    grid = pool_grid(diagram)
    assert set(grid.edges) >= {each.id for each in diagram.messages}
    strange = nodes(complexGateway="g") + flows("g>g")
    data = document(("p", 'isExecutable="1"', PLAIN), ("q", "", strange), before=pools("A>g"))
    assert compile_bpmn(data, "d.bpmn").diagram.pools == ()


@pytest.mark.parametrize(("message", "reason"), [("A>gone", "no element 'gone'"), ("A>B", "within one pool")])
def test_message_flows_go_to_somebody_else(message, reason):
    data = document(("p", "", PLAIN), ("q", "", ""), before=pools(message))
    told = refused(data)
    assert f"messageFlow 'm{message.replace('>', '')}'" in told
    assert reason in told


def test_a_pool_of_a_process_that_is_not_there_is_told():
    assert "participant 'them': no process 'q'" in refused(document(("p", "", PLAIN), before=pools()))


def test_a_process_in_the_same_file_is_called():
    data = document(("p", "", CALLER + call("q")), ("q", "", THEIRS))
    assert traces(data) == {"A Q D"}


def test_a_process_may_be_called_twice():
    body = nodes(startEvent="s", endEvent="e") + flows("s>X>Y>e") + call("q") + call("q", "Y")
    made = compile_bpmn(document(("p", "", body), ("q", "", THEIRS)), "test.bpmn")
    assert language(made.net, 4) == {"Q Q"}
    assert made.tasks == {"Q": "Q"}
    lane_grid(made.diagram)


def test_an_error_of_a_called_process_is_caught_by_who_calls():
    failing = nodes(startEvent="s2", task="Q", endEvent="e2", exclusiveGateway="x") + flows("s2>Q>x>e2 x>t")
    body = CALLER + call("q") + nodes(task="R") + boundary("b", "X", "error") + flows("b>R>e")
    data = document(("p", "", body), ("q", "", failing + event("endEvent", "t", "error")))
    assert traces(data) == {"A Q D", "A Q R"}


def test_processes_that_call_each_other_are_refused():
    told = refused(
        document(("p", "", CALLER + call("q")), ("q", "", nodes(task="Q") + flows("Y>Q") + call("p", "Y")))
    )
    assert "callActivity" in told
    assert "may not call itself" in told


@pytest.mark.parametrize("name", ["q", "other.bpmn", "ns:q"])
def test_a_file_beside_it_is_called_by_process_or_by_name(tmp_path, name):
    (tmp_path / "main.bpmn").write_bytes(process(CALLER + call(name)))
    (tmp_path / "other.bpmn").write_bytes(document(("q", "", THEIRS)))
    (tmp_path / "broken.bpmn").write_text("q <")
    made = compile_bpmn(tmp_path / "main.bpmn", "models/main.bpmn")
    assert language(made.net, 4) == {"A Q D"}
    assert {node.id for node in made.diagram.nodes} >= {"A", "X", "Q", "D"}


def test_mistakes_in_a_called_file_are_told_there(tmp_path):
    (tmp_path / "main.bpmn").write_bytes(process(CALLER + call("q")))
    (tmp_path / "other.bpmn").write_bytes(document(("q", "", THEIRS + nodes(complexGateway="g"))))
    with pytest.raises(InputError) as refusal:
        compile_bpmn(tmp_path / "main.bpmn", "models/main.bpmn")
    assert {problem.file for problem in refusal.value.problems} == {"models/other.bpmn"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.bpmn", "outside the folder"),
        ("/etc/secret.bpmn", "outside the folder"),
        ("gone.bpmn", "no such file"),
        ("gone", "no .bpmn file beside this one"),
        ("twice", "is in one.bpmn, two.bpmn"),
        ("broken.bpmn", "not well-formed XML"),
    ],
)
def test_what_cannot_be_called_is_told(tmp_path, name, reason):
    (tmp_path / "secret.bpmn").write_bytes(document(("q", "", THEIRS)))
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "main.bpmn").write_bytes(process(CALLER + call(name)))
    (folder / "broken.bpmn").write_text("<")
    for other in ("one", "two"):
        (folder / f"{other}.bpmn").write_bytes(document(("twice", "", THEIRS)))
    told = refused(folder / "main.bpmn")
    assert "callActivity 'X'" in told
    assert reason in told


def test_files_that_call_each_other_are_refused(tmp_path):
    (tmp_path / "main.bpmn").write_bytes(process(CALLER + call("other.bpmn")))
    (tmp_path / "other.bpmn").write_bytes(document(("q", "", nodes(task="Q") + call("main.bpmn", "Y"))))
    assert "may not call itself (p → q → p)" in refused(tmp_path / "main.bpmn")


def test_tasks_of_two_files_with_one_id_are_refused(tmp_path):
    (tmp_path / "main.bpmn").write_bytes(process(CALLER + call("q")))
    (tmp_path / "other.bpmn").write_bytes(document(("q", "", THEIRS.replace('"Q"', '"A"'))))
    assert "task 'A' bears the id of another one" in refused(tmp_path / "main.bpmn")


def test_calls_that_multiply_are_refused():
    chain = [("p", "", "".join(call("q0", f"p{n}") for n in range(9)))]
    for depth in range(9):
        inside = "".join(call(f"q{depth + 1}", f"c{depth}_{n}") for n in range(9))
        chain.append((f"q{depth}", "", inside))
    chain.append(("q9", "", nodes(task="Q")))
    assert "more than 2,000 elements" in refused(document(*chain))


def test_subprocesses_in_each_other_beyond_measure_are_refused():
    def nest(levels: int) -> str:
        body = nodes(task="B")
        for level in range(levels):
            body = sub(f"S{level}", body)
        return body

    assert traces(process(nest(12)), 2) == {"B"}
    assert "more than 15 subprocesses" in refused(process(nest(100)))
    assert "not well-formed" in refused(process(nest(3000)))


def test_calls_in_a_long_row_are_refused():
    chain = [(f"q{n}", "", nodes(task=f"T{n}") + call(f"q{n + 1}", f"c{n}")) for n in range(40)]
    assert "more than 10 processes" in refused(document(*chain, ("q40", "", nodes(task="Q"))))


def test_a_call_through_links_in_a_circle_leads_nowhere(tmp_path):
    (tmp_path / "main.bpmn").write_bytes(process(CALLER + call("round.bpmn")))
    (tmp_path / "round.bpmn").symlink_to(tmp_path / "round.bpmn")
    assert "callActivity 'X'" in refused(tmp_path / "main.bpmn")


NESTED = (
    '<laneSet id="l"><lane id="sales" name="Sales"><flowNodeRef>s</flowNodeRef><flowNodeRef>A</flowNodeRef>'
    '<flowNodeRef>B</flowNodeRef><childLaneSet id="c"><lane id="north" name="North">'
    '<flowNodeRef>A</flowNodeRef></lane><lane id="south" name="South"><flowNodeRef>B</flowNodeRef></lane>'
    '</childLaneSet></lane><lane id="group"><childLaneSet id="k"><lane id="store" name="Store">'
    "<flowNodeRef>C</flowNodeRef></lane></childLaneSet></lane></laneSet>"
)


def test_a_task_lies_in_the_innermost_lane_and_a_lane_that_only_groups_is_no_role():
    made = compiled(NESTED + nodes(startEvent="s", endEvent="e", task="A B C") + flows("s>A>B>C>e"))
    assert made.lane_of == {"A": "north", "B": "south", "C": "store"}
    assert made.lanes == {"north": "North", "south": "South", "store": "Store"}
    assert made.handoffs == (("A", "B"), ("B", "C"))


ENDS = nodes(startEvent="s", endEvent="e")


def test_tasks_in_a_subprocess_lie_in_its_lane_unless_they_lie_in_another():
    body = lanes(one="A", two="S D", three="C") + ENDS + nodes(task="A D") + flows("s>A>S>D>e")
    made = compiled(body + sub("S", nodes(task="B C") + flows("B>C")))
    assert made.lane_of == {"A": "one", "B": "two", "C": "three", "D": "two"}
    assert set(made.handoffs) == {("A", "B"), ("B", "C"), ("C", "D")}


def test_a_called_process_brings_its_lanes_or_lies_in_that_of_the_call():
    body = lanes(one="A", two="X D") + CALLER + call("q")
    made = compile_bpmn(document(("p", "", body), ("q", "", THEIRS)), "test.bpmn")
    assert made.lane_of == {"A": "one", "Q": "two", "D": "two"}
    own = lanes(three="Q").replace("lanes", "lanes2")
    made = compile_bpmn(document(("p", "", body), ("q", "", own + THEIRS)), "test.bpmn")
    assert made.lane_of == {"A": "one", "Q": "three", "D": "two"}
    assert list(made.lanes) == ["one", "two", "three"]


def test_a_process_without_lanes_may_not_be_called_from_two():
    body = lanes(one="X", two="Y") + ENDS + flows("s>X>Y>e") + call("q") + call("q", "Y")
    assert "task 'Q' is called from two lanes" in refused(document(("p", "", body), ("q", "", THEIRS)))


@pytest.mark.parametrize("at_once", [True, False])
def test_who_hands_over_past_a_subprocess_with_parallel_branches(at_once):
    inside = nodes(task="B C") if at_once else nodes(task="B C") + flows("B>C")
    body = lanes(one="A", two="B", three="C", four="D") + ENDS + nodes(task="A D") + flows("s>A>S>D>e")
    expected = {("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")} if at_once else {
        ("A", "B"), ("B", "C"), ("C", "D")
    }  # fmt: skip
    assert set(compiled(body + sub("S", inside)).handoffs) == expected


def test_a_timer_on_a_subprocess_hands_the_waiting_work_to_whom_it_calls():
    body = lanes(one="A", two="S", three="X") + ENDS + nodes(task="A X") + flows("s>A>S>e t>X>e")
    body += sub("S", nodes(task="B C") + flows("B>C"))
    stops = compiled(body + timer("t", "S", interrupting=True))
    assert set(stops.handoffs) == {("A", "B"), ("A", "X"), ("B", "X")}
    warns = compiled(body + timer("t", "S", interrupting=False))
    assert set(warns.handoffs) == {("A", "B"), ("A", "X"), ("B", "X")}
    (told,) = warns.timers
    assert (told.id, told.attached_to, told.duration, told.interrupting) == ("t", "S", "P5D", False)


def test_branches_of_an_inclusive_gateway_do_not_hand_over_to_each_other():
    body = lanes(one="A", two="B", three="C", four="D") + ENDS + nodes(task="A B C D", inclusiveGateway="o j")
    assert set(compiled(body + flows("s>A>o>B>j>D>e o>C>j")).handoffs) == {
        ("A", "B"),
        ("A", "C"),
        ("B", "D"),
        ("C", "D"),
    }


def test_the_drawing_shows_a_subprocess_with_what_it_holds():
    body = ENDS + nodes(task="A D X") + flows("s>A>S>D>e t>X>e") + timer("t", "S", interrupting=True)
    made = compiled(body + sub("S", nodes(startEvent="is", task="B", endEvent="ie") + flows("is>B>ie")))
    kinds = {node.id: node.kind for node in made.diagram.nodes}
    assert kinds["S"] == "subProcess"
    ways = {(flow.source, flow.target) for flow in made.diagram.flows}
    assert {("A", "S"), ("S", "is"), ("is", "B"), ("B", "ie"), ("ie", "D")} <= ways
    grid = lane_grid(made.diagram)
    assert set(grid.nodes) == set(kinds)
    assert set(grid.edges) == {flow.id for flow in made.diagram.flows}
