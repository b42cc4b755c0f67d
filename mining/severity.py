"""How grave a rule's violations are: the contract's word, else a default, capped where only assumed."""

from __future__ import annotations

from mining.findings import Family, Severity
from reference_models.model import Authority, ReferenceModel, Standing

DEFAULTS: dict[str, Severity] = {
    "handoff": Severity.MEDIUM,
    "handoff.dropped": Severity.HIGH,
    "duplicate": Severity.HIGH,
    "duplicate.near": Severity.MEDIUM,
    "lost": Severity.HIGH,
    "lost.recorded_late": Severity.MEDIUM,
    "deadline": Severity.MEDIUM,
    "deadline.overdue_and_open": Severity.HIGH,
    "deadline.at_risk": Severity.INFO,  # a warning is no breach
    "rule": Severity.MEDIUM,
    "deviation": Severity.LOW,
    "deviation.skipped": Severity.MEDIUM,
}
"""Where a contract is silent, by 'family.kind' or 'family'."""


def severity_of(
    model: ReferenceModel, rule_id: str, family: Family, kind: str, authority: Authority
) -> Severity:
    """The most specific word of the contract, else of DEFAULTS; at most LOW for an assumed criterion."""
    keys = (rule_id, f"{family}.{kind}", str(family))
    stated = next((model.severity[key] for key in keys if key in model.severity), None)
    if stated is not None:
        level = Severity[stated.upper()]
    else:
        level = next(DEFAULTS[key] for key in keys if key in DEFAULTS)
    return capped(level, authority)


def capped(level: Severity, authority: Authority) -> Severity:
    """The level that a criterion can bear: at most LOW where it is only assumed."""
    return min(level, Severity.LOW) if authority.standing is Standing.ASSUMED else level
