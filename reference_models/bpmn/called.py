"""Processes read once each, with those that their call activities call: in the same file or beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from logs.problems import InputError, Problem
from reference_models.bpmn.elements import Lane, Node, Scope
from reference_models.bpmn.pools import process_ids, the_process
from reference_models.bpmn.reading import Reading, local, open_bpmn
from reference_models.bpmn.scope_reader import ProcessReading, read_scope

_HOW_TO_CALL = "name the id of a process in this file, or in a .bpmn file beside it, or that file itself"


@dataclass(frozen=True)
class ReadProcess:
    """A process as read."""

    key: str
    """'file#id': what it is known by."""
    scope: Scope
    """With what its call activities call."""
    lanes: tuple[Lane, ...]
    lane_of: Mapping[str, str]
    """Node id → lane id, as listed."""


@dataclass(frozen=True)
class _Source:
    reading: Reading
    folder: Path | None


class Library:
    """The processes in reach of one file."""

    def __init__(self, reading: Reading, folder: Path | None) -> None:
        self.main = _Source(reading, folder)
        self.processes: dict[str, ReadProcess] = {}
        """By key, those called first."""
        self._sources = {reading.file: self.main}
        self._stack: list[str] = []

    @property
    def problems(self) -> Iterator[Problem]:
        """Every mistake in every file that was read."""
        for source in self._sources.values():
            yield from source.reading.problems
        yield from self._shared_ids()

    def read(self, element: Any, source: _Source) -> ReadProcess:
        """Read a process and what it calls."""
        key = f"{source.reading.file}#{element.get('id', '')}"
        if key not in self.processes:
            self._stack.append(key)
            process = ProcessReading(source.reading)
            scope = self._filled(read_scope(element, "", process), source)
            lanes = {node: lane.id for node, lanes in process.listed.items() for lane in lanes}
            used = set(lanes.values())
            self.processes[key] = ReadProcess(
                key, scope, tuple(lane for lane in process.lanes if lane.id in used), lanes
            )
            _check_lanes(process, scope)
            self._stack.pop()
        return self.processes[key]

    def _filled(self, scope: Scope, source: _Source) -> Scope:
        return replace(scope, nodes={key: self._node(node, source) for key, node in scope.nodes.items()})

    def _node(self, node: Node, source: _Source) -> Node:
        if node.kind == "subProcess" and node.inside:
            return replace(node, inside=self._filled(node.inside, source))
        if node.kind != "callActivity":
            return node
        try:
            element, other = self._find(node.calls, source)
        except LookupError as error:
            what = f"callActivity '{node.id}': {error.args[0]}"
            source.reading.problem(what, node.line, _HOW_TO_CALL)
            return node
        key = f"{other.reading.file}#{element.get('id', '')}"
        if key in self._stack:
            way = " → ".join(each.rpartition("#")[2] for each in [*self._stack, key])
            what = f"callActivity '{node.id}': a process may not call itself ({way})"
            source.reading.problem(what, node.line, "draw the repetition as a loop")
            return node
        return replace(node, inside=self.read(element, other).scope, calls=key)

    def _find(self, name: str, source: _Source) -> tuple[Any, _Source]:
        """The process element of that name and its file; raises LookupError with the reason."""
        here = process_ids(source.reading)
        if not name:
            raise LookupError("it names no process to call")
        if local(name) in here:
            return here[local(name)], source
        if source.folder is None:
            raise LookupError(f"no process '{name}' in this file")
        if name.lower().endswith(".bpmn"):
            other = self._open(_beside(source.folder, name), source, name)
            element = the_process(other.reading)
            if element is None:
                raise LookupError(f"'{name}' does not say which of its processes is called")
            return element, other
        found = []
        for path in sorted(source.folder.glob("*.bpmn")):
            if local(name).encode() in path.read_bytes() and self._holds(path, local(name)):
                found.append(path)
        if len(found) != 1:
            files = ", ".join(path.name for path in found) or "no .bpmn file beside this one"
            raise LookupError(f"process '{name}' is in {files}")
        other = self._open(found[0], source, found[0].name)
        return process_ids(other.reading)[local(name)], other

    def _holds(self, path: Path, process: str) -> bool:
        try:
            return process in process_ids(open_bpmn(path, path.name))
        except InputError:  # not BPMN: it holds no process
            return False

    def _open(self, path: Path, source: _Source, name: str) -> _Source:
        file = str(PurePosixPath(source.reading.file).parent / name)
        if file not in self._sources:
            try:
                self._sources[file] = _Source(open_bpmn(path, file), path.parent)
            except InputError as error:
                raise LookupError(f"'{name}' cannot be used: {error.problems[0].what}") from None
        return self._sources[file]

    def _shared_ids(self) -> Iterator[Problem]:
        """Tasks of two files may not bear one id: it is the activity's."""
        seen: dict[str, str] = {}
        for process in self.processes.values():
            file = process.key.rpartition("#")[0]
            for node in _own_nodes(process.scope):
                if node.kind == "task" and seen.setdefault(node.id, file) != file:
                    what = f"task '{node.id}' bears the id of another one in {seen[node.id]}"
                    yield Problem(what, file, node.line, "give one of the two another id")


def _beside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise LookupError(f"'{name}' lies outside the folder of this file")
    return path


def _own_nodes(scope: Scope) -> Iterator[Node]:
    """Nodes of a process, those of its subprocesses included, of called processes not."""
    for node in scope.nodes.values():
        yield node
        if node.kind == "subProcess" and node.inside:
            yield from _own_nodes(node.inside)


def _check_lanes(process: ProcessReading, scope: Scope) -> None:
    reading = process.reading
    drawn = {element.get("id") for element in reading.root.iter("{*}*")}
    for lane in process.lanes:
        for node in lane.nodes:
            if node not in drawn:
                reading.problem(f"lane '{lane.id}': no element '{node}'", lane.line, "remove the reference")
    for node, lanes in process.listed.items():
        for other in lanes[1:]:
            what = f"'{node}' lies in two lanes, '{lanes[0].id}' and '{other.id}'"
            reading.problem(what, other.line, "put it into one lane")
    if process.lanes:
        for astray in _without_lane(scope, process.listed):
            what = f"{astray.kind} '{astray.id}' lies in no lane"
            reading.problem(what, astray.line, "move it into the lane of its role")


def _without_lane(scope: Scope, listed: Mapping[str, list[Lane]]) -> Iterator[Node]:
    for node in scope.nodes.values():
        if listed.get(node.id):
            continue
        if node.kind in ("task", "callActivity"):
            yield node
        elif node.inside is not None:
            yield from _without_lane(node.inside, listed)
