"""Unreturned dispatches: sent out, and no return order came back."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import (
    absence_reason,
    absence_verdict,
    anchor_of,
    occurrences,
    rows_of,
    with_unseen,
)
from reference_models.model import DispatchReturn

OWNED = ("dropped", "unsent")
"""What a missing return order in the flow may be told as already; with no name it is half of a swap."""


class HandoffUnreturned(Detector):
    """A dispatch without its return order (派单无返单).

    Meaning: an order was sent out by the activity that the contract names, and the return order that must
    come back never did. In each case a return order settles the oldest dispatch that is open (first in,
    first out); a return before any dispatch settles none. A missing return order that is told as a dropped or
    unsent handoff is not told again, and a surplus dispatch that has no return is no deviation besides.
    Needs: case, activity, time; `returns` in the contract.
    Verdicts: per dispatch conformant if returned; violated if the case is closed, or went on to where the
    model wants the return done; pending while it is open; not determinable, where the return may be among the
    case's rejected rows or unknown labels, or where the export keeps one time per milestone.
    Source: domain.md, P6 (派单, 返单) and 'Why the tool exists' (工单、调单、反馈单, S1).
    Re-perform: copy the case's rows of the two activities to a sheet of their own (no heading, one empty row
    on top) and sort by time, at one instant the dispatch first. Count down in C: 0 in C1, then
    `=MAX(0, C1 + (B2="派单") - (B2="返单"))`. What is left in the last row is the number of dispatches
    without return: the latest ones.
    """

    family = Family.HANDOFF
    kinds = ("unreturned",)

    examples: ClassVar[dict[str, Examples]] = {
        "unreturned": Examples(  # the second request is answered by no goods
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,到货,2024-03-05 10:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,到货,2024-03-05 10:00
                1,采购要求,2024-03-05 11:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            as_of="2024-03-08T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per dispatch."""
        pairs, seen = evidence.model.returns, evidence.bound.activities_seen
        if not pairs:
            return Detection(not_checked=(self.could_not("unreturned", "not_in_model", ("returns",)),))
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        refused: list[CouldNotCheck] = []
        for number, pair in enumerate(pairs):
            if missing := sorted({pair.dispatched_by, pair.returned_by} - seen):
                refused.append(self.could_not("unreturned", "no_events", missing))
                continue
            rules.append(self._rule(evidence, pair))
            tables.append(self._judge(evidence, pair, rules[-1].id, f"unreturned_{number}"))
        if not tables:
            return Detection(not_checked=tuple(refused))
        found = ibis.union(*tables) if len(tables) > 1 else tables[0]
        found = evidence.bound.store("unreturned_found", found)
        kept = found.filter(found.verdict == Verdict.CONFORMANT.value)
        conformant = kept.group_by("rule_id").agg(n=kept.count())
        violated = found.filter(found.verdict == Verdict.VIOLATED.value)
        explained = violated.select(row_no=violated.rows[0])
        others = found.filter(found.verdict != Verdict.CONFORMANT.value)
        return Detection(tuple(rules), others, conformant, tuple(refused), explained)

    def _rule(self, evidence: Evidence, pair: DispatchReturn) -> Rule:
        activities = (pair.dispatched_by, pair.returned_by)
        roles = tuple(evidence.model.activities[each].role or "" for each in activities)
        return self.rule(
            evidence.model,
            "unreturned",
            f"{pair.dispatched_by}->{pair.returned_by}",
            pair.authority,
            activities=activities,
            roles=roles,
        )

    def _judge(self, evidence: Evidence, pair: DispatchReturn, rule_id: str, name: str) -> ir.Table:
        sent = evidence.bound.store(name, _dispatches(evidence, pair))
        missed = _missed(evidence, pair)
        cases = evidence.bound.cases.select("case_id", "closed", "excluded_rows", "unknown_events")
        rows = sent.inner_join(cases, "case_id").left_join(missed, "case_id").drop("case_id_right")
        rows = with_unseen(evidence, rows, pair.returned_by)
        # The first ones left over are those of which the alignment misses the return.
        open_rank = rows.number - rows.returned
        answered = open_rank <= 0
        owned = rows.owned.fill_null(0)
        rows = rows.filter(answered | (open_rank > owned))
        overdue = rows.closed | (open_rank <= owned + rows.own.fill_null(0))
        return occurrences(
            rows,
            rule_id=rule_id,
            case_id=rows.case_id,
            verdict=ibis.cases(
                (answered, Verdict.CONFORMANT.value),
                (overdue, absence_verdict(rows)),
                else_=Verdict.PENDING.value,
            ),
            reason=ibis.cases(
                (answered, ibis.null("string")), (overdue, absence_reason(rows)), else_="still_open"
            ),
            start_us=rows.t_us,
            anchor=anchor_of(rows.event_id, ibis.literal(pair.dispatched_by), rows.number),
            rows=rows_of(rows.row_no),
        )


def _dispatches(evidence: Evidence, pair: DispatchReturn) -> ir.Table:
    """case_id, row_no, t_us, event_id, number (of the dispatch in its case), returned (dispatches settled).

    Returns come in a queue that cannot run below empty: those that found nothing to settle are the greatest
    surplus of returns over dispatches that there ever was.
    """
    completed = evidence.bound.completed
    events = completed.filter(completed.activity_id.isin([pair.dispatched_by, pair.returned_by]))
    back = events.activity_id == pair.returned_by
    order = [events.t_us, back, events.row_no]  # at one instant a dispatch comes before its return
    so_far = ibis.rows_window(preceding=None, following=0, group_by=events.case_id, order_by=order)
    counted = events.mutate(
        back=back, came=back.cast("int64").sum().over(so_far), sent=(~back).cast("int64").sum().over(so_far)
    )
    settled = counted.group_by("case_id").agg(
        returned=counted.came.max() - ibis.greatest((counted.came - counted.sent).max(), 0)
    )
    dispatches = counted.filter(~counted.back).select(
        "case_id", "row_no", "t_us", "event_id", number=counted.sent
    )
    return dispatches.inner_join(settled, "case_id")


def _missed(evidence: Evidence, pair: DispatchReturn) -> ir.Table:
    """case_id; owned, own: returns that the alignment misses, told as another handoff or left to this one."""
    conformance = evidence.conformance
    moves = conformance.moves
    missing = moves.filter((moves.activity == pair.returned_by) & moves.pos.isnull())
    counted = missing.group_by("variant").agg(
        owned=(missing.deviation.isin(OWNED) | missing.deviation.isnull()).cast("int64").sum(),
        own=(missing.deviation == "unreturned").fill_null(False).cast("int64").sum(),
    )
    joined = conformance.variants.case_variants.inner_join(counted, "variant")
    return joined.select("case_id", "owned", "own")
