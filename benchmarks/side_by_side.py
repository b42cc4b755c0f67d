"""Run programs side by side as fresh processes, taking turns, and compare their medians.

A child times its own phases (wall and CPU of all threads) and prints them as one line of JSON (`Phases`); the
parent takes wall time, CPU time and peak memory of the whole process from the operating system (`os.wait4`:
Linux and macOS). The parent imports nothing heavy, because a child's peak memory begins with that of the
process it was forked from.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

ROUNDS = 5
DATA = Path(tempfile.gettempdir()) / "walkthrough-benchmarks"
RESULTS = Path(__file__).parent / "results"
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


def peak_mb(usage: resource.struct_rusage) -> float:
    """Largest resident memory in MB (10^6 bytes)."""
    return usage.ru_maxrss * _MAXRSS_BYTES / 1e6


class Phases:
    """Phases of a child: entered by name, printed as JSON at the end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.facts: dict[str, float] = {}
        self._name = ""
        self._since = self._cpu_since = 0.0

    def __enter__(self) -> Phases:
        return self

    def __call__(self, name: str) -> None:
        """The phase before this one ends, this one begins."""
        self.end()
        self._name, self._since, self._cpu_since = name, time.perf_counter(), time.process_time()

    def end(self) -> None:
        """The running phase ends."""
        if self._name:
            wall, cpu = time.perf_counter() - self._since, time.process_time() - self._cpu_since
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + wall
            self.cpu[self._name] = self.cpu.get(self._name, 0.0) + cpu
            if self._name == "import":
                self.facts["imported_mb"] = peak_mb(resource.getrusage(resource.RUSAGE_SELF))
            self._name = ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if error is None:
            sys.stdout.write(
                "\n" + json.dumps({"seconds": self.seconds, "cpu": self.cpu, "facts": self.facts}) + "\n"
            )


@dataclass(frozen=True)
class Run:
    """One process, start to end."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of CPU, user and system, all threads."""
    peak: float
    """Largest resident memory in MB (10^6 bytes)."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of the phases."""
    phase_cpu: Mapping[str, float] = field(default_factory=dict)
    """CPU time of the phases."""
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Median:
    """Medians over all runs of one program."""

    wall: float
    cpu: float
    peak: float
    seconds: Mapping[str, float]
    phase_cpu: Mapping[str, float]
    facts: Mapping[str, float]
    spread: float
    """(slowest - fastest) / median of wall time: how far to trust the medians."""

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Median:
        """The median of each figure by itself."""
        walls = [run.wall for run in runs]
        return cls(
            wall=statistics.median(walls),
            cpu=statistics.median(run.cpu for run in runs),
            peak=statistics.median(run.peak for run in runs),
            seconds={name: statistics.median(run.seconds[name] for run in runs) for name in runs[0].seconds},
            phase_cpu={
                name: statistics.median(run.phase_cpu[name] for run in runs) for name in runs[0].seconds
            },
            facts=runs[-1].facts,
            spread=(max(walls) - min(walls)) / statistics.median(walls),
        )


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int = ROUNDS) -> dict[str, Median]:
    """Run every command once per round, after one round that is not counted (caches, bytecode).

    Raises SystemExit with the child's own words where one fails.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            sys.stderr.write(f"round {turn} of {rounds}: {name}\n")
            run = _run(command)
            if turn:
                runs[name].append(run)
    return {name: Median.of(each) for name, each in runs.items()}


def child(script: str, *arguments: str | Path) -> list[str]:
    """The command that runs a script of this folder as a child."""
    return [sys.executable, str(Path(script).resolve()), "--child", *map(str, arguments)]


def _run(command: Sequence[str]) -> Run:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}\n{err.read().decode()}")
        last = out.read().decode().strip().rpartition("\n")[2]
    told = json.loads(last) if last.startswith("{") else {}
    return Run(
        wall,
        usage.ru_utime + usage.ru_stime,
        peak_mb(usage),
        told.get("seconds", {}),
        told.get("cpu", {}),
        told.get("facts", {}),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """What the figures were measured on, without naming the machine."""
    from importlib.metadata import version

    libraries = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "pm4py", "lxml"))
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}, {libraries}"


def publish(name: str, title: str, notes: Sequence[str], body: str) -> None:
    """Print the table, and write it with its notes to results/<name>.md."""
    RESULTS.mkdir(exist_ok=True)
    text = "\n".join([f"# {title}", "", *notes, "", body, ""])
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    sys.stdout.write(body + "\n")
