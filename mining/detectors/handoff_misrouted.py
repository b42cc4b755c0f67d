"""Misrouted handoffs: received by a role other than the one that the model names."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples, weakest
from mining.findings import Basis, Family, Rule, Verdict
from mining.occurrences import anchor_of, occurrences, rows_of
from mining.places import places
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
        pairs = evidence.bound.store("misrouted_pairs", _pairs(evidence))
        conformant, rest = _settled(evidence, pairs, units)
        rows = evidence.bound.store("misrouted_received", _received(evidence, rest, units))
        waiting = rows.state == PairState.WAITING.value
        verdict = ibis.cases(
            (waiting, Verdict.PENDING.value),
            (rows.acted.isnull(), Verdict.NOT_DETERMINABLE.value),
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
        return Detection(tuple(self._rules(model)), table, conformant)

    def _rules(self, model: ReferenceModel) -> list[Rule]:
        return [
            self.rule(
                model,
                "misrouted",
                handoff.id,
                weakest(handoff.authority, model.roles[handoff.receiver_role].authority),
                activities=(handoff.sender, handoff.receiver),
                roles=(handoff.sender_role, handoff.receiver_role),
                rests_on=(
                    Basis("handoff", handoff.authority),
                    Basis("role", model.roles[handoff.receiver_role].authority),
                ),
            )
            for handoff in model.handoffs
        ]


def _pairs(evidence: Evidence) -> ir.Table:
    """Columns of PAIR_COLUMNS, rule_id and receiver_role: the handoffs that took place or wait, of each
    variant; a task that several hand over to counts once."""
    pairs = evidence.conformance.pairs
    pairs = pairs.filter(pairs.state.isin([PairState.PAIRED.value, PairState.WAITING.value]))
    last = ibis.row_number().over(
        ibis.window(
            group_by=[pairs.variant, pairs.receiver_pos],
            order_by=[ibis.desc(pairs.sender_pos), pairs.handoff],
        )
    )
    once = pairs.mutate(rank=last).filter(ibis._.receiver_pos.isnull() | (ibis._.rank == 0)).drop("rank")
    lanes = {handoff.id: handoff.receiver_role for handoff in evidence.model.handoffs}
    return once.mutate(
        rule_id=ibis.literal("handoff.misrouted:") + once.handoff,
        receiver_role=once.handoff.substitute(lanes),
    )


def _settled(evidence: Evidence, pairs: ir.Table, units: dict[str, str]) -> tuple[ir.Table, ir.Table]:
    """rule_id and n of what the right role received, counted place by place; and the pairs for which some
    case has yet to be looked at."""
    done = places(evidence).select("variant", at="pos", unit="role", n="n")
    judged = pairs.left_join(done, [pairs.variant == done.variant, pairs.receiver_pos == done["at"]])
    right = (_acted(judged, units) == judged.receiver_role).fill_null(False)
    kept = judged.filter(right)
    rest = judged.filter(~right).select(*pairs.columns).distinct()
    return kept.group_by("rule_id").agg(n=kept.n.sum()), rest


def _received(evidence: Evidence, pairs: ir.Table, units: dict[str, str]) -> ir.Table:
    """Per case and pair that the right role did not receive: who sent it, who did the receiver's task."""
    steps = evidence.bound.steps
    sent = steps.select("case_id", "pos", sent_row=steps.row_no, sent_us=steps.t_us, event_id="event_id")
    done = steps.select("case_id", "pos", done_row=steps.row_no, done_us=steps.t_us, unit=steps.role)
    joined = (
        pairs.inner_join(evidence.conformance.variants.case_variants, "variant")
        .left_join(done, ["case_id", ("receiver_pos", "pos")])
        .drop("case_id_right", "pos")
    )
    joined = joined.mutate(acted=_acted(joined, units))
    wrong = joined.filter((joined.acted != joined.receiver_role).fill_null(True))
    return wrong.inner_join(sent, ["case_id", ("sender_pos", "pos")])


def _acted(table: ir.Table, units: dict[str, str]) -> ir.StringValue:
    return table.unit.substitute(units, else_=ibis.null("string"))
