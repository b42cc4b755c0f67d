"""A DuckDB database of its own for one log, reached through Ibis; gone when closed or collected."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ibis
from ibis.backends.duckdb import Backend

IN_MEMORY = 1 / 12
"""Share of the machine's memory up to which an export is kept in it; a larger one goes to a file."""
MEMORY_LIMIT = 3 << 30
"""Bytes that the engine may use before it spills to disk (twice as many for a log in a file), or half of the
machine's memory if that is less."""


class Store:
    """Storage of one log: the database, its spill folder, and files decoded on the way in."""

    def __init__(self, size: int = 0) -> None:
        """`size`: bytes of the files that will be read."""
        self.folder = Path(tempfile.mkdtemp(prefix="walkthrough-"))
        installed = memory()
        small = size <= IN_MEMORY * installed
        self.backend: Backend = ibis.duckdb.connect(":memory:" if small else self.folder / "log.duckdb")
        self._in_memory = small
        if small:
            self.execute("ATTACH ':memory:' AS log (COMPRESS)")
            self.execute("USE log")
            # Compressed is what `compress` is asked for: tables that are dropped soon would pay for nothing.
            self.execute("SET checkpoint_threshold = '1TB'")
        limit = min(MEMORY_LIMIT if small else 2 * MEMORY_LIMIT, installed // 2)
        self.execute(f"SET memory_limit = '{limit}B'")
        self.execute(f"SET temp_directory = {text(str(self.folder / 'spill'))}")
        self.execute("SET enable_progress_bar = false")
        self.execute("SET TimeZone = 'UTC'")
        # A file written anew under the same name within a second would be read as it was before.
        self.execute("SET enable_external_file_cache = false")
        self._finalizer = weakref.finalize(self, _drop, self.backend, self.folder)

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self.backend.con.execute(sql)

    def compress(self) -> None:
        """Compress the tables made so far, which takes a tenth of the memory then and makes grouping quicker.

        Those of a log in a file are compressed as they are written.
        """
        if self._in_memory:
            self.execute("FORCE CHECKPOINT")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows that a query answers: for small answers only."""
        found: list[tuple[Any, ...]] = self.backend.con.execute(sql).fetchall()
        return found

    def value(self, sql: str) -> Any:
        """The one value that a query answers."""
        return self.rows(sql)[0][0]

    def close(self) -> None:
        """Drop database and folder; harmless when done twice."""
        self._finalizer()


def memory() -> int:
    """Bytes of the machine's memory; 4 GiB where the system does not say."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 4 << 30


def name(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(literal: str) -> str:
    """A text literal quoted for SQL."""
    return "'" + literal.replace("'", "''") + "'"


def texts(literals: Iterable[str]) -> str:
    """Text literals, separated by commas."""
    return ", ".join(map(text, literals))


def stripped(column: str) -> str:
    """SQL that strips outer white space of any kind (a plain trim leaves tabs and line ends)."""
    return f"trim({column}, ' \t\r\n\u3000\u00a0')"


def _drop(backend: Backend, folder: Path) -> None:
    backend.disconnect()
    shutil.rmtree(folder, ignore_errors=True)
