"""Variants with their alignments."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import VariantSummary
from reports.view.anchors import case_anchor
from reports.view.context import Context


@dataclass(frozen=True)
class Chevron:
    """One move."""

    kind: str
    word: str
    """What kind of move, in words; empty for a synchronous one."""
    name: str
    ambiguous: bool


@dataclass(frozen=True)
class VariantView:
    """Cases that took the same way."""

    id: int
    cases: str
    share: str
    status: str
    cost: str
    fitting: bool
    chevrons: tuple[Chevron, ...]
    example: str
    example_anchor: str | None


def variant_views(c: Context) -> tuple[VariantView, ...]:
    """The listed variants, most cases first."""
    return tuple(_variant(each, c) for each in sorted(c.audit.variants, key=lambda each: each.id))


def _variant(variant: VariantSummary, c: Context) -> VariantView:
    chevrons = tuple(
        Chevron(
            move.kind,
            "" if move.kind == "sync" else c.t(f"chevron.{move.kind}"),
            c.names.activity(move.activity),
            move.ambiguous,
        )
        for move in variant.moves
    )
    cost = c.t("variant.fitting") if variant.cost == 0 else c.t.count("variant.cost", variant.cost)
    has_file = variant.example_case in c.audit.case_files
    return VariantView(
        variant.id,
        c.formats.number(variant.cases),
        c.formats.percent(variant.cases / max(c.audit.population.cases, 1)),
        c.t.or_else(f"mode.{variant.mode}", variant.mode),
        cost if variant.exact else c.t("variant.at_most", cost=cost),
        variant.cost == 0,
        chevrons,
        variant.example_case,
        case_anchor(variant.example_case) if has_file else None,
    )
