"""Process trees from PTML, the XML of ProM, as accepting Petri nets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logs.problems import InputError, Problem
from reference_models.model import Net, Transition
from reference_models.xml_files import children, parse_xml, spelled, tag

_LEAVES = ("manualTask", "automaticTask")
_OPERATORS = ("sequence", "xor", "and", "or", "xorLoop")
_DRAW = f"draw the tree with {', '.join(_OPERATORS)}, manualTask and automaticTask"


@dataclass
class _Node:
    id: str
    kind: str
    label: str
    line: int | None
    children: list[str] = field(default_factory=list)
    parent: str = ""


@dataclass
class _Reading:
    """What has been read so far, with every mistake."""

    file: str
    nodes: dict[str, _Node] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, line: int | None, mend: str) -> None:
        self.problems.append(Problem(what, self.file, line, mend))


def read_ptml(path: Path, file: str) -> Net:
    """Read the one process tree of a PTML file as a net.

    A `manualTask` is a task, its name the label; an `automaticTask` is silent. `sequence`, `xor`, `and` and
    `or` (any of the children, at least one, in parallel) have children in the order of their `parentsNode`
    lines; an `xorLoop` has two or three: do, redo, and what ends it (silent where it is not given).

    Raises InputError with everything that is wrong or not supported, by id and line.
    """
    root = parse_xml(path, file)
    trees = [each for each in children(root) if tag(each) == "processTree"] if tag(root) == "ptml" else []
    if len(trees) != 1:
        what = (
            f"{len(trees)} process trees in the file"
            if trees
            else f"no tree: the file begins with '{tag(root)}'"
        )
        line = trees[1].sourceline if trees else root.sourceline
        raise InputError(Problem(what, file, line, "export one process tree as PTML"))
    reading = _Reading(file)
    edges = []
    for element in children(trees[0]):
        if tag(element) == "parentsNode":
            edges.append(element)
        else:
            _read_node(element, reading)
    for edge in edges:
        _read_edge(edge, reading)
    top = str(trees[0].get("root", ""))
    _check(top, trees[0].sourceline, reading)
    if reading.problems:
        raise InputError(reading.problems)
    return _Translation(reading.nodes).net(top)


def _read_node(element: Any, reading: _Reading) -> None:
    node = _Node(str(element.get("id", "")), tag(element), spelled(element.get("name")), element.sourceline)
    shown = f"{node.kind} '{node.id}'"
    if not node.id:
        reading.problem(f"a {node.kind} has no id", node.line, "give it an id")
    elif node.id in reading.nodes:
        mend = f"it stands on line {reading.nodes[node.id].line} already"
        reading.problem(f"id '{node.id}' is given twice", node.line, mend)
    if node.kind not in (*_LEAVES, *_OPERATORS):
        reading.problem(f"{shown}: this element is not supported", node.line, _DRAW)
    elif node.kind == "manualTask" and not node.label:
        mend = "name it as the log does, or make it an automaticTask"
        reading.problem(f"{shown} has no name", node.line, mend)
    if node.id:  # what has none can be nobody's child, and nobody's parent
        reading.nodes.setdefault(node.id, node)


def _read_edge(element: Any, reading: _Reading) -> None:
    parent, child = (reading.nodes.get(str(element.get(end, ""))) for end in ("sourceId", "targetId"))
    if parent is None or child is None:
        missing = element.get("targetId" if parent else "sourceId", "")
        reading.problem(f"parentsNode: no node '{missing}'", element.sourceline, "export the tree again")
    elif child.parent:
        what = f"{child.kind} '{child.id}' has two parents, '{child.parent}' and '{parent.id}'"
        reading.problem(what, element.sourceline, "draw it twice: in a tree each node has one parent")
    else:
        child.parent = parent.id
        parent.children.append(child.id)


def _check(top: str, line: int | None, reading: _Reading) -> None:
    nodes = reading.nodes
    if top not in nodes:
        reading.problem(
            f"no node '{top}' for the root", line, "give processTree the id of its root as 'root'"
        )
        return
    if nodes[top].parent:
        what = f"the root '{top}' has a parent, '{nodes[top].parent}'"
        reading.problem(what, nodes[top].line, "export the tree again")
        return
    below, seen = [top], {top}
    for name in below:  # grows downwards; ends, because each node has one parent and the root has none
        below += nodes[name].children
        seen.update(nodes[name].children)
    for node in nodes.values():
        shown = f"{node.kind} '{node.id}'"
        if node.id not in seen:
            reading.problem(f"{shown} is not part of the tree", node.line, "remove it, or give it a parent")
        elif node.kind in _LEAVES and node.children:
            reading.problem(f"{shown} has children", node.line, "only operators have children")
        elif node.kind == "xorLoop" and len(node.children) not in (2, 3):
            what = f"{shown} has {len(node.children)} children"
            reading.problem(what, node.line, "give it a do, a redo and, if need be, an exit")
        elif node.kind in _OPERATORS and not node.children:
            reading.problem(f"{shown} has no children", node.line, "remove it, or make it an automaticTask")


class _Translation:
    """From a tree to a net: each node takes a token from one place and puts one into another when done."""

    def __init__(self, nodes: dict[str, _Node]) -> None:
        self._nodes = nodes
        self._places: list[str] = []
        self._transitions: list[Transition] = []
        self._waiting: list[tuple[str, int, int]] = []

    def net(self, top: str) -> Net:
        start, end = self._place("start"), self._place("end")
        self._waiting.append((top, start, end))
        while self._waiting:  # no recursion: trees may be deep
            name, enter, leave = self._waiting.pop()
            self._add(self._nodes[name], enter, leave)
        return Net(tuple(self._places), tuple(self._transitions), (start,), ((end,),))

    def _add(self, node: _Node, enter: int, leave: int) -> None:
        if node.kind in _LEAVES:
            self._fire(node.id, node.label if node.kind == "manualTask" else None, [enter], [leave])
        elif node.kind == "sequence":
            between = [self._place(f"{child} begins") for child in node.children[1:]]
            stops = [enter, *between, leave]
            self._waiting += zip(node.children, stops, stops[1:], strict=False)
        elif node.kind == "xor":
            self._waiting += [(child, enter, leave) for child in node.children]
        elif node.kind == "and":
            begins, ends = self._branches(node)
            self._fire(f"{node.id} splits", None, [enter], begins)
            self._fire(f"{node.id} joins", None, ends, [leave])
        elif node.kind == "or":
            self._add_or(node, enter, leave)
        else:
            self._add_loop(node, enter, leave)

    def _branches(self, node: _Node) -> tuple[list[int], list[int]]:
        begins = [self._place(f"{child} begins") for child in node.children]
        ends = [self._place(f"{child} ends") for child in node.children]
        self._waiting += zip(node.children, begins, ends, strict=True)
        return begins, ends

    def _add_or(self, node: _Node, enter: int, leave: int) -> None:
        """A branch is chosen or skipped; the token in 'some' shows that one was chosen."""
        begins, ends = self._branches(node)
        offered = [self._place(f"{child} offered") for child in node.children]
        none, some = self._place(f"{node.id} none"), self._place(f"{node.id} some")
        self._fire(f"{node.id} splits", None, [enter], [none, *offered])
        for child, offer, begin, end in zip(node.children, offered, begins, ends, strict=True):
            self._fire(f"{child} first", None, [offer, none], [begin, some])
            self._fire(f"{child} too", None, [offer, some], [begin, some])
            self._fire(f"{child} skipped", None, [offer], [end])
        self._fire(f"{node.id} joins", None, [*ends, some], [leave])

    def _add_loop(self, node: _Node, enter: int, leave: int) -> None:
        """Entered by a silent step: else its redo would lead back to before the loop."""
        begin, done = self._place(f"{node.id} begins"), self._place(f"{node.id} done")
        self._fire(f"{node.id} enters", None, [enter], [begin])
        self._waiting += [(node.children[0], begin, done), (node.children[1], done, begin)]
        if len(node.children) == 3:
            self._waiting.append((node.children[2], done, leave))
        else:
            self._fire(f"{node.id} leaves", None, [done], [leave])

    def _place(self, name: str) -> int:
        self._places.append(name)
        return len(self._places) - 1

    def _fire(self, name: str, label: str | None, pre: list[int], post: list[int]) -> None:
        self._transitions.append(Transition(name, label, tuple(sorted(pre)), tuple(sorted(post))))
