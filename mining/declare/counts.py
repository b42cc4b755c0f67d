"""Templates of one activity: how often it came in a case, and where in the trace it stands."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.declare.timing import timed
from mining.declare.trace import rule_cases, rule_trace
from mining.detection import Evidence
from mining.findings import Verdict
from mining.occurrences import occurrences, with_unseen
from reference_models.model import DeclareRule

ANCHOR = "case"
"""Anchor of an obligation of the case as a whole."""


def judge_count(evidence: Evidence, rule: DeclareRule, rule_id: str, name: str) -> ir.Table:
    """One occurrence per case: at least, less than, or exactly so often."""
    table = evidence.bound.store(name, _counted(evidence, rule, name))
    least, most = {
        "existence": (rule.times, None),
        "absence": (0, rule.times - 1),
        "exactly": (rule.times, rule.times),
    }[rule.template]
    too_many = table.n > most if most is not None else ibis.literal(False)
    too_few = table.n < least
    settled = ~too_few if most is None else ibis.literal(False)  # more of them would change nothing
    over = table.closed | table.case_past.fill_null(False)
    begun_unseen = table.began_before if rule.limit else ibis.literal(False)
    doubt = ibis.cases(
        (table.excluded_rows > 0, "excluded_rows"),
        (table.unknown_events > 0, "unknown_activity"),
        (table.unseen, "one_time_per_milestone"),
        (table.unclear, "missing_attribute"),
        (table.began_before, "before_window"),
        else_=ibis.null("string"),
    )
    unknown, null = Verdict.NOT_DETERMINABLE.value, ibis.null("string")
    steps: list[tuple[ir.BooleanValue, str, ir.StringValue | str]] = [
        (table.applies.isnull(), unknown, "missing_attribute"),
        (begun_unseen, unknown, "before_window"),
        (table.case_past.isnull(), unknown, "calendar_ends"),
        (too_many, Verdict.VIOLATED.value, null),
        (settled, Verdict.CONFORMANT.value, null),
        (~over, Verdict.PENDING.value, "in_time" if rule.limit else "still_open"),
        (doubt.notnull(), unknown, doubt),
        (too_few, Verdict.VIOLATED.value, null),
    ]
    return _occurrences(table, rule, rule_id, steps, measure=table.n)


def judge_place(evidence: Evidence, rule: DeclareRule, rule_id: str, name: str) -> ir.Table:
    """One occurrence per case: the trace begins (`init`) or ends (`end`) with the activity."""
    table = evidence.bound.store(name, _counted(evidence, rule, name))
    begins = rule.template == "init"
    is_it, strange = (
        (table.first_is_a, table.first_unknown) if begins else (table.last_is_a, table.last_unknown)
    )
    unknown, null = Verdict.NOT_DETERMINABLE.value, ibis.null("string")
    steps: list[tuple[ir.BooleanValue, str, ir.StringValue | str]] = [
        (table.applies.isnull(), unknown, "missing_attribute"),
        (
            table.began_before if begins else ~table.closed,
            unknown if begins else Verdict.PENDING.value,
            "before_window" if begins else "still_open",
        ),
        # Whichever event is seen there, an unread row may come before or after it.
        (table.excluded_rows > 0, unknown, "excluded_rows"),
        (strange, unknown, "unknown_activity"),
        (is_it.isnull(), unknown, "missing_attribute"),
        (~is_it & table.unseen & ibis.literal(not begins), unknown, "one_time_per_milestone"),
        (~is_it, Verdict.VIOLATED.value, null),
    ]
    return _occurrences(table, rule, rule_id, steps, measure=None)


def _occurrences(
    table: ir.Table,
    rule: DeclareRule,
    rule_id: str,
    steps: list[tuple[ir.BooleanValue, str, ir.StringValue | str]],
    measure: ir.Value | None,
) -> ir.Table:
    edge = table.first_row if rule.template == "init" else table.last_row
    rows = table.rows if rule.template in ("absence", "exactly") else ibis.array([edge])
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=table.case_id,
        verdict=ibis.cases(*[(at, verdict) for at, verdict, _ in steps], else_=Verdict.CONFORMANT.value),
        reason=ibis.cases(*[(at, why) for at, _, why in steps], else_=ibis.null("string")),
        start_us=table.first_us,
        due_us=table.case_due_us if rule.limit else None,
        anchor=ANCHOR,
        rows=ibis.ifelse(table.n > 0, rows, ibis.array([edge])),
    )


def _counted(evidence: Evidence, rule: DeclareRule, name: str) -> ir.Table:
    """Per case: n (events of the activity within the limit), rows (theirs, in order of time), unclear (an
    event may be one, but an attribute is missing), first_us, and of the first and the last event of the
    trace the row, whether it is of the activity and whether its label is unknown; case_past and case_due_us
    of the limit; and the columns of `rule_cases`."""
    trace = rule_trace(evidence, rule, whole=True)
    in_case = ibis.window(group_by="case_id")
    trace = trace.mutate(first_us=trace.t_us.min().over(in_case), end=trace.pos.max().over(in_case))
    trace = timed(evidence, rule, trace, "first_us", "t_us", "event")
    trace = evidence.bound.store(f"{name}_trace", trace)
    first, last = trace.pos == 0, trace.pos == trace.end
    counts = trace.is_a & ~trace.event_past
    marks = ibis.struct({"t_us": trace.t_us, "row_no": trace.row_no})
    per_case = trace.group_by("case_id").agg(
        n=counts.fill_null(False).sum(),
        rows=marks.collect(where=counts.fill_null(False)),
        unclear=counts.isnull().any(),
        first_us=trace.first_us.min(),
        first_row=trace.row_no.max(where=first),
        last_row=trace.row_no.max(where=last),
        first_is_a=trace.is_a.max(where=first),
        last_is_a=trace.is_a.max(where=last),
        first_unknown=trace.unknown.max(where=first),
        last_unknown=trace.unknown.max(where=last),
    )
    per_case = per_case.mutate(
        rows=per_case.rows.sort().map(lambda mark: mark.row_no),
        as_of_us=ibis.literal(evidence.bound.as_of_us),
    )
    per_case = timed(evidence, rule, per_case, "first_us", "as_of_us", "case")
    return with_unseen(evidence, per_case.inner_join(rule_cases(evidence, rule), "case_id"), rule.activity)
