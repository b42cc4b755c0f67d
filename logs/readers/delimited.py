"""CSV and TSV with any delimiter: DuckDB reads what it can account for, Python's csv module the rest."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from logs.encoding import FOREIGN, Encoding, decide, has_foreign, text_lines, transcode
from logs.event_log import Reason, SourceFile
from logs.limits import check_columns, check_record
from logs.problems import InputError, Problem
from logs.readers.raw import (
    Options,
    RawTable,
    RawWriter,
    Unread,
    create_unread,
    distinct_headings,
    kept,
    no_rows,
)
from logs.readers.structure import Structure, survey
from logs.sources import Source, unpack
from logs.store import Store, text

DELIMITERS = ",\t;|^~\x01"
_SAMPLED = 1 << 20
"""Characters of a line that are looked at to find the delimiter."""
_END = "\x00end of file\x00"


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table from a delimited file.

    Raises InputError for a file without rows, without the delimiter, or with a quote left open.
    """
    path = source.path
    if source.gzipped:
        path = unpack(source, store.folder / f"{file_no}.unpacked")
    encoding = decide(path, source.name, options.encoding)
    written = encoding
    if encoding.name != "utf-8" and not encoding.foreign:
        path = transcode(path, encoding, store.folder / f"{file_no}.utf8")
        encoding = dataclasses.replace(encoding, name="utf-8", bom=0)
    delimiter = options.delimiter or _find_delimiter(path, encoding, source.name)
    headings, first_row, header_lines = _heading(path, encoding, delimiter, source.name)
    structure = _survey(path, encoding, delimiter, header_lines)
    file = SourceFile(
        source.name, source.sha256, source.size, "csv", written.name, written.reason, delimiter=delimiter
    )
    raw = RawTable(f"raw_{file_no}", file, file_no, headings, "source_row", first_row)
    create_unread(store)
    load_table = partial(_load_table, store, path, encoding, raw, structure, options)
    if options.streamed and not structure.irregular and structure.records > 1:
        store.execute(f"CREATE OR REPLACE TEMP VIEW {raw.table} AS {_query(path, raw, structure, options)}")
        file = dataclasses.replace(file, rows_read=structure.records - 1)
        raw = dataclasses.replace(raw, file=file, kind="VIEW", row="", load=load_table)
        return _with_blanks(raw, structure)
    return load_table()


def _load_table(
    store: Store, path: Path, encoding: Encoding, raw: RawTable, structure: Structure, options: Options
) -> RawTable:
    store.execute(f"DROP VIEW IF EXISTS {raw.table}")
    rows = _load_fast(store, path, raw, structure, options)
    if rows is not None:
        raw = _with_blanks(dataclasses.replace(raw, row="rowid + 2"), structure)
    else:
        rows = _load_exactly(store, path, encoding, raw, options)
    if not rows:
        raise no_rows(raw.file.name)
    return dataclasses.replace(raw, file=dataclasses.replace(raw.file, rows_read=rows))


def _with_blanks(raw: RawTable, structure: Structure) -> RawTable:
    """What there is to strip off the fields."""
    plain = not structure.quoted_newlines and (not structure.tabs or raw.file.delimiter == "\t")
    return dataclasses.replace(raw, plain_spaces=plain, no_outer_blanks=plain and not structure.outer_blanks)


def _survey(path: Path, encoding: Encoding, delimiter: str, header_lines: int) -> Structure:
    if encoding.foreign or header_lines != 1:
        return Structure(0, "foreign bytes" if encoding.foreign else "heading not on the first line alone")
    return survey(path, delimiter, encoding.bom)


def _load_fast(store: Store, path: Path, raw: RawTable, structure: Structure, options: Options) -> int | None:
    """Rows read by DuckDB's reader, or None where it may not, or did not, read them all."""
    if structure.irregular:
        return None
    options.progress("read", 0, structure.records - 1)
    query = _query(path, raw, structure, options)
    try:
        store.execute(f"CREATE OR REPLACE TEMP TABLE {raw.table} AS {query}")
    except duckdb.InvalidInputException:  # ragged rows or overlong lines: the exact reader says which
        return None
    rows = int(store.value(f"SELECT count(*) FROM {raw.table}"))
    options.progress("read", rows, rows)
    return rows if rows == structure.records - 1 else None


def _query(path: Path, raw: RawTable, structure: Structure, options: Options) -> str:
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(raw.headings)))
    keep = ", ".join(f"c{i}" for i in kept(raw.headings, options.wanted) or [0])
    return (
        f"SELECT {keep} FROM read_csv({text(_escape_glob(path))},"
        f" auto_detect = false, header = true, columns = {{{columns}}},"
        f" delim = {text(raw.file.delimiter)}, quote = '\"', escape = '\"',"
        f" strict_mode = true, nullstr = '', parallel = {str(not structure.quoted_newlines).lower()})"
    )


def _escape_glob(path: Path) -> str:
    """DuckDB expands globs in file names: a bracket stands for itself only within brackets."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _load_exactly(store: Store, path: Path, encoding: Encoding, raw: RawTable, options: Options) -> int:
    """Rows read one by one, each either kept or listed as unread."""
    keep = kept(raw.headings, options.wanted)
    writer = RawWriter(store, raw.file_no, keep)
    width = len(raw.headings)
    doubtful = encoding.foreign
    records = read_records(text_lines(path, encoding, raw.file.name), raw.file.delimiter, raw.file.name)
    for number, fields in enumerate(itertools.islice(records, raw.first_row - 1, None), raw.first_row):
        if len(fields) > width and not any(fields[width:]):  # as DuckDB's reader has it: nothing is lost
            del fields[width:]
        if len(fields) != width or doubtful or "\x00" in "".join(fields):
            unread = _refusal(number, fields, width, raw.file.delimiter, encoding.name)
            if unread:
                writer.refuse(unread)
                continue
        writer.add(number, [fields[i] or None for i in keep])
        if writer.rows_read % 100_000 == 0:
            options.progress("read", writer.rows_read, None)
    writer.flush()
    options.progress("read", writer.rows_read, writer.rows_read)
    return writer.rows_read


def _refusal(number: int, fields: list[str], width: int, delimiter: str, encoding: str) -> Unread | None:
    row = delimiter.join(fields)
    if len(fields) < 2 and not row.strip():
        return Unread(number, Reason.BLANK_LINE, "")
    if has_foreign(fields):
        shown = _shown_bytes(row, encoding).replace("\x00", "\\x00")
        return Unread(number, Reason.UNDECODABLE, shown[:200])
    if len(fields) != width:
        return Unread(number, Reason.FIELD_COUNT, f"{len(fields)} of {width} fields: {row}"[:200], fields)
    return None


def _shown_bytes(row: str, encoding: str) -> str:
    try:
        return row.encode(encoding, FOREIGN).decode(encoding, "backslashreplace")
    except UnicodeError:  # encodings that shift give no bytes back for what they did not know
        return _legible(row)


def _heading(path: Path, encoding: Encoding, delimiter: str, file: str) -> tuple[tuple[str, ...], int, int]:
    """(headings, number of the row that follows, lines up to there): the first record that is not blank."""
    lines = _Lines(text_lines(path, encoding, file), file)
    reader = csv.reader(lines, delimiter=delimiter)
    for number, cells in enumerate(_guarded(reader, lines), 1):
        if any(cell.strip() for cell in cells):
            if len(cells) == 1:
                raise _one_column(file, delimiter, _legible(cells[0]))
            check_columns(file, len(cells), number)
            return distinct_headings(map(_legible, cells)), number + 1, lines.number
    raise InputError(Problem("the file is empty", file, 1, "export it again"))


def _legible(heading: str) -> str:
    """Bytes that the encoding does not know are shown as such: a heading is named in messages."""
    return heading.encode("utf-8", FOREIGN).decode("utf-8", "backslashreplace")


def _one_column(file: str, delimiter: str, heading: str) -> InputError:
    other = [d for d in DELIMITERS if d in heading and d != delimiter]
    seen = f"; it does hold {_shown(other[0])}" if other else ""
    mend = (
        f"say delimiter: {_shown(other[0])} in the mapping" if other else "name the delimiter in the mapping"
    )
    return InputError(
        Problem(f"the heading does not hold the delimiter {_shown(delimiter)}{seen}", file, 1, mend)
    )


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else repr(delimiter)


def _find_delimiter(path: Path, encoding: Encoding, file: str) -> str:
    """The character that splits heading and first rows into the same number of fields, and most of them."""
    sample = [line[:_SAMPLED] for line in itertools.islice(text_lines(path, encoding, file), 300)]
    scored = sorted(((_consistency(sample, d), -DELIMITERS.index(d), d) for d in DELIMITERS), reverse=True)
    (best, _, delimiter) = scored[0]
    if best <= 0:
        first = next((line.strip() for line in sample if line.strip()), "")
        if not first:
            raise InputError(Problem("the file is empty", file, 1, "export it again"))
        raise InputError(
            Problem(f"only one column found ({first[:60]!r}): the delimiter is none of comma, tab, ; | ^ ~",
                    file, 1,
                    "name the delimiter in the mapping (delimiter: …)")
        )  # fmt: skip
    return delimiter


def _consistency(sample: list[str], delimiter: str) -> float:
    try:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0.0
    if not widths or widths[0] < 2:
        return 0.0
    agreeing = Counter(widths)[widths[0]] / len(widths)
    return agreeing + min(widths[0], 50) / 1000


class _Lines:
    """Lines on their way into a csv reader, remembering those of the record being read."""

    def __init__(self, lines: Iterator[str], file: str) -> None:
        self.lines, self.file = lines, file
        self.number = 0
        self.record: list[str] = []
        self.size = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.number += 1
            self.record.append(line)
            self.size += len(line)
            check_record(self.file, self.size, self.number - len(self.record) + 1)
            yield line
        self.ended = True
        yield _END  # an open quote swallows it: then it does not come back as a record of its own


def _guarded(reader: Iterator[list[str]], lines: _Lines) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    start = 1
    for cells in reader:
        if lines.ended:
            if cells != [_END]:
                raise _open_quote(cells, start, lines)
            return
        if len(lines.record) > 1:
            _check_quotes(lines, start, reader)
        yield cells
        lines.record.clear()
        lines.size = 0
        start = lines.number + 1


def _check_quotes(lines: _Lines, start: int, reader: Iterator[list[str]]) -> None:
    """A record over several lines must be quoted flawlessly, or it may have swallowed other rows."""
    try:
        dialect = reader.dialect  # type: ignore[attr-defined]  # csv.reader has it, its stub has not
        for _ in csv.reader(lines.record, delimiter=dialect.delimiter, strict=True):
            pass
    except csv.Error:
        raise InputError(
            Problem(f"a quote opened in the row on line {start} is closed on line {lines.number}"
                    " inside a field: rows between may be swallowed", lines.file, start,
                    'close the quote on its line, or double quotes inside a field ("")')
        ) from None  # fmt: skip


def _open_quote(cells: list[str], start: int, lines: _Lines) -> InputError:
    opened = start + sum(cell.count("\n") for cell in cells[:-1])
    return InputError(
        Problem("a quote is opened here and never closed;"
                f" it swallows the rest of the file (to line {lines.number})", lines.file, opened,
                'close the quote, or double quotes inside a field ("")')
    )  # fmt: skip


def read_records(lines: Iterator[str], delimiter: str, file: str) -> Iterator[list[str]]:
    """All records of a delimited text, blank lines as empty lists.

    Raises InputError for a quote that is left open or that swallows rows.
    """
    guard = _Lines(lines, file)
    return _guarded(csv.reader(guard, delimiter=delimiter), guard)
