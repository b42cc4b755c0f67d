"""What a file may cost at most: a hostile one must not fill memory or disk, nor keep the tool busy for ever.

docs/hardening.md says why each limit is what it is. Each is far beyond any export that we know of.
"""

from __future__ import annotations

from logs.problems import InputError, Problem

FREE = 256 << 20
"""Bytes that a compressed file may always unpack to."""
MOST_TIMES = 200
"""Beyond these, a file that unpacks to more than so many times its size is taken for a bomb."""
MOST_RECORD = 64 << 20
"""Characters of one line, or of one record over several lines."""
MOST_COLUMNS = 20_000
"""Columns of a table, attributes of an event."""
MOST_SHEET_ROWS = 1_048_576
"""Rows that a worksheet can have; a cell may claim to lie beyond."""
DEEPEST = 200
"""Lists and objects within each other."""


def check_growth(file: str, packed: int, unpacked: int) -> None:
    """Raises InputError where `unpacked` bytes are too many for a compressed file of `packed` bytes."""
    if unpacked > FREE and unpacked > MOST_TIMES * packed:
        raise InputError(
            Problem(f"unpacks to more than {MOST_TIMES} times its size and more than {FREE >> 20} MiB", file,
                    None, "if that is right, unpack it yourself and give what comes out")
        )  # fmt: skip


def check_record(file: str, size: int, line: int) -> None:
    """Raises InputError where `size` characters are too many for the record that begins on `line`."""
    if size >= MOST_RECORD:
        raise InputError(
            Problem(f"a record of more than {MOST_RECORD >> 20} MiB begins here", file, line,
                    "look for a line end that is missing, or a quote that is not closed")
        )  # fmt: skip


def check_columns(file: str, columns: int, line: int | None = None) -> None:
    """Raises InputError where a table has too many columns."""
    if columns > MOST_COLUMNS:
        raise InputError(
            Problem(f"has {columns:,} columns, more than {MOST_COLUMNS:,}", file, line,
                    "write what is a value as a value, not as a heading")
        )  # fmt: skip
