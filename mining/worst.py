"""The worst occurrences of each rule, with everything a report says of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import ibis
import ibis.expr.types as ir

from mining.cells import number, text, whole
from mining.findings import FieldMatch, Occurrence, Verdict


def worst_occurrences(violated: ir.Table, most: int) -> dict[str, list[Occurrence]]:
    """Per rule the worst `most` violated occurrences: by overrun, then amount, then case, then anchor."""
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
    frame = ranked.filter(ranked.rank < most).order_by("rule_id", "rank").to_pandas()
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
        reason=text(record["reason"]),
        measure=number(record["measure"]),
        limit=number(record["limit"]),
        start_us=whole(record["start_us"]),
        due_us=whole(record["due_us"]),
        end_us=whole(record["end_us"]),
        anchor=str(record["anchor"]),
        rows=tuple(int(row) for row in record["rows"]),  # type: ignore[attr-defined]  # an array of int64
        ambiguous=bool(record["ambiguous"]),
        related_case=text(record["related_case"]),
        amount=number(record["amount"]),
        matched=tuple(map(_match, matches_of(record["matched"]))),
    )


def matches_of(cell: object) -> list[Mapping[str, object]]:
    """The entries of a cell of `matched`; none where it is null."""
    return [] if cell is None or isinstance(cell, float) else list(cell)  # type: ignore[call-overload]  # an array


def _match(entry: Mapping[str, object]) -> FieldMatch:
    return FieldMatch(
        str(entry["field"]),
        str(entry["how"]),
        text(entry["first"]),
        text(entry["second"]),
        number(entry["measure"]),
        number(entry["limit"]),
    )
