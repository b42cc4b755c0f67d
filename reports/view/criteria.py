"""The reference model and who set it: every statement of the contract with its standing and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reference_models.authority import Authority, Standing
from reference_models.calendars import Calendar
from reference_models.duplicates import DuplicateIdentity, Recurring, Replaced, Split, Tolerance
from reference_models.model import (
    Activity,
    Deadline,
    DeadlineRow,
    DeadlineWarning,
    Handoff,
    IdleLimit,
    LearnedLimit,
    Limit,
    LimitCell,
    Numbering,
    Pause,
    Promise,
    ReferenceModel,
    Role,
)
from reference_models.rules import PlannedFigure
from reference_models.statements import Statement, earlier_statements, statements
from reports.formats import NONE
from reports.view.model_rules import criteria_of
from reports.view.names import Names, conditions_in_words
from reports.view.texts import clock_in_words

PARTS = {
    "roles": ("roles",),
    "activities": ("activities",),
    "handoffs": ("handoffs",),
    "deadlines": ("deadlines",),
    "rules": ("told", "rules", "matches", "four_eyes", "per_period", "returns", "ping_pong"),
    "duplicates": ("duplicates",),
    "lost": ("reconciliation", "numbering", "idle_limits"),
    "planned": ("planned",),
    "calendars": ("calendars",),
}
"""Tables of the section → sections of the contract."""


@dataclass(frozen=True)
class CriterionLine:
    """One statement in words."""

    key: str
    """Where it stands in the contract."""
    check: str
    """'family.kind' of a rule; else empty."""
    name: str
    says: str
    authority: Authority | None
    standing: str
    """Code; empty where nobody set anything."""
    standing_name: str
    source: str
    reason: str


@dataclass(frozen=True)
class CriteriaTable:
    """The statements of one kind."""

    part: str
    title: str
    lines: tuple[CriterionLine, ...]


@dataclass(frozen=True)
class CriteriaView:
    """All that the model states."""

    counts: str
    """Statements per standing, in words."""
    ends: str
    """What closes a case and opens it again."""
    tables: tuple[CriteriaTable, ...]


def criteria_view(model: ReferenceModel, names: Names) -> CriteriaView:
    """Every statement of the model, and what its earlier versions state otherwise."""
    lines = criterion_lines(model, names)
    tables = [
        CriteriaTable(part, names.t(f"criteria.part.{part}"), found)
        for part, sections in PARTS.items()
        if (found := tuple(each for each in lines if each.key.partition(".")[0] in sections))
    ]
    for version, said in earlier_statements(model):
        earlier = next(each for each in model.earlier if each.version == version)
        own = Names(earlier, names.t, names.formats)
        title = names.t("criteria.earlier", version=version)
        tables.append(CriteriaTable("earlier", title, tuple(_lines(said, own))))
    return CriteriaView(counts_in_words(lines, names), _ends(model, names), tuple(tables))


def criterion_lines(model: ReferenceModel, names: Names) -> tuple[CriterionLine, ...]:
    """The statements of a model in words, in the contract's order."""
    return tuple(_lines(statements(model), names))


def counts_in_words(lines: Sequence[CriterionLine], names: Names) -> str:
    """How many statements have which standing."""
    found = Counter(each.standing for each in lines if each.standing)
    counts = [
        names.t("why.count", why=names.t(f"standing.{each}"), n=names.formats.number(found[each]))
        for each in Standing
        if found[each]
    ]
    total = names.formats.number(sum(found.values()))
    return names.t("criteria.counts", n=total, counts=names.t("list.and").join(counts))


def _ends(model: ReferenceModel, names: Names) -> str:
    if not model.ends:
        return ""
    ends = names.t("criteria.ends", steps=_quoted(model.ends, names))
    if not model.reopened_by:
        return ends
    space = "" if names.t.lang == "zh" else " "
    return ends + space + names.t("criteria.reopened", steps=_quoted(model.reopened_by, names))


def _lines(said: Iterable[Statement], names: Names) -> Iterator[CriterionLine]:
    for each in said:
        for check, name, says in _in_words(each, names):
            yield _line(each, check, name, says, names)


def _line(said: Statement, check: str, name: str, says: str, names: Names) -> CriterionLine:
    who = said.authority
    return CriterionLine(
        said.key,
        check,
        name,
        says,
        who,
        who.standing.value if who else "",
        names.t(f"standing.{who.standing}") if who else NONE,
        who.source if who else "",
        who.reason.get(names.t.lang) if who and who.reason else "",
    )


def _in_words(said: Statement, names: Names) -> Iterator[tuple[str, str, str]]:
    """(check, name, what is said) of a statement: a line, or one per rule that it makes."""
    own = said.name.get(names.t.lang) if said.name else ""
    criteria = list(criteria_of(said, names))
    if isinstance(said.subject, LimitCell) and said.subject.authority is None:
        return  # stands in the line of its row
    if not criteria:
        name, says = _plain(said, own, names)
        yield "", name, says
    for number, (check, criterion) in enumerate(criteria):
        more = _more(said, names) if number == 0 else ""
        space = "" if names.t.lang == "zh" or not more else " "
        yield check, own or names.t.or_else(f"finding.{check}.name", check), f"{criterion}{space}{more}"


def _more(said: Statement, names: Names) -> str:
    """What a rule's criterion leaves out."""
    match said.subject:
        case DuplicateIdentity(open_until=until) if until:
            return names.t("criteria.open_until", steps=_quoted(until, names))
        case Numbering() as numbers:
            digits = NONE if numbers.digits is None else str(numbers.digits)
            return names.t("criteria.numbering", prefix=numbers.prefix or NONE, digits=digits)
        case IdleLimit(learn=LearnedLimit() as learn):
            return names.t("criteria.learned", share=names.formats.percent(learn.quantile))
    return ""


def _plain(said: Statement, own: str, names: Names) -> tuple[str, str]:
    """(name, what is said) of what is no rule of its own."""
    t, f = names.t, names.formats
    match said.subject:
        case Role() as role:
            return own, t("list.and").join(role.units) or NONE
        case Activity() as step:
            role_name = names.role(step.role) if step.role else ""
            beside = "" if step.in_flow else t("criteria.beside")
            return own, t("list.semicolon").join(each for each in (role_name, beside) if each)
        case Handoff() as handoff:
            return _handoff(handoff, names)
        case Limit() as limit:
            of = own or (_handoff(said.within, names)[0] if isinstance(said.within, Handoff) else "")
            return t("criteria.limit", of=of), f.measure(limit.value, limit.unit)
        case Calendar() as calendar:
            return own, t("criteria.calendar", zone=calendar.zone)
        case PlannedFigure() as plan:
            return own, _planned(plan, names)
        case Tolerance() | Replaced() | Recurring() | Split():
            return _order_part(said, own, names)
    return _of_clock(said, own, names)


def _handoff(handoff: Handoff, names: Names) -> tuple[str, str]:
    t = names.t
    name = f"{names.activity(handoff.sender)} → {names.activity(handoff.receiver)}"
    parts = [f"{names.role(handoff.sender_role)} → {names.role(handoff.receiver_role)}"]
    if handoff.received_by:
        parts.append(t("criteria.received_by", steps=_quoted(handoff.received_by, names)))
    if handoff.accepted_by:
        parts.append(t("criteria.accepted_by", steps=_quoted(handoff.accepted_by, names)))
    if handoff.limit is None:
        parts.append(t("criteria.no_limit"))
    return name, t("list.semicolon").join(parts)


def _of_clock(said: Statement, own: str, names: Names) -> tuple[str, str]:
    t, f = names.t, names.formats
    match said.subject:
        case Deadline() as clock:
            sentences = [clock_in_words(clock, names)]
            if clock.target is not None:
                sentences.append(t("criteria.target", share=f.percent(clock.target)))
            if clock.restart_on:
                sentences.append(t("criteria.restart", steps=_quoted(clock.restart_on, names)))
            return own, ("" if t.lang == "zh" else " ").join(sentences)
        case Pause() as pause:
            a, b = names.activity(pause.start), names.activity(pause.end)
            return t("criteria.pause.name", clock=own), t("criteria.pause", a=a, b=b)
        case DeadlineRow() as row:
            unit = said.within.unit if isinstance(said.within, Deadline) else ""
            return own, _row(row, unit, said.within, names)
        case LimitCell() as cell:
            category = said.key.rpartition(".")[2]
            return t("subject.cell", row=own, category=category), cell_in_words(cell, said.unit, names)
        case Promise() as promise:
            rows = said.within.rows if isinstance(said.within, Deadline) else ()
            meant = t("list.semicolon").join(
                each.name.get(t.lang) for each in rows if each.id in promise.rows
            )
            return own, t("criteria.promise", within=f.measure(promise.within, said.unit), rows=meant)
        case DeadlineWarning() as warning:
            return t("criteria.warning.name", clock=own), t(
                "criteria.warning", share=f.percent(warning.share)
            )
    return own, NONE


def cell_in_words(cell: LimitCell, unit: str, names: Names) -> str:
    """The limit of a cell, and the stricter reading where it is in doubt."""
    if cell.limit is None:
        return names.t("limit.none")
    shown = names.formats.measure(cell.limit, unit)
    if cell.doubtful_from is None:
        return shown
    other = names.formats.measure(cell.doubtful_from, unit)
    return names.t("criteria.doubt", limit=shown, other=other)


def _row(row: DeadlineRow, unit: str, within: object, names: Names) -> str:
    t = names.t
    cells = [f"{key} {cell_in_words(cell, unit, names)}" for key, cell in row.cells.items()]
    if row.planned_per_month:
        cells.append(planned_of_row(row, within.rows if isinstance(within, Deadline) else (), names))
    return t("list.semicolon").join(cells)


def planned_of_row(row: DeadlineRow, rows: Iterable[DeadlineRow], names: Names) -> str:
    """The planned numbers of a row per class, and which rows they count together."""
    figures = [f"{key} {names.formats.number(number)}" for key, number in row.planned_per_month.items()]
    text = names.t("criteria.planned_per_month", figures=names.t("list.and").join(figures))
    return text + planned_over(row, rows, names)


def planned_over(row: DeadlineRow, rows: Iterable[DeadlineRow], names: Names) -> str:
    """Which rows the planned numbers of a row count together; empty where they are for it alone."""
    together = [each.name.get(names.t.lang) for each in rows if each.id in row.planned_over]
    if len(together) < 2:
        return ""
    return names.t("criteria.planned_over", rows=names.t("list.semicolon").join(together))


def _planned(plan: PlannedFigure, names: Names) -> str:
    t, f = names.t, names.formats
    where = t("list.semicolon").join(conditions_in_words(plan.activity_when, names))
    figures = [f"{group} {f.number(number)}".strip() for group, number in plan.figures.items()]
    return t(
        "criteria.planned",
        a=names.activity(plan.activity),
        period=t(f"period.{plan.per}"),
        figures=t("list.and").join(figures),
        where=t("rule.where", conditions=where) if where else "",
    )


def _order_part(said: Statement, own: str, names: Names) -> tuple[str, str]:
    t, f = names.t, names.formats
    match said.subject:
        case Tolerance() as may:
            bounds = [
                *([t("criteria.near.similarity", least=f.number(may.similarity))] if may.similarity else []),
                *([t("criteria.near.absolute", most=f.number(may.absolute))] if may.absolute else []),
                *([t("criteria.near.relative", most=f.percent(may.relative))] if may.relative else []),
            ]
            return t("criteria.near.name", of=own, field=names.attribute(may.attribute)), t("list.or").join(
                bounds
            )
        case Replaced() as by:
            steps = _quoted((*by.cancelled_by, *by.amended_by), names)
            within = (
                "" if by.within_days is None else t("rule.within", limit=f.measure(by.within_days, "days"))
            )
            return t("criteria.replaced.name", of=own), t("criteria.replaced", steps=steps, within=within)
        case Recurring() as series:
            return t("criteria.recurring.name", of=own), t(
                "criteria.recurring",
                times=f.number(series.times),
                least=f.measure(series.least_days, "days"),
                slack=f.measure(series.slack_days, "days"),
            )
        case Split() as parts:
            return t("criteria.split.name", of=own), _split(parts, names)
    return own, NONE


def _split(parts: Split, names: Names) -> str:
    t = names.t
    known = [
        t(f"criteria.split.{word}", field=names.attribute(field))
        for word, field in (("reference", parts.reference), ("part", parts.part), ("total", parts.total))
        if field
    ]
    if parts.approval_limit is not None:
        known.append(t("criteria.split.approval", amount=names.formats.number(parts.approval_limit)))
    return t("list.semicolon").join(known)


def _quoted(ids: Iterable[str], names: Names) -> str:
    return names.t("list.and").join(f"“{names.activity(each)}”" for each in ids)
