"""One reader per format; each fills a raw table of text and lists what it could not read."""

from __future__ import annotations

from logs.readers.raw import Options, RawTable
from logs.sources import Source
from logs.store import Store


def load_raw(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill the raw table of one file with the reader for its format."""
    if source.format == "xlsx":
        from logs.readers.xlsx import load
    elif source.format == "xes":
        from logs.readers.xes import load
    else:
        from logs.readers.delimited import load
    return load(store, source, file_no, options)
