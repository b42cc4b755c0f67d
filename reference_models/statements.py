"""Everything that somebody set in a model, one statement each: what it is, who set it and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reference_models.authority import Authority, Text
from reference_models.calendars import Calendar
from reference_models.duplicates import (
    DuplicateIdentity,
    NearDuplicate,
    Recurring,
    Replaced,
    Split,
    Tolerance,
)
from reference_models.model import (
    Activity,
    Deadline,
    DeadlineRow,
    DeadlineWarning,
    DispatchReturn,
    Handoff,
    IdleLimit,
    LearnedLimit,
    Limit,
    LimitCell,
    Numbering,
    Pause,
    PingPong,
    Promise,
    ReferenceModel,
    Role,
    Told,
)
from reference_models.reconciliation import Reconciliation
from reference_models.rules import DeclareRule, FourEyes, Match, PeriodLimit, PlannedFigure

Subject = (
    Role
    | Activity
    | Handoff
    | Limit
    | Deadline
    | Pause
    | DeadlineRow
    | LimitCell
    | DeadlineWarning
    | Promise
    | Told
    | DeclareRule
    | Match
    | FourEyes
    | PeriodLimit
    | PlannedFigure
    | DuplicateIdentity
    | NearDuplicate
    | Tolerance
    | Replaced
    | Recurring
    | Split
    | DispatchReturn
    | PingPong
    | Reconciliation
    | Numbering
    | IdleLimit
    | LearnedLimit
    | Calendar
)


@dataclass(frozen=True)
class Statement:
    """Something that a contract states."""

    key: str
    """Where it stands in the contract, keys joined by dots: 'deadlines.provisioning.rows.telephone.limits.A'.
    Of a calendar: 'calendars' and its id."""
    subject: Subject
    authority: Authority | None
    """None: nobody set a limit."""
    name: Text | None
    """Its own name, or that of what it belongs to; None where the contract names neither."""
    within: Subject | None = None
    """What it belongs to: of a limit the handoff, notice or rule; of a row or cell its clock or row."""
    limit: float | None = None
    unit: str = ""

    @property
    def part(self) -> str:
        """Section of the contract."""
        return self.key.partition(".")[0]


def statements(model: ReferenceModel) -> tuple[Statement, ...]:
    """All statements of a model, section by section, each of them in the contract's order."""
    return (
        *(Statement(f"roles.{each.id}", each, each.authority, each.name) for each in model.roles.values()),
        *(
            Statement(f"activities.{each.id}", each, each.authority, each.name)
            for each in model.activities.values()
        ),
        *_handoffs(model.handoffs),
        *(line for each in model.deadlines for line in _clock(each)),
        *_rules("told", model.told),
        *_rules("rules", model.rules),
        *_rules("matches", model.matches),
        *(Statement(f"four_eyes.{each.id}", each, each.authority, each.name) for each in model.four_eyes),
        *(Statement(f"per_period.{each.id}", each, each.authority, each.name) for each in model.per_period),
        *(Statement(f"returns.{each.id}", each, each.authority, None) for each in model.returns),
        *_ping_pong(model),
        *(line for each in model.duplicates for line in _identity(each)),
        *_rules("reconciliation", model.reconciliation),
        *(Statement(f"numbering.{each.id}", each, each.authority, each.name) for each in model.numbering),
        *map(_idle, model.idle_limits),
        *(Statement(f"planned.{each.id}", each, each.authority, each.name) for each in model.planned),
        *(
            Statement(f"calendars.{each.id}", each, each.authority, each.name)
            for each in model.calendars.values()
        ),
    )


def earlier_statements(model: ReferenceModel) -> tuple[tuple[str, tuple[Statement, ...]], ...]:
    """(version, what it states otherwise than the newest) of each earlier version that does."""
    newest = set(map(_said, statements(model)))
    found = (
        (each.version, tuple(line for line in statements(each) if _said(line) not in newest))
        for each in model.earlier
    )
    return tuple((version, lines) for version, lines in found if lines)


def _said(line: Statement) -> tuple[str, str]:
    """What makes two statements the same: subjects hold mappings, which have no hash."""
    return line.key, repr(line.subject)


def _limit(key: str, limit: Limit | None, name: Text | None, within: Subject) -> Iterator[Statement]:
    if limit:
        yield Statement(key, limit, limit.authority, name, within, limit.value, limit.unit)


def _handoffs(handoffs: Iterable[Handoff]) -> Iterator[Statement]:
    for each in handoffs:
        key = f"handoffs.{each.id}"
        yield Statement(key, each, each.authority, None)
        yield from _limit(f"{key}.limit", each.limit, None, each)


def _clock(clock: Deadline) -> Iterator[Statement]:
    key, own = f"deadlines.{clock.id}", clock.authority
    yield Statement(key, clock, own, clock.name)
    for pause in clock.pauses:
        stated = Authority(own.standing, own.source, pause.reason)
        yield Statement(f"{key}.pauses.{pause.start}", pause, stated, clock.name, clock)
    for row in clock.rows:
        at = f"{key}.rows.{row.id}"
        yield Statement(at, row, row.authority, row.name, clock)
        for category, cell in row.cells.items():
            stated = row.authority_of(category)
            yield Statement(f"{at}.limits.{category}", cell, stated, row.name, row, cell.limit, clock.unit)
    for promise in clock.promises:
        yield Statement(
            f"{key}.promises.{promise.id}",
            promise,
            promise.authority,
            promise.name,
            clock,
            promise.within,
            clock.unit,
        )
    if clock.warning:
        yield Statement(f"{key}.warning", clock.warning, clock.warning.authority, clock.name, clock)


def _rules(part: str, rules: Iterable[Told | DeclareRule | Match | Reconciliation]) -> Iterator[Statement]:
    for each in rules:
        yield Statement(f"{part}.{each.id}", each, each.authority, each.name)
        word = "within" if isinstance(each, Reconciliation) else "limit"
        yield from _limit(f"{part}.{each.id}.{word}", each.limit, each.name, each)


def _ping_pong(model: ReferenceModel) -> Iterator[Statement]:
    said = model.ping_pong
    if said:
        yield Statement("ping_pong", said, said.authority, None, limit=said.allowed, unit="returns")


def _identity(identity: DuplicateIdentity) -> Iterator[Statement]:
    key, name = f"duplicates.{identity.id}", identity.name
    yield Statement(key, identity, identity.authority, name, None, identity.within_days, "days")
    near = identity.near
    if near:
        yield Statement(f"{key}.near", near, near.authority, name, identity, near.within_days, "days")
        for each in near.tolerances:
            at = f"{key}.near.differ.{each.attribute}"
            yield Statement(at, each, each.authority, name, identity)
    if identity.replaced:
        yield Statement(f"{key}.replaced", identity.replaced, identity.replaced.authority, name, identity)
    if identity.recurring:
        yield Statement(f"{key}.recurring", identity.recurring, identity.recurring.authority, name, identity)
    if identity.split:
        yield Statement(f"{key}.split", identity.split, identity.split.authority, name, identity)


def _idle(idle: IdleLimit) -> Statement:
    key = f"idle_limits.{idle.after or 'default'}"
    if idle.limit:
        return Statement(key, idle, idle.limit.authority, None, limit=idle.limit.value, unit=idle.limit.unit)
    return Statement(key, idle, idle.learn.authority if idle.learn else None, None)
