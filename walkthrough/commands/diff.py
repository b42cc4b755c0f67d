"""`walkthrough diff`: what changed between two audits."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from logs.problems import InputError, Problem
from reports import diff_audits
from reports.canonical import JsonObject
from walkthrough.exit_codes import ExitCode


def run_diff(before: Path, after: Path, *, lang: str, as_json: bool) -> None:
    """Run the whole command."""
    change = diff_audits(_read(before), _read(after))
    typer.echo(change.to_json() if as_json else change.to_text(lang), nl=False)
    raise typer.Exit(ExitCode.VIOLATIONS if change.new else ExitCode.CONFORMANT)


def _read(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            Problem(f"cannot be read: {error.strerror}", str(path), mend="check the path")
        ) from None
    except ValueError as error:
        raise InputError(
            Problem(
                f"not JSON: {error}", str(path), mend="give the audit.json that 'walkthrough audit' wrote"
            )
        ) from None
    if not isinstance(document, dict):
        raise InputError(
            Problem("not an audit", str(path), mend="give the audit.json that 'walkthrough audit' wrote")
        )
    return document
