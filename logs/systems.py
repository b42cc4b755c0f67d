"""Several systems read as one log: each with mapping and as-of, joined by a key (docs/decisions/0015)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from logs.event_log import (
    EVENT_COLUMNS,
    EXCLUDED_COLUMNS,
    EventLog,
    Provenance,
    Reason,
    SourceFile,
    System,
    SystemFacts,
    Window,
)
from logs.mapping import Mapping
from logs.named_sources import NamedSource, NamedSources, load_sources
from logs.problems import InputError, NoRowsError, Problem
from logs.readers.raw import Progress
from logs.reading import read
from logs.sources import PathLike, find_sources
from logs.staging import ROWS
from logs.times import instant
from logs.together import together
from logs.vocabulary import Vocabulary

_UNREADABLE = tuple(
    reason.value
    for reason in (
        Reason.FIELD_COUNT,
        Reason.UNDECODABLE,
        Reason.NOT_JSON,
        Reason.NOT_AN_OBJECT,
        Reason.REPEATED_KEY,
        Reason.UNKNOWN_OBJECT,
    )
)
"""Reasons of rows that never became candidates; their attributes are not known."""
_HOUR_US = 3_600_000_000
_DEFAULT_ZONE = Mapping(case="-", activity="-", time="-").zone


def read_systems(
    sources: NamedSources | PathLike,
    *,
    vocabulary: Vocabulary | None = None,
    filters: Iterable[str] = (),
    limit: float | None = None,
    as_of_us: int | None = None,
    now_us: int | None = None,
    progress: Progress | None = None,
) -> EventLog:
    """Read the exports of several systems as one log.

    `sources`: a file of named sources, or its content. The first source is that of the process: its cases are
    the log's, `filters` select among them, and events of joined sources are added to them by their key.
    `limit`, `vocabulary`, `progress`: as for `logs.read`, for each source. `as_of_us`: instant of judgement;
    no source is judged later than it reaches. `now_us`: what lies after it is no event (2099-12-31).

    Returns an EventLog with `systems` and `as_of`, to be closed. Raises InputError with the mistakes of all
    sources; also where a join's key matches only if it were written otherwise, for a log that lacks most of a
    system's events would make up findings.
    """
    named = sources if isinstance(sources, NamedSources) else load_sources(sources)
    logs = _read_all(named, vocabulary, tuple(filters), limit, progress)
    first = logs[0]
    assert first is not None
    try:
        systems = _systems(named, logs, as_of_us, now_us)
        return together(named, first, systems)
    except BaseException:
        first.close()
        raise
    finally:
        for each in logs[1:]:
            if each is not None:
                each.close()


def _read_all(
    named: NamedSources,
    vocabulary: Vocabulary | None,
    filters: tuple[str, ...],
    limit: float | None,
    progress: Progress | None,
) -> list[EventLog | None]:
    """The log of each source; None for one without rows (not the first)."""
    logs: list[EventLog | None] = []
    problems: list[Problem] = []
    for at, each in enumerate(named.sources):
        try:
            log = read(
                each.files,
                each.mapping,
                vocabulary=vocabulary,
                filters=() if at else filters,
                limit=limit,
                progress=progress,
            )
            logs.append(log)
        except InputError as error:
            if isinstance(error, NoRowsError) and at and len(find_sources(each.files)) == 1:
                logs.append(None)
            else:
                problems += error.problems
        except BaseException:
            _close(logs)
            raise
    if problems:
        _close(logs)
        raise InputError(problems)
    return logs


def _close(logs: Iterable[EventLog | None]) -> None:
    for each in logs:
        if each is not None:
            each.close()


def _systems(
    named: NamedSources, logs: Sequence[EventLog | None], given: int | None, now_us: int | None
) -> tuple[System, ...]:
    """All sources in the engine of the first; numbers of rows and files go on from one to the next."""
    first = logs[0]
    assert first is not None
    rows = files = 0
    systems = []
    for at, (source, log) in enumerate(zip(named.sources, logs, strict=True)):
        if log is None:
            systems.append(_empty(source, first, at, given))
        elif at == 0:
            systems.append(
                System(_facts(source, log, given, now_us), log.events, _unused(log), log.excluded, log.labels)
            )
        else:
            systems.append(_copied(source, log, first, at, rows, files, given, now_us))
        files += len(systems[-1].facts.provenance.files)
        rows += int((log.events.row_no.max().execute() if log else 0) or 0)
    reference = given or max(each.facts.as_of_us or 0 for each in systems)
    return tuple(
        replace(each, facts=replace(each.facts, stale=_stale(each.facts, reference))) for each in systems
    )


def _stale(facts: SystemFacts, reference_us: int) -> bool:
    if facts.max_age_hours is None:
        return False
    return facts.as_of_us is None or reference_us - facts.as_of_us > facts.max_age_hours * _HOUR_US


def _copied(
    source: NamedSource,
    log: EventLog,
    first: EventLog,
    at: int,
    rows: int,
    files: int,
    given: int | None,
    now_us: int | None,
) -> System:
    moved = log.events.mutate(
        row_no=log.events.row_no + rows,
        copy_of_row=log.events.copy_of_row + rows,
        file_no=(log.events.file_no + files).cast("int32"),
    )
    excluded = log.excluded.mutate(file_no=(log.excluded.file_no + files).cast("int32"))
    return System(
        _facts(source, log, given, now_us),
        _transfer(log, first, moved, f"system_{at}_events"),
        _transfer(log, first, _unused(log), f"system_{at}_unused"),
        _transfer(log, first, excluded, f"system_{at}_excluded"),
        log.labels,
    )


def _transfer(log: EventLog, target: EventLog, table: ir.Table, name: str) -> ir.Table:
    """Copy a table from one log's engine into another's, in batches."""
    engine = target.backend.con
    engine.register("incoming", log.backend.to_pyarrow_batches(table))
    engine.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    engine.unregister("incoming")
    return target.backend.table(name)


def _unused(log: EventLog) -> ir.Table:
    """What is known of the rows that were not used."""
    rows = log.backend.table(ROWS)
    attributes = log.provenance.attributes
    columns = ("case_id", "activity", *attributes)
    left_out = rows.filter(rows["_out"]).select(*columns)
    excluded = log.excluded
    unread = excluded.filter(excluded.disposition == "rejected", excluded.reason.isin(_UNREADABLE))
    null = ibis.null("string")
    return left_out.union(
        unread.select("case_id", activity=null, **dict.fromkeys(attributes, null)).select(*columns)
    )


def _facts(source: NamedSource, log: EventLog, given: int | None, now_us: int | None) -> SystemFacts:
    times = log.events.t_us
    known = log.events.agg(first=times.min(), last=times.max()).execute()
    first, last = (int(known[column].iloc[0]) for column in ("first", "last"))
    latest = last
    if now_us is not None and last > now_us:
        past = log.events.filter(times <= now_us).t_us.max().execute()
        latest = last if past is None or past != past else int(past)
    window = log.provenance.window
    as_of_us, basis = _as_of(source, log.provenance.zone, window, given) or (latest, "latest_event")
    return replace(
        _stated(source, log.provenance),
        as_of_us=as_of_us,
        as_of_basis=basis,
        first_us=first if window.from_us is None else window.from_us,
        last_us=last,
    )


def _as_of(source: NamedSource, zone: str, window: Window, given: int | None) -> tuple[int, str] | None:
    """What is said of how far an export reaches, and the instant that was asked for if that is earlier."""
    said = []
    if given is not None:
        said.append((given, "given"))
    if source.entry.as_of is not None:
        said.append((instant(source.entry.as_of, zone, source.name), "stated"))
    if window.until_us is not None:
        said.append((window.until_us, "window_end"))
    return min(said, key=lambda each: each[0], default=None)


def _stated(source: NamedSource, provenance: Provenance) -> SystemFacts:
    entry = source.entry
    return SystemFacts(
        name=source.name,
        titles=(entry.title.zh, entry.title.en) if entry.title else None,
        provenance=replace(
            provenance, files=tuple(replace(each, source=source.name) for each in provenance.files)
        ),
        as_of_us=None,
        as_of_basis="",
        first_us=None,
        last_us=None,
        part="beside",
        max_age_hours=entry.max_age_hours,
    )


def _empty(source: NamedSource, first: EventLog, at: int, given: int | None) -> System:
    """A system whose export has a heading and no rows."""
    mapping = source.columns
    zone = mapping.zone if mapping else _DEFAULT_ZONE
    files = tuple(
        SourceFile(each.name, each.sha256, each.size, each.format) for each in find_sources(source.files)
    )
    attributes = tuple(mapping.attributes) if mapping else ()
    provenance = Provenance(
        files=files,
        mapping_text="",
        mapping_sha256="",
        mapping_origin=source.mapping or "proposed",
        mapping_reasons=(),
        zone=zone,
        window=Window(),
        layout=mapping.layout if mapping else "long",
        filters=(),
        rows_read=0,
        rows_used=0,
        excluded=(),
        cells_rejected=0,
        reject_limit=mapping.reject_limit if mapping else 1.0,
        fields=frozenset(),
        attributes=attributes,
    )
    reach = _as_of(source, zone, Window(), given)
    facts = replace(_stated(source, provenance), as_of_us=reach[0] if reach else None)
    facts = replace(facts, as_of_basis=reach[1] if reach else "")
    columns = {"case_id": "string", "activity": "string", **dict.fromkeys(attributes, "string")}

    def table(name: str, schema: dict[str, str]) -> ir.Table:
        return first.backend.create_table(f"system_{at}_{name}", schema=ibis.schema(schema))

    return System(
        facts,
        table("events", {**EVENT_COLUMNS, **dict.fromkeys(attributes, "string")}),
        table("unused", columns),
        table("excluded", EXCLUDED_COLUMNS),
        (),
    )
