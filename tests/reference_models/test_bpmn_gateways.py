"""Inclusive and event-based gateways, conditional flows, events on the way: traces taken, and no other."""

from itertools import permutations

import pytest
from model_files import boundary, compiled, event, flows, language, nodes, sub

from reference_models.soundness import check_soundness

ENDS = nodes(startEvent="s", endEvent="e")


def any_order(*sets: str) -> set[str]:
    return {" ".join(each) for tasks in sets for each in permutations(tasks.split())}


def conditional(*pairs: str) -> str:
    return "".join(
        f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"><conditionExpression/></sequenceFlow>'
        for a, b in (pair.split(">") for pair in pairs)
    )


INCLUSIVE = {
    "any branches, joined": (
        nodes(task="A B C", inclusiveGateway="o j") + flows("s>o>A>j>C>e o>B>j"),
        {"A C", "B C", "A B C", "B A C"},
    ),
    "three branches": (
        nodes(task="A B C D", inclusiveGateway="o j") + flows("s>o>A>j>D>e o>B>j o>C>j"),
        {f"{t} D" for t in any_order("A", "B", "C", "A B", "A C", "B C", "A B C")},
    ),
    "the default flow alone, or the others": (
        nodes(task="A B C") + '<inclusiveGateway id="o" default="o_C"/>' + flows("s>o>A>e o>B>e o>C>e"),
        {"A", "B", "A B", "B A", "C"},
    ),
    "without a join": (
        nodes(task="A B", inclusiveGateway="o") + flows("s>o>A>e o>B>e"),
        {"A", "B", "A B", "B A"},
    ),
    "a branch that passes by": (
        nodes(task="A B", inclusiveGateway="o j") + flows("s>o>A>j>B>e o>j"),
        {"B", "A B"},
    ),
    "an inclusive join after an exclusive choice": (
        nodes(task="A B C", exclusiveGateway="x", inclusiveGateway="j") + flows("s>x>A>j>C>e x>B>j"),
        {"A C", "B C"},
    ),
    "an inclusive join after a parallel split": (
        nodes(task="A B C", parallelGateway="f", inclusiveGateway="j") + flows("s>f>A>j>C>e f>B>j"),
        {"A B C", "B A C"},
    ),
    "a branch that may leave before the join": (
        nodes(task="A B C D", parallelGateway="f", exclusiveGateway="x", inclusiveGateway="j", endEvent="e2")
        + flows("s>f>A>j>D>e f>B>x>j x>C>e2"),
        {"A B D", "B A D", "A B C D", "A B D C", "B A C D", "B A D C", "B C A D"},
    ),
    "one inside another": (
        nodes(task="A B C", inclusiveGateway="o j q k") + flows("s>o>q>A>k>j>e q>B>k o>C>j"),
        any_order("A", "B", "C", "A B", "A C", "B C", "A B C"),
    ),
    "in a loop": (
        nodes(task="A B", inclusiveGateway="o j", exclusiveGateway="x y") + flows("s>x>o>A>j>y>e o>B>j y>x"),
        {
            " ".join(t.split())
            for a in ("", "A", "B", "A B", "B A")
            for b in ("A", "B", "A B", "B A")
            for t in (f"{a} {b}",)
            if len(t.split()) <= 3
        }
        | {"A A A", "A A B", "A B A", "B A A", "A B B", "B A B", "B B A", "B B B"},
    ),
    "a subprocess on one branch": (
        nodes(task="A D", inclusiveGateway="o j") + sub("S", nodes(task="B C") + flows("B>C"))
        + flows("s>o>A>j>D>e o>S>j"),
        {"A D", "B C D", "A B C D", "B A C D", "B C A D"},
    ),
    "a branch that is interrupted": (
        nodes(task="A B C X", inclusiveGateway="o j", endEvent="e2") + boundary("t", "B", "message")
        + flows("s>o>A>j>C>e o>B>j t>X>e2"),
        {"A C", "B C", "A B C", "B A C", "X", "A X C", "X A C", "A C X"},
    ),
}  # fmt: skip

CHOICES = {
    "conditional flows out of a task: some of them": (
        nodes(task="A B C") + flows("s>A B>e C>e") + conditional("A>B", "A>C"),
        {"A B", "A C", "A B C", "A C B"},
    ),
    "a conditional flow beside one that is always taken": (
        nodes(task="A B C") + flows("s>A>B>e C>e") + conditional("A>C"),
        {"A B", "A B C", "A C B"},
    ),
    "a default flow out of a task": (
        '<task id="A" default="A_C"/>' + nodes(task="B C") + flows("s>A>C>e B>e") + conditional("A>B"),
        {"A B", "A C"},
    ),
    "conditions after an exclusive gateway": (
        nodes(task="A B", exclusiveGateway="x") + flows("s>x A>e B>e") + conditional("x>A", "x>B"),
        {"A", "B"},
    ),
    "the first event decides": (
        nodes(task="A B C", eventBasedGateway="g", receiveTask="R")
        + event("intermediateCatchEvent", "m", "message") + event("intermediateCatchEvent", "t", "timer")
        + flows("s>A>g>m>B>e g>t>C>e g>R>e"),
        {"A B", "A C", "A R"},
    ),
    "several start events are alternatives": (
        nodes(task="A B") + event("startEvent", "s2", "message") + flows("s>A>B>e s2>B"),
        {"A B", "B"},
    ),
    "nothing drawn at either end": (
        "<!-- -->", {"A B C", "A C B", "C A B"}
    ),
}  # fmt: skip

EVENTS = {
    **{
        f"a {trigger or 'plain'} {kind}": (
            nodes(task="A B") + event(kind, "x", trigger) + flows("s>A>x>B>e"),
            {"A B"},
        )
        for kind, triggers in {
            "intermediateCatchEvent": ("message", "timer", "signal", "conditional"),
            "intermediateThrowEvent": ("", "message", "signal", "escalation"),
        }.items()
        for trigger in triggers
    },
    **{
        f"a {trigger} end": (
            nodes(task="A B") + event("endEvent", "x", trigger) + flows("s>A>B>x B>e"),
            {"A B"},
        )
        for trigger in ("message", "signal", "terminate", "error", "escalation")
    },
    **{
        f"a task interrupted by {trigger}": (
            nodes(task="A X") + boundary("b", "A", trigger) + flows("s>A>e b>X>e"),
            {"A", "X"},
        )
        for trigger in ("message", "timer", "signal", "conditional", "error", "escalation")
    },
    **{
        f"a task with {trigger} beside it": (
            nodes(task="A X") + boundary("b", "A", trigger, interrupting=False) + flows("s>A>e b>X>e"),
            {"A", "A X", "X A"},
        )
        for trigger in ("message", "timer", "signal", "conditional", "escalation")
    },
    "a link": (
        nodes(task="A B") + flows("s>A>x y>B>e")
        + event("intermediateThrowEvent", "x", "link", about='name="on"')
        + event("intermediateCatchEvent", "y", "link", about='name="on"'),
        {"A B"},
    ),
    "an event defined beside the process": (
        nodes(task="A B")
        + '<intermediateCatchEvent id="x"><eventDefinitionRef>known</eventDefinitionRef>'
        + "</intermediateCatchEvent>"
        + flows("s>A>x>B>e"),
        {"A B"},
    ),
}  # fmt: skip

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {"inclusive": INCLUSIVE, "choice": CHOICES, "event": EVENTS}.items()
    for name, case in cases.items()
}
IMPLICIT = nodes(task="A B C") + flows("A>B")


@pytest.mark.parametrize("name", CASES)
def test_construct_takes_its_traces_and_no_other(name, monkeypatch):
    body, traces = CASES[name]
    monkeypatch.setattr("model_files.HEAD", HEAD)
    made = compiled(IMPLICIT if body == "<!-- -->" else ENDS + body)
    longest = 3 if "loop" in name else max(len(trace.split()) for trace in traces) + 1
    assert language(made.net, longest) == traces
    assert language(made.full_net, longest) == traces
    assert check_soundness(made.net).sound


HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
    '<timerEventDefinition id="known"/>'
)


def test_joins_that_wait_for_each_other_are_not_sound():
    body = ENDS + nodes(task="A B C", parallelGateway="f", inclusiveGateway="j k", exclusiveGateway="x y")
    body += flows("s>f>A>j>x>k>y>e f>B>k y>j x>C>e")
    facts = check_soundness(compiled(body).net)
    assert not facts.sound


def test_a_parallel_join_after_an_inclusive_split_is_not_sound():
    body = nodes(task="A B", inclusiveGateway="o", parallelGateway="j") + flows("s>o>A>j>e o>B>j")
    facts = check_soundness(compiled(ENDS + body).net)
    assert facts.stuck == ("A",)
