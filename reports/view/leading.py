"""The gravest findings in one list; the cells of a deadline table are one line per clock and kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mining.findings import Family, Finding
from reports.view.anchors import clock_anchor, finding_anchor, group_anchor
from reports.view.context import Context
from reports.view.texts import kind_name, rule_texts

LEADING = 12


@dataclass(frozen=True)
class LeadingView:
    """One line: a finding, or the findings of all cells of a deadline table."""

    severity: str
    severity_name: str
    title: str
    anchor: str
    cells: str
    """'9 of 24 cells' of a deadline table; else empty."""
    clock_anchor: str
    standing: str
    violated: str
    total: str
    undecided: str


def leading_views(c: Context) -> tuple[LeadingView, ...]:
    """Everything violated, gravest first, then most violations, then by rule."""
    groups = [group for group in grouped(c.audit.findings) if any(each.is_violated for each in group)]
    groups.sort(key=_order)
    return tuple(_leading(group, c) for group in groups)


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """Findings of one deadline table and kind together, all others alone; in the order of the first."""
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(group_key(each) or each.rule.id, []).append(each)
    return [tuple(each) for each in groups.values()]


def group_key(finding: Finding) -> str:
    """Kind and clock of a cell of a deadline table; '' for other findings."""
    rule = finding.rule
    return f"{rule.kind}:{rule.deadline}" if rule.family is Family.DEADLINE and rule.deadline else ""


def group_title(finding: Finding, c: Context) -> str:
    """Kind and clock, without row and class."""
    rule = finding.rule
    clock = c.names.deadline(rule.deadline)
    name = clock.name.get(c.t.lang) if clock else rule.deadline
    return c.t("group.title", kind=kind_name(rule.family, rule.kind, c.names), clock=name)


def group_cells(group: Sequence[Finding], c: Context) -> str:
    """In how many cells of the table something is violated."""
    violated = sum(each.is_violated for each in group)
    return c.t.count("group.cells", violated, all=c.formats.number(len(group)))


def _order(group: Sequence[Finding]) -> tuple[int, int, str]:
    gravest = max(each.severity for each in group if each.is_violated)
    return -gravest, -sum(each.counts.violated for each in group), min(each.rule.id for each in group)


def _leading(group: Sequence[Finding], c: Context) -> LeadingView:
    first = next(each for each in group if each.is_violated)
    key = group_key(first)
    gravest = max(each.severity for each in group if each.is_violated)
    standings = dict.fromkeys(each.rule.authority.standing for each in group if each.is_violated)
    n = c.formats.number
    return LeadingView(
        gravest.name.lower(),
        c.names.severity(gravest),
        group_title(first, c) if key else rule_texts(first.rule, c.names).title,
        group_anchor(key) if key else finding_anchor(first.rule.id),
        group_cells(group, c) if key else "",
        clock_anchor(first.rule.deadline) if key else "",
        c.t("list.and").join(c.t(f"standing.{each}") for each in standings),
        n(sum(each.counts.violated for each in group)),
        n(sum(each.counts.total for each in group)),
        n(sum(each.counts.undecided for each in group)),
    )
