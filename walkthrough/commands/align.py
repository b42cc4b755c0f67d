"""`walkthrough align`: a log against a model of any tool."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from logs import read
from logs.event_log import EventLog, Provenance
from mining.align_log import AlignedVariant, LogAlignment, align_log
from reference_models.net_files import NetFile, read_net_file
from reports.canonical import JsonObject, JsonValue, canonical
from reports.schemas import ALIGNMENT
from walkthrough.terminal import tell

SHOWN = 10
"""Variants shown in the table."""
SIGNS = {"log": "+", "model": "-"}
"""Before a deviating activity in the table: surplus in the log, missing in the log."""


def run_align(
    logs: Sequence[str],
    *,
    model: Path,
    mapping: Path | None,
    filters: Sequence[str],
    seconds: float,
    as_json: bool,
    stage: Callable[[str], None],
) -> None:
    """Run the whole command."""
    began = time.perf_counter()
    stage("model")
    net = read_net_file(model)
    phases = {"model": time.perf_counter() - began}
    stage("read")
    since = time.perf_counter()
    with read(logs, mapping, filters=filters) as log:
        phases["read"] = time.perf_counter() - since
        stage("align")
        result = align_log(log, net.net, str(model), seconds=seconds)
        notes = list(_notes(net, log, result))
        provenance = log.provenance
    stage("write")
    phases |= result.seconds
    phases["total"] = time.perf_counter() - began
    if as_json:
        tell(canonical(_document(result, provenance, model, notes, phases)).rstrip("\n"))
    else:
        tell("\n".join(_lines(result, provenance, notes, phases)))


def _notes(net: NetFile, log: EventLog, result: LogAlignment) -> Iterator[str]:
    """What was taken for granted, and what bounds the answer."""
    yield from net.assumed
    if log.labels:
        yield "the mapping's activities are not applied: labels are compared as they are spelled"
    if result.states is None:
        yield "the model has too many markings for the exact method; its precision is not measured"
    if result.exact_share not in (None, 1.0):
        yield "some costs are upper bounds, so the total is at most, and fitness at least, what is given"


def _document(
    result: LogAlignment,
    provenance: Provenance,
    model: Path,
    notes: Sequence[str],
    phases: dict[str, float],
) -> JsonObject:
    """`cost`: 1 per deviation. `moves`: visible ones; `position` counts the events of the trace from 0.

    Where `exact` is false, `cost` is an upper bound; an optimal alignment costs at least `lower_bound`.
    `ambiguous`: some optimal alignment does without the deviation. `seconds`: wall time by phase.
    """
    return {
        "format": ALIGNMENT,
        "model": {"file": str(model), "sha256": hashlib.sha256(model.read_bytes()).hexdigest()},
        "log": {
            "files": [{"name": each.name, "sha256": each.sha256} for each in provenance.files],
            "mapping_sha256": provenance.mapping_sha256,
            "filters": list(provenance.filters),
        },
        "rows": {
            "read": provenance.rows_read,
            "used": provenance.rows_used,
            "excluded": [
                {"disposition": each.disposition, "reason": each.reason, "rows": each.rows}
                for each in provenance.excluded
            ],
        },
        "notes": list(notes),
        "unknown_labels": list(result.unknown_labels),
        "cases": result.cases,
        "variants": len(result.variants),
        "states": result.states,
        "total_cost": result.total_cost,
        "total_lower_bound": result.total_lower_bound,
        "deviating_cases": result.deviating_cases,
        "undecided_cases": result.undecided_cases,
        "exact_share": result.exact_share,
        "fitness": result.fitness,
        "precision": result.precision,
        "seconds": {phase: round(spent, 6) for phase, spent in phases.items()},
        "per_variant": [_variant(each) for each in result.variants],
    }


def _variant(variant: AlignedVariant) -> JsonValue:
    return {
        "variant": variant.number,
        "cases": variant.cases,
        "cost": variant.alignment.cost,
        "lower_bound": variant.alignment.lower_bound,
        "exact": variant.alignment.exact,
        "mode": "complete",
        "trace": list(variant.trace),
        "moves": [dict(move._asdict()) for move in variant.moves],
    }


def _lines(
    result: LogAlignment, provenance: Provenance, notes: Sequence[str], phases: dict[str, float]
) -> Iterator[str]:
    lost = provenance.rows_read - provenance.rows_used
    undecided = f", {result.undecided_cases:,} undecided" if result.undecided_cases else ""
    least = f" (at least {result.total_lower_bound:,})" if result.exact_share not in (None, 1.0) else ""
    spent = (f"{phase} {seconds:.2f}" for phase, seconds in phases.items())
    head = {
        "rows": f"{provenance.rows_used:,} used, {lost:,} not used",
        "cases": f"{result.cases:,}, {result.deviating_cases:,} deviating{undecided}",
        "variants": f"{len(result.variants):,}",
        "total cost": f"{result.total_cost:,}{least}",
        "fitness": _share(result.fitness),
        "precision": _share(result.precision),
        "exact": f"{_share(result.exact_share)} of the cases",
        "unknown labels": ", ".join(result.unknown_labels) or "none",
        "seconds": ", ".join(spent),
    }
    yield from (f"{name:<16}{value}" for name, value in head.items())
    yield from (f"{'note':<16}{each}" for each in notes)
    yield ""
    legend = "deviations (+ surplus in the log, - missing in it, +? -? not in every optimal alignment)"
    yield f"{'variant':>7} {'cases':>7} {'cost':>7}  {legend}"
    for variant in result.variants[:SHOWN]:
        cost = f"{'' if variant.alignment.exact else '≤'}{variant.alignment.cost:,}"
        yield f"{variant.number:>7} {variant.cases:>7,} {cost:>7}  {_deviations(variant)}".rstrip()
    if len(result.variants) > SHOWN:
        yield f"… {len(result.variants) - SHOWN:,} further variants: --format json lists them all"


def _deviations(variant: AlignedVariant) -> str:
    return "; ".join(
        f"{SIGNS[move.kind]}{'?' if move.ambiguous else ''}{' '.join(move.activity.split())}"
        for move in variant.moves
        if move.kind in SIGNS
    )


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"
