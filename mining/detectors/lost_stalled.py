"""Stalled tickets: open, and nobody has touched them for too long."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import ibis
import ibis.expr.types as ir
import pandas as pd

from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import Family, Rule, Verdict
from mining.occurrences import absence_reason, absence_verdict, anchor_of, occurrences, rows_of
from mining.waits import Learned, learned_limit
from reference_models.model import Authority, IdleLimit, LearnedLimit, Limit, Standing, Text

ANY = "any"


class LostStalled(Detector):
    """A lost ticket that lies somewhere (丢单、漏单).

    Meaning: the case is open at the as-of instant and has had no event for longer than the idle limit that
    the contract gives for its last activity (or for all others). Where the contract says `learn`, the limit
    is a quantile of the waits after that activity in this very log, by Kaplan and Meier, with the waits that
    are still open censored; the criterion states it with its confidence interval. Too few waits, no limit.
    Needs: case, activity, time.
    Verdicts: per case violated; pending while the limit runs; conformant for a closed case; not determinable
    without a limit (or with too few waits to learn it), beyond the calendar's last published day, or where
    what came since may be among the case's rejected rows or unknown labels, or is a milestone of which the
    export already keeps a time, and where the case has records beside the flow but no step since the stated
    window began: it may have been closed before.
    Source: domain.md, 'lost ticket' (S2: lost or forgotten by the holder of the step).
    Re-perform: the last time of the case is `=MAXIFS(time, case, A2)`; no row of it is one of the contract's
    ends. Count from there to the as-of instant of the report as in docs/re-perform-a-deadline.md, without
    pauses, and compare with the idle limit for the activity of that last row.
    """

    family = Family.LOST
    kinds = ("stalled",)

    examples: ClassVar[dict[str, Examples]] = {
        "stalled": Examples(  # five working days; the weekend does not count
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-01 09:00
                1,定方案,2024-03-01 11:00
            """,
            as_of="2024-03-11T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per case."""
        limits = {each.after: _settled(evidence, each) for each in evidence.model.idle_limits}
        idle = evidence.bound.store("idle_cases", _idle(evidence, [a for a in limits if a is not None]))
        rules = [self._rule(evidence, each) for each in limits.values()]
        if None not in limits:
            rules.append(self._rule(evidence, IdleLimit(None, None)))
            limits[None] = IdleLimit(None, None)
        tables = [self._judge(evidence, each, idle) for each in limits.values()]
        default = next(rule for rule in rules if rule.id.endswith(f":{ANY}"))
        closed = int(evidence.bound.cases.filter(evidence.bound.cases.closed).count().execute())
        conformant = evidence.bound.upload(
            "stalled_conformant",
            pd.DataFrame({"rule_id": [default.id], "n": [closed]}),
            {"rule_id": "string", "n": "int64"},
        )
        return Detection(tuple(rules), ibis.union(*tables) if len(tables) > 1 else tables[0], conformant)

    def _rule(self, evidence: Evidence, idle: IdleLimit) -> Rule:
        limit = idle.limit
        return self.rule(
            evidence.model,
            "stalled",
            idle.after or ANY,
            limit.authority if limit else Authority(Standing.ASSUMED),
            activities=(idle.after,) if idle.after else (),
            limit=limit.value if limit else None,
            unit=limit.unit if limit else "",
        )

    def _judge(self, evidence: Evidence, idle: IdleLimit, cases: ir.Table) -> ir.Table:
        rule_id = f"lost.stalled:{idle.after or ANY}"
        table = cases.filter(cases.limited_by == (idle.after or ANY))
        if idle.limit is None:
            return occurrences(
                table,
                rule_id=rule_id,
                case_id=table.case_id,
                verdict=Verdict.NOT_DETERMINABLE.value,
                reason="too_few_waits" if idle.learn else "no_limit",
                start_us=table.last_us,
                anchor=anchor_of(table.event_id, table.last_activity, table.ordinal),
                rows=rows_of(table.last_row),
            )
        clock = evidence.clock(idle.limit.unit, evidence.model.idle_calendar)
        table = clock.place(table, "last_us", "from_axis")
        table = clock.place(table, "as_of_us", "to_axis", closing=idle.limit.unit != "hours")
        table = table.mutate(due_axis=(table.from_axis + round(idle.limit.value * clock.step)).cast("int64"))
        table = clock.instant(table, "due_axis", "due_us")
        unknown = table.from_axis.isnull() | table.to_axis.isnull()
        past = table.to_axis > table.due_axis
        return occurrences(
            table,
            rule_id=rule_id,
            case_id=table.case_id,
            verdict=ibis.cases(
                (unknown | (past & table.before), Verdict.NOT_DETERMINABLE.value),
                (past, absence_verdict(table)),
                else_=Verdict.PENDING.value,
            ),
            reason=ibis.cases(
                (unknown, "calendar_ends"),
                (~past, "in_time"),
                (table.before, "before_window"),
                else_=absence_reason(table),
            ),
            measure=(table.to_axis - table.from_axis) / clock.step,
            limit=idle.limit.value,
            start_us=table.last_us,
            due_us=table.due_us,
            anchor=anchor_of(table.event_id, table.last_activity, table.ordinal),
            rows=rows_of(table.last_row),
        )


def _settled(evidence: Evidence, idle: IdleLimit) -> IdleLimit:
    """The limit itself, learned from the log where the contract asks for that and the waits bear it."""
    if idle.learn is None:
        return idle
    named = [each.after for each in evidence.model.idle_limits if each.after is not None]
    learned = learned_limit(evidence, [idle.after] if idle.after else [], named, idle.learn)
    if learned is None:
        return idle
    stated = replace(idle.learn.authority, reason=_in_words(learned, idle.learn))
    return replace(idle, limit=Limit(learned.value, idle.learn.unit, stated))


def _in_words(learned: Learned, learn: LearnedLimit) -> Text:
    """How the limit came about, with the contract's own reason after it."""
    figures = f"{learned.low:.4g}–{learned.high:.4g}"
    zh = (
        f"由本日志习得：{learned.waits} 次等待（其中 {learned.still_open} 次未结束，按删失处理）的"
        f"{learn.quantile:.4g} 分位数（Kaplan–Meier），{learn.confidence:.4g} 置信区间 {figures}"
    )
    en = (
        f"Learned from this log: the {learn.quantile:.4g} quantile of {learned.waits} waits"
        f" ({learned.still_open} still open, censored), Kaplan–Meier; {learn.confidence:.4g} confidence"
        f" interval {figures}"
    )
    own = learn.authority.reason
    return Text(f"{zh}；{own.zh}", f"{en}; {own.en}") if own else Text(zh, en)


def _idle(evidence: Evidence, limited: list[str]) -> ir.Table:
    """Open cases with their last event and the idle limit that is theirs."""
    bound = evidence.bound
    order = ibis.window(group_by="case_id", order_by=[ibis.desc("t_us"), ibis.desc("row_no")])
    cases = bound.cases.mutate(before=bound.cases.began_before & (bound.cases.steps == 0))
    open_cases = cases.filter(~cases.closed).select("case_id", "before", "excluded_rows", "unknown_events")
    events = bound.events.semi_join(open_cases, "case_id")
    ranked = events.mutate(
        rank=ibis.row_number().over(order),
        ordinal=events.count().over(ibis.window(group_by=["case_id", "activity"])),
    )
    last = ranked.filter(ranked.rank == 0)
    activity = last.activity_id.fill_null("")
    conformance = evidence.conformance
    went_on = conformance.variants.case_variants.semi_join(conformance.unseen_next, "variant").case_id
    return last.inner_join(open_cases, "case_id").select(
        "case_id",
        "before",
        "excluded_rows",
        "unknown_events",
        "event_id",
        "ordinal",
        unseen=last.case_id.isin(went_on),
        last_row=last.row_no,
        last_us=last.t_us,
        last_activity=ibis.coalesce(last.activity_id, last.activity),
        limited_by=ibis.ifelse(activity.isin(limited or ("",)) & (activity != ""), activity, ANY),
        as_of_us=ibis.literal(bound.as_of_us),
    )
