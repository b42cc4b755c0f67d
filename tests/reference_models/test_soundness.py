"""Soundness: what is refused, and that the reason can be found in the diagram."""

import pytest
from model_files import TWO_STEPS, compiled, flows, nodes, process, two_steps, write_model

from reference_models import check, load
from reference_models.soundness import check_soundness

ENDS = nodes(startEvent="s", endEvent="e")
AND_OF_XOR = ENDS + nodes(task="A B", exclusiveGateway="x", parallelGateway="j") + flows("s>x>A>j>e x>B>j")
XOR_OF_AND = (
    ENDS + nodes(task="A B C", parallelGateway="f", exclusiveGateway="j") + flows("s>f>A>j>C>e f>B>j")
)
PILES_UP = ENDS + nodes(task="A B", parallelGateway="f", exclusiveGateway="x") + flows("s>x>A>f>x f>B>e")


def test_a_join_that_waits_for_ever_is_told_with_the_way_there():
    facts = check_soundness(compiled(AND_OF_XOR).net)
    assert not facts.sound
    assert facts.stuck == ("A",)
    assert facts.stuck_at == ("A_j",)


def test_a_task_that_can_never_happen_is_told():
    body = ENDS + nodes(task="A B C", exclusiveGateway="x", parallelGateway="j") + flows("s>x>A>j>C>e x>B>j")
    facts = check_soundness(compiled(body).net)
    assert facts.dead == ("C",)


def test_a_task_done_twice_is_bounded_and_sound():
    facts = check_soundness(compiled(XOR_OF_AND).net)
    assert facts.sound
    assert facts.bound == 2


def test_tokens_that_pile_up_are_told():
    facts = check_soundness(compiled(PILES_UP).net)
    assert facts.unbounded
    assert not facts.sound


def test_more_states_than_the_cap_is_a_reason():
    width = range(8)
    body = ENDS + nodes(parallelGateway="f j", task=" ".join(f"t{i}" for i in width))
    body += flows("s>f j>e " + " ".join(f"f>t{i}>j" for i in width))
    assert check_soundness(compiled(body).net).states >= 256
    facts = check_soundness(compiled(body).net, cap=100)
    assert facts.capped
    assert not facts.sound


@pytest.mark.parametrize(
    ("body", "reason"),
    [(AND_OF_XOR, "after A a case cannot finish"), (PILES_UP, "pile up")],
    ids=["stuck", "unbounded"],
)
def test_an_unsound_model_is_refused_at_load(tmp_path, body, reason):
    result = check(write_model(tmp_path, two_steps(), process(body)))
    assert not result.usable
    assert any("not sound" in problem.what and reason in problem.what for problem in result.problems)
    assert result.model is None


def test_check_tells_the_facts_of_a_sound_model(tmp_path):
    result = check(write_model(tmp_path, two_steps(), TWO_STEPS))
    assert result.usable, result.problems
    assert (result.states, result.bounded, result.dead, result.can_always_finish) == (3, True, (), True)
    assert result.model == load(tmp_path)
    assert result.reason == ""


def test_check_of_no_folder_says_so(tmp_path):
    result = check(tmp_path / "gone")
    assert "no such folder" in result.reason
