"""Cases to walk through and the source rows that findings point to."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import ibis.expr.types as ir
import pandas as pd

from logs.labels import normalise_label
from mining.bound_log import BESIDE, BoundLog
from mining.cells import text
from mining.conformance import Conformance
from mining.findings import CaseFile, Finding, SourceRow
from reference_models.labels import label_index

LONGEST_TIMELINE = 200
"""Events of a case shown; a longer one is cut and says so."""


def case_files(bound: BoundLog, aligned: Conformance, cases: Iterable[str]) -> dict[str, CaseFile]:
    """The named cases with all their events and the path of the model they come nearest to."""
    wanted = _wanted(bound, "wanted_cases", {"case_id": list(cases)}, "string")
    attributes = bound.log.provenance.attributes
    judged = bound.cases.inner_join(wanted, "case_id").inner_join(aligned.variants.case_variants, "case_id")
    values = bound.log.cases.semi_join(wanted, "case_id").to_pandas().to_dict("records")
    stated = {str(row["case_id"]): _texts(row, attributes) for row in values}
    events = bound.events.inner_join(wanted, "case_id").order_by("case_id", "t_us", "row_no").to_pandas()
    by_case = events.groupby("case_id", sort=False)
    length = by_case.size().to_dict()
    timelines: dict[str, list[SourceRow]] = {}
    # All at once: a frame per case costs more than its rows.
    for row in events[by_case.cumcount() < LONGEST_TIMELINE].to_dict("records"):
        timelines.setdefault(str(row["case_id"]), []).append(_source_row(bound, row))
    files = {}
    for row in judged.order_by("case_id").to_pandas().to_dict("records"):
        case, variant = str(row["case_id"]), int(row["variant"])
        files[case] = CaseFile(
            case_id=case,
            variant=variant,
            status="closed" if row["closed"] else "open",
            attributes=stated[case],
            timeline=tuple(timelines[case]),
            moves=aligned.visible[variant - 1],
            truncated=max(0, length[case] - LONGEST_TIMELINE),
        )
    return files


def _texts(row: Mapping[Hashable, object], names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(attribute, value) of a case, where it has a value."""
    return tuple((name, str(row[name])) for name in names if isinstance(row[name], str))


def evidence_rows(bound: BoundLog, findings: Iterable[Finding]) -> dict[int, SourceRow]:
    """The source rows that the findings' worst, look-alike and warned occurrences name, by row_no."""
    shown = [each for f in findings for each in (*f.worst, *f.look_alikes, *f.warned)]
    numbers = sorted({row for occurrence in shown for row in occurrence.rows})
    wanted = _wanted(bound, "wanted_rows", {"row_no": numbers}, "int64")
    rows = bound.events.inner_join(wanted, "row_no").order_by("row_no").to_pandas()
    found = {int(r["row_no"]): _source_row(bound, r) for r in rows.to_dict("records")}
    return {**found, **_rows_elsewhere(bound, wanted, found)}


def _rows_elsewhere(
    bound: BoundLog, wanted: ir.Table, known: Mapping[int, SourceRow]
) -> dict[int, SourceRow]:
    """Rows of systems whose events are not in the log, with their own case ids and labels."""
    index = label_index(bound.model)
    found: dict[int, SourceRow] = {}
    for system in bound.log.systems[1:]:
        rows = system.events.inner_join(wanted, "row_no").order_by("row_no").to_pandas()
        stated = dict(system.labels)
        for row in rows.to_dict("records"):
            if int(row["row_no"]) in known:
                continue
            label = str(row["activity"])
            activity = stated.get(label) or index.get(normalise_label(label))
            read = {**row, "activity_id": None if activity == BESIDE else activity}
            found[int(row["row_no"])] = _source_row(bound, read)
    return found


def _wanted(bound: BoundLog, name: str, values: Mapping[str, Sequence[object]], kind: str) -> ir.Table:
    return bound.upload(name, pd.DataFrame(values), dict.fromkeys(values, kind))


def _source_row(bound: BoundLog, row: Mapping[Hashable, object]) -> SourceRow:
    row_no, file_no, source_row, t_us = (
        int(str(row[n])) for n in ("row_no", "file_no", "source_row", "t_us")
    )
    return SourceRow(
        row_no=row_no,
        file=bound.log.provenance.files[file_no].name,
        row=source_row,
        case_id=str(row["case_id"]),
        activity=str(row["activity"]),
        activity_id=text(row["activity_id"]),
        t_us=t_us,
        resource=text(row["resource"]),
        role=text(row["role"]),
        lifecycle=text(row["lifecycle"]),
    )
