"""XES and XES.gz, streamed with lxml: no entities, no network, and a file that breaks off is an error."""

from __future__ import annotations

import dataclasses
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from lxml import etree
from pyarrow import parquet

from logs.event_log import SourceFile
from logs.limits import check_columns, check_growth
from logs.problems import InputError, Problem
from logs.readers.raw import Options, RawTable, create_unread
from logs.sources import Source, damaged_gzip
from logs.store import Store, text

CASE = "case:"
"""Prefix of the attributes of a trace, as opposed to those of its events."""
_BATCH = 10_000
_PROLOG = re.compile(r"\ufeff?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_PROLOG_LIMIT = 1 << 20
_ENCODING = re.compile(r"""\ufeff?\s*<\?xml\b[^>]*?\sencoding\s*=\s*["']([^"'>]*)""")
_ENCODINGS = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii", "gb", "big5", "iso-8859-", "windows-125")
"""Encodings in which the characters of a declaration are themselves, by how their names begin."""


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table with the wanted attributes of every event; those of a trace start with 'case:'.

    Lists, containers and attributes nested in others are left aside. Raises InputError for a file that breaks
    off, is damaged, is not XES, or declares entities.
    """
    _check_prolog(source)
    wanted = sorted(options.wanted or standard_keys(source))
    if not wanted:
        raise InputError(
            Problem("holds no event with an attribute", source.name, None, "export it again with its events")
        )
    table, kept = f"raw_{file_no}", store.folder / f"raw_{file_no}.parquet"
    create_unread(store)
    # Through Parquet and not through Arrow: memory stays flat, and the engine need not load pandas for it.
    schema = pa.schema([(f"c{i}", pa.string()) for i in range(len(wanted))])
    rows, filled = 0, [False] * len(wanted)
    with _open(source) as stream, parquet.ParquetWriter(kept, schema, compression="lz4") as writer:
        for batch in _batches(stream, wanted, source):
            arrays = [_strings(column) for column in batch]
            filled = [f or a.null_count < len(a) for f, a in zip(filled, arrays, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(arrays[0])
            options.progress("read", rows, None)
    store.execute(
        f"CREATE OR REPLACE TEMP VIEW {table} AS"
        f" SELECT * FROM read_parquet({text(str(kept))}, file_row_number = true)"
    )
    if not rows:
        raise InputError(Problem("holds no events", source.name, None, "export it again with its events"))
    headings = tuple(key if f else f"\x00{key}" for key, f in zip(wanted, filled, strict=True))
    file = SourceFile(source.name, source.sha256, source.size, "xes", rows_read=rows)
    raw = RawTable(table, file, file_no, headings, "file_row_number + 1", 1, "VIEW")
    return raw if all(filled) else dataclasses.replace(raw, headings=_named(headings, source))


def _strings(values: list[str | None]) -> pa.StringArray:
    """As `pa.array(values, pa.string())`, which would load pandas to look whether it is concerned."""
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def _named(headings: tuple[str, ...], source: Source) -> tuple[str, ...]:
    """A wanted attribute that no event has is no heading; those of the first events are told instead."""
    return headings + tuple(key for key in keys(source) if key not in headings)


def standard_keys(source: Source) -> frozenset[str]:
    """Every attribute that the first events and traces have."""
    return frozenset(keys(source))


def keys(source: Source, events: int = 1_000) -> tuple[str, ...]:
    """Attributes of the first events and traces, in order of appearance. Raises InputError as `load`."""
    _check_prolog(source)
    found: dict[str, None] = {}
    left = events
    with _open(source) as stream:
        for event, trace in _events(stream, source):
            found |= {CASE + key: None for key in _attributes(trace)} if trace is not None else {}
            found |= dict.fromkeys(_attributes(event))
            check_columns(source.name, len(found))
            left -= 1
            if not left:
                break
    return tuple(found)


def _batches(stream: IO[bytes], wanted: list[str], source: Source) -> Iterator[list[list[str | None]]]:
    """Columns of values, some thousand events at a time."""
    of_event = [(i, key) for i, key in enumerate(wanted) if not key.startswith(CASE)]
    of_trace = [(i, key.removeprefix(CASE)) for i, key in enumerate(wanted) if key.startswith(CASE)]
    columns: list[list[str | None]] = [[] for _ in wanted]
    current: Any = None
    inherited: dict[str, str] = {}
    for event, trace in _events(stream, source):
        if trace is not current:
            current, inherited = trace, _attributes(trace) if trace is not None else {}
        own = {each.get("key"): each.get("value") for each in event}
        for i, key in of_event:
            columns[i].append(own.get(key))
        for i, key in of_trace:
            columns[i].append(inherited.get(key))
        if len(columns[0]) >= _BATCH:
            yield columns
            columns = [[] for _ in wanted]
    if columns and columns[0]:
        yield columns


def _attributes(element: Any) -> dict[str, str]:
    """Attributes of a trace or an event that have one value."""
    return {
        each.get("key"): each.get("value")
        for each in element
        if each.get("key") is not None and each.get("value") is not None
    }


def _events(stream: IO[bytes], source: Source) -> Iterator[tuple[Any, Any]]:
    """(event, its trace or None), each event emptied once it was taken; memory stays flat."""
    parser = etree.iterparse(
        stream,
        events=("end",),
        tag=("{*}event", "{*}trace"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    done = 0
    try:
        for _, element in parser:
            parent = element.getparent()
            if element.tag.endswith("trace"):
                _forget(element)
                continue
            yield element, parent if parent is not None and parent.tag.endswith("trace") else None
            done += 1
            element.clear()
            previous = element.getprevious()
            if previous is not None and previous.tag == element.tag:
                parent.remove(previous)
        _check_root(parser.root, source)
    except etree.XMLSyntaxError as error:
        raise InputError(
            Problem(f"not well-formed XML, or it breaks off: {error.msg}; {done:,} events were read before",
                    source.name, error.lineno, "copy or export it again")
        ) from None  # fmt: skip
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged_gzip(source.name, error, f"{done:,} events were read before") from None


def _forget(trace: Any) -> None:
    """Free a finished trace and what stands before it."""
    trace.clear()
    parent = trace.getparent()
    if parent is not None:
        while trace.getprevious() is not None:
            del parent[0]


def _check_root(root: Any, source: Source) -> None:
    if etree.QName(root).localname != "log":
        raise InputError(
            Problem(f"is XML but not XES: its root is <{etree.QName(root).localname}>", source.name, 1,
                    "export the log as XES, or give a CSV")
        )  # fmt: skip


def _check_prolog(source: Source) -> None:
    """A document type could declare entities: they make a small file gigabytes, or read other files."""
    with _open(source) as stream:
        try:
            head = stream.read(_PROLOG_LIMIT)
        except EOFError as error:
            raise damaged_gzip(source.name, error, "nothing could be read") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise damaged_gzip(source.name, error, "nothing could be read") from None
    text = head.decode(_utf(head), "replace")
    _check_encoding(text, source)
    rest = text[_PROLOG.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    if rest.startswith("<!DOCTYPE"):
        raise InputError(
            Problem("declares a document type (<!DOCTYPE …>), which XES does not have",
                    source.name, text[: len(text) - len(rest)].count("\n") + 1, "remove the declaration")
        )  # fmt: skip
    if not re.match(r"<[A-Za-z_]", rest):
        raise InputError(Problem("is not XML", source.name, 1, "export the log as XES, or give a CSV"))


def _check_encoding(text: str, source: Source) -> None:
    """In an encoding that shifts, what we take for a comment may be a document type to the parser."""
    declared = _ENCODING.match(text)
    if declared and not declared[1].lower().startswith(_ENCODINGS):
        raise InputError(
            Problem(f"is declared to be in the encoding '{declared[1][:40]}', in which XES is not read",
                    source.name, 1, "export it as UTF-8")
        )  # fmt: skip


def _utf(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"<\x00")):
        return "utf-16-le"
    return "utf-16-be" if head.startswith((b"\xfe\xff", b"\x00<")) else "utf-8"


@contextmanager
def _open(source: Source) -> Iterator[IO[bytes]]:
    path: Path = source.path
    if not source.gzipped:
        with path.open("rb") as stream:
            yield stream
        return
    with gzip.open(path) as packed:
        yield _Unpacked(packed, source)  # type: ignore[misc]  # reads bytes like any other


class _Unpacked:
    """A gzip file that may not grow without bound."""

    def __init__(self, packed: gzip.GzipFile, source: Source) -> None:
        self.packed, self.source = packed, source

    def read(self, size: int = -1) -> bytes:
        chunk = self.packed.read(size)
        check_growth(self.source.name, self.source.size, self.packed.tell())
        return chunk
