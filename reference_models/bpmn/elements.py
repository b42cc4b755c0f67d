"""The part of BPMN 2.0 that we compile, as plain values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

TASKS = frozenset(
    {
        "task",
        "userTask",
        "serviceTask",
        "manualTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "scriptTask",
    }
)
"""BPMN task elements; they differ in who performs them, not in the flow of tokens."""

ACTIVITIES = frozenset({"task", "subProcess", "callActivity"})
"""Kinds of nodes that boundary events and markers may sit on."""
BOUNDARY = frozenset({"boundaryTimer", "boundaryEvent"})
CATCH = frozenset({"intermediateTimer", "intermediateCatchEvent"})


@dataclass(frozen=True)
class Marker:
    """A loop or multi-instance marker of an activity."""

    parallel: bool
    """Instances run at the same time; else one after the other."""
    least: int
    """Fewest instances."""
    most: int | None
    """Most instances; None: any number."""

    @property
    def exactly(self) -> int | None:
        """The number of instances where it is fixed."""
        return self.most if self.most == self.least else None


@dataclass(frozen=True)
class Node:
    """A flow node: activity, event or gateway."""

    id: str
    kind: str
    """As `reference_models.model.FlowNode.kind`."""
    name: str
    line: int | None
    attached_to: str | None = None
    interrupting: bool = False
    duration: str = ""
    trigger: str = ""
    """Of an event: 'message', 'timer', 'signal', 'conditional', 'error', 'escalation', 'link', 'terminate' or
    'multiple'; empty: none."""
    code: str = ""
    """Of an error, escalation, signal or link: what is thrown or caught; empty: whichever."""
    default: str = ""
    """Id of the flow that is taken when no condition holds."""
    receives: bool = False
    """A receive task; it may follow an event-based gateway."""
    marker: Marker | None = None
    inside: Scope | None = None
    """What a subprocess holds, or what a call activity calls."""
    by_event: bool = False
    """An event subprocess."""
    calls: str = ""
    """Of a call activity: what it names."""


@dataclass(frozen=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    name: str
    line: int | None
    conditional: bool = False


@dataclass(frozen=True)
class Lane:
    """A lane and the flow nodes that it names."""

    id: str
    name: str
    nodes: tuple[str, ...]
    line: int | None
    groups: bool = False
    """It holds further lanes."""


@dataclass(frozen=True)
class Scope:
    """The content of a process or subprocess."""

    nodes: Mapping[str, Node]
    flows: tuple[Flow, ...]

    def outgoing(self, node: str) -> tuple[Flow, ...]:
        """Sequence flows that leave the node."""
        return self._by_source.get(node, ())

    def incoming(self, node: str) -> tuple[Flow, ...]:
        """Sequence flows that enter the node."""
        return self._by_target.get(node, ())

    @cached_property
    def _by_source(self) -> Mapping[str, tuple[Flow, ...]]:
        return _grouped((flow.source, flow) for flow in self.flows)

    @cached_property
    def _by_target(self) -> Mapping[str, tuple[Flow, ...]]:
        return _grouped((flow.target, flow) for flow in self.flows)

    def boundary_on(self, activity: str) -> tuple[Node, ...]:
        """Boundary events attached to the activity."""
        return tuple(node for node in self.nodes.values() if node.attached_to == activity)

    def event_subprocesses(self) -> tuple[Node, ...]:
        """Event subprocesses of this scope."""
        return tuple(node for node in self.nodes.values() if node.by_event)

    def starts(self) -> tuple[Node, ...]:
        """Start events; where none is drawn, the nodes at which tokens begin: those that no flow enters."""
        drawn = tuple(node for node in self.nodes.values() if node.kind == "startEvent")
        entered = {flow.target for flow in self.flows}
        return drawn or tuple(
            node
            for node in self.nodes.values()
            if node.id not in entered
            and node.kind not in BOUNDARY
            and not node.by_event
            and not (node.kind in CATCH and node.trigger == "link")
        )

    def everything(self) -> Iterator[Node]:
        """Nodes of this scope, each followed by those inside it."""
        for node in self.nodes.values():
            yield node
            if node.inside is not None:
                yield from node.inside.everything()


def _grouped(flows: Iterable[tuple[str, Flow]]) -> Mapping[str, tuple[Flow, ...]]:
    found: defaultdict[str, list[Flow]] = defaultdict(list)
    for node, flow in flows:
        found[node].append(flow)
    return {node: tuple(each) for node, each in found.items()}


@dataclass(frozen=True)
class Definition:
    """One process as drawn, with the processes that it calls."""

    id: str
    name: str
    scope: Scope
    lanes: tuple[Lane, ...]
    """Lanes that stand for a role, from top to bottom; those of called processes last."""
    lane_of: Mapping[str, str]
    """Node id → lane id, wherever the node lies in a lane or in something that does."""
    lines: Mapping[str, int | None]
    """Element id → line, of the nodes in the file itself."""
    messages: tuple[tuple[str, str, str, str], ...] = ()
    """(id, source, target, name) of the message flows of the file."""
