"""What an audit says of small logs in which everything is known."""

from __future__ import annotations

import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from workbench import audit_text, example_model, found, read_text, us

from logs import InputError, read
from logs.mapping import Mapping
from mining.audit import audit
from mining.findings import Outcome

WHOLE = """
    case,activity,time
    {0},受理,2024-03-04 09:00
    {0},定方案,2024-03-04 11:00
    {0},采购要求,2024-03-04 14:00
    {0},施工,2024-03-05 14:00
    {0},测试,2024-03-06 09:00
    {0},验收,2024-03-07 09:00
"""


def without(*activities: str) -> str:
    return "\n".join(
        line for line in WHOLE.format("1").splitlines() if not any(a in line for a in activities)
    )


def finding(result, rule_id):
    return next(each for each in result.findings if each.rule.id == rule_id)


@pytest.mark.parametrize("name", ["NA", "null", "001", "None", "nan"])
def test_a_case_keeps_its_name(name):
    result = audit_text(WHOLE.format(name), "2024-03-08T12:00+08:00")
    assert result.population.cases == 1
    assert result.variants[0].example_case == name


def test_a_missing_receiver_is_one_finding_not_four():
    result = audit_text(without("定方案"), "2024-03-08T12:00+08:00")
    families = [rule.split(":")[0] for rule, _ in found(result)]
    assert families.count("handoff.dropped") == 1
    assert not any(name.startswith("deviation") for name in families)


def test_a_task_done_out_of_order_is_swapped_and_no_handoff_is_dropped():
    swapped = WHOLE.format("1").replace("施工,2024-03-05 14:00", "施工,2024-03-04 12:00")
    rules = [rule for rule, _ in found(audit_text(swapped, "2024-03-08T12:00+08:00"))]
    assert [rule.split(":")[0] for rule in rules] == ["deviation.swapped"]


def test_swapped_neighbours_are_marked_ambiguous():
    swapped = WHOLE.format("1").replace("施工,2024-03-05 14:00", "施工,2024-03-04 12:00")
    result = audit_text(swapped, "2024-03-08T12:00+08:00")
    assert [each.ambiguous for each in result.findings if each.is_violated] == [1]


def test_an_unknown_activity_is_reported_and_never_fitting():
    text = WHOLE.format("1") + "    1,神秘环节,2024-03-06 10:00\n"
    result = audit_text(text, "2024-03-08T12:00+08:00")
    assert result.population.fitting_cases == 0
    assert [label.label for label in result.unknown_labels] == ["神秘环节"]
    assert ("deviation.unknown:神秘环节", "1") in found(result)


def test_what_seems_missing_beside_an_unknown_label_is_not_determinable():
    text = without("定方案") + "\n    1,神秘环节,2024-03-04 11:00\n"
    result = audit_text(text, "2024-03-08T12:00+08:00")
    dropped = finding(result, "handoff.dropped:take_order->plan")
    assert (dropped.counts.violated, dropped.counts.not_determinable) == (0, 1)
    assert dropped.reasons == (("unknown_activity", 1),)


def test_what_seems_missing_beside_a_rejected_row_is_not_determinable():
    text = WHOLE.format("1").replace("定方案,2024-03-04 11:00", "定方案,someday")
    result = audit_text(text, "2024-03-08T12:00+08:00", reject_limit=0.5, time_formats=("%Y-%m-%d %H:%M",))
    assert result.provenance.rows_rejected == 1
    assert result.population.cases_with_excluded_rows == 1
    dropped = finding(result, "handoff.dropped:take_order->plan")
    assert dropped.reasons == (("excluded_rows", 1),)


def test_too_many_rejected_rows_make_the_run_inconclusive_but_findings_count():
    text = without("定方案").replace("测试,2024-03-06 09:00", "测试,someday")
    result = audit_text(text, "2024-03-08T12:00+08:00", time_formats=("%Y-%m-%d %H:%M",))
    assert result.conclusion.outcome is Outcome.INCONCLUSIVE
    assert result.conclusion.reasons == ("reject_limit",)


def test_events_after_as_of_are_ignored_and_counted():
    result = audit_text(WHOLE.format("1"), "2024-03-05T12:00+08:00")
    assert (result.population.events_judged, result.population.events_later) == (3, 3)
    assert result.population.open == 1
    assert found(result) == []


def test_an_open_case_is_not_blamed_for_what_it_can_still_do():
    result = audit_text(without("施工", "测试", "验收"), "2024-03-05T12:00+08:00")
    assert found(result) == []
    assert finding(result, "handoff.dropped:take_order->plan").counts.conformant == 1


def test_as_of_is_the_latest_event_unless_given():
    result = audit_text(WHOLE.format("1"))
    assert (result.as_of_us, result.as_of_basis) == (us("2024-03-07T09:00+08:00"), "latest_event")


def test_a_case_that_began_before_the_window_owes_nothing_from_before():
    late_half = without("受理", "定方案", "采购要求")
    window = {"from": "2024-03-05", "until": "2024-03-31", "selection": "all events in March"}
    inside = audit_text(late_half, "2024-03-08T12:00+08:00", window=window)
    assert inside.population.began_before_window == 1
    assert not any(rule.startswith(("deviation", "handoff")) for rule, _ in found(inside))
    unstated = audit_text(late_half, "2024-03-08T12:00+08:00")
    assert any(rule.startswith("deviation.skipped") for rule, _ in found(unstated))


def test_precision_says_on_how_many_cases_it_rests():
    """What a case did before the window is not known: precision leaves it out, and that is told."""
    cut = without("受理", "定方案", "采购要求").replace("1,", "2,")
    rows = "\n".join(line for line in cut.splitlines() if line.strip().startswith("2,"))
    window = {"from": "2024-03-04", "until": "2024-03-31", "selection": "all events in March"}
    whole = audit_text(WHOLE.format("1"), "2024-03-08T12:00+08:00").population
    assert whole.precision is not None
    assert whole.precision_share == 1.0
    both = audit_text(f"{WHOLE.format('1')}{rows}\n", "2024-03-08T12:00+08:00", window=window).population
    assert (both.cases, both.began_before_window) == (2, 1)
    assert (both.precision, both.precision_share) == (whole.precision, 0.5)
    alone = audit_text(cut, "2024-03-08T12:00+08:00", window=window).population
    assert (alone.precision, alone.precision_share) == (None, 0.0)


def orders(*rows: str) -> str:
    return "\n".join(["case,activity,time,item,amount", *(f"{row}" for row in rows)])


def test_a_third_order_is_a_pair_of_its_own():
    text = orders(*(f"{case},采购要求,2024-03-0{case} 09:00,光缆,100" for case in (4, 5, 6)))
    result = audit_text(text, "2024-03-08T12:00+08:00")
    pairs = result.occurrences[result.occurrences["rule_id"].str.startswith("duplicate")]
    assert sorted(zip(pairs["related_case"], pairs["case_id"], strict=True)) == [("4", "5"), ("5", "6")]
    assert pairs["fingerprint"].nunique() == 2


def test_money_that_had_not_arrived_explains_a_resent_order():
    late = orders("1,采购要求,2024-03-04 09:00,光缆,100", "2,采购要求,2024-03-05 09:00,光缆,100",
                  "1,资金到位,2024-03-06 09:00,光缆,100", "1,到货,2024-03-07 09:00,光缆,100")  # fmt: skip
    result = audit_text(late, "2024-03-08T12:00+08:00")
    worst = finding(result, "duplicate.resent:material").worst[0]
    assert (worst.reason, worst.amount, worst.related_case) == ("money_not_arrived", 100.0, "1")


def test_an_incomplete_identity_is_not_determinable():
    result = audit_text(orders("1,采购要求,2024-03-04 09:00,,100"), "2024-03-08T12:00+08:00")
    assert finding(result, "duplicate.exact:material").reasons == (("identity_incomplete", 1),)


def test_a_resent_order_inside_one_case_is_not_a_deviation_besides():
    text = orders("1,受理,2024-03-04 08:00,光缆,100", "1,定方案,2024-03-04 08:30,光缆,100",
                  "1,采购要求,2024-03-04 09:00,光缆,100", "1,采购要求,2024-03-05 09:00,光缆,100",
                  "1,到货,2024-03-06 09:00,光缆,100")  # fmt: skip
    rules = [rule for rule, _ in found(audit_text(text, "2024-03-07T12:00+08:00"))]
    assert rules == ["duplicate.resent:material"]


def test_without_the_attributes_of_an_identity_the_check_says_so():
    result = audit_text(WHOLE.format("1"), "2024-03-08T12:00+08:00")
    missing = {(c.kind, c.reason, c.missing) for c in result.not_checked if c.family == "duplicate"}
    assert missing == {
        ("exact", "field_missing", ("item", "amount")),
        ("resent", "field_missing", ("item", "amount")),
        ("near", "field_missing", ("item", "amount")),
    }


def test_overdue_that_turns_late_keeps_its_fingerprint():
    text = "case,activity,time,grade,lines\n1,受理,2024-03-04 09:00,A,5\n1,验收,2024-03-20 09:00,A,5"
    earlier, later = audit_text(text, "2024-03-15T12:00+08:00"), audit_text(text, "2024-03-21T12:00+08:00")

    def prints(result):
        table = result.occurrences
        return dict(zip(table["rule_id"], table["fingerprint"], strict=True))

    assert (
        prints(earlier)["deadline.overdue_and_open:delivery/few/A"]
        == prints(later)["deadline.late:delivery/few/A"]
    )


def test_ties_in_time_are_ordered_by_row():
    tied = WHOLE.format("1").replace("11:00", "09:00")
    assert found(audit_text(tied, "2024-03-08T12:00+08:00")) == []


def test_occurrences_name_file_and_row(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "case,activity,time\n1,受理,2024-03-04 09:00\n1,采购要求,2024-03-04 14:00\n", encoding="utf-8"
    )
    with read(path, Mapping(case="case", activity="activity", time="time")) as log:
        result = audit(log, example_model(), tool_version="test")
    table = result.occurrences.set_index("rule_id")
    dropped = table.loc["handoff.dropped:take_order->plan"]
    assert (list(dropped.source_files), list(dropped.source_rows)) == ([0, 0], [2, 3])


def test_two_runs_give_the_same_audit():
    text = "\n".join(without("定方案").replace("    1,", f"    {n},") for n in ("1",))
    one, two = (audit_text(text, "2024-03-08T12:00+08:00") for _ in range(2))
    assert one.findings == two.findings
    assert one.occurrences.equals(two.occurrences)


def test_every_counted_violation_is_listed():
    result = audit_text(without("定方案", "施工"), "2024-03-08T12:00+08:00")
    listed = result.occurrences.groupby("rule_id")["verdict"].value_counts()
    for each in result.findings:
        assert each.counts.violated == listed.get((each.rule.id, "violated"), 0)


def test_a_handoff_limit_needs_a_record_of_acceptance():
    text = "case,activity,time\n1,受理,2024-03-04 09:00\n1,定方案,2024-03-08 11:00"
    late = finding(audit_text(text, "2024-03-08T12:00+08:00"), "handoff.late:take_order->plan")
    assert late.reasons == (("acceptance_not_recorded", 1),)


def test_an_assumed_criterion_is_at_most_low():
    model = example_model()
    from reference_models.model import Authority, Standing

    plan = replace(model.activities["build"], authority=Authority(Standing.ASSUMED))
    assumed = replace(model, activities={**model.activities, "build": plan})
    result = audit_text(without("施工"), "2024-03-08T12:00+08:00", model=assumed)
    assert finding(result, "handoff.unsent:build->test").severity.name == "LOW"


def test_a_label_that_the_mapping_sets_beside_the_process_is_not_judged():
    text = WHOLE.format("1") + "    1,系统日志,2024-03-06 10:00\n"
    result = audit_text(text, "2024-03-08T12:00+08:00", activities={"系统日志": "-"})
    assert result.unknown_labels == ()
    assert found(result) == []


def test_a_required_check_that_cannot_run_makes_the_run_inconclusive():
    model = replace(example_model(), required_checks=frozenset({"duplicate.exact"}))
    result = audit_text(WHOLE.format("1"), "2024-03-08T12:00+08:00", model=model)
    assert result.conclusion.outcome is Outcome.INCONCLUSIVE
    assert result.conclusion.reasons == ("required_check",)


def test_ping_pong_explains_every_surplus_event_of_the_stays():
    text = """
        case,activity,time
        1,受理,2024-03-04 09:00
        1,定方案,2024-03-04 11:00
        1,受理,2024-03-04 12:00
        1,受理,2024-03-04 12:30
        1,定方案,2024-03-04 13:00
        1,采购要求,2024-03-04 14:00
    """
    rules = [rule for rule, _ in found(audit_text(text, "2024-03-05T12:00+08:00"))]
    assert rules == ["handoff.ping_pong:role"]


def test_a_required_check_that_does_not_exist_is_refused():
    model = replace(example_model(), required_checks=frozenset({"duplicate.exakt"}))
    with pytest.raises(InputError, match=r"did you mean 'duplicate\.exact'"):
        audit_text(WHOLE.format("1"), "2024-03-08T12:00+08:00", model=model)


RECORDED = """
    case,activity,time
    1,受理,2024-03-04 09:00
    1,接单,2024-03-04 10:00
    1,定方案,2024-03-04 11:00
    1,采购要求,2024-03-04 14:00
    1,施工,2024-03-05 14:00
    1,测试,2024-03-06 09:00
    1,告知客户经理,2024-03-06 10:00
    1,验收,2024-03-07 09:00
"""


def test_a_cell_from_the_future_is_no_instant_of_judgement():
    text = RECORDED + "    2,受理,2024-03-06 09:00\n    2,定方案,2099-12-31 00:00\n"
    with read_text(text) as log:
        judged = audit(log, example_model(), tool_version="test", now_us=us("2026-01-01T00:00+08:00"))
    assert judged.as_of_us == us("2024-03-07T09:00+08:00")
    assert judged.population.events_later == 1


def test_what_the_model_does_not_ask_for_leaves_nothing_undecided():
    model = example_model()
    asked = replace(model, told=(), ping_pong=None, duplicates=(), deadlines=(), handoffs=())
    asked = replace(asked, rules=(), four_eyes=(), matches=(), per_period=(), returns=(), numbering=())
    asked = replace(asked, reconciliation=())
    judged = audit_text(RECORDED, model=asked)
    assert "not_in_model" in {each.reason for each in judged.not_checked}
    assert {each.reason for each in judged.not_checked} == {"not_in_model"}
    assert judged.conclusion.outcome == "conformant"


def wide(rows: str, as_of: str):
    """Audit a table with a row per order and a column per milestone."""
    heading = "case,受理,定方案,采购要求,施工,测试,验收,告知客户经理,等客户,客户就绪,grade,lines"
    milestones = heading.split(",")[1:-2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.csv"
        path.write_text(
            "\n".join([heading, *textwrap.dedent(rows).split()]).replace("T", " "), encoding="utf-8"
        )
        mapping = Mapping(
            layout="wide",
            case="case",
            milestones=milestones,
            attributes={"grade": "grade", "lines": "lines"},
        )
        with read(path, mapping) as log:
            return audit(log, example_model(), tool_version="test", as_of_us=us(as_of))


def test_one_cell_per_milestone_shows_no_second_notice_and_no_second_pause():
    """1: told before the test; 2: never told; 3: late after a pause; 4: late without."""
    begun = "2024-03-04T09:00,2024-03-04T10:00,2024-03-04T11:00,2024-03-05T09:00,2024-03-05T10:00"
    judged = wide(
        f"""
        1,{begun},2024-03-06T09:00,2024-03-05T08:00,,,A,5
        2,{begun},2024-03-06T09:00,,,,A,5
        3,{begun},2024-03-26T09:00,2024-03-05T11:00,2024-03-04T12:00,2024-03-04T13:00,A,5
        4,{begun},2024-03-26T09:00,2024-03-05T11:00,,,A,5
        """,
        "2024-03-27T09:00+08:00",
    )
    assert found(judged) == [("deadline.late:delivery/few/A", "4"), ("rule.told:told_after_test", "2")]
    table = judged.occurrences
    unseen = table[table["reason"] == "one_time_per_milestone"]
    assert sorted(zip(unseen["rule_id"], unseen["case_id"], strict=True)) == [
        ("deadline.late:delivery/few/A", "3"),
        ("rule.told:told_after_test", "1"),
    ]
