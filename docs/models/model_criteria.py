"""What a contract asks for beside the diagram, in the words of the report."""

from __future__ import annotations

from collections.abc import Iterator

from mining.findings import Family, Rule, Severity
from reference_models.duplicates import DuplicateIdentity
from reference_models.model import Authority, IdleLimit, Limit, ReferenceModel, Standing
from reports.view.names import Names
from reports.view.texts import rule_texts

Line = tuple[str, str, Authority | None]
"""(check, criterion, who set it; None: nobody, since no limit is asked for)."""


def criteria(model: ReferenceModel, names: Names) -> Iterator[Line]:
    """One line per rule of the model, deadlines and handoffs left out."""
    for rule, authority in _rules(model):
        yield f"{rule.family}.{rule.kind}", rule_texts(rule, names).criterion, authority


def _rules(model: ReferenceModel) -> Iterator[tuple[Rule, Authority | None]]:
    for told in model.told:
        yield _rule("rule.told", told.id, told.authority, (told.after, told.told_by), told.limit)
    for declared in model.rules:
        steps = (declared.activity, *([declared.target] if declared.target else []))
        yield _rule("rule.declare", declared.id, declared.authority, steps, declared.limit)
    for match in model.matches:
        steps = (match.one, match.other)
        yield _rule("rule.matched", match.id, match.authority, steps, match.limit, fields=match.same)
    for eyes in model.four_eyes:
        yield _rule("rule.four_eyes", eyes.id, eyes.authority, eyes.activities)
    for period in model.per_period:
        number = period.at_least if period.at_most is None else period.at_most
        limit = Limit(number or 0, "", period.authority)
        yield _rule("rule.per_period", period.id, period.authority, (period.activity,), limit)
    for identity in model.duplicates:
        yield from _duplicates(identity)
    for back in model.returns:
        steps = (back.dispatched_by, back.returned_by)
        yield _rule("handoff.unreturned", back.id, back.authority, steps)
    if model.ping_pong:
        allowed = Limit(model.ping_pong.allowed, "returns", model.ping_pong.authority)
        yield _rule("handoff.ping_pong", model.ping_pong.between, allowed.authority, (), allowed)
    for each in model.reconciliation:
        steps = (each.sends.activity, each.records.activity)
        systems = (each.sends.system, each.records.system)
        yield _rule("lost.vanished", each.id, each.authority, steps, each.limit, systems=systems)
    for numbers in model.numbering:
        yield _rule("lost.never_entered", numbers.id, numbers.authority)
    for idle in model.idle_limits:
        yield _idle(idle)


def _duplicates(identity: DuplicateIdentity) -> Iterator[tuple[Rule, Authority]]:
    kinds = [("exact", identity.within_days, identity.authority)]
    if identity.open_until:
        kinds.append(("resent", identity.within_days, identity.authority))
    if identity.near:
        kinds.append(("near", identity.near.within_days, identity.near.authority))
    for kind, days, authority in kinds:
        limit = Limit(days, "days", authority)
        steps = (identity.activity,)
        yield _rule(f"duplicate.{kind}", identity.id, authority, steps, limit, fields=identity.same)


def _idle(idle: IdleLimit) -> tuple[Rule, Authority | None]:
    steps = (idle.after,) if idle.after else ()
    said = idle.limit or idle.learn
    return _rule("lost.stalled", idle.after or "any", said.authority if said else None, steps, idle.limit)


def _rule(
    check: str,
    subject: str,
    authority: Authority | None,
    activities: tuple[str, ...] = (),
    limit: Limit | None = None,
    *,
    fields: tuple[str, ...] = (),
    systems: tuple[str, ...] = (),
) -> tuple[Rule, Authority | None]:
    family, _, kind = check.partition(".")
    rule = Rule(
        id=f"{check}:{subject}",
        family=Family(family),
        kind=kind,
        authority=authority or Authority(Standing.ASSUMED),
        severity=Severity.INFO,
        activities=activities,
        limit=limit.value if limit else None,
        unit=limit.unit if limit else "",
        fields=fields,
        systems=systems,
    )
    return rule, authority
