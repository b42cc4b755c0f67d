"""`walkthrough doctor`: does everything that an audit needs work on this machine?"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from walkthrough.exit_codes import ExitCode
from walkthrough.terminal import say, tell

LEAST_FREE = 2 << 30
LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "sqlglot",
    "pm4py",
    "pandas",
    "numpy",
    "networkx",
    "lxml",
    "jinja2",
    "babel",
)


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    works: bool
    detail: str


def run_doctor(*, as_json: bool) -> None:
    """Run the whole command."""
    checks = [_checked(name, look) for name, look in LOOKS.items()]
    if as_json:
        tell(json.dumps([vars(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        for check in checks:
            tell(f"{'ok ' if check.works else 'BAD'}  {check.name}: {check.detail}")
        if not all(check.works for check in checks):
            say("  → mend what is BAD, or install again into an environment of its own")
    raise typer.Exit(ExitCode.CONFORMANT if all(check.works for check in checks) else ExitCode.FAILED)


def _checked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except Exception as error:  # noqa: BLE001  # whatever is broken here is the answer
        return Check(name, False, f"{type(error).__name__}: {error}")


def _python() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036  # somebody may run it from a checkout
        raise RuntimeError("Python 3.11 or newer is needed")
    return sys.version.split()[0]


def _libraries() -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)


def _engine() -> str:
    import duckdb

    query = "select epoch_us(timezone('Asia/Shanghai', timestamp '2026-01-01 08:00:00'))"
    with duckdb.connect() as connection:
        answer = connection.execute(query).fetchone()
    if answer is None or answer[0] != 1_767_225_600_000_000:
        raise RuntimeError("the engine's time zones are wrong")
    return f"DuckDB {duckdb.__version__} knows time zones"


def _tables() -> str:
    """Ibis writes statements for DuckDB through sqlglot: some versions of the three do not fit together."""
    import ibis
    import pandas as pd

    backend = ibis.duckdb.connect()
    try:
        table = backend.create_table("looked_at", ibis.memtable(pd.DataFrame({"n": [1, 2]})), overwrite=True)
        total = int(table.n.sum().execute())
    finally:
        backend.disconnect()
    if total != 3:
        raise RuntimeError("the engine does not add up")
    return f"Ibis {ibis.__version__} makes tables"


def _zones() -> str:
    return f"time zone data for {ZoneInfo('Asia/Shanghai')}"


def _calendar() -> str:
    from reference_models.calendars import load_calendar

    return f"Chinese working days are published until {load_calendar('cn-working-days').last}"


def _pictures() -> str:
    program = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    found = str(program) if program.exists() else shutil.which("graphviz-pure")
    if not found:
        raise RuntimeError("graphviz-pure is not installed")
    drawn = subprocess.run(
        [found, "-Tsvg"], input="digraph { a -> b }", capture_output=True, text=True, check=True
    )
    return f"draws {len(drawn.stdout)} characters of SVG"


def _space() -> str:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < LEAST_FREE:
        raise RuntimeError(
            f"only {free >> 20} MB free in {tempfile.gettempdir()}; an audit keeps its tables there"
        )
    return f"{free >> 30} GB free in {tempfile.gettempdir()}"


def _models() -> str:
    from reference_models import library, load

    return ", ".join(f"{model.id} {model.version}" for model in map(load, library()))


LOOKS: dict[str, Callable[[], str]] = {
    "python": _python,
    "libraries": _libraries,
    "engine": _engine,
    "tables": _tables,
    "time zones": _zones,
    "calendar": _calendar,
    "pictures": _pictures,
    "disk": _space,
    "models": _models,
}
