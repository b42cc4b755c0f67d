"""Subprocesses, events on their boundary and within, markers: the traces taken, and no other."""

from itertools import permutations

import pytest
from model_files import boundary, compiled, event, flows, language, nodes, sub, timer

from reference_models.soundness import check_soundness

ENDS = nodes(startEvent="s", endEvent="e")


def inner(tasks: str, wiring: str, more: str = "", starts: str = "is", ends: str = "ie") -> str:
    """The content of a subprocess that begins at 'is' and ends at 'ie'."""
    return nodes(startEvent=starts, endEvent=ends, task=tasks) + more + flows(wiring)


def watch(sub_id: str, trigger: str, task: str, *, interrupting: bool = True) -> str:
    """An event subprocess of one task."""
    start = f"{sub_id}s"
    inside = event("startEvent", start, trigger, isInterrupting=str(interrupting).lower())
    return sub(sub_id, inside + nodes(task=task) + flows(f"{start}>{task}"), by_event=True)


def marked(kind: str, node: str, marker: str, inside: str = "") -> str:
    return f'<{kind} id="{node}" name="{node}">{marker}{inside}</{kind}>'


def many(attributes: str = "", *, number: str = "", until: bool = False) -> str:
    inside = f"<loopCardinality>{number}</loopCardinality>" if number else ""
    inside += "<completionCondition>enough</completionCondition>" if until else ""
    return f"<multiInstanceLoopCharacteristics {attributes}>{inside}</multiInstanceLoopCharacteristics>"


ONE = sub("S", inner("B C", "is>B>C>ie"))
TWO = sub("S", inner("B C", "is>f>B>j>ie f>C>j", nodes(parallelGateway="f j")))
APART = sub("S", inner("B C", "is>B>ie is>C>ie2", nodes(endEvent="ie2")))
LOOP = "<standardLoopCharacteristics {}/>"
AROUND = nodes(task="A D") + flows("s>A>S>D>e")
AFTER = nodes(task="X", endEvent="e2")

SUBPROCESSES = {
    "one after the other": (AROUND + ONE, {"A B C D"}),
    "parallel inside": (AROUND + TWO, {"A B C D", "A C B D"}),
    "it ends when all its branches have ended": (AROUND + APART, {"A B C D", "A C B D"}),
    "without start and end events": (
        AROUND + sub("S", nodes(task="B C")),
        {"A B C D", "A C B D"},
    ),
    "some branches end or go on": (
        AROUND
        + sub(
            "S",
            inner(
                "B C E",
                "is>B>x>ie x>f>C>ie f>E>ie2",
                nodes(exclusiveGateway="x", parallelGateway="f", endEvent="ie2"),
            ),
        ),
        {"A B D", "A B C E D", "A B E C D"},
    ),
    "a subprocess in a subprocess": (
        AROUND + sub("S", inner("", "is>T>ie", sub("T", nodes(task="B C") + flows("B>C")))),
        {"A B C D"},
    ),
    "a loop around it": (
        nodes(task="A", exclusiveGateway="x y") + flows("s>A>x>S>y>e y>x") + APART,
        {"A B C", "A C B", "A B C B C", "A B C C B", "A C B B C", "A C B C B"},
    ),
    "a terminate end ends it alone": (
        AROUND + sub("S", inner("B C", "is>B>ie is>C>t", event("endEvent", "t", "terminate"))),
        {"A B C D", "A C D"},
    ),
    "a terminate end in the process ends all": (
        nodes(task="A B C") + event("endEvent", "t", "terminate") + flows("s>A>e s>B>C>t"),
        {"A B C", "B A C", "B C"},
    ),
    "a terminate end behind a choice": (
        nodes(task="A B C", exclusiveGateway="x")
        + event("endEvent", "t", "terminate")
        + flows("s>A>e s>B>x>t x>C>e"),
        {"A B", "B", "A B C", "B A C", "B C A"},
    ),
    "a terminate end behind a subprocess": (
        nodes(task="A") + ONE + event("endEvent", "t", "terminate") + flows("s>A>e s>S>t"),
        {"A B C", "B A C", "B C"},
    ),
}

BOUNDARIES = {
    "an interrupting timer": (
        AROUND + AFTER + ONE + timer("t", "S", interrupting=True) + flows("t>X>e2"),
        {"A B C D", "A X", "A B X"},
    ),
    "an interrupting message among parallel branches": (
        AROUND + AFTER + TWO + boundary("t", "S", "message") + flows("t>X>e2"),
        {"A B C D", "A C B D", "A X", "A B X", "A C X"},
    ),
    "an interruption where branches end by themselves": (
        AROUND + AFTER + APART + boundary("t", "S", "signal") + flows("t>X>e2"),
        {"A B C D", "A C B D", "A X", "A B X", "A C X"},
    ),
    "an interruption where one branch may split": (
        AROUND
        + AFTER
        + sub(
            "S",
            inner(
                "B C",
                "is>x>B>ie x>f>B f>C>ie2",
                nodes(exclusiveGateway="x", parallelGateway="f", endEvent="ie2"),
            ),
        )
        + boundary("t", "S", "conditional")
        + flows("t>X>e2"),
        {"A B D", "A X", "A B C D", "A C B D", "A B X", "A C X"},
    ),
    "a timer that does not interrupt": (
        AROUND + AFTER + ONE + timer("t", "S", interrupting=False) + flows("t>X>e2"),
        {"A B C D"} | {" ".join(["A", *"BCD"[:i], "X", *"BCD"[i:]]) for i in range(4)},
    ),
    "both sorts of timers": (
        nodes(task="X Y", endEvent="e2 e3")
        + flows("s>S>e t>X>e2 u>Y>e3")
        + sub("S", nodes(task="B"))
        + timer("t", "S", interrupting=False)
        + timer("u", "S", interrupting=True),
        {"B", "Y", "B X", "X B", "X Y", "Y X"},
    ),
    "an error thrown within": (
        AROUND
        + AFTER
        + sub(
            "S",
            inner(
                "B C",
                "is>B>x>ie x>f>C>ie f>y>t y>ie",
                nodes(exclusiveGateway="x y", parallelGateway="f") + event("endEvent", "t", "error"),
            ),
        )
        + boundary("b", "S", "error")
        + flows("b>X>e2"),
        {"A B D", "A B X", "A B C D"},
    ),
    "an error is caught by the event of its code": (
        nodes(task="X Y", endEvent="e2 e3")
        + flows("s>S>e b>X>e2 c>Y>e3")
        + sub("S", inner("B", "is>B>t", event("endEvent", "t", "error", about='errorRef="two"'), ends=""))
        + boundary("b", "S", "error", about='errorRef="one"')
        + boundary("c", "S", "error", about='errorRef="two"'),
        {"B Y", "X"},
    ),
    "an error is caught further out": (
        AROUND
        + AFTER
        + sub(
            "S",
            inner(
                "",
                "is>T>ie",
                sub(
                    "T",
                    inner(
                        "B",
                        "js>B>x>t x>je",
                        event("endEvent", "t", "error") + nodes(exclusiveGateway="x"),
                        "js",
                        "je",
                    ),
                ),
            ),
        )
        + boundary("b", "S", "error")
        + flows("b>X>e2"),
        {"A B X", "A B D"},
    ),
    "an error that any step within may raise": (
        AROUND + AFTER + ONE + boundary("b", "S", "error") + flows("b>X>e2"),
        {"A B C D", "A X", "A B X"},
    ),
    "an escalation that does not interrupt": (
        nodes(task="X", endEvent="e2")
        + flows("s>S>e b>X>e2")
        + sub("S", inner("B C", "is>B>t>C>ie", event("intermediateThrowEvent", "t", "escalation")))
        + boundary("b", "S", "escalation", interrupting=False),
        {"B C X", "B X C"},
    ),
    "an escalation that interrupts": (
        nodes(task="X", endEvent="e2")
        + flows("s>S>e b>X>e2")
        + sub(
            "S",
            inner(
                "B C",
                "is>B>x>t>C>ie x>C",
                event("intermediateThrowEvent", "t", "escalation") + nodes(exclusiveGateway="x"),
            ),
        )
        + boundary("b", "S", "escalation"),
        {"B X", "B C"},
    ),
    "an escalation that nobody catches": (
        flows("s>S>e") + sub("S", inner("B C", "is>B>C>t", event("endEvent", "t", "escalation"), ends="")),
        {"B C"},
    ),
    "an interruption inside an interruption": (
        nodes(task="X")
        + flows("s>S>e b>X>e")
        + sub(
            "S",
            inner(
                "Y",
                "is>T>ie c>Y>ie",
                sub("T", nodes(task="B C") + flows("B>C")) + boundary("c", "T", "message"),
            ),
        )
        + boundary("b", "S", "message"),
        {"B C", "Y", "B Y", "X", "B X"},
    ),
}

WATCH = {
    "interrupting": (
        nodes(task="A B") + flows("s>A>B>e")
        + watch("E", "message", "X"),
        {"A B", "X", "A X"},
    ),
    "not interrupting, once": (
        nodes(task="A") + flows("s>A>e")
        + watch("E", "timer", "X", interrupting=False),
        {"A", "A X", "X A"},
    ),
    "of a subprocess, which then ends": (
        AROUND
        + sub("S", inner("B C", "is>B>C>ie", watch("E", "signal", "X"))),
        {"A B C D", "A X D", "A B X D"},
    ),
    "for an error thrown beside it": (
        AROUND
        + sub("S", inner("B C", "is>B>t is>C>ie", event("endEvent", "t", "error")
              + watch("E", "error", "X"))),
        {"A B X D", "A C B X D"},
    ),
    "one interrupting and one not": (
        nodes(task="A") + flows("s>A>e")
        + watch("E", "message", "X")
        + watch("F", "message", "Y", interrupting=False),
        {"A", "X", "A Y", "Y A", "Y X", "A X"},
    ),
}  # fmt: skip

THROWN_WITHIN = {
    "an escalation sets off an event subprocess beside": (
        flows("s>S>e")
        + sub("S", inner("B C", "is>B>t>C>ie", event("intermediateThrowEvent", "t", "escalation")
              + watch("E", "escalation", "X", interrupting=False))),
        {"B C X", "B X C"},
    ),
    "an escalation sets off an event subprocess that interrupts": (
        flows("s>S>e")
        + sub("S", inner("B C", "is>f>B>t f>C>ie", nodes(parallelGateway="f")
              + event("endEvent", "t", "escalation") + watch("E", "escalation", "X"))),
        {"B X", "C B X"},
    ),
    "an error in an event subprocess goes to the boundary": (
        nodes(task="Y") + flows("s>S>e b>Y>e") + boundary("b", "S", "error")
        + sub("S", inner("B", "is>B>ie", sub("E", event("startEvent", "es", "message") + nodes(task="X")
              + event("endEvent", "t", "error") + flows("es>X>t"), by_event=True))),
        {"B", "X Y"},
    ),
    "a terminate end in an event subprocess ends that alone": (
        flows("s>S>e")
        + sub("S", inner("B", "is>B>ie", sub("E", event("startEvent", "es", "message", isInterrupting="false")
              + nodes(task="X") + event("endEvent", "t", "terminate") + flows("es>X>t"), by_event=True))),
        {"B", "B X", "X B"},
    ),
    "an error past two subprocesses with branches": (
        nodes(task="X", endEvent="e2") + flows("s>S>e b>X>e2") + boundary("b", "S", "error")
        + sub("S", inner("A", "is>f>A>j>ie f>T>j", nodes(parallelGateway="f j")
              + sub("T", inner("B C", "js>x>B>je x>C>t", nodes(exclusiveGateway="x")
                    + event("endEvent", "t", "error"), "js", "je")))),
        {"A B", "B A", "A C X", "C X"},
    ),
    "two links lead to one": (
        nodes(task="A B C", exclusiveGateway="x") + flows("s>x>A>l x>B>m n>C>e")
        + event("intermediateThrowEvent", "l", "link", about='name="k"')
        + event("intermediateThrowEvent", "m", "link", about='name="k"')
        + event("intermediateCatchEvent", "n", "link", about='name="k"'),
        {"A C", "B C"},
    ),
    "an event-based gateway begins": (
        flows("s>S>e")
        + sub("S", nodes(eventBasedGateway="g", task="D F") + event("intermediateCatchEvent", "o", "message")
              + event("intermediateCatchEvent", "q", "timer") + flows("g>o>D g>q>F")),
        {"D", "F"},
    ),
}  # fmt: skip

MARKERS = {
    "a loop": (marked("task", "A", LOOP.format("")) + flows("s>A>e"), {"A", "A A", "A A A", "A A A A"}),
    "a loop that may be passed by": (
        marked("task", "A", LOOP.format('testBefore="true"')) + nodes(task="B") + flows("s>A>B>e"),
        {"B", "A B", "A A B", "A A A B"},
    ),
    "a loop with a limit": (
        marked("task", "A", LOOP.format('loopMaximum="2"')) + flows("s>A>e"),
        {"A", "A A"},
    ),
    "successive instances, any number": (
        marked("task", "A", many('isSequential="true"')) + flows("s>A>e"),
        {"A", "A A", "A A A", "A A A A"},
    ),
    "parallel instances of a task, any number": (
        marked("task", "A", many()) + nodes(task="B") + flows("s>A>B>e"),
        {"A B", "A A B", "A A A B"},
    ),
    "three instances": (marked("task", "A", many(number="3")) + flows("s>A>e"), {"A A A"}),
    "at most three instances": (
        marked("task", "A", many(number="3", until=True)) + flows("s>A>e"),
        {"A", "A A", "A A A"},
    ),
    "a number that is not written down": (
        marked("task", "A", many(number="${sites}")) + flows("s>A>e"),
        {"A", "A A", "A A A", "A A A A"},
    ),
    "a subprocess in a loop": (
        marked("subProcess", "S", LOOP.format(""), inner("B C", "is>B>C>ie")) + flows("s>S>e"),
        {"B C", "B C B C"},
    ),
    "two parallel instances of a subprocess": (
        marked("subProcess", "S", many(number="2"), inner("B C", "is>B>C>ie")) + flows("s>S>e"),
        {"B C B C", "B B C C"},
    ),
    "two parallel instances with branches that belong together": (
        marked(
            "subProcess", "S", many(number="2"),
            inner("B C D", "is>f>B>j>D>ie f>C>j", nodes(parallelGateway="f j")),
        ) + flows("s>S>e"),
        {
            trace
            for trace in (" ".join(each) for each in set(permutations("BBCCDD")))
            if all(min(trace[:at].count("B"), trace[:at].count("C")) > trace[:at].count("D")
                   for at, task in enumerate(trace) if task == "D")
        },
    ),
    "two successive instances of a subprocess": (
        marked("subProcess", "S", many('isSequential="true"', number="2"), inner("B C", "is>B>C>ie"))
        + flows("s>S>e"),
        {"B C B C"},
    ),
    "instances that are interrupted together": (
        marked("subProcess", "S", many(number="2"), inner("B", "is>B>ie")) + nodes(task="X")
        + boundary("t", "S", "timer") + flows("s>S>e t>X>e"),
        {"B B", "X", "B X"},
    ),
    "a marked task that is interrupted": (
        marked("task", "A", many()) + nodes(task="X") + boundary("t", "A", "message") + flows("s>A>e t>X>e"),
        {"A", "A A", "A A A", "A A A A", "X", "A X", "A A X", "A A A X"},
    ),
}  # fmt: skip

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "subprocess": SUBPROCESSES,
        "boundary": BOUNDARIES,
        "event subprocess": WATCH,
        "thrown": THROWN_WITHIN,
        "marker": MARKERS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_construct_takes_its_traces_and_no_other(name):
    body, traces = CASES[name]
    made = compiled(ENDS + body)
    longest = max(4, *(len(trace.split()) for trace in traces))
    assert language(made.net, longest) == traces
    assert language(made.full_net, longest) == traces
    assert check_soundness(made.net).sound


def test_a_subprocess_that_is_stuck_is_told():
    stuck = inner("B C", "is>x>B>j>ie x>C>j", nodes(exclusiveGateway="x", parallelGateway="j"))
    facts = check_soundness(compiled(ENDS + AROUND + sub("S", stuck)).net)
    assert (facts.stuck, facts.stuck_at) == (("A", "B"), ("B_j",))


def test_a_subprocess_that_is_stuck_may_be_saved_by_a_timer():
    stuck = inner("B C", "is>x>B>j>ie x>C>j", nodes(exclusiveGateway="x", parallelGateway="j"))
    body = AROUND + AFTER + sub("S", stuck) + timer("t", "S", interrupting=True) + flows("t>X>e2")
    made = compiled(ENDS + body)
    assert language(made.net, 4) == {"A X", "A B X", "A C X"}
    assert check_soundness(made.net).dead == ("D",)


def test_what_only_follows_an_error_that_always_comes_is_told():
    failing = inner("B", "is>B>t", event("endEvent", "t", "error"), ends="")
    body = AROUND + AFTER + sub("S", failing) + boundary("b", "S", "error") + flows("b>X>e2")
    assert check_soundness(compiled(ENDS + body).net).dead == ("D",)
