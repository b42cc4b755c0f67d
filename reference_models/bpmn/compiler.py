"""A BPMN process compiled to an accepting Petri net, after the execution semantics of BPMN 2.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from logs.problems import InputError
from reference_models.bpmn.construction import Construction
from reference_models.bpmn.drawing import draw
from reference_models.bpmn.elements import Definition
from reference_models.bpmn.expansion import expand
from reference_models.bpmn.partners import with_partners
from reference_models.bpmn.plan import Plan
from reference_models.bpmn.reader import read_bpmn
from reference_models.bpmn.reduction import Draft, reduce
from reference_models.handoffs import handoff_pairs
from reference_models.model import Diagram, Net, Timer, Transition


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
    """Compile one BPMN 2.0 process; docs/bpmn.md lists what is compiled how, and what is refused.

    source: a file or its bytes; name: how messages call it. Call activities find other files beside the
    file, so bytes can only call processes in themselves.

    A token on a sequence flow is a token in a place. A task takes a token from any one of its incoming
    flows and puts one on each of its outgoing flows; an exclusive gateway passes a token to one flow, a
    parallel gateway waits for all and serves all; a plain end event consumes its token. The case is
    finished when no token is left, so the accepting marking is the empty one: this is right whatever
    the number of end events and parallel ends. An interrupting boundary event is an alternative to what
    it sits on; a non-interrupting one happens at most once while that is active.

    Raises InputError with every element that is wrong or not supported, by id, line and reason.
    """
    definition = read_bpmn(source, name)
    plan = Plan(name, lines=dict(definition.lines))
    first = Construction(plan).process(definition.scope, definition.id)
    expand(plan)
    if plan.problems:
        raise InputError(plan.problems)
    draft = Draft(tuple(plan.steps), first.entry)
    full = _net(draft, plan.bookkeeping)
    tasks = {node.id: node.name for node in definition.scope.everything() if node.kind == "task"}
    lane_of = {task: lane for task, lane in definition.lane_of.items() if task in tasks}
    return Process(
        name=definition.name,
        net=_net(reduce(draft), plan.bookkeeping),
        full_net=full,
        diagram=with_partners(draw(definition), definition, source, name),
        tasks=tasks,
        lanes={lane.id: lane.name for lane in definition.lanes},
        lane_of=lane_of,
        timers=tuple(_timers(definition)),
        handoffs=handoff_pairs(full, lane_of),
        lines=definition.lines,
    )


def _net(draft: Draft, bookkeeping: set[str]) -> Net:
    names = dict.fromkeys(
        chain(draft.initial, chain.from_iterable((*step.pre, *step.post) for step in draft.steps))
    )
    number = {place: index for index, place in enumerate(names)}

    def numbered(places: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(sorted(number[place] for place in places))

    transitions = tuple(Transition(s.id, s.label, numbered(s.pre), numbered(s.post)) for s in draft.steps)
    kept = frozenset(number[place] for place in bookkeeping if place in number)
    return Net(tuple(names), transitions, numbered(draft.initial), ((),), kept)


def _timers(definition: Definition) -> Iterator[Timer]:
    timers = {node.id: node for node in definition.scope.everything() if node.trigger == "timer"}
    for node in timers.values():
        if node.id in definition.scope.nodes and node.kind == "startEvent":
            continue  # it starts the process, and so limits nothing
        yield Timer(node.id, node.name, node.attached_to, node.duration, node.interrupting)
