"""The occurrence table as plain values, whatever kinds of nulls the frame holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.canonical import JsonObject, JsonValue

STRINGS = ("fingerprint", "rule_id", "case_id", "verdict", "reason", "anchor", "related_case")
NUMBERS = ("measure", "limit", "amount")
INTEGERS = ("start_us", "due_us", "end_us")


_AT_ONCE = 20_000
"""Occurrences that are objects at one time: a million would take gigabytes."""


def occurrence_records(frame: pd.DataFrame, shown: Callable[[str, str], str]) -> Iterator[JsonValue]:
    """One object per occurrence, in the frame's order (of `mining.cited.with_sources`).

    `shown`: attribute and value → the value as it may be shown.
    """
    for begin in range(0, len(frame), _AT_ONCE):
        yield from _records(frame.iloc[begin : begin + _AT_ONCE], shown)


def _records(frame: pd.DataFrame, shown: Callable[[str, str], str]) -> Iterator[JsonValue]:
    columns: dict[str, list[JsonValue]] = {
        **{name: strings(frame[name]) for name in STRINGS},
        **{name: [*numbers(frame[name])] for name in NUMBERS},
        **{name: integers(frame[name]) for name in INTEGERS},
        "ambiguous": [bool(value) for value in frame["ambiguous"].fillna(False).tolist()],
        "rows": integer_lists(frame["rows"]),
        "sources": [[{"file": file, "row": row} for file, row in each] for each in sources(frame)],
        "matched": [[_match(entry, shown) for entry in entries] for entries in lists(frame["matched"])],
    }
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def strings(column: pd.Series) -> list[JsonValue]:
    """Text or None."""
    return _or_none(column)


def numbers(column: pd.Series) -> list[float | None]:
    """Numbers or None; a whole number is written as one that is no integer type (12.0).

    Raises ValueError for one that is not finite.
    """
    values = column.astype("float64")
    if np.isinf(values).any():
        raise ValueError(f"{column.name} is not finite")
    return _or_none(values)


def integers(column: pd.Series) -> list[JsonValue]:
    """Integers or None."""
    return _or_none(column.astype("Int64").astype(object))


def sources(frame: pd.DataFrame) -> list[list[tuple[int, int]]]:
    """Places of the evidence per occurrence: (index into the files read, row as a spreadsheet counts it)."""
    files, rows = integer_lists(frame["source_files"]), integer_lists(frame["source_rows"])
    return [list(zip(*each, strict=True)) for each in zip(files, rows, strict=True)]


def integer_lists(column: pd.Series) -> list[Any]:
    """A list of integers per occurrence."""
    values, sizes = flat(column)
    every, ends = values.tolist(), np.cumsum(sizes).tolist()
    return [every[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def flat(column: pd.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All integers of a column of lists, one after the other, and how many each occurrence has."""
    parts = [np.asarray(each, np.int64) for each in lists(column)]
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.concatenate(parts) if parts else np.empty(0, np.int64), sizes


def lists(column: pd.Series) -> list[Sequence[Any]]:
    """One list per occurrence; empty where the frame has a null."""
    return [() if each is None or isinstance(each, float) else each for each in column.tolist()]


def _match(entry: Mapping[str, Any], shown: Callable[[str, str], str]) -> JsonObject:
    field = str(entry["field"])
    values = {side: _text(entry[side]) for side in ("first", "second")}
    return {
        "field": field,
        "how": str(entry["how"]),
        **{side: None if value is None else shown(field, value) for side, value in values.items()},
        **{name: _number(entry[name]) for name in ("measure", "limit")},
    }


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


def _number(cell: float | None) -> float | None:
    return None if cell is None or pd.isna(cell) else float(cell)


def _or_none(column: pd.Series) -> list[Any]:
    found: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return found
