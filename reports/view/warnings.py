"""Obligations that are in time and past a warning threshold."""

from __future__ import annotations

from dataclasses import dataclass

from reports.view.anchors import finding_anchor
from reports.view.basis import BasisView, basis_views
from reports.view.context import Context
from reports.view.evidence import OccurrenceView, occurrence_view
from reports.view.texts import rule_texts


@dataclass(frozen=True)
class WarningView:
    """What is near its limit under one rule."""

    anchor: str
    title: str
    criterion: str
    standing_name: str
    rests_on: tuple[BasisView, ...]
    number: str
    shown: tuple[OccurrenceView, ...]
    more: str


def warning_views(c: Context) -> tuple[WarningView, ...]:
    """Per rule what is warned of, in the order of the findings."""
    views = []
    for finding in c.audit.findings:
        if not finding.warned:
            continue
        texts = rule_texts(finding.rule, c.names)
        number = dict(finding.reasons)["at_risk"]
        rest = number - len(finding.warned)
        views.append(
            WarningView(
                finding_anchor(finding.rule.id),
                texts.title,
                texts.criterion,
                c.t(f"standing.{finding.rule.authority.standing}"),
                basis_views(finding.rule, c),
                c.formats.number(number),
                tuple(occurrence_view(each, finding.rule, c) for each in finding.warned),
                c.t.count("warning.more", rest) if rest else "",
            )
        )
    return tuple(views)
