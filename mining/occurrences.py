"""The occurrence table: one form for the obligations of all families."""

from __future__ import annotations

from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from mining.findings import OCCURRENCE_COLUMNS, Verdict
from reference_models.model import ReferenceModel

_TYPES = {name: kind for name, kind in OCCURRENCE_COLUMNS.items() if name != "fingerprint"}
_DEFAULTS: dict[str, object] = {"ambiguous": False}

Value: TypeAlias = "ir.Value | str | float | bool | None"


def occurrences(table: ir.Table, **columns: Value) -> ir.Table:
    """Select the columns of an occurrence table; those not named are null (`ambiguous`: false).

    Raises TypeError for a column that OCCURRENCE_COLUMNS does not have.
    """
    if unknown := set(columns) - set(_TYPES):
        raise TypeError(f"no occurrence columns: {sorted(unknown)}")
    return table.select(
        **{name: _typed(columns.get(name, _DEFAULTS.get(name)), kind) for name, kind in _TYPES.items()}
    )


def _typed(value: Value, kind: str) -> ir.Value:
    if value is None:
        return ibis.null(kind)
    return (value if isinstance(value, ir.Value) else ibis.literal(value)).cast(kind)


def rows_of(*row_numbers: ir.Value) -> ir.Value:
    """The evidence of an occurrence from single row numbers, nulls left out."""
    return ibis.array([row.cast("int64") for row in row_numbers]).filter(lambda row: row.notnull())


def anchor_of(event_id: ir.StringValue, activity: ir.StringValue, ordinal: ir.IntegerValue) -> ir.StringValue:
    """The anchor event's id, else 'activity#ordinal': survives a later, longer export."""
    return ibis.coalesce(event_id, activity + "#" + ordinal.cast("string"))


def subject_of(rule_id: ir.StringValue) -> ir.StringValue:
    """'family:subject' of 'family.kind:subject': the identity that kinds of one obligation share."""
    family = rule_id.split(".")[0]
    return family + ":" + rule_id.substr(rule_id.find(":") + 1)


def with_fingerprint(table: ir.Table, model: ReferenceModel, source: ir.StringValue) -> ir.Table:
    """Add the fingerprint of every occurrence.

    SHA-256 over model id, family and subject of the rule, source, case id and anchor; no kind, verdict,
    measure, time, wording or version, so that 'overdue' turning 'late' is a change and not a new finding.
    """
    parts = [
        ibis.literal(model.id),
        subject_of(table.rule_id),
        source,
        table.case_id,
        table.anchor,
    ]
    text = ibis.literal("\x1f").join(parts)
    return table.mutate(fingerprint=text.hexdigest("sha256").substr(0, 20))


def absence_verdict(table: ir.Table) -> ir.StringValue:
    """Something is missing: violated, unless the case has rows that could be the missing ones.

    `table` has excluded_rows and unknown_events of the case, and `unseen`: whether what is missing may have
    come without a trace in the export (`with_unseen`).
    """
    clean = (table.excluded_rows == 0) & (table.unknown_events == 0) & ~table.unseen
    return ibis.ifelse(clean, Verdict.VIOLATED.value, Verdict.NOT_DETERMINABLE.value)


def absence_reason(table: ir.Table) -> ir.StringValue:
    """Why an absence cannot be told; null where it can."""
    return ibis.cases(
        (table.excluded_rows > 0, "excluded_rows"),
        (table.unknown_events > 0, "unknown_activity"),
        (table.unseen, "one_time_per_milestone"),
        else_=ibis.null("string"),
    )


def with_unseen(evidence: Evidence, table: ir.Table, *activities: str, into: str = "unseen") -> ir.Table:
    """Add the column `into`: whether one of the activities may have come once more than the export shows.

    An export with one cell per milestone keeps one time of each, so where the cell is filled and the model
    lets the activity come again, a further occurrence leaves no trace. Always false for exports with a row
    per event.
    """
    again = evidence.conformance.unseen & set(activities)
    if not again:
        return table.mutate(**{into: ibis.literal(False)})
    events = evidence.bound.events
    events = events.filter(events.activity_id.isin(sorted(again)))
    filled = events.select("case_id").distinct().mutate(**{into: ibis.literal(True)})
    joined = table.left_join(filled, "case_id").drop("case_id_right")
    return joined.mutate(**{into: joined[into].fill_null(False)})
