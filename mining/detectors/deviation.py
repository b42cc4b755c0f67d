"""Deviations: what the alignment shows beyond the other families."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import Family, Rule, Verdict
from mining.occurrences import absence_reason, absence_verdict, anchor_of, occurrences, rows_of
from reference_models.model import Authority, Standing

_WHOLE = """
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """
"""The example model's run without a detour."""


class Deviation(Detector):
    """A case that went another way than the model.

    Meaning, per task of the model: *skipped*, the run needs the task and the log lacks it; *inserted*, an
    event of a task where the model has no place for it; *repeated*, an event of a task that was also done
    where it belongs; *swapped*, the task was done, but out of order. *Unknown*: an event whose label is no
    activity of the model. A missing receiver or sender of a handoff, a missing return order, what is missing
    at an early end, and an event that a ping-pong or a duplicate order explains belong to those findings and
    are not counted again.
    Needs: case, activity, time.
    Verdicts: violated or conformant; a *skipped* task is not determinable where the case has rejected rows
    or unknown labels, or where the export keeps one time per milestone and shows another one of it.
    `ambiguous` marks a deviation that another optimal alignment does without.
    Source: Adriansyah 2014 (alignments); design.md, 'Who owns a deviation?'.
    Re-perform: filter the export to the case and sort by time. Follow the arrows of the diagram and tick off
    a row for each task: a task that the way needs and no row bears is skipped, a row that no task takes is
    inserted (repeated, if its task was ticked off elsewhere; swapped, if it is the one that was needed).
    Choose the way with fewest of them; where two ways have as few, the finding says 'ambiguous'.
    """

    family = Family.DEVIATION
    kinds = ("skipped", "inserted", "repeated", "swapped", "unknown")

    examples: ClassVar[dict[str, Examples]] = {
        "skipped": Examples(  # request dropped, test unsent; and between them nobody built
            conforming=_WHOLE,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,验收,2024-03-07 09:00
            """,
            as_of="2024-03-08T12:00+08:00",
        ),
        "inserted": Examples(  # a test before anything was built, and none since
            conforming=_WHOLE,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,测试,2024-03-04 12:00
                1,采购要求,2024-03-04 14:00
            """,
            as_of="2024-03-08T12:00+08:00",
        ),
        "repeated": Examples(  # the request comes twice
            conforming=_WHOLE,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,采购要求,2024-03-04 15:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            as_of="2024-03-08T12:00+08:00",
        ),
        "swapped": Examples(  # built before the request was made
            conforming=_WHOLE,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,施工,2024-03-04 12:00
                1,采购要求,2024-03-04 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            as_of="2024-03-08T12:00+08:00",
        ),
        "unknown": Examples(  # no activity of the model
            conforming=_WHOLE,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,神秘环节,2024-03-04 12:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,验收,2024-03-07 09:00
            """,
            as_of="2024-03-08T12:00+08:00",
        ),
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per task instance of the run (skipped) and per event (all others)."""
        moves = evidence.conformance.moves
        deviating = moves.filter(moves.deviation.isin(self.kinds))
        rows = evidence.bound.store("deviations", self._placed(evidence, deviating))
        if evidence.explained is not None:
            owned = evidence.explained.distinct()
            rows = rows.anti_join(owned.filter(owned.row_no.notnull()), "row_no")
        skipped = rows.deviation == "skipped"
        table = occurrences(
            rows,
            rule_id=ibis.literal("deviation.") + rows.deviation + ":" + rows.activity,
            case_id=rows.case_id,
            verdict=ibis.ifelse(skipped, absence_verdict(rows), Verdict.VIOLATED.value),
            reason=ibis.ifelse(skipped, absence_reason(rows), ibis.null("string")),
            start_us=ibis.coalesce(rows.t_us, rows.before_us),
            end_us=ibis.coalesce(rows.t_us, rows.after_us),
            anchor=ibis.ifelse(
                skipped,
                ibis.literal("missing:") + rows.activity + "#" + rows.ordinal.cast("string"),
                anchor_of(rows.event_id, rows.activity, rows.ordinal),
            ),
            rows=ibis.ifelse(skipped, rows_of(rows.before_row, rows.after_row), rows_of(rows.row_no)),
            ambiguous=rows.ambiguous,
        )
        return Detection(tuple(self._rules(evidence)), table, self._conformant(evidence))

    def _placed(self, evidence: Evidence, deviating: ir.Table) -> ir.Table:
        """Moves of the variants as rows of their cases, with the events around them."""
        bound = evidence.bound
        steps = bound.steps
        at = steps.select("case_id", "row_no", "t_us", "event_id", at_pos="pos")
        before = steps.select("case_id", before_row="row_no", before_us="t_us", b_pos="pos")
        after = steps.select("case_id", after_row="row_no", after_us="t_us", a_pos="pos")
        cases = bound.cases.select("case_id", "excluded_rows", "unknown_events")
        return (
            deviating.inner_join(evidence.conformance.variants.case_variants, "variant")
            .left_join(at, ["case_id", ("pos", "at_pos")])
            .drop("case_id_right", "at_pos")
            .left_join(before, ["case_id", ("before_pos", "b_pos")])
            .drop("case_id_right", "b_pos")
            .left_join(after, ["case_id", ("after_pos", "a_pos")])
            .drop("case_id_right", "a_pos")
            .inner_join(cases, "case_id")
            .mutate(unseen=ibis._.kind == "unseen")
        )

    def _rules(self, evidence: Evidence) -> list[Rule]:
        model = evidence.model
        rules = [
            self.rule(model, kind, activity.id, activity.authority, activities=(activity.id,))
            for activity in model.activities.values()
            if activity.in_flow
            for kind in self.kinds
            if kind != "unknown"
        ]
        # That a label is unknown says nothing of the process: the mapping may be what lacks.
        authority = Authority(Standing.INFERRED)
        return rules + [
            self.rule(model, "unknown", each.label, authority, label=each.label)
            for each in evidence.bound.unknown_labels
        ]

    def _conformant(self, evidence: Evidence) -> ir.Table:
        """Every event of a task in its place conforms to the rules of that task."""
        moves, case_variants = evidence.conformance.moves, evidence.conformance.variants.case_variants
        sizes = case_variants.group_by("variant").agg(cases=case_variants.count())
        kept = moves.filter(moves.kind == "sync").inner_join(sizes, "variant")
        per_task = kept.group_by("activity").agg(n=kept.cases.sum())
        parts = [
            per_task.select(rule_id=ibis.literal(f"deviation.{kind}:") + per_task.activity, n=per_task.n)
            for kind in self.kinds
            if kind != "unknown"
        ]
        return ibis.union(*parts)
