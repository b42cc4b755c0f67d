"""The event log as every later room sees it: events, cases, and where they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from logs.key_links import KeyLink

EVENT_COLUMNS: dict[str, str] = {
    "row_no": "int64",  # unique, ascending in reading order over all files; every ordering ends in it
    "file_no": "int32",  # index into Provenance.files
    # Row as a spreadsheet counts it (heading = 1). XES, OCEL: ordinal of the event, Parquet, table: of the
    # row, JSON lines: number of the line; each from 1.
    "source_row": "int64",
    "case_id": "string",  # never null, never trimmed of leading zeros, never read as 'missing'
    "activity": "string",  # never null: the label as the export spells it (wide: the milestone's heading)
    "t_us": "int64",  # never null: completion (or only) time, microseconds since the epoch, UTC
    "start_us": "int64",  # start of the activity where the row itself gives one, else null
    "resource": "string",  # person or system that acted
    "role": "string",  # organisational unit or role of the resource, as the export spells it
    "lifecycle": "string",  # lower case XES transition (start, complete, assign …); null: the log has none
    "event_id": "string",
    "instance": "string",  # key of the activity instance, e.g. a work-order number inside the case
    "copy_of_row": "int64",  # row_no of the first row equal in all mapped columns; null: first or only
}
"""Columns of `EventLog.events`; one further string column follows for each mapped attribute, under its name.

A row of a wide export makes several events, and so does an event of an OCEL that concerns several objects of
the type chosen; they share `source_row` but not `row_no`.
"""

CASE_COLUMNS: dict[str, str] = {
    "case_id": "string",
    "events": "int64",
    "first_us": "int64",
    "last_us": "int64",
    # Rows of this case that were rejected, and one more where the export of a joined system begins later:
    # what is absent may only be unread.
    "excluded_rows": "int64",
}
"""Columns of `EventLog.cases`; then a string column per attribute: the first non-null value by `row_no`."""

EXCLUDED_COLUMNS: dict[str, str] = {
    "file_no": "int32",
    "source_row": "int64",
    "disposition": "string",  # 'rejected' | 'filtered' | 'merged'
    "reason": "string",  # a Reason, or the text of the filter
    "column": "string",  # heading concerned, where one is
    "value": "string",  # the offending value, cut to 200 characters
    "case_id": "string",  # where it could be read
}
"""Columns of `EventLog.excluded`: one line for every row (wide: cell) read and not used."""


class Reason(StrEnum):
    """Why a row was rejected or merged."""

    NO_CASE = "no_case"
    NO_ACTIVITY = "no_activity"
    NO_TIME = "no_time"
    BAD_TIME = "bad_time"  # text that no declared format reads
    TIME_OUT_OF_RANGE = "time_out_of_range"  # before 1970 or after 2100: a default or a slip, not a time
    END_BEFORE_START = "end_before_start"
    FIELD_COUNT = "field_count"  # more or fewer fields than the heading
    BLANK_LINE = "blank_line"
    UNDECODABLE = "undecodable"  # bytes that the file's encoding does not know
    NO_MILESTONE = "no_milestone"  # wide layout: a row without any time
    NOT_JSON = "not_json"  # JSON lines: the line is no JSON
    NOT_AN_OBJECT = "not_an_object"  # JSON lines: the line is JSON, but no object
    REPEATED_KEY = "repeated_key"  # JSON lines: a key is given twice, so its value is not known
    UNKNOWN_OBJECT = "unknown_object"  # OCEL: the event names an object that the log does not hold
    OTHER_OBJECTS = "other_objects"  # filtered; OCEL: the event concerns no object of the type chosen
    CORRECTED = "corrected"  # merged, delta exports: a later row says the same event otherwise
    SAME_EVENT_ID = "same_event_id"  # merged: an event id repeats
    OVERLAPPING_FILES = "overlapping_files"  # merged: an identical row of an earlier file
    REPEATED_ROW = "repeated_row"  # merged: an identical row, where the mapping says drop_repeated_rows


@dataclass(frozen=True)
class DeltaCounts:
    """What became of the rows (wide: cells) of one of several delta exports."""

    new: int
    """Rows that count and correct nothing. Together with `correcting`, all that count (before filters)."""
    late: int
    """Of these, rows older than the latest row of an earlier file."""
    correcting: int
    """Rows that count instead of an earlier row, which said the same event otherwise."""
    repeated: int
    """Rows that say what a row that counts has said already."""
    corrected: int
    """Rows that a later row corrects."""


@dataclass(frozen=True)
class SourceFile:
    """One file, or one table of a database, that was read."""

    name: str
    """As the user named it; of a database's address, what is no credential."""
    sha256: str
    """Of the file's bytes; table: of the query and the rows in their order."""
    size: int
    """Bytes; table: of its rows as text."""
    format: str
    """'csv', 'xlsx', 'xes', 'parquet', 'jsonl', 'ocel-json', 'ocel-sqlite' or 'table'."""
    encoding: str = ""
    """Decided over the whole file, or named in the mapping; empty where the format fixes it."""
    encoding_reason: str = ""
    """Why that encoding: 'byte order mark', 'valid UTF-8', 'valid GB18030, not UTF-8', 'mapping'."""
    delimiter: str = ""
    sheet: str = ""
    rows_read: int = 0
    query: str = ""
    """Table: the statement that was sent and the order in which rows are numbered. OCEL: the object type."""
    delta: DeltaCounts | None = None
    """None unless the mapping says that the files are delta exports."""
    source: str = ""
    """Name of the source that it belongs to, where an audit names several."""


@dataclass(frozen=True)
class RowCount:
    """Rows of one fate."""

    disposition: str
    """'rejected', 'filtered' or 'merged'."""
    reason: str
    rows: int


@dataclass(frozen=True)
class Window:
    """The window of the export in time and how its cases were selected, as the mapping states it."""

    from_us: int | None = None
    """Events before this instant were not exported (microseconds since the epoch, UTC)."""
    until_us: int | None = None
    """Events at or after this instant were not exported."""
    selection: str = ""
    """How cases were selected, in the user's words; 'not stated' findings rest on it."""


@dataclass(frozen=True)
class Provenance:
    """Where a log came from and what became of every row."""

    files: tuple[SourceFile, ...]
    mapping_text: str
    """The mapping in force as canonical YAML, given or proposed."""
    mapping_sha256: str
    mapping_origin: str
    """The mapping file's name, or 'proposed'."""
    mapping_reasons: tuple[str, ...]
    """For a proposed mapping, why each column was taken."""
    zone: str
    """Time zone of naive times, IANA name."""
    window: Window
    layout: str
    """'long' (a row per event) or 'wide' (a row per case, a column per milestone)."""
    filters: tuple[str, ...]
    """The filters in force, each as one readable line."""
    rows_read: int
    rows_used: int
    excluded: tuple[RowCount, ...]
    """Rows not used, by reason. rows_read == rows_used + the sum of these."""
    cells_rejected: int
    """Wide layout: unreadable cells in rows otherwise used (listed in `EventLog.excluded` too)."""
    reject_limit: float
    """Share of rows rejected above which a run is inconclusive."""
    fields: frozenset[str]
    """Columns of EVENT_COLUMNS that the mapping fills (detectors ask for these)."""
    attributes: tuple[str, ...]
    """Names of the mapped attributes."""
    headings: tuple[tuple[str, str], ...] = ()
    """(column of ours, heading in the export) for what was mapped."""

    @property
    def rows_rejected(self) -> int:
        """Rows rejected for any reason (not those filtered or merged on purpose)."""
        return sum(count.rows for count in self.excluded if count.disposition == "rejected")

    @property
    def reject_share(self) -> float:
        """Rejected rows as a share of rows read; 0 for an empty file."""
        return self.rows_rejected / self.rows_read if self.rows_read else 0.0


@dataclass(frozen=True)
class SystemFacts:
    """One of several systems whose exports are audited together."""

    name: str
    """As the file of sources names it."""
    titles: tuple[str, str] | None
    """What reports call it, zh and en; None: its name."""
    provenance: Provenance
    as_of_us: int | None
    """Up to when the export shows what happened; None: it has no events and nobody said."""
    as_of_basis: str
    """'given', 'stated' (in the file of sources), 'window_end', 'latest_event' or '' (unknown)."""
    first_us: int | None
    """From when on it shows what happened: the start of the stated window, else its first event."""
    last_us: int | None
    """Its last event."""
    part: str
    """'cases' (the process's own), 'joined' (its events belong to those cases), 'beside' (only compared)."""
    apart: tuple[RowCount, ...] = ()
    """Of a joined system, events that found no case, by reason: 'no_key', 'no_such_case', 'several_cases'."""
    max_age_hours: float | None = None
    """How old the export may be."""
    stale: bool = False
    """Whether it is older than that: at the instant of judgement, or else beside the latest of the others."""

    @property
    def empty(self) -> bool:
        """Whether the export has no rows at all."""
        return not self.provenance.rows_read


@dataclass(frozen=True)
class System:
    """The tables of one of several systems, all in the engine of the log that they belong to."""

    facts: SystemFacts
    events: ir.Table
    """EVENT_COLUMNS and the attributes of this system; case ids and labels are its own, `row_no` and
    `file_no` count over all systems."""
    unused: ir.Table
    """case_id, activity and the attributes of rows not used, as far as they could be read."""
    excluded: ir.Table
    """EXCLUDED_COLUMNS; `file_no` counts over all systems."""
    labels: tuple[tuple[str, str], ...]
    """As `EventLog.labels`."""
    join: KeyLink | None = None
    """How its events found their cases."""


@dataclass(frozen=True)
class EventLog:
    """One log in an in-process engine. Close it, or use it as a context manager, to free its storage."""

    backend: Backend
    events: ir.Table
    """See EVENT_COLUMNS."""
    cases: ir.Table
    """See CASE_COLUMNS."""
    excluded: ir.Table
    """See EXCLUDED_COLUMNS."""
    provenance: Provenance
    labels: tuple[tuple[str, str], ...] = ()
    """(label in the log, activity id) that the mapping states beyond a model's own aliases."""
    on_close: Callable[[], None] = field(default=lambda: None, repr=False)
    systems: tuple[System, ...] = ()
    """Where several exports are audited together: each of them, that of the process first. `events` and
    `cases` then hold the process's own events and those that are joined to them, `provenance` speaks of all,
    and `excluded` is that of the first."""
    as_of: tuple[int, str] | None = None
    """Of several systems, instant of judgement and its basis: the earliest as-of of those in the log."""

    @property
    def every_row(self) -> ir.Table:
        """row_no, file_no, source_row and t_us of every event of every system."""
        columns = ("row_no", "file_no", "source_row", "t_us")
        first, *others = [each.events.select(*columns) for each in self.systems] or [
            self.events.select(*columns)
        ]
        for each in others:
            first = first.union(each)
        return first

    def close(self) -> None:
        """Drop the engine's storage; the tables cannot be read afterwards."""
        self.on_close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
