"""The encoding of a text export, decided over the whole file; decoding without losing a line."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, AnyStr

import pyarrow as pa

from logs.limits import MOST_RECORD, check_record
from logs.problems import InputError, Problem
from logs.sources import CHUNK

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
FOREIGN = "surrogateescape"
"""How bytes that the encoding does not know travel through text: as lone surrogates, never dropped."""


@dataclass(frozen=True)
class Encoding:
    """What a text file is written in."""

    name: str
    reason: str
    bom: int = 0
    """Bytes of the byte order mark."""
    foreign: bool = False
    """Some lines hold bytes that the encoding does not know, or are in another encoding."""
    reject_utf8: bool = False
    """Lines that are valid UTF-8 are the foreign ones (a GB18030 file with UTF-8 lines in it)."""


def decide(path: Path, file: str, named: str | None = None) -> Encoding:
    """The encoding of a whole file: as named, else its byte order mark, else strict UTF-8, else UTF-16
    (zero bytes in every other place), else GB18030; where no one encoding reads all lines, that of most.
    """
    with path.open("rb") as stream:
        head = stream.read(CHUNK)
    bom, marked = next(((len(b), name) for b, name in BOMS if head.startswith(b)), (0, None))
    guess = marked or (None if named else _utf16(head))
    if named or guess:
        return _given(
            path, file, _family(named) or guess or "utf-8", "mapping" if named else _why(marked), bom
        )
    if reads(path, "utf-8"):
        return Encoding("utf-8", "valid UTF-8")
    return _by_lines(path, file)


def _why(marked: str | None) -> str:
    return "byte order mark" if marked else "zero bytes as in UTF-16"


def _family(named: str | None) -> str | None:
    """GB2312 and GBK are parts of GB18030; cp936 files use all of it."""
    if named in ("gb2312", "gbk", "cp936"):
        return "gb18030"
    if named in ("utf-8-sig", "ascii"):
        return "utf-8"
    return "utf-16-le" if named == "utf-16" else named


def _given(path: Path, file: str, name: str, reason: str, bom: int) -> Encoding:
    if reads(path, name, bom):
        return Encoding(name, reason, bom)
    if name.startswith(("utf-16", "utf-32")):
        raise InputError(
            Problem(f"is {name} ({reason}) but breaks off inside a character or is damaged", file, None,
                    "export it again, or name its encoding in the mapping")
        )  # fmt: skip
    return Encoding(name, f"{reason}; some lines are not", bom, foreign=True)


def reads(path: Path, name: str, skip: int = 0) -> bool:
    """Whether the whole file is valid in an encoding."""
    if name == "utf-8":
        return _is_utf8(path, skip)
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as stream:
            stream.seek(skip)
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(path: Path, skip: int) -> bool:
    """Arrow validates in half of the time that Python needs to decode, and beside other threads."""
    rest = b""
    try:
        with path.open("rb") as stream:
            stream.seek(skip)
            while chunk := stream.read(CHUNK):
                chunk = rest + chunk
                whole = _whole(chunk)
                pa.array([chunk[:whole]], pa.binary()).cast(pa.string())
                rest = chunk[whole:]
        pa.array([rest], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _whole(chunk: bytes) -> int:
    """How many bytes of a chunk are whole characters: the last one may go on in the next."""
    for back in range(1, min(4, len(chunk)) + 1):
        if chunk[-back] >= 0xC0:
            return len(chunk) - back
        if chunk[-back] < 0x80:
            break
    return len(chunk)


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: line ends and delimiters have their zero byte always on the same side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < max(4, len(head) // 50) or min(even, odd) * 20 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _by_lines(path: Path, file: str) -> Encoding:
    """Neither marked nor UTF-8 throughout: GB18030, or a mixture. Mostly ASCII lines say nothing."""
    kinds: Counter[str] = Counter()
    with path.open("rb") as stream:
        for line in _bounded(stream, file):
            if not line.isascii():
                kinds[_kind(line)] += 1
    if not kinds["utf-8"] and not kinds["neither"]:
        return Encoding("gb18030", "valid GB18030, not UTF-8")
    utf8 = kinds["utf-8"] + (kinds["either"] if kinds["utf-8"] else 0)
    foreign = f"{kinds['neither']:,} lines are neither UTF-8 nor GB18030"
    if utf8 >= kinds["gb18030"]:
        rest = f"{kinds['gb18030']:,} lines look like GB18030, {foreign}"
        return Encoding("utf-8", f"UTF-8 in most lines; {rest}", foreign=True)
    rest = f"{utf8:,} lines are UTF-8, {foreign}"
    return Encoding(
        "gb18030", f"GB18030 in most lines; {rest}", foreign=True, reject_utf8=bool(kinds["utf-8"])
    )


def _kind(line: bytes) -> str:
    """'utf-8' only where GB2312, the everyday part of GB18030, cannot be meant: short texts may be either."""
    if _valid(line, "utf-8"):
        return "either" if _valid(line, "gb2312") else "utf-8"
    return "gb18030" if _valid(line, "gb18030") else "neither"


def _valid(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def transcode(path: Path, encoding: Encoding, target: Path) -> Path:
    """Write the file as UTF-8 without a mark; line ends stay as they are."""
    decoder = codecs.getincrementaldecoder(encoding.name)()
    with path.open("rb") as stream, target.open("wb") as plain:
        stream.seek(encoding.bom)
        while chunk := stream.read(CHUNK):
            plain.write(decoder.decode(chunk).encode("utf-8", "surrogatepass"))
    return target


def text_lines(path: Path, encoding: Encoding, file: str) -> Iterator[str]:
    """Lines with their ends; foreign bytes come as lone surrogates (see FOREIGN).

    Raises InputError, with the file's name as the user gave it, for a line too long to be one.
    """
    if encoding.foreign:
        yield from _foreign_lines(path, encoding, file)
        return
    with path.open(encoding=encoding.name, newline="") as stream:
        if encoding.bom and encoding.name.startswith("utf"):
            stream.read(1)
        yield from _bounded(stream, file)


def _bounded(stream: IO[AnyStr], file: str) -> Iterator[AnyStr]:
    """Lines, none of which is read further than a record may go."""
    number = 1
    while line := stream.readline(MOST_RECORD):
        check_record(file, len(line), number)
        yield line
        number += 1


def _foreign_lines(path: Path, encoding: Encoding, file: str) -> Iterator[str]:
    with path.open("rb") as stream:
        stream.seek(encoding.bom)
        for line in _bounded(stream, file):
            if line.isascii():
                yield line.decode("ascii")
            elif encoding.reject_utf8 and _valid(line, "utf-8"):
                yield line.decode("ascii", FOREIGN)
            else:
                yield line.decode(encoding.name, FOREIGN)


def has_foreign(fields: list[str]) -> bool:
    """Whether a row holds bytes that its encoding does not know, or zero bytes."""
    row = "".join(fields)
    try:
        row.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return "\x00" in row
