"""The raw table that every reader fills: text as it stands in the file, and the rows that are no rows.

It is a temporary table: kept uncompressed, spilled to disk when memory runs short. Compressing what is read
once and dropped would take longer than reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from logs.event_log import Reason, SourceFile
from logs.problems import InputError, NoRowsError, Problem
from logs.store import Store, stripped

BATCH = 20_000
Progress = Callable[[str, int, int | None], None]

UNREAD = "unread"
UNREAD_SCHEMA = pa.schema(
    [
        ("file_no", pa.int32()),
        ("source_row", pa.int64()),
        ("reason", pa.string()),
        ("value", pa.string()),
        ("fields", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class RawTable:
    """One file as text. Column c{i} of the table holds the i-th heading; unwanted ones may be absent."""

    table: str
    file: SourceFile
    file_no: int
    headings: tuple[str, ...]
    row: str
    """SQL for the row number as a spreadsheet counts it."""
    first_row: int
    """Number of the first row after the heading."""

    kind: str = "TABLE"
    """'TABLE', or 'VIEW' on a file of the store's folder."""
    plain_spaces: bool = False
    """No field begins or ends with a tab or line end: a cheaper way to strip will do."""
    no_outer_blanks: bool = False
    """No field begins or ends with white space: nothing is there to strip."""
    place: str = ""
    """SQL for the row that a person looks up, where several rows share it; empty: `row`."""
    load: Callable[[], RawTable] | None = None
    """Of a view that streams its file: loads it as a table. Its rows come in the order of the file and bear
    no number; there must be `file.rows_read` of them, or the view does not see them all."""
    iso: frozenset[str] = frozenset()
    """Headings whose times the file itself types: as text they are ISO, whatever formats a mapping states."""

    def column(self, heading: str) -> str:
        """SQL name of the column under a heading."""
        return f"c{self.headings.index(heading)}"

    def value(self, heading: str) -> str:
        """SQL for a field stripped of outer white space; null where that leaves nothing."""
        column = self.column(heading)
        if not self.no_outer_blanks:
            column = f"trim({column})" if self.plain_spaces else stripped(column)
        return f"nullif({column}, '')"


@dataclass(frozen=True)
class Options:
    """What a mapping tells a reader."""

    wanted: frozenset[str] | None = None
    """Headings to keep; None: all."""
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    object_type: str | None = None
    """OCEL: the type of object that is the case."""
    zone: str = "UTC"
    """OCEL: zone of times without offset, by which the values of objects are told apart in time."""
    event_id: str | None = None
    """Table: heading by which rows are put in order."""
    streamed: bool = False
    """A view on the file will do, where the reader can give one."""
    progress: Progress = field(default=lambda stage, done, total: None)


@dataclass(frozen=True)
class Unread:
    """A row that could not be read as a row."""

    row: int
    reason: Reason
    value: str
    fields: list[str] | None = None


class RawWriter:
    """Collects rows of text and writes them to a raw table in batches."""

    def __init__(self, store: Store, file_no: int, keep: Sequence[int]) -> None:
        self.store, self.file_no, self.keep = store, file_no, keep
        self.table = f"raw_{file_no}"
        self.rows_read = 0
        self._numbers: list[int] = []
        self._rows: list[Sequence[str | None]] = []
        self._unread: list[Unread] = []
        self._schema = pa.schema([("source_row", pa.int64()), *((f"c{i}", pa.string()) for i in keep)])
        columns = ", ".join(["source_row BIGINT", *(f"c{i} VARCHAR" for i in keep)])
        store.execute(f"CREATE OR REPLACE TEMP TABLE {self.table} ({columns})")
        create_unread(store)

    def add(self, number: int, fields: Sequence[str | None]) -> None:
        """One row, with a field per heading that is kept, in order."""
        self._numbers.append(number)
        self._rows.append(fields)
        self.rows_read += 1
        if len(self._rows) >= BATCH:
            self.flush()

    def refuse(self, unread: Unread) -> None:
        """One row that could not be read."""
        self._unread.append(unread)
        self.rows_read += 1
        if len(self._unread) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._rows:
            columns = [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]
            batch = pa.Table.from_arrays([pa.array(self._numbers, pa.int64()), *columns], schema=self._schema)
            insert(self.store, self.table, batch)
        if self._unread:
            write_unread(self.store, self.file_no, self._unread)
        self._numbers, self._rows, self._unread = [], [], []


def insert(store: Store, table: str, batch: pa.Table) -> None:
    """Append an Arrow table."""
    store.backend.con.register("batch", batch)
    store.execute(f"INSERT INTO {table} SELECT * FROM batch")
    store.backend.con.unregister("batch")


def create_unread(store: Store) -> None:
    """The table of rows that no reader could read, if it is not there yet."""
    store.execute(
        f"CREATE TABLE IF NOT EXISTS {UNREAD} (file_no INTEGER, source_row BIGINT, reason VARCHAR,"
        " value VARCHAR, fields VARCHAR[])"
    )


def write_unread(store: Store, file_no: int, unread: Iterable[Unread]) -> None:
    """List rows that could not be read."""
    lines = [
        {
            "file_no": file_no,
            "source_row": u.row,
            "reason": str(u.reason),
            "value": u.value,
            "fields": u.fields,
        }
        for u in unread
    ]
    insert(store, UNREAD, pa.Table.from_pylist(lines, schema=UNREAD_SCHEMA))


def distinct_headings(cells: Iterable[str]) -> tuple[str, ...]:
    """Headings stripped and told apart: a repeated one becomes 'time#2', an empty one '#3' (its position)."""
    seen: dict[str, int] = {}
    headings = []
    for position, cell in enumerate(cells, 1):
        heading = cell.strip()
        if not heading:
            headings.append(f"#{position}")
            continue
        seen[heading] = seen.get(heading, 0) + 1
        headings.append(heading if seen[heading] == 1 else f"{heading}#{seen[heading]}")
    return tuple(headings)


def kept(headings: Sequence[str], wanted: frozenset[str] | None) -> list[int]:
    """Positions of the headings that are wanted (those that are absent are told by the caller)."""
    return [i for i, heading in enumerate(headings) if wanted is None or heading in wanted]


def no_rows(file: str) -> InputError:
    """The error for a file with a heading and nothing below it."""
    return NoRowsError(Problem("has a heading but no rows", file, 1, "export it again with its rows"))
