"""The rules that a statement of a contract makes, as far as a text needs them: what is asked, in words."""

from __future__ import annotations

from collections.abc import Iterator

from mining.findings import Family, Rule, Severity
from reference_models.authority import Authority, Standing
from reference_models.duplicates import DuplicateIdentity, NearDuplicate
from reference_models.model import DispatchReturn, IdleLimit, Limit, Numbering, PingPong, Told
from reference_models.reconciliation import Reconciliation
from reference_models.rules import DeclareRule, FourEyes, Match, PeriodLimit
from reference_models.statements import Statement
from reports.view.names import Names
from reports.view.texts import rule_texts


def criteria_of(statement: Statement, names: Names) -> Iterator[tuple[str, str]]:
    """(family.kind, criterion in words) of the rules that a statement makes; none for what is no rule."""
    for rule in _rules(statement):
        yield f"{rule.family}.{rule.kind}", rule_texts(rule, names).criterion


def _rules(statement: Statement) -> Iterator[Rule]:
    match statement.subject:
        case Told() | DeclareRule() | Match() | FourEyes() | PeriodLimit():
            yield _of_rule(statement.subject)
        case DuplicateIdentity() | NearDuplicate():
            yield from _of_orders(statement)
        case DispatchReturn() as back:
            yield _rule("handoff.unreturned", back.id, (back.dispatched_by, back.returned_by))
        case PingPong() as returns:
            yield _rule("handoff.ping_pong", returns.between, (), returns.allowed, "returns")
        case Reconciliation() as both:
            ends, systems = (
                (both.sends.activity, both.records.activity),
                (both.sends.system, both.records.system),
            )
            yield _rule("lost.vanished", both.id, ends, *_limit(both.limit), systems=systems)
        case Numbering() as numbers:
            yield _rule("lost.never_entered", numbers.id)
        case IdleLimit() as idle:
            steps = (idle.after,) if idle.after else ()
            yield _rule("lost.stalled", idle.after or "any", steps, *_limit(idle.limit))


def _of_rule(said: Told | DeclareRule | Match | FourEyes | PeriodLimit) -> Rule:
    match said:
        case Told():
            return _rule("rule.told", said.id, (said.after, said.told_by), *_limit(said.limit))
        case DeclareRule():
            steps = (said.activity, *([said.target] if said.target else []))
            return _rule("rule.declare", said.id, steps, *_limit(said.limit))
        case Match():
            return _rule(
                "rule.matched", said.id, (said.one, said.other), *_limit(said.limit), fields=said.same
            )
        case FourEyes():
            return _rule("rule.four_eyes", said.id, said.activities)
        case PeriodLimit():
            number = said.at_least if said.at_most is None else said.at_most
            return _rule("rule.per_period", said.id, (said.activity,), number or 0)


def _of_orders(statement: Statement) -> Iterator[Rule]:
    near, identity = statement.subject, statement.within or statement.subject
    assert isinstance(identity, DuplicateIdentity)
    resent = ["resent"] if identity.open_until else []
    for kind in ["near"] if isinstance(near, NearDuplicate) else ["exact", *resent]:
        steps = (identity.activity,)
        yield _rule(f"duplicate.{kind}", identity.id, steps, statement.limit, "days", fields=identity.same)


def _limit(limit: Limit | None) -> tuple[float | None, str]:
    return (limit.value, limit.unit) if limit else (None, "")


def _rule(
    check: str,
    subject: str,
    activities: tuple[str, ...] = (),
    limit: float | None = None,
    unit: str = "",
    *,
    fields: tuple[str, ...] = (),
    systems: tuple[str, ...] = (),
) -> Rule:
    family, _, kind = check.partition(".")
    return Rule(
        id=f"{check}:{subject}",
        family=Family(family),
        kind=kind,
        authority=Authority(Standing.ASSUMED),
        severity=Severity.INFO,
        activities=activities,
        limit=limit,
        unit=unit,
        fields=fields,
        systems=systems,
    )
