"""Four eyes over all pairs, and what must have its counterpart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_mining_rules_contract import mistakes
from workbench import audit_text, example_model, found, read_text, us

from mining.audit_result import Audit
from mining.bound_log import bind
from mining.conformance import conformance
from mining.detection import Evidence
from mining.detectors.rule_four_eyes import RuleFourEyes
from reference_models.calendars import load_calendar
from reference_models.model import Authority, Comparison, FourEyes, Limit, Match, Standing, Text

SOURCED = Authority(Standing.SOURCED, "example")
NAME = Text("规则", "Rule")
EYES = FourEyes("eyes", NAME, ("plan", "test", "accept"), (), SOURCED)
MATCH = Match("both", NAME, "build", "goods", (), (), (), None, "around-the-clock", SOURCED)


def audit_with(text: str, as_of: str, **rules: object) -> Audit:
    model = example_model()
    calendars = {**model.calendars, "around-the-clock": load_calendar("around-the-clock")}
    none = {"rules": (), "four_eyes": (), "matches": ()}
    changed = replace(model, calendars=calendars, **{**none, **rules})  # type: ignore[arg-type]  # any
    return audit_text(text, as_of, changed)


def of_kind(result: Audit, kind: str) -> dict[str, list[tuple[str, str | None]]]:
    """Per verdict the (case, reason) of what is not conformant."""
    table = result.occurrences
    own = table.loc[table["rule_id"].str.startswith(f"rule.{kind}:")].sort_values(["case_id", "anchor"])
    told: dict[str, list[tuple[str, str | None]]] = {}
    for row in own.itertuples():
        told.setdefault(str(row.verdict), []).append(
            (str(row.case_id), row.reason if isinstance(row.reason, str) else None)
        )
    return told


def test_every_pair_is_compared_not_only_neighbours() -> None:
    text = """
        case,activity,time,resource
        1,定方案,2024-03-04 09:00,Wang
        1,测试,2024-03-04 10:00,Li
        1,定方案,2024-03-04 11:00,Zhao
        1,验收,2024-03-04 12:00, WANG
        2,定方案,2024-03-04 09:00,Wang
        2,测试,2024-03-04 10:00,Li
        2,验收,2024-03-04 12:00,Zhao
    """
    result = audit_with(text, "2024-03-05T00:00+08:00", four_eyes=(EYES,))
    assert found(result)[-1] == ("rule.four_eyes:eyes", "1")
    (finding,) = [each for each in result.findings if each.rule.kind == "four_eyes"]
    assert (finding.counts.violated, finding.counts.conformant) == (1, 7)
    shown = [result.evidence[row] for row in finding.worst[0].rows]
    assert [(each.activity, each.resource) for each in shown] == [("定方案", "Wang"), ("验收", "WANG")]
    assert "wang" not in finding.worst[0].anchor.lower()


def test_four_eyes_without_a_name_or_a_second_step() -> None:
    text = """
        case,activity,time,resource,grade
        1,定方案,2024-03-04 09:00,Wang,A
        1,验收,2024-03-04 12:00,,A
        2,定方案,2024-03-04 09:00,Wang,A
        3,定方案,2024-03-04 09:00,Wang,A
        3,验收,2024-03-04 12:00,Li,A
        3,测试,2024-03-04 12:00,Li,A
        4,定方案,2024-03-04 09:00,Wang,C
        4,验收,2024-03-04 12:00,Wang,C
        5,定方案,2024-03-04 09:00,Wang,
        5,验收,2024-03-04 12:00,Wang,
    """
    rule = replace(EYES, activities=("plan", "accept"), when=(Comparison("grade", one_of=("A",)),))
    result = audit_with(text, "2024-03-05T00:00+08:00", four_eyes=(rule,))
    assert of_kind(result, "four_eyes") == {
        "not_determinable": [("1", "missing_attribute"), ("5", "missing_attribute")],
        "pending": [("2", "still_open")],
    }


def test_a_log_without_persons_could_not_be_checked() -> None:
    result = audit_with(
        "case,activity,time\n1,定方案,2024-03-04 09:00", "2024-03-05T00:00+08:00", four_eyes=(EYES,)
    )
    (told,) = [each for each in result.not_checked if each.kind == "four_eyes"]
    assert (told.reason, told.missing) == ("field_missing", ("resource",))


@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["定方案", "测试", "验收", "施工"]), st.sampled_from(["Wang", "Li"])),
            min_size=1,
            max_size=6,
        ),
        min_size=10,
        max_size=20,
    )
)
def test_four_eyes_equals_the_obvious(cases: list[list[tuple[str, str]]]) -> None:
    every = [("定方案", "Wang"), ("测试", "Li"), ("验收", "Zhao")]
    lines = [
        f"{number},{activity},2024-03-04 09:{minute:02},{person}"
        for number, case in enumerate([*cases, every])
        for minute, (activity, person) in enumerate(case)
    ]
    text = "\n".join(["case,activity,time,resource", *lines])
    with read_text(text) as log:
        bound = bind(log, replace(example_model(), four_eyes=(EYES,)), us("2024-03-05T00:00+08:00"))
        detection = RuleFourEyes().detect(Evidence(bound, conformance(bound)))
        assert detection.occurrences is not None
        frame = detection.occurrences.to_pandas()
    violated = sorted(frame.loc[frame["verdict"] == "violated", "case_id"])
    own = {"定方案", "测试", "验收"}
    expected = [
        str(number)
        for number, case in enumerate(cases)
        for i, (one, who) in enumerate(case)
        for other, whom in case[i + 1 :]
        if one != other and {one, other} <= own and who == whom
    ]
    assert violated == sorted(expected)


def test_one_to_one_within_the_case() -> None:
    text = """
        case,activity,time
        both,施工,2024-03-04 09:00
        both,到货,2024-03-04 08:00
        twice,施工,2024-03-04 09:00
        twice,施工,2024-03-04 10:00
        twice,到货,2024-03-04 11:00
        twice,验收,2024-03-04 12:00
        alone,到货,2024-03-04 11:00
        alone,验收,2024-03-04 12:00
        open,施工,2024-03-04 09:00
        strange,施工,2024-03-04 09:00
        strange,砌墙,2024-03-04 10:00
        strange,验收,2024-03-04 12:00
    """
    result = audit_with(text, "2024-03-05T00:00+08:00", matches=(MATCH,))
    assert of_kind(result, "matched") == {
        "violated": [("alone", None), ("twice", None)],
        "pending": [("open", "still_open")],
        "not_determinable": [("strange", "unknown_activity")],
    }


def test_across_cases_by_attributes_within_a_limit() -> None:
    """The bill of circuit K1 is a case of its own; that of K2 comes too late, that of K3 not at all."""
    text = """
        case,activity,time,item
        o1,施工,2024-03-04 09:00,K1
        o2,施工,2024-03-04 09:00,K2
        o3,施工,2024-03-04 09:00,K3
        o4,施工,2024-03-07 09:00,K4
        b1,到货,2024-03-05 09:00,K1
        b2,到货,2024-03-07 09:00,K2
        b5,到货,2024-03-04 09:00,K5
    """
    rule = replace(MATCH, same=("item",), limit=Limit(48, "hours", SOURCED))
    result = audit_with(text, "2024-03-08T00:00+08:00", matches=(rule,))
    assert of_kind(result, "matched") == {
        "violated": [("b5", None), ("o2", None), ("o3", None)],
        "pending": [("o4", "in_time")],
    }
    late = result.occurrences.set_index("case_id").loc["o2"]
    late = late.loc[late["rule_id"] == "rule.matched:both"].iloc[0]
    assert (late["related_case"], late["measure"], late["limit"]) == ("b2", 72.0, 48.0)


def test_a_missing_key_may_be_the_one_that_is_missed() -> None:
    text = """
        case,activity,time,item
        o1,施工,2024-03-04 09:00,K1
        o1,验收,2024-03-04 09:00,
        b1,到货,2024-03-05 09:00,
        b2,到货,2024-03-05 09:00,K2
        b2,验收,2024-03-05 09:00,
    """
    rule = replace(MATCH, same=("item",), limit=Limit(48, "hours", SOURCED))
    result = audit_with(text, "2024-03-08T00:00+08:00", matches=(rule,))
    told = of_kind(result, "matched")
    assert told == {
        "not_determinable": [("b1", "missing_attribute"), ("o1", "missing_attribute")],
        "violated": [("b2", None)],
    }


STATED = {"name": {"zh": "规则", "en": "Rule"}, "standing": "sourced", "source": "example"}


@pytest.mark.parametrize(
    ("section", "entry", "line", "what"),
    [
        ("four_eyes", {"activities": ["test"]}, "activities:", "at least 2"),
        ("four_eyes", {"activities": ["test", "test"]}, "it:", "named twice"),
        ("four_eyes", {"activities": ["test", "acept"]}, "- acept", "no activity 'acept'"),
        ("matches", {"one": "test", "other": "tset"}, "other: tset", "no activity 'tset'"),
        ("matches", {"one": "test", "other": "test"}, "it:", "are the same"),
        ("matches", {"one": "test", "other": "goods", "same": ["itm"]}, "- itm", "no attribute 'itm'"),
        (
            "rules",
            {"template": "init", "activity": "test", "id": "it"},
            "id: it",
            "unknown key 'id'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, section: str, entry: dict[str, object], line: str, what: str
) -> None:
    ((told_line, told, _),) = mistakes(tmp_path, section, **STATED, **entry)
    assert told_line == line
    assert what in told
