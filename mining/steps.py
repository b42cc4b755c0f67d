"""Steps: the events that make up traces, in their order, each with what came before it."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import pandas as pd

from logs.event_log import EventLog
from mining.uploads import upload

UNFINISHED = ("schedule", "assign", "reassign", "start", "suspend", "resume", "withdraw")
"""Lifecycle transitions of the XES standard after which the activity is not yet completed."""
LOG_STEPS = "log_steps"


def lifecycles(log: EventLog) -> frozenset[str]:
    """The values of the lifecycle that occur."""
    if "lifecycle" not in log.provenance.fields:
        return frozenset()
    values = log.events.select("lifecycle").distinct().execute()["lifecycle"]
    return frozenset(str(value) for value in values if value is not None and value == value)


def completing(events: ir.Table, values: Iterable[str]) -> ir.Table:
    """The events that complete an activity; without 'complete' among the lifecycle's values, all of them."""
    if "complete" not in values:
        return events
    return events.filter(events.lifecycle.isnull() | ~events.lifecycle.isin(UNFINISHED))


def in_order(taken: ir.Table) -> ir.Table:
    """Number the events of each case by t_us, then row_no.

    `taken`: case_id, row_no, t_us, code (of the step), role, and more that is kept. Added: pos (from 0),
    before (the code of the step before; null for the first), before_role, wait_us (since the step before).
    """
    order = ibis.window(group_by="case_id", order_by=[taken.t_us, taken.row_no])
    return taken.mutate(
        pos=ibis.row_number().over(order).cast("int64"),
        before=taken.code.lag().over(order),
        before_role=taken.role.lag().over(order),
        wait_us=taken.t_us - taken.t_us.lag().over(order),
    )


def log_steps(log: EventLog) -> tuple[ir.Table, list[str]]:
    """The steps of a log without a model, labelled as they are: case_id, row_no, t_us, code, role and what
    `in_order` adds; and the labels in the order of their codes."""
    alphabet = sorted(log.events.select("activity").distinct().execute()["activity"])
    frame = pd.DataFrame({"label": alphabet, "code": range(len(alphabet))})
    codes = upload(log, "label_codes", frame, {"label": "string", "code": "int32"})
    taken = completing(log.events, lifecycles(log))
    coded = taken.inner_join(codes, taken.activity == codes.label)
    steps = in_order(coded.select("case_id", "row_no", "t_us", "code", "role"))
    return log.backend.create_table(LOG_STEPS, steps, overwrite=True), alphabet
