"""Several systems and the keys between them, as canonical JSON."""

from __future__ import annotations

from collections.abc import Callable

from logs.event_log import SystemFacts
from logs.key_links import KeyComparison, KeyLink, Spelling
from reports.canonical import JsonObject
from reports.discovery_json import window_object


def system_object(facts: SystemFacts, shown: Callable[[str], str]) -> JsonObject:
    """One system; `shown` takes persons' names out of the user's own texts."""
    log = facts.provenance
    text = shown(log.mapping_text)
    return {
        "name": facts.name,
        "title": {"zh": facts.titles[0], "en": facts.titles[1]} if facts.titles else None,
        "part": facts.part,
        "as_of_us": facts.as_of_us,
        "as_of_basis": facts.as_of_basis,
        "first_us": facts.first_us,
        "last_us": facts.last_us,
        "stale": facts.stale,
        "files": [each.name for each in log.files],
        "mapping": {
            "text": text,
            "redacted": text != log.mapping_text,
            "sha256": log.mapping_sha256,
            "origin": log.mapping_origin,
        },
        "window": window_object(log),
        "rows": {
            "read": log.rows_read,
            "used": log.rows_used,
            "excluded": [
                {"disposition": each.disposition, "reason": shown(each.reason), "rows": each.rows}
                for each in log.excluded
            ],
            "reject_limit": log.reject_limit,
            "reject_share": log.reject_share,
        },
        "apart": [{"reason": each.reason, "events": each.rows} for each in facts.apart],
    }


def link_object(link: KeyLink) -> JsonObject:
    """One key between two systems, and how far it carries."""
    return {
        "id": link.id,
        "kind": link.kind,
        "systems": list(link.systems),
        "keys": list(link.keys),
        "distinct": list(link.distinct),
        "blank": list(link.blank),
        "later": list(link.later),
        "matched": link.matched,
        "comparisons": [_comparison(each) for each in link.comparisons],
        "doubt": link.doubt,
        "mend": _spelling(link.mend),
        "as_of_us": link.as_of_us,
    }


def _comparison(each: KeyComparison) -> JsonObject:
    return {
        "spelling": _spelling(each.spelling),
        "declared": each.declared,
        "matched": each.matched,
        "ambiguous": each.ambiguous,
    }


def _spelling(spelling: Spelling) -> JsonObject:
    return {"steps": list(spelling.steps), "prefixes": list(spelling.prefixes)}
