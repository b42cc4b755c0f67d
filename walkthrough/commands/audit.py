"""`walkthrough audit`: judge, write the reports, print the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from mining.audit_result import Audit
from mining.findings import Finding, Outcome
from reports import Pseudonyms
from walkthrough.api import audit, write_reports
from walkthrough.exit_codes import ExitCode
from walkthrough.people import make_folder, read_key

EXIT_CODES = {
    Outcome.CONFORMANT: ExitCode.CONFORMANT,
    Outcome.VIOLATIONS: ExitCode.VIOLATIONS,
    Outcome.UNDECIDED: ExitCode.UNDECIDED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
MOST_LINES = 20
MOST_LABELS = 5


def run_audit(
    logs: Sequence[str],
    *,
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
    code = EXIT_CODES[result.conclusion.outcome]
    typer.echo(_as_json(result, files, code) if as_json else _as_text(result, files))
    raise typer.Exit(code)


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
        "cases": result.population.cases,
        "findings": counts,
        "could_not_check": [f"{check.family}.{check.kind}: {check.reason}" for check in result.not_checked],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _as_text(result: Audit, files: Sequence[Path]) -> str:
    population, provenance = result.population, result.provenance
    violated = [finding for finding in result.findings if finding.is_violated]
    lines = [
        f"{result.conclusion.outcome.value}: {len(violated)} rules violated in {population.cases:,} cases "
        f"({provenance.rows_read:,} rows read, {provenance.rows_used:,} used)",
        *(f"  because: {reason}" for reason in result.conclusion.reasons),
        *(f"  {each.rows:,} rows {each.disposition}: {each.reason}" for each in provenance.excluded),
        *map(_violation, violated[:MOST_LINES]),
    ]
    if len(violated) > MOST_LINES:
        lines.append(f"  … and {len(violated) - MOST_LINES} more in the report")
    if result.unknown_labels:
        shown = ", ".join(repr(each.label) for each in result.unknown_labels[:MOST_LABELS])
        more = " …" if len(result.unknown_labels) > MOST_LABELS else ""
        lines.append(f"  no activity of the model for {len(result.unknown_labels)} labels: {shown}{more}")
    lines += [
        f"  could not check {check.family}.{check.kind}: {check.reason}" for check in result.not_checked
    ]
    return "\n".join([*lines, *map(str, files)])


def _violation(finding: Finding) -> str:
    counts = finding.counts
    return (
        f"  {finding.severity.name.lower():6}  {finding.rule.id}"
        f"  {counts.violated:,} of {counts.decided:,} decided ({counts.undecided:,} undecided)"
    )
