"""BPMN events: where each trigger may stand, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference_models.bpmn.elements import Node
from reference_models.bpmn.reading import Reading, local, name_of, parts, text_of
from reference_models.xml_files import tag

EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
_OUTSIDE = frozenset({"message", "timer", "signal", "conditional"})
"""Triggers that come from outside the process."""
_ALLOWED = {
    "startEvent": _OUTSIDE | {""},
    "start of a subprocess": frozenset({""}),
    "start of an event subprocess": _OUTSIDE | {"error", "escalation"},
    "intermediateCatchEvent": _OUTSIDE | {"link"},
    "intermediateThrowEvent": frozenset({"", "message", "signal", "escalation", "link"}),
    "endEvent": frozenset({"", "message", "signal", "terminate", "error", "escalation"}),
    "boundaryEvent": _OUTSIDE | {"error", "escalation"},
}
_CODES = {"error": "errorCode", "escalation": "escalationCode", "signal": "name"}


def read_event(element: Any, place: str, reading: Reading) -> Node:
    """Read an event; `place` says where a start event stands: '' in a process, or 'start of …'."""
    kind = tag(element)
    definitions = list(_definitions(element, reading))
    trigger = _trigger(element, [_kind(each) for each in definitions], _ALLOWED[place or kind], reading)
    duration, code = "", ""
    for each in definitions:
        duration = _duration(element, each, kind, place, reading) or duration
        code = _code(each, reading) or code
    interrupting = _interrupting(element, place, trigger, reading)
    return Node(
        id=element.get("id", ""),
        kind=_node_kind(kind, trigger),
        name=name_of(element),
        line=element.sourceline,
        attached_to=element.get("attachedToRef", "") if kind == "boundaryEvent" else None,
        interrupting=interrupting,
        duration=duration,
        trigger=trigger,
        code=code if trigger != "multiple" else "",
    )


def _definitions(element: Any, reading: Reading) -> Iterator[Any]:
    for child in parts(element):
        if tag(child) == "eventDefinitionRef":
            found = reading.by_id.get(local(text_of(child)))
            if found is None:
                reading.refuse(element, f"no event definition '{text_of(child)}'", "draw the event again")
            else:
                yield found
        elif tag(child).endswith("EventDefinition"):
            yield child


def _kind(definition: Any) -> str:
    return tag(definition).removesuffix("EventDefinition")


def _trigger(element: Any, kinds: list[str], allowed: frozenset[str], reading: Reading) -> str:
    catching = tag(element) not in ("endEvent", "intermediateThrowEvent")
    if len(kinds) > 1 and not (catching and set(kinds) <= _OUTSIDE):
        reading.refuse(element, f"several triggers at once ({', '.join(kinds)}) are not supported")
        return ""
    for kind in kinds or [""]:
        if kind not in allowed:
            listed = ", ".join(sorted(each or "none" for each in allowed))
            reading.refuse(
                element,
                f"{kind}EventDefinition is not supported here" if kind else "it has no trigger",
                f"a trigger that may stand here: {listed}",
            )
    return kinds[0] if len(kinds) == 1 else ("multiple" if kinds else "")


def _duration(element: Any, definition: Any, kind: str, place: str, reading: Reading) -> str:
    if _kind(definition) != "timer":
        return ""
    said = ""
    for timing in parts(definition):
        said = text_of(timing)
        starts = kind == "startEvent" and not place
        if tag(timing) == "timeCycle" and not starts:
            reading.refuse(element, "a repeating timer (timeCycle) is not supported", "use timeDuration")
    return said


def _code(definition: Any, reading: Reading) -> str:
    """What an error, escalation, signal or link is told apart by."""
    kind = _kind(definition)
    if kind == "link":
        return name_of(definition)
    reference = local(definition.get(f"{kind}Ref"))
    named = reading.by_id.get(reference)
    attribute = _CODES.get(kind, "")
    return (named.get(attribute) if named is not None and attribute else None) or reference


def _interrupting(element: Any, place: str, trigger: str, reading: Reading) -> bool:
    attribute = "cancelActivity" if tag(element) == "boundaryEvent" else "isInterrupting"
    says = element.get(attribute, "true").strip() in ("true", "1")
    interrupts = tag(element) == "boundaryEvent" or place == "start of an event subprocess"
    if interrupts and trigger == "error" and not says:
        reading.refuse(element, "an error always interrupts", f"remove {attribute}='false'")
    return interrupts and says


def _node_kind(kind: str, trigger: str) -> str:
    if kind == "boundaryEvent" and trigger == "timer":
        return "boundaryTimer"
    return "intermediateTimer" if kind == "intermediateCatchEvent" and trigger == "timer" else kind
