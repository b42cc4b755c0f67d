"""The whole audit as canonical JSON, `walkthrough-audit/1` (see `schema/audit-1.schema.json`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from logs.event_log import Provenance
from mining.audit_result import Audit
from mining.by_version import VersionUse
from mining.findings import (
    CaseFile,
    CouldNotCheck,
    Counts,
    Finding,
    Move,
    Occurrence,
    Rate,
    SourceRow,
    VariantSummary,
)
from mining.planned import Indicator
from mining.promises import PromiseKept
from reference_models.model import Authority, ReferenceModel, Text
from reference_models.statements import Statement, earlier_statements, statements
from reports.canonical import Document, Entries, JsonObject, JsonValue, canonical, encode, pieces
from reports.discovery_json import discovery_object, input_object, window_object
from reports.occurrence_table import occurrence_records
from reports.output import collector_paused, write_atomically
from reports.pseudonyms import Persons, Pseudonyms
from reports.schemas import AUDIT
from reports.systems_json import link_object, system_object


def to_json(audit: Audit, people: Pseudonyms) -> str:
    """Everything the audit holds: the same audit and key give the same text. Times are microseconds, UTC."""
    with collector_paused():
        return canonical(audit_document(audit, people))


def write_json(audit: Audit, path: Path, *, people: Pseudonyms) -> Path:
    """Write `to_json` to a file, whole or not at all. Raises OutputError."""
    with collector_paused():
        return write_atomically(path, map(encode, pieces(audit_document(audit, people))))


def audit_document(audit: Audit, people: Pseudonyms) -> Document:
    """The document that `to_json` writes."""
    persons = Persons(audit, people)
    return {
        "format": AUDIT,
        "tool": {"name": "walkthrough", "version": audit.tool_version},
        "as_of": {"us": audit.as_of_us, "utc": _utc(audit.as_of_us), "basis": audit.as_of_basis},
        "persons": "pseudonyms" if people.hidden else "plain",
        "model": {**_model(audit.model), "versions": [_version(each) for each in audit.versions]},
        "input": input_object(audit.provenance, persons.text),
        "window": window_object(audit.provenance),
        "rows": _rows(audit, persons),
        "systems": [system_object(each, persons.text) for each in audit.systems],
        "links": [link_object(each) for each in audit.links],
        "population": dict(vars(audit.population)),
        "conclusion": {
            "outcome": audit.conclusion.outcome.value,
            "reasons": list(audit.conclusion.reasons),
            "has_violations": audit.conclusion.has_violations,
        },
        "findings": [_finding(each) for each in audit.findings],
        "not_checked": [_not_checked(each) for each in audit.not_checked],
        "rates": [_rate(each) for each in audit.rates],
        "indicators": [_indicator(each, persons) for each in audit.indicators],
        "promises": [_promise(each) for each in audit.promises],
        "discovery": discovery_object(audit.discovery, persons.unit),
        "variants": [_variant(each) for each in audit.variants],
        "variants_shown_cases": audit.variants_shown_cases,
        "unknown_labels": [
            {"label": each.label, "events": each.events, "cases": each.cases, "nearest": list(each.nearest)}
            for each in audit.unknown_labels
        ],
        "occurrences": Entries(partial(occurrence_records, audit.occurrences, persons.attribute)),
        "case_files": [_case(audit.case_files[id], persons) for id in sorted(audit.case_files)],
        "evidence": [_row(audit.evidence[number], persons) for number in sorted(audit.evidence)],
    }


def _utc(us: int) -> str:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(text: Text) -> JsonObject:
    return {"zh": text.zh, "en": text.en}


def _authority(authority: Authority) -> JsonObject:
    return {
        "standing": authority.standing.value,
        "source": authority.source,
        "reason": _text(authority.reason) if authority.reason else None,
    }


def _model(model: ReferenceModel) -> JsonObject:
    return {
        "id": model.id,
        "version": model.version,
        "in_force_from": model.in_force_from.isoformat(),
        "title": _text(model.title),
        "process": model.process,
        "location": model.location,
        "extends": list(model.extends),
        "overrides": list(model.overrides),
        "severity_factors": [
            {
                "id": each.id,
                "of": each.of,
                "factor": each.factor,
                "attribute": each.attribute,
                "categories": list(each.categories),
                "least": each.least,
                "to": each.to,
            }
            for each in model.severity_factors
        ],
        "sources": [{"id": id, "text": _text(text)} for id, text in model.sources],
        "sha256": model.sha256,
        "bpmn_sha256": model.bpmn_sha256,
        "contract_sha256": model.contract_sha256,
        "activities": [
            {"id": each.id, "name": _text(each.name), "role": each.role, "in_flow": each.in_flow}
            for each in sorted(model.activities.values(), key=lambda each: each.id)
        ],
        "roles": [
            {"id": each.id, "name": _text(each.name)}
            for each in sorted(model.roles.values(), key=lambda each: each.id)
        ],
        "criteria": [
            *(_statement(each, model.version) for each in statements(model)),
            *(_statement(each, version) for version, said in earlier_statements(model) for each in said),
        ],
    }


def _statement(said: Statement, version: str) -> JsonObject:
    return {
        "key": said.key,
        "version": version,
        "name": _text(said.name) if said.name else None,
        "limit": said.limit,
        "unit": said.unit,
        "authority": _authority(said.authority) if said.authority else None,
    }


def _version(use: VersionUse) -> JsonObject:
    return {
        "version": use.version,
        "in_force_from": use.in_force_from.isoformat(),
        "contract_sha256": use.contract_sha256,
        "cases": use.cases,
        "cases_before": use.before,
    }


def _rows(audit: Audit, persons: Persons) -> JsonObject:
    log: Provenance = audit.provenance
    return {
        "read": log.rows_read,
        "used": log.rows_used,
        "excluded": [
            {"disposition": each.disposition, "reason": each.reason, "rows": each.rows}
            for each in log.excluded
        ],
        "cells_rejected": log.cells_rejected,
        "reject_limit": log.reject_limit,
        "reject_share": log.reject_share,
        "examples": [
            {
                "file": file,
                "row": row,
                "reason": persons.text(reason),
                "column": column,
                "value": persons.rejected_value(column, value),
            }
            for file, row, reason, column, value in audit.excluded_examples
        ],
    }


def _counts(counts: Counts) -> JsonObject:
    return {
        "conformant": counts.conformant,
        "violated": counts.violated,
        "pending": counts.pending,
        "not_determinable": counts.not_determinable,
    }


def _finding(finding: Finding) -> JsonObject:
    rule = finding.rule
    return {
        "rule_id": rule.id,
        "family": rule.family.value,
        "kind": rule.kind,
        "authority": _authority(rule.authority),
        "rests_on": [{"part": each.part, "authority": _authority(each.authority)} for each in rule.rests_on],
        "default_severity": rule.severity.name.lower(),
        "severity": finding.severity.name.lower(),
        "raised": [
            {
                "id": each.factor.id,
                "factor": each.factor.factor,
                "to": each.to.name.lower(),
                "occurrences": each.occurrences,
            }
            for each in finding.raised
        ],
        "activities": list(rule.activities),
        "roles": list(rule.roles),
        "label": rule.label,
        "deadline": rule.deadline,
        "row": rule.row,
        "category": rule.category,
        "limit": rule.limit,
        "unit": rule.unit,
        "fields": list(rule.fields),
        "systems": list(rule.systems),
        "earlier_limits": [
            {"version": version, "limit": limit, "unit": unit} for version, limit, unit in rule.earlier
        ],
        "counts": _counts(finding.counts),
        "cases_violated": finding.cases_violated,
        "variants_violated": finding.variants_violated,
        "reasons": [{"reason": reason, "occurrences": count} for reason, count in finding.reasons],
        "ambiguous": finding.ambiguous,
        "exposure": finding.exposure,
        "explained": [{"reason": reason, "occurrences": count} for reason, count in finding.explained],
        "look_alikes": [{"fingerprint": each.fingerprint} for each in finding.look_alikes],
        "clusters": [
            {
                "orders": each.orders,
                "cases": list(each.cases),
                "cases_total": each.cases_total,
                "first_us": each.first_us,
                "last_us": each.last_us,
                "total": each.total,
                "exposure": each.exposure,
            }
            for each in finding.clusters
        ],
        "clusters_total": finding.clusters_total,
        "cause": None,
        "warned": [_with_ledger(each) for each in finding.warned],
        "worst": [_with_ledger(each) for each in finding.worst],
    }


def _with_ledger(occurrence: Occurrence) -> JsonObject:
    return {
        "fingerprint": occurrence.fingerprint,
        "ledger": [
            {
                "state": part.state,
                "from_us": part.from_us,
                "until_us": part.until_us,
                "counted": part.counted,
            }
            for part in occurrence.ledger
        ],
    }


def _not_checked(check: CouldNotCheck) -> JsonObject:
    return {
        "family": check.family.value,
        "kind": check.kind,
        "reason": check.reason,
        "missing": list(check.missing),
        "required": check.required,
    }


def _rate(rate: Rate) -> JsonObject:
    return {
        "deadline": rate.deadline,
        "row": rate.row,
        "category": rate.category,
        "limit": rate.limit,
        "unit": rate.unit,
        "target": rate.target,
        "counts": _counts(rate.counts),
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "authority": _authority(rate.authority),
        "planned_per_month": rate.planned_per_month,
        "actual_per_month": rate.actual_per_month,
        "version": rate.version,
    }


def _promise(kept: PromiseKept) -> JsonObject:
    low, high = kept.interval or (None, None)
    return {
        "id": kept.promise.id,
        "name": _text(kept.promise.name),
        "deadline": kept.deadline,
        "rows": list(kept.promise.rows),
        "within": kept.promise.within,
        "unit": kept.unit,
        "authority": _authority(kept.promise.authority),
        "counts": _counts(kept.counts),
        "share": kept.share,
        "low": low,
        "high": high,
    }


def _indicator(indicator: Indicator, persons: Persons) -> JsonObject:
    plan = indicator.plan
    unit = persons.value if plan.by == "unit" else partial(persons.attribute, plan.by)
    return {
        "id": plan.id,
        "name": _text(plan.name),
        "activity": plan.activity,
        "per": plan.per,
        "by": plan.by,
        "authority": _authority(plan.authority),
        "not_counted": indicator.not_counted,
        "missing": list(indicator.missing),
        "periods": [
            {
                "period": each.period,
                "from_us": each.from_us,
                "until_us": each.until_us,
                "group": unit(each.group) if each.group else "",
                "planned": each.planned,
                "actual": each.actual,
                "difference": each.difference,
                "share": each.share,
                "cut": each.cut,
                "running": each.running,
                "doubt": each.doubt,
            }
            for each in indicator.periods
        ],
    }


def _moves(moves: Iterable[Move]) -> list[JsonValue]:
    return [
        {"kind": each.kind, "activity": each.activity, "position": each.position, "ambiguous": each.ambiguous}
        for each in moves
    ]


def _variant(variant: VariantSummary) -> JsonObject:
    return {
        "id": variant.id,
        "trace": list(variant.trace),
        "unknown": list(variant.unknown),
        "cases": variant.cases,
        "open_cases": variant.open_cases,
        "mode": variant.mode,
        "cost": variant.cost,
        "exact": variant.exact,
        "moves": _moves(variant.moves),
        "example_case": variant.example_case,
    }


def _case(case: CaseFile, persons: Persons) -> JsonObject:
    return {
        "case_id": case.case_id,
        "variant": case.variant,
        "status": case.status,
        "attributes": [
            {"name": name, "value": persons.attribute(name, value)} for name, value in case.attributes
        ],
        "timeline": [_row(each, persons) for each in case.timeline],
        "moves": _moves(case.moves),
        "truncated": case.truncated,
    }


def _row(row: SourceRow, persons: Persons) -> JsonObject:
    return {
        "row_no": row.row_no,
        "file": row.file,
        "row": row.row,
        "case_id": row.case_id,
        "activity": row.activity,
        "activity_id": row.activity_id,
        "t_us": row.t_us,
        "resource": persons.resource(row.resource),
        "role": None if row.role is None else persons.value(row.role),
        "lifecycle": row.lifecycle,
    }
