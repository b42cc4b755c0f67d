"""Findings in their five parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from mining.findings import Counts, Finding, Raised
from reports.view.anchors import finding_anchor
from reports.view.basis import BasisView, basis_views
from reports.view.context import Context
from reports.view.duplicates import ClusterView, cluster_views
from reports.view.evidence import OccurrenceView, occurrence_view, overrun
from reports.view.systems import system_name
from reports.view.texts import rule_texts


@dataclass(frozen=True)
class Overrun:
    """How far past their limits the violated occurrences of a rule are, in the rule's unit."""

    median: float
    most: float


@dataclass(frozen=True)
class FindingView:
    """A rule with what became of it."""

    anchor: str
    rule_id: str
    family: str
    family_name: str
    title: str
    severity: str
    severity_name: str
    severity_note: str
    violated: int
    counts: tuple[tuple[str, str, str], ...]
    """(verdict, its name, number)."""
    violated_text: str
    undecided_text: str
    total_text: str
    criterion: str
    standing: str
    standing_name: str
    source: str
    reason: str
    rests_on: tuple[BasisView, ...]
    meaning: str
    condition: str
    undecided_reasons: tuple[str, ...]
    """Why, with the number."""
    effect: str
    advice: str
    worst: tuple[OccurrenceView, ...]
    more: str
    clusters: tuple[ClusterView, ...]
    more_clusters: str


def finding_views(c: Context) -> tuple[FindingView, ...]:
    """All findings in the order of the audit: gravest first."""
    overruns = overruns_by_rule(c.audit.occurrences, {f.rule.id: f.rule.family for f in c.audit.findings})
    return tuple(_finding(each, overruns.get(each.rule.id), c) for each in c.audit.findings)


def overruns_by_rule(frame: pd.DataFrame, families: Mapping[str, str]) -> dict[str, Overrun]:
    """Median and greatest overrun of the violated occurrences, per rule."""
    violated = frame.loc[frame["verdict"] == "violated", ["rule_id", "measure", "limit"]].dropna()
    over = violated.assign(over=violated["measure"].astype(float) - violated["limit"].astype(float))
    table = over.loc[over["over"] > 0].groupby("rule_id")["over"].agg(["median", "max"])
    return {
        str(rule): Overrun(float(median), float(most))
        for rule, median, most in zip(table.index, table["median"], table["max"], strict=True)
        if overrun(1.0, 0.0, families.get(str(rule), "")) is not None
    }


def _finding(finding: Finding, over: Overrun | None, c: Context) -> FindingView:
    rule, counts = finding.rule, finding.counts
    texts = rule_texts(rule, c.names)
    authority = rule.authority
    worst = tuple(occurrence_view(each, rule, c) for each in finding.worst)
    rest = counts.violated - len(worst)
    hidden = finding.clusters_total - len(finding.clusters)
    return FindingView(
        anchor=finding_anchor(rule.id),
        rule_id=rule.id,
        family=rule.family.value,
        family_name=c.t(f"family.{rule.family}"),
        title=texts.title,
        severity=finding.severity.name.lower(),
        severity_name=c.names.severity(finding.severity),
        severity_note=_severity_note(finding, c),
        violated=counts.violated,
        counts=_count_texts(counts, c),
        violated_text=c.formats.number(counts.violated),
        undecided_text=c.formats.number(counts.undecided),
        total_text=c.formats.number(counts.total),
        criterion=texts.criterion,
        standing=authority.standing.value,
        standing_name=c.t(f"standing.{authority.standing}"),
        source=c.names.source(authority),
        reason=authority.reason.get(c.t.lang) if authority.reason else "",
        rests_on=basis_views(rule, c),
        meaning=texts.meaning,
        condition=_condition(finding, c),
        undecided_reasons=tuple(
            c.t("why.count", why=c.names.reason(reason), n=c.formats.number(count))
            for reason, count in finding.reasons
        ),
        effect=_effect(finding, over, c),
        advice=texts.advice,
        worst=worst,
        more=c.t.count("finding.more", rest) if rest > 0 else "",
        clusters=cluster_views(finding, c),
        more_clusters=c.t.count("cluster.more", hidden) if hidden > 0 else "",
    )


def _count_texts(counts: Counts, c: Context) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (verdict, c.t(f"verdict.{verdict}"), c.formats.number(number))
        for verdict, number in vars(counts).items()
    )


def _severity_note(finding: Finding, c: Context) -> str:
    if not finding.raised:
        return ""
    factors = c.t("list.semicolon").join(_met(each, c) for each in finding.raised)
    return c.t("severity.raised", default=c.names.severity(finding.rule.severity), factors=factors)


def _met(raised: Raised, c: Context) -> str:
    """How many violated occurrences meet a factor, in words."""
    factor = raised.factor
    if factor.factor == "class":
        what = {
            "attribute": c.names.attribute(factor.attribute),
            "values": c.t("list.and").join(factor.categories),
        }
    else:
        what = {"least": c.formats.number(factor.least or 0.0)}
    return c.t.count(f"severity.factor.{factor.factor}", raised.occurrences, **what)


def _condition(finding: Finding, c: Context) -> str:
    counts = finding.counts
    number = c.formats.number
    sentences = []
    if finding.rule.kind == "overdue_and_open":  # what was done in time has its own finding: no share
        running = number(counts.total + _near_limit(finding, c))
        sentences.append(c.t("condition.overdue", violated=number(counts.violated), all=running))
    elif counts.decided:
        share = c.formats.percent(counts.violated / counts.decided)
        sentences.append(
            c.t(
                "condition.decided",
                violated=number(counts.violated),
                decided=number(counts.decided),
                share=share,
            )
        )
    else:
        sentences.append(c.t("condition.none_decided"))
    if counts.undecided:
        pending, unknown = number(counts.pending), number(counts.not_determinable)
        sentences.append(c.t("condition.undecided", pending=pending, unknown=unknown))
    if finding.ambiguous:
        sentences.append(c.t.count("condition.ambiguous", finding.ambiguous))
    return _joined(c, sentences)


def _near_limit(finding: Finding, c: Context) -> int:
    """Clocks of the same cell that run and are warned of: they have a rule of their own."""
    rule = finding.rule.id.replace(".overdue_and_open:", ".at_risk:")
    return sum(each.counts.total for each in c.audit.findings if each.rule.id == rule)


def _effect(finding: Finding, over: Overrun | None, c: Context) -> str:
    sentences = []
    if finding.cases_violated and c.audit.foreign(finding.rule):
        name = system_name(finding.rule.systems[0], c)
        sentences.append(c.t.count("effect.foreign_cases", finding.cases_violated, system=name))
    elif finding.cases_violated:
        share = c.formats.percent(finding.cases_violated / max(c.audit.population.cases, 1))
        sentences.append(c.t.count("effect.cases", finding.cases_violated, share=share))
    if finding.variants_violated:
        sentences.append(c.t.count("effect.variants", finding.variants_violated))
    if over:
        unit = finding.rule.unit
        median, most = c.formats.measure(over.median, unit), c.formats.measure(over.most, unit)
        sentences.append(c.t("effect.overrun", median=median, most=most))
    if finding.exposure is not None:
        sentences.append(c.t("effect.exposure", amount=c.formats.number(finding.exposure)))
    return _joined(c, (*sentences, c.t("effect.beyond")))


def _joined(c: Context, sentences: Iterable[str]) -> str:
    """Sentences in a row: Chinese has no space between them."""
    return ("" if c.t.lang == "zh" else " ").join(sentences)
