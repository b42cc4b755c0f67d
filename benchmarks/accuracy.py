"""Precision and recall per kind of finding, against planted and natural truth.

    python benchmarks/accuracy.py [--models ID …] [--levels clean …] [--seeds 5] [--workers 2] [--out FILE]

Simulates every library model with five seeds that the tests do not use, clean and with the noise of exports,
and plants into public logs; audits the exports and matches what is found with the answer keys, one to one
(`accuracy_match`). Writes accuracy.md and accuracy_errors.csv, and prints the page. Exits with 1 if a kind
misses its bar, with 0 otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from accuracy_match import Counted, compare
from accuracy_page import BARS, LEAST, REAL, Level, Line, Run, bars_missed, errors_table, lines_of, page

from reference_models import load
from reference_models.model import ReferenceModel
from walkthrough.simulation.noise import EXPORT, NONE, Noise
from walkthrough.simulation.other_system import LOOK_ALIKES

SEEDS = (101, 202, 303, 404, 505)
NOISES: dict[str, Noise] = {"clean": NONE, "export noise": EXPORT}
RATE = 0.04
"""Share of the cases that each kind of fault is planted in."""
CASES = 1_000
"""Of a sample, at least."""
SPARE = 1.25
"""Plants aimed at, as a multiple of LEAST: some cannot be carried out, some the noise hides."""
TOGETHER = 2
"""Seeds whose samples are audited together with the other system's export: they have plants enough, and two
systems take a third longer."""
BETWEEN_SYSTEMS = ("vanished", "recorded_late", "orphan", *LOOK_ALIKES)
LIBRARY = Path(__file__).parents[1] / "reference_models" / "library"
CODE = ("logs", "reference_models", "mining", "walkthrough", "benchmarks/*.py")
"""What the figures depend on."""

RARE: dict[str, Callable[[ReferenceModel], bool]] = {
    "deadlines with a limit": lambda model: any(
        cell.limit is not None for each in model.deadlines for row in each.rows for cell in row.cells.values()
    ),
    "notices with a limit": lambda model: any(each.limit for each in model.told),
    "four eyes": lambda model: bool(model.four_eyes),
    "orders that may differ a little": lambda model: any(each.near for each in model.duplicates),
    "orders": lambda model: bool(model.duplicates),
    "returns": lambda model: bool(model.returns),
    "rules": lambda model: bool(model.rules),
    "what belongs together": lambda model: bool(model.matches),
}
"""What a contract must have for some kinds to be planted at all."""
MORE = {
    "rolling-investment": 2_750,  # the only one of the library in which an end is early beyond doubt
    # Four whose orders may differ a little; for one pair in three there is no partner.
    **dict.fromkeys(("billing", "in-sales-procurement", "network-resource-allocation"), 1_700),
    "public-customer-acceptance": 1_700,
}
"""Cases of models for which the count of contracts is not enough."""


class Task(NamedTuple):
    """A sample to be made, audited and counted."""

    level: str
    source: str
    """A model's id; of the public logs a file."""
    seed: int
    cases: int


class Done(NamedTuple):
    """What came of it."""

    task: Task
    counted: Counted
    cases: int
    lines: list[Line]
    """One per miss and false alarm."""
    seconds: float
    """Of one processor."""


def cases_per_model(models: Sequence[str]) -> dict[str, int]:
    """So many that each kind has LEAST plants over the models that can have it, and all seeds."""
    contracts = {model: load(model) for model in models}
    cases = {model: MORE.get(model, CASES) for model in models}
    for has in RARE.values():
        carriers = [model for model, contract in contracts.items() if has(contract)]
        for model in carriers:
            needed = ceil(SPARE * LEAST / len(SEEDS) / len(carriers) / RATE)
            cases[model] = max(cases[model], needed)
    return cases


def run(task: Task) -> Done:
    """Make, audit and count one sample."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = _planted if task.level == REAL else _simulated
        key, occurrences, export, cases = made(task, folder)
        counted = compare(key, occurrences)
        lines = lines_of(task.level, f"{task.source} {task.seed}", counted.errors, export)
    return Done(task, counted, cases, lines, time.process_time() - begun)


def _simulated(task: Task, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, Path, int]:
    """(key, occurrences, the process's export, cases) of a sample of the simulator."""
    import walkthrough
    from walkthrough.simulation import Simulation, write_exports
    from walkthrough.simulation.timing import AS_OF

    noise = NOISES[task.level]
    written = write_exports(Simulation(load(task.source), task.cases, task.seed, RATE, noise=noise), folder)
    limits = folder / "limits.yaml"
    together = task.seed in SEEDS[:TOGETHER]
    alone = {"paths": written.files[0], "mapping": folder / "mapping.yaml"}
    read: dict[str, Any] = {"sources": folder / "sources.yaml"} if together else alone
    audit = walkthrough.audit(
        model=task.source, override=limits if limits.exists() else None, as_of=AS_OF, **read
    )
    first = Path(audit.provenance.files[0].name).name
    if first != written.files[0].name:
        raise RuntimeError(f"rows are counted in {first}, the key's in {written.files[0].name}")
    key = key_of(folder)
    if not together:
        key = key[~key["kind"].isin(BETWEEN_SYSTEMS)]
    return key, audit.occurrences, written.files[0], written.cases


def _planted(task: Task, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, Path, int]:
    """The same of a public log: occurrences that are new."""
    from accuracy_real import planted

    return planted(task.source, task.seed, task.cases, folder)


def key_of(folder: Path) -> pd.DataFrame:
    """The answer key as texts."""
    return pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)


def tasks_of(levels: Sequence[str], models: Sequence[str], seeds: Sequence[int]) -> Iterator[Task]:
    """The longest first; then model by model, for a process keeps what it worked out of a model."""
    if REAL in levels:
        from accuracy_real import EACH_KIND, present, samples

        for log in present():
            yield from (Task(REAL, log, seed, EACH_KIND) for seed in samples(log, seeds))
    cases = cases_per_model(models)
    for model in models:
        for seed in seeds:
            yield from (Task(level, model, seed, cases[model]) for level in levels if level in NOISES)


def one_thread() -> None:
    """Samples run side by side: each gets one thread of the engine, which takes all cores otherwise."""
    import duckdb

    connect = duckdb.connect

    def connected(*args: Any, **named: Any) -> Any:
        named["config"] = {"threads": 1, **(named.get("config") or {})}
        return connect(*args, **named)

    duckdb.connect = connected


def count(tasks: Sequence[Task], levels: Sequence[str], workers: int) -> list[Level]:
    """Run all tasks, so many at a time."""
    found = {name: Level(name) for name in levels}
    begun = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=one_thread) as pool:
        running = [pool.submit(run, task) for task in tasks]
        for each in as_completed(running):
            done = each.result()
            found[done.task.level].add(done.task.source, done.counted, done.cases, done.lines)
            _say(
                f"{time.monotonic() - begun:6.0f} s  {done.task.level}: {done.task.source} {done.task.seed} "
                f"({done.seconds:.1f} s, {len(done.lines)} misses and false alarms)"
            )
    return list(found.values())


def state() -> str:
    """The commit that is counted, and whether the code is that commit's."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return "unknown (no repository)"
    changed = _git("status", "--porcelain", "--", *CODE)
    return f"{head} with changes that are not committed" if changed else head


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, write, print. Returns the exit code."""
    library = sorted(each.parent.name for each in LIBRARY.glob("*/contract.yaml"))
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=library)
    parser.add_argument("--levels", nargs="*", default=list(BARS), choices=list(BARS))
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="use the first so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "accuracy.md")
    asked = parser.parse_args(arguments)
    begun, code = time.monotonic(), state()
    absent: tuple[str, ...] = ()
    if REAL in asked.levels:
        from accuracy_real import absent_logs

        absent = absent_logs()
        for log in absent:
            _say(f"left out: the public log {log} is not there")
    tasks = list(tasks_of(asked.levels, asked.models, SEEDS[: asked.seeds]))
    levels = count(tasks, asked.levels, asked.workers)
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    described = Run(
        command=f"python benchmarks/accuracy.py {words}".strip() if words else "make accuracy",
        commit=code,
        seeds=SEEDS[: asked.seeds],
        rate=RATE,
        together=SEEDS[: min(asked.seeds, TOGETHER)],
        cases={task.source: task.cases for task in tasks if task.level != REAL},
        absent=absent,
        seconds=time.monotonic() - begun,
        workers=asked.workers,
    )
    errors = asked.out.with_name(f"{asked.out.stem}_errors.csv")
    text = "\n".join(page(levels, described, errors.name)).rstrip() + "\n"
    asked.out.write_text(text, encoding="utf-8")
    errors_table(levels).to_csv(errors, index=False)
    _say(text)
    return 1 if bars_missed(levels) else 0


if __name__ == "__main__":
    sys.exit(main())
