"""Dropped handoffs: the sender was done, the receiver never came."""

from __future__ import annotations

from typing import ClassVar

import ibis

from mining.detection import Detection, Detector, Evidence, Examples, weakest
from mining.findings import Basis, CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import absence_reason, absence_verdict, anchor_of, occurrences, rows_of
from mining.token_flow import PairState
from reference_models.model import ReferenceModel


class HandoffDropped(Detector):
    """A handoff that nobody received (流程脱节).

    Meaning: the sender's task is done and the case went on, or ended, without the receiver's task. Where
    several senders meet before the receiver, the handoff of the last of them counts.
    Needs: case, activity, time.
    Verdicts: violated, if the alignment misses the receiver; conformant, if the receiver acted (also out of
    order); pending, while the case is open and the receiver may still act (each one, where the process has
    yet to choose among receivers); not determinable, where the case has rejected rows or labels that the
    model does not know, either of which could be the receiver, or where the export keeps one time per
    milestone and shows the receiver's of another round.
    Source: domain.md, 'broken handoff'; design.md, 'What is a handoff?'.
    Re-perform: filter the export to the case and sort by time. The sender's row is there; count the rows of
    the receiver from that time on, over all spellings of its name: `=COUNTIFS(case, A2, activity, "…", time,
    ">="&C2)` gives 0. A later row of another task, or the closing one, shows that the case went on.
    """

    family = Family.HANDOFF
    kinds = ("dropped",)

    examples: ClassVar[dict[str, Examples]] = {
        "dropped": Examples(
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
            """,
            as_of="2024-03-06T09:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per completed sender of every handoff."""
        model, bound = evidence.model, evidence.bound
        if not model.handoffs:
            return Detection(not_checked=(self.could_not("dropped", "not_in_model", ("handoffs",)),))
        conformance = evidence.conformance
        pairs = conformance.pairs.mutate(rule_id=ibis.literal("handoff.dropped:") + conformance.pairs.handoff)
        case_variants = conformance.variants.case_variants
        kept = pairs.filter(pairs.state.isin([PairState.PAIRED.value, PairState.OUT_OF_ORDER.value]))
        sizes = case_variants.group_by("variant").agg(cases=case_variants.count())
        conformant = kept.inner_join(sizes, "variant").group_by("rule_id").agg(n=ibis._.cases.sum())
        open_pairs = pairs.filter(pairs.state.isin([PairState.DROPPED.value, PairState.WAITING.value]))
        steps = bound.steps
        sent = steps.select("case_id", "pos", sent_row=steps.row_no, sent_us=steps.t_us, event_id="event_id")
        next_step = steps.select("case_id", "pos", next_row=steps.row_no, next_us=steps.t_us)
        rows = (
            open_pairs.inner_join(case_variants, "variant")
            .inner_join(sent, ["case_id", ("sender_pos", "pos")])
            .left_join(next_step, ["case_id", ("after_pos", "pos")])
            .drop("case_id_right")
            .inner_join(bound.cases.select("case_id", "excluded_rows", "unknown_events"), "case_id")
        )
        waiting = rows.state == PairState.WAITING.value
        sender = rows.handoff.split("->")[0]
        table = occurrences(
            rows,
            rule_id=rows.rule_id,
            case_id=rows.case_id,
            verdict=ibis.ifelse(waiting, Verdict.PENDING.value, absence_verdict(rows)),
            reason=ibis.ifelse(waiting, "still_open", absence_reason(rows)),
            start_us=rows.sent_us,
            anchor=anchor_of(rows.event_id, sender, rows.ordinal),
            rows=rows_of(rows.sent_row, rows.next_row),
            ambiguous=rows.ambiguous,
        )
        return Detection(tuple(self._rules(model)), table, conformant, tuple(self._unrecorded(evidence)))

    def _rules(self, model: ReferenceModel) -> list[Rule]:
        return [
            self.rule(
                model,
                "dropped",
                handoff.id,
                weakest(
                    handoff.authority,
                    model.activities[handoff.receiver].authority,
                ),
                activities=(handoff.sender, handoff.receiver),
                roles=(handoff.sender_role, handoff.receiver_role),
                rests_on=(
                    Basis("handoff", handoff.authority),
                    Basis("receiver", model.activities[handoff.receiver].authority),
                ),
            )
            for handoff in model.handoffs
        ]

    def _unrecorded(self, evidence: Evidence) -> list[CouldNotCheck]:
        """Receivers that the log never records at all: told, because every case will look dropped."""
        seen = evidence.bound.activities_seen
        never = [h.receiver for h in evidence.model.handoffs if h.sender in seen and h.receiver not in seen]
        return [self.could_not("dropped", "no_events", sorted(set(never)))] if never else []
