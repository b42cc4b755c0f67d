"""The files and tables that were named: found, told apart by content, hashed, unpacked."""

from __future__ import annotations

import glob
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from logs.limits import check_growth
from logs.problems import InputError, Problem

CHUNK = 1 << 20
_HASHING = ThreadPoolExecutor(1)
PathLike = str | Path
_UNREAD = {  # pattern of the first bytes → what it is, and what to do
    rb"\xd0\xcf\x11\xe0": (
        "a workbook of the old format (.xls) or an encrypted one",
        "save it as .xlsx without a password, or as CSV",
    ),
    rb"ARROW1\x00": ("an Arrow (Feather) file", "write it as Parquet"),
    rb"ORC[\x00-\x1f]": ("an ORC file", "write it as Parquet"),
    rb"Obj\x01": ("an Avro file", "write it as Parquet or JSON lines"),
    rb"%PDF-": ("a PDF", "export the rows behind it as CSV"),
    rb"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it, or compress it with gzip"),
    rb"\xfd7zXZ": ("compressed with xz", "unpack it, or compress it with gzip"),
    rb"BZh[1-9]1AY&SY": ("compressed with bzip2", "unpack it, or compress it with gzip"),
}


@dataclass(frozen=True)
class Source:
    """One file, or one table of a database, as the user named it."""

    path: Path
    """Table: empty."""
    name: str
    """Table: its address without what is a credential."""
    format: str
    """See `SourceFile.format`."""
    gzipped: bool
    size: int
    """Bytes; table: 0, until its rows are read."""
    hashed: Future[str] | None = field(default=None, repr=False, compare=False)
    """The hash of a file, computed while the file is looked at; table: none, until its rows are read."""
    url: str = field(default="", repr=False)
    """Table: its address with everything; to be shown nowhere."""

    @property
    def sha256(self) -> str:
        """Waits until it is known; '' for a table."""
        return self.hashed.result() if self.hashed else ""


def find_sources(paths: PathLike | Iterable[PathLike]) -> list[Source]:
    """The sources that paths, globs and addresses of tables name, each once: as named, a glob's in order of
    name. Raises InputError for all that cannot be found.
    """
    named = [paths] if isinstance(paths, str | Path) else list(paths)
    found: list[Path | Source] = []
    problems: list[Problem] = []
    for each in named:
        try:
            added = [open_table(each)] if is_url(each) else find_files(each)
        except InputError as error:
            problems += error.problems
            continue
        found += [one for one in added if one not in found]
    if problems or not found:
        raise InputError(problems or [Problem("no file was named", "", None, "name an export to read")])
    return [open_source(one) if isinstance(one, Path) else one for one in found]


def is_url(named: PathLike) -> bool:
    """Whether an address of a database was named, and not a file."""
    return isinstance(named, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", named) is not None


def open_table(url: PathLike) -> Source:
    """A table by its address, which is read as far as it can be without asking the server."""
    from logs.table_address import parse_address

    return Source(Path(), parse_address(str(url)).shown, "table", False, 0, url=str(url))


def find_files(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """The files that paths and globs name, each once: as named, a glob's files in order of name."""
    named = [paths] if isinstance(paths, str | Path) else list(paths)
    found: list[Path] = []
    problems: list[Problem] = []
    for each in named:
        path = Path(each)
        if path.is_file():
            matches = [path]
        elif path.is_dir():
            problems.append(Problem("is a folder", str(each), None, f"name its files, e.g. {path}/*.csv"))
            continue
        else:
            matches = [m for m in map(Path, sorted(glob.glob(str(each)))) if m.is_file()]  # noqa: PTH207  # Path.glob takes no absolute pattern
        if not matches:
            problems.append(Problem("no such file", str(each), None, "check the path"))
        found += [match for match in matches if match not in found]
    if problems or not found:
        raise InputError(problems or [Problem("no file was named", "", None, "name an export to read")])
    return found


def open_source(path: Path) -> Source:
    """Begin to hash a file, and tell its format by its first bytes, not by its name."""
    refuse_illegible(path)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from None
    if not size:
        raise InputError(Problem("the file is empty", str(path), None, "export it again"))
    gzipped = head.startswith(b"\x1f\x8b")
    inner = _unpacked_head(path) if gzipped else head
    return Source(path, str(path), _format(path, inner), gzipped, size, _HASHING.submit(_sha256, path))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        Problem(f"cannot be read: {error.strerror}", str(path), None, "check the file's permissions")
    )


def refuse_illegible(path: Path) -> None:
    """Raises InputError for a path of bytes that are no UTF-8: reports could not name it, nor DuckDB open it.

    Archives packed elsewhere leave such names behind.
    """
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    if shown != str(path):
        raise InputError(Problem("its path holds bytes that are no UTF-8", shown, None, "rename it"))


def unpack(source: Source, target: Path) -> Path:
    """Unpack a gzip file into `target`; a damaged or truncated one is an InputError."""
    done = 0
    try:
        with gzip.open(source.path) as packed, target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                done += plain.write(chunk)
                check_growth(source.name, source.size, done)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged_gzip(source.name, error, f"{done:,} bytes could be unpacked") from None
    return target


def damaged_gzip(file: str, error: Exception, so_far: str) -> InputError:
    """The error for a gzip file that ends too early or does not unpack."""
    what = "is truncated" if isinstance(error, EOFError) else f"is damaged ({error})"
    return InputError(Problem(f"the gzip file {what}; {so_far}", file, None, "copy or export it again"))


def _unpacked_head(path: Path) -> bytes:
    """First unpacked bytes; what is damaged is told by the reader, which knows how far it came."""
    try:
        with gzip.open(path) as packed:
            return packed.read(4096)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return b""


def _format(path: Path, head: bytes) -> str:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    for pattern, (what, mend) in _UNREAD.items():
        if re.match(pattern, head):
            raise InputError(Problem(f"is {what}", str(path), None, mend))
    if head.startswith(b"PK\x03\x04") or suffixes & {".xlsx", ".xlsm"}:
        return "xlsx"
    if head.startswith((b"PAR1", b"PARE")) or ".parquet" in suffixes:
        return "parquet"
    if head.startswith(b"SQLite format 3\x00"):
        return "ocel-sqlite"
    if b"<object-types" in head:
        raise InputError(
            Problem("is an OCEL in XML", str(path), None, "convert it to OCEL 2.0 in JSON or SQLite")
        )
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if plain.startswith((b"<?xml", b"<log", b"<!")) or ".xes" in suffixes:
        return "xes"
    return _json_format(path, plain, suffixes) or "csv"


def _json_format(path: Path, plain: bytes, suffixes: set[str]) -> str:
    """The first key tells an OCEL from a line of JSON lines; '' for what is no JSON at all."""
    if suffixes & {".jsonl", ".ndjson"}:
        return "jsonl"
    if re.match(rb'\{\s*"ocel:', plain):
        raise InputError(
            Problem("is an OCEL of version 1.0", str(path), None, "convert it to OCEL 2.0 (JSON or SQLite)")
        )
    if suffixes & {".jsonocel"} or re.match(
        rb'\{\s*"(eventTypes|objectTypes|events|objects)"\s*:\s*\[', plain
    ):
        return "ocel-json"
    if re.match(rb"\[\s*\{", plain):
        raise InputError(
            Problem("is one JSON list, not JSON lines", str(path), 1,
                    "write one object per line, e.g. with jq -c '.[]'")
        )  # fmt: skip
    return "jsonl" if re.match(rb'\{\s*("|\})', plain) else ""
