"""Small logs for the tests of mining: CSV text in, audits out."""

from __future__ import annotations

import tempfile
import textwrap
from datetime import datetime
from functools import cache
from pathlib import Path

import mining
from logs import Mapping, read
from logs.event_log import EventLog
from mining.audit import audit
from mining.audit_result import Audit
from reference_models import ReferenceModel, load

EXAMPLES = Path(mining.__file__).parent / "examples"
ATTRIBUTES = ("grade", "lines", "item", "amount")
OPTIONAL = {
    "start": "start",
    "role": "role",
    "resource": "resource",
    "lifecycle": "lifecycle",
    "event_id": "event_id",
}


@cache
def example_model() -> ReferenceModel:
    """The small order of `mining/examples`."""
    return load(str(EXAMPLES))


def us(text: str) -> int:
    """Microseconds since the epoch of an instant with offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def read_text(text: str, **mapping: object) -> EventLog:
    """Read CSV text whose headings are case, activity, time and, if there, the optional ones."""
    lines = textwrap.dedent(text).strip() + "\n"
    heading = lines.splitlines()[0].split(",")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text(lines, encoding="utf-8")
        columns = {key: name for key, name in OPTIONAL.items() if name in heading}
        attributes = {name: name for name in ATTRIBUTES if name in heading}
        return read(
            path,
            Mapping(
                case="case", activity="activity", time="time", **columns, attributes=attributes, **mapping
            ),
        )


def audit_text(
    text: str, as_of: str | None = None, model: ReferenceModel | None = None, **mapping: object
) -> Audit:
    """Audit CSV text against the example model."""
    with read_text(text, **mapping) as log:
        return audit(
            log, model or example_model(), tool_version="test", as_of_us=us(as_of) if as_of else None
        )


def found(result: Audit, verdict: str = "violated") -> list[tuple[str, str]]:
    """(rule id, case) of all occurrences of a verdict, sorted."""
    table = result.occurrences
    return sorted(
        zip(*(table.loc[table["verdict"] == verdict, c] for c in ("rule_id", "case_id")), strict=True)
    )
