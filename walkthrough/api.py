"""One audit as a function call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from time import time_ns
from zoneinfo import ZoneInfo

import walkthrough
from logs import EventLog, InputError, Mapping, Problem, read
from logs.named_sources import NamedSources, load_sources
from logs.systems import read_systems
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
    paths: PathLike | Iterable[PathLike] = (),
    model: PathLike | ReferenceModel | None = None,
    *,
    sources: PathLike | None = None,
    mapping: Mapping | PathLike | None = None,
    override: PathLike | None = None,
    as_of: datetime | str | None = None,
    filters: Sequence[str] = (),
    reject_limit: float | None = None,
    worst: int = WORST,
    progress: Progress = lambda stage: None,
) -> Audit:
    """Audit one exported log, or those of several systems together, against a reference model.

    Args:
        paths: file, files or globs (CSV, TSV, XLSX, XES, Parquet, JSON lines, OCEL 2.0; all but XLSX also
            gzipped), and addresses of PostgreSQL tables.
        model: id of a library model, folder of a model, or a loaded one; it must be given.
        sources: instead of `paths` and `mapping`, the YAML file that names the sources of several systems.
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
    if model is None:
        raise InputError(Problem("no model was named", mend="give the id or folder of a reference model"))
    named = None if sources is None else _named_sources(sources, paths, mapping)
    if isinstance(model, ReferenceModel) and override is not None:
        raise InputError(Problem("a loaded model takes no override", mend="give the override to load()"))
    reference = model if isinstance(model, ReferenceModel) else load(str(model), override=override)
    instant = None if as_of is None else instant_us(as_of)
    progress("read")
    now_us = time_ns() // 1000

    def opened() -> EventLog:
        words = vocabulary(reference)
        if named is None:
            return read(paths, mapping, vocabulary=words, filters=filters, limit=reject_limit)
        _refuse_unknown_systems(named, reference)
        return read_systems(
            named, vocabulary=words, filters=filters, limit=reject_limit, as_of_us=instant, now_us=now_us
        )

    with opened() as log:
        return judge(
            log,
            reference,
            tool_version=walkthrough.__version__,
            as_of_us=instant,
            now_us=now_us,
            worst=worst,
            progress=progress,
        )


def _named_sources(
    file: PathLike, paths: PathLike | Iterable[PathLike], mapping: Mapping | PathLike | None
) -> NamedSources:
    """The file of sources, which says by itself what is read and how."""
    if isinstance(paths, str | Path) or list(paths):
        raise InputError(
            Problem("exports are named beside the file of sources", str(file), mend="name them in that file")
        )
    if mapping is not None:
        raise InputError(
            Problem("a mapping is given beside the file of sources", str(file), mend="name it in that file")
        )
    return load_sources(file)


def _refuse_unknown_systems(named: NamedSources, model: ReferenceModel) -> None:
    """A source that the contract calls otherwise would silently be compared with nothing."""
    problems = []
    for each in named.sources:
        if model.systems and each.name not in model.systems:
            near = get_close_matches(each.name, list(model.systems), 1)
            mend = f"did you mean '{near[0]}'?" if near else f"its systems are: {', '.join(model.systems)}"
            what = f"the contract of '{model.id}' has no system '{each.name}'"
            problems.append(named.problem((each.name,), what, mend))
    if problems:
        raise InputError(problems)


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
