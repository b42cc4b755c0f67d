"""Small logs for the tests of mining: CSV text in, audits out."""

from __future__ import annotations

import tempfile
import textwrap
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path

import mining
from logs import Mapping, dump_mapping, read
from logs.event_log import EventLog
from logs.systems import read_systems
from mining.audit import audit
from mining.audit_result import Audit
from mining.bound_log import bind
from mining.conformance import conformance
from mining.detection import Detector, Evidence
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


def read_systems_text(text: str, as_of: str | None = None, **mapping: object) -> EventLog:
    """Read CSV text with a column `system`: the rows of each make an export of its own, in order of name."""
    heading, *rows = textwrap.dedent(text).strip().splitlines()
    at = heading.split(",").index("system")
    columns = [*heading.split(",")[:at], *heading.split(",")[at + 1 :]]
    parts: dict[str, list[str]] = {}
    for row in rows:
        cells = row.split(",")
        parts.setdefault(cells.pop(at), []).append(",".join(cells))
    attributes = {name: name for name in columns if name in ATTRIBUTES}
    plain = {key: name for key, name in OPTIONAL.items() if name in columns}
    said = Mapping(case="case", activity="activity", time="time", attributes=attributes, **plain, **mapping)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "mapping.yaml").write_text(dump_mapping(said), encoding="utf-8")
        lines = ["sources:"]
        for name in sorted(parts):
            (place / f"{name}.csv").write_text("\n".join([",".join(columns), *parts[name], ""]), "utf-8")
            lines.append(f"  {name}: {{files: {name}.csv, mapping: mapping.yaml}}")
        (place / "sources.yaml").write_text("\n".join(lines), encoding="utf-8")
        return read_systems(place / "sources.yaml", as_of_us=us(as_of) if as_of else None)


def judged_alone(detector: Detector, text: str, as_of: str) -> Counter[tuple[str, str]]:
    """Occurrences per (rule id, verdict) of one detector on CSV text: a fraction of a whole audit's time."""
    counts: Counter[tuple[str, str]] = Counter()
    several = "system" in textwrap.dedent(text).strip().splitlines()[0].split(",")
    with read_systems_text(text, as_of) if several else read_text(text) as log:
        bound = bind(log, example_model(), us(as_of))
        detection = detector.detect(Evidence(bound, conformance(bound)))
        if detection.occurrences is not None:
            listed = detection.occurrences.select("rule_id", "verdict").execute()
            counts.update(zip(listed["rule_id"], listed["verdict"], strict=True))
        if detection.conformant is not None:
            for rule, n in detection.conformant.execute()[["rule_id", "n"]].itertuples(index=False):
                counts[rule, "conformant"] += int(n)
    return counts


def audit_text(
    text: str, as_of: str | None = None, model: ReferenceModel | None = None, **mapping: object
) -> Audit:
    """Audit CSV text against the example model."""
    several = "system" in textwrap.dedent(text).strip().splitlines()[0].split(",")
    with read_systems_text(text, as_of, **mapping) if several else read_text(text, **mapping) as log:
        return audit(
            log, model or example_model(), tool_version="test", as_of_us=us(as_of) if as_of else None
        )


def found(result: Audit, verdict: str = "violated") -> list[tuple[str, str]]:
    """(rule id, case) of all occurrences of a verdict, sorted."""
    table = result.occurrences
    return sorted(
        zip(*(table.loc[table["verdict"] == verdict, c] for c in ("rule_id", "case_id")), strict=True)
    )
