"""The whole report as finished texts, section by section."""

from __future__ import annotations

from dataclasses import dataclass

from mining.audit_result import Audit
from reports.diff import AuditDiff
from reports.pseudonyms import Pseudonyms
from reports.view.cases import CaseView, case_views
from reports.view.comparison import ComparisonView, comparison_view
from reports.view.context import context
from reports.view.criteria import CriteriaView, criteria_view
from reports.view.discovered import DiscoveredView, discovered_view
from reports.view.duplicates import LookAlikeView, look_alike_views
from reports.view.finding_groups import ClearView, FamilyView, clear_views, family_views
from reports.view.findings import FindingView, finding_views
from reports.view.indicators import IndicatorView, indicator_views
from reports.view.method import MethodView, method_view
from reports.view.occurrence_data import OccurrenceData, occurrence_data
from reports.view.overlay import OverlayView, overlay_view
from reports.view.rates import RateTable, rate_tables
from reports.view.scope import ScopeView, scope_view
from reports.view.summary import SummaryView, summary_view
from reports.view.variants import VariantView, variant_views
from reports.view.warnings import WarningView, warning_views


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str
    subtitle: str
    as_of: str
    zone: str
    zone_id: str
    """IANA name."""
    summary: SummaryView
    comparison: ComparisonView | None
    scope: ScopeView
    discovered: DiscoveredView
    overlay: OverlayView
    rates: tuple[RateTable, ...]
    indicators: tuple[IndicatorView, ...]
    families: tuple[FamilyView, ...]
    """Findings with violations, by family: a card each."""
    undecided: tuple[FindingView, ...]
    """Nothing violated, but something undecided."""
    warnings: tuple[WarningView, ...]
    """In time, and past a warning threshold."""
    look_alikes: tuple[LookAlikeView, ...]
    """What only looks like a violation, with the reason."""
    clear: tuple[ClearView, ...]
    """Everything conformant, by kind of check."""
    variants: tuple[VariantView, ...]
    variants_note: str
    cases: tuple[CaseView, ...]
    data: OccurrenceData
    criteria: CriteriaView
    method: MethodView


def page(audit: Audit, lang: str, people: Pseudonyms, diff: AuditDiff | None) -> Page:
    """Build the report's texts."""
    c = context(audit, lang, people)
    findings = finding_views(c)
    undecided = [
        f
        for f, v in zip(audit.findings, findings, strict=True)
        if not v.violated and f.counts.undecided and not f.warned
    ]
    open_ids = {each.rule.id for each in undecided}
    model = audit.model
    population = audit.population
    return Page(
        title=c.t("page.title", model=model.title.get(lang)),
        subtitle=c.t(
            "page.subtitle" if model.process else "page.subtitle.plain",
            id=model.id,
            version=model.version,
            process=model.process,
        ),
        as_of=c.t(
            "page.as_of",
            time=c.formats.time(audit.as_of_us),
            basis=c.t.or_else(f"as_of.{audit.as_of_basis}", audit.as_of_basis),
        ),
        zone=c.t("page.zone", zone=audit.provenance.zone),
        zone_id=c.formats.zone_id,
        summary=summary_view(c),
        comparison=comparison_view(diff, c) if diff else None,
        scope=scope_view(c),
        discovered=discovered_view(audit.discovery, c.t, c.formats, c.names.activity, c.persons.unit),
        overlay=overlay_view(c),
        rates=rate_tables(c),
        indicators=indicator_views(c),
        families=family_views(c, findings),
        undecided=tuple(each for each in findings if each.rule_id in open_ids),
        warnings=warning_views(c),
        look_alikes=look_alike_views(c),
        clear=clear_views(c),
        variants=variant_views(c),
        variants_note=c.t(
            "variants.note",
            shown=c.formats.number(len(audit.variants)),
            all=c.formats.number(population.variants),
            cases=c.formats.number(audit.variants_shown_cases),
            share=c.formats.percent(audit.variants_shown_cases / max(population.cases, 1)),
        ),
        cases=case_views(c),
        data=occurrence_data(c),
        criteria=criteria_view(model, c.names),
        method=method_view(c),
    )
