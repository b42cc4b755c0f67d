"""`walkthrough diff`: what changed between two audits."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from logs.problems import InputError, Problem
from mining.findings import Verdict
from reports import diff_audits
from reports.canonical import JsonObject
from reports.diff import AUDIT_FORMAT, Difference
from walkthrough.exit_codes import ExitCode
from walkthrough.terminal import tell

MEND = "give the audit.json that 'walkthrough audit' wrote"


def run_diff(before: Path, after: Path, *, lang: str, as_json: bool) -> None:
    """Run the whole command."""
    audits: list[JsonObject] = []
    problems: list[Problem] = []
    for path in (before, after):
        try:
            audits.append(_read(path))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    change = diff_audits(*audits)
    tell((change.to_json() if as_json else change.to_text(lang)).rstrip("\n"))
    alarm = any(_newly_violated(each) for each in (*change.new, *change.changed))
    raise typer.Exit(ExitCode.VIOLATIONS if alarm else ExitCode.CONFORMANT)


def _newly_violated(difference: Difference) -> bool:
    """Whether it is violated now and was not: new, or pending until then."""
    violated = Verdict.VIOLATED.value
    return difference.after == violated != difference.before


def _read(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(Problem(what, str(path), mend="check the path")) from None
    except json.JSONDecodeError as error:
        raise InputError(Problem(f"not JSON: {error.msg}", str(path), error.lineno, MEND)) from None
    except (ValueError, RecursionError):
        raise InputError(Problem("not JSON in UTF-8", str(path), None, MEND)) from None
    if not isinstance(document, dict) or document.get("format") != AUDIT_FORMAT:
        raise InputError(Problem(f"not an audit of the format '{AUDIT_FORMAT}'", str(path), 1, MEND))
    return document
