"""What a waiting handoff may still become: small nets by hand, and random ones against trying everything."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import net_of, trees
from workbench import audit_text

from mining.alignment import Mode, Variant, align, reachability_graph
from mining.token_flow import PairState, token_flow
from mining.ways_on import END, WaysOn
from reference_models import load
from reference_models.handoffs import handoff_pairs
from reference_models.model import Authority, Handoff, Net, Standing, Transition


def handoffs_of(net: Net) -> list[Handoff]:
    """Every task has a lane of its own."""
    labels = {t.label: t.label for t in net.transitions if t.label}
    return [
        Handoff(f"{a}->{b}", a, b, a, b, None, (), (), Authority(Standing.ASSUMED))
        for a, b in handoff_pairs(net, labels)
    ]


def waiting(net: Net, trace: str) -> dict[str, tuple[str, ...]]:
    """Waiting handoffs of an open case, with what may come instead."""
    (alignment,) = align(reachability_graph(net), [Variant(tuple(trace), Mode.PREFIX)])
    assert alignment.cost == 0
    flow = token_flow(WaysOn.of(net), alignment, handoffs_of(net))
    return {pair.handoff: pair.alternatives for pair in flow if pair.state is PairState.WAITING}


def unique(tree, names=None):
    """Each task once: a tree whose labels differ."""
    names = names if names is not None else map(chr, itertools.count(ord("a")))
    if tree is None or isinstance(tree, str):
        return tree and next(names)
    operator, children = tree
    return operator, [unique(child, names) for child in children]


@pytest.mark.parametrize(
    ("tree", "trace", "expected"),
    [
        (("seq", ["a", ("xor", ["b", "c"])]), "a", {"a->b": ("c",), "a->c": ("b",)}),
        (("seq", ["a", ("and", ["b", "c"])]), "a", {"a->b": (), "a->c": ()}),
        (("seq", ["a", ("and", ["b", "c"])]), "ab", {"a->c": ()}),
        (
            ("seq", ["a", ("xor", [("and", ["b", "c"]), "d"])]),
            "a",
            {"a->b": ("d",), "a->c": ("d",), "a->d": ("b", "c")},
        ),
        (("seq", ["a", ("xor", [("and", ["b", "c"]), "d"])]), "ab", {"a->c": ()}),
        (("seq", ["a", ("xor", ["b", None])]), "a", {"a->b": (END,)}),
        (("seq", ["a", ("xor", ["b", None]), "c"]), "a", {"a->b": ("c",), "a->c": ("b",)}),
        (("seq", [("loop", ["a", "b"]), "c"]), "a", {"a->b": ("c",), "a->c": ("b",)}),
        (("seq", ["a", "b"]), "a", {"a->b": ()}),
    ],
)
def test_a_choice_leaves_a_handoff_open_and_a_split_does_not(tree, trace, expected):
    assert waiting(net_of(tree), trace) == expected


def timed(net: Net, trace: str) -> set[str]:
    """Handoffs after which the receiver could begin, or began."""
    (alignment,) = align(reachability_graph(net), [Variant(tuple(trace), Mode.PREFIX)])
    return {pair.handoff for pair in token_flow(WaysOn.of(net), alignment, handoffs_of(net)) if pair.last}


def test_who_waits_for_several_works_can_begin_with_the_last_of_them():
    net = net_of(("seq", [("and", ["a", "b"]), "c"]))
    assert timed(net, "a") == set()
    assert timed(net, "ab") == timed(net, "abc") == {"b->c"}
    assert timed(net, "ba") == timed(net, "bac") == {"a->c"}
    assert timed(net, "ac") == {"a->c"}  # what is not recorded hands nothing over


INCLUSIVE = Net(
    ("start", "chosen", "one", "two", "end"),
    (
        Transition("s", "s", (0,), (1,)),
        Transition("both", None, (1,), (2, 3)),
        Transition("first", None, (1,), (2,)),
        Transition("a", "a", (2,), (4,)),
        Transition("b", "b", (3,), ()),
    ),
    (0,),
    ((4,),),
)
"""After s comes a, and perhaps b besides: the choice leaves no trace until b comes."""


def test_a_silent_choice_that_nothing_bears_out_is_still_open():
    assert waiting(INCLUSIVE, "s") == {"s->a": (), "s->b": ("a",)}
    assert waiting(INCLUSIVE, "sa") == {"s->b": (END,)}
    assert waiting(INCLUSIVE, "sb") == {"s->a": ()}


def may_do_without(net: Net, trace: str, sender: int, receiver: str) -> bool:
    """Whether some run with these labels, and some way on from it, takes the sender's work past `receiver`.

    Every firing sequence is tried; a marking says of each token whether it is the sender's.
    """
    start = (0, tuple(sorted((place, False) for place in net.initial)))
    seen, pending = {start}, [start]
    while pending:
        read, tokens = pending.pop()
        if read == len(trace) and not any(mine for _, mine in tokens):
            return True
        if read == len(trace) and tuple(place for place, _ in tokens) in net.finals:
            return True
        for t in net.transitions:
            places = [place for place, _ in tokens]
            if any(places.count(p) < t.pre.count(p) for p in t.pre):
                continue
            left, taken = list(tokens), []
            for p in t.pre:
                taken.append(next(token for token in left if token[0] == p))
                left.remove(taken[-1])
            mine = any(token[1] for token in taken)
            after = read
            if t.label is not None and read < len(trace):
                if t.label != trace[read]:
                    continue
                after, mine = read + 1, read == sender
            elif t.label is not None:
                if mine and t.label == receiver:
                    continue
                mine = False
            state = (after, tuple(sorted([*left, *((p, mine) for p in t.post)])))
            if state not in seen:
                seen.add(state)
                pending.append(state)
    return False


@settings(max_examples=150, deadline=None)
@given(trees(2), st.randoms(use_true_random=False))
def test_what_must_come_is_what_no_way_on_does_without(tree, chance: random.Random):
    net = net_of(unique(tree))
    tokens, trace = list(net.initial), []
    for _ in range(chance.randrange(12)):
        able = [t for t in net.transitions if all(tokens.count(p) >= t.pre.count(p) for p in t.pre)]
        if not able:
            break
        fired = chance.choice(able)
        for p in fired.pre:
            tokens.remove(p)
        tokens += fired.post
        trace += [fired.label] if fired.label else []
    for handoff, others in waiting(net, "".join(trace)).items():
        sender, receiver = handoff.split("->")
        last = max(at for at, label in enumerate(trace) if label == sender)
        assert bool(others) == may_do_without(net, "".join(trace), last, receiver), (net, trace, handoff)


OPEN = """
    case,activity,time,role,lifecycle
    chosen,故障受理记录,2026-03-02 09:00,呼叫中心,complete
    chosen,故障判断,2026-03-02 09:10,网管,complete
    chosen,派单,2026-03-02 09:20,调度,complete
    begun,故障受理记录,2026-03-02 09:00,呼叫中心,complete
    begun,故障判断,2026-03-02 09:10,网管,complete
    begun,派单,2026-03-02 11:20,调度,start
    not yet,故障受理记录,2026-03-02 09:00,呼叫中心,complete
    not yet,故障判断,2026-03-02 09:10,网管,complete
    young,故障受理记录,2026-03-02 11:30,呼叫中心,complete
    young,故障判断,2026-03-02 11:50,网管,complete
"""


def test_nobody_is_late_with_work_that_may_stay_in_the_sender_s_lane(tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text(
        "handoffs: {judge_fault->dispatch_order: {limit: {hours: 1}}, "
        "dispatch_order->clear_fault: {limit: {hours: 1}}}"
    )
    model = load("fault-handling", override=limits)
    told = audit_text(OPEN, "2026-03-02T12:00+08:00", model=model).occurrences
    late = told[told["rule_id"].str.startswith("handoff.late")]
    assert sorted(late[["case_id", "verdict", "reason"]].fillna("").to_numpy().tolist()) == [
        ["begun", "violated", ""],
        ["chosen", "violated", ""],
        ["not yet", "not_determinable", "otherwise:handle_at_nmc"],
        ["young", "pending", "in_time"],
    ]
    waits = told[told["rule_id"] == "handoff.dropped:judge_fault->dispatch_order"]
    assert dict(zip(waits["case_id"], waits["reason"], strict=True)) == {
        "begun": "still_open",
        "not yet": "still_open",
        "young": "still_open",
    }


MONEY = """
    case,activity,time,role,lifecycle
    {case},移交方案,2026-04-08 09:00,大客户部,complete
    {case},确定最终方案,2026-04-08 10:00,运行维护部,complete
    {case},转规划建设,2026-04-09 09:00,运行维护部,complete
    {case},申报资源需求,2026-04-09 10:00,规划建设部,complete
    {case},采购批复,2026-04-10 09:00,企业发展部,complete
    {case},采购要求,2026-04-13 09:00,规划建设部,complete
    {case},资金划拨,{money} 09:00,计财部,complete
    {case},资金到位,{money} 10:00,采购部,complete
    {case},下达采购订单,{order} 10:30,采购部,start
    {case},下达采购订单,{order} 11:00,采购部,complete
"""


def test_nobody_is_late_who_waits_for_the_money(tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text("handoffs: {request_purchase->place_order: {limit: {hours: 8}}}")
    model = load("in-sales-procurement", override=limits)
    text = MONEY.format(case="money late", money="2026-04-24", order="2026-04-24")
    early = MONEY.format(case="order late", money="2026-04-10", order="2026-04-24").splitlines()[2:]
    told = audit_text(text + "\n".join(early), "2026-04-24T12:00+08:00", model=model).occurrences
    late = told[told["rule_id"].str.startswith("handoff.late")]
    assert late[["case_id", "verdict"]].to_numpy().tolist() == [["order late", "violated"]]
