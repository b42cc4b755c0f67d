"""Names of places in a report, safe in a URL and stable from run to run."""

from __future__ import annotations

import hashlib
import re

_SAFE = re.compile(r"[0-9A-Za-z_-]{1,64}")


def finding_anchor(rule_id: str) -> str:
    """Of a finding."""
    return f"f-{_digest(rule_id)}"


def group_anchor(key: str) -> str:
    """Of the findings of one deadline table and kind."""
    return f"g-{_digest(key)}"


def family_anchor(family: str) -> str:
    """Of a family of findings."""
    return f"family-{family}"


def clock_anchor(deadline: str) -> str:
    """Of the on-time rates of a clock."""
    return f"r-{_digest(deadline)}"


def indicator_anchor(id: str) -> str:
    """Of a planned figure."""
    return f"i-{_digest(id)}"


def case_anchor(case_id: str) -> str:
    """Of a case file."""
    return f"c-{_digest(case_id)}"


def occurrence_anchor(fingerprint: str) -> str:
    """Of an occurrence: the place to cite."""
    return f"o-{fingerprint if _SAFE.fullmatch(fingerprint) else _digest(fingerprint)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
