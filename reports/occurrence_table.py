"""The occurrence table as plain values, whatever kinds of nulls the frame holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from reports.canonical import JsonObject, JsonValue

STRINGS = ("fingerprint", "rule_id", "case_id", "verdict", "reason", "anchor", "related_case")
NUMBERS = ("measure", "limit", "amount")
INTEGERS = ("start_us", "due_us", "end_us")


def occurrence_records(frame: pd.DataFrame) -> list[JsonValue]:
    """One object per occurrence, in the frame's order (OCCURRENCE_COLUMNS)."""
    columns: dict[str, list[JsonValue]] = {
        **{name: strings(frame[name]) for name in STRINGS},
        **{name: numbers(frame[name]) for name in NUMBERS},
        **{name: integers(frame[name]) for name in INTEGERS},
        "ambiguous": [bool(value) for value in frame["ambiguous"].fillna(False).tolist()],
        "rows": [[int(row) for row in rows] for rows in row_lists(frame["rows"])],
    }
    records: list[JsonValue] = []
    for values in zip(*columns.values(), strict=True):
        record: JsonObject = dict(zip(columns, values, strict=True))
        records.append(record)
    return records


def strings(column: pd.Series) -> list[JsonValue]:
    """Text or None."""
    return [None if absent else str(value) for value, absent in _pairs(column)]


def numbers(column: pd.Series) -> list[JsonValue]:
    """Numbers or None; a whole number is written as one that is no integer type (12.0)."""
    return [None if absent else float(value) for value, absent in _pairs(column)]


def integers(column: pd.Series) -> list[JsonValue]:
    """Integers or None."""
    return [None if absent else int(value) for value, absent in _pairs(column)]


def row_lists(column: pd.Series) -> list[Iterable[int]]:
    """Row numbers of the evidence, one list per occurrence; empty where the frame has a null."""
    return [() if rows is None or isinstance(rows, float) else rows for rows in column.tolist()]


def _pairs(column: pd.Series) -> Iterable[tuple[Any, bool]]:
    return zip(column.tolist(), column.isna().tolist(), strict=True)
