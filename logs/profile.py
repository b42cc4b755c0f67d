"""What stands in each column of a raw table: how full, how varied, whether times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logs.readers.raw import RawTable
from logs.store import Store
from logs.synonyms import names_time, strength
from logs.times import patterns_of

_SAMPLE = 5_000
_FEW = 1_000


@dataclass(frozen=True)
class Column:
    """One column of an export."""

    heading: str
    sql: str
    rows: int
    filled: int
    distinct: int
    is_time: bool
    labels: tuple[tuple[str, int], ...]
    """(value, rows), most frequent first; empty where the values are too many to be labels."""

    @property
    def unique(self) -> bool:
        """No value stands in two rows."""
        return self.filled > 0 and self.distinct == self.filled

    @property
    def repeats(self) -> bool:
        """Values come back in several rows, as those of a case do."""
        return self.distinct * 1.2 <= self.filled


def profile(store: Store, raw: RawTable) -> tuple[Column, ...]:
    """Every column of a raw table, counted over all rows; whether it holds times, on the first ones."""
    values = [raw.value(h) for h in raw.headings]
    counts = ", ".join(f"count({v}), approx_count_distinct({v})" for v in values)
    figures = store.rows(f"SELECT count(*), {counts} FROM {raw.table}")[0]
    columns = []
    for i, (heading, value) in enumerate(zip(raw.headings, values, strict=True)):
        filled, distinct = figures[2 * i + 1], figures[2 * i + 2]
        matters = distinct * 2 >= filled or distinct <= 2 * _FEW or strength("case", heading) > 0
        if filled and matters:  # the count above is an estimate
            distinct = store.value(f"SELECT count(DISTINCT {value}) FROM {raw.table}")
        is_time = filled > 0 and _is_time(store, raw, heading, value)
        labels = () if is_time or distinct > _FEW else _labels(store, raw, value)
        columns.append(Column(heading, value, figures[0], filled, distinct, is_time, labels))
    return tuple(columns)


def same_partition(store: Store, raw: RawTable, one: Column, other: Column) -> bool:
    """Whether two columns name the same things by different keys, one to one."""
    if one.distinct != other.distinct:
        return False
    pairs = store.value(f"SELECT count(*) FROM (SELECT DISTINCT {one.sql}, {other.sql} FROM {raw.table})")
    return bool(pairs == one.distinct)


def _is_time(store: Store, raw: RawTable, heading: str, value: str) -> bool:
    """Mostly times; bare digits are a time only under a heading that says so."""
    sample: Sequence[tuple[str, int]] = store.rows(
        f"SELECT translate(replace(replace(v, '上午', 'AM'), '下午', 'PM'), '0123456789', '9999999999') AS s,"
        f" count(*) FROM (SELECT {value} AS v FROM {raw.table} WHERE {value} IS NOT NULL LIMIT {_SAMPLE})"
        " GROUP BY s ORDER BY s"
    )
    total = sum(count for _, count in sample)
    counted = sum(
        count
        for shape, count in sample
        if patterns_of(shape) and (names_time(heading) or not shape.replace(".", "").isdigit())
    )
    return counted >= (0.5 if names_time(heading) else 0.8) * total


def _labels(store: Store, raw: RawTable, value: str) -> tuple[tuple[str, int], ...]:
    rows = store.rows(
        f"SELECT {value} AS v, count(*) AS n FROM {raw.table} WHERE {value} IS NOT NULL"
        " GROUP BY v ORDER BY n DESC, v"
    )
    return tuple((label, count) for label, count in rows)
