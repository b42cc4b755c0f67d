"""Each BPMN construct that is compiled: the traces that it takes and those that it does not."""

import pytest
from model_files import compiled, flows, language, nodes, process, timer

from reference_models.bpmn import compile_bpmn
from reference_models.soundness import check_soundness

ENDS = nodes(startEvent="s", endEvent="e")

CASES = {
    "a sequence": (nodes(task="A B") + flows("s>A>B>e"), {"A B"}),
    "an exclusive choice": (
        nodes(task="A B", exclusiveGateway="x y") + flows("s>x>A>y>e x>B>y"),
        {"A", "B"},
    ),
    "a branch that may be passed by": (
        nodes(task="A B", exclusiveGateway="x y") + flows("s>x>A>y>B>e x>y"),
        {"A B", "B"},
    ),
    "parallel branches": (
        nodes(task="A B C", parallelGateway="f j") + flows("s>f>A>j>C>e f>B>j"),
        {"A B C", "B A C"},
    ),
    "a loop": (
        nodes(task="A B", exclusiveGateway="x y") + flows("s>x>A>y>e y>B>x"),
        {"A", "A B A", "A B A B A"},
    ),
    "a gateway that both merges and splits": (
        nodes(task="A B C", exclusiveGateway="x") + flows("s>A>x>B>e x>C>x"),
        {"A B", "A C B", "A C C B", "A C C C B"},
    ),
    "a parallel gateway that both joins and splits": (
        nodes(task="A B C D", parallelGateway="f m j") + flows("s>f>A>m>C>j>e f>B>m>D>j"),
        {"A B C D", "A B D C", "B A C D", "B A D C"},
    ),
    "several flows into a task take turns": (
        nodes(task="A B C", exclusiveGateway="x") + flows("s>x>A>C>e x>B>C"),
        {"A C", "B C"},
    ),
    "several flows out of a task all go": (
        nodes(task="A B C D", parallelGateway="j") + flows("s>A>B>j>D>e A>C>j"),
        {"A B C D", "A C B D"},
    ),
    "several flows out of the start all go": (
        nodes(task="A B", parallelGateway="j") + flows("s>A>j>e s>B>j"),
        {"A B", "B A"},
    ),
    "several end events each take a token": (
        nodes(task="A B C", endEvent="e2", parallelGateway="f") + flows("s>A>f>B>e f>C>e2"),
        {"A B C", "A C B"},
    ),
    "parallel branches into one end event": (
        nodes(task="A B", parallelGateway="f") + flows("s>f>A>e f>B>e"),
        {"A B", "B A"},
    ),
    "an exclusive choice of ends": (
        nodes(task="A B C", endEvent="e2", exclusiveGateway="x") + flows("s>A>x>B>e x>C>e2"),
        {"A B", "A C"},
    ),
    "an exclusive branch inside a parallel one": (
        nodes(task="A B C", parallelGateway="f j", exclusiveGateway="x y")
        + flows("s>f>x>A>y>j>e x>B>y f>C>j"),
        {"A C", "C A", "B C", "C B"},
    ),
    "an intermediate timer is not seen": (
        nodes(task="A B")
        + '<intermediateCatchEvent id="t"><timerEventDefinition/></intermediateCatchEvent>'
        + flows("s>A>t>B>e"),
        {"A B"},
    ),
    "an interrupting timer takes the place of its task": (
        nodes(task="A B X", exclusiveGateway="y")
        + timer("t", "B", interrupting=True)
        + flows("s>A>B>y>e t>X>y"),
        {"A B", "A X"},
    ),
    "a timer that does not interrupt adds its branch, once": (
        nodes(task="A B X", endEvent="e2") + timer("t", "B", interrupting=False) + flows("s>A>B>e t>X>e2"),
        {"A B", "A B X", "A X B"},
    ),
    "timers of both sorts on one task": (
        nodes(task="B X Y", endEvent="e2 e3")
        + timer("t", "B", interrupting=False)
        + timer("u", "B", interrupting=True)
        + flows("s>B>e t>X>e2 u>Y>e3"),
        {"B", "Y", "B X", "X B", "X Y", "Y X"},
    ),
    "gateways in a ring": (
        nodes(task="A B", exclusiveGateway="x y") + flows("s>x>A>e x>y>B>e y>x"),
        {"A", "B"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_construct_takes_its_traces_and_no_other(name):
    body, traces = CASES[name]
    made = compiled(ENDS + body)
    assert {trace for trace in language(made.net, 5) if trace} == traces
    assert language(made.full_net, 5) == language(made.net, 5)
    assert check_soundness(made.net).sound


def test_every_kind_of_task_is_a_step():
    kinds = (
        "task",
        "userTask",
        "serviceTask",
        "manualTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "scriptTask",
    )
    body = nodes(**{kind: kind[:3] for kind in kinds}) + flows(
        "s>" + ">".join(kind[:3] for kind in kinds) + ">e"
    )
    assert language(compiled(ENDS + body).net, 8) == {" ".join(kind[:3] for kind in kinds)}


def test_prefixed_names_conditions_notes_and_vendor_extensions_change_nothing():
    text = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:v="urn:vendor" id="d">
    <bpmn:process id="p">
    <bpmn:documentation>text</bpmn:documentation>
    <bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="x" default="x_e"/>
    <bpmn:task id="A" name="第一 步"><bpmn:extensionElements><v:secret/></bpmn:extensionElements></bpmn:task>
    <bpmn:endEvent id="e"/><bpmn:textAnnotation id="n"><bpmn:text>note</bpmn:text></bpmn:textAnnotation>
    <bpmn:association id="as" sourceRef="A" targetRef="n"/>
    <bpmn:sequenceFlow id="s_x" sourceRef="s" targetRef="x"/>
    <bpmn:sequenceFlow id="x_A" sourceRef="x" targetRef="A">
    <bpmn:conditionExpression>a &gt; 1</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="x_e" sourceRef="x" targetRef="e"/>
    <bpmn:sequenceFlow id="A_e" sourceRef="A" targetRef="e"/>
    </bpmn:process></bpmn:definitions>"""
    made = compile_bpmn(text.encode(), "t.bpmn")
    assert language(made.net, 3) == {"", "A"}
    assert made.tasks == {"A": "第一 步"}


def test_timers_are_told_with_their_duration():
    body = nodes(task="B X", endEvent="e2") + timer("t", "B", interrupting=False) + flows("s>B>e t>X>e2")
    (found,) = compiled(ENDS + body).timers
    assert (found.id, found.attached_to, found.duration, found.interrupting) == ("t", "B", "P5D", False)


def test_the_diagram_keeps_every_node_and_flow():
    made = compiled(ENDS + nodes(task="A", exclusiveGateway="x y") + flows("s>x>A>y>e x>y"))
    assert {(node.id, node.kind) for node in made.diagram.nodes} == {
        ("s", "startEvent"),
        ("e", "endEvent"),
        ("A", "task"),
        ("x", "exclusiveGateway"),
        ("y", "exclusiveGateway"),
    }
    assert [flow.id for flow in made.diagram.flows] == ["s_x", "x_A", "A_y", "y_e", "x_y"]


def test_the_same_file_makes_the_same_net():
    body = ENDS + nodes(task="A B C", exclusiveGateway="x y") + flows("s>x>A>y>C>e x>B>y")
    assert compile_bpmn(process(body), "a").net == compile_bpmn(process(body), "b").net
