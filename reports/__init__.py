"""Findings go out: HTML for people, canonical JSON for machines, two languages. Renderers never judge."""

from reports.audit_json import to_json, write_json
from reports.diff import AuditDiff, diff_audits
from reports.discovery_json import discovery_json
from reports.html import write_discovery_html, write_html
from reports.output import OutputError
from reports.pseudonyms import Pseudonyms
from reports.schemas import json_schema

__all__ = [
    "AuditDiff",
    "OutputError",
    "Pseudonyms",
    "diff_audits",
    "discovery_json",
    "json_schema",
    "to_json",
    "write_discovery_html",
    "write_html",
    "write_json",
]
