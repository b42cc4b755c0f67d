"""One reader per format; each fills a raw table of text and lists what it could not read."""

from __future__ import annotations

from importlib import import_module

from logs.readers.raw import Options, RawTable
from logs.sources import Source
from logs.store import Store

_READERS = {
    "csv": "delimited",
    "xlsx": "xlsx",
    "xes": "xes",
    "parquet": "parquet",
    "jsonl": "json_lines",
    "ocel-json": "ocel_json",
    "ocel-sqlite": "ocel_sqlite",
    "table": "database",
}
"""Format of a source → the module that reads it, imported on first use."""


def load_raw(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill the raw table of one file with the reader for its format."""
    reader = import_module(f"logs.readers.{_READERS[source.format]}")
    raw: RawTable = reader.load(store, source, file_no, options)
    return raw
