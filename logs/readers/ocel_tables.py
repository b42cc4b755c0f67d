"""The tables of an OCEL 2.0, which both of its formats fill, and what no such log may hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from logs.problems import InputError, Problem
from logs.readers.raw import BATCH, insert
from logs.store import Store, name
from logs.times import expression

_MOST_TOLD = 20

SCHEMAS: dict[str, dict[str, str]] = {
    "event": {"pos": "BIGINT", "id": "VARCHAR", "type": "VARCHAR", "time": "VARCHAR"},
    "event_value": {"pos": "BIGINT", "name": "VARCHAR", "value": "VARCHAR"},
    "relation": {"pos": "BIGINT", "object": "VARCHAR", "qualifier": "VARCHAR"},
    "object": {"id": "VARCHAR", "type": "VARCHAR"},
    "object_value": {"object": "VARCHAR", "name": "VARCHAR", "time": "VARCHAR", "value": "VARCHAR"},
    "related": {"source": "VARCHAR", "target": "VARCHAR"},
}
"""The tables that both formats fill; `pos` is the position of the event in the file, from 1."""
_ARROW = {"BIGINT": pa.int64(), "VARCHAR": pa.string()}


@dataclass(frozen=True)
class OcelTypes:
    """What an OCEL declares: attribute names by type."""

    events: dict[str, tuple[str, ...]]
    objects: dict[str, tuple[str, ...]]


class OcelTables:
    """The tables of one OCEL in the engine, filled in batches."""

    def __init__(self, store: Store, file_no: int) -> None:
        self.store, self.prefix = store, f"ocel_{file_no}_"
        self._rows: dict[str, list[Sequence[Any]]] = {table: [] for table in SCHEMAS}
        for table, columns in SCHEMAS.items():
            listed = ", ".join(f"{name(column)} {kind}" for column, kind in columns.items())
            store.execute(f"CREATE OR REPLACE TEMP TABLE {self[table]} ({listed})")

    def __getitem__(self, table: str) -> str:
        return self.prefix + table

    def add(self, table: str, *row: Any) -> None:
        """One row of one table."""
        self._rows[table].append(row)
        if len(self._rows[table]) >= BATCH:
            self._flush(table)

    def finish(self) -> None:
        """Write what was collected."""
        for table in SCHEMAS:
            self._flush(table)

    def _flush(self, table: str) -> None:
        rows, self._rows[table] = self._rows[table], []
        if rows:
            schema = pa.schema([(column, _ARROW[kind]) for column, kind in SCHEMAS[table].items()])
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            insert(self.store, self[table], pa.Table.from_arrays(arrays, schema=schema))

    def drop(self) -> None:
        """Free the storage."""
        for table in SCHEMAS:
            self.store.execute(f"DROP TABLE IF EXISTS {self[table]}")


def refuse(problems: Sequence[Problem], file: str) -> None:
    """Raises InputError with the first problems and the number of the rest, if there are any."""
    if problems:
        rest = len(problems) - _MOST_TOLD
        more = [Problem(f"{rest:,} more mistakes of these kinds", file, None, "")] if rest > 0 else []
        raise InputError([*problems[:_MOST_TOLD], *more])


def check(tables: OcelTables, types: OcelTypes, file: str, zone: str) -> None:
    """What contradicts itself is no matter of single rows: an object of two types has no type.

    Raises InputError for objects that repeat, types that are not declared, values given twice, and times of
    objects that cannot be read.
    """
    t, rows = tables, tables.store.rows
    problems: list[Problem] = []

    def fault(what: str, mend: str = "keep one of them", position: int | None = None) -> None:
        problems.append(Problem(what, file, position, mend))

    for (identifier,) in rows(f"SELECT id FROM {t['object']} GROUP BY id HAVING count(*) > 1 ORDER BY id"):
        fault(f"object '{identifier}' is there more than once")
    for kind, known in (("object", types.objects), ("event", types.events)):
        for used, count in rows(f"SELECT type, count(*) FROM {t[kind]} GROUP BY type ORDER BY type"):
            if used not in known:
                what = f"{count:,} {kind}s are of type {used!r}, which is not declared"
                fault(what, f"the {kind} types are: {', '.join(known)}")
    twice = f"SELECT pos, name FROM {t['event_value']} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
    for position, attribute in rows(twice):
        fault(f"event {position:,} gives attribute '{attribute}' twice", position=position)
    moment = expression("time", ("iso",), zone)
    unread = f"SELECT object, name, time FROM {t['object_value']} WHERE {moment} IS NULL ORDER BY ALL"
    for identifier, attribute, time in rows(unread):
        what = f"object '{identifier}': the time {time!r} of attribute '{attribute}' cannot be read"
        fault(what, "write an ISO 8601 time")
    twice = (
        f"SELECT object, name FROM {t['object_value']} GROUP BY object, name, {moment}"
        " HAVING count(DISTINCT coalesce(value, chr(0))) > 1 ORDER BY ALL"
    )
    for identifier, attribute in rows(twice):
        fault(f"object '{identifier}' has two values of '{attribute}' at one time")
    refuse(problems, file)
