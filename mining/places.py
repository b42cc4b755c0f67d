"""Who did which step of which variant: what many cases share is judged once."""

from __future__ import annotations

import ibis.expr.types as ir

from mining.detection import Evidence

PLACES = "shared_places"


def places(evidence: Evidence) -> ir.Table:
    """variant, pos, activity_id, role (as logged), n: how many cases of the variant have their step at `pos`
    done by that unit."""
    if PLACES not in evidence.tables:
        case_variants = evidence.conformance.variants.case_variants
        steps = evidence.bound.steps.select("case_id", "pos", "activity_id", "role")
        placed = steps.inner_join(case_variants, "case_id")
        counted = placed.group_by("variant", "pos", "activity_id", "role").agg(n=placed.count())
        evidence.tables[PLACES] = evidence.bound.store(PLACES, counted)
    return evidence.tables[PLACES]
