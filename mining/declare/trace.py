"""The events that a rule looks at, in their order."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.conditions import holds
from mining.detection import Evidence
from reference_models.model import DeclareRule


def rule_trace(
    evidence: Evidence, rule: DeclareRule, *, whole: bool, cases: ir.Table | None = None
) -> ir.Table:
    """The completed events that a rule looks at.

    case_id, pos (from 0, by t_us then row_no), t_us, row_no, event_id, activity_id, ordinal (n-th event of
    its activity), unknown (a label that the model does not know), is_a and is_b (an event of the rule's
    first or second activity that meets its condition; null: an attribute is missing).

    whole: with what happened between, i.e. all events in the flow and unknown labels; what is recorded
    beside the flow comes between nothing, unless the rule names it.
    cases: case_id of those in question, if not all are.
    """
    bound = evidence.bound
    events = bound.completed
    named = [each for each in (rule.activity, rule.target) if each is not None]
    own = events.activity_id.isin(named).fill_null(False)
    events = events.filter(own | ~events.beside if whole else own)
    if cases is not None:
        events = events.semi_join(cases, "case_id")
    order = ibis.window(group_by="case_id", order_by=[events.t_us, events.row_no])
    per_activity = ibis.window(group_by=["case_id", "activity_id"], order_by=[events.t_us, events.row_no])
    is_a = (events.activity_id == rule.activity).fill_null(False)
    is_b = (events.activity_id == (rule.target or "")).fill_null(False)
    return events.select(
        "case_id",
        "t_us",
        "row_no",
        "event_id",
        "activity_id",
        pos=ibis.row_number().over(order).cast("int64"),
        ordinal=ibis.row_number().over(per_activity) + 1,
        unknown=events.activity_id.isnull(),
        is_a=is_a & holds(events, evidence.model, rule.activity_when),
        is_b=is_b & holds(events, evidence.model, rule.target_when),
    )


def rule_cases(evidence: Evidence, rule: DeclareRule) -> ir.Table:
    """The cases that a rule speaks of, and how they stand.

    case_id, closed, began_before, excluded_rows, unknown_events, applies (null: an attribute of the rule's
    condition on the case is missing).
    """
    cases = evidence.bound.cases
    cases = cases.select(
        "case_id",
        "closed",
        "began_before",
        "excluded_rows",
        "unknown_events",
        applies=holds(cases, evidence.model, rule.when),
    )
    return cases.filter(cases.applies.fill_null(True))
