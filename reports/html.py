"""HTML reports: one file each, nothing loaded from anywhere, nothing in it runs but our own script."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from logs.event_log import Provenance
from mining.audit_result import Audit
from mining.findings import Discovery
from reports.catalogue import Catalogue, catalogue
from reports.diff import AuditDiff
from reports.output import collector_paused, write_atomically
from reports.pseudonyms import Pseudonyms
from reports.view.discovery_page import discovery_page
from reports.view.page import page
from reports.visible import shown

SCRIPT_WORDS = (
    "table.page",
    "table.none",
    "table.previous",
    "table.next",
    "table.failed",
    "table.found",
    "table.ambiguous",
    "table.more_rows",
    "family.handoff",
    "family.duplicate",
    "family.lost",
    "family.deadline",
    "family.rule",
    "family.deviation",
    "severity.high",
    "severity.medium",
    "severity.low",
    "severity.info",
    "fact.start",
    "fact.due",
    "fact.end",
    "verdict.violated",
    "verdict.conformant",
    "verdict.pending",
    "verdict.not_determinable",
    "unit.working_days",
    "unit.days",
    "unit.hours",
    "unit.returns",
    "unit.orders",
    "unit.events",
)
"""Texts that the script shows."""


def write_html(
    audit: Audit, path: Path, *, lang: str, people: Pseudonyms, diff: AuditDiff | None = None
) -> Path:
    """Write the report of an audit as one self-contained HTML file.

    `lang` is 'zh' or 'en'; `diff` adds what changed since an earlier audit. Returns the path. Raises
    OutputError where the file cannot be written, ValueError for another language.
    """
    return write_atomically(path, render(audit, lang, people, diff))


def write_discovery_html(
    discovery: Discovery, provenance: Provenance, path: Path, lang: str, people: Pseudonyms | None = None
) -> Path:
    """Write what was mined without a reference as one self-contained HTML file. Raises as `write_html`."""
    shown_page = discovery_page(discovery, provenance, lang, people or Pseudonyms.plain())
    text = _render("discovery.html.j2", catalogue(lang), page=shown_page)
    return write_atomically(path, _bytes(text))


def render(audit: Audit, lang: str, people: Pseudonyms, diff: AuditDiff | None = None) -> bytes:
    """The bytes of `write_html`: the same audit gives the same."""
    with collector_paused():
        return _bytes(_render("report.html.j2", catalogue(lang), page=page(audit, lang, people, diff)))


def _render(template: str, t: Catalogue, **values: object) -> str:
    css, script = _static("report.css"), _static("report.js")
    return (
        _environment()
        .get_template(template)
        .render(
            t=t,
            language={"zh": "zh-CN", "en": "en"}[t.lang],
            css=Markup(css),
            script=Markup(script),
            policy=policy(css, script),
            words={key: _word(t, key) for key in SCRIPT_WORDS},
            **values,
        )
    )


def _word(t: Catalogue, key: str) -> str | tuple[str, ...]:
    """A text, or all forms of a text that counts."""
    return t.texts[key] if key.startswith("unit.") else t.texts[key][0]


def policy(css: str, script: str) -> str:
    """The Content Security Policy of a report: our style, our script, nothing else (W3C CSP Level 3)."""
    return (
        f"default-src 'none'; style-src '{_source(css)}'; script-src '{_source(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"sha256-{digest}"


@lru_cache
def _static(name: str) -> str:
    text = files("reports").joinpath("static", name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "xmlcharrefreplace")
