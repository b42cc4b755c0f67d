"""Deadlines: a clock ran past its limit, closed (late) or still open (overdue), or will soon (at risk)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.deadlines import clock_runs, deadline_rules
from mining.detection import Detection, Detector, Evidence, Examples, counted_apart, no_better, weakest
from mining.findings import Basis, CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import absence_reason, absence_verdict, occurrences, with_unseen
from mining.promises import keep_counts
from mining.severity import severity_of
from reference_models.model import Deadline, DeadlineWarning

_BREACHES = ("late", "overdue_and_open")


class DeadlineLate(Detector):
    """A deadline passed (超时).

    Meaning: from the event that starts the clock to the one that stops it, less the pauses, more time was
    counted than the deadline table allows for the case's row and class. *Late*: it was stopped past the
    limit. *Overdue and open*: it still runs past the limit at the as-of instant. *At risk*: it runs, in time,
    and more of the limit is used up than the share from which the contract wants a warning.
    A limit in days excludes the day it starts, ends with the n-th counted day and moves by the days paused; a
    limit in hours runs in the calendar's intervals less the union of the pauses. An open pause runs to as-of,
    and a pause that begins after the breach cures nothing.
    Needs: case, activity, time, and the attributes that the table asks for; for a warning the contract's
    `warning` of the clock.
    Verdicts: conformant, violated, pending (open and in time); not determinable: an attribute is missing or
    unknown, no row or no limit is given, the source can be read two ways and the case lies between, the start
    was not recorded, the case ended without the clock's stop, the calendar has no published days, or the stop
    of a clock past its limit may be among the case's rejected rows or unknown labels. *At risk* is a warning
    and no breach: pending, listed on its own in the report. A running clock is either overdue, at risk, or
    in time.
    Source: domain.md, 'Deadlines' (S1); design.md, 'Clock'.
    Re-perform: docs/re-perform-a-deadline.md goes through one deadline in working days and one in hours. An
    open clock is measured to the as-of instant of the report. It is at risk if the measure is no more than
    the limit, and more than the limit times the share of the contract's warning.
    """

    family = Family.DEADLINE
    kinds = ("late", "overdue_and_open", "at_risk")

    examples: ClassVar[dict[str, Examples]] = {
        "late": Examples(  # three working days for class A: from Thursday to Tuesday
            conforming="""
                case,activity,time,grade,lines
                1,受理,2024-03-07 09:00,A,5
                1,验收,2024-03-12 17:00,A,5
            """,
            violating="""
                case,activity,time,grade,lines
                1,受理,2024-03-07 09:00,A,5
                1,验收,2024-03-13 09:00,A,5
            """,
            as_of="2024-03-14T12:00+08:00",
        ),
        "overdue_and_open": Examples(  # waiting for the customer from Thursday to Tuesday stops the clock
            conforming="""
                case,activity,time,grade,lines
                1,受理,2024-03-07 09:00,A,5
                1,等客户,2024-03-07 15:00,A,5
                1,客户就绪,2024-03-12 09:00,A,5
            """,
            violating="""
                case,activity,time,grade,lines
                1,受理,2024-03-07 09:00,A,5
                1,定方案,2024-03-08 09:00,A,5
            """,
            as_of="2024-03-13T12:00+08:00",
        ),
        "at_risk": Examples(  # six tenths of ten working days: warned of from the seventh on, and in time
            conforming="""
                case,activity,time,grade,lines
                1,受理,2024-03-05 09:00,C,5
            """,
            violating="""
                case,activity,time,grade,lines
                1,受理,2024-03-04 09:00,C,5
            """,
            as_of="2024-03-13T12:00+08:00",
            found=Verdict.PENDING,
        ),
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per case and clock: a stopped clock under `late`, a running one under its kind."""
        if not evidence.model.deadlines:
            refused = tuple(self.could_not(kind, "not_in_model", ("deadlines",)) for kind in self.kinds)
            return Detection(not_checked=refused)
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        refused_list: list[CouldNotCheck] = []
        if all(deadline.warning is None for deadline in evidence.model.deadlines):
            refused_list.append(self.could_not("at_risk", "not_in_model", ("warning",)))
        for deadline in evidence.model.deadlines:
            kinds = self.kinds if deadline.warning else _BREACHES
            if deadline.start not in evidence.bound.activities_seen:
                refused_list += [self.could_not(kind, "no_events", (deadline.start,)) for kind in kinds]
                continue
            wanted = {deadline.by, *(name for row in deadline.rows for name in row.when)}
            if missing := sorted(wanted - evidence.bound.fields):
                refused_list += [self.could_not(kind, "field_missing", missing) for kind in kinds]
            run = clock_runs(evidence, deadline)
            for kind in _BREACHES:
                rules += deadline_rules(self, evidence.model, deadline, kind)
            if deadline.warning:
                rules += [
                    _warned(rule, deadline.warning, self, evidence)
                    for rule in deadline_rules(self, evidence.model, deadline, "at_risk")
                ]
            tables.append(self._judge(evidence, deadline, run))
        if not tables:
            return Detection(tuple(rules), not_checked=tuple(refused_list))
        listed, conformant = counted_apart(ibis.union(*tables) if len(tables) > 1 else tables[0])
        return Detection(tuple(rules), listed, conformant, tuple(refused_list))

    def _judge(self, evidence: Evidence, deadline: Deadline, run: ir.Table) -> ir.Table:
        # A further pause could cure the breach; a further stop, one that is not recorded.
        pauses = (pause.start for pause in deadline.pauses)
        run = with_unseen(evidence, run, *pauses, into="pause_unseen")
        run = with_unseen(evidence, run, deadline.stop, into="stop_unseen")
        run = run.mutate(unseen=run.pause_unseen | (run.stop_unseen & run.stop_us.isnull()))
        keep_counts(evidence.bound, deadline, run, evidence.clock(deadline.unit, deadline.calendar))
        stopped = run.stop_us.notnull()
        past = run.to_axis > run.due_axis
        known = run.reason.isnull()
        beyond = known & (run.from_axis.isnull() | run.to_axis.isnull())
        doubtful = known & ~beyond & ~past & run.strict_axis.notnull() & (run.to_axis > run.strict_axis)
        verdict = ibis.cases(
            (~known | beyond | (doubtful & stopped), Verdict.NOT_DETERMINABLE.value),
            (past & stopped & run.unseen, Verdict.NOT_DETERMINABLE.value),
            (past & stopped, Verdict.VIOLATED.value),
            (past, absence_verdict(run)),
            (doubtful, Verdict.NOT_DETERMINABLE.value),
            (~stopped, Verdict.PENDING.value),
            else_=Verdict.CONFORMANT.value,
        )
        in_time = known & ~past & ~stopped
        warned = in_time & ~beyond & ~doubtful & _past_warning(run, deadline.warning)
        reason = ibis.cases(
            (beyond, "calendar_ends"),
            (doubtful, "doubtful_limit"),
            (warned, "at_risk"),
            (in_time, "in_time"),
            (known & past & stopped & run.unseen, "one_time_per_milestone"),
            (known & past & ~stopped, absence_reason(run)),
            else_=run.reason,
        )
        kind = ibis.cases(
            (stopped | run.closed, "late"),
            (warned.fill_null(False), "at_risk"),
            else_="overdue_and_open",
        )
        return occurrences(
            run,
            rule_id=ibis.literal("deadline.") + kind + ":" + run.subject,
            case_id=run.case_id,
            verdict=verdict,
            reason=reason,
            measure=run.measure,
            limit=run["limit"],
            start_us=run.start_us,
            due_us=run.due_us,
            end_us=run.stop_us,
            anchor=run.anchor,
            rows=run.rows,
        )


def _past_warning(run: ir.Table, warning: DeadlineWarning | None) -> ir.BooleanValue:
    """Whether more of the limit is used up than the share from which the contract warns."""
    if warning is None:
        return ibis.literal(False)
    return (run.measure > run["limit"] * warning.share).fill_null(False)


def _warned(rule: Rule, warning: DeadlineWarning, detector: Detector, evidence: Evidence) -> Rule:
    """The rule of a cell with the threshold for its limit: as well founded as limit and warning together."""
    authority = weakest(rule.authority, warning.authority)
    others = (Basis("limit", rule.authority), Basis("warning", warning.authority), *rule.rests_on)
    return replace(
        rule,
        authority=authority,
        severity=severity_of(evidence.model, rule.id, detector.family, rule.kind, authority),
        limit=None if rule.limit is None else rule.limit * warning.share,
        rests_on=no_better(authority, others),
    )
