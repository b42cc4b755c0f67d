"""Organisational units as logged, read as the roles of the model."""

from __future__ import annotations

from logs.labels import normalise_label
from mining.detection import Evidence
from reference_models.labels import role_index


def logged_units(evidence: Evidence) -> list[str]:
    """The distinct units of the log, in the order of text; none where it has no column for them."""
    return list(evidence.bound.units)


def known_units(evidence: Evidence) -> dict[str, str]:
    """Unit as logged → role id, for the units that the contract maps to roles."""
    known = role_index(evidence.model)
    return {
        unit: known[normalise_label(unit)]
        for unit in logged_units(evidence)
        if normalise_label(unit) in known
    }
