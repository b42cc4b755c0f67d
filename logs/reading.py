"""Read an export: find the mapping, load the files, build the event table, account for every row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import duckdb
from rapidfuzz import fuzz, process

from logs.assemble import CASES, EXCLUDED, Accounts, assemble
from logs.documents import validate
from logs.event_log import EVENT_COLUMNS, EventLog, Provenance, Reason, Window
from logs.filters import COLUMNS, parse_filters
from logs.mapping import COLUMN_OF, Mapping, dump_mapping, load_mapping
from logs.merge import with_counts
from logs.problems import InputError, Problem
from logs.readers import load_raw
from logs.readers.raw import UNREAD, Options, Progress, RawTable
from logs.sources import PathLike, Source, find_sources
from logs.staging import EVENTS, STAGED, UnstreamableError, stage, time_columns
from logs.store import Store
from logs.times import check_formats, detect, instant
from logs.vocabulary import Vocabulary

_LOW_SHARE = 0.5
"""Where fewer values than this look like times, the column is not one of times."""


def read(
    paths: PathLike | Iterable[PathLike],
    mapping: Mapping | PathLike | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    filters: Iterable[str] = (),
    limit: float | None = None,
    progress: Progress | None = None,
) -> EventLog:
    """Read one or several exports as one event log.

    `paths`: files or globs (CSV, TSV, XLSX, XES, Parquet, JSON lines, OCEL 2.0; all but XLSX also gzipped)
    and addresses of PostgreSQL tables, read in this order. `mapping`: a mapping, or the file of one; None:
    what `propose` proposes, if it is confident. `vocabulary`: names that a reference model knows; only a
    proposal uses it. `filters`: see `logs.filters`; added to those of the
    mapping. `limit`: overrides the mapping's `reject_limit` (share of rows, 0 to 1). `progress`: called with
    stage, done and total (None: not known).

    Returns an EventLog, to be closed. Raises InputError where a file cannot be read as a whole, the mapping
    does not fit, the proposal is uncertain, or no row can be used.
    """
    report: Progress = progress or (lambda stage, done, total: None)
    sources = find_sources(paths)
    store = Store(sum(source.size for source in sources))
    try:
        return _read(store, sources, mapping, vocabulary, tuple(filters), limit, report)
    except BaseException:
        store.close()
        raise


def _read(
    store: Store,
    sources: Sequence[Source],
    given: Mapping | PathLike | None,
    vocabulary: Vocabulary | None,
    filters: tuple[str, ...],
    limit: float | None,
    report: Progress,
) -> EventLog:
    raws: tuple[RawTable, ...] = ()
    reasons: tuple[str, ...] = ()
    origin = "proposed"
    if given is None:
        from logs.proposal import propose_from

        proposal, raws = propose_from(store, sources, vocabulary, report)
        if not proposal.confident or proposal.mapping is None:
            raise InputError(proposal.questions)
        mapping, reasons = proposal.mapping, proposal.reasons
    elif isinstance(given, Mapping):
        mapping, origin = given, "given"
    else:
        mapping, origin = load_mapping(given), str(given)
    parse_filters(mapping.filters, mapping.zone, origin)
    mapping = _complete(mapping, filters, limit)
    conditions = parse_filters(mapping.filters, mapping.zone)
    if not raws or not _covers(raws, mapping):
        _forget(store, raws)
        raws = tuple(load_raw(store, s, i, options_for(mapping, report)) for i, s in enumerate(sources))
    check_headings(raws, mapping)
    _check_formulas(sources, raws, mapping)
    if not _can_stream(store, raws, mapping):
        raws = loaded(raws)
    try:
        mapping = _stage(store, raws, mapping, origin, report)
    except UnstreamableError:
        raws = loaded(raws)
        mapping = _stage(store, raws, mapping, origin, report)
    for raw in raws:
        store.execute(f"DROP {raw.kind} {raw.table}")
    accounts = assemble(store, raws, mapping, conditions)
    raws = with_counts(store, raws, mapping)
    if not accounts.rows_used:
        raise _nothing_usable(store, raws, accounts)
    report("assemble", accounts.rows_used, accounts.rows_used)
    return _event_log(store, raws, mapping, accounts, origin, reasons)


def _forget(store: Store, raws: Sequence[RawTable]) -> None:
    """Drop what a proposal loaded, with the rows that it could not read: they are read anew."""
    for raw in raws:
        store.execute(f"DROP {raw.kind} {raw.table}")
    store.execute(f"DROP TABLE IF EXISTS {UNREAD}")


def _can_stream(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> bool:
    """Not where formats of times have yet to be found: that takes several looks at every value."""
    if not all(raw.load for raw in raws):
        return False
    if mapping.time_formats:
        return True
    first = [
        f"(SELECT {r.value(h)} AS x FROM {r.table} LIMIT 1000)" for r in raws for h in time_columns(mapping)
    ]
    try:
        return detect(store, [(each, "x") for each in first]).formats == ("iso",)
    except duckdb.InvalidInputException:  # not even that can be read so
        return False


def loaded(raws: Sequence[RawTable]) -> tuple[RawTable, ...]:
    """Views that stream a file loaded as tables."""
    return tuple(raw.load() if raw.load else raw for raw in raws)


def options_for(mapping: Mapping, report: Progress) -> Options:
    """What the readers need to know of a mapping."""
    wanted = frozenset(heading for _, heading in mapping.headings())
    return Options(
        wanted,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter_character,
        sheet=mapping.sheet,
        object_type=mapping.object_type,
        zone=mapping.zone,
        event_id=mapping.event_id,
        streamed=mapping.layout == "long",
        progress=report,
    )


def _complete(mapping: Mapping, filters: tuple[str, ...], limit: float | None) -> Mapping:
    """The mapping with the caller's filters and limit; what a filter names becomes an attribute."""
    lines = tuple(dict.fromkeys((*mapping.filters, *filters)))
    conditions = parse_filters(lines, mapping.zone)
    known = {"period", *COLUMNS, *mapping.attributes}
    named = {c.column: c.column for c in conditions if c.column not in known}
    plain = mapping.model_dump(by_alias=True)
    plain |= {"filters": lines, "attributes": {**mapping.attributes, **named}}
    if limit is not None:
        plain["reject_limit"] = limit
    return validate(plain, Mapping, "mapping with filters", {})


def _covers(raws: Sequence[RawTable], mapping: Mapping) -> bool:
    """Whether what was loaded for the proposal will do: every mapped heading, and rows in the order that the
    mapping asks for (of a table, by its event id).
    """
    tables = any(raw.file.format == "table" for raw in raws)
    headed = all(heading in raw.headings for raw in raws for _, heading in mapping.headings())
    return headed and not tables


def _check_formulas(sources: Sequence[Source], raws: Sequence[RawTable], mapping: Mapping) -> None:
    for source, raw in zip(sources, raws, strict=True):
        if source.format == "xlsx":
            from logs.readers.xlsx import check_formulas

            check_formulas(source, raw, frozenset(heading for _, heading in mapping.headings()))


def check_headings(raws: Sequence[RawTable], mapping: Mapping) -> None:
    """Raises InputError for every mapped heading that a file lacks, with the nearest ones that it has."""
    problems = [
        Problem(
            f"no column '{heading}' ({key} in the mapping)", raw.file.name, 1, _nearest(heading, raw.headings)
        )
        for raw in raws
        for key, heading in mapping.headings()
        if heading not in raw.headings
    ]
    if problems:
        raise InputError(problems)


def _nearest(heading: str, there: Sequence[str]) -> str:
    headings = [each for each in there if not each.startswith("\x00")]  # what XES only looked for
    near = [
        match
        for match, _, _ in process.extract(heading, headings, scorer=fuzz.WRatio, limit=3, score_cutoff=50)
    ]
    if near:
        return f"did you mean {' or '.join(repr(each) for each in near)}?"
    return f"the columns are: {', '.join(headings[:20])}{' …' if len(headings) > 20 else ''}"


def _stage(
    store: Store, raws: Sequence[RawTable], mapping: Mapping, origin: str, report: Progress
) -> Mapping:
    """Stage the events; returns the mapping with the time formats that its columns are in.

    Without stated formats ISO is tried first: only where it leaves a value unread is every value looked at.
    """
    report("assemble", 0, None)
    check_formats(store, mapping.time_formats, origin)
    stated = mapping.time_formats
    if any(heading in raw.iso for raw in raws for heading in time_columns(mapping)):
        stated = tuple(dict.fromkeys((*stated, "iso"))) if stated else ()
    tried = stated or ("iso",)
    stage(store, raws, mapping, tried)
    unread = f"SELECT count(*) FROM {STAGED} WHERE _reason = '{Reason.BAD_TIME}'"
    if not mapping.time_formats and store.value(unread):
        found = _detected(store, raws, mapping)
        if found != tried:
            tried = found
            stage(store, raws, mapping, tried)
    return mapping.model_copy(update={"time_formats": tried})


def _detected(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> tuple[str, ...]:
    headings = time_columns(mapping)
    found = detect(store, [(raw.table, raw.value(heading)) for raw in raws for heading in headings])
    shown = f"column{'s' if len(headings) > 1 else ''} {', '.join(headings)}"
    if found.candidates:
        raise InputError(undecided_order(raws[0].file.name, shown, found.candidates))
    if not found.formats or found.share < _LOW_SHARE:
        raise InputError(
            Problem(f"{shown}: the values do not look like times", raws[0].file.name, None,
                    "name another column, or state time_formats in the mapping")
        )  # fmt: skip
    return found.formats


def undecided_order(file: str, shown: str, candidates: Sequence[Sequence[str]]) -> list[Problem]:
    """The question that a column asks in which every value is a date either way."""
    return [
        Problem(f"{shown}: the order of day and month cannot be told, every value reads as"
                f" {' and as '.join(group)}", file, None,
                f"state one in the mapping: time_formats: ['{group[0]}']")
        for group in candidates
    ]  # fmt: skip


def _nothing_usable(store: Store, raws: Sequence[RawTable], accounts: Accounts) -> InputError:
    problems = []
    for count in accounts.excluded:
        where = f"disposition = '{count.disposition}' AND reason = $1"
        file_no, row, column, value = store.backend.con.execute(
            f'SELECT file_no, source_row, "column", value FROM {EXCLUDED} WHERE {where} ORDER BY ALL LIMIT 1',
            [count.reason],
        ).fetchone()  # fmt: skip
        shown = f", column {column}" if column else ""
        shown += f", e.g. {value!r}" if value else ""
        problems.append(
            Problem(f"no row can be used: {count.rows:,} of {accounts.rows_read:,} rows {count.disposition}"
                    f" ({count.reason}{shown})", raws[file_no].file.name, row,
                    "check the " + ("filters" if count.disposition == "filtered" else "mapping and the file"))
        )  # fmt: skip
    return InputError(problems)


def _event_log(
    store: Store,
    raws: Sequence[RawTable],
    mapping: Mapping,
    accounts: Accounts,
    origin: str,
    reasons: tuple[str, ...],
) -> EventLog:
    text = dump_mapping(mapping)
    tables = store.backend
    return EventLog(
        backend=store.backend,
        events=tables.table(EVENTS),
        cases=tables.table(CASES),
        excluded=tables.table(EXCLUDED),
        provenance=Provenance(
            files=tuple(raw.file for raw in raws),
            mapping_text=text,
            mapping_sha256=hashlib.sha256(text.encode()).hexdigest(),
            mapping_origin=origin,
            mapping_reasons=reasons,
            zone=mapping.zone,
            window=_window(mapping, origin),
            layout=mapping.layout,
            filters=mapping.filters,
            rows_read=accounts.rows_read,
            rows_used=accounts.rows_used,
            excluded=accounts.excluded,
            cells_rejected=accounts.cells_rejected,
            reject_limit=mapping.reject_limit,
            fields=frozenset(ours for ours, _ in columns_filled(mapping) if ours in EVENT_COLUMNS),
            attributes=tuple(mapping.attributes),
            headings=columns_filled(mapping),
        ),
        labels=tuple(mapping.activities.items()),
        on_close=store.close,
    )


def columns_filled(mapping: Mapping) -> tuple[tuple[str, str], ...]:
    """(column of the event table, heading) for everything mapped; a milestone fills activity and time."""
    wide = [("activity", h) for h in mapping.milestone_labels] + [
        ("t_us", h) for h in mapping.milestone_labels
    ]
    single = [
        (COLUMN_OF.get(key, key), heading) for key, heading in mapping.headings() if key != "milestones"
    ]
    return (*((column.removeprefix("attributes."), heading) for column, heading in single), *wide)


def _window(mapping: Mapping, origin: str) -> Window:
    stated, zone = mapping.window, mapping.zone
    return Window(
        from_us=instant(stated.since, zone, origin) if stated.since else None,
        until_us=instant(stated.until, zone, origin, whole_day=True) if stated.until else None,
        selection=stated.selection,
    )
