"""Scope: what was read, what became of every row, what was judged, and where the evidence ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logs.event_log import Provenance, SourceFile
from reference_models.model import Standing
from reports.catalogue import Catalogue
from reports.formats import NONE, Formats
from reports.view.context import Context
from reports.view.method import version_in_words
from reports.view.systems import LinkView, SystemView, link_title, link_views, system_name, system_views


@dataclass(frozen=True)
class FileView:
    """A file that was read."""

    name: str
    about: str
    rows: str
    sha256: str


@dataclass(frozen=True)
class ExcludedView:
    """Rows of one fate, with examples."""

    disposition: str
    reason: str
    rows: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class InputView:
    """What was read."""

    files: tuple[FileView, ...]
    window: str
    selection: str
    filters: tuple[str, ...]
    layout: str
    zone: str
    rows_read: str
    rows_used: str
    excluded: tuple[ExcludedView, ...]
    excluded_rows: str
    cells_rejected: str
    reject_share: str
    reject_limit: str
    over_limit: bool
    balanced: bool
    """Whether rows read = rows used + rows excluded."""


@dataclass(frozen=True)
class LabelView:
    """A label of the log that is no activity of the model."""

    label: str
    events: str
    cases: str
    nearest: str


@dataclass(frozen=True)
class ScopeView:
    """The scope of an audit."""

    input: InputView
    population: tuple[tuple[str, str], ...]
    """(name, number)."""
    labels: tuple[LabelView, ...]
    limitations: tuple[str, ...]
    systems: tuple[SystemView, ...] = ()
    """Where several were audited together."""
    links: tuple[LinkView, ...] = ()
    """The keys between them."""


def scope_view(c: Context) -> ScopeView:
    """The scope of the audit."""
    return ScopeView(
        input_view(
            c.audit.provenance,
            c.t,
            c.formats,
            _examples(c),
            tuple(map(c.persons.text, c.audit.provenance.filters)),
        ),
        _population(c),
        tuple(
            LabelView(
                each.label,
                c.formats.number(each.events),
                c.formats.number(each.cases),
                c.t("list.and").join(map(c.names.activity, each.nearest)) or NONE,
            )
            for each in c.audit.unknown_labels
        ),
        tuple(_limitations(c)),
        system_views(c),
        link_views(c),
    )


def input_view(
    log: Provenance, t: Catalogue, f: Formats, examples: dict[str, list[str]], filters: tuple[str, ...]
) -> InputView:
    """What was read; `examples` are texts of rows not used, by reason."""
    window = log.window
    bounds = t("window.bounds", begin=f.time(window.from_us), end=f.time(window.until_us))
    excluded = sum(each.rows for each in log.excluded)
    return InputView(
        files=tuple(
            FileView(each.name, _about(each, t, f), f.number(each.rows_read), each.sha256)
            for each in log.files
        ),
        window=bounds if (window.from_us, window.until_us) != (None, None) else t("window.unknown"),
        selection=window.selection or t("window.selection_unknown"),
        filters=filters,
        layout=t.or_else(f"layout.{log.layout}", log.layout),
        zone=log.zone,
        rows_read=f.number(log.rows_read),
        rows_used=f.number(log.rows_used),
        excluded=tuple(
            ExcludedView(
                t.or_else(f"disposition.{each.disposition}", each.disposition),
                t.or_else(f"excluded.{each.reason}", each.reason),
                f.number(each.rows),
                tuple(examples.get(each.reason, ())),
            )
            for each in log.excluded
        ),
        excluded_rows=f.number(excluded),
        cells_rejected=f.number(log.cells_rejected) if log.cells_rejected else "",
        reject_share=f.percent(log.reject_share, 2, beside=log.reject_limit),
        reject_limit=f.percent(log.reject_limit, 2),
        over_limit=log.reject_share > log.reject_limit,
        balanced=log.rows_read == log.rows_used + excluded,
    )


def _about(file: SourceFile, t: Catalogue, f: Formats) -> str:
    encoding = f"{file.encoding} ({file.encoding_reason})" if file.encoding_reason else file.encoding
    sheet = t("file.sheet", sheet=file.sheet) if file.sheet else ""
    query = " ".join(file.query.split())
    counts = {key: f.number(rows) for key, rows in vars(file.delta).items()} if file.delta else {}
    delta = t("file.delta", **counts) if counts else ""
    parts = (file.format.upper(), encoding, sheet, f.size(file.size), query, delta)
    return " · ".join(part for part in parts if part)


def _examples(c: Context) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file, row, reason, column, value in c.audit.excluded_examples:
        shown = c.persons.rejected_value(column, value)
        text = c.t("rows.withheld") if shown is None else f"{column} = “{shown}”" if column else shown
        found.setdefault(reason, []).append(f"{c.place(file, row)} {text}".rstrip())
    return found


def _population(c: Context) -> tuple[tuple[str, str], ...]:
    p, f = c.audit.population, c.formats
    values = (
        ("events_judged", f.number(p.events_judged)),
        ("events_later", f.number(p.events_later)),
        ("cases", f.number(p.cases)),
        ("closed", f.number(p.closed)),
        ("open", f.number(p.open)),
        ("began_before_window", f.number(p.began_before_window)),
        ("cases_with_excluded_rows", f.number(p.cases_with_excluded_rows)),
        ("cases_with_unknown_activities", f.number(p.cases_with_unknown_activities)),
        ("variants", f.number(p.variants)),
        ("span", f"{f.time(p.first_us)} – {f.time(p.last_us)}"),
        ("fitting_cases", f.number(p.fitting_cases)),
        ("fitness", f.floored(p.fitness)),
        ("precision", f.floored(p.precision)),
        ("precision_share", f.percent(p.precision_share)),
        ("exact_share", f.percent(p.exact_share)),
    )
    return tuple((c.t(f"population.{name}"), value) for name, value in values)


def _limitations(c: Context) -> Iterator[str]:
    """From facts only: each sentence has its cause in the audit."""
    audit, t, f = c.audit, c.t, c.formats
    log, people = audit.provenance, audit.population
    if log.window.from_us is None and log.window.until_us is None:
        yield t("limitation.window")
    if not log.window.selection:
        yield t("limitation.selection")
    if log.rows_rejected:
        yield t.count(
            "limitation.rejected",
            log.rows_rejected,
            cases=f.number(people.cases_with_excluded_rows),
        )
    if log.filters:
        yield t.count("limitation.filters", len(log.filters))
    if people.began_before_window:
        yield t.count("limitation.before", people.began_before_window)
    if people.open:
        yield t.count("limitation.open", people.open, as_of=f.time(audit.as_of_us))
    if people.events_later:
        yield t.count("limitation.later", people.events_later)
    if audit.unknown_labels:
        yield t.count(
            "limitation.unknown",
            len(audit.unknown_labels),
            cases=f.number(people.cases_with_unknown_activities),
        )
    if log.layout == "wide":
        yield t("limitation.one_time")
    yield from _of_systems(c)
    if "lifecycle" not in log.fields and "start_us" not in log.fields:
        yield t("limitation.completion_only")
    if "resource" not in log.fields and "role" not in log.fields:
        yield t("limitation.no_people")
    assumed = sum(each.rule.authority.standing is Standing.ASSUMED for each in audit.findings)
    if assumed:
        yield t.count("limitation.assumed", assumed, all=len(audit.findings))
    ambiguous = sum(each.ambiguous for each in audit.findings)
    if ambiguous:
        yield t.count("limitation.ambiguous", ambiguous)
    if people.exact_share < 1:
        yield t("limitation.exact", share=f.percent(people.exact_share))
    for factor, name in _not_applied(c):
        yield t("limitation.factor", id=factor, attribute=c.names.attribute(name))
    yield from _of_versions(c)
    if audit.model.overrides:
        yield t("limitation.overrides", keys=", ".join(audit.model.overrides))
    if log.mapping_origin == "proposed":
        yield t("limitation.proposed")
    if audit.not_checked:
        yield t.count("limitation.not_checked", len(audit.not_checked))


def _of_versions(c: Context) -> Iterator[str]:
    """By which versions of the model cases are judged, where it has several."""
    used = c.audit.versions
    if not used:
        return
    said = c.t("list.semicolon").join(version_in_words(each, c) for each in used)
    yield c.t("limitation.versions", versions=said, newest=used[-1].version)
    if used[0].before:
        yield c.t("limitation.before_versions", n=c.formats.number(used[0].before), version=used[0].version)


def _of_systems(c: Context) -> Iterator[str]:
    """Where the evidence of several systems ends."""
    for each in c.audit.systems:
        name = system_name(each.name, c)
        if each.stale:
            yield c.t("limitation.stale", system=name, time=c.formats.time(each.as_of_us))
        if apart := sum(count.rows for count in each.apart):
            yield c.t("limitation.apart", system=name, n=c.formats.number(apart))
        begins = each.provenance.window.from_us
        if each.part == "joined" and begins is not None:
            yield c.t("limitation.joined_window", system=name, time=c.formats.time(begins))
    for link in c.audit.links:
        if link.doubt:
            yield c.t("limitation.key", title=link_title(link, c))


def _not_applied(c: Context) -> Iterator[tuple[str, str]]:
    """(severity factor, attribute that it looks at and that the log lacks)."""
    audit = c.audit
    amounts = [each.amount for each in audit.model.duplicates if each.amount]
    for factor in audit.model.severity_factors:
        asked = {"class": [factor.attribute], "exposure": amounts}.get(factor.factor, [])
        if asked and not set(asked).intersection(audit.provenance.attributes):
            yield factor.id, asked[0]
