"""What the readers of BPMN share: the mistakes found so far, and how elements are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logs.problems import InputError, Problem
from reference_models.xml_files import parse_xml, tag

MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

NO_FLOW = frozenset(
    {
        "artifact",
        "association",
        "auditing",
        "category",
        "correlationSubscription",
        "dataInputAssociation",
        "dataObject",
        "dataObjectReference",
        "dataOutputAssociation",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "group",
        "humanPerformer",
        "incoming",
        "ioSpecification",
        "ioBinding",
        "monitoring",
        "outgoing",
        "performer",
        "potentialOwner",
        "property",
        "rendering",
        "resourceRole",
        "script",
        "supportedInterfaceRef",
        "supports",
        "textAnnotation",
    }
)
"""Elements that say nothing about the flow of tokens, and so may be left unread."""


@dataclass
class Reading:
    """One file, and every mistake found in it so far."""

    file: str
    root: Any
    problems: list[Problem] = field(default_factory=list)
    by_id: dict[str, Any] = field(default_factory=dict)
    """Elements beside the processes (errors, signals, event definitions), by id."""
    ids: dict[str, int | None] = field(default_factory=dict)
    """Line of every id in the file."""

    def problem(self, what: str, line: int | None, mend: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(what, self.file, line, mend))

    def refuse(self, element: Any, reason: str, mend: str = "") -> None:
        """Note that an element is not compiled, and why."""
        mend = mend or "draw it with the elements listed in docs/bpmn.md"
        self.problem(f"{tag(element)} '{element.get('id', '')}': {reason}", element.sourceline, mend)


def open_bpmn(source: Path | bytes, file: str) -> Reading:
    """Parse a file; raises InputError where it is not BPMN 2.0 XML at all, or carries a DOCTYPE."""
    root = parse_xml(source, file)
    if root.tag != f"{MODEL}definitions":
        what = f"not a BPMN 2.0 file: it begins with '{root.tag}'"
        raise InputError(Problem(what, file, root.sourceline, "export as BPMN 2.0 XML"))
    aside = {
        child.get("id"): child for child in parts(root) if tag(child) not in ("process", "collaboration")
    }
    reading = Reading(file, root, by_id={key: child for key, child in aside.items() if key})
    _check_ids(reading)
    return reading


def parts(element: Any) -> Iterator[Any]:
    """Child elements of the BPMN model namespace; vendor extensions and drawings are passed over."""
    return (child for child in element if isinstance(child.tag, str) and child.tag.startswith(MODEL))


def name_of(element: Any) -> str:
    """The name as drawn, on one line."""
    return " ".join((element.get("name") or "").split())


def text_of(element: Any) -> str:
    """The text of an element without outer space."""
    return (element.text or "").strip()


def local(name: str | None) -> str:
    """A reference without its namespace prefix."""
    return (name or "").strip().rsplit(":", 1)[-1]


def _check_ids(reading: Reading) -> None:
    seen = reading.ids
    for element in reading.root.iter():
        if not isinstance(element.tag, str) or not element.tag.startswith(MODEL):
            continue
        identifier = element.get("id")
        if identifier and identifier in seen:
            mend = f"it stands on line {seen[identifier]} already"
            reading.problem(f"id '{identifier}' is given twice", element.sourceline, mend)
        if identifier:
            seen[identifier] = element.sourceline
