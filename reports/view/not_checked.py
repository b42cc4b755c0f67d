"""Checks that could not run, in the words of the report."""

from __future__ import annotations

from dataclasses import dataclass

from reports.view.context import Context
from reports.view.texts import kind_name

NAMED = 4
"""Missing things named at once; more are folded away."""


@dataclass(frozen=True)
class NotCheckedView:
    """A check that could not run."""

    name: str
    reason: str
    missing: tuple[str, ...]
    folded: str
    """How many things are missing, where they are too many to name at once; else empty."""
    required: bool


def not_checked_views(c: Context) -> tuple[NotCheckedView, ...]:
    """All of them, in the order of the audit."""
    return tuple(
        NotCheckedView(
            kind_name(each.family, each.kind, c.names),
            c.t.or_else(f"unchecked.{each.reason}", each.reason),
            tuple(_missing(name, c) for name in each.missing),
            c.t.count("unchecked.folded", len(each.missing)) if len(each.missing) > NAMED else "",
            each.required,
        )
        for each in c.audit.not_checked
    )


def _missing(name: str, c: Context) -> str:
    """A handoff, activity, attribute, column or entry of the contract by its name; else the id."""
    if "->" in name:
        return " → ".join(map(c.names.activity, name.split("->")))
    if name in c.audit.model.activities:
        return c.names.activity(name)
    if name in c.audit.model.systems:
        return c.names.system(name)
    if name in c.audit.model.attributes:
        return c.names.attribute(name)
    return c.t.or_else(f"column.{name}", "") or c.t.or_else(f"entry.{name}", name)
