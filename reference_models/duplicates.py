"""What a contract says of duplicate orders: identity, tolerances, and what only looks like a duplicate."""

from __future__ import annotations

from dataclasses import dataclass

from reference_models.authority import Authority, Text


@dataclass(frozen=True)
class Tolerance:
    """How far one attribute of two orders may differ for them to be near duplicates."""

    attribute: str
    authority: Authority
    similarity: float | None = None
    """Of texts: least normalised Indel similarity (0 to 1) after normalisation."""
    absolute: float | None = None
    """Of numbers: greatest difference, in the attribute's unit."""
    relative: float | None = None
    """Of numbers: greatest difference as a share of the larger of the two; the wider of both counts."""


@dataclass(frozen=True)
class NearDuplicate:
    """When two orders that differ a little may be one: attributes without tolerance must be equal."""

    within_days: float
    """Calendar days between the two orders (tolerance of the date)."""
    tolerances: tuple[Tolerance, ...]
    authority: Authority


@dataclass(frozen=True)
class Replaced:
    """An order that another one replaces: cancelled before (reissued), or changed or cancelled after."""

    cancelled_by: tuple[str, ...]
    amended_by: tuple[str, ...]
    within_days: float | None
    """Calendar days after the second order in which the first is to be changed or cancelled; None: any."""
    authority: Authority


@dataclass(frozen=True)
class Recurring:
    """The same order at regular intervals."""

    times: int
    """Orders that make a series, at least."""
    least_days: float
    """Shortest interval of a series, in calendar days: a repetition sooner than that is none."""
    slack_days: float
    """How much an interval may differ from the one before it, in calendar days."""
    authority: Authority


@dataclass(frozen=True)
class Split:
    """Parts of one order: innocent by reference, suspicious where they only together reach a limit."""

    reference: str
    """Attribute that names the order that parts belong to."""
    part: str | None
    """Attribute with the number of the part: two parts differ in it."""
    total: str | None
    """Attribute with the amount of the whole order: its parts together do not exceed it."""
    approval_limit: float | None
    """Amount from which an order needs a higher approval; parts of no common reference that are each below
    it and together reach it are told as such."""
    authority: Authority


@dataclass(frozen=True)
class DuplicateIdentity:
    """What makes two orders the same order."""

    id: str
    name: Text
    activity: str
    """Activity that places an order."""
    same: tuple[str, ...]
    """Attributes that must be equal (all non-null)."""
    within_days: float
    """Calendar days between two orders of one identity for them to be a pair."""
    open_until: tuple[str, ...]
    """Activities (of the order's case) that settle the order; until then a repetition is 'resent'."""
    waits_for: str | None
    """Activity whose absence explains a resent order (funds arrived 资金到位)."""
    amount: str | None
    """Attribute with the money at stake."""
    authority: Authority
    near: NearDuplicate | None = None
    replaced: Replaced | None = None
    recurring: Recurring | None = None
    split: Split | None = None
