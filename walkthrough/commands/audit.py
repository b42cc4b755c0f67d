"""`walkthrough audit`: judge, write the reports, print the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from logs.event_log import SystemFacts
from logs.key_links import KeyLink, mend_of
from mining.audit_result import Audit
from mining.by_version import VersionUse
from mining.findings import CouldNotCheck, Finding, Outcome
from reports import Pseudonyms
from walkthrough.api import audit, write_reports
from walkthrough.exit_codes import ExitCode
from walkthrough.people import make_folder, read_key
from walkthrough.terminal import say, tell

EXIT_CODES = {
    Outcome.CONFORMANT: ExitCode.CONFORMANT,
    Outcome.VIOLATIONS: ExitCode.VIOLATIONS,
    Outcome.UNDECIDED: ExitCode.UNDECIDED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
MOST_LINES = 20
MOST_LABELS = 5
MOST_CHARACTERS = 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def run_audit(
    logs: Sequence[str],
    *,
    sources: Path | None,
    model: str,
    mapping: Path | None,
    out: Path,
    languages: Sequence[str],
    as_of: str | None,
    override: Path | None,
    filters: Sequence[str],
    reject_limit: float | None,
    worst: int,
    key: Path | None,
    as_json: bool,
    stage: Callable[[str], None],
) -> None:
    """Run the whole command; ends with the outcome's exit code."""
    make_folder(out)
    people = Pseudonyms(read_key(key)) if key else Pseudonyms.plain()
    result = audit(
        logs,
        model,
        sources=sources,
        mapping=mapping,
        override=override,
        as_of=as_of,
        filters=filters,
        reject_limit=reject_limit,
        worst=worst,
        progress=stage,
    )
    stage("write")
    files = write_reports(result, out, languages=languages, people=people)
    _tell_of_older(out, files)
    code = EXIT_CODES[result.conclusion.outcome]
    tell(_as_json(result, files, code) if as_json else _as_text(result, files))
    raise typer.Exit(code)


def _tell_of_older(folder: Path, written: Sequence[Path]) -> None:
    """A report in a language that was not asked for this time is another audit's."""
    for path in sorted(set(folder.glob("report.*.html")) - set(written)):
        say(f"{path} is of an earlier audit and was left as it is")


def _as_json(result: Audit, files: Sequence[Path], code: ExitCode) -> str:
    counts = {
        finding.rule.id: {
            "violated": finding.counts.violated,
            "conformant": finding.counts.conformant,
            "pending": finding.counts.pending,
            "not_determinable": finding.counts.not_determinable,
        }
        for finding in result.findings
    }
    document = {
        "outcome": result.conclusion.outcome.value,
        "reasons": list(result.conclusion.reasons),
        "exit_code": int(code),
        "files": [str(path) for path in files],
        "rows_read": result.provenance.rows_read,
        "rows_used": result.provenance.rows_used,
        "excluded": [vars(each) for each in result.provenance.excluded],
        "as_of": _instant(result),
        "versions": [
            {"version": each.version, "in_force_from": each.in_force_from.isoformat(), "cases": each.cases}
            for each in result.versions
        ],
        "sources": [_source(result, each) for each in result.systems],
        "keys": [_key(each) for each in result.links],
        "cases": result.population.cases,
        "findings": counts,
        "could_not_check": [_unchecked(check) for check in result.not_checked],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _as_text(result: Audit, files: Sequence[Path]) -> str:
    population, provenance = result.population, result.provenance
    violated = [finding for finding in result.findings if finding.is_violated]
    lines = [
        f"{result.conclusion.outcome.value}: {len(violated)} rules violated in {population.cases:,} cases "
        f"({provenance.rows_read:,} rows read, {provenance.rows_used:,} used)",
        *(f"  because: {reason}" for reason in result.conclusion.reasons),
        f"  as of {_instant(result)} ({result.as_of_basis})",
        *map(_version_line, result.versions),
        *(_source_line(result, each) for each in result.systems),
        *(_key_line(each) for each in result.links),
        *(f"  {each.rows:,} rows {each.disposition}: {each.reason}" for each in provenance.excluded),
        *map(_violation, violated[:MOST_LINES]),
    ]
    if len(violated) > MOST_LINES:
        lines.append(f"  … and {len(violated) - MOST_LINES} more in the report")
    if result.unknown_labels:
        shown = ", ".join(_short(repr(each.label)) for each in result.unknown_labels[:MOST_LABELS])
        more = " …" if len(result.unknown_labels) > MOST_LABELS else ""
        lines.append(f"  no activity of the model for {len(result.unknown_labels)} labels: {shown}{more}")
    lines += [f"  could not check {_unchecked(check)}" for check in result.not_checked]
    return "\n".join([*lines, *map(str, files)])


def _version_line(use: VersionUse) -> str:
    before = f", {use.before:,} of them began earlier" if use.before else ""
    return f"  version {use.version} of the model, from {use.in_force_from}: {use.cases:,} cases{before}"


def _unchecked(check: CouldNotCheck) -> str:
    more = ", …" if len(check.missing) > MOST_LABELS else ""
    missing = f" ({', '.join(check.missing[:MOST_LABELS])}{more})" if check.missing else ""
    return f"{check.family}.{check.kind}: {check.reason}{missing}"


def _source(result: Audit, facts: SystemFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "part": facts.part,
        "as_of": None if facts.as_of_us is None else _instant(result, facts.as_of_us),
        "as_of_basis": facts.as_of_basis,
        "stale": facts.stale,
        "rows_read": facts.provenance.rows_read,
        "rows_used": facts.provenance.rows_used,
        "excluded": [vars(each) for each in facts.provenance.excluded],
        "apart": {each.reason: each.rows for each in facts.apart},
    }


def _source_line(result: Audit, facts: SystemFacts) -> str:
    read, used = facts.provenance.rows_read, facts.provenance.rows_used
    reach = f"until {_instant(result, facts.as_of_us)}" if facts.as_of_us is not None else "no rows"
    apart = "".join(f", {each.rows:,} {each.reason}" for each in facts.apart)
    stale = ", stale" if facts.stale else ""
    return f"  {facts.name} ({facts.part}): {read:,} rows read, {used:,} used{apart}, {reach}{stale}"


def _key(link: KeyLink) -> dict[str, object]:
    return {
        "id": link.id,
        "kind": link.kind,
        "systems": list(link.systems),
        "distinct": list(link.distinct),
        "matched": link.matched,
        "doubt": link.doubt,
    }


def _key_line(link: KeyLink) -> str:
    one, other = link.systems
    text = f"  {link.id}: {link.matched:,} keys match, of {link.distinct[0]:,} in {one}"
    text += f" and {link.distinct[1]:,} in {other}"
    return f"{text}; {link.doubt}: {mend_of(link)}" if link.doubt else text


def _instant(result: Audit, us: int | None = None) -> str:
    """As-of (or another instant) in the zone of the log, for people."""
    moment = EPOCH + timedelta(microseconds=result.as_of_us if us is None else us)
    return moment.astimezone(ZoneInfo(result.provenance.zone)).isoformat(sep=" ", timespec="seconds")


def _short(text: str) -> str:
    """A label may hold a whole novel."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _violation(finding: Finding) -> str:
    counts = finding.counts
    return (
        f"  {finding.severity.name.lower():6}  {_short(finding.rule.id)}"
        f"  {counts.violated:,} of {counts.decided:,} decided ({counts.undecided:,} undecided)"
    )
