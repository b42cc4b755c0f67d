"""What a criterion rests on besides what gives it its standing."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import Basis, Rule
from reports.view.context import Context


@dataclass(frozen=True)
class BasisView:
    """A part of a criterion, and who set it."""

    part: str
    standing: str
    standing_name: str
    source: str
    reason: str


def basis_views(rule: Rule, c: Context) -> tuple[BasisView, ...]:
    """The clock behind a limit, the limit beside a milestone, a tolerance: see `Rule.rests_on`."""
    return tuple(_view(each, c) for each in rule.rests_on)


def _view(basis: Basis, c: Context) -> BasisView:
    part, _, attribute = basis.part.partition(":")
    said = basis.authority
    return BasisView(
        c.t(f"rests.{part}", field=c.names.attribute(attribute)),
        said.standing.value,
        c.t(f"standing.{said.standing}"),
        c.names.source(said),
        said.reason.get(c.t.lang) if said.reason else "",
    )
