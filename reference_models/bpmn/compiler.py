"""A BPMN process compiled to an accepting Petri net, after the execution semantics of BPMN 2.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

from logs.problems import InputError
from reference_models.bpmn.elements import Definition, Node
from reference_models.bpmn.reader import read_bpmn
from reference_models.bpmn.reduction import Draft, Step, reduce
from reference_models.handoffs import handoff_pairs
from reference_models.model import Diagram, FlowNode, Net, SequenceFlow, Timer, Transition


@dataclass(frozen=True)
class Process:
    """A compiled process."""

    name: str
    net: Net
    """Reduced; its only accepting marking is the empty one, since a plain end consumes its token."""
    full_net: Net
    """The same language before reduction, with a silent transition per gateway branch."""
    diagram: Diagram
    tasks: Mapping[str, str]
    """Task id → name as drawn."""
    lanes: Mapping[str, str]
    """Lane id → name as drawn, top to bottom."""
    lane_of: Mapping[str, str]
    """Task id → lane id; empty where the process has no lanes."""
    timers: tuple[Timer, ...]
    handoffs: tuple[tuple[str, str], ...]
    """(sender, receiver): tasks of different lanes joined by silent steps only."""
    lines: Mapping[str, int | None]
    """Element id → line in the file."""


def compile_bpmn(source: Path | bytes, name: str) -> Process:
    """Compile one BPMN 2.0 process.

    source: a file or its bytes; name: how messages call it.

    A token on a sequence flow is a token in a place. A task takes a token from any one of its incoming
    flows and puts one on each of its outgoing flows; an exclusive gateway passes a token to one flow, a
    parallel gateway waits for all and serves all; a plain end event consumes its token. The case is
    finished when no token is left, so the accepting marking is the empty one: this is right whatever
    the number of end events and parallel ends. An interrupting boundary timer is an alternative to its
    task; a non-interrupting one fires at most once while its task is active.

    Raises InputError with every element that is wrong or not supported, by id, line and reason.
    """
    definition, problems = read_bpmn(source, name)
    if problems:
        raise InputError(problems)
    draft = _draft(definition)
    full = _net(draft)
    lane_of = {node: lane.id for lane in definition.lanes for node in lane.nodes}
    task_lanes = {task: lane for task, lane in lane_of.items() if definition.nodes[task].kind == "task"}
    return Process(
        name=definition.name,
        net=_net(reduce(draft)),
        full_net=full,
        diagram=_diagram(definition, lane_of),
        tasks={node.id: node.name for node in definition.nodes.values() if node.kind == "task"},
        lanes={lane.id: lane.name for lane in definition.lanes},
        lane_of=task_lanes,
        timers=tuple(_timers(definition)),
        handoffs=handoff_pairs(full, task_lanes),
        lines={node.id: node.line for node in definition.nodes.values()},
    )


def _draft(definition: Definition) -> Draft:
    steps = tuple(chain.from_iterable(_steps(definition, node) for node in definition.nodes.values()))
    start = next(node for node in definition.nodes.values() if node.kind == "startEvent")
    return Draft(steps, _places_after(definition, start.id))


def _steps(definition: Definition, node: Node) -> Iterator[Step]:
    after = _places_after(definition, node.id)
    if node.kind == "task":
        yield from _task_steps(definition, node, after)
    elif node.kind == "exclusiveGateway":
        for place in dict.fromkeys(after):
            yield Step(f"{node.id}→{place}", None, (node.id,), (place,))
    elif node.kind == "parallelGateway":
        yield Step(node.id, None, tuple(flow.id for flow in definition.incoming(node.id)), after)
    elif node.kind in ("endEvent", "intermediateTimer"):
        yield Step(node.id, None, (node.id,), after)


def _places_after(definition: Definition, node: str) -> tuple[str, ...]:
    """The place of each flow out of a node. Only a parallel gateway tells its incoming flows apart."""
    flows = definition.outgoing(node)
    return tuple(
        flow.id if definition.nodes[flow.target].kind == "parallelGateway" else flow.target for flow in flows
    )


def _task_steps(definition: Definition, task: Node, after: tuple[str, ...]) -> Iterator[Step]:
    """A place per set of non-interrupting timers that have fired while the task is active."""
    timers = definition.timers_on(task.id)
    alongside = [timer for timer in timers if not timer.interrupting]
    subsets = chain.from_iterable(combinations(alongside, size) for size in range(len(alongside) + 1))
    for fired in subsets:
        names = {timer.id for timer in fired}
        here = _active(task.id, names)
        yield Step(here, task.id, (here,), after)
        for timer in timers:
            branch = _places_after(definition, timer.id)
            if timer.interrupting:
                yield Step(f"{timer.id}@{here}", None, (here,), branch)
            elif timer.id not in names:
                yield Step(
                    f"{timer.id}@{here}", None, (here,), (_active(task.id, names | {timer.id}), *branch)
                )


def _active(task: str, fired: set[str]) -> str:
    return "+".join([task, *sorted(fired)])


def _net(draft: Draft) -> Net:
    names = dict.fromkeys(
        chain(draft.initial, chain.from_iterable((*step.pre, *step.post) for step in draft.steps))
    )
    number = {place: index for index, place in enumerate(names)}

    def numbered(places: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(sorted(number[place] for place in places))

    transitions = tuple(Transition(s.id, s.label, numbered(s.pre), numbered(s.post)) for s in draft.steps)
    return Net(tuple(names), transitions, numbered(draft.initial), ((),))


def _diagram(definition: Definition, lane_of: Mapping[str, str]) -> Diagram:
    nodes = tuple(
        FlowNode(node.id, node.kind, node.name, lane_of.get(node.attached_to or node.id), node.attached_to)
        for node in definition.nodes.values()
    )
    flows = tuple(SequenceFlow(flow.id, flow.source, flow.target, flow.name) for flow in definition.flows)
    return Diagram(nodes, flows, tuple(lane.id for lane in definition.lanes))


def _timers(definition: Definition) -> Iterator[Timer]:
    for node in definition.nodes.values():
        if node.kind in ("intermediateTimer", "boundaryTimer"):
            yield Timer(node.id, node.name, node.attached_to, node.duration, node.interrupting)
