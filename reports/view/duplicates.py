"""Pairs of orders: why they matched, what only looks like one, and their clusters."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import Cluster, Finding
from reports.view.anchors import finding_anchor
from reports.view.context import Context
from reports.view.evidence import OccurrenceView, occurrence_view
from reports.view.texts import rule_texts


@dataclass(frozen=True)
class ClusterView:
    """Orders that repeat one another, as a row of a table."""

    orders: str
    cases: str
    span: str
    total: str
    exposure: str


@dataclass(frozen=True)
class LookAlikeView:
    """What only looks like a violation of one rule."""

    anchor: str
    title: str
    reasons: tuple[str, ...]
    """Why, with the number."""
    shown: tuple[OccurrenceView, ...]


def cluster_views(finding: Finding, c: Context) -> tuple[ClusterView, ...]:
    """The clusters of a finding with the greatest exposure."""
    return tuple(_cluster(each, c) for each in finding.clusters)


def _cluster(cluster: Cluster, c: Context) -> ClusterView:
    rest = cluster.cases_total - len(cluster.cases)
    cases = c.t("list.and").join(cluster.cases)
    return ClusterView(
        c.formats.number(cluster.orders),
        c.t("cluster.cases", cases=cases, rest=c.formats.number(rest)) if rest else cases,
        f"{c.formats.time(cluster.first_us)} – {c.formats.time(cluster.last_us)}",
        c.formats.number(cluster.total),
        c.formats.number(cluster.exposure),
    )


def look_alike_views(c: Context) -> tuple[LookAlikeView, ...]:
    """Per rule what is explained, in the order of the findings."""
    return tuple(
        LookAlikeView(
            f"{finding_anchor(each.rule.id)}-explained",
            rule_texts(each.rule, c.names).title,
            tuple(
                c.t("why.count", why=c.names.reason(reason), n=c.formats.number(count))
                for reason, count in each.explained
            ),
            tuple(occurrence_view(shown, each.rule, c) for shown in each.look_alikes),
        )
        for each in c.audit.findings
        if each.explained
    )
