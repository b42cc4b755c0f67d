"""From raw text to candidate events: every row (wide: cell) with its values, or the reason it has none."""

from __future__ import annotations

import itertools
from collections.abc import Mapping as Mapping_
from collections.abc import Sequence

import duckdb

from logs.event_log import EVENT_COLUMNS, Reason
from logs.mapping import Mapping
from logs.readers.raw import RawTable
from logs.store import Store, name, text
from logs.times import BEYOND_US, FIRST_US, expression, plain_iso

ROWS = "staged_rows"
"""The table of candidates, with the columns that the mapping fills."""
STAGED = "staged"
"""A view of those that are not left out: EVENT_COLUMNS, attributes, _reason, _bad_column, _bad_value, and the
row's _id in the table."""
EVENTS = "events"
"""A view of those that are used: EVENT_COLUMNS, attributes."""
_TEXT_KEYS = ("resource", "role", "lifecycle", "event_id", "instance")
_SQL_TYPE = {"int64": "BIGINT", "int32": "INTEGER", "string": "VARCHAR"}
_PLACES = ("row_no", "file_no", "source_row")
_JUDGED = ("_reason", "_bad_column", "_bad_value")


class UnstreamableError(Exception):
    """A view on a file did not give the rows that the file has."""


def stage(store: Store, raws: Sequence[RawTable], mapping: Mapping, formats: Sequence[str]) -> None:
    """Create ROWS and STAGED. Raises UnstreamableError."""
    streamed = all(raw.load for raw in raws)
    parts: list[str] = []
    offset = 0
    for raw in raws:
        parts += (_wide if mapping.layout == "wide" else _long)(raw, mapping, formats, offset)
        offset += raw.file.rows_read
    if streamed:
        _stream(store, raws, parts)
    else:
        store.execute(f"CREATE OR REPLACE TABLE {ROWS} AS {' UNION ALL '.join(parts)}")
    store.execute(f"ALTER TABLE {ROWS} ADD COLUMN _out BOOLEAN DEFAULT false")
    places = _streamed_places(raws) if streamed else {}
    columns = f"{_listed(mapping, places)}, {', '.join(_JUDGED)}, rowid AS _id"
    store.execute(f"CREATE OR REPLACE VIEW {STAGED} AS SELECT {columns} FROM {ROWS} WHERE NOT _out")


def _stream(store: Store, raws: Sequence[RawTable], parts: Sequence[str]) -> None:
    """File by file, so that rows lie in the order in which they were read: their ids are their numbers."""
    before = 0
    for number, (raw, part) in enumerate(zip(raws, parts, strict=True)):
        begin = f"INSERT INTO {ROWS}" if number else f"CREATE OR REPLACE TABLE {ROWS} AS"
        try:
            store.execute(f"{begin} {part}")
        except duckdb.InvalidInputException:  # ragged rows or overlong lines: the exact reader says which
            raise UnstreamableError from None
        rows = store.value(f"SELECT count(*) FROM {ROWS}")
        if rows - before != raw.file.rows_read:
            raise UnstreamableError
        before = rows


def _streamed_places(raws: Sequence[RawTable]) -> dict[str, str]:
    """SQL for the places of rows whose ids count them over all files."""
    begins = list(itertools.accumulate((raw.file.rows_read for raw in raws), initial=0))[:-1]

    def by_file(values: Sequence[int]) -> str:
        arms = (f"WHEN rowid >= {b} THEN {v}" for b, v in reversed([*zip(begins, values, strict=True)][1:]))
        return f"CASE {' '.join(arms)} ELSE {values[0]} END" if len(values) > 1 else str(values[0])

    firsts = [raw.first_row - begin for raw, begin in zip(raws, begins, strict=True)]
    return {
        "row_no": "rowid + 1",
        "file_no": by_file([raw.file_no for raw in raws]),
        "source_row": f"rowid + {by_file(firsts)}",
    }


def settle(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> tuple[str, ...]:
    """Create EVENTS of what is not left out, and let go of what only its choice needed."""
    streamed = all(raw.load for raw in raws)
    places = _streamed_places(raws) if streamed else {}
    held = {row[0] for row in store.rows(f"SELECT column_name FROM (DESCRIBE {ROWS})")}
    copies = {"copy_of_row": "copy_of_row"} if "copy_of_row" in held else {}
    used = " WHERE NOT _out" if store.value(f"SELECT count(*) FROM {ROWS} WHERE _out") else ""
    store.execute(f"DROP VIEW {STAGED}")
    for column in _JUDGED:
        store.execute(f"ALTER TABLE {ROWS} DROP COLUMN {column}")
    store.execute(f"CREATE VIEW {EVENTS} AS SELECT {_listed(mapping, places | copies)} FROM {ROWS}{used}")
    return tuple(sorted(held))


def held_columns(mapping: Mapping) -> tuple[str, ...]:
    """Those of EVENT_COLUMNS that a mapping fills with what an export says."""
    filled = {"case_id", "activity", "t_us", *(key for key in _TEXT_KEYS if getattr(mapping, key))}
    if mapping.start and mapping.layout == "long":
        filled.add("start_us")
    return tuple(column for column in EVENT_COLUMNS if column in filled)


def time_columns(mapping: Mapping) -> tuple[str, ...]:
    """Headings that hold times."""
    if mapping.layout == "wide":
        return tuple(mapping.milestone_labels)
    return tuple(heading for heading in (mapping.time, mapping.start) if heading)


def _field(raw: RawTable, heading: str | None) -> str:
    """SQL for a field stripped of outer white space; null where empty or not mapped."""
    return raw.value(heading) if heading else "NULL::VARCHAR"


def _position(raw: RawTable, offset: int) -> str:
    return f"{offset} + {raw.row} - {raw.first_row}"


def _long(raw: RawTable, mapping: Mapping, formats: Sequence[str], offset: int) -> list[str]:
    assert mapping.time is not None
    times = {"t_us": mapping.time} | ({"start_us": mapping.start} if mapping.start else {})
    activity = [_field(raw, heading) for heading in mapping.activity_headings]
    columns = {
        "activity": activity[0]
        if len(activity) == 1
        else f"nullif(concat_ws(' / ', {', '.join(activity)}), '')",
        **{_text_of(column): raw.value(heading) for column, heading in times.items()},
        **_shared(raw, mapping),
    }
    if not raw.load:
        columns |= _places_of(raw, offset)
    values = ", ".join(f"{sql} AS {name(column)}" for column, sql in columns.items())
    plain = ", ".join(f"{plain_iso(_text_of(column))} AS _plain_{column}" for column in times)
    read = ", ".join(
        f"{expression(_text_of(column), formats, mapping.zone, f'_plain_{column}')} AS {column}"
        for column in times
    )
    inner = f"SELECT *, {plain} FROM (SELECT {values} FROM {raw.table})"
    return [_judged(f"SELECT *, {read} FROM ({inner})", raw, mapping, text(mapping.time))]


def _text_of(column: str) -> str:
    return f"_{column}_text"


def _places_of(raw: RawTable, offset: int) -> dict[str, str]:
    return {
        "row_no": f"{_position(raw, offset)} + 1",
        "file_no": f"{raw.file_no}::INTEGER",
        "source_row": raw.place or raw.row,
    }


def _wide(raw: RawTable, mapping: Mapping, formats: Sequence[str], offset: int) -> list[str]:
    labels = mapping.milestone_labels
    cells = [_field(raw, heading) for heading in labels]
    position = f"({_position(raw, offset)}) * {len(labels)}"
    columns = _shared(raw, mapping) | _places_of(raw, offset)
    del columns["row_no"]
    shared = ", ".join(f"{sql} AS {name(column)}" for column, sql in columns.items())
    each = (
        f"SELECT {position} + unnest({list(range(1, len(labels) + 1))}) AS row_no,"
        f" unnest([{', '.join(map(text, labels.values()))}]) AS activity,"
        f" unnest([{', '.join(map(text, labels))}]) AS _milestone,"
        f" unnest([{', '.join(cells)}]) AS _t_us_text, {shared}"
        f" FROM {raw.table} WHERE {_field(raw, mapping.case)} IS NOT NULL"
    )
    timed = f"SELECT *, {expression('_t_us_text', formats, mapping.zone)} AS t_us FROM ({each})"
    no_time = f"coalesce({', '.join(cells)}) IS NULL"
    rest = (
        f"SELECT {position} + 1 AS row_no, {shared}, NULL AS activity, NULL AS t_us,"
        f" CASE WHEN {_field(raw, mapping.case)} IS NULL"
        f" THEN '{Reason.NO_CASE}' ELSE '{Reason.NO_MILESTONE}' END AS _reason"
        f" FROM {raw.table} WHERE {_field(raw, mapping.case)} IS NULL OR {no_time}"
    )
    return [
        _judged(f"{timed} WHERE _t_us_text IS NOT NULL", raw, mapping, "_milestone"),
        f"SELECT {_kept(raw, mapping)}, _reason, CASE WHEN _reason = '{Reason.NO_CASE}'"
        f" THEN {text(mapping.case or '')} END AS _bad_column, NULL::VARCHAR AS _bad_value FROM ({rest})",
    ]


def _shared(raw: RawTable, mapping: Mapping) -> dict[str, str]:
    """Columns that both layouts fill alike. Attributes stay as they are but for empty ones."""
    columns = {"case_id": _field(raw, mapping.case)}
    for key in _TEXT_KEYS:
        if getattr(mapping, key):
            columns[key] = _field(raw, getattr(mapping, key))
    if "lifecycle" in columns:
        columns["lifecycle"] = f"lower({columns['lifecycle']})"
    for ours, heading in mapping.attributes.items():
        value = raw.value(heading)
        columns[ours] = (
            value if raw.no_outer_blanks else f"CASE WHEN {value} IS NOT NULL THEN {raw.column(heading)} END"
        )
    return columns


def _kept(raw: RawTable, mapping: Mapping) -> str:
    """The columns of ROWS, in their order and type."""
    standard = (*(() if raw.load else _PLACES), *held_columns(mapping))
    casts = [f"CAST({column} AS {_SQL_TYPE[EVENT_COLUMNS[column]]}) AS {column}" for column in standard]
    return ", ".join([*casts, *map(name, mapping.attributes)])


def _listed(mapping: Mapping, computed: Mapping_[str, str]) -> str:
    """EVENT_COLUMNS and the attributes, in a view on ROWS."""
    held = {*_PLACES, *held_columns(mapping)}
    sources = {column: computed.get(column, column if column in held else "NULL") for column in EVENT_COLUMNS}
    casts = [f"CAST({sql} AS {_SQL_TYPE[EVENT_COLUMNS[c]]}) AS {c}" for c, sql in sources.items()]
    return ", ".join([*casts, *map(name, mapping.attributes)])


def _judged(inner: str, raw: RawTable, mapping: Mapping, time_heading: str) -> str:
    """Adds reason, _bad_column and _bad_value; `time_heading` is SQL for the heading of the time."""
    start = text(mapping.start or "")
    case, activity = text(mapping.case or ""), text(" / ".join(mapping.activity_headings))
    range_of = f"NOT BETWEEN {FIRST_US} AND {BEYOND_US - 1}"
    checks = [
        ("case_id IS NULL", Reason.NO_CASE, case, "NULL"),
        ("activity IS NULL", Reason.NO_ACTIVITY, activity, "NULL"),
        ("_t_us_text IS NULL", Reason.NO_TIME, time_heading, "NULL"),
        ("t_us IS NULL", Reason.BAD_TIME, time_heading, "_t_us_text"),
        (f"t_us {range_of}", Reason.TIME_OUT_OF_RANGE, time_heading, "_t_us_text"),
    ]
    if mapping.start:
        checks += [
            ("start_us IS NULL AND _start_us_text IS NOT NULL", Reason.BAD_TIME, start, "_start_us_text"),
            (f"start_us {range_of}", Reason.TIME_OUT_OF_RANGE, start, "_start_us_text"),
            ("start_us > t_us", Reason.END_BEFORE_START, start, "_start_us_text || ' > ' || _t_us_text"),
        ]

    def told(pick: int) -> str:
        arms = (f"WHEN {check[0]} THEN {text(check[1]) if pick == 1 else check[pick]}" for check in checks)
        return f"CASE {' '.join(arms)} END"

    # nearly every row is sound: what is wrong is asked of the others only
    return (
        f"SELECT {_kept(raw, mapping)}, _reason,"
        f" CASE WHEN _reason IS NOT NULL THEN {told(2)} END AS _bad_column,"
        f" CASE WHEN _reason IS NOT NULL THEN {told(3)} END AS _bad_value"
        f" FROM (SELECT *, {told(1)} AS _reason FROM ({inner}))"
    )
