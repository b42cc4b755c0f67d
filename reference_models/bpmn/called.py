"""Processes read once each, with those that their call activities call: in the same file or beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from logs.problems import InputError, Problem
from reference_models.bpmn.elements import ACTIVITIES, Lane, Node, Scope
from reference_models.bpmn.pools import process_ids, the_process
from reference_models.bpmn.reading import Reading, local, open_bpmn
from reference_models.bpmn.scope_reader import ProcessReading, read_scope

_MOST_CALLS = 10
_HOW_TO_CALL = "name the id of a process in this file, or in a .bpmn file beside it, or that file itself"


@dataclass(frozen=True)
class ReadProcess:
    """A process as read."""

    key: str
    """What it is known by: its file and its id."""
    file: str
    """Its file, for messages."""
    scope: Scope
    """With what its call activities call."""
    lanes: tuple[Lane, ...]
    lane_of: Mapping[str, str]
    """Node id → lane id, as listed."""


@dataclass(frozen=True)
class _Source:
    reading: Reading
    path: Path | None
    """None: it was given as bytes."""

    def key(self, element: Any) -> str:
        """What a process of this file is known by."""
        return f"{self.path.resolve() if self.path else ''}#{element.get('id', '')}"


class Library:
    """The processes in reach of one file."""

    def __init__(self, reading: Reading, path: Path | None) -> None:
        self.main = _Source(reading, path)
        self.processes: dict[str, ReadProcess] = {}
        """By key, those called first."""
        self._sources = {path.resolve() if path else None: self.main}
        self._stack: list[str] = []

    @property
    def problems(self) -> Iterator[Problem]:
        """Every mistake in every file that was read."""
        for source in self._sources.values():
            yield from source.reading.problems
        yield from self._shared_ids()

    def read(self, element: Any, source: _Source) -> ReadProcess:
        """Read a process and what it calls."""
        key = source.key(element)
        if key not in self.processes:
            self._stack.append(key)
            process = ProcessReading(source.reading)
            scope = self._filled(read_scope(element, "", process), source)
            roles = {lane.id: lane for lane in process.lanes if _is_role(lane, scope, process.listed)}
            lanes = {
                node: lane.id
                for node, listing in process.listed.items()
                for lane in listing
                if lane.id in roles
            }
            shown = tuple(roles.values())
            self.processes[key] = ReadProcess(key, source.reading.file, scope, shown, lanes)
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
        key = other.key(element)
        if key in self._stack:
            way = " → ".join(each.rpartition("#")[2] for each in [*self._stack, key])
            what = f"callActivity '{node.id}': a process may not call itself ({way})"
            source.reading.problem(what, node.line, "draw the repetition as a loop")
            return node
        if len(self._stack) > _MOST_CALLS:
            what = f"callActivity '{node.id}': more than {_MOST_CALLS} processes call one another"
            source.reading.problem(what, node.line, "draw what it calls as a subprocess")
            return node
        return replace(node, inside=self.read(element, other).scope, calls=key)

    def _find(self, name: str, source: _Source) -> tuple[Any, _Source]:
        """The process element of that name and its file; raises LookupError with the reason."""
        here = process_ids(source.reading)
        if not name:
            raise LookupError("it names no process to call")
        if local(name) in here:
            return here[local(name)], source
        if source.path is None:
            raise LookupError(f"no process '{name}' in this file")
        folder = source.path.parent
        if name.lower().endswith(".bpmn"):
            other = self._open(_beside(folder, name), source, name)
            element = the_process(other.reading)
            if element is None:
                raise LookupError(f"'{name}' does not say which of its processes is called")
            return element, other
        found = [path for path in bpmn_files(folder) if _holds(path, local(name))]
        if len(found) != 1:
            files = ", ".join(path.name for path in found) or "no .bpmn file beside this one"
            raise LookupError(f"process '{name}' is in {files}")
        other = self._open(found[0], source, found[0].name)
        return process_ids(other.reading)[local(name)], other

    def _open(self, path: Path, source: _Source, name: str) -> _Source:
        key = path.resolve()
        if key not in self._sources:
            file = str(PurePosixPath(source.reading.file).parent / name)
            try:
                self._sources[key] = _Source(open_bpmn(path, file), path)
            except InputError as error:
                raise LookupError(f"'{name}' cannot be used: {error.problems[0].what}") from None
        return self._sources[key]

    def _shared_ids(self) -> Iterator[Problem]:
        """Tasks of two files may not bear one id: it is the activity's."""
        seen: dict[str, str] = {}
        for process in self.processes.values():
            file = process.file
            for node in _own_nodes(process.scope):
                if node.kind == "task" and seen.setdefault(node.id, file) != file:
                    what = f"task '{node.id}' bears the id of another one in {seen[node.id]}"
                    yield Problem(what, file, node.line, "give one of the two another id")


def bpmn_files(folder: Path) -> list[Path]:
    """The BPMN files of a folder, sorted by name; none where it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".bpmn" and path.is_file())
    except OSError:
        return []


def _holds(path: Path, process: str) -> bool:
    try:
        data = path.read_bytes()
        return process.encode() in data and process in process_ids(open_bpmn(data, path.name))
    except (OSError, InputError):  # not BPMN, or not ours to read: it holds no process
        return False


def _beside(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a name too long, or links in a circle
        raise LookupError(f"'{name[:80]}' leads nowhere") from None
    if not inside:
        raise LookupError(f"'{name}' lies outside the folder of this file")
    return path


def _is_role(lane: Lane, scope: Scope, listed: Mapping[str, list[Lane]]) -> bool:
    """A lane that only groups lanes is none, unless an activity lies in it beside them."""
    within = {node.id for node in _own_nodes(scope) if node.kind in ACTIVITIES}
    return not lane.groups or any(lane in listed[node] for node in within & set(lane.nodes))


def _own_nodes(scope: Scope) -> Iterator[Node]:
    """Nodes of a process, those of its subprocesses included, of called processes not."""
    for node in scope.nodes.values():
        yield node
        if node.kind == "subProcess" and node.inside:
            yield from _own_nodes(node.inside)


def _check_lanes(process: ProcessReading, scope: Scope) -> None:
    reading = process.reading
    for lane in process.lanes:
        for node in lane.nodes:
            if node not in reading.ids:
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
