"""Hostile files in a process with little memory and time: refused or read within both, and never killed.

The limits here are those that docs/hardening.md states for a file made to do harm.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import odd_files
import pytest

MEMORY = 4 << 30
"""Bytes of address space; the libraries alone take more than one GiB of it."""
SECONDS = 60
"""Of the processor."""
PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
from logs import InputError, Mapping, read
keys = dict(case=sys.argv[2], activity=sys.argv[3], time=sys.argv[4])
try:
    with read(sys.argv[1], Mapping(**keys)) as log:
        print("read", log.provenance.rows_read)
except InputError as error:
    print("refused", error)
"""
LONG = ("case", "activity", "time")
XES = ("case:concept:name", "concept:name", "time:timestamp")


def large(start: bytes, repeated: bytes, size: int) -> Callable[[Path], None]:
    """A plain file of so many bytes."""

    def write(path: Path) -> None:
        block = repeated * ((1 << 20) // len(repeated))
        with path.open("wb") as file:
            file.write(start)
            for _ in range(size >> 20):
                file.write(block)

    return write


def bomb(start: bytes, repeated: bytes, size: int) -> Callable[[Path], None]:
    """The same, packed."""

    def write(path: Path) -> None:
        with gzip.open(path, "wb") as file:
            file.write(start)
            for _ in range(size >> 20):
                file.write(repeated * ((1 << 20) // len(repeated)))

    return write


HEAD = b"case,activity,time\n1,a,2026-03-01\n"
HOSTILE: dict[str, tuple[str, Callable[[Path], None], tuple[str, str, str], str]] = {
    "much from little": ("bomb.csv.gz", bomb(HEAD, b",", 300 << 20), LONG, "refused"),
    "a line without end": ("line.csv", large(HEAD, b"x", 100 << 20), LONG, "refused"),
    "a line of delimiters": ("fields.csv", large(HEAD, b",", 100 << 20), LONG, "refused"),
    "a quote without end": (
        "quote.csv",
        large(HEAD + b'"', b"1,a,2026-03-01 09:00:00,zhang\n", 100 << 20),
        LONG,
        "refused",
    ),
    "zero bytes": ("zero.csv", large(HEAD, b"\0", 100 << 20), LONG, "refused"),
    "a JSON line without end": ("line.jsonl", large(b'{"case": "', b"x", 100 << 20), LONG, "refused"),
    "lists without end": ("deep.jsonl", large(b"{}\n", b"[", 100 << 20), LONG, "refused"),
    "an XML tag without end": (
        "tag.xes",
        large(b"<log><trace><event><string ", b"a", 100 << 20),
        XES,
        "refused",
    ),
    "elements without end": ("deep.xes", large(b"<log>", b"<a>", 100 << 20), XES, "refused"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are those of Linux")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_made_to_do_harm_stays_within_the_limits(tmp_path: Path, name: str) -> None:
    file, write, keys, outcome = HOSTILE[name]
    path = tmp_path / file
    write(path)
    program = PROGRAM.format(memory=MEMORY, seconds=SECONDS)
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path), *keys],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    path.unlink()
    assert ended.returncode == 0, ended.stderr[-500:]
    assert ended.stdout.startswith(outcome), ended.stdout[:300]
    assert file in ended.stdout
    assert not list(tmp_path.iterdir())


def test_what_reading_leaves_behind_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were refused leave no unpacked copy in the folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    from logs import InputError, Mapping, read

    path = tmp_path / "log.csv.gz"
    path.write_bytes(odd_files.packed(odd_files.text(*odd_files.rows(9)).encode())[:-12])
    with pytest.raises(InputError):
        read(path, Mapping(case="case", activity="activity", time="time"))
    assert not list((tmp_path / "t").iterdir())
