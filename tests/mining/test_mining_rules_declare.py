"""DECLARE rules: equal to pm4py where both mean the same, and to obvious code with time and data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pm4py.algo.conformance.declare.variants.classic import apply_list
from workbench import audit_text, example_model, found, read_text, us

from mining.audit_result import Audit
from mining.bound_log import bind
from mining.conformance import conformance
from mining.declare import relations
from mining.detection import Evidence
from mining.detectors import rule_declare
from mining.detectors.rule_declare import RuleDeclare
from mining.findings import Verdict
from reference_models.calendars import load_calendar
from reference_models.model import Authority, Comparison, DeclareRule, Limit, ReferenceModel, Standing, Text
from reference_models.rules import RELATED, TEMPLATES

SOURCED = Authority(Standing.SOURCED, "example")
LABELS = {"plan": "定方案", "build": "施工", "test": "测试"}
PM4PY = {
    "existence": "existence",
    "absence": "absence",
    "exactly": "exactly_one",
    "init": "init",
    "responded_existence": "responded_existence",
    "co_existence": "coexistence",
    "response": "response",
    "precedence": "precedence",
    "succession": "succession",
    "alternate_response": "altresponse",
    "alternate_precedence": "altprecedence",
    "alternate_succession": "altsuccession",
    "chain_response": "chainresponse",
    "chain_precedence": "chainprecedence",
    "chain_succession": "chainsuccession",
    "not_co_existence": "noncoexistence",
}
SLOW = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an audit takes too long to shrink by
    suppress_health_check=[HealthCheck.too_slow],
)


def rule(template: str, activity: str = "plan", target: str = "build", **more: object) -> DeclareRule:
    """A rule under the template's name."""
    hours = more.pop("hours", None)
    given_times = more.pop("times", 1)
    return replace(
        DeclareRule(
            id=template,
            name=Text("规则", "Rule"),
            template=template,
            activity=activity,
            target=target if template in RELATED else None,
            times=int(given_times),  # type: ignore[call-overload]  # `more` holds any field
            limit=None if hours is None else Limit(float(hours), "hours", SOURCED),  # type: ignore[arg-type]  # the same
            calendar="around-the-clock",
            when=(),
            activity_when=(),
            target_when=(),
            authority=SOURCED,
        ),
        **more,  # type: ignore[arg-type]  # the same
    )


def model_with(*rules: DeclareRule, all_closed: bool = False) -> ReferenceModel:
    model = example_model()
    ends = tuple(model.activities) if all_closed else model.ends
    calendars = {**model.calendars, "around-the-clock": load_calendar("around-the-clock")}
    return replace(model, rules=rules, ends=ends, calendars=calendars)


def csv(traces: list[list[tuple[str, int]]]) -> str:
    """Cases '0', '1', … of (activity, minutes after a Monday's midnight)."""
    start = pd.Timestamp("2024-03-04")
    lines = [
        f"{case},{LABELS[activity]},{start + pd.Timedelta(minutes=at):%Y-%m-%d %H:%M}"
        for case, trace in enumerate(traces)
        for activity, at in trace
    ]
    return "\n".join(["case,activity,time", *lines])


def detected(text: str, model: ReferenceModel, as_of: str) -> pd.DataFrame:
    """All occurrences of the detector, with those that conform."""
    apart = rule_declare.counted_apart
    everything = patch.object(rule_declare, "counted_apart", lambda table: (table, apart(table)[1]))
    one_by_one = patch.object(relations, "settled_by_trace", lambda *_: (None, 0))
    with read_text(text) as log, everything, one_by_one:
        bound = bind(log, model, us(as_of))
        detection = RuleDeclare().detect(Evidence(bound, conformance(bound)))
        assert detection.occurrences is not None
        frame: pd.DataFrame = detection.occurrences.to_pandas()
        frame["template"] = frame["rule_id"].str.partition(":")[2]
        frame["case"] = frame["case_id"].astype(int)
        return frame


def counted(text: str, model: ReferenceModel, as_of: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """What the detector lists, and how many occurrences of each rule it only counts."""
    with read_text(text) as log:
        bound = bind(log, model, us(as_of))
        detection = RuleDeclare().detect(Evidence(bound, conformance(bound)))
        assert detection.occurrences is not None
        assert detection.conformant is not None
        listed = detection.occurrences.to_pandas()
        n = detection.conformant.to_pandas().groupby("rule_id")["n"].sum()
        return listed, {str(rule_id): int(count) for rule_id, count in n.items() if count}


traces_of_letters = st.lists(
    st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=7), min_size=15, max_size=25
)


@SLOW
@given(traces_of_letters)
def test_equal_to_pm4py_on_closed_cases(traces: list[list[str]]) -> None:
    traces = [*traces, ["plan", "build"]]  # both are recorded somewhere
    rules = [rule(template) for template in PM4PY]
    timed = [[(activity, minute) for minute, activity in enumerate(trace)] for trace in traces]
    ours = detected(csv(timed), model_with(*rules, all_closed=True), "2024-03-20T00:00+08:00")
    assert set(ours["verdict"]) <= {"violated", "conformant"}
    violated = ours.loc[ours["verdict"] == "violated"]
    judged = {
        theirs: {each.activity if each.target is None else (each.activity, each.target): {}}
        for each in rules
        for theirs in [PM4PY[each.template]]
    }
    for case, result in enumerate(apply_list(traces, judged)):
        theirs = {template for template, _ in result["deviations"]}
        own = {PM4PY[name] for name in violated.loc[violated["case"] == case, "template"]}
        assert own == theirs, traces[case]


@SLOW
@given(traces_of_letters, st.booleans())
def test_what_traces_settle_is_what_events_say_one_by_one(traces: list[list[str]], all_closed: bool) -> None:
    timed = [
        [(activity, place // 2) for place, activity in enumerate(trace)]  # pairs at one instant
        for trace in [*traces, ["plan", "build"]]
    ]
    model = model_with(*map(rule, RELATED), all_closed=all_closed)
    one_by_one = detected(csv(timed), model, "2024-03-20T00:00+08:00")
    listed, conformant = counted(csv(timed), model, "2024-03-20T00:00+08:00")
    plain = (one_by_one["verdict"] == "conformant") & one_by_one["reason"].isna()
    assert conformant == one_by_one[plain].groupby("rule_id").size().to_dict()
    columns = ["rule_id", "case_id", "verdict", "reason", "anchor"]
    assert sorted(map(str, listed[columns].to_numpy().tolist())) == sorted(
        map(str, one_by_one.loc[~plain, columns].to_numpy().tolist())
    )


def obvious(each: DeclareRule, trace: list[tuple[str, int]], as_of: int, closed: bool) -> Iterator[str]:
    """The verdicts on one trace, by looking at every pair of events."""
    limit = each.limit.value * 60 if each.limit else float("inf")
    a = [i for i, (activity, _) in enumerate(trace) if activity == each.activity]
    b = [i for i, (activity, _) in enumerate(trace) if activity == each.target]
    at = [time for _, time in trace]
    if each.target is None:
        yield from _obvious_unary(each, trace, a, limit, as_of, closed)
        return
    base = each.template.removeprefix("not_").removeprefix("alternate_").removeprefix("chain_")
    barred = each.template.startswith("not_")
    halves = {
        "responded_existence": [(a, b, True, True)],
        "co_existence": [(a, b, True, True)] + ([] if barred else [(b, a, True, True)]),
        "response": [(a, b, True, False)],
        "precedence": [(b, a, False, True)],
        "succession": [(a, b, True, False)] + ([] if barred else [(b, a, False, True)]),
    }[base]
    for active, wanted, forward, backward in halves:
        for i in active:
            hits, may_come = [], forward and not closed and as_of - at[i] <= limit
            for j in wanted:
                side = (forward and at[j] >= at[i]) or (backward and at[j] <= at[i])
                if barred and base == "succession":
                    side = at[j] > at[i]
                if "alternate" in each.template:
                    low, high = min(i, j), max(i, j)
                    side = (j > i) == forward and not any(low < k < high for k in active)
                if "chain" in each.template:
                    side = j - i == (1 if forward else -1)
                hits.append(side and abs(at[j] - at[i]) <= limit)
            if "alternate" in each.template and any(k > i for k in active):
                may_come = False
            if "chain" in each.template and i + 1 < len(trace):
                may_come = False
            if "alternate" in each.template and forward and not any(k > i for k in active):
                may_come = may_come and not any(hits)
            hit, miss = ("violated", "conformant") if barred else ("conformant", "violated")
            yield hit if any(hits) else "pending" if may_come else miss


def _obvious_unary(
    each: DeclareRule, trace: list[tuple[str, int]], a: list[int], limit: float, as_of: int, closed: bool
) -> Iterator[str]:
    start = trace[0][1]
    n = sum(trace[i][1] - start <= limit for i in a)
    over = closed or as_of - start > limit
    if each.template == "init":
        yield "conformant" if trace[0][0] == each.activity else "violated"
    elif each.template == "end":
        last = "conformant" if trace[-1][0] == each.activity else "violated"
        yield last if closed else "pending"
    elif each.template == "existence":
        yield "conformant" if n >= each.times else "violated" if over else "pending"
    elif each.template == "absence":
        yield "violated" if n >= each.times else "conformant" if over else "pending"
    else:
        good = "conformant" if n == each.times else "violated"
        yield "violated" if n > each.times else good if over else "pending"


timed_traces = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(LABELS)), st.integers(0, 12)), min_size=1, max_size=7),
    min_size=15,
    max_size=25,
)


@SLOW
@given(timed_traces, st.sampled_from([None, 1, 3]), st.booleans(), st.integers(1, 2))
def test_equal_to_obvious_code_with_limits_ties_and_open_cases(
    traces: list[list[tuple[str, int]]], hours: int | None, closed: bool, times: int
) -> None:
    hourly = [[(activity, at * 60) for activity, at in sorted(t, key=lambda e: e[1])] for t in traces]
    hourly.append([("plan", 0), ("build", 60)])
    rules = [
        rule(template, hours=None if template in ("init", "end") else hours, times=times)
        for template in TEMPLATES
    ]
    ours = detected(csv(hourly), model_with(*rules, all_closed=closed), "2024-03-04T13:00+08:00")
    for each in rules:
        own = ours.loc[ours["template"] == each.template]
        for case, trace in enumerate(hourly):
            expected = sorted(obvious(each, trace, 13 * 60, closed))
            told = sorted(own.loc[own["case"] == case, "verdict"])
            assert told == expected, (each.template, hours, closed, trace)


def of_rule(result: Audit, verdict: str) -> list[str]:
    """Cases of a verdict on DECLARE rules."""
    return [case for name, case in found(result, verdict) if name.startswith("rule.declare:")]


def reasons(result: Audit) -> set[tuple[str, str]]:
    """(case, reason) of what could not be decided on DECLARE rules."""
    table = result.occurrences
    own = table.loc[table["rule_id"].str.startswith("rule.declare:") & table["reason"].notna()]
    return set(zip(own["case_id"], own["reason"], strict=True))


def test_a_limit_runs_in_its_calendar() -> None:
    """Friday to Monday is one working day; a rule around the clock calls the same late."""
    text = """
        case,activity,time
        1,定方案,2024-03-08 09:00
        1,施工,2024-03-11 10:00
    """
    working = rule("response", limit=Limit(1, "working_days", SOURCED), calendar="cn-working-days")
    clock = replace(rule("response", hours=24), id="around")
    result = audit_text(text, "2024-03-12T00:00+08:00", model_with(working, clock))
    assert [each for each in found(result) if each[0].startswith("rule.")] == [("rule.declare:around", "1")]
    (finding,) = [each for each in result.findings if each.rule.id == "rule.declare:around"]
    assert (finding.worst[0].measure, finding.worst[0].limit) == (73.0, 24.0)
    assert [result.evidence[row].activity for row in finding.worst[0].rows] == ["定方案", "施工"]


def test_conditions_choose_cases_activations_and_answers() -> None:
    text = """
        case,activity,time,grade,lines,item
        1,定方案,2024-03-04 09:00,特殊应急,12,
        1,施工,2024-03-04 10:00,特殊应急,12,cable
        2,定方案,2024-03-04 09:00,特殊应急,12,
        2,施工,2024-03-04 10:00,特殊应急,12,pole
        3,定方案,2024-03-04 09:00,普通,12,
        4,定方案,2024-03-04 09:00,特殊应急,3,
        4,验收,2024-03-04 09:30,特殊应急,3,
        2,验收,2024-03-04 11:00,特殊应急,12,
        5,定方案,2024-03-04 09:00,,12,
    """
    asked = rule(
        "response",
        when=(Comparison("grade", one_of=("A",)),),
        activity_when=(Comparison("lines", above=10),),
        target_when=(Comparison("item", none_of=("pole",)),),
    )
    result = audit_text(text, "2024-03-05T00:00+08:00", model_with(asked))
    assert of_rule(result, "violated") == ["2"]
    assert reasons(result) == {("5", "missing_attribute")}


def test_what_may_have_been_is_not_determinable() -> None:
    text = """
        case,activity,time
        1,定方案,2024-03-04 09:00
        1,施工,no time
        1,验收,2024-03-06 09:00
        2,定方案,2024-03-04 09:00
        2,砌墙,2024-03-05 09:00
        2,验收,2024-03-06 09:00
        3,定方案,2024-03-04 09:00
        3,施工,2024-03-05 09:00
        3,验收,2024-03-06 09:00
        4,定方案,2024-03-04 09:00
        4,验收,2024-03-06 09:00
    """
    rules = [rule("response"), rule("chain_response"), rule("absence", "build")]
    result = audit_text(text, "2024-03-07T00:00+08:00", model_with(*rules), reject_limit=0.5)
    violated = [each for each in found(result) if each[0].startswith("rule.declare")]
    assert violated == [
        ("rule.declare:absence", "3"),
        ("rule.declare:chain_response", "4"),
        ("rule.declare:response", "4"),
    ]
    assert reasons(result) == {("1", "excluded_rows"), ("2", "unknown_activity")}


def test_before_the_window_nobody_knows() -> None:
    text = """
        case,activity,time
        1,施工,2024-03-04 09:00
        1,验收,2024-03-06 09:00
        2,受理,2024-03-04 08:00
        2,施工,2024-03-04 09:00
        2,验收,2024-03-06 09:00
        3,受理,2024-03-04 08:00
        3,定方案,2024-03-04 09:00
    """
    rules = [rule("precedence"), rule("init", "take_order")]
    window = {"from": "2024-03-04", "until": "2024-03-08"}
    result = audit_text(text, "2024-03-07T00:00+08:00", model_with(*rules), window=window)
    assert of_rule(result, "violated") == ["2"]
    assert reasons(result) == {("1", "before_window")}


def test_a_log_without_the_activity_or_attribute_could_not_be_checked() -> None:
    text = """
        case,activity,time
        1,定方案,2024-03-04 09:00
        1,验收,2024-03-06 09:00
    """
    asked = replace(rule("existence"), id="graded", when=(Comparison("grade", one_of=("A",)),))
    result = audit_text(text, "2024-03-07T00:00+08:00", model_with(rule("response"), asked))
    own = {(each.reason, each.missing) for each in result.not_checked if each.kind == "declare"}
    assert own == {("no_events", ("build",)), ("field_missing", ("grade",))}


def test_a_model_without_rules_says_so() -> None:
    text = "case,activity,time\n1,定方案,2024-03-04 09:00"
    result = audit_text(text, None, model_with())
    (told,) = [each for each in result.not_checked if each.kind == "declare"]
    assert (told.reason, told.missing) == ("not_in_model", ("rules",))


def test_what_is_recorded_beside_the_flow_stands_between_no_neighbours() -> None:
    text = """
        case,activity,time
        1,定方案,2024-03-04 09:00
        1,等客户,2024-03-04 10:00
        1,施工,2024-03-05 09:00
        2,定方案,2024-03-04 09:00
        2,测试,2024-03-04 10:00
        2,施工,2024-03-05 09:00
    """
    result = audit_text(text, "2024-03-07T00:00+08:00", model_with(rule("chain_response")))
    assert of_rule(result, "violated") == ["2"]


def test_each_verdict_is_counted() -> None:
    text = """
        case,activity,time
        kept,定方案,2024-03-04 09:00
        kept,施工,2024-03-04 10:00
        broken,定方案,2024-03-04 09:00
        broken,验收,2024-03-04 10:00
        open,定方案,2024-03-04 09:00
        strange,定方案,2024-03-04 09:00
        strange,砌墙,2024-03-04 10:00
        strange,验收,2024-03-04 11:00
    """
    result = audit_text(text, "2024-03-05T00:00+08:00", model_with(rule("response")))
    (finding,) = [each for each in result.findings if each.rule.kind == "declare"]
    assert vars(finding.counts) == dict.fromkeys(map(str, Verdict), 1)
