"""How many rows a file holds, counted slowly and obviously by other means than the readers'.

None: the file does not parse that way, so there is nothing to compare with.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from typing import Any

import openpyxl
import pyarrow as pa
from lxml import etree
from pyarrow import parquet

Counted = tuple[int, set[str]]
"""Rows, and every value that stands in the file."""


def of_csv(content: bytes, encoding: str, delimiter: str) -> Counted | None:
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        records = list(
            csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True)
        )
    except (UnicodeDecodeError, csv.Error):
        return None
    while records and not any(cell.strip() for cell in records[0]):
        del records[0]
    if not records:
        return None
    return len(records) - 1, {_stripped(cell) for record in records[1:] for cell in record}


def of_xlsx(content: bytes) -> Counted | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
            rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    except Exception:  # noqa: BLE001  # whatever openpyxl stumbles over: there is nothing to compare with
        return None
    filled = [number for number, row in enumerate(rows) if any(_filled(cell) for cell in row)]
    if not filled:
        return None
    return filled[-1] - filled[0], {_stripped(str(cell)) for row in rows for cell in row if cell is not None}


def _filled(cell: Any) -> bool:
    return cell is not None and bool(str(cell).strip())


def of_xes(content: bytes) -> Counted | None:
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return None
    return len(list(root.iter("{*}event"))), {_stripped(each.get("value", "")) for each in root.iter()}


def of_json_lines(content: bytes, encoding: str) -> Counted | None:
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
    lines = io.StringIO(text, newline="").readlines()
    values: set[str] = set()
    for line in lines:
        try:
            row = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            values |= {_stripped(each) for each in row.values() if isinstance(each, str)}
            values |= {"true", "false"}
            values |= {json.dumps(each) for each in row.values() if isinstance(each, list | dict)}
    return len(lines), values


def of_parquet(content: bytes) -> Counted | None:
    try:
        table = parquet.read_table(io.BytesIO(content))
        return table.num_rows, {
            _stripped(str(each)) for name in table.column_names for each in table[name].to_pylist()
        }
    except (pa.ArrowException, OSError, ValueError, KeyError, UnicodeDecodeError):
        return None


def of_ocel(content: bytes, case_type: str) -> Counted | None:
    """A row per event and object of the type; one per object not there; one per event that has neither."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
        types = {each["id"]: each["type"] for each in document["objects"]}
        rows = 0
        for event in document["events"]:
            related = [each["objectId"] for each in event.get("relationships") or []]
            own = {each for each in related if types.get(each) == case_type}
            unknown = [each for each in related if each not in types]
            rows += len(own) + len(unknown) or 1
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return rows, {_stripped(each) for each in _texts(document)}


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {each for key, inner in value.items() for each in ({key} | _texts(inner))}
    if isinstance(value, list):
        return {each for inner in value for each in _texts(inner)}
    return {value} if isinstance(value, str) else set()


def _stripped(text: str) -> str:
    return text.strip(" \t\r\n\u3000\u00a0")
