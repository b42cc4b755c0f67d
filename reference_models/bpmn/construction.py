"""The steps of a net, element by element after the execution semantics of BPMN 2.0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from reference_models.bpmn.elements import BOUNDARY, CATCH, Flow, Node, Scope
from reference_models.bpmn.gateways import caught_links, join_cases, subsets, taken_together
from reference_models.bpmn.plan import Catch, Frame, Plan, Region
from reference_models.bpmn.reduction import Step

Exits = list[tuple[str, ...]]
"""The tokens put out at the end, one entry per alternative."""


@dataclass
class _Here:
    """The scope that is being built."""

    scope: Scope
    prefix: str
    """Before the names of its places: a subprocess may stand in a net several times."""
    region: Region
    frame: Frame
    done: tuple[str, ...]
    """Tokens that an end event puts out."""
    exits: Exits
    """Tokens that the scope puts out when it is over."""
    top: bool
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    """Node or flow id → the places in which a token counts as being there."""

    def place(self, node: str) -> str:
        return self.prefix + node

    def place_of(self, flow: Flow) -> str:
        """Only gateways that wait for several flows tell their incoming flows apart."""
        return self.prefix + (flow.id if flow.target in self.joins else flow.target)

    @cached_property
    def joins(self) -> frozenset[str]:
        """Gateways that wait for several flows."""
        return frozenset(
            node.id
            for node in self.scope.nodes.values()
            if node.kind == "parallelGateway"
            or (node.kind == "inclusiveGateway" and len(self.scope.incoming(node.id)) > 1)
        )

    def awaited(self, node: Node) -> bool:
        """Whether an event-based gateway waits for it."""
        sources = (self.scope.nodes[flow.source] for flow in self.scope.incoming(node.id))
        return any(source.kind == "eventBasedGateway" for source in sources)

    def after(self, node: Node) -> Exits:
        """Where tokens go when they leave a node; without a flow they are consumed."""
        if node.trigger == "link" and node.kind not in CATCH:
            return [tuple(self.place(each.id) for each in caught_links(self.scope, node))]
        taken = [tuple(map(self.place_of, flows)) for flows in taken_together(self.scope, node)]
        return taken if any(taken) else [self.done]


class Construction:
    """Builds the plan of a process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def process(self, scope: Scope, name: str) -> Region:
        """Build the process; returns the region of all its places, with its first tokens."""
        region = Region("▣", name, None)
        done: tuple[str, ...] = ("✓",) if _counts_its_ends(scope) else ()
        region.hold(*done)
        region.entry = self._fill(_Here(scope, "", region, Frame(), done, [()], top=True))
        if done:
            self._complete("◂", done, region, [()])
        self.plan.regions[region.name] = region
        return region

    def _step(
        self, id: str, pre: Iterable[str], post: Iterable[str], *, label: str | None = None,
        waits: bool = False, clears: str = "", abrupt: bool = False, element: str = "",
    ) -> None:  # fmt: skip
        self.plan.steps.append(
            Step(id, label, tuple(pre), tuple(post), waits, clears, frozenset(), abrupt, element)
        )

    def _each(self, id: str, pre: tuple[str, ...], exits: Exits, **said: str | bool | None) -> None:
        """A step per alternative."""
        for number, post in enumerate(exits):
            self._step(f"{id}~{number}" if number else id, pre, post, **said)  # type: ignore[arg-type]

    def _complete(self, id: str, done: tuple[str, ...], region: Region, exits: Exits) -> None:
        """The end of a region: nothing is left in it but what its ends put out, and what was noted."""
        zero = self.plan.work(region.places) - set(done)
        for number, post in enumerate(exits):
            step = Step(f"{id}~{number}" if number else id, None, done, post, clears=region.name, zero=zero)
            self.plan.steps.append(step)

    def _fill(self, here: _Here) -> tuple[str, ...]:
        """Build a scope; returns its first tokens."""
        outer = here.frame
        here.frame = self._event_frame(here)
        for node in here.scope.nodes.values():
            before = len(here.region.places)
            if not node.by_event:
                here.region.hold(here.place(node.id))
                self._node(here, node)
            here.held[node.id] = frozenset(islice(here.region.places, before, None))
        for flow in here.scope.flows:
            here.region.hold(here.place_of(flow))
            here.held[flow.id] = frozenset({here.place_of(flow)})
        for node in here.scope.event_subprocesses():
            self._body(here, node, here.place(node.id), [here.done], here.region, outer, "")
        notes = [
            note for node in here.scope.event_subprocesses() for note in self._set_off(here, node, outer)
        ]
        for node in here.scope.nodes.values():
            if node.kind == "inclusiveGateway" and node.id in here.joins:
                self._join(here, node)
        return (*self._first(here), *dict.fromkeys(notes))

    def _first(self, here: _Here) -> tuple[str, ...]:
        starts = here.scope.starts()
        if starts[0].kind != "startEvent":  # none is drawn: all that no flow enters begins
            return tuple(here.place(node.id) for node in starts)
        if len(starts) == 1:
            return here.after(starts[0])[0]
        place = here.place("|".join(node.id for node in starts))
        here.region.hold(place)
        for node in starts:
            self._each(here.place(node.id), (place,), here.after(node))
        return (place,)

    def _node(self, here: _Here, node: Node) -> None:
        place, after = here.place(node.id), here.after(node)
        awaited = any(
            here.scope.nodes[flow.source].kind == "eventBasedGateway" for flow in here.scope.incoming(node.id)
        )
        if awaited or node.kind == "startEvent":
            return
        if node.kind == "task" and node.marker is None:
            self._task(here, node)
        elif node.kind in ("task", "subProcess", "callActivity"):
            self._activity(here, node)
        elif node.kind == "exclusiveGateway":
            for one in dict.fromkeys(after[0]):
                self._step(f"{place}→{one}", (place,), (one,))
        elif node.kind == "parallelGateway":
            flows = here.scope.incoming(node.id)
            self._step(place, map(here.place_of, flows) if flows else (place,), after[0])
        elif node.kind == "inclusiveGateway":
            for post in after:
                self._step(f"{place}→{'+'.join(post)}", (place,), post)
        elif node.kind == "eventBasedGateway":
            for flow in here.scope.outgoing(node.id):
                event = here.scope.nodes[flow.target]
                label = event.id if event.kind == "task" else None
                self._each(here.place(event.id), (place,), here.after(event), label=label, waits=not label)
        elif node.kind in CATCH:
            self._each(place, (place,), after, waits=node.trigger != "link")
        elif node.kind in ("endEvent", "intermediateThrowEvent"):
            self._throw(here, node)

    def _throw(self, here: _Here, node: Node) -> None:
        place = here.place(node.id)
        after = [here.done] if node.kind == "endEvent" else here.after(node)
        if node.trigger == "terminate":
            self._ends_all(here, node)
            return
        if node.trigger not in ("error", "escalation"):
            self._each(place, (place,), after)
            return
        catch = here.frame.catch(node.trigger, node.code)
        if catch is not None and catch.clears:
            self._step(place, (place,), catch.post, clears=catch.clears, abrupt=True, element=node.id)
        elif catch is not None:
            self._each(place, (place,), [(*post, *catch.post) for post in after])
        elif node.trigger == "escalation":  # may go uncaught
            self._each(place, (place,), after)
        elif here.top:
            self._ends_all(here, node)
        else:
            code = f" '{node.code}'" if node.code else ""
            mend = "attach an error event to the subprocess, or end the whole process with it"
            self.plan.refuse(node.id, f"nothing around it catches the error{code}", mend)

    def _ends_all(self, here: _Here, node: Node) -> None:
        place = here.place(node.id)
        region = here.region.name
        self._each(place, (place,), here.exits, clears=region, abrupt=True, element=node.id)

    def _task(self, here: _Here, task: Node) -> None:
        """A place per set of non-interrupting events that have happened while the task is active."""
        events, after = here.scope.boundary_on(task.id), here.after(task)
        alongside = tuple(event for event in events if not event.interrupting)
        for fired in subsets(alongside):
            names = {event.id for event in fired}
            active = _active(here.place(task.id), names)
            here.region.hold(active)
            self._each(active, (active,), after, label=task.id)
            for event in events:
                (branch,) = here.after(event)
                step = f"{here.place(event.id)}@{active}"
                if event.interrupting:
                    self._step(step, (active,), branch, waits=True)
                elif event.id not in names:
                    now = _active(here.place(task.id), names | {event.id})
                    self._step(step, (active,), (now, *branch), waits=True)

    def _activity(self, here: _Here, node: Node) -> None:
        """A subprocess, call activity or marked task, with the events on its boundary."""
        place, exits = here.place(node.id), here.after(node)
        events = here.scope.boundary_on(node.id)
        if not events:
            self._instances(here, node, place, exits, here.region, here.frame)
            return
        region = Region(f"{place}▣", node.id, here.region, enter=f"{place}▸")
        frame = here.frame.inside()
        for event in events:
            clears = region.name if event.interrupting else ""
            catch = Catch(event.id, event.code, clears, here.after(event)[0])
            frame.catches.setdefault(event.trigger, []).append(catch)
        inner, over = f"{place}●", f"{place}◉"
        region.hold(inner, over)
        self._instances(here, node, inner, [(over,)], region, frame)
        notes = []
        for event in events:
            thrown = event.trigger in ("error", "escalation") and event.id in frame.thrown_to
            step, branch = f"{here.place(event.id)}@{place}", here.after(event)[0]
            if not thrown and event.interrupting:
                self._step(step, (), branch, waits=True, clears=region.name, element=event.id)
            elif not thrown:
                notes.append(self._once(step, f"{here.place(event.id)}", region, branch))
        region.entry = (inner, *notes)
        self._step(region.enter, (place,), region.entry)
        self._complete(f"{place}◂", (over,), region, exits)
        self.plan.regions[region.name] = region

    def _once(self, step: str, place: str, region: Region, branch: tuple[str, ...]) -> str:
        """An event that does not interrupt, and happens at most once while the region is active.

        It happens beside something that takes its time, and speaks of the work that waits there.
        """
        waiting = {
            each
            for made in self.plan.steps
            if made.label is not None or made.waits
            for each in made.pre
            if each in region.places and each not in self.plan.bookkeeping
        }
        unfired, fired = f"{place}?", f"{place}!"
        for each in (each for each in region.places if each in waiting):
            self._step(f"{step}·{each}", (unfired, each), (fired, each, *branch), waits=True)
        region.hold(unfired, fired)
        self.plan.bookkeeping |= {unfired, fired}
        return unfired

    def _instances(
        self, here: _Here, node: Node, place: str, exits: Exits, region: Region, frame: Frame
    ) -> None:
        """The instances of an activity, after its marker.

        Of a task only its completions are seen, so that parallel instances read like successive ones.
        """
        marker = node.marker
        if marker is None:
            self._body(here, node, place, exits, region, frame, "")
        elif marker.most is None:
            run, again = f"{place}∙", f"{place}↻"
            region.hold(run, again)
            self._step(f"{place}▹", (place,), (run if marker.least else again,))
            self._body(here, node, run, [(again,)], region, frame, "")
            self._step(f"{again}▹", (again,), (run,))
            self._each(f"{again}◃", (again,), exits)
        elif marker.parallel and node.kind != "task":
            # Instances whose tokens cannot mix may share their places.
            share = node.inside is not None and _holds_one_token(node.inside)
            runs = [f"{place}#{1 if share else number}" for number in range(1, marker.most + 1)]
            over = f"{place}✓✓"
            region.hold(*runs, over)
            self._step(f"{place}▹", (place,), runs)
            for number, run in enumerate(dict.fromkeys(runs), 1):
                self._body(here, node, run, [(over,)], region, frame, f"#{number}")
            self._each(f"{place}◃", (over,) * len(runs), exits)
        else:
            self._one_by_one(here, node, place, exits, region, frame)

    def _one_by_one(
        self, here: _Here, node: Node, place: str, exits: Exits, region: Region, frame: Frame
    ) -> None:
        assert node.marker is not None
        least, most = node.marker.least, node.marker.most or 1
        between = [f"{place}#{number}✓" for number in range(most + 1)]
        between[0] = place
        for number in range(1, most + 1):
            run = f"{place}#{number}"
            region.hold(run, between[number])
            self._step(f"{run}▹", (between[number - 1],), (run,))
            self._body(here, node, run, [(between[number],)], region, frame, f"#{number}")
        for number in range(least, most + 1):
            self._each(f"{between[number]}◃", (between[number],), exits)

    def _body(
        self, here: _Here, node: Node, place: str, exits: Exits, region: Region, frame: Frame, copy: str
    ) -> None:
        """One instance of an activity, from its place to its exits."""
        region.hold(place)
        if node.inside is None:
            self._each(place, (place,), exits, label=node.id)
            return
        called = node.kind == "callActivity"
        prefix = f"{here.prefix}{node.id}{copy}/" if called or copy else here.prefix
        inner = Region(f"{place}▾", node.id, region, enter=f"{place}▾▸")
        done = f"{place}✓"
        inner.hold(done)
        scope = _Here(node.inside, prefix, inner, frame, (done,), exits, top=False)
        inner.entry = self._fill(scope)
        self._step(inner.enter, (place,), inner.entry)
        self._complete(f"{place}▾◂", (done,), inner, exits)
        self.plan.regions[inner.name] = inner

    def _event_frame(self, here: _Here) -> Frame:
        frame = here.frame.inside()
        for node in here.scope.event_subprocesses():
            assert node.inside is not None
            (start,) = node.inside.starts()
            clears = here.region.name if start.interrupting else ""
            catch = Catch(here.place(start.id), start.code, clears, (here.place(node.id),))
            frame.catches.setdefault(start.trigger, []).append(catch)
        return frame

    def _set_off(self, here: _Here, node: Node, outer: Frame) -> list[str]:
        """What begins an event subprocess; returns the tokens by which it may happen."""
        assert node.inside is not None
        (start,) = node.inside.starts()
        place, step = here.place(node.id), f"{here.place(start.id)}!"
        if start.trigger in ("error", "escalation") and here.place(start.id) in outer.thrown_to:
            return []
        if not start.interrupting:
            return [self._once(step, here.place(start.id), here.region, (place,))]
        armed = f"{here.region.name}armed"  # one interruption: then only what it began goes on
        here.region.hold(armed)
        self.plan.bookkeeping.add(armed)
        self._step(step, (armed,), (place,), waits=True, clears=here.region.name, element=node.id)
        return [armed]

    def _join(self, here: _Here, node: Node) -> None:
        """An inclusive join: a step per set of filled flows, when nothing can reach another one."""
        place = here.place(node.id)
        for case in join_cases(here.scope, node.id):
            pre = tuple(map(here.place_of, case.filled))
            others = {here.place_of(flow) for flow in here.scope.incoming(node.id)} - set(pre)
            zero = self.plan.work(p for each in case.before for p in here.held[each]) | others
            step = Step(f"{place}⊇{'+'.join(pre)}", None, pre, (place,), zero=zero, element=node.id)
            self.plan.steps.append(step)


def _active(task: str, fired: set[str]) -> str:
    return "+".join([task, *sorted(fired)])


def _holds_one_token(scope: Scope) -> bool:
    """Whether no more than one token is ever in a scope, which nothing ends or leaves before its time."""
    return len(scope.starts()) == 1 and all(
        node.kind not in {"parallelGateway", "inclusiveGateway", *BOUNDARY}
        and not node.by_event
        and node.trigger not in ("terminate", "error", "escalation")
        and (node.kind in ("exclusiveGateway", "eventBasedGateway") or len(scope.outgoing(node.id)) < 2)
        and not (node.marker and node.marker.parallel and node.inside)
        and (node.inside is None or _holds_one_token(node.inside))
        for node in scope.nodes.values()
    )


def _counts_its_ends(scope: Scope) -> bool:
    """Whether the end of the process must be told: where tokens are noted, or what is left is cleared."""
    return any(
        node.by_event
        or node.trigger == "terminate"
        or (node.kind == "endEvent" and node.trigger == "error")
        or (node.kind == "inclusiveGateway" and len(scope.incoming(node.id)) > 1)
        for node in scope.nodes.values()
    )
