"""From candidate events to the log: what is left out is listed, what is used is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logs.event_log import Reason, RowCount
from logs.filters import CaseFilter, leave_out
from logs.mapping import Mapping
from logs.merge import merge_deltas
from logs.readers.raw import UNREAD, RawTable
from logs.staging import EVENTS, ROWS, STAGED, held_columns, settle
from logs.store import Store, name, stripped, text

EXCLUDED = "excluded"
CASES = "cases"
HASHES_AT_ONCE = 16_000_000
"""Rows whose hashes are sorted together: 128 MB."""


@dataclass(frozen=True)
class Accounts:
    """What became of the rows."""

    rows_read: int
    rows_used: int
    excluded: tuple[RowCount, ...]
    cells_rejected: int


def assemble(
    store: Store, raws: Sequence[RawTable], mapping: Mapping, filters: Sequence[CaseFilter]
) -> Accounts:
    """Turn what is staged into `events`, `cases` and `excluded`, and count."""
    columns = "file_no INTEGER, source_row BIGINT, disposition VARCHAR, reason VARCHAR"
    store.execute(f'CREATE TABLE {EXCLUDED} ({columns}, "column" VARCHAR, value VARCHAR, case_id VARCHAR)')
    _list_unread(store, raws, mapping)
    if mapping.delta:
        merge_deltas(store, raws, mapping, _exclude)
    if filters:
        _filter(store, filters)
    _exclude(store, "_reason IS NOT NULL", "'rejected'", "_reason", "_bad_column", "_bad_value")
    if mapping.event_id:
        _merge_event_ids(store, mapping.event_id)
    _mark_copies(store, mapping)
    settle(store, raws, mapping)
    store.compress()
    _make_cases(store, mapping)
    return _count(store, raws, mapping)


def _list_unread(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> None:
    """Rows that the reader could not read; a row of a wrong length may still tell its case."""
    if not store.value(f"SELECT count(*) FROM {UNREAD}"):
        return
    assert mapping.case is not None
    arms = " ".join(
        f"WHEN {raw.file_no} THEN nullif({stripped(f'fields[{raw.headings.index(mapping.case) + 1}]')}, '')"
        for raw in raws
    )
    store.execute(
        f"INSERT INTO {EXCLUDED} SELECT file_no, source_row,"
        f" CASE reason WHEN {text(Reason.OTHER_OBJECTS)} THEN 'filtered' ELSE 'rejected' END, reason, NULL,"
        f" nullif(left(value, 200), ''),"
        f" CASE file_no {arms} END FROM {UNREAD}"
    )


def _filter(store: Store, filters: Sequence[CaseFilter]) -> None:
    store.execute(f"CREATE TEMP TABLE left_out AS {leave_out(filters, STAGED)}")
    line = f"(SELECT line FROM left_out WHERE left_out.case_id = {STAGED}.case_id)"
    _exclude(store, "case_id IN (SELECT case_id FROM left_out)", "'filtered'", line, "NULL", "NULL")
    store.execute(
        f"UPDATE {EXCLUDED} SET disposition = 'filtered', reason = left_out.line FROM left_out"
        f" WHERE {EXCLUDED}.case_id = left_out.case_id"
    )
    store.execute("DROP TABLE left_out")


def _exclude(store: Store, where: str, disposition: str, reason: str, column: str, value: str) -> None:
    """List staged rows as excluded, and leave them out."""
    listed = store.value(
        f"INSERT INTO {EXCLUDED} SELECT file_no, source_row, {disposition}, {reason}, {column},"
        f" left({value}, 200), case_id FROM {STAGED} WHERE {where}"
    )
    if listed:
        store.execute(
            f"UPDATE {ROWS} SET _out = true WHERE rowid IN (SELECT _id FROM {STAGED} WHERE {where})"
        )


def _merge_event_ids(store: Store, heading: str) -> None:
    """An event id that repeats for the same case, activity and lifecycle is one event, given twice."""
    key = "event_id, case_id, activity, lifecycle"
    store.execute(
        f"CREATE TEMP TABLE again AS SELECT row_no FROM (SELECT row_no, min(row_no) OVER (PARTITION BY {key})"
        f" AS _first FROM {STAGED} WHERE event_id IN (SELECT event_id FROM {STAGED}"
        " WHERE event_id IS NOT NULL GROUP BY event_id HAVING count(*) > 1)) WHERE row_no <> _first"
    )
    again = "row_no IN (SELECT row_no FROM again)"
    _exclude(store, again, "'merged'", text(Reason.SAME_EVENT_ID), text(heading), "event_id")
    store.execute("DROP TABLE again")


def _mark_copies(store: Store, mapping: Mapping) -> None:
    """Point each row at the first one equal in all mapped columns, or merge it if the mapping says so.

    A hash of what tells events apart as a rule finds the few suspects; equality of all columns decides.
    """
    likely = "hash(case_id, activity, t_us)"
    suspects = _more_than_once(store, likely)
    if not len(suspects):
        return
    store.backend.con.register("suspects", pa.table({"_h": suspects}))
    equal = ", ".join(map(name, (*held_columns(mapping), *mapping.attributes)))
    store.execute(
        f"CREATE TEMP TABLE copies AS SELECT * FROM (SELECT row_no, file_no, _id,"
        f" min(row_no) OVER (PARTITION BY {equal}) AS _first,"
        f" min(file_no) OVER (PARTITION BY {equal}) AS _first_file"
        f" FROM {STAGED} WHERE {likely} IN (SELECT _h FROM suspects)) WHERE row_no <> _first"
    )
    store.backend.con.unregister("suspects")
    if mapping.drop_repeated_rows or mapping.merge_overlapping_files:
        overlap, repeated = text(Reason.OVERLAPPING_FILES), text(Reason.REPEATED_ROW)
        reason = f"CASE WHEN file_no > _first_file THEN {overlap} ELSE {repeated} END"
        merged = "true" if mapping.drop_repeated_rows else "file_no > _first_file"
        _exclude(
            store,
            f"row_no IN (SELECT row_no FROM copies WHERE {merged})",
            "'merged'",
            f"(SELECT {reason} FROM copies WHERE copies.row_no = {STAGED}.row_no)",
            "NULL",
            "NULL",
        )
        store.execute(f"DELETE FROM copies WHERE {merged}")
    if store.value("SELECT count(*) FROM copies"):
        store.execute(f"ALTER TABLE {ROWS} ADD COLUMN copy_of_row BIGINT")
        store.execute(
            f"UPDATE {ROWS} SET copy_of_row = copies._first FROM copies WHERE {ROWS}.rowid = copies._id"
        )
    store.execute("DROP TABLE copies")


def _more_than_once(store: Store, likely: str) -> npt.NDArray[np.uint64]:
    """Hashes that more than one staged row has. Sorting them takes a tenth of what grouping them takes."""
    parts = 1 + store.value(f"SELECT count(*) FROM {STAGED}") // HASHES_AT_ONCE
    found = []
    for part in range(parts):
        chosen = f" WHERE _h % {parts} = {part}" if parts > 1 else ""
        query = f"SELECT _h FROM (SELECT {likely} AS _h FROM {STAGED}){chosen}"
        hashes = store.backend.con.execute(query).fetchnumpy()["_h"]
        hashes.sort()
        found.append(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))
    return np.concatenate(found)


def _make_cases(store: Store, mapping: Mapping) -> None:
    attributes = "".join(f", arg_min({name(a)}, row_no) AS {name(a)}" for a in mapping.attributes)
    listed = "".join(f", {name(a)}" for a in mapping.attributes)
    store.execute(
        f"CREATE TABLE {CASES} AS SELECT case_id, events, first_us, last_us,"
        f" coalesce(_rejected, 0)::BIGINT AS excluded_rows{listed} FROM (SELECT case_id, count(*) AS events,"
        f" min(t_us) AS first_us, max(t_us) AS last_us{attributes} FROM {EVENTS} GROUP BY case_id)"
        f" LEFT JOIN (SELECT case_id, count(DISTINCT (file_no, source_row)) AS _rejected FROM {EXCLUDED}"
        " WHERE disposition = 'rejected' GROUP BY case_id) USING (case_id) ORDER BY case_id"
    )


def _count(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> Accounts:
    read = sum(raw.file.rows_read for raw in raws)
    if mapping.layout == "long":
        lines = store.rows(f"SELECT disposition, reason, count(*) FROM {EXCLUDED} GROUP BY ALL ORDER BY ALL")
        used = store.value(f"SELECT count(*) FROM {EVENTS}")
        return Accounts(read, used, tuple(RowCount(*line) for line in lines), 0)
    used_rows = f"SELECT DISTINCT file_no, source_row FROM {EVENTS}"
    unused = f"SELECT * FROM {EXCLUDED} ANTI JOIN ({used_rows}) USING (file_no, source_row)"
    fates = (  # one fate per row: a rejected cell outweighs merged ones
        "SELECT max(disposition) AS disposition, arg_max(reason, disposition || reason) AS reason"
        f" FROM ({unused}) GROUP BY file_no, source_row"
    )
    lines = store.rows(f"SELECT disposition, reason, count(*) FROM ({fates}) GROUP BY ALL ORDER BY ALL")
    cells = store.value(
        f"SELECT count(*) FROM {EXCLUDED} SEMI JOIN ({used_rows}) USING (file_no, source_row)"
        " WHERE disposition = 'rejected'"
    )
    used = store.value(f"SELECT count(*) FROM ({used_rows})")
    return Accounts(read, used, tuple(RowCount(*line) for line in lines), cells)
