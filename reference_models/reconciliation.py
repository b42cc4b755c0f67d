"""What two systems must both have: the entries that a contract makes for it, and their checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logs.key_links import CASE, Spelling
from logs.problems import Problem
from reference_models.authority import Authority, Text
from reference_models.places import Places, Where

if TYPE_CHECKING:
    from reference_models.contract import ContractDocument
    from reference_models.model import Limit


@dataclass(frozen=True)
class Side:
    """What one system says of it."""

    system: str
    activity: str
    key: str
    """Attribute, or 'case' for the number of the case in that system."""


@dataclass(frozen=True)
class Reconciliation:
    """What one system hands over, the other records; and what the other has, somebody handed over."""

    id: str
    name: Text
    sends: Side
    records: Side
    limit: Limit | None
    """From sending to record; None: what is not recorded is never called lost."""
    calendar: str
    spelling: Spelling
    """What does not tell two keys apart."""
    authority: Authority


def reconciliation_problems(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    """Systems, activities and attributes that the contract does not have; a system compared with itself."""
    for key, each in contract.reconciliation.items():
        where: Where = ("reconciliation", key)
        for part, side in (("sends", each.sends), ("records", each.records)):
            place = (*where, part)
            if side.system not in contract.systems:
                yield places.unknown((*place, "system"), "system", side.system, contract.systems)
            if side.activity not in contract.activities:
                yield places.unknown((*place, "activity"), "activity", side.activity, contract.activities)
            if side.key != CASE and side.key not in contract.attributes:
                known = [CASE, *contract.attributes]
                yield places.unknown((*place, "key"), "attribute", side.key, known)
        if each.sends.system == each.records.system:
            what = f"'{key}' compares '{each.sends.system}' with itself"
            mend = "name two systems; within one, say it under 'matches'"
            yield places.problem((*where, "records", "system"), what, mend)
