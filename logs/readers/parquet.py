"""Parquet through DuckDB: typed values become text that says no more and no less than the file does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from logs.event_log import Reason, SourceFile
from logs.problems import InputError, NoRowsError, Problem
from logs.readers.raw import UNREAD, Options, RawTable, create_unread, distinct_headings, kept
from logs.sources import Source, unpack
from logs.store import Store, name, text

_ROW = "file_row_number"
_MOST_DIGITS = 38
_EXACT = 2**53
"""Whole numbers up to here are exact as a DOUBLE."""


@dataclass(frozen=True)
class _Column:
    """One column of the file, by its position; the engine renames what differs in case only."""

    heading: str
    engine_name: str
    type: str
    """Type in the engine."""
    physical: str
    precision: int


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table from a Parquet file; rows are numbered from 1.

    Raises InputError for a file that is cut off, damaged or encrypted, and for a column that cannot be read
    exactly.
    """
    path = unpack(source, store.folder / f"{file_no}.unpacked") if source.gzipped else source.path
    try:
        return _load(store, source, path, file_no, options)
    except duckdb.Error as error:
        raise InputError(
            Problem(f"is not a whole Parquet file ({_first_line(error, path)})", source.name, None,
                    "copy or export it again, without encryption")
        ) from None  # fmt: skip


def _load(store: Store, source: Source, path: Path, file_no: int, options: Options) -> RawTable:
    columns = _columns(store, path)
    headings = distinct_headings(column.heading for column in columns)
    keep = kept(headings, options.wanted)
    _check_exact([columns[i] for i in keep], source.name)
    table = f"raw_{file_no}"
    expected = int(store.value(f"SELECT sum(num_rows) FROM parquet_file_metadata({_quoted(path)})") or 0)
    if not expected:
        raise NoRowsError(Problem("holds no rows", source.name, None, "export it again with its rows"))
    options.progress("read", 0, expected)
    _fill(store, path, table, columns, keep)
    rows = int(store.value(f"SELECT count(*) FROM {table}"))
    if rows != expected:
        raise InputError(
            Problem(f"promises {expected:,} rows and holds {rows:,}", source.name, None, "export it again")
        )
    create_unread(store)
    _refuse_undecodable(store, file_no, table, keep)
    options.progress("read", rows, rows)
    file = SourceFile(source.name, source.sha256, source.size, "parquet", rows_read=rows)
    iso = frozenset(headings[i] for i in keep if columns[i].type.startswith(("TIMESTAMP", "DATE")))
    return RawTable(table, file, file_no, headings, "source_row", 1, iso=iso)


def _columns(store: Store, path: Path) -> tuple[_Column, ...]:
    engine = store.rows(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {_scan(path)})")
    tree = store.rows(
        "SELECT name, type, coalesce(num_children, 0), coalesce(precision, 0)"
        f" FROM parquet_schema({_quoted(path)})"
    )
    top = _top_level(tree)
    return tuple(
        _Column(heading, engine_name, kind, physical or "", precision)
        for (heading, physical, precision), (engine_name, kind) in zip(top, engine, strict=True)
    )


def _top_level(tree: list[tuple[Any, ...]]) -> list[tuple[str, str | None, int]]:
    """The schema is listed depth first, root first: what lies below a column is skipped."""
    top = []
    skip = 0
    for heading, physical, children, precision in tree[1:]:
        if not skip:
            top.append((heading, physical, precision))
        else:
            skip -= 1
        skip += children
    return top


def _check_exact(columns: list[_Column], file: str) -> None:
    """The engine has decimals of up to 38 digits; longer ones it reads as something else, without a word."""
    problems = [
        Problem(f"column '{c.heading}' holds decimals of {c.precision} digits, more than {_MOST_DIGITS}",
                file, None, "leave it out of the mapping, or export it as text")
        for c in columns
        if c.precision > _MOST_DIGITS
    ]  # fmt: skip
    if problems:
        raise InputError(problems)


def _fill(store: Store, path: Path, table: str, columns: tuple[_Column, ...], keep: list[int]) -> None:
    values = "".join(f", {_as_text(columns[i])} AS c{i}" for i in keep)
    refused = " OR ".join(["false", *(_is_undecodable(columns[i]) for i in keep)])
    selected = f"{values}, {refused} AS _undecodable"
    if any(column.engine_name.casefold() == _ROW for column in columns):
        # The file has a column of that name, so the engine gives no row number: the order of insertion does.
        store.execute(f"CREATE OR REPLACE TEMP TABLE {table}_plain AS SELECT * FROM {_scan(path)}")
        store.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT rowid + 1 AS source_row{selected}"
            f" FROM {table}_plain"
        )
        store.execute(f"DROP TABLE {table}_plain")
        return
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {_ROW} + 1 AS source_row{selected}"
        f" FROM read_parquet({_quoted(path)}, {_ROW} = true)"
    )


def _as_text(column: _Column) -> str:
    """SQL for a value as text: no digit more or less, an offset where the file knows the instant."""
    value, kind = name(column.engine_name), column.type
    plain = f"CAST({value} AS VARCHAR)"
    if column.physical == "INT96":  # an instant, as Spark and Hive write it
        return f"{plain} || '+00'"
    if kind in ("DOUBLE", "FLOAT"):  # pandas makes 1001 a 1001.0 where a column has gaps, and a gap a NaN
        whole = f"abs({value}) < {_EXACT} AND {value} = trunc({value})"
        return (
            f"CASE WHEN isnan({value}) THEN NULL WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR)"
            f" ELSE {plain} END"
        )
    if kind == "BLOB":
        return f"TRY(decode({value}))"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT")):
        return f"CASE WHEN {value} IS NOT NULL THEN CAST(to_json({value}) AS VARCHAR) END"
    return plain


def _is_undecodable(column: _Column) -> str:
    """SQL for whether a value holds bytes that are no text."""
    value = name(column.engine_name)
    if column.type == "BLOB":
        return f"({value} IS NOT NULL AND coalesce(contains(TRY(decode({value})), chr(0)), true))"
    return f"coalesce(contains({value}, chr(0)), false)" if column.type == "VARCHAR" else "false"


def _refuse_undecodable(store: Store, file_no: int, table: str, keep: list[int]) -> None:
    shown = f"left(concat_ws(' | ', {', '.join(f'c{i}' for i in keep)}), 200)" if keep else "''"
    store.execute(
        f"INSERT INTO {UNREAD} SELECT {file_no}, source_row, {text(Reason.UNDECODABLE)},"
        f" replace({shown}, chr(0), '\\x00'), NULL FROM {table} WHERE _undecodable ORDER BY source_row"
    )
    store.execute(f"DELETE FROM {table} WHERE _undecodable")
    store.execute(f"ALTER TABLE {table} DROP COLUMN _undecodable")


def _scan(path: Path) -> str:
    return f"read_parquet({_quoted(path)})"


def _quoted(path: Path) -> str:
    """The engine expands globs in file names: a bracket stands for itself only within brackets."""
    return text("".join(f"[{c}]" if c in "*?[" else c for c in str(path)))


def _first_line(error: duckdb.Error, path: Path) -> str:
    """What the engine says, without its own path of the file."""
    line = str(error).splitlines()[0]
    return re.sub(r"\s+", " ", line.replace(str(path), "").replace("''", "").replace('""', "")).strip()
