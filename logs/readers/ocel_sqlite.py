"""OCEL 2.0 as an SQLite database, read with the standard library: read-only, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from logs.limits import MOST_RECORD
from logs.problems import InputError, Problem
from logs.readers.json_values import as_text
from logs.readers.ocel import flatten
from logs.readers.ocel_tables import OcelTables, OcelTypes, refuse
from logs.readers.raw import Options, RawTable
from logs.sources import Source, unpack
from logs.store import Store, name

_NEEDED = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
}
_RELATION = ("ocel_event_id", "ocel_object_id", "ocel_qualifier")
_RELATED = "object_object"
_OWN = ("ocel_id", "ocel_time", "ocel_changed_field")
_AGAIN = "export it again as OCEL 2.0 (ocel-standard.org)"
_EXACT = 2**53
_STEPS, _STEPS_PER_BYTE, _STEPS_AT_ONCE = 20_000_000, 200, 100_000
"""Steps of SQLite's machine that reading may take. A row takes some twenty, and is several bytes long."""


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table with the events of one object type.

    Raises InputError for a database that is damaged, is no OCEL 2.0, or is being written.
    """
    tables, types = fill(store, source, file_no)
    return flatten(tables, types, source, file_no, options)


def fill(store: Store, source: Source, file_no: int) -> tuple[OcelTables, OcelTypes]:
    """The database's tables and types; see `load`."""
    path = unpack(source, store.folder / f"{file_no}.unpacked") if source.gzipped else source.path
    journal = Path(f"{path}-wal")
    if journal.exists() and journal.stat().st_size:
        raise InputError(
            Problem(f"has changes that are still in {journal.name}", source.name, None,
                    "close the program that writes it, then read it again")
        )  # fmt: skip
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as database:
            _guard(database, path.stat().st_size)
            return _Reader(database, OcelTables(store, file_no), source.name).read()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if str(error) == "interrupted":
            raise InputError(
                Problem("a view in it computes far longer than its size explains", source.name, None,
                        "write the tables themselves, without views")
            ) from None  # fmt: skip
        raise InputError(
            Problem(f"is not a whole SQLite database ({error})", source.name, None, "copy or export it again")
        ) from None


def _guard(database: sqlite3.Connection, size: int) -> None:
    """A view may compute without end, and a value may be made as large as memory: both are cut short."""
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_RECORD)
    left = (_STEPS + size * _STEPS_PER_BYTE) // _STEPS_AT_ONCE

    def too_long() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    database.set_progress_handler(too_long, _STEPS_AT_ONCE)


class _Reader:
    """Copies one database into the tables that both formats share."""

    def __init__(self, database: sqlite3.Connection, tables: OcelTables, file: str) -> None:
        self.database, self.tables, self.file = database, tables, file
        self.problems: list[Problem] = []
        self.columns: dict[str, tuple[str, ...]] = {}

    def read(self) -> tuple[OcelTables, OcelTypes]:
        state = self.database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if state != "ok":
            raise sqlite3.DatabaseError(state)
        self._check_layout()
        events, objects = self._types("event"), self._types("object")
        refuse(self.problems, self.file)
        positions = self._events(events)
        self._objects(objects)
        for event, target, *more in self._rows("event_object", *_RELATION):
            if event in positions:
                self.tables.add("relation", positions[event], target, *(more or [None]))
            else:
                self._fault(f"event_object names event {event!r}, which table event has not")
        if _RELATED in self.columns:
            for each in self._rows(_RELATED, "ocel_source_id", "ocel_target_id"):
                self.tables.add("related", *each)
        refuse(self.problems, self.file)
        self.tables.finish()
        types = OcelTypes(
            {kind: self._attributes(table) for kind, table in events.items()},
            {kind: self._attributes(table) for kind, table in objects.items()},
        )
        return self.tables, types

    def _fault(self, what: str) -> None:
        self.problems.append(Problem(what, self.file, None, _AGAIN))

    def _check_layout(self) -> None:
        for (table,) in self.database.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        ):
            described = self.database.execute(f"PRAGMA table_info({name(table)})")
            self.columns[table] = tuple(row[1] for row in described)
        missing = [table for table in _NEEDED if table not in self.columns]
        if missing:
            there = ", ".join(sorted(self.columns)[:20]) or "none"
            raise InputError(
                Problem(f"is an SQLite database, but no OCEL 2.0: it has no table {', '.join(missing)}",
                        self.file, None, f"{_AGAIN}, or give a CSV; the tables are: {there}")
            )  # fmt: skip
        for table, columns in _NEEDED.items():
            self._check_columns(table, columns)
        if _RELATED in self.columns:
            self._check_columns(_RELATED, ("ocel_source_id", "ocel_target_id"))
        refuse(self.problems, self.file)

    def _check_columns(self, table: str, columns: tuple[str, ...]) -> None:
        for column in columns:
            if column not in self.columns[table]:
                self._fault(f"table {table} has no column {column}")

    def _types(self, kind: str) -> dict[str, str]:
        """Type → its table."""
        found: dict[str, str] = {}
        for title, mapped in self._rows(f"{kind}_map_type", "ocel_type", "ocel_type_map"):
            table = f"{kind}_{mapped}"
            if title is None or title in found:
                self._fault(f"{kind}_map_type names type {title!r} twice or not at all")
            elif table not in self.columns:
                self._fault(f"there is no table {table} for {kind} type '{title}'")
            else:
                self._check_columns(table, ("ocel_id", "ocel_time"))
                found[title] = table
        return found

    def _attributes(self, table: str) -> tuple[str, ...]:
        return tuple(column for column in self.columns[table] if column not in _OWN)

    def _events(self, types: dict[str, str]) -> dict[str, int]:
        """Copy events with their values; returns their positions."""
        kinds: dict[str, str | None] = {}
        positions: dict[str, int] = {}
        for position, (identifier, kind) in enumerate(self._rows("event", "ocel_id", "ocel_type"), 1):
            if identifier is None or identifier in positions:
                self._fault(f"row {position:,} of table event: id {identifier!r} is missing or there before")
                continue
            positions[identifier], kinds[identifier] = position, kind
        timed: set[str] = set()
        for kind, table in types.items():
            attributes = self._attributes(table)
            for identifier, time, *values in self._rows(table, "ocel_id", "ocel_time", *attributes):
                if identifier is None or kinds.get(identifier) != kind or identifier in timed:
                    self._fault(f"table {table}: event {identifier!r} is there before, or of another type")
                    continue
                timed.add(identifier)
                self.tables.add("event", positions[identifier], identifier, kind, time)
                for attribute, value in zip(attributes, values, strict=True):
                    if value is not None:
                        self.tables.add("event_value", positions[identifier], attribute, value)
        for identifier in sorted(
            positions.keys() - timed
        ):  # no row of its type: no time, which is told as of any row
            self.tables.add("event", positions[identifier], identifier, kinds[identifier], None)
        return positions

    def _objects(self, types: dict[str, str]) -> None:
        """Copy objects; a row with a changed field says that field only, one without says all it has."""
        kinds: dict[str | None, str | None] = {}
        for identifier, kind in self._rows("object", "ocel_id", "ocel_type"):
            self.tables.add("object", identifier, kind)
            kinds[identifier] = kind
        for title, table in types.items():
            attributes = self._attributes(table)
            changing = "ocel_changed_field" in self.columns[table]
            own = _OWN if changing else _OWN[:2]
            for row in self._rows(table, *own, *attributes):
                identifier, time, changed = row[0], row[1], row[2] if changing else None
                if kinds.get(identifier) != title:
                    self._fault(f"table {table}: object {identifier!r} is no object of that type")
                    continue
                if changed is not None and changed not in attributes:
                    self._fault(
                        f"table {table}: object {identifier!r} changed {changed!r}, but has no such column"
                    )
                    continue
                for attribute, value in zip(attributes, row[len(own) :], strict=True):
                    if attribute == changed or (changed is None and value is not None):
                        self.tables.add("object_value", identifier, attribute, time, value)

    def _rows(self, table: str, *columns: str) -> Iterator[tuple[str | None, ...]]:
        """Rows as text, in the order in which they were written."""
        there = [column for column in columns if column in self.columns[table]]
        sql = f"SELECT {', '.join(map(name, there))} FROM {name(table)}"
        try:
            rows = self.database.execute(f"{sql} ORDER BY rowid")
        except sqlite3.OperationalError:  # a table without rowid, or a view
            rows = self.database.execute(f"{sql} ORDER BY {', '.join(str(i + 1) for i in range(len(there)))}")
        for row in rows:
            yield tuple(map(_text, row))


def _text(value: Any) -> str | None:
    """A value as text; pandas writes whole numbers of a column with gaps as 1.0."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    if isinstance(value, bytes):
        value = value.decode()
    return as_text(value.replace("\x00", "\\x00") if isinstance(value, str) else value)
