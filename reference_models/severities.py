"""Checks of what a contract says of severity: its defaults, and the factors that raise them."""

from __future__ import annotations

from collections.abc import Iterator

from logs.problems import Problem
from reference_models.contract import ContractDocument, SeverityFactorDocument
from reference_models.places import Places, Where

FAMILIES = ("handoff", "duplicate", "lost", "deadline", "rule", "deviation")
MEASURED = ("handoff", "lost", "deadline", "rule")
"""Families whose findings may be past a limit."""
LEVELS = ("info", "low", "medium", "high")


def severity_problems(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    """Unknown names, and factors that nothing could ever meet."""
    for rule in contract.severity:
        if _family(rule) not in FAMILIES:
            yield places.unknown(("severity", rule), "family of findings", _family(rule), FAMILIES)
    for key, factor in contract.severity_factors.items():
        where: Where = ("severity_factors", key)
        if _family(factor.of) not in FAMILIES:
            yield places.unknown((*where, "of"), "family of findings", _family(factor.of), FAMILIES)
        else:
            yield from _never_met(factor, where, contract, places)
        yield from _classes(factor, where, contract, places)
        default = contract.severity.get(factor.of)
        if default is not None and LEVELS.index(factor.to) <= LEVELS.index(default):
            what = f"'{factor.of}' is '{default}' already: a factor only raises"
            mend = f"give a level above '{default}', or lower the default"
            yield places.problem((*where, "to"), what, mend)


def _never_met(
    factor: SeverityFactorDocument, where: Where, contract: ContractDocument, places: Places
) -> Iterator[Problem]:
    family = _family(factor.of)
    if factor.overrun is not None and family not in MEASURED:
        what = f"findings of '{family}' have no limit that could be overrun"
        yield places.problem((*where, "overrun"), what, f"for {', '.join(MEASURED)} only")
    if factor.exposure is not None and family != "duplicate":
        what = f"findings of '{family}' have no money at stake"
        yield places.problem((*where, "exposure"), what, "for duplicate orders only")
    elif factor.exposure is not None and not any(each.amount for each in contract.duplicates.values()):
        what = "no duplicates of this contract name an amount"
        yield places.problem((*where, "exposure"), what, "add 'amount' to an entry of duplicates")


def _classes(
    factor: SeverityFactorDocument, where: Where, contract: ContractDocument, places: Places
) -> Iterator[Problem]:
    for name, categories in (factor.classes or {}).items():
        place: Where = (*where, "classes", name)
        attribute = contract.attributes.get(name)
        if attribute is None:
            yield places.unknown(place, "attribute", name, contract.attributes)
        elif attribute.type != "category":
            yield places.problem(place, f"'{name}' is not a category", "name a category attribute")
        else:
            for index, category in enumerate(categories):
                if category not in attribute.values:
                    yield places.unknown((*place, index), "category", category, attribute.values)


def _family(rule: str) -> str:
    return rule.split(".")[0]
