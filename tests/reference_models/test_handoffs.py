"""Handoffs follow the token, not the picture."""

from model_files import compiled, flows, lanes, nodes, timer

ENDS = nodes(startEvent="s", endEvent="e")


def test_a_handoff_passes_gateways_and_stays_out_of_one_lane():
    body = lanes(one="A B", two="C D") + ENDS + nodes(task="A B C D", exclusiveGateway="x")
    assert set(compiled(body + flows("s>A>B>x>C>D>e x>D")).handoffs) == {("B", "C"), ("B", "D")}


def test_parallel_branches_do_not_hand_over_to_each_other():
    body = lanes(one="A", two="B", three="C", four="D") + ENDS + nodes(task="A B C D", parallelGateway="f j")
    assert set(compiled(body + flows("s>A>f>B>j>D>e f>C>j")).handoffs) == {
        ("A", "B"),
        ("A", "C"),
        ("B", "D"),
        ("C", "D"),
    }


def test_a_loop_hands_back():
    body = lanes(one="A", two="B") + ENDS + nodes(task="A B", exclusiveGateway="x y")
    assert set(compiled(body + flows("s>x>A>B>y>e y>x")).handoffs) == {("A", "B"), ("B", "A")}


def test_a_timer_hands_the_waiting_work_to_whom_it_calls():
    body = (
        lanes(one="A", two="B", three="X") + ENDS + nodes(task="A B X") + timer("t", "B", interrupting=True)
    )
    assert set(compiled(body + flows("s>A>B>e t>X>e")).handoffs) == {("A", "B"), ("A", "X")}


def test_without_lanes_there_are_none():
    assert compiled(ENDS + nodes(task="A B") + flows("s>A>B>e")).handoffs == ()
