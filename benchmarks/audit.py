"""The phases of an audit beside DuckDB's bare read and beside pandas + pm4py, on the same file.

    python benchmarks/audit.py [--events 1000000] [--rounds 5] [--data FOLDER] [--without-first]

Writes results/audit.md and prints its table. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from side_by_side import DATA, ROUNDS, Median, Phases, child, interleaved, machine, publish, table

MODEL = "circuit-provisioning"
EVENTS_PER_CASE = 13.49
"""Of the simulated sample, planted faults included."""
ALIKE = ("read", "bind", "align", "discover")
"""Phases of an audit that do at least what the notebook does."""
AS_OF = "2026-06-30T17:00"
DUCKDB, PM4PY, FIRST, NIGHTLY = (
    "DuckDB: `read_csv` into a table",
    "pandas + pm4py",
    "walkthrough: first audit (mapping proposed)",
    "walkthrough: audit with a mapping file",
)


def sample(events: int, data: Path) -> Path:
    """The folder with the simulated export, its mapping and its limits; made if missing."""
    folder = data / f"{MODEL}-{events}"
    if not (folder / "mapping.yaml").exists():
        cases = max(100, round(events / EVENTS_PER_CASE))
        _walkthrough("simulate", MODEL, "--cases", str(cases), "--out", str(folder))
    return folder


def _walkthrough(*arguments: str) -> None:
    command = "import sys; from walkthrough.cli import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", command, *arguments], check=True, stdout=subprocess.DEVNULL)


def run_duckdb(folder: Path, phase: Phases) -> None:
    """Nothing but the file into a table in memory, with DuckDB's own guesses."""
    phase("import")
    import duckdb

    phase("read")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE events AS SELECT * FROM read_csv('{folder / 'orders.csv'}')")
    phase.end()
    phase.facts["events"] = connection.execute("SELECT count(*) FROM events").fetchall()[0][0]


def run_pm4py(folder: Path, phase: Phases) -> None:
    """What a notebook does first."""
    phase("import")
    import pandas
    import pm4py

    phase("pandas.read_csv")
    frame = pandas.read_csv(folder / "orders.csv")
    phase("format_dataframe")
    frame = pm4py.format_dataframe(
        frame, case_id="订单号", activity_key="环节", timestamp_key="完成时间", start_timestamp_key="开始时间"
    )
    phase("get_variants")
    variants = pm4py.get_variants(frame)
    phase("discover_dfg")
    pm4py.discover_dfg(frame)
    phase.end()
    phase.facts |= {"events": len(frame), "variants": len(variants)}


def run_audit(folder: Path, phase: Phases, *, mapped: bool) -> None:
    """What `walkthrough audit` does, one language."""
    phase("import")
    import tempfile

    from walkthrough.api import audit, write_reports

    result = audit(
        folder / "orders.csv",
        MODEL,
        mapping=folder / "mapping.yaml" if mapped else None,
        override=folder / "limits.yaml",
        as_of=AS_OF,
        progress=phase,
    )
    phase("write")
    with tempfile.TemporaryDirectory() as out:
        write_reports(result, out, languages=("zh",))
        phase.end()
        phase.facts |= {path.name: path.stat().st_size / 1e6 for path in Path(out).iterdir()}
    phase.facts |= {
        "events": result.population.events_read,
        "cases": result.population.cases,
        "variants": result.population.variants,
        "occurrences": len(result.occurrences),
    }


CHILDREN: dict[str, tuple[str, Callable[[Path, Phases], None]]] = {
    "duckdb": (DUCKDB, run_duckdb),
    "pm4py": (PM4PY, run_pm4py),
    "first": (FIRST, lambda folder, phase: run_audit(folder, phase, mapped=False)),
    "nightly": (NIGHTLY, lambda folder, phase: run_audit(folder, phase, mapped=True)),
}


def rows(found: dict[str, Median]) -> list[list[str]]:
    """Whole processes, then their phases; ratios to DuckDB's process and to DuckDB's read."""
    process = found[DUCKDB]
    lines = [
        _line(f"**{name}**", (m.wall, m.cpu), (process.wall, process.cpu), f"{m.peak:,.0f}")
        for name, m in found.items()
    ]
    read = process.seconds["read"], process.phase_cpu["read"]
    for name, median in found.items():
        short = name.partition(":")[0] if name != FIRST else "walkthrough, first audit"
        lines += [
            _line(f"{short}: {phase}", (seconds, median.phase_cpu[phase]), read)
            for phase, seconds in median.seconds.items()
            # all other phases of a first audit are those of the audit with a mapping file
            if name != FIRST or phase == "read"
        ]
    ours, theirs = found[NIGHTLY], found[PM4PY]
    steps = [phase for phase in theirs.seconds if phase != "import"]
    lines += [
        _line("*pm4py: read, format, variants, DFG*", _sum(theirs, steps), read),
        _line("*walkthrough: read, bind, align, discover*", _sum(ours, ALIKE), read),
    ]
    return lines


def _sum(median: Median, phases: Iterable[str]) -> tuple[float, float]:
    return sum(median.seconds[phase] for phase in phases), sum(median.phase_cpu[phase] for phase in phases)


def _line(what: str, spent: tuple[float, float], base: tuple[float, float], peak: str = "") -> list[str]:
    """Wall and CPU seconds, each with its ratio."""
    figures = [f"{each:.2f}" for pair in zip(spent, _ratios(spent, base), strict=True) for each in pair]
    return [what, *figures, peak]


def _ratios(spent: tuple[float, float], base: tuple[float, float]) -> list[float]:
    return [each / of for each, of in zip(spent, base, strict=True)]


def main() -> None:
    """Parse arguments; a child runs one contender, the parent all of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", type=Path, default=DATA, help="where samples are kept")
    parser.add_argument("--without-first", action="store_true", help="leave the first audit out")
    parser.add_argument("--child", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        with Phases() as phase:
            CHILDREN[given.child[0]][1](Path(given.child[1]), phase)
        return
    folder = sample(given.events, given.data)
    names = [name for name in CHILDREN if name != "first" or not given.without_first]
    found = interleaved({CHILDREN[name][0]: child(__file__, name, folder) for name in names}, given.rounds)
    facts = found[NIGHTLY].facts
    notes = [
        f"{facts['events']:,.0f} events, {facts['cases']:,.0f} cases, {facts['variants']:,.0f} variants,"
        f" {(folder / 'orders.csv').stat().st_size / 1e6:.0f} MB of CSV;"
        f" {facts['occurrences']:,.0f} occurrences that are not conformant;"
        f" report {facts['report.zh.html']:.1f} MB, JSON {facts['audit.json']:.1f} MB.",
        f"Median of {given.rounds}, interleaved, on {machine()};"
        f" spread of wall time up to {max(m.spread for m in found.values()):.0%}.",
        "Bold: whole processes, ratio to DuckDB's process. Others: phases in them, ratio to DuckDB's read.",
    ]
    head = ["what", "wall s", "× DuckDB", "CPU s", "× DuckDB", "peak MB"]
    publish("audit", "Phases of an audit", notes, table(head, rows(found)))


if __name__ == "__main__":
    main()
