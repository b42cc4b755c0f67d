"""Occurrences with their evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mining.findings import Family, FieldMatch, Occurrence, Rule, SourceRow
from mining.reconciliation import KEY
from reports.formats import NONE
from reports.view.anchors import case_anchor, occurrence_anchor
from reports.view.context import Context
from reports.view.ledger import LedgerView, ledger_view
from reports.view.systems import system_name


@dataclass(frozen=True)
class RowView:
    """A source row."""

    place: str
    """file:row."""
    time: str
    label: str
    who: str
    case: str = ""
    """Case id, where the evidence is of two cases."""


@dataclass(frozen=True)
class MatchView:
    """One field of a pair of orders."""

    field: str
    first: str
    second: str
    agreement: str


@dataclass(frozen=True)
class OccurrenceView:
    """One violated obligation."""

    anchor: str
    fingerprint: str
    case: str
    case_anchor: str | None
    related: str
    """The other case of a pair; empty where the pair lies within one case."""
    related_anchor: str | None
    facts: tuple[tuple[str, str], ...]
    """(name, value)."""
    notes: tuple[str, ...]
    rows: tuple[RowView, ...]
    more_rows: int
    ledger: LedgerView | None
    matches: tuple[MatchView, ...]
    """Of a pair of orders: why it matched, field by field."""


_MOST_ROWS = 12


def occurrence_view(occurrence: Occurrence, rule: Rule, c: Context) -> OccurrenceView:
    """The view of one occurrence."""
    shown = occurrence.rows[:_MOST_ROWS]
    return OccurrenceView(
        occurrence_anchor(occurrence.fingerprint),
        occurrence.fingerprint,
        case_name(occurrence.case_id, rule, 0, c),
        None if c.audit.foreign(rule) else _walk(occurrence.case_id, c),
        case_name(_other(occurrence, rule) or "", rule, 1, c),
        None if rule.systems else _walk(occurrence.related_case, c),
        tuple(_facts(occurrence, rule, c)),
        tuple(_notes(occurrence, c)),
        tuple(_row(number, occurrence, rule, c) for number in shown),
        len(occurrence.rows) - len(shown),
        ledger_view(occurrence.ledger, rule.unit, occurrence.due_us, c),
        tuple(_match(each, occurrence, c) for each in occurrence.matched),
    )


def _match(match: FieldMatch, pair: Occurrence, c: Context) -> MatchView:
    show = c.formats.percent if match.how == "similar" else c.formats.number
    agreement = c.t(
        f"match.{match.how}", measure=show(match.measure, beside=match.limit), limit=show(match.limit)
    )
    if not match.field:
        sent, again = c.formats.time(pair.start_us), c.formats.time(pair.end_us)
        return MatchView(c.t("match.field.date"), sent, again, agreement)
    first, second = (
        NONE if each is None else c.persons.attribute(match.field, each)
        for each in (match.first, match.second)
    )
    return MatchView(c.names.attribute(match.field), first, second, agreement)


def case_name(case: str, rule: Rule, at: int, c: Context) -> str:
    """A case, with its system where the rule is between two; `at`: 0 for the rule's case, 1 for the other."""
    if not rule.systems or not case:
        return case
    return c.t("case.of_system", system=system_name(rule.systems[at], c), case=case)


def _walk(case: str | None, c: Context) -> str | None:
    """Where a case is walked through, if it is."""
    return case_anchor(case) if case in c.audit.case_files and case is not None else None


def _row(number: int, occurrence: Occurrence, rule: Rule, c: Context) -> RowView:
    row = c.audit.evidence.get(number)
    view = row_view(row, number, c)
    return replace(view, case=row.case_id) if row and _other(occurrence, rule) else view


def _other(occurrence: Occurrence, rule: Rule) -> str | None:
    if rule.systems:  # numbers of two systems may be spelled alike
        return occurrence.related_case
    return occurrence.related_case if occurrence.related_case != occurrence.case_id else None


def row_view(row: SourceRow | None, number: int, c: Context) -> RowView:
    """The view of a source row; of one that the audit does not carry, its number."""
    if row is None:
        return RowView(c.t("row.number", n=number), NONE, NONE, NONE)
    who = " · ".join(
        each for each in (c.persons.resource(row.resource), c.persons.value(row.role or "")) if each
    )
    name = c.names.activity(row.activity_id) if row.activity_id else row.activity
    label = row.activity if name == row.activity else f"{row.activity} ({name})"
    return RowView(c.place(row.file, row.row), c.formats.time(row.t_us), label, who or NONE)


def overrun(measure: float | None, limit: float | None, family: str) -> float | None:
    """How far a measure is past its limit; None where it is not, or where the limit is a span to look in."""
    if measure is None or limit is None or family == Family.DUPLICATE or measure <= limit:
        return None
    return measure - limit


def _facts(occurrence: Occurrence, rule: Rule, c: Context) -> list[tuple[str, str]]:
    over = overrun(occurrence.measure, occurrence.limit, rule.family)
    pair = rule.family is Family.DUPLICATE
    measured = c.formats.measure(occurrence.measure, rule.unit, beside=occurrence.limit)
    key = occurrence.anchor.removeprefix(KEY) if rule.systems and occurrence.anchor.startswith(KEY) else NONE
    facts = (
        ("fact.key", c.persons.value(key)),
        ("fact.gap" if pair else "fact.measure", measured),
        ("fact.span" if pair else "fact.limit", c.formats.measure(occurrence.limit, rule.unit)),
        ("fact.overrun", c.formats.measure(over, rule.unit)),
        ("fact.start", NONE if pair else c.formats.time(occurrence.start_us)),
        ("fact.cancel_until" if pair else "fact.due", c.formats.time(occurrence.due_us)),
        ("fact.end", NONE if pair else c.formats.time(occurrence.end_us)),
        ("fact.amount", c.formats.number(occurrence.amount)),
    )
    return [(c.t(name), value) for name, value in facts if value != NONE]


def _notes(occurrence: Occurrence, c: Context) -> list[str]:
    notes = [c.names.reason(occurrence.reason)] if occurrence.reason else []
    return [*notes, c.t("note.ambiguous")] if occurrence.ambiguous else notes
