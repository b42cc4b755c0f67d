"""Names of places in a report, safe in a URL and stable from run to run."""

from __future__ import annotations

import hashlib
import re

_SAFE = re.compile(r"[0-9A-Za-z_-]{1,64}")


def finding_anchor(rule_id: str) -> str:
    """Of a finding."""
    return f"f-{_digest(rule_id)}"


def case_anchor(case_id: str) -> str:
    """Of a case file."""
    return f"c-{_digest(case_id)}"


def occurrence_anchor(fingerprint: str) -> str:
    """Of an occurrence: the place to cite."""
    return f"o-{fingerprint if _SAFE.fullmatch(fingerprint) else _digest(fingerprint)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
