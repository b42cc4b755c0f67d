"""Our XES reader beside pm4py's default one: time and peak memory of whole processes.

    python benchmarks/xes.py [--megabytes 200] [--rounds 5] [--data FOLDER]

Reads a generated log, and the public ones in ../shared/data where that folder is there. Writes
results/xes.md and prints its table. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from side_by_side import DATA, ROUNDS, Median, Phases, child, interleaved, machine, publish, table

PUBLIC = Path(__file__).resolve().parents[2] / "shared" / "data"
OURS, PM4PY = "walkthrough", "pm4py"
STEPS = ("record", "judge", "dispatch", "receive", "clear_fault", "test", "return_order", "answer")
HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="nested-attributes">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <string key="concept:name" value="generated"/>
"""


def generate(path: Path, megabytes: float, seed: int = 1) -> None:
    """Write a log of about that size: cases of some ten events with seven attributes each."""
    chance = random.Random(seed)
    left = megabytes * 1e6
    case = 0
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        while left > 0:
            case += 1
            text = _trace(case, chance)
            left -= len(text.encode())
            file.write(text)
        file.write("</log>\n")
    temporary.rename(path)


def _trace(case: int, chance: random.Random) -> str:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=case)
    lines = [
        "  <trace>",
        f'    <string key="concept:name" value="FT{case:08}"/>',
        f'    <string key="service_class" value="{chance.choice("ABC")}"/>',
    ]
    for step in STEPS:
        for transition in ("start", "complete") if chance.random() < 0.25 else ("complete",):
            now += timedelta(minutes=chance.randint(1, 300))
            lines += [
                "    <event>",
                f'      <string key="concept:name" value="{step}"/>',
                f'      <date key="time:timestamp" value="{now.isoformat(timespec="milliseconds")}"/>',
                f'      <string key="lifecycle:transition" value="{transition}"/>',
                f'      <string key="org:resource" value="employee {chance.randint(1, 400)}"/>',
                f'      <string key="org:role" value="station {chance.randint(1, 30)}"/>',
                f'      <int key="cost" value="{chance.randint(1, 9999)}"/>',
                f'      <boolean key="remote" value="{str(chance.random() < 0.5).lower()}"/>',
                "    </event>",
            ]
    return "\n".join([*lines, "  </trace>\n"])


def run_ours(path: Path, phase: Phases) -> None:
    """The whole of `logs.read`: hash, columns, times, accounting of every row."""
    phase("import")
    from logs import Mapping, read

    mapping = Mapping(
        case="case:concept:name",
        activity="concept:name",
        time="time:timestamp",
        resource="org:resource",
        lifecycle="lifecycle:transition",
    )
    phase("read")
    with read(path, mapping) as log:
        phase.end()
        phase.facts["events"] = log.provenance.rows_used


def run_pm4py(path: Path, phase: Phases) -> None:
    """What every tutorial does."""
    phase("import")
    import pm4py

    phase("read")
    phase.facts["events"] = len(pm4py.read_xes(str(path)))


CHILDREN = {OURS: run_ours, PM4PY: run_pm4py}


def rows(path: Path, found: dict[str, Median]) -> list[list[str]]:
    """A line per reader; the ratios are ours to pm4py's."""
    lines = []
    for name, median in found.items():
        theirs = found[PM4PY]
        lines.append(
            [
                f"{path.name}, {path.stat().st_size / 1e6:,.0f} MB: {name}",
                f"{median.facts['events']:,.0f}",
                f"{median.wall:.2f}",
                f"{median.wall / theirs.wall:.2f}",
                f"{median.seconds['read']:.2f}",
                f"{median.seconds['read'] / theirs.seconds['read']:.2f}",
                f"{median.peak:,.0f}",
                f"{median.peak / theirs.peak:.2f}",
                f"{_above(median):,.0f}",
                f"{_above(median) / _above(theirs):.2f}",
            ]
        )
    return lines


def _above(median: Median) -> float:
    """Peak above what the process held once its libraries were imported, MB."""
    return median.peak - median.facts["imported_mb"]


def main() -> None:
    """Parse arguments; a child runs one reader, the parent both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", type=Path, default=DATA, help="where generated logs are kept")
    parser.add_argument("--child", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        with Phases() as phase:
            CHILDREN[given.child[0]](Path(given.child[1]), phase)
        return
    given.data.mkdir(parents=True, exist_ok=True)
    generated = given.data / f"generated-{given.megabytes:g}.xes"
    if not generated.exists():
        generate(generated, given.megabytes)
    lines, spread = [], 0.0
    for path in (generated, *sorted(PUBLIC.glob("*.xes.gz"))):
        sys.stderr.write(f"{path.name}\n")
        found = interleaved({name: child(__file__, name, path) for name in CHILDREN}, given.rounds)
        lines += rows(path, found)
        spread = max(spread, *(median.spread for median in found.values()))
    notes = [
        f"Median of {given.rounds}, interleaved, on {machine()}; spread of wall time up to {spread:.0%}.",
        "Seconds are of the whole process (imports included), then of reading alone; ratios are to pm4py.",
    ]
    head = [
        "file: reader",
        "events",
        "process s",
        "ratio",
        "read s",
        "ratio",
        "peak MB",
        "ratio",
        "above imports",
        "ratio",
    ]
    publish("xes", "Reading XES", notes, table(head, lines))


if __name__ == "__main__":
    main()
