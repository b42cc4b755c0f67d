"""A table of a PostgreSQL database, read through Ibis: one statement, one snapshot, values as text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
from ibis.common.exceptions import TableNotFound
from rapidfuzz import process

from logs.event_log import SourceFile
from logs.problems import InputError, NoRowsError, Problem
from logs.readers.raw import Options, RawTable, create_unread, distinct_headings, insert, kept
from logs.sources import Source
from logs.store import Store, name
from logs.table_address import TableAddress, parse_address

if TYPE_CHECKING:
    import ibis.expr.types as ir

_BATCH = 50_000
_SECONDS_TO_CONNECT = 10
_SETTINGS = {
    "default_transaction_read_only": "on",
    "datestyle": "ISO",
    "timezone": "UTC",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
}
"""What makes the server write values exactly, and the same for everybody; and write nothing else."""
_PRIMARY_KEY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND i.indrelid = to_regclass(%s) ORDER BY array_position(i.indkey::int2[], a.attnum)
"""
_ORDER = "whole numbers by value, then what is no whole number by its bytes, nulls last"


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table with the rows of a table or view.

    Rows are numbered from 1 in the order of the event id, if the mapping names one, then of the primary key,
    then of all columns read. Raises InputError where the client library is not installed, the server does not
    answer or refuses, or the table is not there or empty.
    """
    address = parse_address(source.url)
    with _told(address):
        backend = _connect(address)
        try:
            table = _table(backend, address)
            key = _primary_key(backend, address)
            headings = distinct_headings(table.columns)
            fetched = _fetched(headings, options, [table.columns.index(column) for column in key])
            query = _copy(store, backend, table, f"plain_{file_no}", fetched, options)
        finally:
            backend.disconnect()
    order = _order(headings, fetched, options.event_id, [table.columns.index(column) for column in key])
    keep = kept(headings, options.wanted)
    file = _numbered(store, source, file_no, headings, keep, query, order)
    types = table.schema().types
    iso = frozenset(headings[i] for i in keep if types[i].is_timestamp() or types[i].is_date())
    return RawTable(f"raw_{file_no}", file, file_no, headings, "source_row", 1, iso=iso)


@contextmanager
def _told(address: TableAddress) -> Iterator[None]:
    """Turns what the client library raises into a problem, without what is a credential."""
    psycopg = _client(address)
    try:
        yield
    except psycopg.OperationalError as error:
        raise InputError(
            Problem(f"the database does not answer as asked: {_shown(error, address)}", address.shown, None,
                    "check host, port, database and user; a password is taken from PGPASSWORD or ~/.pgpass")
        ) from None  # fmt: skip
    except psycopg.Error as error:
        raise InputError(
            Problem(f"the database refuses: {_shown(error, address)}", address.shown, None,
                    "check the address, and that the user may read the table")
        ) from None  # fmt: skip
    except UnicodeDecodeError:
        raise InputError(
            Problem("holds bytes that are no text in the database's encoding", address.shown, None,
                    "mend them in the database, or export the table and name its encoding")
        ) from None  # fmt: skip


def _client(address: TableAddress) -> Any:
    try:
        import psycopg
    except ImportError:  # also where it is there, but not the library of the server that it needs
        raise InputError(
            Problem("reading a database needs a client library that is not installed", address.shown, None,
                    "pip install 'process-walkthrough[postgres]'")
        ) from None  # fmt: skip
    return psycopg


def _shown(error: Exception, address: TableAddress) -> str:
    """The first lines of a message without a password, should one be repeated there."""
    from psycopg.conninfo import conninfo_to_dict

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = "; ".join(lines[:2])[:400]
    try:
        parts = conninfo_to_dict(address.libpq_url)
    except type(error):
        return "the address cannot be read"  # its message repeats a part of it
    for secret in ("password", "sslpassword"):
        if parts.get(secret):
            message = message.replace(str(parts[secret]), "***")
    return message


def _connect(address: TableAddress) -> Any:
    from psycopg.conninfo import conninfo_to_dict

    wanted = dict(conninfo_to_dict(address.libpq_url))
    settings = " ".join(f"-c {key}={value}" for key, value in _SETTINGS.items())
    wanted["options"] = f"{wanted.get('options') or ''} {settings}".strip()
    if "PGCONNECT_TIMEOUT" not in os.environ:
        wanted.setdefault("connect_timeout", _SECONDS_TO_CONNECT)
    wanted.setdefault("client_encoding", "UTF8")
    port, database = wanted.pop("port", None), wanted.pop("dbname", None)
    return ibis.postgres.connect(port=port, database=database, **wanted)


def _table(backend: Any, address: TableAddress) -> ir.Table:
    try:
        table: ir.Table = backend.table(address.table, database=address.schema)
    except TableNotFound:
        there = sorted(backend.list_tables(database=address.schema))
        near = [match for match, _, _ in process.extract(address.table, there, limit=3, score_cutoff=60)]
        where = f" in schema '{address.schema}'" if address.schema else ""
        raise InputError(
            Problem(f"there is no table '{address.table}'{where}", address.shown, None,
                    f"did you mean {' or '.join(map(repr, near))}?" if near
                    else f"the tables are: {', '.join(there[:20]) or 'none that this user sees'}")
        ) from None  # fmt: skip
    return table


def _primary_key(backend: Any, address: TableAddress) -> list[str]:
    quoted = ".".join(name(part) for part in (address.schema, address.table) if part)
    return [row[0] for row in backend.con.execute(_PRIMARY_KEY, (quoted,)).fetchall()]


def _fetched(headings: Sequence[str], options: Options, key: Sequence[int]) -> list[int]:
    """Positions of the columns to fetch: those wanted, and those that put the rows in order."""
    wanted = kept(headings, options.wanted)
    return sorted({*wanted, *key})


def _copy(
    store: Store, backend: Any, table: ir.Table, target: str, fetched: Sequence[int], options: Options
) -> str:
    """Copy columns as text into the engine, batch by batch; returns the statement that was sent."""
    columns = [table[table.columns[i]] for i in fetched]
    as_text = table.select(**{f"c{i}": _text(column) for i, column in zip(fetched, columns, strict=True)})
    listed = ", ".join(f"c{i} VARCHAR" for i in fetched)
    store.execute(f"CREATE OR REPLACE TEMP TABLE {target} ({listed})")
    rows = 0
    for batch in backend.to_pyarrow_batches(as_text, chunk_size=_BATCH):
        insert(store, target, pa.Table.from_batches([batch]))
        rows += batch.num_rows
        options.progress("read", rows, None)
    return str(ibis.to_sql(as_text, dialect="postgres"))


def _text(column: ir.Value) -> ir.Value:
    """A value as the server writes it; a number that is none is a missing value, as in other formats."""
    text = column.cast("string")
    return text.nullif("NaN") if column.type().is_numeric() else text


def _order(
    headings: Sequence[str], fetched: Sequence[int], event_id: str | None, key: Sequence[int]
) -> list[int]:
    """Positions of columns in the order of their weight."""
    first = [headings.index(event_id)] if event_id in headings and event_id is not None else []
    return list(dict.fromkeys([*first, *key, *fetched]))


def _numbered(
    store: Store,
    source: Source,
    file_no: int,
    headings: tuple[str, ...],
    keep: Sequence[int],
    query: str,
    order: Sequence[int],
) -> SourceFile:
    """Number the rows, hash them, and drop what only put them in order."""
    plain, table = f"plain_{file_no}", f"raw_{file_no}"
    by = ", ".join(f"try_cast(c{i} AS HUGEINT) NULLS LAST, c{i} NULLS LAST" for i in order)
    values = "".join(f", c{i}" for i in keep)
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        f" SELECT row_number() OVER (ORDER BY {by}) AS source_row{values} FROM {plain}"
    )
    store.execute(f"DROP TABLE {plain}")
    create_unread(store)
    query = f"{query}\n-- rows in the order of {', '.join(headings[i] for i in order)}; {_ORDER}"
    sha256, size, rows = _hash(store, table, keep, query)
    if not rows:
        raise NoRowsError(
            Problem("the table has no rows", source.name, None, "check that it is the one you mean")
        )
    return SourceFile(source.name, sha256, size, "table", rows_read=rows, query=query)


def _hash(store: Store, table: str, keep: Sequence[int], query: str) -> tuple[str, int, int]:
    """(SHA-256 of the query and the rows in order, bytes of the rows as text, rows)."""
    fields = "".join(f" || coalesce(strlen(c{i})::VARCHAR || ':' || c{i}, '-')" for i in keep)
    digest = hashlib.sha256(query.encode())
    size = rows = 0
    lines = store.backend.con.execute(f"SELECT ''{fields} FROM {table} ORDER BY source_row")
    for batch in lines.to_arrow_reader(_BATCH):
        data = "".join(f"{line}\n" for line in batch.column(0).to_pylist()).encode()
        digest.update(data)
        size, rows = size + len(data), rows + batch.num_rows
    return digest.hexdigest(), size, rows
