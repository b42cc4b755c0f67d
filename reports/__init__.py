"""Findings go out: HTML for people, canonical JSON for machines, two languages. Renderers never judge."""

from reports.audit_json import json_schema, to_json, write_json
from reports.discovery_json import discovery_json
from reports.output import OutputError
from reports.pseudonyms import Pseudonyms

__all__ = ["OutputError", "Pseudonyms", "discovery_json", "json_schema", "to_json", "write_json"]
