"""The worst occurrences of each rule, with everything a report says of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from mining.findings import Occurrence, Verdict


def worst_occurrences(violated: ir.Table, number: int) -> dict[str, list[Occurrence]]:
    """Per rule the worst `number` violated occurrences: by overrun, then amount, then case, then anchor."""
    overrun = violated.measure - violated["limit"]
    ranked = violated.mutate(
        rank=ibis.row_number().over(
            group_by="rule_id",
            order_by=[
                ibis.desc(overrun.fill_null(float("-inf"))),
                ibis.desc(violated.amount.fill_null(float("-inf"))),
                violated.case_id,
                violated.anchor,
            ],
        )
    )
    frame = ranked.filter(ranked.rank < number).order_by("rule_id", "rank").to_pandas()
    found: dict[str, list[Occurrence]] = {}
    for record in frame.to_dict("records"):
        occurrence = occurrence_of(record)
        found.setdefault(occurrence.rule_id, []).append(occurrence)
    return found


def occurrence_of(record: Mapping[Hashable, object]) -> Occurrence:
    """An occurrence from one record of the occurrence table."""
    return Occurrence(
        fingerprint=str(record["fingerprint"]),
        rule_id=str(record["rule_id"]),
        case_id=str(record["case_id"]),
        verdict=Verdict(str(record["verdict"])),
        reason=_text(record["reason"]),
        measure=_number(record["measure"]),
        limit=_number(record["limit"]),
        start_us=_whole(record["start_us"]),
        due_us=_whole(record["due_us"]),
        end_us=_whole(record["end_us"]),
        anchor=str(record["anchor"]),
        rows=tuple(int(row) for row in record["rows"]),  # type: ignore[attr-defined]  # an array of int64
        ambiguous=bool(record["ambiguous"]),
        related_case=_text(record["related_case"]),
        amount=_number(record["amount"]),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[call-overload,arg-type]  # a cell of float64


def _whole(value: object) -> int | None:
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]  # a cell of int64
