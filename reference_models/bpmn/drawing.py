"""The diagram for reports: subprocesses and called processes laid open behind the box that holds them."""

from __future__ import annotations

from collections.abc import Iterator

from reference_models.bpmn.elements import Definition, Scope
from reference_models.model import Diagram, FlowNode, SequenceFlow


def draw(definition: Definition) -> Diagram:
    """Every node and flow once, in lane order.

    A flow into a subprocess leads to its box, from there one of our own to what begins in it; flows out of
    it leave from where it ends.
    """
    drawing = _Drawing(definition)
    drawing.scope(definition.scope)
    lanes = tuple(dict.fromkeys(lane.id for lane in definition.lanes))
    return Diagram(tuple(drawing.nodes.values()), tuple(drawing.flows.values()), lanes)


class _Drawing:
    def __init__(self, definition: Definition) -> None:
        self.lane_of = definition.lane_of
        self.nodes: dict[str, FlowNode] = {}
        self.flows: dict[str, SequenceFlow] = {}
        self.open: set[str] = set()
        """Boxes whose content is drawn; of a process called twice it is drawn once."""

    def scope(self, scope: Scope) -> None:
        for node in scope.nodes.values():
            role = self.lane_of.get(node.attached_to or node.id, self.lane_of.get(node.id))
            self.nodes.setdefault(node.id, FlowNode(node.id, node.kind, node.name, role, node.attached_to))
            if node.inside is not None and not any(each in self.nodes for each in node.inside.nodes):
                self.open.add(node.id)
                self.scope(node.inside)
                for start in node.inside.starts():
                    key = f"{node.id}→{start.id}"
                    self.flows[key] = SequenceFlow(key, node.id, start.id)
        for flow in scope.flows:
            for number, source in enumerate(self.ends(scope, flow.source)):
                key = f"{flow.id}~{number}" if number else flow.id
                self.flows.setdefault(key, SequenceFlow(key, source, flow.target, flow.name))

    def ends(self, scope: Scope, node: str) -> Iterator[str]:
        """Where flows out of a node leave: a box that lies open is left at the ends of what it holds."""
        inside = scope.nodes[node].inside
        if inside is None or node not in self.open:
            yield node
            return
        last = [each for each in inside.nodes.values() if not inside.outgoing(each.id) and not each.by_event]
        for each in last or inside.nodes.values():
            yield from self.ends(inside, each.id)
