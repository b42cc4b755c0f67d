"""How long `walkthrough --help` takes, beside an empty Python, and what it imports.

    python benchmarks/startup.py [--rounds 5]

Writes results/startup.md and prints its table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from side_by_side import ROUNDS, interleaved, machine, publish, table

HEAVY = (
    "pm4py",
    "pandas",
    "ibis",
    "duckdb",
    "numba",
    "numpy",
    "pyarrow",
    "lxml",
    "networkx",
    "jinja2",
    "babel",
)
START = "import sys; sys.argv[0] = 'walkthrough'; from walkthrough.cli import main; "
COUNT = """
import sys
try:
    main()
except SystemExit:
    pass
found = sorted({name.partition('.')[0] for name in sys.modules})
sys.stderr.write(' '.join([str(len(sys.modules)), *found]))
"""


def imported(*arguments: str) -> tuple[int, list[str]]:
    """Number of modules after a run of the command line, and which heavy libraries are among them."""
    command = [sys.executable, "-c", START + COUNT, *arguments]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr.split()
    return int(told[0]), [name for name in HEAVY if name in told]


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    run = START + "sys.exit(main())"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "walkthrough --version": [sys.executable, "-c", run, "--version"],
        "walkthrough --help": [sys.executable, "-c", run, "--help"],
        "walkthrough models list": [sys.executable, "-c", run, "models", "list"],
    }
    lines = []
    for name, median in interleaved(commands, given.rounds).items():
        asked = name.split()[1:]
        modules, heavy = imported(*asked) if name.startswith("walkthrough") else (0, [])
        shown = [str(modules) if modules else "", ", ".join(heavy) or ("none" if modules else "")]
        lines.append([f"`{name}`", f"{median.wall:.2f}", f"{median.peak:.0f}", *shown])
    notes = [
        f"Median of {given.rounds}, interleaved, on {machine()}.",
        f"Heavy: {', '.join(HEAVY)}.",
    ]
    head = ["command", "seconds", "peak MB", "modules", "heavy libraries imported"]
    publish("startup", "Starting", notes, table(head, lines))


if __name__ == "__main__":
    main()
