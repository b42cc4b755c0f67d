"""Early end: a closed case that stopped before the process does."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import Family
from mining.occurrences import absence_reason, absence_verdict, occurrences, rows_of


class DeviationEarlyEnd(Detector):
    """A case that was closed before the end of the process.

    Meaning: the case is closed (one of the contract's `ends` came), and the run of the model that it comes
    nearest to needs more tasks after the case's last event. They are one early end, named after the last
    event that has its place in the run; a task among them that somebody handed over is a dropped handoff and
    told there, as is one that was done earlier, out of order.
    Needs: case, activity, time; `ends` in the contract.
    Verdicts: per closed case violated or conformant; not determinable where the case has rejected rows or
    unknown labels, or where the export keeps one time per milestone and the missing ones may have come again.
    An open case is asked for no end.
    Source: Adriansyah 2014 (alignments); design.md, 'Findings'.
    Re-perform: filter the export to the case and sort by time; take the last row whose task the diagram has
    at that place. Follow the arrows of the diagram from there: they do not lead to an end event without
    another task, and no later row of the case is one.
    """

    family = Family.DEVIATION
    kinds = ("early_end",)
    order = 1

    examples: ClassVar[dict[str, Examples]] = {
        "early_end": Examples(  # signed off beforehand; after the plan nobody did anything
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            violating="""
                case,activity,time
                1,验收,2024-03-04 08:00
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
            """,
            as_of="2024-03-08T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per closed case."""
        model, bound = evidence.model, evidence.bound
        if not model.ends:
            return Detection(not_checked=(self.could_not("early_end", "not_in_model", ("ends",)),))
        rules = [
            self.rule(model, "early_end", activity.id, activity.authority, activities=(activity.id,))
            for activity in model.activities.values()
            if activity.in_flow
        ]
        cases = bound.cases.filter(bound.cases.closed).select("case_id", "excluded_rows", "unknown_events")
        closed = cases.inner_join(evidence.conformance.variants.case_variants, "case_id")
        closed = closed.inner_join(_lasts(evidence), "variant")
        tails = _tails(evidence)
        kept = closed.anti_join(tails, "variant")
        conformant = kept.group_by(rule_id=ibis.literal("deviation.early_end:") + kept.activity).agg(
            n=ibis._.count()
        )
        steps = bound.steps
        place = steps.select("case_id", place_row=steps.row_no, place_us=steps.t_us, place_pos=steps.pos)
        final = steps.select("case_id", final_row=steps.row_no, final_pos=steps.pos)
        rows = (
            closed.inner_join(tails, "variant")
            .inner_join(place, ["case_id", ("pos", "place_pos")])
            .inner_join(final, ["case_id", ("before_pos", "final_pos")])
        )
        table = occurrences(
            rows,
            rule_id=ibis.literal("deviation.early_end:") + rows.activity,
            case_id=rows.case_id,
            verdict=absence_verdict(rows),
            reason=absence_reason(rows),
            start_us=rows.place_us,
            anchor="end",
            rows=rows_of(rows.place_row, rows.final_row.nullif(rows.place_row)),
            ambiguous=rows.ambiguous,
        )
        return Detection(tuple(rules), table, conformant)


def _lasts(evidence: Evidence) -> ir.Table:
    """variant, pos, activity: the last event in its place; where none is, the last of a task of the model."""
    moves = evidence.conformance.moves
    known = (moves.kind == "log") & (moves.deviation != "unknown")
    last = moves.group_by("variant").agg(
        pos=ibis.coalesce(moves.pos.max(where=moves.kind == "sync"), moves.pos.max(where=known))
    )
    return last.inner_join(moves.select("variant", "pos", "activity"), ["variant", "pos"])


def _tails(evidence: Evidence) -> ir.Table:
    """variant, before_pos, ambiguous, unseen: of those whose run goes on after the last event."""
    moves = evidence.conformance.moves
    missing = moves.filter(moves.deviation == "early_end")
    return missing.group_by("variant").agg(
        before_pos=missing.before_pos.max(),
        ambiguous=missing.ambiguous.any(),
        unseen=(missing.kind == "unseen").all(),
    )
