"""Small tables on their way into a log's engine."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from logs.event_log import EventLog


def upload(log: EventLog, name: str, frame: pd.DataFrame, schema: dict[str, str]) -> ir.Table:
    """Bring a small table into the log's engine, typed as `schema` says; missing values are null."""
    typed = pa.Table.from_pandas(
        frame[list(schema)], schema=ibis.schema(schema).to_pyarrow(), preserve_index=False
    )
    return log.backend.create_table(name, typed, overwrite=True)
