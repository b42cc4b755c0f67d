"""Closed loops: after a milestone somebody must be told in time."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples, counted_apart, limit_basis
from mining.findings import CouldNotCheck, Family, Verdict
from mining.occurrences import (
    absence_reason,
    absence_verdict,
    anchor_of,
    occurrences,
    rows_of,
    with_unseen,
)
from reference_models.model import Told


class RuleTold(Detector):
    """The account manager is told in time (闭环).

    Meaning: after each completion of the milestone, the notice is recorded within the limit. The next notice
    at or after the milestone answers it (the DECLARE template *response* with a time bound).
    Needs: case, activity, time; a limit, to call a notice timely.
    Verdicts: conformant within the limit; violated past it (without a limit: no notice in a closed case);
    pending while the limit runs (or, without a limit, while the case is open); not determinable: told, but
    no limit is given; or the notice may be among rejected rows or unknown labels, or may have come
    more than once in an export that keeps one time per milestone.
    Source: domain.md, 'closed loops' (S0, loop 2); Pesic & van der Aalst 2006 (DECLARE).
    Re-perform: filter the export to the case. Of the notices at or after the milestone's row take the first:
    `=MINIFS(time, case, A2, activity, "…", time, ">="&C2)`. Count from the milestone to it (0: to the as-of
    instant) as in docs/re-perform-a-deadline.md, and compare with the limit.
    """

    family = Family.RULE
    kinds = ("told",)

    examples: ClassVar[dict[str, Examples]] = {
        "told": Examples(  # one working day: told on Monday of a test on Friday is in time
            conforming="""
                case,activity,time
                1,测试,2024-03-08 09:00
                1,告知客户经理,2024-03-11 10:00
            """,
            violating="""
                case,activity,time
                1,测试,2024-03-08 09:00
                1,告知客户经理,2024-03-12 10:00
            """,
            as_of="2024-03-12T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per milestone event."""
        rules, tables = [], []
        not_checked: list[CouldNotCheck] = []
        for told in evidence.model.told:
            seen = evidence.bound.activities_seen
            if told.told_by not in seen:
                not_checked.append(self.could_not("told", "no_events", (told.told_by,)))
                continue
            rules.append(
                self.rule(
                    evidence.model,
                    "told",
                    told.id,
                    told.authority,
                    activities=(told.after, told.told_by),
                    limit=told.limit.value if told.limit else None,
                    unit=told.limit.unit if told.limit else "",
                    rests_on=limit_basis(told.limit),
                )
            )
            tables.append(self._judge(evidence, told, rules[-1].id))
        if not evidence.model.told:
            not_checked.append(self.could_not("told", "not_in_model", ("told",)))
        if not tables:
            return Detection(not_checked=tuple(not_checked))
        listed, conformant = counted_apart(ibis.union(*tables) if len(tables) > 1 else tables[0])
        return Detection(tuple(rules), listed, conformant, tuple(not_checked))

    def _judge(self, evidence: Evidence, told: Told, rule_id: str) -> ir.Table:
        table = with_unseen(evidence, _answered(evidence, told), told.told_by)
        name = f"told_{told.id}".replace("-", "_")
        missing, missing_reason = absence_verdict(table), absence_reason(table)
        null = ibis.null("string")
        if told.limit is None:
            verdict = ibis.cases(
                (table.told_us.notnull(), Verdict.NOT_DETERMINABLE.value),
                (table.closed, missing),
                else_=Verdict.PENDING.value,
            )
            reason = ibis.cases(
                (table.told_us.notnull(), "no_limit"), (table.closed, missing_reason), else_="still_open"
            )
            return self._occurrences(table, told, rule_id, verdict, reason, None, None, None)
        clock = evidence.clock(told.limit.unit, evidence.model.idle_calendar)
        table = table.mutate(reached_us=ibis.coalesce(table.told_us, ibis.literal(evidence.bound.as_of_us)))
        table = clock.place(table, "milestone_us", "from_axis")
        table = clock.place(table, "reached_us", "to_axis", closing=clock.unit != "hours")
        table = table.mutate(due_axis=(table.from_axis + round(told.limit.value * clock.step)).cast("int64"))
        table = evidence.bound.store(name, clock.instant(table, "due_axis", "due_us"))
        missing, missing_reason = absence_verdict(table), absence_reason(table)
        unknown = table.from_axis.isnull() | table.to_axis.isnull()
        past = table.to_axis > table.due_axis
        was_told = table.told_us.notnull()
        verdict = ibis.cases(
            (unknown, Verdict.NOT_DETERMINABLE.value),
            (was_told & past & table.unseen, Verdict.NOT_DETERMINABLE.value),
            (was_told & past, Verdict.VIOLATED.value),
            (was_told, Verdict.CONFORMANT.value),
            (past, missing),
            else_=Verdict.PENDING.value,
        )
        reason = ibis.cases(
            (unknown, "calendar_ends"),
            (was_told & past & table.unseen, "one_time_per_milestone"),
            (was_told, null),
            (past, missing_reason),
            else_="in_time",
        )
        measure = (table.to_axis - table.from_axis) / clock.step
        return self._occurrences(
            table, told, rule_id, verdict, reason, measure, told.limit.value, table.due_us
        )

    def _occurrences(
        self,
        table: ir.Table,
        told: Told,
        rule_id: str,
        verdict: ir.Value,
        reason: ir.Value,
        measure: ir.Value | None,
        limit: float | None,
        due_us: ir.Value | None,
    ) -> ir.Table:
        order = ibis.window(group_by=table.case_id, order_by=[table.milestone_us, table.milestone_row])
        ordinal = ibis.row_number().over(order) + 1
        return occurrences(
            table,
            rule_id=rule_id,
            case_id=table.case_id,
            verdict=verdict,
            reason=reason,
            measure=measure,
            limit=limit,
            start_us=table.milestone_us,
            due_us=due_us,
            end_us=table.told_us,
            anchor=anchor_of(table.event_id, ibis.literal(told.after), ordinal),
            rows=rows_of(table.milestone_row, table.told_row),
        )


def _answered(evidence: Evidence, told: Told) -> ir.Table:
    """Per milestone event the next notice, and how its case stands."""
    bound = evidence.bound
    events = bound.events.filter(bound.events.activity_id.isin([told.after, told.told_by]))
    if "complete" in bound.lifecycles:
        events = events.filter(events.lifecycle.isnull() | (events.lifecycle == "complete"))
    milestones = events.filter(events.activity_id == told.after)
    milestones = milestones.select(
        "case_id", "event_id", milestone_us=milestones.t_us, milestone_row=milestones.row_no
    )
    # At one instant a notice answers the milestone, in whatever order the rows stand.
    notices = events.filter(events.activity_id == told.told_by)
    notices = notices.group_by("case_id", told_us=notices.t_us).agg(told_row=notices.row_no.min())
    joined = milestones.asof_join(
        notices, on=milestones.milestone_us <= notices.told_us, predicates="case_id"
    )
    cases = bound.cases.select("case_id", "closed", "excluded_rows", "unknown_events")
    return joined.drop("case_id_right").inner_join(cases, "case_id")
