"""What a detector is, what it looks at and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import ibis.expr.types as ir

from logs.key_links import KeyLink
from mining.bound_log import BoundLog
from mining.clock import Clock, clock
from mining.conformance import Conformance
from mining.findings import Basis, Cluster, CouldNotCheck, Family, Rule, Verdict
from mining.severity import severity_of
from reference_models.model import Authority, Limit, ReferenceModel, Standing


@dataclass(frozen=True)
class Evidence:
    """A bound log, its alignments, and what earlier detectors have explained."""

    bound: BoundLog
    conformance: Conformance
    explained: ir.Table | None = None
    """row_no of surplus events that a finding of an earlier family owns."""
    clocks: dict[tuple[str, str], Clock] = field(default_factory=dict, repr=False)
    """Clocks made so far, by unit and calendar."""
    tables: dict[str, ir.Table] = field(default_factory=dict, repr=False)
    """What several detectors look at, made by the first of them, by name (which begins with 'shared_')."""

    @property
    def model(self) -> ReferenceModel:
        """The reference model."""
        return self.bound.model

    def clock(self, unit: str, calendar: str) -> Clock:
        """A clock over the span of the log."""
        key = (unit, calendar)
        if key not in self.clocks:
            first = int(self.bound.log.every_row.t_us.min().execute())
            self.clocks[key] = clock(
                self.bound.log, unit, self.model.calendars[calendar], first, self.bound.as_of_us
            )
        return self.clocks[key]


@dataclass(frozen=True)
class Detection:
    """What a detector found."""

    rules: tuple[Rule, ...] = ()
    """The rules it checked; one without any occurrence becomes no finding."""
    occurrences: ir.Table | None = None
    """OCCURRENCE_COLUMNS without the fingerprint; conformant ones may be left to `conformant`."""
    conformant: ir.Table | None = None
    """rule_id, n: conformant occurrences that are only counted."""
    not_checked: tuple[CouldNotCheck, ...] = ()
    explains: ir.Table | None = None
    """row_no of surplus events that these findings own: they are no deviations besides."""
    clusters: Mapping[str, tuple[Cluster, ...]] = field(default_factory=dict)
    """Per rule id the clusters of its violated pairs, greatest exposure first."""
    links: tuple[KeyLink, ...] = ()
    """Keys between systems that it looked at."""


def counted_apart(table: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Of a table of occurrences those that are listed; and rule_id, n of the conformant ones without a
    reason, which are only counted. `table` is computed twice: what it rests on is best kept before."""
    plain = (table.verdict == Verdict.CONFORMANT.value) & table.reason.isnull()
    kept = table.filter(plain)
    return table.filter(~plain), kept.group_by("rule_id").agg(n=kept.count())


@dataclass(frozen=True)
class Examples:
    """A detector's own examples, as CSV text in the terms of the example model."""

    conforming: str
    violating: str
    as_of: str
    """The instant at which both are judged, ISO 8601."""
    violations: int = 1
    """How many violated occurrences the violating log holds."""
    found: Verdict = Verdict.VIOLATED
    """Their verdict; PENDING of a kind that warns before anything is violated."""


class Detector:
    """Base of all detectors. A subclass in a file of its own is found by itself.

    The docstring of the subclass says: Meaning, Needs, Verdicts, Source.
    """

    family: Family
    kinds: tuple[str, ...]
    examples: ClassVar[dict[str, Examples]] = {}
    """Per kind; a test runs each of them against the example model in `mining/examples`."""
    over_cases: ClassVar[bool] = False
    """Whether it looks at several cases together, which then share one version of the model."""
    order = 0
    """Within the family; detectors that explain surplus events come before those that count them."""

    def detect(self, evidence: Evidence) -> Detection:
        """Judge every obligation of this detector's kinds."""
        raise NotImplementedError

    def could_not(self, kind: str, reason: str, missing: Iterable[str] = ()) -> CouldNotCheck:
        """'Could not check' as an answer."""
        return CouldNotCheck(self.family, kind, reason, tuple(missing))

    def rule(
        self,
        model: ReferenceModel,
        kind: str,
        subject: str,
        authority: Authority,
        *,
        activities: tuple[str, ...] = (),
        roles: tuple[str, ...] = (),
        label: str = "",
        deadline: str = "",
        row: str = "",
        category: str = "",
        limit: float | None = None,
        unit: str = "",
        fields: tuple[str, ...] = (),
        systems: tuple[str, ...] = (),
        rests_on: Iterable[Basis] = (),
    ) -> Rule:
        """A rule of this family with its id and severity; of what it rests on besides, what must be told."""
        rule_id = f"{self.family}.{kind}:{subject}"
        return Rule(
            id=rule_id,
            family=self.family,
            kind=kind,
            authority=authority,
            severity=severity_of(model, rule_id, self.family, kind, authority),
            activities=activities,
            roles=roles,
            label=label,
            deadline=deadline,
            row=row,
            category=category,
            limit=limit,
            unit=unit,
            fields=fields,
            systems=systems,
            rests_on=no_better(authority, rests_on),
        )


def weakest(*authorities: Authority) -> Authority:
    """The least founded of several authorities: a finding rests on all of them."""
    return min(authorities, key=_rank)


def no_better(authority: Authority, others: Iterable[Basis]) -> tuple[Basis, ...]:
    """What is at most as well founded as `authority`, each authority once: whoever reads that a document set
    a limit must also read that its clock is assumed."""
    told: dict[Authority, Basis] = {}
    for each in others:
        if each.authority != authority and _rank(each.authority) <= _rank(authority):
            told.setdefault(each.authority, each)
    return tuple(told.values())


def _rank(authority: Authority) -> int:
    return [Standing.ASSUMED, Standing.INFERRED, Standing.USER, Standing.SOURCED].index(authority.standing)


def limit_basis(limit: Limit | None) -> tuple[Basis, ...]:
    """The limit of a rule that rests on something else."""
    return (Basis("limit", limit.authority),) if limit else ()
