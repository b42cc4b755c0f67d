"""One audit as a function call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from time import time_ns
from zoneinfo import ZoneInfo

import walkthrough
from logs import InputError, Mapping, Problem, read
from mining.audit import WORST
from mining.audit import audit as judge
from mining.audit_result import Audit
from mining.quiet import quiet_pm4py
from reference_models import ReferenceModel, load, vocabulary
from reports import Pseudonyms, write_html, write_json
from walkthrough.people import make_folder

PathLike = str | Path
Progress = Callable[[str], None]
DEFAULT_ZONE = "Asia/Shanghai"


def audit(
    paths: PathLike | Iterable[PathLike],
    model: PathLike | ReferenceModel,
    *,
    mapping: Mapping | PathLike | None = None,
    override: PathLike | None = None,
    as_of: datetime | str | None = None,
    filters: Sequence[str] = (),
    reject_limit: float | None = None,
    worst: int = WORST,
    progress: Progress = lambda stage: None,
) -> Audit:
    """Audit one exported log against a reference model.

    Args:
        paths: file, files or globs (CSV, TSV, XLSX, XES, Parquet, JSON lines, OCEL 2.0; all but XLSX also
            gzipped), and addresses of PostgreSQL tables.
        model: id of a library model, folder of a model, or a loaded one.
        mapping: how columns are read; without one a confident proposal is used.
        override: YAML file with values that replace or complete those of the contract.
        as_of: instant of judgement (ISO 8601; naive: Asia/Shanghai); default: end of the stated window,
            else the latest event that does not lie in the future.
        filters: selections of whole cases, e.g. '分公司=昆明' or 'period=2026-01-01..2026-03-31'.
        reject_limit: share of rejected rows above which the run is inconclusive.
        worst: occurrences per finding that carry their evidence into the report.
        progress: called with the name of each stage.

    Returns the same Audit that the command line renders. Raises InputError with every mistake found in
    the inputs.
    """
    with quiet_pm4py():
        import pm4py  # noqa: F401  # greets on import; see mining.quiet
    if isinstance(model, ReferenceModel) and override is not None:
        raise InputError(Problem("a loaded model takes no override", mend="give the override to load()"))
    reference = model if isinstance(model, ReferenceModel) else load(str(model), override=override)
    instant = None if as_of is None else instant_us(as_of)
    progress("read")
    with read(paths, mapping, vocabulary=vocabulary(reference), filters=filters, limit=reject_limit) as log:
        return judge(
            log,
            reference,
            tool_version=walkthrough.__version__,
            as_of_us=instant,
            now_us=time_ns() // 1000,
            worst=worst,
            progress=progress,
        )


def instant_us(value: datetime | str) -> int:
    """Microseconds since the epoch of an instant; naive ones are in Asia/Shanghai. Raises InputError."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InputError(
                Problem(
                    f"'{value}' is no instant", mend="write it as 2026-06-30T17:00 or 2026-06-30T17:00+08:00"
                )
            ) from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(DEFAULT_ZONE))
    return round(value.timestamp() * 1e6)


def write_reports(
    audit: Audit,
    folder: PathLike,
    *,
    languages: Iterable[str] = ("zh",),
    people: Pseudonyms | None = None,
) -> list[Path]:
    """Write audit.json and one report.<language>.html per language into a folder, which is made if missing.

    `people`: how persons appear; default: pseudonyms under a key that is not kept, so they cannot be
    compared with another run's. Raises `reports.OutputError` where a file cannot be written; no file is
    left half-written.
    """
    shown = people or Pseudonyms(secrets.token_bytes(32))
    target = make_folder(Path(folder))
    written = [write_json(audit, target / "audit.json", people=shown)]
    for language in dict.fromkeys(languages):
        written.append(write_html(audit, target / f"report.{language}.html", lang=language, people=shown))
    return written
