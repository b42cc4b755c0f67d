"""The occurrence table as plain values, whatever kinds of nulls the frame holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.canonical import JsonObject, JsonValue

STRINGS = ("fingerprint", "rule_id", "case_id", "verdict", "reason", "anchor", "related_case")
NUMBERS = ("measure", "limit", "amount")
INTEGERS = ("start_us", "due_us", "end_us")


def occurrence_records(frame: pd.DataFrame) -> list[JsonValue]:
    """One object per occurrence, in the frame's order (OCCURRENCE_COLUMNS and `sources`)."""
    columns: dict[str, list[JsonValue]] = {
        **{name: strings(frame[name]) for name in STRINGS},
        **{name: [*numbers(frame[name])] for name in NUMBERS},
        **{name: integers(frame[name]) for name in INTEGERS},
        "ambiguous": [bool(value) for value in frame["ambiguous"].fillna(False).tolist()],
        "rows": [[int(row) for row in rows] for rows in lists(frame["rows"])],
        "sources": [[{"file": file, "row": row} for file, row in each] for each in sources(frame)],
    }
    records: list[JsonValue] = []
    for values in zip(*columns.values(), strict=True):
        record: JsonObject = dict(zip(columns, values, strict=True))
        records.append(record)
    return records


def strings(column: pd.Series) -> list[JsonValue]:
    """Text or None."""
    return _or_none(column)


def numbers(column: pd.Series) -> list[float | None]:
    """Numbers or None; a whole number is written as one that is no integer type (12.0)."""
    return _or_none(column.astype("Float64").astype(object))


def integers(column: pd.Series) -> list[JsonValue]:
    """Integers or None."""
    return _or_none(column.astype("Int64").astype(object))


def sources(frame: pd.DataFrame) -> list[list[tuple[int, int]]]:
    """Places of the evidence per occurrence: (index into the files read, row as a spreadsheet counts it)."""
    return [[_place(str(each)) for each in places] for places in lists(frame["sources"])]


def lists(column: pd.Series) -> list[Sequence[Any]]:
    """One list per occurrence; empty where the frame has a null."""
    return [() if each is None or isinstance(each, float) else each for each in column.tolist()]


def _place(text: str) -> tuple[int, int]:
    file, _, row = text.partition(":")
    return int(file), int(row)


def _or_none(column: pd.Series) -> list[Any]:
    found: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return found
