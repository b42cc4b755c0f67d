"""Cells of a small table that came out of the engine, as plain Python values; missing ones as None."""

from __future__ import annotations

import pandas as pd


def text(value: object) -> str | None:
    """A text."""
    return value if isinstance(value, str) else None


def number(value: object) -> float | None:
    """A number."""
    return None if pd.isna(value) else float(value)  # type: ignore[call-overload,arg-type]  # a cell of float64


def whole(value: object) -> int | None:
    """A whole number."""
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]  # a cell of int64
