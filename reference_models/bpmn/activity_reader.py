"""BPMN activities: tasks, subprocesses and call activities with their markers."""

from __future__ import annotations

import re
from typing import Any

from reference_models.bpmn.elements import TASKS, Marker, Node
from reference_models.bpmn.reading import NO_FLOW, Reading, name_of, parts, text_of
from reference_models.xml_files import tag

MOST_COPIES = 20
"""More instances than this are not drawn one by one."""
_MARKERS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")


def read_activity(element: Any, reading: Reading) -> Node:
    """Read a task, subprocess (without what it holds) or call activity."""
    kind = "task" if tag(element) in TASKS else tag(element)
    if element.get("isForCompensation") == "true":
        reading.refuse(element, "compensation is not supported", "draw the way back as a path of its own")
    if element.get("instantiate") == "true":
        mend = "use a message start event"
        reading.refuse(element, "a receive task that starts the process is not supported", mend)
    for quantity in ("startQuantity", "completionQuantity"):
        if element.get(quantity, "1") != "1":
            reading.refuse(element, f"{quantity} other than 1 is not supported")
    if kind != "subProcess":
        for child in parts(element):
            if tag(child) not in NO_FLOW and tag(child) not in _MARKERS:
                reading.refuse(element, f"{tag(child)} inside it is not supported")
    return Node(
        id=element.get("id", ""),
        kind=kind,
        name=name_of(element),
        line=element.sourceline,
        default=element.get("default", ""),
        receives=tag(element) == "receiveTask",
        marker=_marker(element, kind, reading),
        by_event=kind == "subProcess" and element.get("triggeredByEvent") == "true",
        calls=element.get("calledElement", "").strip() if kind == "callActivity" else "",
    )


def _marker(element: Any, kind: str, reading: Reading) -> Marker | None:
    found = [child for child in parts(element) if tag(child) in _MARKERS]
    if len(found) > 1:
        reading.refuse(element, "two markers at once", "keep the loop or the multi-instance marker")
    if not found:
        return None
    return _loop(element, found[0], reading) if tag(found[0]) == _MARKERS[0] else _many(
        element, found[0], kind, reading
    )  # fmt: skip


def _loop(element: Any, marker: Any, reading: Reading) -> Marker:
    most = _number(element, marker.get("loopMaximum"), "loopMaximum", reading)
    return Marker(False, 0 if marker.get("testBefore") == "true" else 1, most)


def _many(element: Any, marker: Any, kind: str, reading: Reading) -> Marker:
    said = {tag(child): text_of(child) for child in parts(marker)}
    parallel = marker.get("isSequential") != "true"
    if marker.get("behavior", "All") != "All":
        what = f"multi-instance behavior '{marker.get('behavior')}' is not supported"
        reading.refuse(element, what, "remove the events that its instances throw")
    number = None
    if re.fullmatch(r"[0-9]+", said.get("loopCardinality", "")):
        number = _number(element, said["loopCardinality"], "loopCardinality", reading)
    if kind != "task" and parallel:
        if number is None:
            mend = (
                f"give the number of instances (loopCardinality, 1 to {MOST_COPIES}), or mark it sequential"
            )
            reading.refuse(element, "parallel instances of any number make no finite net", mend)
        elif "completionCondition" in said:
            mend = "remove the completion condition, or mark it sequential"
            reading.refuse(element, "a completion condition on parallel instances is not supported", mend)
    least = 1 if number is None or "completionCondition" in said else number
    return Marker(parallel, least, number)


def _number(element: Any, text: str | None, what: str, reading: Reading) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_COPIES:
        mend = "leave it out: then any number of instances, at least one, is admitted one after the other"
        reading.refuse(element, f"{what} is '{text[:20]}', not a number from 1 to {MOST_COPIES}", mend)
        return None
    return int(text)
