"""Delta exports: files that repeat, overlap or correct earlier rows become one log (docs/decisions/0013)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import PurePath

from logs.event_log import EVENT_COLUMNS, DeltaCounts, Reason
from logs.mapping import Mapping
from logs.readers.raw import RawTable
from logs.staging import STAGED
from logs.store import Store, name, text

Exclude = Callable[[Store, str, str, str, str, str], None]
"""(store, which rows, disposition, reason, column, value): leaves staged rows out and lists them."""
_PLACES = ("row_no", "file_no", "source_row", "copy_of_row")
_SUPERSEDED = "superseded"
_COUNTS = "delta_counts"


def merge_deltas(store: Store, raws: Sequence[RawTable], mapping: Mapping, exclude: Exclude) -> None:
    """Leave out every staged row that a later one corrects, or an earlier one says already."""
    key = _key(raws, mapping)
    store.execute(f"CREATE OR REPLACE TEMP TABLE {_SUPERSEDED} (row_no BIGINT, kept BIGINT, reason VARCHAR)")
    if key:
        _corrected(store, key, mapping)
    _overlapping(store, key, mapping)
    _count(store, len(raws))
    places = (
        f"SELECT row_no, file_no, source_row FROM {STAGED} WHERE row_no IN (SELECT kept FROM {_SUPERSEDED})"
    )
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SUPERSEDED} AS SELECT s.row_no, reason, {_place(raws)} AS place"
        f" FROM {_SUPERSEDED} s JOIN ({places}) p ON p.row_no = s.kept"
    )
    mine = f"FROM {_SUPERSEDED} s WHERE s.row_no = {STAGED}.row_no"
    shown = f"concat_ws(' ', {_identity(mapping)}, '→', (SELECT place {mine}))"
    reason, column = f"(SELECT reason {mine})", text(_heading(mapping))
    exclude(store, f"row_no IN (SELECT row_no FROM {_SUPERSEDED})", "'merged'", reason, column, shown)
    store.execute(f"DROP TABLE {_SUPERSEDED}")


def with_counts(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> tuple[RawTable, ...]:
    """The files with what each of them brought to the log."""
    if not mapping.delta:
        return tuple(raws)
    found = {row[0]: DeltaCounts(*row[1:]) for row in store.rows(f"SELECT * FROM {_COUNTS}")}
    return tuple(
        dataclasses.replace(raw, file=dataclasses.replace(raw.file, delta=found[raw.file_no])) for raw in raws
    )


def _key(raws: Sequence[RawTable], mapping: Mapping) -> tuple[str, ...]:
    """Columns by which an event is known again; none: all of them."""
    if mapping.delta == "milestones":
        return ("case_id", "activity")
    if mapping.delta != "event_id":
        return ()
    if mapping.layout == "wide":
        return ("event_id", "activity")
    objects = any(raw.file.format.startswith("ocel") for raw in raws)
    return ("event_id", "lifecycle", "case_id") if objects else ("event_id", "lifecycle")


def _said(mapping: Mapping) -> list[str]:
    """All that a row says, its place in the files aside."""
    return [column for column in (*EVENT_COLUMNS, *mapping.attributes) if column not in _PLACES]


def _corrected(store: Store, key: Sequence[str], mapping: Mapping) -> None:
    """Of the versions of an event, the last counts; a rejected one is mended by any later one."""
    by, first = ", ".join(key), key[0]
    said = ", ".join(f"{name(column)} := {name(column)}" for column in _said(mapping))
    repeated = f"SELECT {first} FROM {STAGED} WHERE {first} IS NOT NULL GROUP BY {first} HAVING count(*) > 1"
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE versions AS SELECT row_no, file_no, _reason IS NULL AS good, {by},"
        f" struct_pack({said}) AS said FROM {STAGED} WHERE {first} IN ({repeated})"
    )
    whole = f"PARTITION BY {by}"
    last = f"({whole} ORDER BY row_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    store.execute(
        f"INSERT INTO {_SUPERSEDED}"
        f" WITH final AS (SELECT *, last_value(said) OVER {last} AS valid FROM versions WHERE good),"
        " runs AS (SELECT *, coalesce(max(row_no) FILTER (WHERE said IS DISTINCT FROM valid)"
        f" OVER ({whole}), -1) AS other FROM final),"
        f" kept AS (SELECT *, min(row_no) FILTER (WHERE row_no > other) OVER ({whole}) AS kept,"
        f" min(file_no) FILTER (WHERE row_no > other) OVER ({whole}) AS kept_file FROM runs)"
        f" SELECT row_no, kept, CASE WHEN row_no < kept THEN {text(Reason.CORRECTED)}"
        f" WHEN file_no > kept_file THEN {text(Reason.OVERLAPPING_FILES)}"
        f" ELSE {text(Reason.SAME_EVENT_ID)} END FROM kept WHERE row_no <> kept"
    )
    same = " AND ".join(f"bad.{column} IS NOT DISTINCT FROM later.{column}" for column in key)
    store.execute(
        f"INSERT INTO {_SUPERSEDED} SELECT bad.row_no, max(later.row_no), {text(Reason.CORRECTED)}"
        f" FROM versions bad JOIN versions later ON {same} AND later.row_no > bad.row_no"
        f" WHERE NOT bad.good AND later.good AND later.row_no NOT IN (SELECT row_no FROM {_SUPERSEDED})"
        " GROUP BY bad.row_no"
    )
    store.execute("DROP TABLE versions")


def _overlapping(store: Store, key: Sequence[str], mapping: Mapping) -> None:
    """The n-th of equal rows in one file is the n-th of them in another; a hash finds the few suspects."""
    equal = ", ".join(map(name, (*_said(mapping), "_reason", "_bad_column", "_bad_value")))
    unkeyed = f"WHERE {key[0]} IS NULL OR _reason IS NOT NULL" if key else ""
    rows = f"SELECT * FROM {STAGED} ANTI JOIN (SELECT row_no FROM {_SUPERSEDED}) USING (row_no) {unkeyed}"
    suspects = f"SELECT hash({equal}) AS h FROM ({rows}) GROUP BY h HAVING count(*) > 1"
    numbered = (
        f"SELECT *, row_number() OVER (PARTITION BY {equal}, file_no ORDER BY row_no) AS nth"
        f" FROM ({rows}) WHERE hash({equal}) IN ({suspects})"
    )
    store.execute(
        f"INSERT INTO {_SUPERSEDED} SELECT row_no, kept, {text(Reason.OVERLAPPING_FILES)}"
        f" FROM (SELECT row_no, min(row_no) OVER (PARTITION BY {equal}, nth) AS kept FROM ({numbered}))"
        " WHERE row_no <> kept"
    )


def _count(store: Store, files: int) -> None:
    """What became of the rows of each file."""
    corrected = text(Reason.CORRECTED)
    fate = (
        f"CASE WHEN reason = {corrected} THEN 'corrected' WHEN reason IS NOT NULL THEN 'repeated'"
        " WHEN _reason IS NOT NULL THEN 'rejected'"
        f" WHEN row_no IN (SELECT kept FROM {_SUPERSEDED} WHERE reason = {corrected}) THEN 'correcting'"
        " ELSE 'new' END"
    )
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE {_COUNTS} AS WITH"
        f" ends AS (SELECT file_no, max(t_us) AS t_us FROM {STAGED} WHERE _reason IS NULL GROUP BY file_no),"
        f" files AS (SELECT f.file_no, max(ends.t_us) AS before FROM range({files}) f(file_no)"
        " LEFT JOIN ends ON ends.file_no < f.file_no GROUP BY f.file_no),"
        f" fates AS (SELECT file_no, t_us, {fate} AS fate FROM {STAGED}"
        f" LEFT JOIN {_SUPERSEDED} USING (row_no))"
        " SELECT file_no, count(*) FILTER (WHERE fate = 'new') AS new,"
        " count(*) FILTER (WHERE fate = 'new' AND t_us < before) AS late,"
        " count(*) FILTER (WHERE fate = 'correcting') AS correcting,"
        " count(*) FILTER (WHERE fate = 'repeated') AS repeated,"
        " count(*) FILTER (WHERE fate = 'corrected') AS corrected"
        " FROM files LEFT JOIN fates USING (file_no) GROUP BY file_no ORDER BY file_no"
    )


def _heading(mapping: Mapping) -> str:
    return (mapping.event_id if mapping.delta == "event_id" else mapping.case) or ""


def _identity(mapping: Mapping) -> str:
    return "event_id" if mapping.delta == "event_id" else "case_id"


def _place(raws: Sequence[RawTable]) -> str:
    """SQL for 'file:row' of the row that counts."""
    arms = " ".join(f"WHEN {raw.file_no} THEN {text(PurePath(raw.file.name).name)}" for raw in raws)
    return f"CASE p.file_no {arms} END || ':' || p.source_row"
