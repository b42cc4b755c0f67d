"""The command line on damaged files: a documented exit code, no traceback, nothing half-written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from command_line import Command
from odd_files import CORPUS, Odd, Read

from mining import examples

MODEL = Path(examples.__path__[0])
CODES = {0, 1, 2, 3, 5}
"""docs/decisions/0012, without 4: a failure of the tool."""
NAMES = (
    "mixed.csv",
    "hostile.csv",
    "garbage.csv.gz",
    "far-string.xlsx",
    "gbk.xes",
    "entities.xes",
    "half.jsonl",
    "dangling.json",
    "endless.sqlite",
)
SAMPLE = [each for each in CORPUS if each.name in NAMES]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path)


@pytest.mark.parametrize("each", SAMPLE, ids=lambda each: each.name)
def test_an_audit_of_an_odd_file_ends_as_documented(run: Command, each: Odd) -> None:
    (run.folder / each.name).write_bytes(each.build())
    (run.folder / "m.yaml").write_text(each.mapping, encoding="utf-8")
    ran = run.audit(each.name, "--mapping", "m.yaml", model=MODEL)
    assert ran.code in CODES
    assert (ran.code == 2) == (not isinstance(each.outcome, Read)), ran.err
    ran.speaks_plainly()
    if ran.code == 2:
        ran.refused(each.name)
        run.wrote_nothing()
    else:
        run.audited()


@pytest.mark.parametrize("each", SAMPLE[::3], ids=lambda each: each.name)
def test_the_other_commands_end_as_documented(run: Command, each: Odd) -> None:
    (run.folder / each.name).write_bytes(each.build())
    for arguments in (
        ("map", each.name, "--worksheet", "w.csv", "--model", MODEL),
        ("discover", each.name, "--out", "d"),
    ):
        ran = run(*arguments)
        assert ran.code in CODES
        ran.speaks_plainly()
        assert "\x1b" not in ran.out + ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_a_name_of_bytes_that_are_no_text_is_refused(run: Command) -> None:
    """As an archive packed on a Chinese Windows leaves it behind."""
    name = os.fsdecode("故障.csv".encode("gbk"))
    (run.folder / name).write_bytes(b"case,activity,time\n1,a,2026-03-01\n")
    (run.folder / name.removesuffix(".csv")).mkdir()
    for arguments in (("audit", name, "--model", MODEL, "--out", "o", "--show-persons"), ("map", name)):
        run(*arguments).refused("\\udcb9", "its path holds bytes that are no UTF-8", "rename it")
    run.audit("log.csv", model=name.removesuffix(".csv")).refused("its path holds bytes that are no UTF-8")


@pytest.mark.parametrize("name", ["entities.xes"])
def test_a_process_of_its_own_ends_as_documented(run: Command, name: str) -> None:
    """Not only inside the test's process: standard error is a pipe of ASCII here."""
    each = next(each for each in CORPUS if each.name == name)
    (run.folder / name).write_bytes(each.build())
    ran = run.process("audit", name, "--model", MODEL, "--out", "out", "--show-persons", env={"LC_ALL": "C"})
    ran.refused(name)
