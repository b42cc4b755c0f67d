"""What the tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from logs import EventLog, Mapping, read

LONG = Mapping(case="case", activity="activity", time="time")


def accounted(log: EventLog) -> dict[str, int]:
    """Assert that no row is lost; returns rows by reason."""
    provenance = log.provenance
    by_reason = {count.reason: count.rows for count in provenance.excluded}
    assert provenance.rows_read == provenance.rows_used + sum(by_reason.values())
    assert provenance.rows_read == sum(file.rows_read for file in provenance.files)
    return by_reason


def events(log: EventLog) -> pd.DataFrame:
    return log.events.order_by("row_no").to_pandas()


def excluded(log: EventLog) -> list[tuple[int, str, str | None]]:
    table = log.excluded.order_by(["file_no", "source_row"]).to_pandas()
    return [(int(r.source_row), r.reason, None if pd.isna(r.value) else r.value) for r in table.itertuples()]


def read_text(
    folder: Path, text: str, mapping: Mapping | None = LONG, *, encoding: str = "utf-8"
) -> EventLog:
    path = folder / "log.csv"
    path.write_bytes(text.encode(encoding))
    return read(path, mapping)
