"""Drawings and nets, damaged or built to be costly: compiled, or refused by id; in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from damage_of_files import HOSTILE, damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

import reference_models
from logs import InputError
from reference_models.bpmn import Process, compile_bpmn
from reference_models.net_files import read_net_file
from reference_models.soundness import check_soundness

LIBRARY = Path(reference_models.__file__).parent / "library"
DRAWINGS = [path.read_bytes() for path in sorted(LIBRARY.glob("*/process.bpmn"))]
HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
SECONDS = 30
"""The longest that a drawing may take; docs/hardening.md states it. It takes a few on a free machine."""
some = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def compiled(content: bytes) -> Process | None:
    """The process with its states looked at; None where the drawing was refused with its mistakes."""
    try:
        process = compile_bpmn(content, "process.bpmn")
    except InputError as error:
        told(error, "process.bpmn")
        return None
    check_soundness(process.net, 2_000)
    return process


def told(error: InputError, file: str) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.what
        assert problem.mend
        assert problem.file.endswith(file)
        str(problem).encode()


PIECES = (
    b'<task id="x"/>',
    b"<startEvent/>",
    b'<subProcess id="s">',
    b"</subProcess>",
    b"<!DOCTYPE a>",
    b"&x;",
    b"&#0;",
    b'<sequenceFlow id="f" sourceRef="x" targetRef="x"/>',
    b'id="x" ',
    b'id="" ',
    b"]]>",
    b'xmlns="" ',
    b"<timerEventDefinition/>",
    b'cancelActivity="maybe" ',
    b'loopMaximum="999999999999" ',
)


@settings(some, max_examples=60)
@given(data=st.data(), drawing=st.sampled_from(DRAWINGS))
def test_a_damaged_drawing_is_compiled_or_refused(data: st.DataObject, drawing: bytes) -> None:
    compiled(data.draw(damaged(drawing, PIECES)))


@st.composite
def redrawn(draw: st.DrawFn, drawing: bytes) -> bytes:
    """A drawing that is still XML: elements removed, doubled, moved, renamed; attributes of others."""
    root = etree.fromstring(drawing)
    for _ in range(draw(st.integers(1, 4))):
        elements = [each for each in root.iter() if isinstance(each.tag, str)]
        one, other = draw(st.sampled_from(elements)), draw(st.sampled_from(elements))
        parent = one.getparent()
        what = draw(st.sampled_from(("remove", "double", "move", "rename", "take", "drop", "hostile")))
        if what == "remove" and parent is not None:
            parent.remove(one)
        elif what == "double" and parent is not None:
            parent.append(etree.fromstring(etree.tostring(one)))
        elif what == "move" and parent is not None and one is not other and one not in other.iterancestors():
            other.append(one)
        elif what == "rename":
            one.tag = other.tag
        elif what == "take" and one.attrib and other.attrib:
            one.set(
                draw(st.sampled_from(sorted(one.attrib))),
                draw(st.sampled_from(sorted(other.attrib.values()))),
            )
        elif what == "drop" and one.attrib:
            del one.attrib[draw(st.sampled_from(sorted(one.attrib)))]
        elif what == "hostile" and one.attrib:
            one.set(draw(st.sampled_from(sorted(one.attrib))), draw(st.sampled_from(XML_TEXTS)))
    return bytes(etree.tostring(root))


def _may_be_written(text: str) -> bool:
    try:
        etree.Element("a").set("b", text)
    except ValueError:
        return False
    return True


XML_TEXTS = [each for each in HOSTILE if _may_be_written(each)]


@settings(some, max_examples=80)
@given(data=st.data(), drawing=st.sampled_from(DRAWINGS))
def test_a_changed_drawing_is_compiled_or_refused(data: st.DataObject, drawing: bytes) -> None:
    compiled(data.draw(redrawn(drawing)))


PNML = (
    b'<pnml><net id="n" type="http://www.pnml.org/version-2009/grammar/pnmlcoremodel"><page id="p">'
    b'<place id="i"><initialMarking><text>1</text></initialMarking></place><place id="o"/>'
    b'<transition id="t"><name><text>A</text></name></transition><arc id="a1" source="i" target="t"/>'
    b'<arc id="a2" source="t" target="o"/></page>'
    b'<finalmarkings><marking><place idref="o"><text>1</text></place>'
    b"</marking></finalmarkings></net></pnml>"
)
PTML = (
    b'<ptml><processTree id="1" name="x" root="r"><sequence id="r" name=""/><manualTask id="a" name="A"/>'
    b'<automaticTask id="b" name=""/><xor id="c" name=""/><parentsNode id="e" sourceId="r" targetId="a"/>'
    b'<parentsNode id="f" sourceId="r" targetId="c"/><parentsNode id="g" sourceId="c" targetId="b"/>'
    b"</processTree></ptml>"
)


@settings(some, max_examples=80)
@given(data=st.data(), kind=st.sampled_from(("pnml", "ptml")), whole=st.booleans())
def test_a_damaged_net_is_read_or_refused(
    tmp_path: Path, data: st.DataObject, kind: str, whole: bool
) -> None:
    content = PNML if kind == "pnml" else PTML
    path = tmp_path / f"m.{kind}"
    path.write_bytes(data.draw(redrawn(content) if whole else damaged(content)))
    try:
        check_soundness(read_net_file(path).net, 2_000)
    except InputError as error:
        told(error, path.name)


def test_a_node_without_id_is_nobodys_child(tmp_path: Path) -> None:
    """Found by fuzzing: it was its own parent, and the reader went round for ever."""
    path = tmp_path / "m.ptml"
    path.write_bytes(
        PTML.replace(b' id="c"', b"").replace(b'targetId="c"', b"").replace(b'sourceId="c"', b"")
    )
    with pytest.raises(InputError, match="a xor has no id"):
        read_net_file(path)


def process(body: str) -> bytes:
    return f'{HEAD}<process id="p">{body}</process></definitions>'.encode()


def chain(*ids: str) -> str:
    return "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids))


def many_gateways(kind: str, count: int) -> bytes:
    """Splits in a row, each with two ways to the next."""
    names = [f"g{n}" for n in range(count)]
    body = (
        "".join(f'<{kind} id="{name}"/>' for name in names)
        + '<startEvent id="s"/><task id="t"/><endEvent id="e"/>'
    )
    pairs = pairwise(names)
    body += "".join(
        f'<sequenceFlow id="{a}{way}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs for way in "xy"
    )
    return process(body + chain("s", names[0]) + chain(names[-1], "t", "e"))


def wide_split(kind: str, width: int) -> bytes:
    """One split into many tasks, and one join."""
    body = (
        f'<startEvent id="s"/><{kind} id="f"/><{kind} id="j"/><endEvent id="e"/>'
        + chain("s", "f")
        + chain("j", "e")
    )
    for n in range(width):
        body += f'<task id="t{n}"/>' + chain("f", f"t{n}", "j")
    return process(body)


def nested(depth: int) -> bytes:
    opened = "".join(f'<subProcess id="p{n}"><startEvent id="s{n}"/>' for n in range(depth))
    return process(f'<startEvent id="s"/>{opened}<task id="t"/>{"</subProcess>" * depth}')


def boundaries(count: int) -> bytes:
    """A task with many timers, none of which interrupts it."""
    timers = "".join(
        f'<boundaryEvent id="b{n}" attachedToRef="t" cancelActivity="false"><timerEventDefinition/>'
        "</boundaryEvent>"
        f'<task id="u{n}"/>' + chain(f"b{n}", f"u{n}")
        for n in range(count)
    )
    return process(f'<startEvent id="s"/><task id="t"/><endEvent id="e"/>{chain("s", "t", "e")}{timers}')


def instances(most: str) -> bytes:
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="false"><loopCardinality>{most}</loopCardinality>'
        "</multiInstanceLoopCharacteristics>"
    )
    return process(f'<startEvent id="s"/><task id="t">{loop}</task><endEvent id="e"/>{chain("s", "t", "e")}')


def calls_itself() -> bytes:
    inner = '<callActivity id="c" calledElement="p"/>'
    return process(f'<startEvent id="s"/>{inner}<endEvent id="e"/>{chain("s", "c", "e")}')


def calls_much(depth: int) -> bytes:
    """Each process calls the next one ten times: ten to the power of the depth."""
    processes = ""
    for n in range(depth):
        calls = "".join(f'<callActivity id="c{n}_{m}" calledElement="p{n + 1}"/>' for m in range(10))
        steps = chain(f"s{n}", *(f"c{n}_{m}" for m in range(10)), f"e{n}")
        processes += (
            f'<process id="p{n}"><startEvent id="s{n}"/>{calls}<endEvent id="e{n}"/>{steps}</process>'
        )
    last = f'<process id="p{depth}"><task id="t"/></process>'
    return f"{HEAD}{processes}{last}</definitions>".encode()


ENTITIES = (
    "<!DOCTYPE d ["
    + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(12))
    + "]>"
)
COSTLY: dict[str, Callable[[], bytes]] = {
    "entities": lambda: (ENTITIES + process('<task id="&e11;"/>').decode()).encode(),
    "entities in text": lambda: (
        ENTITIES + process("<documentation>&e11;</documentation>").decode()
    ).encode(),
    "a file outside": lambda: (
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + process('<task id="&x;"/>')
    ),
    "elements 100,000 deep": lambda: process("<a>" * 100_000 + "</a>" * 100_000),
    "subprocesses 200 deep": lambda: nested(200),
    "subprocesses 14 deep": lambda: nested(14),
    "an id of 5 MB": lambda: process(f'<task id="{"x" * 5_000_000}"/>'),
    "a name of 20 MB": lambda: process(f'<task id="t" name="{"x" * 20_000_000}"/>'),
    "100,000 attributes": lambda: process(
        f"<task id='t' {' '.join(f'a{n}=1' for n in range(100_000))}/>".replace("=1", "='1'")
    ),
    "900 exclusive gateways": lambda: many_gateways("exclusiveGateway", 900),
    "1,900 parallel gateways": lambda: many_gateways("parallelGateway", 1_900),
    "1,900 inclusive gateways": lambda: many_gateways("inclusiveGateway", 1_900),
    "50 inclusive gateways": lambda: many_gateways("inclusiveGateway", 50),
    "10,000 gateways": lambda: many_gateways("exclusiveGateway", 10_000),
    "a parallel split into 40": lambda: wide_split("parallelGateway", 40),
    "an inclusive split into 40": lambda: wide_split("inclusiveGateway", 40),
    "an exclusive split into 300": lambda: wide_split("exclusiveGateway", 300),
    "40 timers on a task": lambda: boundaries(40),
    "instances without number": lambda: instances("9" * 400),
    "a million instances": lambda: instances("1000000"),
    "instances that are none": lambda: instances("-1"),
    "a process that calls itself": calls_itself,
    "calls ten to the sixth": lambda: calls_much(6),
    "100,000 tasks": lambda: process("".join(f'<task id="t{n}"/>' for n in range(100_000))),
    "no text at all": lambda: b" " * 1_000_000,
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_drawing_is_compiled_or_refused_in_time(name: str) -> None:
    content = COSTLY[name]()
    began = time.process_time()
    compiled(content)
    assert time.process_time() - began < SECONDS


def test_a_file_of_many_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "process.bpmn"
    with path.open("wb") as file:
        file.truncate(5 << 30)  # a sparse file: it takes no room
    with pytest.raises(InputError, match="too large for a drawing"):
        compile_bpmn(path, "process.bpmn")
