"""XLSX workbooks, streamed with openpyxl: dates as dates, numbers without a false '.0'."""

from __future__ import annotations

import dataclasses
import lzma
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from lxml import etree
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from logs.event_log import Reason, SourceFile
from logs.limits import MOST_SHEET_ROWS, check_growth
from logs.problems import InputError, Problem
from logs.readers.raw import Options, RawTable, RawWriter, Unread, distinct_headings, kept, no_rows
from logs.sources import Source
from logs.store import Store

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    OSError,
    InvalidFileException,
    ParseError,
    etree.XMLSyntaxError,
    AttributeError,
    IndexError,
    TypeError,
    OverflowError,
    AssertionError,
    RuntimeError,
    struct.error,
    lzma.LZMAError,
)
"""What openpyxl lets through when a workbook is cut off or damaged."""
_PROLOG_LIMIT = 4096
_FORMULA = re.compile(
    rb'<c r="([A-Z]+)([0-9]+)"[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table from one sheet. Rows that are empty to the end of the sheet are no rows.

    Raises InputError for a file that is no workbook or breaks off, a sheet that is not there, a sheet without
    rows.
    """
    with warnings.catch_warnings():  # openpyxl warns of styles and extensions, which do not matter here
        warnings.simplefilter("ignore", UserWarning)
        book = _open(source)
        try:
            sheet = _sheet(book, options.sheet, source)
            rows = _rows(sheet, source)
            first = next(((number, cells) for number, cells in rows if any(cells)), None)
            if first is None:
                raise InputError(
                    Problem(f"sheet '{sheet.title}' is empty", source.name, 1, "name another sheet")
                )
            headings = distinct_headings(_untrailed(first[1]))
            keep = kept(headings, options.wanted)
            file = SourceFile(source.name, source.sha256, source.size, "xlsx", sheet=sheet.title)
            raw = RawTable(f"raw_{file_no}", file, file_no, headings, "source_row", first[0] + 1)
            read = _fill(RawWriter(store, file_no, keep), rows, len(headings), options)
        finally:
            book.close()
    if not read:
        raise no_rows(source.name)
    return dataclasses.replace(raw, file=dataclasses.replace(file, rows_read=read))


@contextmanager
def _whole(source: Source) -> Iterator[None]:
    """Whatever openpyxl stumbles over is a fault of the workbook."""
    try:
        yield
    except _BROKEN as error:
        said = str(error)[:200] or type(error).__name__
        raise InputError(
            Problem(f"is not a whole XLSX workbook ({said})", source.name, None, "copy or export it again")
        ) from None


def _open(source: Source) -> Any:
    with _whole(source):
        _check_parts(source)
        return openpyxl.load_workbook(source.path, read_only=True, data_only=True)


def _check_parts(source: Source) -> None:
    """Parts that would unpack without end, or that could declare entities, are refused unread."""
    with zipfile.ZipFile(source.path) as archive:
        parts = archive.infolist()
        check_growth(source.name, source.size, sum(part.file_size for part in parts))
        for part in parts:
            with archive.open(part) as stream:
                declared = b"<!DOCTYPE" in stream.read(_PROLOG_LIMIT)
            if declared and part.filename.endswith((".xml", ".rels")):
                raise InputError(
                    Problem(f"its part {part.filename} declares a document type, which could define entities",
                            source.name, None, "open the workbook in a spreadsheet program and save it")
                )  # fmt: skip


def _fill(writer: RawWriter, rows: Iterator[tuple[int, list[str]]], width: int, options: Options) -> int:
    """Rows read. Blank rows count only when a row with something in it follows."""
    blank: list[int] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            blank.append(number)
            continue
        for each in blank:
            writer.refuse(Unread(each, Reason.BLANK_LINE, ""))
        blank.clear()
        if any(cells[width:]):
            shown = " | ".join(cells)[:200]
            writer.refuse(Unread(number, Reason.FIELD_COUNT, f"cells beyond the headings: {shown}", cells))
            continue
        padded = cells[:width] + [""] * (width - len(cells))
        writer.add(number, [padded[i] or None for i in writer.keep])
        if writer.rows_read % 20_000 == 0:
            options.progress("read", writer.rows_read, None)
    writer.flush()
    return writer.rows_read


def _sheet(book: Any, named: str | None, source: Source) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if named is None and sheets:
        return next(iter(sheets.values()))
    if named not in sheets:
        raise InputError(
            Problem(f"no sheet '{named}'" if named else "holds no worksheet", source.name, None,
                    f"the sheets are: {', '.join(sheets)}" if sheets else "export it again")
        )  # fmt: skip
    return sheets[named]


def _rows(sheet: Any, source: Source) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # exporters write wrong ones, which would cut columns off
    rows = enumerate(sheet.iter_rows(values_only=True), 1)
    while True:
        with _whole(source):
            number, cells = next(rows, (0, ()))
            texts = [_text(cell) for cell in cells]
        if not number:
            return
        if number > MOST_SHEET_ROWS:
            raise InputError(
                Problem(f"has a cell below row {MOST_SHEET_ROWS:,}, where a sheet ends", source.name, number,
                        "open the workbook in a spreadsheet program and save it")
            )  # fmt: skip
        yield number, texts


def _untrailed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _text(value: Any) -> str:
    """A cell as a person reads it: 1 stays '1', a date becomes ISO text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def check_formulas(source: Source, raw: RawTable, wanted: frozenset[str]) -> None:
    """Raises InputError for formulas in wanted columns whose results were not saved: they read as empty."""
    book = openpyxl.load_workbook(source.path, read_only=True)
    try:
        sheet: Any = book[raw.file.sheet]
        path = sheet._worksheet_path
    finally:
        book.close()
    letters = {get_column_letter(i + 1) for i in kept(raw.headings, wanted)}
    found: list[str] = []
    with zipfile.ZipFile(source.path) as archive, archive.open(path) as stream:
        rest = b""
        while chunk := stream.read(1 << 20):
            block = rest + chunk
            cut = block.rfind(b"</row>") + 1
            found += [
                f"{c.decode()}{r.decode()}" for c, r in _FORMULA.findall(block[:cut]) if c.decode() in letters
            ]
            rest = block[cut:]
    if found:
        raise InputError(
            Problem(f"{len(found):,} formula cells of mapped columns have no stored result"
                    f" (first: {found[0]})", source.name, int(re.sub(r"\D", "", found[0])),
                    "open the workbook in a spreadsheet program and save it, or paste the values")
        )  # fmt: skip
