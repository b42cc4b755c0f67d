"""Compiled nets against the token game on the drawing, on random drawings of every construct together."""

from itertools import count

from bpmn_token_game import TooLongError, play
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from model_files import boundary, event, flows, language, nodes, process, sub

from logs.problems import InputError
from reference_models.bpmn import compile_bpmn
from reference_models.bpmn.reader import read_bpmn
from reference_models.soundness import check_soundness

LONGEST = 4
MOST_STATES = 150


class Drawing:
    """A process drawn piece by piece; every block has one flow in and one out."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.number = count()

    def new(self, letter: str) -> str:
        return f"{letter}{next(self.number)}"

    def block(self, depth: int, within: bool) -> tuple[str, str, str]:
        """First node, last node, and everything drawn."""
        kinds = ["task", "task", "catch", "throw"]
        if depth:
            kinds += ["sequence", "choice", "parallel", "inclusive", "loop", "part", "part", "last"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "sequence":
            a, b = self.block(depth - 1, within), self.block(depth - 1, within)
            return a[0], b[1], a[2] + b[2] + flows(f"{a[1]}>{b[0]}")
        if kind in ("choice", "parallel", "inclusive", "last"):
            return self.split(kind, depth, within)
        if kind == "loop":
            x, y, inner = self.new("x"), self.new("y"), self.block(depth - 1, within)
            wiring = flows(f"{x}>{inner[0]} {inner[1]}>{y} {y}>{x}")
            return x, y, nodes(exclusiveGateway=f"{x} {y}") + inner[2] + wiring
        if kind == "part":
            return self.part(depth)
        node = self.new("T" if kind == "task" else "v")
        drawn = {
            "task": nodes(task=node),
            "catch": event("intermediateCatchEvent", node, "message"),
            "throw": event("intermediateThrowEvent", node),
        }[kind]
        return node, node, drawn

    def split(self, kind: str, depth: int, within: bool) -> tuple[str, str, str]:
        """A gateway, two branches, and what joins them; a branch may end for itself instead."""
        gateway = {"choice": "exclusiveGateway", "last": "exclusiveGateway", "parallel": "parallelGateway"}
        first, last = self.new("g"), self.new("j")
        splits = gateway.get(kind, "inclusiveGateway")
        joins = self.draw(st.sampled_from([splits, "inclusiveGateway", "exclusiveGateway"]))
        drawn = nodes(**{splits: first}) + nodes(**{joins: last})
        for number in range(2):
            inner = self.block(depth - 1, within)
            drawn += inner[2] + flows(f"{first}>{inner[0]}")
            if kind == "last" and number:
                end = self.new("e")
                triggers = ["", "terminate", "error"] if within else ["", "terminate"]
                drawn += event("endEvent", end, self.draw(st.sampled_from(triggers)))
                drawn += flows(f"{inner[1]}>{end}")
            else:
                drawn += flows(f"{inner[1]}>{last}")
        return first, last, drawn

    def part(self, depth: int) -> tuple[str, str, str]:
        """A subprocess with events on its boundary and within."""
        node, last = self.new("S"), self.new("m")
        drawn = sub(node, self.content(depth - 1, within=True)) + nodes(exclusiveGateway=last)
        drawn += flows(f"{node}>{last}")
        for trigger, stops in self.draw(
            st.lists(
                st.sampled_from([("timer", True), ("message", False), ("error", True)]),
                max_size=2,
                unique_by=lambda each: each[0],
            )
        ):
            on, handler, end = self.new("b"), self.new("T"), self.new("e")
            drawn += boundary(on, node, trigger, interrupting=stops) + nodes(task=handler)
            drawn += flows(f"{on}>{handler}>{last}") if stops else flows(f"{on}>{handler}>{end}")
            drawn += "" if stops else nodes(endEvent=end)
        return node, last, drawn

    def content(self, depth: int, within: bool) -> str:
        """What a process or subprocess holds."""
        inner, start, end = self.block(depth, within), self.new("s"), self.new("e")
        drawn = (
            nodes(startEvent=start, endEvent=end) + inner[2] + flows(f"{start}>{inner[0]} {inner[1]}>{end}")
        )
        for stops in self.draw(st.sampled_from([[], [], [], [True], [False], [True, False]])):
            watch, on, task = self.new("E"), self.new("s"), self.new("T")
            begins = event("startEvent", on, "message", isInterrupting=str(stops).lower())
            drawn += sub(watch, begins + nodes(task=task) + flows(f"{on}>{task}"), by_event=True)
        return drawn


@st.composite
def drawings(draw: st.DrawFn) -> bytes:
    return process(Drawing(draw).content(3, within=False))


@st.composite
def graphs(draw: st.DrawFn) -> bytes:
    """Tasks and gateways wired at random, so that inclusive joins stand anywhere."""
    kinds = draw(
        st.lists(
            st.sampled_from(["task", "inclusiveGateway", "exclusiveGateway", "parallelGateway"]),
            min_size=3,
            max_size=7,
        )
    )
    ids = [f"n{i}" for i in range(len(kinds))]
    pairs = {("s", "n0"), *zip(ids, [*ids[1:], "e"], strict=True)}
    extra = st.tuples(st.sampled_from(ids), st.sampled_from([*ids, "e"]))
    pairs |= {(a, b) for a, b in draw(st.lists(extra, max_size=4)) if a < b}
    assume("task" in kinds and "inclusiveGateway" in kinds)
    drawn = "".join(nodes(**{kind: name}) for kind, name in zip(kinds, ids, strict=True))
    return process(
        nodes(startEvent="s", endEvent="e") + drawn + flows(" ".join(f"{a}>{b}" for a, b in pairs))
    )


STATED = ("states", "pile up", "cannot be compiled exactly", "begin again", "nothing around", "no task")
"""Reasons for which such a drawing may be refused."""


def compare(data: bytes) -> None:
    """The net takes the traces of the game; what was refused, was refused for one of the stated reasons."""
    try:
        made = compile_bpmn(data, "test.bpmn")
    except InputError as refusal:
        astray = [each for each in refusal.problems if not any(reason in each.what for reason in STATED)]
        if astray:
            raise
        return
    facts = check_soundness(made.full_net, MOST_STATES)
    assume(not facts.unbounded and not facts.capped)
    try:
        played = play(read_bpmn(data, "test.bpmn").scope, LONGEST)
    except TooLongError:
        assume(False)
    assert language(made.net, LONGEST) == played
    assert language(made.full_net, LONGEST) == played


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(drawings())
def test_blocks_of_every_construct(data):
    compare(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(graphs())
def test_inclusive_gateways_anywhere(data):
    compare(data)
