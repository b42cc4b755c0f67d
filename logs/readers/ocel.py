"""OCEL 2.0 (arXiv 2403.01975, ocel-standard.org) as rows, flattened on one type of objects.

Each pair of an event and an object of that type is a row; an event that concerns several such objects gives
several rows, one that concerns none is listed as left out. Attributes of an object are those in force at the
event's time. Identifiers of other objects are joined with '; ', in the order of their bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from logs.event_log import Reason, SourceFile
from logs.problems import InputError, Problem
from logs.readers.ocel_tables import OcelTables, OcelTypes, check
from logs.readers.raw import UNREAD, Options, RawTable, create_unread, distinct_headings, kept
from logs.sources import Source
from logs.store import Store, text
from logs.times import expression

OBJECT, ACTIVITY, TIME, EVENT, QUALIFIER = (
    "ocel:oid",
    "ocel:activity",
    "ocel:timestamp",
    "ocel:eid",
    "ocel:qualifier",
)
CASE = "case:"
"""Prefix of what belongs to the object that is the case: its attributes, and the objects it is related to."""
OTHERS = "objects:"
"""Prefix, before a type, of the identifiers of an event's other objects."""
_JOINT = "; "


@dataclass(frozen=True)
class TypeCount:
    """A type of objects, and how much it could be the case."""

    name: str
    objects: int
    events: int
    """Events that concern exactly one object of the type."""


@dataclass(frozen=True)
class Survey:
    """What a proposal needs to know of an OCEL."""

    declared: OcelTypes
    types: tuple[TypeCount, ...]
    """The likeliest case first: concerned alone by the most events."""
    naive_times: bool
    """Some event's time states no offset."""


def flatten(tables: OcelTables, types: OcelTypes, source: Source, file_no: int, options: Options) -> RawTable:
    """The raw table of one OCEL for one object type. Raises InputError for a type that it has not, or a log
    that contradicts itself.
    """
    store = tables.store
    check(tables, types, source.name, options.zone)
    case_type = _object_type(types, options.object_type, source.name)
    moment = expression("time", ("iso",), options.zone)
    store.execute(f"ALTER TABLE {tables['object_value']} ADD COLUMN _us BIGINT")
    store.execute(f"UPDATE {tables['object_value']} SET _us = {moment}")
    named, values = headings(types, case_type), _values(tables, types, case_type)
    keep = kept(named, options.wanted)
    _make_pairs(tables, case_type, options.zone)
    _fill(tables, f"raw_{file_no}", keep, [values[i] for i in keep])
    rows = store.value(f"SELECT count(*) FROM raw_{file_no}") + _list_left_out(tables, file_no)
    store.execute(f"DROP TABLE {tables['pair']}")
    tables.drop()
    options.progress("read", rows, rows)
    file = SourceFile(
        source.name,
        source.sha256,
        source.size,
        source.format,
        rows_read=rows,
        query=f"object_type: {case_type}",
    )
    iso = frozenset({TIME})
    return RawTable(f"raw_{file_no}", file, file_no, named, "_row", 1, place="_pos", iso=iso)


def survey(store: Store, source: Source) -> Survey:
    """What an OCEL holds. Raises InputError where it cannot be read, or declares no objects."""
    from logs.readers import ocel_json, ocel_sqlite

    reader = ocel_json if source.format == "ocel-json" else ocel_sqlite
    tables, types = reader.fill(store, source, 0)
    check(tables, types, source.name, "UTC")
    if not types.objects:
        raise InputError(Problem("declares no types of objects", source.name, None, "export it again"))
    alone = (
        "SELECT type, count(*) AS events FROM (SELECT pos, any_value(o.type) AS type"
        f" FROM {tables['relation']} r"
        f" JOIN {tables['object']} o ON o.id = r.object GROUP BY pos, o.type HAVING count(DISTINCT o.id) = 1)"
        " GROUP BY type"
    )
    counted = f"SELECT type, count(*) AS objects FROM {tables['object']} GROUP BY type"
    rows = store.rows(
        f"SELECT type, objects, coalesce(events, 0) AS n FROM ({counted}) LEFT JOIN ({alone}) USING (type)"
        " ORDER BY n DESC, type"
    )
    empty = [TypeCount(kind, 0, 0) for kind in types.objects if kind not in {row[0] for row in rows}]
    offset = "regexp_matches(time, '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$')"
    naive = bool(store.value(f"SELECT count(*) FROM {tables['event']} WHERE NOT {offset}"))
    tables.drop()
    return Survey(types, (*(TypeCount(*row) for row in rows), *empty), naive)


def headings(types: OcelTypes, case_type: str) -> tuple[str, ...]:
    """The headings of the rows of one object type."""
    events = dict.fromkeys(each for names in types.events.values() for each in names)
    return distinct_headings(
        (
            *(OBJECT, ACTIVITY, TIME, EVENT, QUALIFIER),
            *events,
            *(CASE + attribute for attribute in types.objects[case_type]),
            *(OTHERS + kind for kind in types.objects),
            *(CASE + OTHERS + kind for kind in types.objects),
        )
    )


def _object_type(types: OcelTypes, named: str | None, file: str) -> str:
    there = ", ".join(types.objects) or "none"
    if named is None and len(types.objects) == 1:
        return next(iter(types.objects))
    if named is None:
        raise InputError(
            Problem("holds several types of objects, and the mapping does not say which is the case", file,
                    None, f"say object_type: in the mapping; the types are: {there}")
        )  # fmt: skip
    if named not in types.objects:
        raise InputError(
            Problem(f"has no objects of type '{named}' (object_type in the mapping)", file, None,
                    f"the types are: {there}")
        )  # fmt: skip
    return named


def _make_pairs(tables: OcelTables, case_type: str, zone: str) -> None:
    """(event, object of the type), numbered by the event's position, then the object's identifier."""
    t = tables
    moment = expression("e.time", ("iso",), zone)
    t.store.execute(
        f"CREATE OR REPLACE TEMP TABLE {t['pair']} AS"
        " SELECT row_number() OVER (ORDER BY pos, object) AS _row, *"
        f" FROM (SELECT e.pos, o.id AS object, e.id, e.type, e.time, {moment} AS t_us,"
        f" string_agg(DISTINCT r.qualifier, '{_JOINT}' ORDER BY r.qualifier) AS qualifier"
        f" FROM {t['relation']} r JOIN {t['object']} o ON o.id = r.object"
        f" JOIN {t['event']} e ON e.pos = r.pos"
        f" WHERE o.type = {text(case_type)} GROUP BY ALL)"
    )


def _values(t: OcelTables, types: OcelTypes, case_type: str) -> list[tuple[str, str]]:
    """For each heading, SQL of its value and of the join that it needs; pairs are `p`, the join is `{j}`."""
    events = dict.fromkeys(each for names in types.events.values() for each in names)
    return [
        *((f"p.{column}", "") for column in ("object", "type", "time", "id", "qualifier")),
        *(("{j}.value", _event_value(t, attribute)) for attribute in events),
        *(("{j}.value", _object_value(t, attribute)) for attribute in types.objects[case_type]),
        *((_joined("list_filter({j}.ids, x -> x <> p.object)"), _others(t, kind)) for kind in types.objects),
        *((_joined("{j}.ids"), _related(t, kind)) for kind in types.objects),
    ]


def _joined(ids: str) -> str:
    return f"nullif(array_to_string({ids}, '{_JOINT}'), '')"


def _event_value(t: OcelTables, attribute: str) -> str:
    values = f"SELECT pos, value FROM {t['event_value']} WHERE name = {text(attribute)}"
    return f"LEFT JOIN ({values}) {{j}} ON {{j}}.pos = p.pos"


def _object_value(t: OcelTables, attribute: str) -> str:
    """The latest value that is not later than the event."""
    values = (
        f"SELECT object, _us, any_value(value) AS value FROM {t['object_value']}"
        f" WHERE name = {text(attribute)} GROUP BY object, _us"
    )
    return f"ASOF LEFT JOIN ({values}) {{j}} ON {{j}}.object = p.object AND p.t_us >= {{j}}._us"


def _others(t: OcelTables, kind: str) -> str:
    ids = (
        f"SELECT r.pos, list_sort(list(DISTINCT r.object)) AS ids FROM {t['relation']} r"
        f" JOIN {t['object']} o ON o.id = r.object WHERE o.type = {text(kind)} GROUP BY r.pos"
    )
    return f"LEFT JOIN ({ids}) {{j}} ON {{j}}.pos = p.pos"


def _related(t: OcelTables, kind: str) -> str:
    ids = (
        f"SELECT r.source, list_sort(list(DISTINCT r.target)) AS ids FROM {t['related']} r"
        f" JOIN {t['object']} o ON o.id = r.target WHERE o.type = {text(kind)} GROUP BY r.source"
    )
    return f"LEFT JOIN ({ids}) {{j}} ON {{j}}.source = p.object"


def _fill(t: OcelTables, table: str, keep: Iterable[int], values: Iterable[tuple[str, str]]) -> None:
    selected, joins = "", ""
    for i, (value, join) in zip(keep, values, strict=True):
        selected += f", {value.format(j=f'j{i}')} AS c{i}"
        joins += f" {join.format(j=f'j{i}')}"
    t.store.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT p._row, p.pos AS _pos{selected}"
        f" FROM {t['pair']} p{joins}"
    )


def _list_left_out(t: OcelTables, file_no: int) -> int:
    """List what makes no row; returns how many."""
    create_unread(t.store)
    unknown = f"SELECT r.pos, r.object FROM {t['relation']} r ANTI JOIN {t['object']} o ON o.id = r.object"
    t.store.execute(
        f"INSERT INTO {UNREAD} SELECT {file_no}, pos, {text(Reason.UNKNOWN_OBJECT)}, object, NULL"
        f" FROM ({unknown}) ORDER BY ALL"
    )
    t.store.execute(
        f"INSERT INTO {UNREAD} SELECT {file_no}, pos, {text(Reason.OTHER_OBJECTS)}, type, NULL"
        f" FROM {t['event']} ANTI JOIN {t['pair']} USING (pos) ANTI JOIN ({unknown}) USING (pos) ORDER BY pos"
    )
    return int(t.store.value(f"SELECT count(*) FROM {UNREAD} WHERE file_no = {file_no}"))
