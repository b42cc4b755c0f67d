"""The part of BPMN 2.0 that we compile, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Node:
    """A flow node: task, event or gateway."""

    id: str
    kind: str
    """As `reference_models.model.FlowNode.kind`."""
    name: str
    line: int | None
    attached_to: str | None = None
    interrupting: bool = False
    duration: str = ""


@dataclass(frozen=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    name: str
    line: int | None


@dataclass(frozen=True)
class Lane:
    """A lane and the flow nodes in it."""

    id: str
    name: str
    nodes: tuple[str, ...]
    line: int | None


@dataclass(frozen=True)
class Definition:
    """One process as drawn."""

    name: str
    nodes: Mapping[str, Node]
    flows: tuple[Flow, ...]
    lanes: tuple[Lane, ...]

    def outgoing(self, node: str) -> tuple[Flow, ...]:
        """Sequence flows that leave the node."""
        return tuple(flow for flow in self.flows if flow.source == node)

    def incoming(self, node: str) -> tuple[Flow, ...]:
        """Sequence flows that enter the node."""
        return tuple(flow for flow in self.flows if flow.target == node)

    def timers_on(self, task: str) -> tuple[Node, ...]:
        """Boundary timers attached to the task."""
        return tuple(node for node in self.nodes.values() if node.attached_to == task)
