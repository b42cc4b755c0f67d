"""A case is judged by the version of the model that was in force when it began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mining.bound_log import BoundLog
from mining.findings import CouldNotCheck, Rule
from reference_models.model import ReferenceModel
from reference_models.versions import versions_in_force


@dataclass(frozen=True)
class VersionUse:
    """What one version of the model judged."""

    version: str
    in_force_from: date
    contract_sha256: str
    cases: int
    """Cases that it judged: those that began while it was in force."""
    before: int
    """Of these, cases that began before any version was in force; the first version judges them."""


def judging_versions(model: ReferenceModel, as_of_us: int, zone: str) -> tuple[ReferenceModel, ...]:
    """The versions that cases up to an instant are judged by, the first one first."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=as_of_us)
    return versions_in_force(model, instant.astimezone(ZoneInfo(zone)).date())


def by_version(bound: BoundLog, versions: Sequence[ReferenceModel]) -> dict[str, BoundLog]:
    """The log in parts, by the version that judges the cases of each; versions without cases are left out.

    A case begins with its first event, whatever that records. Tables of the parts get names of their own.
    """
    if len(versions) == 1:
        return {versions[0].version: bound}
    zone = bound.log.provenance.zone
    begins = [None, *(midnight(each.in_force_from, zone) for each in versions[1:])]
    parts: dict[str, BoundLog] = {}
    for number, (model, since, until) in enumerate(
        zip(versions, begins, [*begins[1:], None], strict=True), start=1
    ):
        own = bound.cases
        if since is not None:
            own = own.filter(own.first_us >= since)
        if until is not None:
            own = own.filter(own.first_us < until)
        part = replace(bound, model=model, suffix=f"_version_{number}")
        cases = part.store("judged_cases", own)
        if int(cases.count().execute()):
            parts[model.version] = replace(
                part,
                cases=cases,
                events=bound.events.semi_join(cases, "case_id"),
                steps=part.store("steps", bound.steps.semi_join(cases, "case_id")),
            )
    return parts or {versions[-1].version: bound}


def version_uses(
    bound: BoundLog, versions: Sequence[ReferenceModel], parts: Mapping[str, BoundLog]
) -> tuple[VersionUse, ...]:
    """How many cases each version judged; nothing where there is only one."""
    if len(versions) == 1:
        return ()
    first = midnight(versions[0].in_force_from, bound.log.provenance.zone)
    early = int(bound.cases.filter(bound.cases.first_us < first).count().execute())
    return tuple(
        VersionUse(
            each.version,
            each.in_force_from,
            each.contract_sha256,
            int(parts[each.version].cases.count().execute()) if each.version in parts else 0,
            early if each is versions[0] else 0,
        )
        for each in versions
    )


def settled_rules(found: Mapping[str, Iterable[Rule]]) -> dict[str, Rule]:
    """Per rule id the newest version's rule, with the limits of earlier ones that set another.

    `found`: the rules by version, the first one first.
    """
    settled: dict[str, Rule] = {}
    limits: dict[str, list[tuple[str, float | None, str]]] = {}
    for version, rules in found.items():
        for rule in rules:
            settled[rule.id] = rule
            limits.setdefault(rule.id, []).append((version, rule.limit, rule.unit))
    return {
        id: replace(rule, earlier=tuple(each for each in limits[id] if each[1:] != (rule.limit, rule.unit)))
        for id, rule in settled.items()
    }


def settled_not_checked(found: Sequence[Sequence[CouldNotCheck]]) -> list[CouldNotCheck]:
    """What could not be checked in some version; what a version does not ask for, only where none does."""
    return list(
        dict.fromkeys(
            check
            for part in found
            for check in part
            if check.reason != "not_in_model" or all(check in other for other in found)
        )
    )


def parts_of(bounds: Sequence[BoundLog], cases: Iterable[str]) -> dict[str, BoundLog]:
    """Per case the part of the log that it belongs to."""
    wanted = list(cases)
    if len(bounds) == 1:
        return dict.fromkeys(wanted, bounds[0])
    return {
        str(case): bound
        for bound in bounds
        for case in bound.cases.filter(bound.cases.case_id.isin(wanted)).case_id.execute()
    }


def midnight(day: date, zone: str) -> int:
    """The first instant of a day in a zone, microseconds since the epoch."""
    return round(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1e6)
