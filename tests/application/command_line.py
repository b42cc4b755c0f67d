"""Runs the command line inside the test's process, which is quick, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from walkthrough.cli import app
from walkthrough.terminal import guarded

MODEL = "circuit-provisioning"
HEADINGS = "订单号,环节,完成时间,处理部门"
STEPS = (
    ("资源确认", "网络响应中心"),
    ("订单受理", "客户经理"),
    ("预约", "调度中心"),
    ("A端施工", "A端工位"),
    ("Z端施工", "Z端工位"),
    ("数据配置", "网管中心"),
    ("联调测试", "网管中心"),
    ("建档", "调度中心"),
    ("客户验收", "客户经理"),
    ("起租计费", "帐务结算部"),
)
"""A conforming circuit, without notices to the account manager."""


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    def refused(self, *parts: str) -> None:
        """Assert that the input was refused: code 2, all these texts, a way to mend."""
        self.failed(2, *parts)

    def failed(self, code: int, *parts: str) -> None:
        """Assert a code, all these texts on standard error, a way to mend, and no traceback."""
        assert self.code == code, self.out + self.err
        for part in parts:
            assert part in self.err, self.err
        assert "→" in self.err
        assert self.out == ""
        self.speaks_plainly()

    def speaks_plainly(self) -> None:
        """Assert that nothing of the tool's inside shows."""
        for text in ("Traceback", "mistake in the tool", 'File "/'):
            assert text not in self.out + self.err, self.err


class Command:
    """The command line with a current folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str | Path) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(app, [str(each) for each in arguments])
        return Ran(int(code), out.getvalue(), err.getvalue())

    def audit(self, *arguments: str | Path, model: str | Path = MODEL, out: str | Path = "out") -> Ran:
        """Audit into the folder 'out', without a key of pseudonyms."""
        return self("audit", *arguments, "--model", model, "--out", out, "--show-persons")

    def process(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
        """As a process of its own, standard output and error being pipes."""
        ended = subprocess.run(
            [sys.executable, "-c", "from walkthrough.cli import main; main()", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def audited(self, out: str | Path = "out") -> Any:
        """The audit.json written, every row accounted for and nothing half-written."""
        folder = self.folder / out
        assert not [each.name for each in folder.iterdir() if each.name.endswith(".part")]
        document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
        rows = document["rows"]
        assert rows["read"] == rows["used"] + sum(each["rows"] for each in rows["excluded"])
        assert rows["read"] == sum(each["rows_read"] for each in document["input"]["files"])
        return document

    def wrote_nothing(self, out: str = "out") -> None:
        """Assert that the output folder holds nothing, whole or half."""
        folder = self.folder / out
        assert not folder.exists() or not list(folder.iterdir())


def lines(cases: int = 3, *, start: int = 1) -> list[str]:
    """Rows of conforming circuits, without the heading."""
    return [
        f"DD{start + case:04d},{activity},2026-03-{2 + case % 5:02d} {9 + step}:00:00,{unit}"
        for case in range(cases)
        for step, (activity, unit) in enumerate(STEPS)
    ]


def export(*rows: str, heading: str = HEADINGS) -> str:
    """A CSV export."""
    return "\n".join([heading, *rows]) + "\n"
