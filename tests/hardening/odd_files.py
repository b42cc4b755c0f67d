"""A corpus of odd files, built here byte by byte, each with what must come of it.

A file is either read (how many rows, and how many are left out for which reason) or refused with a message
that holds these words. Files of a few bytes that a person can read are better than a hundred found ones.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter
from pyarrow import parquet

HEAD = "case,activity,time"
STEP = "2026-03-0{}T09:00:00"
OCEL = "case: ocel:oid\nactivity: ocel:activity\ntime: ocel:timestamp\n"
XES = "case: case:concept:name\nactivity: concept:name\ntime: time:timestamp\n"
LONG = "case: case\nactivity: activity\ntime: time\n"


@dataclass(frozen=True)
class Read:
    """The file is read."""

    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows by reason."""
    cases: tuple[str, ...] | None = None
    """The identifiers of the cases, sorted, where that is the point."""


@dataclass(frozen=True)
class Refused:
    """The file is refused."""

    words: str


@dataclass(frozen=True)
class Odd:
    """One odd file."""

    name: str
    odd: str
    build: Callable[[], bytes]
    outcome: Read | Refused
    mapping: str = LONG


def rows(count: int = 3, case: str = "1") -> list[str]:
    return [f"{case},a{n},{STEP.format(n)}" for n in range(1, count + 1)]


def text(*lines: str, head: str = HEAD, end: str = "\n") -> str:
    return end.join([head, *lines]) + end


def csv(*lines: str, head: str = HEAD, end: str = "\n", encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: text(*lines, head=head, end=end).encode(encoding)


def plain(content: bytes | str) -> Callable[[], bytes]:
    return lambda: content if isinstance(content, bytes) else content.encode()


def cases(*identifiers: str) -> list[str]:
    return [f"{each},a,{STEP.format(1)}" for each in identifiers]


def times(*written: str) -> list[str]:
    return [f"1,a,{each}" for each in written]


TABLES = [
    Odd("utf16-mark.csv", "UTF-16 with its mark", csv(*rows(), encoding="utf-16"), Read(3)),
    Odd("utf16-le.csv", "UTF-16 without a mark", csv(*rows(), encoding="utf-16-le"), Read(3)),
    Odd("utf16-be.csv", "UTF-16, high byte first", csv(*rows(), encoding="utf-16-be"), Read(3)),
    Odd("utf16-cut.csv", "UTF-16 cut inside a character",
        lambda: text(*rows()).encode("utf-16")[:-1], Refused("breaks off inside a character")),
    Odd("utf8-mark.csv", "UTF-8 with a mark", csv(*rows(), encoding="utf-8-sig"), Read(3)),
    Odd("mark-twice.csv", "the mark stands twice: the second is part of the heading",
        lambda: b"\xef\xbb\xbf" + text(*rows()).encode("utf-8-sig"), Refused("no column 'case'")),
    Odd("mixed.csv", "a GB18030 line in UTF-8",
        lambda: text(*rows(), "2,受理,2026-03-01").encode() + "3,开通,2026-03-01\n".encode("gb18030"),
        Read(5, {"undecodable": 1})),
    Odd("cesu8.csv", "half characters, as CESU-8 writes them, beside UTF-8",
        lambda: text(*rows(), "受理受,a,2026-03-01").encode() + b"\xed\xa0\xbd\xed\xb8\x80,a,2026-03-01\n",
        Read(5, {"undecodable": 1})),
    Odd("latin1.csv", "one byte of Latin-1",
        lambda: text(*rows()).encode() + b"caf\xe9,a,2026-03-01\n", Read(4, {"undecodable": 1})),
    Odd("zero-bytes.csv", "zero bytes in a field",
        csv(*rows(), "2\0x,a,2026-03-01"), Read(4, {"undecodable": 1})),
    Odd("only-zero.csv", "nothing but zero bytes", plain(b"\0" * 5000), Refused("only-zero.csv")),
    Odd("only-mark.csv", "nothing but a mark", plain(b"\xef\xbb\xbf"), Refused("is empty")),
    Odd("space.csv", "nothing but white space", plain(b" \n\t\r\n \n"), Refused("is empty")),
    Odd("image.csv", "a picture",
        plain(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20), Refused("image.csv")),
    Odd("lone-cr.csv", "line ends of the old Mac", csv(*rows(), end="\r"), Read(3)),
    Odd("mixed-ends.csv", "three kinds of line ends",
        plain(f"{HEAD}\r\n{rows()[0]}\n{rows()[1]}\r{rows()[2]}\n"), Read(3)),
    Odd("quoted-newlines.csv", "line ends in quotes",
        csv(*rows(), '2,"two\nlines\r\nor three",2026-03-01'), Read(4)),
    Odd("quoted-return.csv", "a lone carriage return in quotes is white space",
        csv(*rows(), '2,"\r",2026-03-01', '"\r",a,2026-03-01'), Read(5, {"no_activity": 1, "no_case": 1})),
    Odd("open-quote.csv", "a quote never closed",
        csv(*rows(), '2,"open,2026-03-01', *rows()), Refused("never closed")),
    Odd("other-breaks.csv", "characters that Python takes for line ends",
        csv(*rows(), "2,a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b,2026-03-01"), Read(4)),
    Odd("long-field.csv", "a field of 10 MB",
        lambda: text(*rows(), f"2,{'x' * 10_000_000},2026-03-01").encode(), Read(4)),
    Odd("wide.csv", "5,000 columns",
        lambda: text(*(f"{row}{',v' * 4997}" for row in rows()),
                     head=HEAD + "".join(f",k{n}" for n in range(4997))).encode(), Read(3)),
    Odd("no-rows.csv", "a heading only", csv(), Refused("has a heading but no rows")),
    Odd("one-column.csv", "one column", plain("case\n1\n2\n"), Refused("only one column found")),
    Odd("same-headings.csv", "a heading given twice: the first counts",
        csv("1,a,2026-03-01,9", head=HEAD + ",case"), Read(1, cases=("1",))),
    Odd("empty-heading.csv", "a column without heading",
        csv("1,a,2026-03-01,", head=HEAD + ","), Read(1)),
    Odd("spaced-headings.csv", "headings with white space around",
        csv("1,a,2026-03-01", head=" case ,\u3000activity,time\u00a0"), Read(1)),
    Odd("sep-line.csv", "Excel's line 'sep=;' before the heading",
        plain("sep=;\n" + text(*rows()).replace(",", ";")), Refused("sep-line.csv")),
    Odd("ragged.csv", "rows too short and too long",
        csv(*rows(), "2,a", "2,a,2026-03-01,more", "2"), Read(6, {"field_count": 3})),
    Odd("trailing.csv", "a delimiter too many on every row",
        csv(*(row + "," for row in rows())), Read(3)),
    Odd("trailing-blank.csv", "the same, and a blank line, which DuckDB may not read",
        csv(*(row + ',,""' for row in rows()), "", "2,a,2026-03-01,,x"), Read(5, {"blank_line": 1, "field_count": 1})),
    Odd("blank.csv", "blank lines", plain(f"{HEAD}\n\n{rows()[0]}\n \n\n"), Read(4, {"blank_line": 3})),
    Odd("blank-first.csv", "blank lines before the heading", plain("\n\n" + text(*rows())), Read(3)),
    Odd("no-end.csv", "no line end at the end", plain(text(*rows())[:-1]), Read(3)),
    Odd("words-for-nothing.csv", "case ids that libraries take for missing",
        csv(*cases("NA", "null", "NaN", "None", "nan", "-", "#N/A", "0", "TRUE", "1e5", "007", "7")),
        Read(12, cases=("#N/A", "-", "0", "007", "1e5", "7", "NA", "NaN", "None", "TRUE", "nan", "null"))),
    Odd("no-case.csv", "no case, and what is only white space",
        csv(*cases("", " ", '"\t"', '"\u3000"', " 001", "\U0001f600")),
        Read(6, {"no_case": 4}, cases=("001", "\U0001f600"))),
    Odd("no-activity.csv", "no activity", csv(*rows(), f"2,,{STEP.format(1)}"), Read(4, {"no_activity": 1})),
    Odd("like-each-other.csv", "ids that look alike are different cases",
        csv(*cases("A", "Ａ", "А", "a", "é", "e\u0301", "A\u200b")),
        Read(7, cases=tuple(sorted(("A", "Ａ", "А", "a", "é", "e\u0301", "A\u200b"))))),
    Odd("no-times.csv", "words that databases take for times, and days that are none",
        csv(*times(*["2026-03-01"] * 10, "infinity", "epoch", "2026-02-30", "2026-03-01T25:00:00", "now", "today",
                   "2026-03-01T09:00:00+99:00", "٢٠٢٦-٠٣-٠١", "")),
        Read(19, {"bad_time": 8, "no_time": 1})),
    Odd("far-times.csv", "times at the ends of the calendar",
        csv(*times("2026-03-01", "0001-01-01", "1969-12-31", "9999-12-31", "290000-01-01", "2100-01-02")),
        Read(6, {"time_out_of_range": 5})),
    Odd("hostile.csv", "markup, formulas, path pieces, control and bidi characters are text",
        csv(*cases("<script>alert(1)</script>", "=1+1", "../../etc/passwd", "a\x07b\x1b[2J", "\u202eabc", "%s%n",
                   "'; DROP TABLE events; --", "{{7*7}}", "C:\\con")),
        Read(9)),
]  # fmt: skip


def packed(content: bytes, more: bytes = b"") -> bytes:
    return gzip.compress(content, mtime=0) + more


def of_zeros(size: int) -> bytes:
    """A gzip file of `size` bytes, all alike."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as stream:
        stream.write(text(*rows()).encode())
        for _ in range(size >> 20):
            stream.write(b"," * (1 << 20))
    return target.getvalue()


PACKED = [
    Odd("whole.csv.gz", "packed", lambda: packed(text(*rows()).encode()), Read(3)),
    Odd("two.csv.gz", "two members one after the other",
        lambda: packed(text(*rows()).encode()) + packed(b"2,a,2026-03-01\n"), Read(4)),
    Odd("cut.csv.gz", "cut off",
        lambda: packed(text(*rows(9)).encode())[:-12], Refused("the gzip file is truncated")),
    Odd("garbage.csv.gz", "garbage after the end",
        lambda: packed(text(*rows()).encode(), b"garbage"), Refused("the gzip file is damaged")),
    Odd("zeros.csv.gz", "zero bytes after the end, as tapes leave them",
        lambda: packed(text(*rows()).encode(), b"\0" * 512), Read(3)),
    Odd("checksum.csv.gz", "a wrong check sum",
        lambda: packed(text(*rows()).encode())[:-8] + b"\0" * 8, Refused("the gzip file is damaged")),
    Odd("head.csv.gz", "the first two bytes only", plain(b"\x1f\x8b"), Refused("head.csv.gz")),
    Odd("nothing.csv.gz", "nothing, packed", lambda: packed(b""), Refused("empty")),
    Odd("twice.csv.gz", "packed twice",
        lambda: packed(packed(text(*rows()).encode())), Refused("twice.csv.gz")),
    Odd("bomb.csv.gz", "a few hundred kilobytes that become 300 MB", lambda: of_zeros(300 << 20),
        Refused("times its size")),
    Odd("bomb.xes.gz", "the same as XES", lambda: packed(b"<log>" + b" " * (300 << 20)),
        Refused("times its size")),
    Odd("bomb.json.gz", "the same as OCEL", lambda: packed(b'{"events": [' + b" " * (300 << 20)),
        Refused("times its size")),
]  # fmt: skip


def workbook(
    fill: Callable[[Any, Any], None] | None = None, lines: list[str] | None = None, **options: Any
) -> Callable[[], bytes]:
    """A workbook with these rows, then whatever `fill(book, sheet)` does."""

    def build() -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, **options}) as book:
            book.set_properties({"created": datetime(2026, 1, 1)})
            sheet = book.add_worksheet("export")
            for number, line in enumerate([HEAD, *(rows() if lines is None else lines)]):
                sheet.write_row(number, 0, line.split(","))
            if fill:
                fill(book, sheet)
        return target.getvalue()

    return build


def dated(book: Any, sheet: Any) -> None:
    form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(4, 0, ["2", "dated"])
    sheet.write_datetime(4, 2, datetime(2026, 3, 1, 9), form)


def rezipped(change: Callable[[str, bytes], bytes | None], more: Mapping[str, bytes] | None = None) -> bytes:
    """A workbook whose parts were changed; None leaves one out."""
    target = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(workbook()()))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            content = change(name, whole.read(name))
            if content is not None:
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        for name, content in (more or {}).items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def sheet_with(before: bytes, after: bytes) -> Callable[[], bytes]:
    return lambda: rezipped(
        lambda name, content: content.replace(before, after) if name.endswith("sheet1.xml") else content
    )


def without(part: str) -> Callable[[], bytes]:
    return lambda: rezipped(lambda name, content: None if name.endswith(part) else content)


ENTITIES = (
    b"<!DOCTYPE x ["
    + b"".join(b'<!ENTITY e%d "%s">' % (n, (b"&e%d;" % (n - 1) * 10) if n else b"boom") for n in range(12))
    + b"]>"
)

WORKBOOKS = [
    Odd("plain.xlsx", "nothing odd", workbook(), Read(3)),
    Odd("serials.xlsx", "dates as numbers with a format", workbook(dated), Read(4)),
    Odd("1904.xlsx", "dates counted from 1904", workbook(dated, date_1904=True), Read(4)),
    Odd("merged.xlsx", "merged cells: only the first holds the value",
        workbook(lambda book, sheet: sheet.merge_range(1, 0, 2, 0, "1", book.add_format())), Read(3, {"no_case": 1})),
    Odd("formula.xlsx", "a formula with its stored result",
        workbook(lambda book, sheet: sheet.write_formula(1, 0, '="1"', value="1")), Read(3)),
    Odd("no-result.xlsx", "a formula without a stored result",
        workbook(lambda book, sheet: sheet.write_formula(1, 0, '="1"', value="")), Refused("no stored result")),
    Odd("hidden.xlsx", "a hidden sheet beside", workbook(lambda book, sheet: book.add_worksheet().hide()), Read(3)),
    Odd("errors.xlsx", "a cell that says #N/A is text",
        workbook(lambda book, sheet: sheet.write_formula(1, 0, "=NA()", value="#N/A")), Read(3)),
    Odd("head.xlsx", "a heading only", workbook(lines=[]), Refused("has a heading but no rows")),
    Odd("chart.xlsx", "no worksheet but a chart",
        lambda: rezipped(lambda name, content: content.replace(
            b"officeDocument/2006/relationships/worksheet", b"officeDocument/2006/relationships/chartsheet")
            if name.endswith("workbook.xml.rels") else content), Refused("chart.xlsx")),
    Odd("far-cell.xlsx", "a cell far to the right and far below",
        workbook(lambda book, sheet: sheet.write(20_000, 16383, "x")),
        Read(20_000, {"blank_line": 19_996, "field_count": 1})),
    Odd("no-end.xlsx", "a row of a number that no sheet has",
        sheet_with(b'<row r="3"', b'<row r="99999999999"'), Refused("where a sheet ends")),
    Odd("cut.xlsx", "cut off", lambda: workbook()()[:-300], Refused("not a whole XLSX")),
    Odd("no-sheet.xlsx", "the sheet is missing in the archive", without("sheet1.xml"), Refused("no-sheet.xlsx")),
    Odd("no-strings.xlsx", "the shared texts are missing", without("sharedStrings.xml"), Refused("not a whole")),
    Odd("no-book.xlsx", "the workbook is missing", without("xl/workbook.xml"), Refused("not a whole XLSX")),
    Odd("no-types.xlsx", "the list of parts is missing", without("[Content_Types].xml"), Refused("not a whole")),
    Odd("archive.xlsx", "an archive of something else",
        lambda: rezipped(lambda name, content: None, {"a.txt": b"x"}), Refused("not a whole XLSX")),
    Odd("far-string.xlsx", "a shared text that is not there",
        sheet_with(b"<v>0</v>", b"<v>9999</v>"), Refused("not a whole XLSX")),
    Odd("no-number.xlsx", "a number that is none",
        sheet_with(b't="s"><v>0</v>', b"><v>abc</v>"), Refused("not a whole XLSX")),
    Odd("bad-date.xlsx", "a date beyond the calendar",
        sheet_with(b't="s"><v>3</v>', b't="d"><v>2026-99-99</v>'), Refused("bad-date.xlsx")),
    Odd("entities.xlsx", "a document type that would make gigabytes",
        sheet_with(b"<worksheet", ENTITIES + b"<worksheet"), Refused("entities.xlsx")),
    Odd("bomb.xlsx", "a part of 300 MB in a file of a few hundred kilobytes",
        lambda: rezipped(lambda name, content: content, {"xl/media/image.xml": b" " * (300 << 20)}),
        Refused("times its size")),
    Odd("old.xls", "a workbook of the old format",
        plain(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), Refused("old format")),
]  # fmt: skip


def event(name: str = "a", time: str = "2026-03-01T09:00:00Z", more: str = "") -> str:
    stamp = f'<date key="time:timestamp" value="{time}"/>' if time else ""
    return f'<event><string key="concept:name" value="{name}"/>{stamp}{more}</event>'


def trace(*events: str, name: str = "1") -> str:
    return f'<trace><string key="concept:name" value="{name}"/>{"".join(events)}</trace>'


def xes(
    *inside: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>', encoding: str = "utf-8"
) -> Callable[[], bytes]:
    return lambda: f'{head}<log xes.version="1.0">{"".join(inside)}</log>'.encode(encoding)


def log(name: str, odd: str, build: Callable[[], bytes], outcome: Read | Refused) -> Odd:
    return Odd(name, odd, build, outcome, XES)


NESTED = '<list key="l"><values><string key="concept:name" value="inner"><int key="n" value="1"/></string></values></list>'
UTF7 = b'<?xml version="1.0" encoding="UTF-7"?><!-- +AC0ALQA+ADwAIQ-DOCTYPE log [%s]+AD4APAAh--->'

LOGS = [
    log("nested.xes", "attributes nested in others are left aside", xes(trace(event(more=NESTED))), Read(1)),
    log("no-time.xes", "events without time", xes(trace(event(), event(time=""))), Read(2, {"no_time": 1})),
    log("bad-time.xes", "times that are none",
        xes(trace(event(), event(time="gestern"), event(time="2026-02-30T00:00:00Z"))), Read(3, {"bad_time": 2})),
    log("mark.xes", "a mark before the XML", xes(trace(event()), encoding="utf-8-sig"), Read(1)),
    log("utf16.xes", "UTF-16",
        xes(trace(event()), head='<?xml version="1.0" encoding="UTF-16"?>', encoding="utf-16"), Read(1)),
    log("gbk.xes", "declared as GBK",
        xes(trace(event("受理")), head='<?xml version="1.0" encoding="GBK"?>', encoding="gbk"), Read(1)),
    log("wrong-encoding.xes", "declared as UTF-8, written as GBK", xes(trace(event("受理")), encoding="gbk"),
        Refused("not well-formed XML")),
    log("unknown-encoding.xes", "an encoding that nobody knows",
        xes(trace(event()), head='<?xml version="1.0" encoding="martian"?>'), Refused("unknown-encoding.xes")),
    log("utf7.xes", "UTF-7, which could hide a document type",
        lambda: UTF7 % b"" + b"<log/>", Refused("utf7.xes")),
    log("entities.xes", "a document type that would make gigabytes",
        lambda: ENTITIES + xes(trace(event("&e11;")), head="")(), Refused("document type")),
    log("hidden-entities.xes", "the same behind comments",
        lambda: b"<!-- a --><?x y?><!-- > -->" + ENTITIES + xes(trace(event("&e11;")), head="")(),
        Refused("document type")),
    log("far-entities.xes", "the same behind a megabyte of comment",
        lambda: b"<!--" + b"-" * (1 << 20) + b" -->" + ENTITIES + xes(trace(event("&e11;")), head="")(),
        Refused("far-entities.xes")),
    log("outside.xes", "an entity in another file",
        lambda: b'<!DOCTYPE log [<!ENTITY o SYSTEM "file:///etc/hostname">]>' + xes(trace(event("&o;")), head="")(),
        Refused("document type")),
    log("unknown-entity.xes", "an entity that is not declared", xes(trace(event("&nbsp;"))), Refused("not well-formed")),
    log("no-traces.xes", "a log without traces", xes(), Refused("holds no events")),
    log("no-events.xes", "a trace without events", xes("<trace/>"), Refused("holds no events")),
    log("bare-events.xes", "events without attributes", xes("<trace><event/><event/></trace>"), Refused("bare-events")),
    log("outside-trace.xes", "an event in no trace", xes(event(), trace(event())), Read(2, {"no_case": 1})),
    log("no-case.xes", "a trace without name", xes(f"<trace>{event()}</trace>", trace(event())), Read(2, {"no_case": 1})),
    log("same-case.xes", "two traces of one name are one case", xes(trace(event()), trace(event())), Read(2, cases=("1",))),
    log("empty-keys.xes", "events without what the mapping names", xes("<trace><event><int key='x' value='1'/></event></trace>"),
        Refused("the columns are: x")),
    log("smuggled.xes", "a document type that only a reader of UTF-7 sees in a comment",
        lambda: UTF7 % b"+ADwAIQ-ENTITY e 'boom'+AD4-" + xes(trace(event("&e;")), head="")(), Refused("UTF-7")),
    log("spaces.xes", "another name space", lambda: b'<x:log xmlns:x="urn:x">' + trace(event()).replace(
        "<", "<x:").replace("<x:/", "</x:").encode() + b"</x:log>", Read(1)),
    log("cut.xes", "cut off", lambda: xes(trace(event(), event()))()[:-30], Refused("breaks off")),
    log("two-roots.xes", "two documents in one file", lambda: xes(trace(event()))() + b"<log/>", Refused("two-roots")),
    log("html.xes", "a page of a portal that asks for a password",
        plain("<!DOCTYPE html><html><body>Login</body></html>"), Refused("html.xes")),
    log("other.xes", "another kind of XML", plain("<a><event/></a>"), Refused("is XML but not XES")),
    log("control.xes", "characters that XML forbids", xes(trace(event("&#1;"))), Refused("not well-formed XML")),
    log("deep.xes", "elements nested 100,000 deep",
        lambda: b"<log>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</log>", Refused("deep.xes")),
    log("many-keys.xes", "an event with 100,000 attributes",
        lambda: xes(trace(event(more="".join(f'<int key="k{n}" value="1"/>' for n in range(100_000)))))(), Read(1)),
    log("long-value.xes", "a value of 20 MB", lambda: xes(trace(event("x" * 20_000_000)))(), Read(1)),
]  # fmt: skip


def lines(*objects: str, end: str = "\n") -> Callable[[], bytes]:
    return lambda: (end.join(objects) + end).encode("utf-8", "surrogatepass")


def obj(more: str = "", case: str = '"1"') -> str:
    return f'{{"case": {case}, "activity": "a", "time": "2026-03-01T09:00:00"{more}}}'


JSON_LINES = [
    Odd("nan.jsonl", "NaN is missing, Infinity is text", lines(obj(', "n": NaN'), obj(case="NaN"), obj(case="Infinity")),
        Read(3, {"no_case": 1}, cases=("1", "Infinity"))),
    Odd("twice.jsonl", "a key given twice", lines(obj(), obj(', "case": "2"')), Read(2, {"repeated_key": 1})),
    Odd("huge.jsonl", "numbers of 20 and of 5,000 digits", lines(obj(case="9" * 20), obj(case="9" * 5000)),
        Read(2, {"not_json": 1}, cases=("9" * 20,))),
    Odd("exact.jsonl", "numbers keep their digits", lines(obj(case="1.10"), obj(case="1e400")),
        Read(2, cases=("1.10", "1e400"))),
    Odd("deep.jsonl", "lists nested 100,000 deep",
        lambda: lines(obj(), obj(f', "d": {"[" * 100_000}{"]" * 100_000}'))(), Read(2, {"not_json": 1})),
    Odd("deep-read.jsonl", "lists nested nearly as deep as the parser goes",
        lambda: lines(obj(f', "d": {"[" * 199}{"]" * 199}'), obj(f', "d": {"[" * 900}{"]" * 900}'))(),
        Read(2, {"not_json": 1})),
    Odd("half.jsonl", "half a character", lines(obj(case='"\\ud800"'), obj()), Read(2, {"undecodable": 1})),
    Odd("pair.jsonl", "a character of two escapes is whole", lines(obj(case='"\\ud83d\\ude00"')),
        Read(1, cases=("\U0001f600",))),
    Odd("zero.jsonl", "a zero byte, escaped", lines(obj(case='"a\\u0000b"'), obj()), Read(2, {"undecodable": 1})),
    Odd("blank.jsonl", "blank lines, and what is no object", lines("", obj(), "[1]", "3", "{", "null"),
        Read(6, {"blank_line": 1, "not_an_object": 3, "not_json": 1})),
    Odd("crlf.jsonl", "line ends of Windows and a mark",
        lambda: b"\xef\xbb\xbf" + lines(obj(), obj(), end="\r\n")(), Read(2)),
    Odd("breaks.jsonl", "U+2028 inside a text is no line end", lines(obj(case='"a\u2028b"')), Read(1)),
    Odd("keys.jsonl", "every object has other keys",
        lambda: lines(*(obj(f', "k{n}": 1') for n in range(2_100)))(), Refused("different keys")),
    Odd("list.json", "one list", plain('[{"case": 1}]'), Refused("JSON list")),
    Odd("document.jsonl", "one document over several lines", plain('{\n"case": 1\n}\n'), Refused("over several lines")),
    Odd("nested.jsonl", "nested values stay JSON", lines(obj(case='{"a": [1, null]}')), Read(1, cases=('{"a":[1,null]}',))),
]  # fmt: skip


def table(columns: Mapping[str, Any], schema: pa.Schema | None = None, **options: Any) -> Callable[[], bytes]:
    def build() -> bytes:
        target = io.BytesIO()
        count = len(next(iter(columns.values())))
        base = {"case": ["1"] * count, "activity": ["a"] * count, "time": ["2026-03-01"] * count}
        parquet.write_table(pa.table({**base, **columns}, schema=schema), target, **options)
        return target.getvalue()

    return build


MOMENT = datetime(2026, 3, 1, 9)
PARQUET = [
    *(Odd(f"{unit}.parquet", f"times in {unit}", table({"time": pa.array([MOMENT], pa.timestamp(unit))}), Read(1))
      for unit in ("s", "ms", "us", "ns")),
    Odd("zoned.parquet", "times with a zone",
        table({"time": pa.array([MOMENT.replace(tzinfo=UTC)], pa.timestamp("us", "Asia/Shanghai"))}), Read(1)),
    Odd("int96.parquet", "times as Hive wrote them",
        table({"time": pa.array([MOMENT], pa.timestamp("ns"))}, use_deprecated_int96_timestamps=True), Read(1)),
    Odd("days.parquet", "days", table({"time": pa.array([date(2026, 3, 1)])}), Read(1)),
    Odd("decimal.parquet", "decimals as case ids keep their digits",
        table({"case": pa.array([Decimal("1.10")], pa.decimal128(10, 2))}), Read(1, cases=("1.10",))),
    Odd("long-decimal.parquet", "decimals of 50 digits",
        table({"case": pa.array([Decimal("1.10")], pa.decimal256(50, 2))}), Refused("50 digits")),
    Odd("numbers.parquet", "whole numbers as fractions, and gaps",
        table({"case": pa.array([1001.0, None, float("nan"), float("inf")])}),
        Read(4, {"no_case": 2}, cases=("1001", "inf"))),
    Odd("big.parquet", "numbers beyond 2^63", table({"case": pa.array([2**64 - 1], pa.uint64())}),
        Read(1, cases=("18446744073709551615",))),
    Odd("nested.parquet", "lists and structs stay JSON",
        table({"case": pa.array([{"a": [1, None]}])}), Read(1, cases=('{"a":[1,null]}',))),
    Odd("map.parquet", "a map stays JSON",
        table({"case": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}), Read(1, cases=('{"k":1}',))),
    Odd("bytes.parquet", "bytes that are no text",
        table({"case": pa.array([b"1", b"\xff\xfe", b"a\0b"])}), Read(3, {"undecodable": 2}, cases=("1",))),
    Odd("nulls.parquet", "columns of nothing", table({"case": ["1", None], "x": pa.nulls(2)}), Read(2, {"no_case": 1})),
    Odd("dictionary.parquet", "values by number", table({"case": pa.array(["NA", "NA"]).dictionary_encode()}),
        Read(2, cases=("NA",))),
    Odd("no-rows.parquet", "no rows", table({"case": pa.array([], pa.string())}), Refused("holds no rows")),
    Odd("magic.parquet", "the first four bytes only", plain(b"PAR1"), Refused("not a whole Parquet")),
    Odd("cut.parquet", "cut off", lambda: table({"case": ["1"]})()[:-20], Refused("not a whole Parquet")),
    Odd("length.parquet", "a wrong length of the last part",
        lambda: table({"case": ["1"]})()[:-8] + b"\xff\xff\xff\x7fPAR1", Refused("not a whole Parquet")),
    Odd("names.parquet", "headings that differ in case only",
        table({"Case": ["9"], "CASE": ["8"]}), Read(1, cases=("1",))),
    Odd("own-name.parquet", "a heading of the engine's own", table({"file_row_number": ["9"], "filename": ["8"]}), Read(1)),
]  # fmt: skip


def ocel(change: Callable[[dict[str, Any]], None] = lambda document: None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "objectTypes": [{"name": "order", "attributes": [{"name": "size", "type": "string"}]}],
        "eventTypes": [{"name": "a", "attributes": []}],
        "objects": [{"id": "1", "type": "order",
                     "attributes": [{"name": "size", "time": "1970-01-01T00:00:00Z", "value": "big"}]}],
        "events": [{"id": f"e{n}", "type": "a", "time": f"2026-03-0{n}T09:00:00Z",
                    "relationships": [{"objectId": "1", "qualifier": "of"}]} for n in (1, 2)],
    }  # fmt: skip
    change(document)
    return document


def as_json(change: Callable[[dict[str, Any]], None] = lambda document: None) -> Callable[[], bytes]:
    return lambda: json.dumps(ocel(change)).encode()


def as_sqlite(*statements: str) -> Callable[[], bytes]:
    """The same log as a database, after these statements."""

    def build() -> bytes:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(sqlite3.connect(Path(folder) / "log")) as database,
        ):
            database.executescript(";\n".join([*SCHEMA, *statements]))
            database.commit()
            return database.serialize()

    return build


SCHEMA = (
    "CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT)",
    "CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT)",
    "CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT)",
    "CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT)",
    "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT)",
    "CREATE TABLE event_a (ocel_id TEXT, ocel_time TEXT)",
    "CREATE TABLE object_order (ocel_id TEXT, ocel_time TEXT, ocel_changed_field TEXT, size TEXT)",
    "INSERT INTO event_map_type VALUES ('a', 'a')",
    "INSERT INTO object_map_type VALUES ('order', 'order')",
    "INSERT INTO event VALUES ('e1', 'a'), ('e2', 'a')",
    "INSERT INTO object VALUES ('1', 'order')",
    "INSERT INTO event_a VALUES ('e1', '2026-03-01 09:00:00'), ('e2', '2026-03-02 09:00:00')",
    "INSERT INTO object_order VALUES ('1', '1970-01-01 00:00:00', NULL, 'big')",
    "INSERT INTO event_object VALUES ('e1', '1', 'of'), ('e2', '1', 'of')",
)


def objects(name: str, odd: str, build: Callable[[], bytes], outcome: Read | Refused) -> Odd:
    return Odd(name, odd, build, outcome, OCEL)


OBJECTS = [
    objects("plain.json", "nothing odd", as_json(), Read(2)),
    objects("dangling.json", "an event names an object that is not there",
            as_json(lambda d: d["events"][0]["relationships"].append({"objectId": "9", "qualifier": "of"})),
            Read(3, {"unknown_object": 1})),
    objects("no-qualifier.json", "relations without qualifier",
            as_json(lambda d: d["events"][0]["relationships"][0].pop("qualifier")), Read(2)),
    objects("no-relations.json", "an event that concerns nothing",
            as_json(lambda d: d["events"][0].pop("relationships")), Read(2, {"other_objects": 1})),
    objects("no-time.json", "an event without time", as_json(lambda d: d["events"][0].pop("time")), Read(2, {"no_time": 1})),
    objects("same-object.json", "an object given twice", as_json(lambda d: d["objects"].append(d["objects"][0])),
            Refused("more than once")),
    objects("undeclared.json", "an event of a type that is not declared", as_json(lambda d: d["eventTypes"].clear()),
            Refused("not declared")),
    objects("no-objects.json", "no objects", as_json(lambda d: d.pop("objects")), Refused("no list objects")),
    objects("strings.json", "texts where objects belong", as_json(lambda d: d.update(events=["x", 1, None])),
            Refused("strings.json")),
    objects("deep.json", "lists nested 100,000 deep",
            lambda: b'{"events": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", Refused("deep.json")),
    objects("half.json", "half a character", as_json(lambda d: d["events"][0].update(id="\ud800")), Refused("half.json")),
    objects("cut.json", "cut off", lambda: as_json()()[:-20], Refused("breaks off")),
    objects("latin.json", "not UTF-8", lambda: as_json()().replace(b"big", b"\xe9"), Refused("not UTF-8")),
    objects("huge-number.json", "a number of 5,000 digits",
            lambda: as_json()().replace(b'"big"', b"9" * 5000), Refused("huge-number.json")),
    objects("plain.sqlite", "nothing odd", as_sqlite(), Read(2)),
    objects("view.sqlite", "a view in the place of a table",
            as_sqlite("DROP TABLE event_a", "CREATE VIEW event_a AS SELECT ocel_id, '2026-03-01' AS ocel_time FROM event"),
            Read(2)),
    objects("endless.sqlite", "a view that never ends",
            as_sqlite("DROP TABLE event_object", "CREATE VIEW event_object AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                      " SELECT i + 1 FROM n) SELECT 'e1' AS ocel_event_id, '1' AS ocel_object_id, i AS ocel_qualifier FROM n"),
            Refused("endless.sqlite")),
    objects("trigger.sqlite", "triggers, which reading does not set off",
            as_sqlite("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END"), Read(2)),
    objects("dangling.sqlite", "an event that is not there",
            as_sqlite("INSERT INTO event_object VALUES ('e9', '1', 'x')"), Refused("which table event has not")),
    objects("other.sqlite", "a database of something else", lambda: as_sqlite("DROP TABLE event")(), Refused("no OCEL 2.0")),
    objects("blob.sqlite", "bytes that are no text", as_sqlite("UPDATE object SET ocel_type = x'ff'"), Refused("blob.sqlite")),
    objects("cut.sqlite", "cut off", lambda: as_sqlite()()[:9000], Refused("not a whole SQLite")),
    objects("magic.sqlite", "the first bytes only", plain(b"SQLite format 3\0"), Refused("not a whole SQLite")),
    objects("name.sqlite", "a table with a quote in its name",
            as_sqlite("CREATE TABLE \"a\"\"b'c\" (x)"), Read(2)),
]  # fmt: skip

CORPUS = (*TABLES, *PACKED, *WORKBOOKS, *LOGS, *JSON_LINES, *PARQUET, *OBJECTS)
