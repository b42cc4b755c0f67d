"""What was mined without a reference, as canonical JSON."""

from __future__ import annotations

from collections.abc import Callable

from logs.event_log import Provenance
from mining.findings import Discovery, TreeQuality
from reports.canonical import JsonObject, canonical
from reports.pseudonyms import Pseudonyms

DISCOVERY_FORMAT = "walkthrough-discovery/1"


def discovery_json(discovery: Discovery, provenance: Provenance, people: Pseudonyms | None = None) -> str:
    """Map, process tree and accounting of a log as canonical JSON.

    `log` counts `events`, `cases`, `variants` and `activities`. Where the log has no units, handovers are
    between persons, and these are shown by `people` (default: as they are).
    """
    shown = people or Pseudonyms.plain()
    persons_hand_over = "role" not in provenance.fields
    unit = shown.of if persons_hand_over else _same
    return canonical(
        {
            "format": DISCOVERY_FORMAT,
            "log": {
                "events": discovery.events,
                "cases": discovery.cases,
                "variants": discovery.variants,
                "activities": len(discovery.nodes),
            },
            "input": input_object(provenance, _same),
            "window": window_object(provenance),
            "rows": {
                "read": provenance.rows_read,
                "used": provenance.rows_used,
                "excluded": [
                    {"disposition": each.disposition, "reason": each.reason, "rows": each.rows}
                    for each in provenance.excluded
                ],
                "cells_rejected": provenance.cells_rejected,
                "reject_limit": provenance.reject_limit,
                "reject_share": provenance.reject_share,
            },
            "discovery": discovery_object(discovery, unit),
        }
    )


def discovery_object(discovery: Discovery, unit: Callable[[str], str]) -> JsonObject:
    """The discovered map; `unit` shows a unit of the handover network."""
    return {
        "events": discovery.events,
        "cases": discovery.cases,
        "variants": discovery.variants,
        "nodes": [
            {"activity": each.activity, "known": each.known, "events": each.events, "cases": each.cases}
            for each in discovery.nodes
        ],
        "edges": [
            {
                "source": each.source,
                "target": each.target,
                "count": each.count,
                "cases": each.cases,
                "median_wait_us": each.median_wait_us,
                "mean_wait_us": each.mean_wait_us,
            }
            for each in discovery.edges
        ],
        "handovers": [
            {"source": unit(each.source), "target": unit(each.target), "count": each.count}
            for each in discovery.handovers
        ],
        "tree": discovery.tree,
        "tree_noise": discovery.tree_noise,
        "tree_coverage": discovery.tree_coverage,
        "tree_quality": _quality(discovery.tree_quality),
    }


def _quality(measured: TreeQuality | None) -> JsonObject | None:
    return None if measured is None else dict(vars(measured))


def input_object(log: Provenance, shown: Callable[[str], str]) -> JsonObject:
    """Files, mapping and reading; `shown` takes persons' names out of the user's own texts."""
    text = shown(log.mapping_text)
    return {
        "files": [
            {
                "name": each.name,
                "sha256": each.sha256,
                "size": each.size,
                "format": each.format,
                "encoding": each.encoding,
                "encoding_reason": each.encoding_reason,
                "delimiter": each.delimiter,
                "sheet": each.sheet,
                "rows_read": each.rows_read,
                "query": each.query,
                "source": each.source,
                "delta": None if each.delta is None else {**vars(each.delta)},
            }
            for each in log.files
        ],
        "mapping": {
            "text": text,
            "redacted": text != log.mapping_text,
            "sha256": log.mapping_sha256,
            "origin": log.mapping_origin,
            "reasons": [shown(each) for each in log.mapping_reasons],
        },
        "zone": log.zone,
        "layout": log.layout,
        "filters": [shown(each) for each in log.filters],
        "fields": [*sorted(log.fields)],
        "attributes": list(log.attributes),
        "headings": [{"column": column, "heading": heading} for column, heading in log.headings],
    }


def window_object(log: Provenance) -> JsonObject:
    """The window of the export, as the mapping states it."""
    window = log.window
    return {"from_us": window.from_us, "until_us": window.until_us, "selection": window.selection}


def _same(text: str) -> str:
    return text
