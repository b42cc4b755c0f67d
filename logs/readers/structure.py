"""A pre-pass over the bytes of a delimited file: how many records, and is it regular enough for DuckDB?

DuckDB's reader loses blank lines, swallows rows after an open quote and numbers rows wrongly without a
word, so it is trusted only with files in which each of those is ruled out here, and its rows are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from logs.limits import MOST_RECORD
from logs.sources import CHUNK

QUOTE, SPACE, LF, CR, NUL = 34, 32, 10, 13, 0
Positions = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Structure:
    """What the bytes say."""

    records: int
    """Records including the heading (only if regular)."""
    irregular: str
    """Why DuckDB's reader must not read this file; empty if it may."""
    quoted_newlines: bool = False
    tabs: bool = False
    outer_blanks: bool = True
    """A field may begin or end with a space (tabs and line ends count apart)."""


@dataclass
class _State:
    inside: bool = False
    """Inside quotes at the start of the block."""
    lf: int = 0
    crlf: int = 0
    quoted_newlines: bool = False
    tabs: bool = False
    outer_blanks: bool = False


def survey(path: Path, delimiter: str, skip: int = 0) -> Structure:
    """Go over a UTF-8 file once."""
    state = _State()
    for block in _blocks(path, skip):
        if len(block) > MOST_RECORD:
            return Structure(0, "an overlong line")
        data = np.frombuffer(block, np.uint8)
        quoted = b'"' in block or state.inside
        irregular = _quoted(data, ord(delimiter), state) if quoted else _plain(block, data, state)
        state.tabs = state.tabs or b"\t" in block
        state.outer_blanks = state.outer_blanks or _outer_blanks(block, data, ord(delimiter))
        if irregular:
            return Structure(0, irregular)
    if state.inside:
        return Structure(0, "open quote")
    if state.crlf not in (0, state.lf):
        return Structure(0, "mixed line ends")
    return Structure(state.lf, "", state.quoted_newlines, state.tabs, state.outer_blanks)


def _blocks(path: Path, skip: int) -> Iterator[bytes]:
    """Blocks of whole lines; the last line gets the line end that it may lack."""
    rest = b""
    crlf = False
    with path.open("rb") as stream:
        stream.seek(skip)
        while chunk := stream.read(4 * CHUNK):
            cut = chunk.rfind(b"\n") + 1
            if cut:
                block = rest + chunk[:cut]
                crlf = block.endswith(b"\r\n")
                yield block
                rest = chunk[cut:]
            else:
                rest += chunk
                if len(rest) > MOST_RECORD:  # of no use to read on: the exact reader refuses it
                    yield rest
                    return
    if rest:
        yield rest + (b"\r\n" if crlf and not rest.endswith(b"\r") else b"\n")


def _plain(block: bytes, data: Bytes, state: _State) -> str:
    """A block without quotes: every newline ends a record."""
    if b"\x00" in block:
        return "zero bytes"
    ends = np.flatnonzero(data == LF)
    if _blank(data, ends, starts_record=True):
        return "blank lines"
    state.lf += len(ends)
    if b"\r" in block:
        crlf = int(np.count_nonzero(data[ends - 1] == CR))
        state.crlf += crlf
        return "lone carriage returns" if block.count(b"\r") != crlf else ""
    return ""


def _outer_blanks(block: bytes, data: Bytes, delimiter: int) -> bool:
    """Whether a space stands beside a delimiter, line end or quote, or a wide or fixed one anywhere."""
    wide = (b"\xe3\x80\x80", b"\xc2\xa0")  # U+3000, U+00A0; their first bytes alone are found sooner
    if any(each[:1] in block and each in block for each in wide):
        return True
    spaces = np.flatnonzero(data == SPACE)
    beside = data[np.concatenate([spaces - 1, np.minimum(spaces + 1, len(data) - 1)])]
    return bool(np.isin(beside, (delimiter, LF, CR, QUOTE)).any())


def _quoted(data: Bytes, delimiter: int, state: _State) -> str:
    """A block with quotes: each must open or close a field, and only newlines outside end a record."""
    if (data == NUL).any():
        return "zero bytes"
    quotes = np.flatnonzero(data == QUOTE)
    outside = (np.arange(len(quotes)) + state.inside) % 2 == 0
    if not _opens(data, quotes[outside], delimiter) or not _closes(data, quotes[~outside], delimiter):
        return "quotes inside fields"
    newlines = np.flatnonzero(data == LF)
    inside = (np.searchsorted(quotes, newlines) + state.inside) % 2 == 1
    ends = newlines[~inside]
    state.quoted_newlines |= bool(inside.any())
    returns = np.flatnonzero(data == CR)
    kept = (np.searchsorted(quotes, returns) + state.inside) % 2 == 1
    state.quoted_newlines |= bool(kept.any())
    lone = returns[~kept]
    if not (data[lone + 1] == LF).all():
        return "lone carriage returns"
    if _blank(data, ends, starts_record=not state.inside):
        return "blank lines"
    state.lf += len(ends)
    state.crlf += len(lone)
    state.inside = bool((len(quotes) + state.inside) % 2)
    return ""


def _opens(data: Bytes, quotes: Positions, delimiter: int) -> bool:
    """An opening quote follows a delimiter, a line end or, doubled, another quote."""
    before = np.where(quotes == 0, LF, data[quotes - 1])
    return bool(np.isin(before, (delimiter, LF, QUOTE)).all())


def _closes(data: Bytes, quotes: Positions, delimiter: int) -> bool:
    after = data[np.minimum(quotes + 1, len(data) - 1)]
    return bool(np.isin(after, (delimiter, LF, CR, QUOTE)).all())


def _blank(data: Bytes, ends: Positions, *, starts_record: bool) -> bool:
    starts = ends[:-1] + 1
    if starts_record:
        starts = np.concatenate([[0], starts])
    first = data[starts]
    return bool(((first == LF) | ((first == CR) & (data[np.minimum(starts + 1, len(data) - 1)] == LF))).any())
