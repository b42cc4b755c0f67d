"""Small BPMN files and contracts for tests, and an obvious token game to play their nets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from reference_models.bpmn import Process, compile_bpmn
from reference_models.model import Net

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'


def process(body: str) -> bytes:
    """A BPMN file with one process of this content."""
    return f'{HEAD}\n<process id="p">\n{body}\n</process>\n</definitions>'.encode()


def nodes(**kinds: str) -> str:
    """Elements by kind, ids separated by blanks: nodes(task='A B', startEvent='s')."""
    return "\n".join(f'<{kind} id="{i}" name="{i}"/>' for kind, ids in kinds.items() for i in ids.split())


def flows(text: str) -> str:
    """Sequence flows from 's>A>B e' like text: chains separated by blanks."""
    pairs = [
        pair for chain in text.split() for pair in zip(chain.split(">"), chain.split(">")[1:], strict=False)
    ]
    return "\n".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs)


def timer(timer_id: str, task: str, *, interrupting: bool) -> str:
    """A boundary timer."""
    attached = f'attachedToRef="{task}" cancelActivity="{str(interrupting).lower()}"'
    inside = "<timerEventDefinition><timeDuration>P5D</timeDuration></timerEventDefinition>"
    return f'<boundaryEvent id="{timer_id}" {attached}>{inside}</boundaryEvent>'


def event(kind: str, event_id: str, trigger: str = "", *, about: str = "", **attributes: str) -> str:
    """An event of any kind: event('endEvent', 'x', 'terminate'); `about` is put into its definition."""
    inside = f"<{trigger}EventDefinition {about}/>" if trigger else ""
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<{kind} id="{event_id}" name="{event_id}" {said}>{inside}</{kind}>'


def boundary(
    event_id: str, activity: str, trigger: str, *, interrupting: bool = True, about: str = ""
) -> str:
    """A boundary event."""
    cancels = str(interrupting).lower()
    return event(
        "boundaryEvent", event_id, trigger, about=about, attachedToRef=activity, cancelActivity=cancels
    )


def sub(sub_id: str, inside: str, *, by_event: bool = False) -> str:
    """A subprocess of this content."""
    return f'<subProcess id="{sub_id}" triggeredByEvent="{str(by_event).lower()}">{inside}</subProcess>'


def lanes(**of: str) -> str:
    """A lane set: lanes(buyer='s A', boss='B e')."""
    inside = "".join(
        f'<lane id="{lane}" name="{lane}">'
        + "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in ids.split())
        + "</lane>"
        for lane, ids in of.items()
    )
    return f'<laneSet id="lanes">{inside}</laneSet>'


def compiled(body: str) -> Process:
    """Compile a process of this content."""
    return compile_bpmn(process(body), "test.bpmn")


def language(net: Net, longest: int) -> set[str]:
    """Every accepted trace up to a length, by trying everything; labels joined by blanks."""
    finals = {frozenset(Counter(final).items()) for final in net.finals}
    seen = {((), frozenset(Counter(net.initial).items()))}
    waiting, accepted = list(seen), set()
    while waiting:
        trace, marking = waiting.pop()
        if marking in finals:
            accepted.add(" ".join(trace))
        for transition in net.transitions:
            tokens = Counter(dict(marking))
            if any(tokens[place] < count for place, count in Counter(transition.pre).items()):
                continue
            tokens.subtract(transition.pre)
            tokens.update(transition.post)
            then = trace if transition.label is None else (*trace, transition.label)
            state = (then, frozenset((+tokens).items()))
            if len(then) <= longest and state not in seen:
                seen.add(state)
                waiting.append(state)
    return accepted


def accepts(net: Net, trace: list[str]) -> bool:
    """Whether the net accepts exactly this trace."""
    markings = _silently(net, {tuple(sorted(net.initial))})
    for label in trace:
        markings = _silently(net, _fired(net, markings, label))
    return not markings.isdisjoint(net.finals)


def _silently(net: Net, markings: set[tuple[int, ...]]) -> set[tuple[int, ...]]:
    reached, new = set(markings), set(markings)
    while new:
        new = _fired(net, new, None) - reached
        reached |= new
    return reached


def _fired(net: Net, markings: set[tuple[int, ...]], label: str | None) -> set[tuple[int, ...]]:
    following = set()
    for marking in markings:
        for transition in net.transitions:
            if transition.label == label and all(
                marking.count(p) >= transition.pre.count(p) for p in transition.pre
            ):
                left = Counter(marking)
                left.subtract(transition.pre)
                left.update(transition.post)
                following.add(tuple(sorted(left.elements())))
    return following


def two_steps() -> dict[str, Any]:
    """A contract that fits `TWO_STEPS`, to be spoilt by tests."""
    said = {"standing": "sourced", "source": "S1"}

    def named(name: str) -> dict[str, Any]:
        return {"name": {"zh": f"{name}步", "en": f"{name} step"}, **said}

    return {
        "id": "two-steps",
        "version": "1",
        "in_force_from": "2026-01-01",
        "title": {"zh": "两步", "en": "Two steps"},
        "sources": {"S1": {"zh": "来源", "en": "a source"}},
        "roles": {"buyer": named("buyer"), "boss": named("boss")},
        "activities": {"ask": named("ask"), "approve": named("approve")},
        "attributes": {
            "grade": {
                "name": {"zh": "等级", "en": "Grade"},
                "type": "category",
                "values": {"C": ["普通"], "A": ["特急"]},
            },
            "lines": {"name": {"zh": "线数", "en": "Lines"}, "type": "number"},
        },
        "deadlines": {
            "answer": {
                **named("answer"),
                "start": "ask",
                "stop": "approve",
                "unit": "working_days",
                "calendar": "cn-working-days",
                "by": "grade",
                "rows": {
                    "few": {**named("few"), "when": {"lines": {"max": 10}}, "limits": {"C": 10, "A": 3}},
                    "many": {**named("many"), "when": {"lines": {"min": 11}}, "limits": {"C": 15, "A": 5}},
                },
            }
        },
        "ends": ["approve"],
    }


TWO_STEPS = process(
    lanes(buyer="s ask", boss="approve e")
    + nodes(startEvent="s", task="ask approve", endEvent="e")
    + flows("s>ask>approve>e")
)


def write_model(folder: Path, contract: dict[str, Any] | str, bpmn: bytes = TWO_STEPS) -> Path:
    """A model folder with this diagram and contract."""
    folder.mkdir(exist_ok=True)
    (folder / "process.bpmn").write_bytes(bpmn)
    text = (
        contract
        if isinstance(contract, str)
        else yaml.safe_dump(contract, allow_unicode=True, sort_keys=False)
    )
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    return folder


def line_with(path: Path, text: str) -> int:
    """The first line of a file that holds the text, counted from 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
