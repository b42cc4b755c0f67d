"""The published JSON Schemas (2020-12) of what is written for machines."""

from __future__ import annotations

import json
from importlib.resources import files

from reports.canonical import JsonObject

AUDIT, ALIGNMENT = "walkthrough-audit/1", "walkthrough-alignment/1"
"""Names of the formats, as the documents say them in `format`."""


def json_schema(form: str = AUDIT) -> JsonObject:
    """The schema of a format. Raises FileNotFoundError for one that there is not."""
    name = form.removeprefix("walkthrough-").replace("/", "-")
    text = files("reports").joinpath("schema", f"{name}.schema.json").read_text(encoding="utf-8")
    schema: JsonObject = json.loads(text)
    return schema
