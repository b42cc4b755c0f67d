"""Returns in all optimal reference paths, against listing every one of them; and what becomes of a swap."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from nets import LABELS, net_of, trees
from workbench import audit_text, found

from mining.alignment import Mode, Variant, align, reachability_graph
from mining.returns import Asked, returns_in, some_path_returns
from reference_models import load
from reference_models.model import Net

LANES = {"a": "A", "b": "B", "c": "A", "d": None}


def test_a_return_is_a_party_that_comes_back_after_one_other():
    assert returns_in(list("ABA")) == 1
    assert returns_in(list("AABBBAB")) == 2
    assert returns_in(["A", None, "B", None, "A"]) == 1
    assert returns_in(list("ABCA")) == returns_in([]) == 0


def optimal_paths(net: Net, trace: str, mode: Mode, best: int) -> set[tuple[str, ...]]:
    """The visible runs of all optimal alignments that leave the fewest events aside, by trying every move."""
    begin = (0, tuple(sorted(net.initial)), 0, (), 0)
    starts = [begin]
    if mode.starts_anywhere:
        graph = reachability_graph(net)
        starts = [(0, graph.marking(state), 0, (), 0) for state in range(graph.states)]
    seen, pending, found = set(starts), list(starts), {}
    while pending:
        read, marking, cost, path, aside = pending.pop()
        if read == len(trace) and (mode.stops_anywhere or marking in net.finals):
            found.setdefault(aside, set()).add(path)
        moves = []
        if read < len(trace):
            moves.append((read + 1, marking, cost + 1, path, aside + 1))
        for t in net.transitions:
            left = Counter(marking)
            left.subtract(t.pre)
            if min(left.values(), default=0) < 0:
                continue
            after = tuple(sorted([*left.elements(), *t.post]))
            if t.label is None:
                moves.append((read, after, cost, path, aside))
                continue
            moves.append((read, after, cost + 1, (*path, t.label), aside))
            if read < len(trace) and trace[read] == t.label:
                moves.append((read + 1, after, cost, (*path, t.label), aside))
        for move in moves:
            if move[2] <= best and move not in seen:
                seen.add(move)
                pending.append(move)
    return found[min(found)]


@settings(max_examples=120, deadline=None)
@given(trees(2), st.text(LABELS + "?", max_size=5), st.sampled_from(list(Mode)), st.integers(1, 4))
def test_some_optimal_path_returns_so_often(tree, trace, mode, count):
    net = net_of(tree)
    variant = Variant(tuple(trace), mode)
    (alignment,) = align(reachability_graph(net), [variant])
    if alignment.cost > 4:
        return
    paths = optimal_paths(net, trace, mode, alignment.cost)
    expected = any(returns_in([LANES[label] for label in path]) >= count for path in paths)
    assert some_path_returns(net, {}, LANES, [Asked(variant, alignment, count)]) == [expected]


def test_several_questions_at_once_keep_their_order():
    net = net_of(("seq", ["a", ("and", ["b", "c"])]))  # A, then B and A in any order
    variants = [Variant(tuple(trace)) for trace in ("a", "acb", "abc", "abc")]
    shown = align(reachability_graph(net), variants)
    # Where b and c are missing, A B A is as good as A A B.
    asked = [Asked(*each) for each in zip(variants, shown, (1, 1, 1, 2), strict=True)]
    assert some_path_returns(net, {}, LANES, asked) == [True, False, True, False]


STEPS = (
    ("移交方案", "08 09:00", "大客户部"),
    ("确定最终方案", "08 10:00", "运行维护部"),
    ("转规划建设", "09 09:00", "运行维护部"),
    ("申报资源需求", "09 10:00", "规划建设部"),
    ("采购批复", "10 09:00", "企业发展部"),
    ("施工招标", "10 10:00", "规划建设部"),
    ("资金划拨", "13 09:00", "计财部"),
    ("资金到位", "13 10:00", "采购部"),
    ("下达采购订单", "14 09:00", "采购部"),  # before the request that it rests on
    ("采购要求", "14 10:00", "规划建设部"),
    ("到货验收", "15 09:00", "采购部"),
    ("施工建设", "16 09:00", "规划建设部"),
    ("移交运维", "17 09:00", "规划建设部"),
    ("资源调度", "20 09:00", "运行维护部"),
    ("财务反馈", "21 09:00", "计财部"),
    ("提交项目报告", "21 10:00", "运行维护部"),
    ("运维反馈", "22 09:00", "运行维护部"),
    ("交付客户", "23 09:00", "大客户部"),
)


def test_a_swap_that_may_be_read_from_either_end_is_no_ping_pong():
    rows = [f"1,{activity},2026-04-{time},{unit}" for activity, time, unit in STEPS]
    text = "\n".join(["case,activity,time,role", *rows])
    result = audit_text(text, "2026-04-24T12:00+08:00", model=load("in-sales-procurement"))
    (told,) = result.occurrences[result.occurrences["rule_id"] == "handoff.ping_pong:role"].itertuples()
    assert (told.verdict, told.reason, told.ambiguous) == ("not_determinable", "ambiguous", True)
    assert [rule for rule, _ in found(result) if rule.startswith(("deviation", "handoff"))] == [
        "deviation.swapped:request_purchase"
    ]


def test_what_no_path_allows_stays_a_ping_pong():
    bounce = [
        ("转规划建设", "09 11:00", "运行维护部"),
        ("申报资源需求", "09 12:00", "规划建设部"),
    ] * 3
    steps = [*STEPS[:4], *bounce, *STEPS[4:]]
    rows = [f"1,{activity},2026-04-{time},{unit}" for activity, time, unit in steps]
    text = "\n".join(["case,activity,time,role", *rows])
    result = audit_text(text, "2026-04-24T12:00+08:00", model=load("in-sales-procurement"))
    assert ("handoff.ping_pong:role", "1") in found(result)
