"""From raw text to candidate events: every row (wide: cell) with its values, or the reason it has none."""

from __future__ import annotations

from collections.abc import Sequence

from logs.event_log import EVENT_COLUMNS, Reason
from logs.mapping import Mapping
from logs.readers.raw import RawTable
from logs.store import Store, name, text
from logs.times import BEYOND_US, FIRST_US, expression

STAGED = "events"
_TEXT_KEYS = ("resource", "role", "lifecycle", "event_id", "instance")
_SQL_TYPE = {"int64": "BIGINT", "int32": "INTEGER", "string": "VARCHAR"}


def stage(store: Store, raws: Sequence[RawTable], mapping: Mapping, formats: Sequence[str]) -> None:
    """Create the table of candidates: EVENT_COLUMNS, attributes, then _reason, _bad_column, _bad_value."""
    parts: list[str] = []
    offset = 0
    for raw in raws:
        parts += (_wide if mapping.layout == "wide" else _long)(raw, mapping, formats, offset)
        offset += raw.file.rows_read
    store.execute(f"CREATE OR REPLACE TABLE {STAGED} AS {' UNION ALL '.join(parts)}")


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
    activity = [_field(raw, heading) for heading in mapping.activity_headings]
    joined = activity[0] if len(activity) == 1 else f"nullif(concat_ws(' / ', {', '.join(activity)}), '')"
    assert mapping.time is not None
    columns = {
        "row_no": f"{_position(raw, offset)} + 1",
        "activity": joined,
        "t_us": expression(raw.value(mapping.time), formats, mapping.zone),
        "start_us": expression(raw.value(mapping.start), formats, mapping.zone) if mapping.start else "NULL",
        "_time_text": _field(raw, mapping.time),
        "_start_text": _field(raw, mapping.start),
        **_shared(raw, mapping),
    }
    inner = ", ".join(f"{sql} AS {name(column)}" for column, sql in columns.items())
    return [_judged(f"SELECT {inner} FROM {raw.table}", mapping, text(mapping.time))]


def _wide(raw: RawTable, mapping: Mapping, formats: Sequence[str], offset: int) -> list[str]:
    labels = mapping.milestone_labels
    cells = [_field(raw, heading) for heading in labels]
    position = f"({_position(raw, offset)}) * {len(labels)}"
    shared = ", ".join(f"{sql} AS {name(column)}" for column, sql in _shared(raw, mapping).items())
    each = (
        f"SELECT {position} + unnest({list(range(1, len(labels) + 1))}) AS row_no,"
        f" unnest([{', '.join(map(text, labels.values()))}]) AS activity,"
        f" unnest([{', '.join(map(text, labels))}]) AS _milestone,"
        f" unnest([{', '.join(cells)}]) AS _time_text,"
        f" NULL AS start_us, NULL::VARCHAR AS _start_text, {shared}"
        f" FROM {raw.table} WHERE {_field(raw, mapping.case)} IS NOT NULL"
    )
    timed = f"SELECT *, {expression('_time_text', formats, mapping.zone)} AS t_us FROM ({each})"
    no_time = f"coalesce({', '.join(cells)}) IS NULL"
    rest = (
        f"SELECT {position} + 1 AS row_no, {shared}, CASE WHEN {_field(raw, mapping.case)} IS NULL"
        f" THEN '{Reason.NO_CASE}' ELSE '{Reason.NO_MILESTONE}' END AS _reason"
        f" FROM {raw.table} WHERE {_field(raw, mapping.case)} IS NULL OR {no_time}"
    )
    return [
        _judged(f"{timed} WHERE _time_text IS NOT NULL", mapping, "_milestone"),
        f"SELECT {_listed(mapping, known=False)}, _reason, CASE WHEN _reason = '{Reason.NO_CASE}'"
        f" THEN {text(mapping.case or '')} END AS _bad_column, NULL::VARCHAR AS _bad_value FROM ({rest})",
    ]


def _shared(raw: RawTable, mapping: Mapping) -> dict[str, str]:
    """Columns that both layouts fill alike. Attributes stay as they are but for empty ones."""
    columns = {
        "file_no": f"{raw.file_no}::INTEGER",
        "source_row": raw.place or raw.row,
        "case_id": _field(raw, mapping.case),
    }
    for key in _TEXT_KEYS:
        columns[key] = _field(raw, getattr(mapping, key))
    columns["lifecycle"] = f"lower({columns['lifecycle']})"
    for ours, heading in mapping.attributes.items():
        columns[ours] = f"CASE WHEN {raw.value(heading)} IS NOT NULL THEN {raw.column(heading)} END"
    return columns


def _listed(mapping: Mapping, *, known: bool = True) -> str:
    """The standard columns in their order and type, then the attributes."""
    unknown = {"copy_of_row"} | (set() if known else {"activity", "t_us", "start_us"})
    columns = [
        f"CAST({'NULL' if column in unknown else name(column)} AS {_SQL_TYPE[kind]}) AS {name(column)}"
        for column, kind in EVENT_COLUMNS.items()
    ]
    return ", ".join([*columns, *map(name, mapping.attributes)])


def _judged(inner: str, mapping: Mapping, time_heading: str) -> str:
    """Adds reason, _bad_column and _bad_value; `time_heading` is SQL for the heading of the time."""
    start = text(mapping.start or "")
    case, activity = text(mapping.case or ""), text(" / ".join(mapping.activity_headings))
    range_of = f"NOT BETWEEN {FIRST_US} AND {BEYOND_US - 1}"
    checks = [
        ("case_id IS NULL", Reason.NO_CASE, case, "NULL"),
        ("activity IS NULL", Reason.NO_ACTIVITY, activity, "NULL"),
        ("_time_text IS NULL", Reason.NO_TIME, time_heading, "NULL"),
        ("t_us IS NULL", Reason.BAD_TIME, time_heading, "_time_text"),
        (f"t_us {range_of}", Reason.TIME_OUT_OF_RANGE, time_heading, "_time_text"),
    ]
    if mapping.start:
        checks += [
            ("start_us IS NULL AND _start_text IS NOT NULL", Reason.BAD_TIME, start, "_start_text"),
            (f"start_us {range_of}", Reason.TIME_OUT_OF_RANGE, start, "_start_text"),
            ("start_us > t_us", Reason.END_BEFORE_START, start, "_start_text || ' > ' || _time_text"),
        ]

    def case_of(pick: int) -> str:
        arms = (f"WHEN {check[0]} THEN {text(check[1]) if pick == 1 else check[pick]}" for check in checks)
        return f"CASE {' '.join(arms)} END"

    return (
        f"SELECT {_listed(mapping)}, {case_of(1)} AS _reason, {case_of(2)} AS _bad_column,"
        f" {case_of(3)} AS _bad_value FROM ({inner})"
    )
