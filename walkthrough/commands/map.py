"""`walkthrough map`: propose a mapping and write what people have to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from logs import InputError, dump_mapping, propose
from logs import worksheet as write_worksheet
from reference_models import load, vocabulary
from reports.output import write_atomically
from walkthrough.exit_codes import ExitCode
from walkthrough.people import refuse_existing
from walkthrough.terminal import say, tell

SHOWN_LABELS = 20


def run_map(
    logs: Sequence[str], *, model: str | None, out: Path | None, worksheet: Path | None, overwrite: bool
) -> None:
    """Run the whole command."""
    if not overwrite:
        refuse_existing((out, worksheet))
    proposal = propose(logs, vocabulary(load(model)) if model else None)
    for reason in proposal.reasons:
        say(f"  {reason}")
    if proposal.mapping is not None:
        text = dump_mapping(proposal.mapping)
        if out:
            say(str(write_atomically(out, text.encode("utf-8"))))
        else:
            tell(text.rstrip("\n"))
    for label in proposal.unmapped[:SHOWN_LABELS]:
        nearest = ", ".join(f"{activity} ({score:.0f})" for activity, score in label.candidates)
        say(f"  no activity for '{label.label}' ({label.count:,} events); nearest: {nearest or 'none'}")
    if len(proposal.unmapped) > SHOWN_LABELS:
        say(f"  … and {len(proposal.unmapped) - SHOWN_LABELS} more labels; --worksheet lists all")
    if worksheet:
        write_worksheet(proposal, worksheet)
        say(f"{worksheet}: {len(proposal.unmapped)} labels")
    if not proposal.confident:
        raise InputError(proposal.questions)
    raise typer.Exit(ExitCode.CONFORMANT)
