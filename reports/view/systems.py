"""Several systems in one audit: what each brought, and how far the keys between them carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logs.event_log import SystemFacts
from logs.key_links import CASE, KeyComparison, KeyLink, Spelling, mend_of
from reports.formats import NONE
from reports.view.context import Context


@dataclass(frozen=True)
class SystemView:
    """One system's export."""

    name: str
    part: str
    reach: str
    """Up to when, and by what."""
    stale: bool
    begins: str
    rows_read: str
    rows_used: str
    rows_rejected: str
    apart: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    """(name, hash)."""
    mapping: str
    mapping_sha256: str


@dataclass(frozen=True)
class ComparisonView:
    """Keys compared in one way."""

    way: str
    standing: str
    """'as written', 'declared' or 'tried'."""
    declared: bool
    matched: str
    share: str
    ambiguous: str


@dataclass(frozen=True)
class LinkView:
    """A key between two systems."""

    title: str
    sides: tuple[tuple[str, str, str, str, str], ...]
    """(system, key, distinct keys, events without a key, events after the instant), per system."""
    as_of: str
    comparisons: tuple[ComparisonView, ...]
    verdict: str
    doubtful: bool


def system_views(c: Context) -> tuple[SystemView, ...]:
    """The systems, that of the process first; none for an audit of one log."""
    return tuple(_system(each, c) for each in c.audit.systems)


def system_name(name: str, c: Context) -> str:
    """What a system is called: by the contract, else by the file of sources, else its name there."""
    if name in c.audit.model.systems:
        return c.names.system(name)
    titles = next((each.titles for each in c.audit.systems if each.name == name), None)
    return (titles[0] if c.t.lang == "zh" else titles[1]) if titles else name


def _system(facts: SystemFacts, c: Context) -> SystemView:
    log, number = facts.provenance, c.formats.number
    basis = c.t.or_else(f"as_of.{facts.as_of_basis}", facts.as_of_basis)
    reach = f"{c.formats.time(facts.as_of_us)} ({basis})" if basis else NONE
    return SystemView(
        name=_both(system_name(facts.name, c), facts.name),
        part=c.t(f"system.part.{facts.part}"),
        reach=reach,
        stale=facts.stale,
        begins=c.formats.time(facts.first_us),
        rows_read=number(log.rows_read),
        rows_used=number(log.rows_used),
        rows_rejected=number(log.rows_rejected),
        apart=tuple(
            c.t("why.count", why=c.t(f"system.apart.{each.reason}"), n=number(each.rows))
            for each in facts.apart
        ),
        files=tuple((c.file(each.name), each.sha256) for each in log.files),
        mapping=c.t.or_else(f"origin.{log.mapping_origin}", log.mapping_origin),
        mapping_sha256=log.mapping_sha256,
    )


def _both(title: str, name: str) -> str:
    return title if title == name else f"{title} ({name})"


def link_views(c: Context) -> tuple[LinkView, ...]:
    """The keys: how events were joined, then what was reconciled."""
    return tuple(_link(each, c) for each in c.audit.links)


def _link(link: KeyLink, c: Context) -> LinkView:
    number = c.formats.number
    sides = zip(link.systems, link.keys, link.distinct, link.blank, link.later, strict=True)
    return LinkView(
        title=link_title(link, c),
        sides=tuple(
            (
                system_name(system, c),
                c.t("key.case") if key == CASE else c.names.attribute(key),
                number(distinct),
                number(blank),
                number(later),
            )
            for system, key, distinct, blank, later in sides
        ),
        as_of=c.formats.time(link.as_of_us) if link.as_of_us is not None else "",
        comparisons=tuple(_comparison(each, link, c) for each in link.comparisons),
        verdict=_verdict(link, c),
        doubtful=bool(link.doubt),
    )


def link_title(link: KeyLink, c: Context) -> str:
    """What a key is for."""
    if link.kind == "join":
        one, other = (system_name(each, c) for each in link.systems)
        return c.t("key.join", a=one, b=other)
    named = {each.id: each.name.get(c.t.lang) for each in c.audit.model.reconciliation}
    return named.get(link.id, link.id)


def _comparison(each: KeyComparison, link: KeyLink, c: Context) -> ComparisonView:
    written = each.spelling == Spelling()
    standing = "written" if written else "declared" if each.declared else "tried"
    smaller = min(link.distinct)
    return ComparisonView(
        way=c.t("list.and").join(_steps(each.spelling, c)) or NONE,
        standing=c.t(f"key.{standing}"),
        declared=each.declared,
        matched=c.formats.number(each.matched),
        share=c.formats.percent(each.matched / smaller if smaller else None),
        ambiguous=c.formats.number(each.ambiguous),
    )


def _steps(spelling: Spelling, c: Context) -> Iterator[str]:
    for step in spelling.steps:
        if step == "prefixes":
            yield c.t("key.step.prefixes", prefixes=", ".join(f"“{each}”" for each in spelling.prefixes))
        else:
            yield c.t(f"key.step.{step}")


def _verdict(link: KeyLink, c: Context) -> str:
    shown = {"matched": c.formats.number(link.matched), "mend": mend_of(link)}
    if link.doubt:
        return c.t(f"key.doubt.{link.doubt}", **shown)
    return c.t("key.carries_but" if link.mend != Spelling() else "key.carries", **shown)
