"""Declared factors raise the severity of a finding; nothing else does, and an assumed criterion stays low."""

from dataclasses import replace

import pytest
from workbench import audit_text, example_model

from logs import InputError
from mining.findings import Severity
from reference_models.model import Authority, SeverityFactor, Standing, Text

LATE = """
    case,activity,time,grade,lines
    1,受理,2024-03-04 09:00,特殊应急,5
    1,验收,2024-03-08 17:00,特殊应急,5
    2,受理,2024-03-04 09:00,特殊应急,5
    2,验收,2024-03-20 17:00,特殊应急,5
    3,受理,2024-03-04 09:00,普通,5
    3,验收,2024-03-21 17:00,普通,5
"""
"""Working days that counted: 4 of 3, 12 of 3, 13 of 10."""
AS_OF = "2024-03-25T12:00+08:00"
FAR_PAST = SeverityFactor("far_past", "deadline.late", "overrun", "high", least=2.0)
SPECIAL = SeverityFactor("special", "deadline", "class", "high", "grade", ("A",))
DEAR = SeverityFactor("dear", "duplicate", "exposure", "high", least=100.0)


def audited(*factors, text=LATE, model=None, severity=None):
    model = replace(model or example_model(), severity_factors=factors, severity=severity or {})
    return audit_text(text, AS_OF, model=model)


def finding(result, rule_id):
    return next(each for each in result.findings if each.rule.id == rule_id)


def raised(each):
    return [(found.factor.id, found.to, found.occurrences) for found in each.raised]


def test_without_factors_a_finding_is_as_grave_as_its_rule():
    result = audited()
    assert {each.severity for each in result.findings if each.is_violated} >= {Severity.MEDIUM}
    assert all(each.raised == () for each in result.findings)
    assert all(each.severity is each.rule.severity for each in result.findings if each.is_violated)


def test_an_overrun_raises_the_rule_in_which_it_occurs():
    result = audited(FAR_PAST)
    few = finding(result, "deadline.late:delivery/few/A")
    assert (few.rule.severity, few.severity) == (Severity.MEDIUM, Severity.HIGH)
    assert raised(few) == [("far_past", Severity.HIGH, 1)], "4 of 3 days is late, but not twice the limit"
    other = finding(result, "deadline.late:delivery/few/C")
    assert (other.severity, other.raised) == (Severity.MEDIUM, ())


def test_an_overrun_is_met_at_the_very_multiple():
    assert raised(finding(audited(replace(FAR_PAST, least=4.0)), "deadline.late:delivery/few/A"))
    assert not raised(finding(audited(replace(FAR_PAST, least=4.01)), "deadline.late:delivery/few/A"))


def test_a_raised_finding_comes_before_those_that_are_not():
    severities = [each.severity for each in audited(SPECIAL).findings]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] is Severity.HIGH


def test_a_class_raises_whatever_family_it_is_for_and_no_other():
    result = audited(SPECIAL)
    assert raised(finding(result, "deadline.late:delivery/few/A")) == [("special", Severity.HIGH, 2)]
    assert finding(result, "deadline.late:delivery/few/C").raised == ()
    assert {each.rule.family for each in result.findings if each.raised} == {"deadline"}


def test_several_factors_are_all_named():
    few = finding(audited(SPECIAL, FAR_PAST), "deadline.late:delivery/few/A")
    assert raised(few) == [("special", Severity.HIGH, 2), ("far_past", Severity.HIGH, 1)]


def test_a_class_that_the_log_does_not_have_raises_nothing():
    text = "\n".join(",".join(line.split(",")[:3]) for line in LATE.splitlines())
    result = audited(replace(SPECIAL, of="deviation"), text=text)
    assert any(each.is_violated for each in result.findings)
    assert all(each.raised == () for each in result.findings)


def test_the_money_of_one_occurrence_counts_not_their_sum():
    orders = """
        case,activity,time,item,amount
        1,采购要求,2024-03-04 09:00,光缆,60
        2,采购要求,2024-03-05 09:00,光缆,60
        3,采购要求,2024-03-06 09:00,光缆,60
    """
    low = {"duplicate": "low"}
    (pairs,) = [each for each in audited(DEAR, text=orders, severity=low).findings if each.exposure]
    assert (pairs.exposure, pairs.severity, pairs.raised) == (120, Severity.LOW, ())
    dear = audited(DEAR, text=orders.replace(",60", ",100"), severity=low).findings
    (pairs,) = [each for each in dear if each.exposure]
    assert (pairs.severity, raised(pairs)) == (Severity.HIGH, [("dear", Severity.HIGH, 2)])


def test_what_is_only_assumed_stays_low():
    assumed = Authority(Standing.ASSUMED, reason=Text("假定", "assumed"))
    model = example_model()
    (clock,) = model.deadlines
    rows = tuple(replace(row, authority=assumed) for row in clock.rows)
    model = replace(model, deadlines=(replace(clock, rows=rows, authority=assumed),))
    few = finding(audited(FAR_PAST, SPECIAL, model=model), "deadline.late:delivery/few/A")
    assert (few.severity, few.raised) == (Severity.LOW, ())
    info = audited(FAR_PAST, model=model, severity={"deadline": "info"})
    few = finding(info, "deadline.late:delivery/few/A")
    assert (few.rule.severity, few.severity) == (Severity.INFO, Severity.LOW)
    assert raised(few) == [("far_past", Severity.LOW, 1)], "raised, but no further than low"


def test_a_factor_below_the_rules_severity_is_not_named():
    few = finding(audited(replace(FAR_PAST, to="low")), "deadline.late:delivery/few/A")
    assert (few.severity, few.raised) == (Severity.MEDIUM, ())


def test_a_finding_without_violations_is_not_raised():
    text = "\n".join(LATE.splitlines()[:4]).replace("03-08", "03-05")
    few = finding(audited(SPECIAL, FAR_PAST, text=text), "deadline.late:delivery/few/A")
    assert (few.counts.conformant, few.severity, few.raised) == (1, Severity.INFO, ())


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"severity_factors": (replace(FAR_PAST, of="deadline.lat"),)}, r"severity_factors.far_past.of: no"),
        ({"severity": {"deadline.lat": "high"}}, r"severity: no check 'deadline.lat'"),
    ],
)
def test_a_kind_that_no_check_makes_is_refused(more, told):
    with pytest.raises(InputError, match=told) as refusal:
        audit_text(LATE, AS_OF, model=replace(example_model(), **more))
    assert "did you mean 'deadline.late'?" in refusal.value.problems[0].mend
