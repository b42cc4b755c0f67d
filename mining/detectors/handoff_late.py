"""Late handoffs: received or accepted after the handoff's limit."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.bound_log import any_of
from mining.deadlines import pause_intervals, paused_time
from mining.detection import Detection, Detector, Evidence, Examples, counted_apart
from mining.findings import Basis, CouldNotCheck, Family, Verdict
from mining.occurrences import (
    absence_reason,
    absence_verdict,
    anchor_of,
    occurrences,
    rows_of,
    with_unseen,
)
from mining.token_flow import PairState
from reference_models.model import Handoff

RECEIPT = ("schedule", "assign", "reassign")
"""Lifecycle transitions by which a receiver is named or work is queued for him."""


OTHERWISE = "otherwise"
"""Reason code of a handoff that is not certain to take place; after a colon what may come instead."""


class HandoffLate(Detector):
    """A handoff received or accepted past its limit (接受 to 受理).

    Meaning: from the sender's completion to the acceptance by the receiver more time passes than the
    handoff's limit. Acceptance is the start of the receiver's task (a start event, or a start time in the
    row) or the contract's `accepted_by`; where only receipt is recorded (an assign or schedule event, or
    `received_by`), receipt is measured. Where the work of several senders meets before the receiver, he can
    begin when the last of it is there: only that handoff is measured, and none while work is missing.
    Needs: case, activity, time; a limit in the contract or in the user's override; start times or events of
    receipt, to decide on work that was completed past the limit.
    Verdicts: conformant within the limit (also if the task was *completed* within it); violated past it,
    also while the case is open; pending while the limit runs; not determinable if only completions are
    recorded and the completion came past the limit, beyond the calendar's last day, where the acceptance
    may be among the case's rejected rows or unknown labels, or while the case is open and the work may also
    go another way (an exclusive choice of a task of any lane, or the end; the reason names them).
    Source: domain.md, 'deadline breach' (the gap between receipt and acceptance) and S1 (a limit on each
    dispatch order).
    Re-perform: take the time of the sender's row and that of the acceptance (or receipt) from the two rows
    named, and count as in docs/re-perform-a-deadline.md: in hours around the clock `=(C3-C2)*24`, in working
    days with NETWORKDAYS; subtract the pauses of the case in between. Compare with the handoff's limit.
    """

    family = Family.HANDOFF
    kinds = ("late",)
    order = 1

    examples: ClassVar[dict[str, Examples]] = {
        "late": Examples(  # the example model allows eight hours
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,接单,2024-03-04 10:00
                1,定方案,2024-03-06 11:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,接单,2024-03-05 10:00
                1,定方案,2024-03-06 11:00
            """,
            as_of="2024-03-06T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per handoff that has a limit."""
        model = evidence.model
        limited = [handoff for handoff in model.handoffs if handoff.limit is not None]
        without = [handoff.id for handoff in model.handoffs if handoff.limit is None]
        not_checked: tuple[CouldNotCheck, ...] = (
            (self.could_not("late", "no_limit_given", without),) if without else ()
        )
        if not limited:
            return Detection(not_checked=not_checked)
        rules, parts = [], []
        pauses = evidence.bound.store("handoff_pauses", self._pauses(evidence))
        for handoff in limited:
            assert handoff.limit is not None
            rules.append(
                self.rule(
                    model,
                    "late",
                    handoff.id,
                    handoff.limit.authority,
                    activities=(handoff.sender, handoff.receiver),
                    roles=(handoff.sender_role, handoff.receiver_role),
                    limit=handoff.limit.value,
                    unit=handoff.limit.unit,
                    rests_on=(Basis("handoff", handoff.authority),),
                )
            )
            parts.append(self._judge(evidence, handoff, rules[-1].id, pauses))
        listed, conformant = counted_apart(ibis.union(*parts) if len(parts) > 1 else parts[0])
        return Detection(tuple(rules), listed, conformant, not_checked)

    def _judge(self, evidence: Evidence, handoff: Handoff, rule_id: str, pauses: ir.Table) -> ir.Table:
        assert handoff.limit is not None
        bound, limit = evidence.bound, handoff.limit
        clock = evidence.clock(limit.unit, evidence.model.idle_calendar)
        taken = with_unseen(
            evidence,
            _taken_up(evidence, handoff),
            *(handoff.receiver, *handoff.received_by, *handoff.accepted_by),
        )
        table = bound.store(f"handoff_taken_{evidence.model.handoffs.index(handoff)}", taken)
        reached = ibis.coalesce(table.taken_us, table.done_us)
        table = table.mutate(reached_us=ibis.coalesce(reached, ibis.literal(bound.as_of_us)))
        table = clock.place(table, "sent_us", "from_axis")
        table = clock.place(table, "reached_us", "to_axis", closing=limit.unit != "hours")
        name = f"handoff_late_{evidence.model.handoffs.index(handoff)}"
        table = bound.store(f"{name}_placed", table)
        span = round(limit.value * clock.step)
        runs = table.mutate(key=table.sent_row, start_us=table.sent_us, until_us=table.reached_us, span=span)
        paused = paused_time(bound, clock, runs, pauses, name)
        table = table.left_join(paused, table.sent_row == paused.key).drop("key")
        table = table.mutate(due_axis=(table.from_axis + span + table.paused.fill_null(0)).cast("int64"))
        table = bound.store(name, clock.instant(table, "due_axis", "due_us"))
        past = table.to_axis > table.due_axis
        unknown = table.from_axis.isnull() | table.to_axis.isnull()
        recorded = ibis.literal(_acceptance_is_recorded(evidence, handoff))
        undecided = table.alternatives.notnull()
        if not _shares_its_marks(evidence, handoff):
            undecided &= table.taken_us.isnull()  # who takes the work up has been chosen
        unrecorded = past & table.taken_us.isnull() & ~recorded
        verdict = ibis.cases(
            (unknown | unrecorded | (past & undecided), Verdict.NOT_DETERMINABLE.value),
            (past & table.taken_us.isnull(), absence_verdict(table)),
            (past & table.unseen, Verdict.NOT_DETERMINABLE.value),
            (past, Verdict.VIOLATED.value),
            (reached_is_null(table), Verdict.PENDING.value),
            else_=Verdict.CONFORMANT.value,
        )
        reason = ibis.cases(
            (unknown, "calendar_ends"),
            (past & undecided, ibis.literal(f"{OTHERWISE}:") + table.alternatives),
            (unrecorded, "acceptance_not_recorded"),
            (past & table.taken_us.isnull(), absence_reason(table)),
            (past & table.unseen, "one_time_per_milestone"),
            (~past & reached_is_null(table), "in_time"),
            else_=ibis.null("string"),
        )
        return occurrences(
            table,
            rule_id=rule_id,
            case_id=table.case_id,
            verdict=verdict,
            reason=reason,
            measure=(table.to_axis - table.from_axis - table.paused.fill_null(0)) / clock.step,
            limit=limit.value,
            start_us=table.sent_us,
            due_us=table.due_us,
            end_us=ibis.coalesce(table.taken_us, table.done_us),
            anchor=anchor_of(table.event_id, ibis.literal(handoff.sender), table.ordinal),
            rows=rows_of(table.sent_row, table.taken_row, table.done_row),
            ambiguous=table.ambiguous,
        )

    def _pauses(self, evidence: Evidence) -> ir.Table:
        """While the customer is not ready nobody owes the next step: all pauses of the model's clocks."""
        pauses = tuple(pause for deadline in evidence.model.deadlines for pause in deadline.pauses)
        return pause_intervals(evidence, pauses)


def reached_is_null(table: ir.Table) -> ir.BooleanValue:
    """Neither acceptance nor completion is recorded."""
    return table.taken_us.isnull() & table.done_us.isnull()


def _acceptance_is_recorded(evidence: Evidence, handoff: Handoff) -> bool:
    """Whether the log would show that the receiver took the work up before completing it."""
    bound = evidence.bound
    return bool(
        {"start", *RECEIPT} & bound.lifecycles
        or "start_us" in bound.fields
        or "start" in bound.fields
        or bound.activities_seen & {*handoff.received_by, *handoff.accepted_by}
    )


def _shares_its_marks(evidence: Evidence, handoff: Handoff) -> bool:
    """Whether what records receipt or acceptance may as well be that of another receiver of the sender."""
    own = {*handoff.received_by, *handoff.accepted_by}
    return any(
        own & {*other.received_by, *other.accepted_by}
        for other in evidence.model.handoffs
        if other.sender == handoff.sender and other.id != handoff.id
    )


def _taken_up(evidence: Evidence, handoff: Handoff) -> ir.Table:
    """Per handoff that took place or waits: when it was sent, taken up (accepted, else received), done."""
    bound, conformance = evidence.bound, evidence.conformance
    pairs = conformance.pairs.filter(
        (conformance.pairs.handoff == handoff.id)
        & conformance.pairs.state.isin([PairState.PAIRED.value, PairState.WAITING.value])
        & conformance.pairs.last
    )
    steps = bound.steps
    sent = steps.select("case_id", "pos", sent_row=steps.row_no, sent_us=steps.t_us, event_id="event_id")
    done = steps.select(
        "case_id", "pos", done_row=steps.row_no, done_us=steps.t_us, started_us=steps.start_us
    )
    placed = (
        pairs.inner_join(conformance.variants.case_variants, "variant")
        .inner_join(sent, ["case_id", ("sender_pos", "pos")])
        .left_join(done, ["case_id", ("receiver_pos", "pos")])
        .drop("case_id_right")
        .drop("before_pos", "after_pos")
        .inner_join(bound.cases.select("case_id", "excluded_rows", "unknown_events"), "case_id")
    )
    marks = _marks(evidence, handoff)
    near = placed.left_join(
        marks,
        [
            placed.case_id == marks.mark_case,
            marks.mark_us >= placed.sent_us,
            placed.done_us.isnull() | (marks.mark_us <= placed.done_us),
        ],
    )
    keys = [
        "case_id",
        "sender_pos",
        "state",
        "alternatives",
        "ordinal",
        "ambiguous",
        "event_id",
        "sent_row",
        "sent_us",
        "done_row",
        "done_us",
        "started_us",
        "excluded_rows",
        "unknown_events",
    ]
    accepted = near.mark_us.min(where=near.accepts)
    received = near.mark_us.min()
    grouped = near.group_by(keys).agg(accepted_us=accepted, received_us=received)
    # A row's own start time can lie before the sender's completion: the work was taken up at once.
    # (`greatest` alone would skip a missing start.)
    in_order = ibis.greatest(grouped.started_us, grouped.sent_us)
    started = ibis.ifelse(grouped.started_us.notnull(), in_order, ibis.null("int64"))
    taken = ibis.coalesce(grouped.accepted_us, started, grouped.received_us)
    grouped = grouped.mutate(taken_us=taken)
    first_mark = marks.group_by("mark_case", "mark_us").agg(taken_row=marks.mark_row.min())
    return grouped.left_join(
        first_mark, [grouped.case_id == first_mark.mark_case, grouped.taken_us == first_mark.mark_us]
    ).drop("mark_case", "mark_us")


def _marks(evidence: Evidence, handoff: Handoff) -> ir.Table:
    """Events of receipt and acceptance: mark_case, mark_us, mark_row, accepts."""
    events = evidence.bound.events
    starts = (events.activity_id == handoff.receiver) & (events.lifecycle == "start")
    accepts = any_of([starts, events.activity_id.isin(handoff.accepted_by or ("",))])
    queued = (events.activity_id == handoff.receiver) & events.lifecycle.isin(RECEIPT)
    receives = any_of([queued, events.activity_id.isin(handoff.received_by or ("",))])
    return events.filter(accepts | receives).select(
        mark_case=events.case_id,
        mark_us=events.t_us,
        mark_row=events.row_no,
        accepts=accepts.fill_null(False),
    )
