"""All occurrences that are not conformant, packed small enough to travel inside the page."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap

import numpy as np
import pandas as pd

from reports.canonical import JsonObject, JsonValue
from reports.occurrence_table import INTEGERS, flat, integers, numbers, strings
from reports.view.anchors import case_anchor, finding_anchor, occurrence_anchor
from reports.view.context import Context
from reports.view.evidence import case_name
from reports.view.texts import rule_texts
from reports.visible import visible

MOST = 250_000
"""Occurrences that a page carries; beyond that the first ones by rule, and the page says so."""

FINGERPRINT_DIGITS = 12
"""Digits of a fingerprint in the page's table: enough to find it in the JSON, and a megabyte less."""

ROWS = 6
"""Source rows of an occurrence that the page's table names; the JSON has all."""

_MINUTE = 60_000_000


@dataclass(frozen=True)
class OccurrenceData:
    """What the table of all occurrences is made of."""

    packed: str
    """Base64 of the zlib stream of the columns in JSON."""
    total: int
    carried: int


def occurrence_data(c: Context) -> OccurrenceData:
    """Pack the occurrence table, column by column.

    Times are to the minute and measures to two decimals; the audit's JSON has both exactly.
    """
    frame = c.audit.occurrences.iloc[:MOST]
    columns = {"lookup": _lookup(c, frame), **_columns(c, frame)}
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    packed = base64.b64encode(zlib.compress(text.encode("utf-8", "replace"))).decode("ascii")
    return OccurrenceData(packed, len(c.audit.occurrences), len(frame))


def _columns(c: Context, frame: pd.DataFrame) -> JsonObject:
    rules = {finding.rule.id: at for at, finding in enumerate(c.audit.findings)}
    fingerprints = [str(each) for each in strings(frame["fingerprint"])]
    own, related = _cases(c, frame)
    cases = sorted({*own, *(each for each in related if each)})
    case_at = {case: at for at, case in enumerate(cases)}
    anchors = {
        each.fingerprint
        for finding in c.audit.findings
        for each in (*finding.worst, *finding.look_alikes, *finding.warned)
    }
    return {
        "cases": [*map(visible, cases)],
        "rule": [rules.get(str(each), -1) for each in strings(frame["rule_id"])],
        "case": _deltas([case_at.get(each, -1) for each in own]),
        "related": [case_at.get(each, -1) if each else -1 for each in related],
        "verdict": strings(frame["verdict"]),
        "reason": strings(frame["reason"]),
        "ambiguous": [int(bool(each)) for each in frame["ambiguous"].tolist()],
        "fingerprint": "".join(each[:FINGERPRINT_DIGITS].ljust(FINGERPRINT_DIGITS) for each in fingerprints),
        "digits": FINGERPRINT_DIGITS,
        "cited": {
            str(at): occurrence_anchor(each) for at, each in enumerate(fingerprints) if each in anchors
        },
        "measure": [*starmap(_beside, zip(numbers(frame["measure"]), numbers(frame["limit"]), strict=True))],
        "limit": _limits(frame["limit"]),
        **_times(frame),
        **_sources(frame),
    }


def _cases(c: Context, frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Case and related case of every occurrence; those of another system than the log's bear its name."""
    between = {each.rule.id: each.rule for each in c.audit.findings if each.rule.systems}
    own, related = strings(frame["case_id"]), strings(frame["related_case"])
    if not between:
        return [str(each) for each in own], [str(each or "") for each in related]
    rules = [between.get(str(each)) for each in strings(frame["rule_id"])]
    return (
        [
            case_name(str(case), rule, 0, c) if rule and c.audit.foreign(rule) else str(case)
            for case, rule in zip(own, rules, strict=True)
        ],
        [
            case_name(str(case or ""), rule, 1, c) if rule else str(case or "")
            for case, rule in zip(related, rules, strict=True)
        ],
    )


def _lookup(c: Context, frame: pd.DataFrame) -> JsonObject:
    """Words of the columns: rules, verdicts, reasons, units, the cases that have a file."""
    reasons = sorted({str(each) for each in strings(frame["reason"]) if each})
    return {
        "rules": [
            {
                "title": visible(rule_texts(finding.rule, c.names).title),
                "anchor": finding_anchor(finding.rule.id),
                "family": finding.rule.family.value,
                "severity": finding.severity.name.lower(),
                "unit": finding.rule.unit,
            }
            for finding in c.audit.findings
        ],
        "reasons": {each: visible(c.names.reason(each)) for each in reasons},
        "walks": {visible(case): case_anchor(case) for case in sorted(c.audit.case_files)},
        "files": [visible(c.file(each.name)) for each in c.audit.provenance.files],
    }


def _sources(frame: pd.DataFrame) -> JsonObject:
    """Source rows: how many an occurrence has, and of the first ones file and row, one after the other."""
    files, sizes = flat(frame["source_files"])
    rows, _ = flat(frame["source_rows"])
    place = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shown = place < ROWS
    steps = np.where(place == 0, rows, np.diff(rows, prepend=0))
    return {
        "evidence": sizes.tolist(),
        "shown": ROWS,
        "source_file": files[shown].tolist(),
        "source_row": steps[shown].tolist(),
    }


def _deltas(values: Sequence[int]) -> list[JsonValue]:
    """Differences from one to the next: small numbers compress well."""
    return [*values[:1], *(b - a for a, b in pairwise(values))]


def _limits(column: pd.Series) -> list[JsonValue]:
    """There are few limits for many occurrences."""
    shown = {each: _beside(each, None) for each in numbers(column.drop_duplicates())}
    return [shown[each] for each in numbers(column)]


def _beside(value: float | None, limit: float | None) -> JsonValue:
    """Two decimals, or as many as it takes to tell a measure from its limit and from nothing."""
    if value is None:
        return None
    digits = next((d for d in range(2, 9) if round(value, d) not in _told_apart(value, limit, d)), 9)
    short = round(value, digits)
    return int(short) if short.is_integer() else short


def _told_apart(value: float, limit: float | None, digits: int) -> set[float]:
    return {round(other, digits) for other in (0.0, limit) if other is not None and other != value}


def _times(frame: pd.DataFrame) -> JsonObject:
    """Minutes: the start since the epoch, due and end since the start (or the epoch, where no start is)."""
    minutes = {
        name: (pd.to_numeric(frame[name], errors="coerce").astype("Float64") // _MINUTE).astype("Int64")
        for name in INTEGERS
    }
    base = minutes["start_us"].fillna(0)
    shifted = {
        "start": minutes["start_us"],
        "due": minutes["due_us"] - base,
        "end": minutes["end_us"] - base,
    }
    return {name: integers(column) for name, column in shifted.items()}
