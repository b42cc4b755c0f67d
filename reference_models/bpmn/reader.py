"""BPMN 2.0 XML to plain elements; what is not compiled is refused by element id and reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models.bpmn.called import Library, ReadProcess
from reference_models.bpmn.elements import Definition, Lane, Node, Scope
from reference_models.bpmn.pools import check_messages, message_flows, the_process
from reference_models.bpmn.reading import name_of, open_bpmn

_MOST_NODES = 2_000


def read_bpmn(source: Path | bytes, file: str) -> Definition:
    """Read one BPMN 2.0 process, with what its call activities call.

    source: a file or its bytes (then it can only call processes in itself); file: its name for messages.
    Returns the process as drawn. Raises InputError with all mistakes at once: where the file is not BPMN 2.0
    XML, carries a DOCTYPE, is wired wrongly, or holds what is not supported.
    Elements and attributes after the OMG specification BPMN 2.0.2 (formal/2013-12-09).
    """
    reading = open_bpmn(source, file)
    element = the_process(reading)
    if element is None:
        raise InputError(reading.problems)
    library = Library(reading, source if isinstance(source, Path) else None)
    main = library.read(element, library.main)
    check_messages(element, reading)
    problems = list(library.problems)
    if sum(1 for _ in islice(main.scope.everything(), _MOST_NODES + 1)) > _MOST_NODES:
        what = f"the process has more than {_MOST_NODES:,} elements, called processes included"
        raise InputError([*problems, Problem(what, file, element.sourceline, "split it into several models")])
    if not problems and not any(node.kind == "task" for node in main.scope.everything()):
        problems.append(Problem("the process has no task", file, element.sourceline, "draw its tasks"))
    problems += _signals(main.scope, file)
    lane_of: dict[str, str] = {}
    problems += _place_in_lanes(main, main.scope, None, library, lane_of, file)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return Definition(
        id=element.get("id", ""),
        name=name_of(element) or element.get("id", ""),
        scope=main.scope,
        lanes=tuple(_lanes(main, library)),
        lane_of=lane_of,
        lines={node.id: node.line for node in main.scope.everything() if node.id in reading.ids},
        messages=tuple(message_flows(reading.root)),
    )


def _lanes(main: ReadProcess, library: Library) -> Iterator[Lane]:
    """Lanes of the process, then those of the processes that it calls."""
    yield from main.lanes
    for process in library.processes.values():
        if process is not main:
            yield from process.lanes


def _place_in_lanes(
    process: ReadProcess, scope: Scope, lane: str | None, library: Library, lane_of: dict[str, str], file: str
) -> Iterator[Problem]:
    """The lane of each node: its own, or that of the subprocess or call activity around it."""
    for node in scope.nodes.values():
        own = process.lane_of.get(node.attached_to or node.id) or process.lane_of.get(node.id) or lane
        if own is not None and lane_of.setdefault(node.id, own) != own and node.kind == "task":
            what = f"task '{node.id}' is called from two lanes, '{lane_of[node.id]}' and '{own}'"
            yield Problem(what, file, None, "draw lanes in the process that is called")
        if node.inside is None:
            continue
        inner = library.processes.get(node.calls, process)
        around = None if inner is not process and inner.lanes else own
        yield from _place_in_lanes(inner, node.inside, around, library, lane_of, file)


def _signals(scope: Scope, file: str) -> Iterator[Problem]:
    """A signal that the process sends to itself would have to be handed to whoever waits."""
    signals = [node for node in scope.everything() if node.trigger == "signal" and node.code]
    caught = {node.code for node in signals if not _throws(node)}
    for node in signals:
        if _throws(node) and node.code in caught:
            what = f"{node.kind} '{node.id}': signal '{node.code}' is caught in the same process"
            yield Problem(what, file, node.line, "draw a sequence flow from where it is thrown instead")


def _throws(node: Node) -> bool:
    return node.kind in ("intermediateThrowEvent", "endEvent")
