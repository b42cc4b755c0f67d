"""Checks of a contract's rules against the rest of it."""

from __future__ import annotations

from collections.abc import Iterator

from logs.problems import Problem
from reference_models.contract import (
    ConditionDocument,
    Conditions,
    ContractDocument,
    MatchDocument,
    PlannedDocument,
)
from reference_models.places import Places, Where


def rule_problems(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    """Activities and attributes that the contract does not have, and comparisons that do not fit them."""
    for key, rule in contract.rules.items():
        where: Where = ("rules", key)
        for part, name in (("activity", rule.activity), ("target", rule.target)):
            if name is not None and name not in contract.activities:
                yield places.unknown((*where, part), "activity", name, contract.activities)
        for part in ("when", "activity_when", "target_when"):
            yield from condition_problems(getattr(rule, part), (*where, part), contract, places)
    yield from _same_ids(contract, places)
    for key, eyes in contract.four_eyes.items():
        where = ("four_eyes", key)
        for index, name in enumerate(eyes.activities):
            if name not in contract.activities:
                yield places.unknown((*where, "activities", index), "activity", name, contract.activities)
        yield from condition_problems(eyes.when, (*where, "when"), contract, places)
    for key, period in contract.per_period.items():
        where = ("per_period", key)
        if period.activity not in contract.activities:
            yield places.unknown((*where, "activity"), "activity", period.activity, contract.activities)
        yield from condition_problems(period.activity_when, (*where, "activity_when"), contract, places)
    for key, plan in contract.planned.items():
        yield from _plan_problems(plan, ("planned", key), contract, places)
    for key, match in contract.matches.items():
        yield from _match_problems(match, ("matches", key), contract, places)


def _same_ids(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    """An id names one rule of the family: a waiver of one must not hide another."""
    owner: dict[str, str] = {}
    for section in ("told", "rules", "four_eyes", "matches", "per_period"):
        for key in getattr(contract, section):
            first = owner.setdefault(key, section)
            if first != section:
                what = f"'{key}' is the id of a rule under '{first}' already"
                yield places.problem((section, key), what, "give one of the two another id")


def _plan_problems(
    plan: PlannedDocument, where: Where, contract: ContractDocument, places: Places
) -> Iterator[Problem]:
    if plan.activity not in contract.activities:
        yield places.unknown((*where, "activity"), "activity", plan.activity, contract.activities)
    yield from condition_problems(plan.activity_when, (*where, "activity_when"), contract, places)
    if plan.by is None:
        return
    attribute = contract.attributes.get(plan.by)
    if attribute is None and plan.by != "unit":
        yield places.unknown((*where, "by"), "attribute", plan.by, [*contract.attributes, "unit"])
    elif attribute is not None and attribute.type == "number":
        mend = "name a category, a text or 'unit'"
        yield places.problem((*where, "by"), f"'{plan.by}' is a number and makes no groups", mend)
    elif attribute is not None and attribute.type == "category" and attribute.values:
        for group in plan.figures:
            if group not in attribute.values:
                yield places.unknown((*where, "figures", group), "category", group, attribute.values)


def _match_problems(
    match: MatchDocument, where: Where, contract: ContractDocument, places: Places
) -> Iterator[Problem]:
    for part, name in (("one", match.one), ("other", match.other)):
        if name not in contract.activities:
            yield places.unknown((*where, part), "activity", name, contract.activities)
    for index, name in enumerate(match.same):
        if name not in contract.attributes:
            yield places.unknown((*where, "same", index), "attribute", name, contract.attributes)
    for part in ("one_when", "other_when"):
        yield from condition_problems(getattr(match, part), (*where, part), contract, places)


def condition_problems(
    conditions: Conditions, where: Where, contract: ContractDocument, places: Places
) -> Iterator[Problem]:
    """Mistakes in conditions on attributes."""
    for name, condition in conditions.items():
        place: Where = (*where, name)
        attribute = contract.attributes.get(name)
        if attribute is None:
            yield places.unknown(place, "attribute", name, contract.attributes)
        elif attribute.type != "number" and condition.compares_numbers():
            what = f"'{name}' is a {attribute.type}, not a number"
            yield places.problem(place, what, "give the values: [one, other] or {not: [one]}")
        elif attribute.type == "number" and _values(condition):
            mend = "give bounds: {min: …, max: …, above: …, below: …}"
            yield places.problem(place, f"'{name}' is a number", mend)
        elif attribute.type == "category":
            for value in _values(condition):
                if value not in attribute.values:
                    yield places.unknown(place, "category", value, attribute.values)


def _values(condition: ConditionDocument) -> tuple[str, ...]:
    return (*condition.one_of, *condition.none_of)
