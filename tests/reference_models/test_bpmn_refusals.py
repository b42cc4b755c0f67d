"""What is not compiled is refused: by element id, line and reason, all at once."""

import pytest
from model_files import HEAD, boundary, compiled, event, flows, lanes, nodes, process, sub

from logs.problems import InputError
from reference_models.bpmn import compile_bpmn

PLAIN = nodes(startEvent="s", endEvent="e", task="A") + flows("s>A>e")
BETWEEN = nodes(startEvent="s", endEvent="e", task="A B") + flows("s>A>X>B>e")


def instances(marker: str, kind: str = "task", inside: str = "") -> str:
    """A process of one marked activity."""
    return nodes(startEvent="s", endEvent="e") + f'<{kind} id="X">{marker}{inside}</{kind}>' + flows("s>X>e")


MANY = "multiInstanceLoopCharacteristics"

REFUSED = {
    "transaction": (BETWEEN + '<transaction id="X"/>', "X", "transactions"),
    "ad-hoc subprocess": (BETWEEN + '<adHocSubProcess id="X"/>', "X", "ad-hoc"),
    "complex gateway": (BETWEEN + '<complexGateway id="X"/>', "X", "complex"),
    "catch without trigger": (BETWEEN + '<intermediateCatchEvent id="X"/>', "X", "no trigger"),
    "catching an error in between": (BETWEEN + event("intermediateCatchEvent", "X", "error"), "X", "error"),
    "throwing compensation": (
        BETWEEN + event("intermediateThrowEvent", "X", "compensate"),
        "X",
        "compensate",
    ),
    "unknown element": (BETWEEN + '<choreographyTask id="X"/>', "X", "not supported"),
    "call of nothing": (BETWEEN + '<callActivity id="X"/>', "X", "names no process"),
    "call of what is not there": (BETWEEN + '<callActivity id="X" calledElement="gone"/>', "X", "no process"),
    "call of itself": (BETWEEN + '<callActivity id="X" calledElement="p"/>', "X", "may not call itself"),
    "compensation": (instances("").replace('"X"', '"X" isForCompensation="true"', 1), "X", "compensation"),
    "two markers": (instances(f"<standardLoopCharacteristics/><{MANY}/>"), "X", "two markers"),
    "loop with too high a limit": (
        instances('<standardLoopCharacteristics loopMaximum="1000000"/>'),
        "X",
        "not a number from 1 to",
    ),
    "no instances": (
        instances(f"<{MANY}><loopCardinality>0</loopCardinality></{MANY}>"),
        "X",
        "not a number from 1 to",
    ),
    "instances that throw events": (instances(f'<{MANY} behavior="None"/>'), "X", "behavior"),
    "parallel subprocesses of any number": (
        instances(f"<{MANY}/>", "subProcess", nodes(task="B")),
        "X",
        "no finite net",
    ),
    "some of several parallel subprocesses": (
        instances(
            f"<{MANY}><loopCardinality>2</loopCardinality><completionCondition/></{MANY}>",
            "subProcess",
            nodes(task="B"),
        ),
        "X",
        "completion condition",
    ),
    "cancel boundary": (PLAIN + boundary("X", "A", "cancel") + flows("X>e"), "X", "cancel"),
    "error that does not interrupt": (
        PLAIN + boundary("X", "A", "error", interrupting=False) + flows("X>e"),
        "X",
        "always interrupts",
    ),
    "two triggers of an end": (
        nodes(startEvent="s", task="A")
        + '<endEvent id="X"><messageEventDefinition/><errorEventDefinition/></endEvent>'
        + flows("s>A>X"),
        "X",
        "several triggers",
    ),
    "event definition that is not there": (
        PLAIN + '<boundaryEvent id="X" attachedToRef="A"><eventDefinitionRef>gone</eventDefinitionRef>'
        "</boundaryEvent>" + flows("X>e"),
        "X",
        "no event definition 'gone'",
    ),
    "signal to itself": (
        nodes(startEvent="s", endEvent="e", task="A")
        + flows("s>A>X>Y>e")
        + event("intermediateThrowEvent", "X", "signal", about='signalRef="g"')
        + event("intermediateCatchEvent", "Y", "signal", about='signalRef="g"'),
        "X",
        "caught in the same process",
    ),
    "link to nowhere": (
        nodes(startEvent="s", task="A")
        + flows("s>A>X")
        + event("intermediateThrowEvent", "X", "link", about='name="there"'),
        "X",
        "caught 0 times",
    ),
    "link from nowhere": (
        PLAIN + event("intermediateCatchEvent", "X", "link", about='name="there"') + flows("X>e"),
        "X",
        "thrown nowhere",
    ),
    "error that nothing catches": (
        nodes(startEvent="s", endEvent="e")
        + flows("s>S>e")
        + sub("S", nodes(task="A") + event("endEvent", "X", "error") + flows("A>X")),
        "X",
        "nothing around it catches",
    ),
    "event gateway that leads to a task": (
        nodes(startEvent="s", endEvent="e", task="A B", eventBasedGateway="X") + flows("s>X>A>e X>B>e"),
        "X",
        "waits for nothing",
    ),
    "parallel event gateway": (
        BETWEEN + '<eventBasedGateway id="X" eventGatewayType="Parallel"/>',
        "X",
        "parallel event-based",
    ),
    "start with a trigger in a subprocess": (
        nodes(startEvent="s", endEvent="e")
        + flows("s>S>e")
        + sub("S", event("startEvent", "X", "message") + nodes(task="A") + flows("X>A")),
        "X",
        "messageEventDefinition",
    ),
    "event subprocess without trigger": (
        PLAIN + sub("E", nodes(startEvent="X", task="B") + flows("X>B"), by_event=True),
        "X",
        "no trigger",
    ),
    "event subprocess without start": (PLAIN + sub("X", nodes(task="B"), by_event=True), "X", "start event"),
    "flow into an event subprocess": (
        PLAIN
        + flows("A>X")
        + sub("X", event("startEvent", "t", "timer") + nodes(task="B") + flows("t>B"), by_event=True),
        "X",
        "enters or leaves",
    ),
    "two starts in a subprocess": (
        nodes(startEvent="s", endEvent="e")
        + flows("s>S>e")
        + sub("S", nodes(startEvent="t u", task="B", endEvent="v") + flows("t>B>v u>B")),
        "S",
        "2 start events",
    ),
    "flow across the edge of a subprocess": (
        nodes(startEvent="s", endEvent="e") + flows("s>S>e s>B") + sub("S", nodes(task="B")),
        "B",
        "no element",
    ),
    "default flow that is not its own": (
        nodes(startEvent="s", endEvent="e") + '<task id="X" default="s_X"/>' + flows("s>X>e"),
        "X",
        "default flow",
    ),
    "too many ways out": (
        nodes(startEvent="s", endEvent="e", inclusiveGateway="X", task="A B C D E F G")
        + flows("s>X " + " ".join(f"X>{each}>e" for each in "ABCDEFG")),
        "X",
        "too many combinations",
    ),
    "subprocess that may run twice at once": (
        nodes(startEvent="s", endEvent="e", parallelGateway="f", task="A B", exclusiveGateway="x")
        + flows("s>f>A>x>X>e f>B>x")
        + sub(
            "X",
            nodes(startEvent="t", task="C D", parallelGateway="g h", endEvent="v") + flows("t>g>C>h>v g>D>h"),
        ),
        "X",
        "begin again while it is still running",
    ),
    "terminate behind a join beside another branch": (
        nodes(startEvent="s", endEvent="e", parallelGateway="f j", task="A B C")
        + event("endEvent", "X", "terminate")
        + flows("s>f>A>j>X f>B>j f>C>e"),
        "X",
        "cannot be compiled exactly",
    ),
    "too many states to interrupt": (
        nodes(startEvent="s", endEvent="e")
        + flows("s>X>e t>e")
        + boundary("t", "X", "timer")
        + sub("X", nodes(task=" ".join(f"t{n}" for n in range(16)))),
        "X",
        "states",
    ),
    "tokens that pile up in a subprocess": (
        nodes(startEvent="s", endEvent="e")
        + flows("s>X>e")
        + sub(
            "X",
            nodes(startEvent="t", endEvent="u", task="A B", parallelGateway="f", exclusiveGateway="x")
            + flows("t>x>A>f>x f>B>u"),
        ),
        "X",
        "pile up",
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
    "condition after a parallel gateway": (
        nodes(startEvent="s", endEvent="e", task="A", parallelGateway="f")
        + flows("s>A>f")
        + '<sequenceFlow id="X" sourceRef="f" targetRef="e"><conditionExpression/></sequenceFlow>',
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
            '<complexGateway id="g"/>',
            '<adHocSubProcess id="c"/>',
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
