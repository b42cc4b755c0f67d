"""JSON lines: an object per line, its numbers as the digits that stand there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from logs.encoding import Encoding, decide, has_foreign, text_lines
from logs.event_log import Reason, SourceFile
from logs.problems import InputError, Problem
from logs.readers.json_values import RepeatedKeyError, as_text, decode, texts
from logs.readers.raw import BATCH, Options, RawTable, Unread, create_unread, write_unread
from logs.sources import Source, unpack
from logs.store import Store

_MOST_KEYS = 2_000
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""Escapes that may make a zero byte or half a character."""
_DOCUMENT = (
    "is one JSON document over several lines, not JSON lines",
    "write one object per line, e.g. with jq -c '.[]'",
)


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table from the lines of a file; a line that is no object is listed with its number.

    A nested object or list stays JSON text. Raises InputError for a file in which no line is an object.
    """
    path = unpack(source, store.folder / f"{file_no}.unpacked") if source.gzipped else source.path
    encoding = decide(path, source.name, options.encoding)
    writer = _Writer(store, file_no, source.name, options)
    rows = 0
    for rows, line in enumerate(text_lines(path, encoding, source.name), 1):
        found = _parse(line, rows, encoding.foreign)
        if isinstance(found, Unread):
            writer.refuse(found)
        else:
            writer.add(rows, found)
        if rows % 100_000 == 0:
            options.progress("read", rows, None)
    writer.flush()
    options.progress("read", rows, rows)
    if not writer.added:
        raise _no_object(path, encoding, source.name)
    file = SourceFile(source.name, source.sha256, source.size, "jsonl", encoding.name, encoding.reason)
    file = dataclasses.replace(file, rows_read=rows)
    return RawTable(writer.table, file, file_no, tuple(writer.headings), "source_row", 1)


def _parse(line: str, number: int, foreign: bool) -> dict[str, Any] | Unread:
    """`foreign`: the file holds bytes that its encoding does not know, somewhere."""
    if foreign and has_foreign([line]):
        return Unread(number, Reason.UNDECODABLE, line.encode("utf-8", "backslashreplace").decode()[:200])
    try:
        value = decode(line)
    except RepeatedKeyError as repeated:
        return Unread(number, Reason.REPEATED_KEY, f"{repeated.key}: {line.strip()}"[:200])
    except (ValueError, RecursionError):  # more than 4,300 digits, or nested by the hundred, is no record
        shown = line.strip()[:200].replace("\x00", "\\x00")
        return Unread(number, Reason.NOT_JSON if shown else Reason.BLANK_LINE, shown)
    if not isinstance(value, dict):
        return Unread(number, Reason.NOT_AN_OBJECT, line.strip()[:200])
    if "\\u" in line and _SUSPECT.search(line) and has_foreign(list(texts(value))):
        return Unread(number, Reason.UNDECODABLE, line.strip()[:200])
    return value


class _Writer:
    """Collects objects and writes them to a raw table that grows a column with each new key."""

    def __init__(self, store: Store, file_no: int, file: str, options: Options) -> None:
        self.store, self.file_no, self.file, self.wanted = store, file_no, file, options.wanted
        self.table = f"raw_{file_no}"
        self.headings: dict[str, None] = {}
        self.added = 0
        self._columns: dict[str, list[str | None]] = {}
        self._shapes: set[tuple[str, ...]] = set()
        self._numbers: list[int] = []
        self._unread: list[Unread] = []
        store.execute(f"CREATE OR REPLACE TEMP TABLE {self.table} (source_row BIGINT)")
        create_unread(store)

    def add(self, number: int, row: dict[str, Any]) -> None:
        shape = tuple(row)
        if shape not in self._shapes:
            self._learn(shape)
        self._numbers.append(number)
        # Texts are kept, and not rows: those would keep Python's garbage collector busy.
        for key, values in self._columns.items():
            value = row.get(key)
            values.append(value if type(value) is str and value else as_text(value))
        self.added += 1
        if len(self._numbers) >= BATCH:
            self.flush()

    def refuse(self, unread: Unread) -> None:
        self._unread.append(unread)
        if len(self._unread) >= BATCH:
            self.flush()

    def _learn(self, shape: tuple[str, ...]) -> None:
        if len(self._shapes) < _MOST_KEYS:
            self._shapes.add(shape)
        for key in shape:
            if key in self.headings:
                continue
            if len(self.headings) >= _MOST_KEYS:
                raise InputError(
                    Problem(f"its objects have more than {_MOST_KEYS:,} different keys", self.file, None,
                            "write what is a value as a value, not as a key")
                )  # fmt: skip
            self.headings[key] = None
            if self.wanted is None or key in self.wanted:
                self._columns[key] = [None] * len(self._numbers)
                self.store.execute(f"ALTER TABLE {self.table} ADD COLUMN {self._column(key)} VARCHAR")

    def _column(self, key: str) -> str:
        return f"c{list(self.headings).index(key)}"

    def flush(self) -> None:
        if self._numbers:
            arrays = [pa.array(values, pa.string()) for values in self._columns.values()]
            names = ["source_row", *map(self._column, self._columns)]
            batch = pa.Table.from_arrays([pa.array(self._numbers, pa.int64()), *arrays], names=names)
            self.store.backend.con.register("batch", batch)
            self.store.execute(f"INSERT INTO {self.table} BY NAME SELECT * FROM batch")
            self.store.backend.con.unregister("batch")
        if self._unread:
            write_unread(self.store, self.file_no, self._unread)
        self._numbers, self._unread = [], []
        self._columns = {key: [] for key in self._columns}


def _no_object(path: Path, encoding: Encoding, file: str) -> InputError:
    numbered = enumerate(text_lines(path, encoding, file), 1)
    filled = ((number, line.strip()) for number, line in numbered if line.strip())
    number, first = next(filled, (1, ""))
    what, mend = f"no line is a JSON object; the first is {first[:60]!r}", "write one object per line"
    if first.startswith(("[", "{")):
        what, mend = _DOCUMENT
    return InputError(Problem(what, file, number, mend))
