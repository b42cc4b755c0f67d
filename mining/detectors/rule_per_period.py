"""How often an activity comes in each day, week, month, quarter or year, over all cases."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.conditions import holds
from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import CouldNotCheck, Family, Verdict
from mining.occurrences import occurrences
from mining.periods import PERIOD_COLUMNS, begin_of, periods_of
from reference_models.model import PeriodLimit

NO_CASE = ""
"""The case of an obligation that belongs to none."""


class RulePerPeriod(Detector):
    """Not too many and not too few in a month.

    Meaning: the contract's `per_period`: the completed events of an activity, over all cases, are at least
    or at most so many in each day, week (from Monday), month, quarter or year of the log, in the time zone
    of the model's calendar. A planned figure is no limit: it stands under `planned` (or a deadline table's
    `planned_per_month`), is shown beside the actual number, and is never a breach.
    Needs: case, activity, time; the attributes that the rule's condition names.
    Verdicts: per period. Violated: more than at most, or fewer than at least when the period is over.
    Conformant: enough already, or not too many when it is over. Pending: it is not over. Not determinable:
    the log begins within the period; or what is missing (or too much) may be among rejected rows of the
    log, unknown labels of the period, or times that the export does not keep; or an attribute is missing.
    Source: domain.md, P6: 'every month the front end gives the back end its fault statistics' (S1).
    Re-perform: filter the export to the activity, add a column with the period of each time in the model's
    time zone (a month: `=TEXT(C2, "yyyy-mm")`; the Monday of a week: `=INT(C2)-WEEKDAY(C2, 3)`), and count
    the rows per period with a pivot table; a period that is missing there has none. Compare with the limit.
    """

    family = Family.RULE
    kinds = ("per_period",)
    over_cases = True

    examples: ClassVar[dict[str, Examples]] = {
        "per_period": Examples(  # money arrives at most twice in a day
            conforming="""
                case,activity,time
                0,受理,2024-03-03 09:00
                1,资金到位,2024-03-04 09:00
                2,资金到位,2024-03-04 10:00
                3,资金到位,2024-03-05 11:00
            """,
            violating="""
                case,activity,time
                0,受理,2024-03-03 09:00
                1,资金到位,2024-03-04 09:00
                2,资金到位,2024-03-04 10:00
                3,资金到位,2024-03-04 23:59
            """,
            as_of="2024-03-05T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per period from the first event of the log to as-of."""
        rules, tables = [], []
        not_checked: list[CouldNotCheck] = []
        for number, each in enumerate(evidence.model.per_period):
            if missing := self._missing(evidence, each):
                not_checked.append(missing)
                continue
            limit = each.at_most if each.at_most is not None else each.at_least
            rules.append(
                self.rule(
                    evidence.model,
                    "per_period",
                    each.id,
                    each.authority,
                    activities=(each.activity,),
                    limit=limit,
                    unit="events",
                )
            )
            tables.append(_judged(evidence, each, rules[-1].id, f"per_period_{number}"))
        if not evidence.model.per_period:
            not_checked.append(self.could_not("per_period", "not_in_model", ("per_period",)))
        found = None if not tables else ibis.union(*tables) if len(tables) > 1 else tables[0]
        return Detection(tuple(rules), found, None, tuple(not_checked))

    def _missing(self, evidence: Evidence, rule: PeriodLimit) -> CouldNotCheck | None:
        asked = [each.attribute for each in rule.activity_when]
        if absent := [name for name in asked if name not in evidence.bound.fields]:
            return self.could_not("per_period", "field_missing", absent)
        if rule.activity not in evidence.bound.activities_seen:
            return self.could_not("per_period", "no_events", (rule.activity,))
        return None


def _judged(evidence: Evidence, rule: PeriodLimit, rule_id: str, name: str) -> ir.Table:
    bound = evidence.bound
    since = begin_of(bound)
    periods = bound.upload(f"{name}_of", periods_of(bound, rule.per), PERIOD_COLUMNS)
    events = bound.completed
    strange = events.activity_id.isnull() & ~events.beside
    events = events.filter((events.activity_id == rule.activity).fill_null(False) | strange)
    counts = ibis.ifelse(
        events.activity_id.isnull(), False, holds(events, evidence.model, rule.activity_when)
    )
    marked = events.select("t_us", "row_no", counts=counts, strange=events.activity_id.isnull())
    placed = marked.asof_join(periods, marked.t_us >= periods.from_us)
    order = ibis.window(group_by=["period", "counts"], order_by=[placed.t_us, placed.row_no])
    placed = placed.mutate(nth=ibis.row_number().over(order) + 1)
    certain = placed.counts.fill_null(False)
    shown = certain & (placed.nth > rule.at_most) if rule.at_most is not None else certain
    marks = ibis.struct({"t_us": placed.t_us, "row_no": placed.row_no})
    counted = placed.group_by("period").agg(
        n=certain.sum(),
        strange=placed.strange.any(),
        unclear=placed.counts.isnull().any(),
        rows=marks.collect(where=shown),
    )
    table = periods.left_join(counted, "period").drop("period_right")
    table = table.mutate(
        n=table.n.fill_null(0),
        rows=table.rows.sort().map(lambda mark: mark.row_no),
        over=table.until_us <= bound.as_of_us,
        begun=table.from_us >= since,
        strange=table.strange.fill_null(False),
        unclear=table.unclear.fill_null(False),
    )
    return _occurrences(evidence, bound.store(name, table), rule, rule_id)


def _occurrences(evidence: Evidence, table: ir.Table, rule: PeriodLimit, rule_id: str) -> ir.Table:
    unseen = evidence.bound.one_time_per_milestone and rule.activity in evidence.conformance.unseen
    null, unknown = ibis.null("string"), Verdict.NOT_DETERMINABLE.value
    doubt = ibis.cases(
        (~table.begun, "before_window"),
        (ibis.literal(evidence.bound.log.provenance.rows_rejected > 0), "excluded_rows"),
        (table.strange, "unknown_activity"),
        (table.unclear, "missing_attribute"),
        (ibis.literal(unseen), "one_time_per_milestone"),
        else_=null,
    )
    good, bad = Verdict.CONFORMANT.value, Verdict.VIOLATED.value
    if rule.at_most is not None:
        settled, so, else_so = table.n > rule.at_most, bad, good
    else:
        settled, so, else_so = table.n >= rule.at_least, good, bad
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=NO_CASE,
        verdict=ibis.cases(
            (settled, so),
            (~table.over, Verdict.PENDING.value),
            (doubt.notnull(), unknown),
            else_=else_so,
        ),
        reason=ibis.cases((settled, null), (~table.over, "in_time"), else_=doubt),
        measure=table.n,
        limit=rule.at_most if rule.at_most is not None else rule.at_least,
        start_us=table.from_us,
        due_us=table.until_us,
        anchor=rule.per + " " + table.period,
        rows=ibis.coalesce(table.rows, ibis.literal([], "array<int64>")),
    )
