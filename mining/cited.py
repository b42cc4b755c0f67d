"""The occurrences as they leave the engine, with the places of their evidence in the input."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from mining.bound_log import BoundLog

ORDER = ["rule_id", "case_id", "anchor", "fingerprint"]


def with_sources(bound: BoundLog, table: ir.Table) -> pd.DataFrame:
    """OCCURRENCE_COLUMNS, source_files and source_rows, in ORDER.

    Parallel to `rows`: the file of each row (index into the files read) and its number there, as a
    spreadsheet counts it.
    """
    numbered = bound.store("numbered", table.mutate(nth=ibis.row_number().over(order_by=ORDER)))
    cited = numbered.select("nth", row_no="rows").unnest("row_no", offset="at")
    places = bound.log.every_row.select("row_no", "file_no", "source_row")
    found = cited.inner_join(places, "row_no").order_by("nth", "at").drop("row_no", "at")
    found = found.to_pyarrow().to_pandas()  # Ibis' own way out takes five times as long
    frame: pd.DataFrame = numbered.order_by("nth").drop("nth").to_pyarrow().to_pandas()
    bound.log.backend.drop_table("numbered")
    begins = np.searchsorted(found["nth"].to_numpy(), np.arange(1, len(frame)))
    for column, of in (("source_files", "file_no"), ("source_rows", "source_row")):
        lists = np.split(found[of].to_numpy(), begins)[: len(frame)]
        frame[column] = pd.Series(lists, index=frame.index, dtype=object)
    return frame
