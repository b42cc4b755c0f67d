"""Unsent handoffs: the receiver acted, the sender never did."""

from __future__ import annotations

from typing import ClassVar

import ibis

from mining.detection import Detection, Detector, Evidence, Examples, weakest
from mining.findings import Basis, CouldNotCheck, Family, Rule
from mining.occurrences import absence_reason, absence_verdict, anchor_of, occurrences, rows_of
from mining.token_flow import PairState
from reference_models.model import ReferenceModel


class HandoffUnsent(Detector):
    """A handoff that nobody sent (流程脱节): the work went around the sender.

    Meaning: the receiver's task was done, and the task that must hand over to it never was. Where somebody
    had handed over to the missing task, it is a dropped handoff and told there; where it hands over to
    several, its first receiver counts. So one missing event is one broken handoff.
    Needs: case, activity, time.
    Verdicts: violated, if the alignment misses the sender; conformant, if the sender acted (also out of
    order); not determinable, where the case has rejected rows or labels that the model does not know, either
    of which could be the sender, or where the export keeps one time per milestone and shows the sender's of
    another round. What came before the window is not asked for. Never pending: the receiver has acted.
    Source: domain.md, 'broken handoff' (stations' interfaces unclear); design.md, 'Who owns a deviation?'.
    Re-perform: filter the export to the case and sort by time. The receiver's row is there. No row bears a
    name of the sender's activity: `=COUNTIFS(case, A2, activity, "…")` over its spellings gives 0 (in a loop:
    fewer than of the receiver). If the task before the sender is another role's, it has no row either.
    """

    family = Family.HANDOFF
    kinds = ("unsent",)

    examples: ClassVar[dict[str, Examples]] = {
        "unsent": Examples(  # tested, though the works never said that anything was built
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,测试,2024-03-06 09:00
            """,
            as_of="2024-03-06T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per missing sender of a task that was done."""
        model, bound = evidence.model, evidence.bound
        if not model.handoffs:
            return Detection(not_checked=(self.could_not("unsent", "not_in_model", ("handoffs",)),))
        conformance = evidence.conformance
        pairs = conformance.pairs.mutate(rule_id=ibis.literal("handoff.unsent:") + conformance.pairs.handoff)
        case_variants = conformance.variants.case_variants
        sizes = case_variants.group_by("variant").agg(cases=case_variants.count())
        kept = pairs.filter(pairs.state.isin([PairState.PAIRED.value, PairState.OUT_OF_ORDER.value]))
        conformant = kept.inner_join(sizes, "variant").group_by("rule_id").agg(n=ibis._.cases.sum())
        steps = bound.steps
        done = steps.select("case_id", "pos", done_row=steps.row_no, done_us=steps.t_us, event_id="event_id")
        before = steps.select("case_id", "pos", before_row=steps.row_no, before_us=steps.t_us)
        rows = (
            pairs.filter(pairs.state == PairState.UNSENT.value)
            .inner_join(case_variants, "variant")
            .inner_join(done, ["case_id", ("receiver_pos", "pos")])
            .left_join(before, ["case_id", ("before_pos", "pos")])
            .drop("case_id_right")
            .inner_join(bound.cases.select("case_id", "excluded_rows", "unknown_events"), "case_id")
        )
        receiver = rows.handoff.split("->")[1]
        table = occurrences(
            rows,
            rule_id=rows.rule_id,
            case_id=rows.case_id,
            verdict=absence_verdict(rows),
            reason=absence_reason(rows),
            start_us=rows.before_us,
            end_us=rows.done_us,
            anchor=anchor_of(rows.event_id, receiver, rows.ordinal),
            rows=rows_of(rows.before_row, rows.done_row),
            ambiguous=rows.ambiguous,
        )
        return Detection(tuple(self._rules(model)), table, conformant, tuple(self._unrecorded(evidence)))

    def _rules(self, model: ReferenceModel) -> list[Rule]:
        return [
            self.rule(
                model,
                "unsent",
                handoff.id,
                weakest(handoff.authority, model.activities[handoff.sender].authority),
                activities=(handoff.sender, handoff.receiver),
                roles=(handoff.sender_role, handoff.receiver_role),
                rests_on=(
                    Basis("handoff", handoff.authority),
                    Basis("sender", model.activities[handoff.sender].authority),
                ),
            )
            for handoff in model.handoffs
        ]

    def _unrecorded(self, evidence: Evidence) -> list[CouldNotCheck]:
        """Receivers of which the log records no sender at all: told, because every case will look unsent."""
        seen = evidence.bound.activities_seen
        senders: dict[str, set[str]] = {}
        for handoff in evidence.model.handoffs:
            senders.setdefault(handoff.receiver, set()).add(handoff.sender)
        never = [each for receiver in senders.keys() & seen if not (each := senders[receiver]) & seen]
        return [self.could_not("unsent", "no_events", sorted(set().union(*never)))] if never else []
