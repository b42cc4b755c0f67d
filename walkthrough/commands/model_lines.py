"""Lines of `walkthrough models show`: what a model says of orders and of planned figures, and who set it."""

from __future__ import annotations

from collections.abc import Iterator

from reference_models import ReferenceModel
from reference_models.duplicates import DuplicateIdentity, Tolerance
from reference_models.model import Authority

Line = dict[str, str]


def standing(authority: Authority | None) -> Line:
    """Who set something, as the last columns of a line."""
    return {
        "standing": authority.standing.value if authority else "",
        "source": authority.source if authority else "",
    }


def duplicate_lines(model: ReferenceModel, lang: str) -> list[Line]:
    """A line per identity of orders, per tolerance, and per look-alike that the contract explains."""
    return [
        {"identity": each.id, "name": each.name.get(lang), "what": what, "value": value, **standing(who)}
        for each in model.duplicates
        for what, value, who in _parts(each)
    ]


def _parts(identity: DuplicateIdentity) -> Iterator[tuple[str, str, Authority]]:
    said = identity.authority
    yield "same", f"{', '.join(identity.same)}; within {identity.within_days:g} days", said
    if identity.open_until:
        yield "open until", ", ".join(identity.open_until), said
    if identity.near:
        yield "near", f"within {identity.near.within_days:g} days", identity.near.authority
        for tolerance in identity.near.tolerances:
            yield f"near: {tolerance.attribute}", _tolerance(tolerance), tolerance.authority
    if replaced := identity.replaced:
        by = [f"cancelled by {name}" for name in replaced.cancelled_by]
        by += [f"amended by {name}" for name in replaced.amended_by]
        within = f"; within {replaced.within_days:g} days" if replaced.within_days is not None else ""
        yield "replaced", ", ".join(by) + within, replaced.authority
    if recurring := identity.recurring:
        interval = f"at least {recurring.least_days:g} days apart, give or take {recurring.slack_days:g}"
        yield "recurring", f"{recurring.times} orders, {interval}", recurring.authority
    if split := identity.split:
        named = [f"reference {split.reference}"]
        named += [f"part {split.part}"] if split.part else []
        named += [f"total {split.total}"] if split.total else []
        named += [f"approval from {split.approval_limit:g}"] if split.approval_limit else []
        yield "split", ", ".join(named), split.authority


def _tolerance(tolerance: Tolerance) -> str:
    said = [
        ("similarity at least", tolerance.similarity),
        ("differs at most by", tolerance.absolute),
        ("by a share of at most", tolerance.relative),
    ]
    return ", ".join(f"{words} {number:g}" for words, number in said if number is not None)


def planned_lines(model: ReferenceModel, lang: str) -> list[Line]:
    """A line per planned figure, and per group where the figures are by group."""
    return [
        {
            "plan": each.id,
            "name": each.name.get(lang),
            "activity": each.activity,
            "per": each.per,
            "group": f"{each.by} = {group}" if each.by else "",
            "figure": f"{figure:g}",
            **standing(each.authority),
        }
        for each in model.planned
        for group, figure in each.figures.items()
    ]
