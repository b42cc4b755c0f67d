"""What is not compiled is refused: by element id, line and reason, all at once."""

import pytest
from model_files import HEAD, compiled, flows, lanes, nodes, process

from logs.problems import InputError
from reference_models.bpmn import compile_bpmn

PLAIN = nodes(startEvent="s", endEvent="e", task="A") + flows("s>A>e")
BETWEEN = nodes(startEvent="s", endEvent="e", task="A B") + flows("s>A>X>B>e")

REFUSED = {
    "subprocess": (BETWEEN + '<subProcess id="X"/>', "X", "subprocesses"),
    "call activity": (BETWEEN + '<callActivity id="X"/>', "X", "call activities"),
    "transaction": (BETWEEN + '<transaction id="X"/>', "X", "transactions"),
    "ad-hoc subprocess": (BETWEEN + '<adHocSubProcess id="X"/>', "X", "ad-hoc"),
    "inclusive gateway": (BETWEEN + '<inclusiveGateway id="X"/>', "X", "inclusive"),
    "complex gateway": (BETWEEN + '<complexGateway id="X"/>', "X", "complex"),
    "event-based gateway": (BETWEEN + '<eventBasedGateway id="X"/>', "X", "event-based"),
    "throw event": (BETWEEN + '<intermediateThrowEvent id="X"/>', "X", "throw"),
    "message catch": (
        BETWEEN + '<intermediateCatchEvent id="X"><messageEventDefinition/></intermediateCatchEvent>',
        "X",
        "messageEventDefinition",
    ),
    "catch without trigger": (BETWEEN + '<intermediateCatchEvent id="X"/>', "X", "no trigger"),
    "unknown element": (BETWEEN + '<choreographyTask id="X"/>', "X", "not supported"),
    "loop marker": (
        nodes(startEvent="s", endEvent="e")
        + '<task id="X"><standardLoopCharacteristics/></task>'
        + flows("s>X>e"),
        "X",
        "standardLoopCharacteristics",
    ),
    "multi-instance marker": (
        nodes(startEvent="s", endEvent="e")
        + '<task id="X"><multiInstanceLoopCharacteristics/></task>'
        + flows("s>X>e"),
        "X",
        "multiInstanceLoopCharacteristics",
    ),
    "compensation": (
        nodes(startEvent="s", endEvent="e") + '<task id="X" isForCompensation="true"/>' + flows("s>X>e"),
        "X",
        "compensation",
    ),
    "default flow of a task": (
        nodes(startEvent="s", endEvent="e") + '<task id="X" default="X_e"/>' + flows("s>X>e"),
        "X",
        "default flow",
    ),
    "terminate end": (
        nodes(startEvent="s", task="A")
        + '<endEvent id="X"><terminateEventDefinition/></endEvent>'
        + flows("s>A>X"),
        "X",
        "terminateEventDefinition",
    ),
    "timer start": (
        nodes(endEvent="e", task="A")
        + '<startEvent id="X"><timerEventDefinition/></startEvent>'
        + flows("X>A>e"),
        "X",
        "timerEventDefinition",
    ),
    "error boundary": (
        PLAIN
        + '<boundaryEvent id="X" attachedToRef="A"><errorEventDefinition/></boundaryEvent>'
        + flows("X>e"),
        "X",
        "errorEventDefinition",
    ),
    "repeating timer": (
        PLAIN
        + '<boundaryEvent id="X" attachedToRef="A" cancelActivity="false"><timerEventDefinition>'
        + "<timeCycle>R/PT1H</timeCycle></timerEventDefinition></boundaryEvent>"
        + flows("X>e"),
        "X",
        "timeCycle",
    ),
    "timer on nothing": (
        PLAIN
        + '<boundaryEvent id="X" attachedToRef="Q"><timerEventDefinition/></boundaryEvent>'
        + flows("X>e"),
        "X",
        "not attached to a task",
    ),
    "condition after a task": (
        nodes(startEvent="s", endEvent="e", task="A")
        + flows("s>A")
        + '<sequenceFlow id="X" sourceRef="A" targetRef="e"><conditionExpression/></sequenceFlow>',
        "X",
        "condition",
    ),
    "flow to nowhere": (
        PLAIN + '<sequenceFlow id="X" sourceRef="A" targetRef="gone"/>',
        "X",
        "no element 'gone'",
    ),
    "task without a way in": (PLAIN + nodes(task="X") + flows("X>e"), "X", "no flow enters"),
    "task without a way out": (PLAIN + nodes(task="X") + flows("A>X"), "X", "no flow leaves"),
    "flow into the start": (PLAIN + flows("A>s"), "s", "a flow enters"),
    "two starts": (PLAIN + nodes(startEvent="X") + flows("X>A"), "start event", "exactly one"),
    "lanes within lanes": (
        '<laneSet><lane id="X"><flowNodeRef>A</flowNodeRef><childLaneSet/></lane></laneSet>' + PLAIN,
        "X",
        "lanes inside lanes",
    ),
    "task in no lane": (lanes(buyer="s e") + PLAIN, "A", "lies in no lane"),
    "task in two lanes": (lanes(buyer="A", boss="A") + PLAIN, "A", "two lanes"),
    "lane of a node that is not there": (lanes(buyer="A X") + PLAIN, "X", "no element"),
    "id given twice": (PLAIN + nodes(task="A"), "A", "given twice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_id_reason_and_line(name):
    body, identifier, reason = REFUSED[name]
    with pytest.raises(InputError) as refusal:
        compiled(body)
    told = [
        problem for problem in refusal.value.problems if identifier in problem.what and reason in problem.what
    ]
    assert told, refusal.value
    assert told[0].file == "test.bpmn"
    assert told[0].line is not None
    assert told[0].mend


def test_all_mistakes_are_told_at_once_with_their_lines():
    body = "\n".join(
        [
            nodes(startEvent="s", endEvent="e"),
            '<inclusiveGateway id="g"/>',
            '<callActivity id="c"/>',
            flows("s>g>c>e"),
        ]
    )
    with pytest.raises(InputError) as refusal:
        compiled(body)
    lines = process(body).decode().splitlines()
    told = {problem.what.split("'")[1]: problem.line for problem in refusal.value.problems}
    assert set(told) == {"g", "c"}
    assert all(f'id="{identifier}"' in lines[line - 1] for identifier, line in told.items())


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as refusal:
        compile_bpmn(data, "test.bpmn")
    return str(refusal.value)


def test_pools_and_messages_are_refused():
    pools = (
        '<collaboration id="c"><participant id="us" processRef="p"/><participant id="them"/>'
        '<messageFlow id="m" sourceRef="A" targetRef="them"/></collaboration>'
    )
    told = refused(process(PLAIN).replace(b"<process", pools.encode() + b"<process"))
    assert "participant 'them'" in told
    assert "messageFlow 'm'" in told


def test_a_second_process_is_refused():
    second = b'<process id="q"><startEvent id="s2"/></process></definitions>'
    assert "process 'q'" in refused(process(PLAIN).replace(b"</definitions>", second))


def test_a_doctype_is_refused_so_no_entity_is_ever_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("what nobody may read")
    doctype = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    told = refused(doctype.encode() + process(PLAIN + "<documentation>&x;</documentation>"))
    assert "DOCTYPE" in told
    assert "nobody" not in told


def test_an_entity_bomb_is_refused_quickly():
    bomb = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    assert "DOCTYPE" in refused(bomb.encode() + process(PLAIN).replace(b'name="A"', b'name="&c;"'))


def test_a_truncated_file_is_refused_with_its_line():
    told = refused(process(PLAIN)[:-30])
    assert "not well-formed XML" in told
    assert "test.bpmn:" in told


@pytest.mark.parametrize("data", [b"", b"order,time\n1,2\n", b"<html/>"])
def test_what_is_no_bpmn_is_refused(data):
    assert "test.bpmn" in refused(data)


def test_a_file_without_process_or_tasks_is_refused():
    assert "no process" in refused(f"{HEAD}</definitions>".encode())
    assert "no task" in refused(process(nodes(startEvent="s", endEvent="e") + flows("s>e")))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        compile_bpmn(tmp_path / "gone.bpmn", "gone.bpmn")
