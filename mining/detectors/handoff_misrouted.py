"""Misrouted handoffs: received by a role other than the one that the model names."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples, weakest
from mining.findings import Family, Rule, Verdict
from mining.occurrences import anchor_of, occurrences, rows_of
from mining.token_flow import PairState
from mining.units import known_units, logged_units
from reference_models.model import ReferenceModel


class HandoffMisrouted(Detector):
    """A handoff that the wrong role received.

    Meaning: the task that receives the work was done by a unit that the contract maps to another role than
    that of the task's lane. A task that several hand over to counts once, under the last of them.
    Needs: case, activity, time, role (the organisational unit that acted); units in the contract's roles.
    Verdicts: conformant or violated by the unit of the row in which the receiver's task was done; pending
    while the receiver may still act; not determinable where that row names no unit, or one that the contract
    maps to no role. Tasks out of order or too many are deviations and not judged here.
    Source: domain.md, 'Roles and systems' and 'broken handoff' (nobody answers for it).
    Re-perform: look up the unit in the receiver's row, then that unit in the contract's roles:
    `=VLOOKUP(D7, units, 2, FALSE)` over a list of unit and role. Compare it with the lane of the task in the
    diagram. They differ, so the work was misrouted.
    """

    family = Family.HANDOFF
    kinds = ("misrouted",)

    examples: ClassVar[dict[str, Examples]] = {
        "misrouted": Examples(  # the plan is the network centre's
            conforming="""
                case,activity,time,role
                1,受理,2024-03-04 09:00,客户经理
                1,定方案,2024-03-04 11:00,网管中心
            """,
            violating="""
                case,activity,time,role
                1,受理,2024-03-04 09:00,客户经理
                1,定方案,2024-03-04 11:00,规划建设部
            """,
            as_of="2024-03-04T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per receiver's task that was done, or may still be."""
        model = evidence.model
        if not model.handoffs:
            return Detection(not_checked=(self.could_not("misrouted", "not_in_model", ("handoffs",)),))
        if not (logged := logged_units(evidence)):
            return Detection(not_checked=(self.could_not("misrouted", "field_missing", ("role",)),))
        if not (units := known_units(evidence)):
            return Detection(not_checked=(self.could_not("misrouted", "no_known_unit", logged),))
        rows = evidence.bound.store("misrouted_received", _received(evidence, units))
        waiting = rows.state == PairState.WAITING.value
        verdict = ibis.cases(
            (waiting, Verdict.PENDING.value),
            (rows.acted.isnull(), Verdict.NOT_DETERMINABLE.value),
            (rows.acted == rows.receiver_role, Verdict.CONFORMANT.value),
            else_=Verdict.VIOLATED.value,
        )
        reason = ibis.cases(
            (waiting, "still_open"),
            (rows.unit.isnull(), "no_unit"),
            (rows.acted.isnull(), "unknown_unit"),
            else_=ibis.null("string"),
        )
        table = occurrences(
            rows,
            rule_id=rows.rule_id,
            case_id=rows.case_id,
            verdict=verdict,
            reason=reason,
            start_us=rows.sent_us,
            end_us=rows.done_us,
            anchor=anchor_of(rows.event_id, rows.handoff.split("->")[0], rows.ordinal),
            rows=rows_of(rows.sent_row, rows.done_row),
            ambiguous=rows.ambiguous,
        )
        kept = table.filter(table.verdict == Verdict.CONFORMANT.value)
        conformant = kept.group_by("rule_id").agg(n=kept.count())
        others = table.filter(table.verdict != Verdict.CONFORMANT.value)
        return Detection(tuple(self._rules(model)), others, conformant)

    def _rules(self, model: ReferenceModel) -> list[Rule]:
        return [
            self.rule(
                model,
                "misrouted",
                handoff.id,
                weakest(handoff.authority, model.roles[handoff.receiver_role].authority),
                activities=(handoff.sender, handoff.receiver),
                roles=(handoff.sender_role, handoff.receiver_role),
            )
            for handoff in model.handoffs
        ]


def _received(evidence: Evidence, units: dict[str, str]) -> ir.Table:
    """Per case and handoff that took place or waits: who sent it, who did the receiver's task."""
    bound, conformance = evidence.bound, evidence.conformance
    pairs = conformance.pairs
    pairs = pairs.filter(pairs.state.isin([PairState.PAIRED.value, PairState.WAITING.value]))
    last = ibis.row_number().over(
        ibis.window(
            group_by=[pairs.variant, pairs.receiver_pos],
            order_by=[ibis.desc(pairs.sender_pos), pairs.handoff],
        )
    )
    once = pairs.mutate(rank=last).filter(ibis._.receiver_pos.isnull() | (ibis._.rank == 0))
    steps = bound.steps
    sent = steps.select("case_id", "pos", sent_row=steps.row_no, sent_us=steps.t_us, event_id="event_id")
    done = steps.select("case_id", "pos", done_row=steps.row_no, done_us=steps.t_us, unit=steps.role)
    lanes = {handoff.id: handoff.receiver_role for handoff in evidence.model.handoffs}
    joined = (
        once.inner_join(conformance.variants.case_variants, "variant")
        .inner_join(sent, ["case_id", ("sender_pos", "pos")])
        .left_join(done, ["case_id", ("receiver_pos", "pos")])
        .drop("case_id_right")
    )
    return joined.mutate(
        rule_id=ibis.literal("handoff.misrouted:") + joined.handoff,
        receiver_role=joined.handoff.substitute(lanes),
        acted=joined.unit.substitute(units, else_=ibis.null("string")),
    )
