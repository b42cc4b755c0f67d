"""Findings by family, and what was found conformant in one line per kind of check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mining.findings import Family, Finding
from reports.view.anchors import clock_anchor, family_anchor, finding_anchor, group_anchor
from reports.view.context import Context
from reports.view.findings import FindingView
from reports.view.leading import group_cells, group_key, group_title, grouped
from reports.view.texts import kind_name, subject


@dataclass(frozen=True)
class GroupView:
    """A finding, or the findings of the cells of one deadline table."""

    title: str
    """Empty where the finding stands alone."""
    anchor: str
    cells: str
    clock_anchor: str
    violated: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True)
class FamilyView:
    """The violated findings of one family."""

    anchor: str
    name: str
    violated: str
    groups: tuple[GroupView, ...]


@dataclass(frozen=True)
class ClearView:
    """The rules of one kind that were kept throughout."""

    name: str
    rules: str
    met: str
    subjects: tuple[tuple[str, str], ...]
    """(anchor, what the rule speaks of)."""


def family_views(c: Context, views: Sequence[FindingView]) -> tuple[FamilyView, ...]:
    """The families with violations, in the order of their definition."""
    by_rule = {each.rule_id: each for each in views}
    families = []
    for family in Family:
        found = [each for each in c.audit.findings if each.rule.family is family]
        groups = [group for group in grouped(found) if any(each.is_violated for each in group)]
        if groups:
            total = sum(each.counts.violated for each in found)
            families.append(
                FamilyView(
                    family_anchor(family),
                    c.t(f"family.{family}"),
                    c.t.count("overlay.violated", total),
                    tuple(_group(group, by_rule, c) for group in groups),
                )
            )
    return tuple(families)


def _group(group: Sequence[Finding], views: dict[str, FindingView], c: Context) -> GroupView:
    violated = [each for each in group if each.is_violated]
    first, key = violated[0], group_key(violated[0])
    return GroupView(
        group_title(first, c) if key else "",
        group_anchor(key) if key else finding_anchor(first.rule.id),
        group_cells(group, c) if key else "",
        clock_anchor(first.rule.deadline) if key else "",
        c.formats.number(sum(each.counts.violated for each in violated)),
        tuple(views[each.rule.id] for each in violated),
    )


def clear_views(c: Context) -> tuple[ClearView, ...]:
    """Rules with nothing violated and nothing undecided, by kind of check."""
    kinds: dict[tuple[Family, str], list[Finding]] = {}
    for each in c.audit.findings:
        if not each.counts.violated and not each.counts.undecided:
            kinds.setdefault((each.rule.family, each.rule.kind), []).append(each)
    order = list(Family)
    return tuple(
        ClearView(
            kind_name(family, kind, c.names),
            c.formats.number(len(found)),
            c.formats.number(sum(each.counts.conformant for each in found)),
            tuple((finding_anchor(each.rule.id), subject(each.rule, c.names)) for each in found),
        )
        for (family, kind), found in sorted(
            kinds.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    )
