"""What the traces alone settle, variant by variant: most cases do what a rule asks for, in plain order."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import pandas as pd

from mining.declare.templates import Form, Search
from mining.detection import Evidence
from reference_models.model import DeclareRule


def settled_by_trace(
    evidence: Evidence, rule: DeclareRule, search: Search, name: str
) -> tuple[ir.Table | None, int]:
    """Cases (case_id) whose trace leaves the rule open; how many activations of the others are conformant.

    Later in the trace is not earlier in time, so where every activation finds what it looks for in the trace
    the case keeps a rule that asks for no more than that: without limit and conditions, for what must come
    somewhere in a direction, between steps of the flow. None: the rule asks for more.
    """
    activities = evidence.model.activities
    activation, wanted = (rule.target, rule.activity) if search.by_target else (rule.activity, rule.target)
    asks_more = rule.limit or rule.when or rule.activity_when or rule.target_when
    if asks_more or search.barred or search.form is not Form.PLAIN or activation is None or wanted is None:
        return None, 0
    if not all(activities[each].in_flow for each in (activation, wanted)):
        return None, 0
    known = evidence.conformance.variants
    open_, activations = [], 0
    for number, (variant, cases) in enumerate(zip(known.variants, known.cases, strict=True), start=1):
        if _finds(variant.trace, activation, wanted, search):
            activations += cases * variant.trace.count(activation)
        else:
            open_.append(number)
    variants = evidence.bound.upload(f"{name}_open", pd.DataFrame({"variant": open_}), {"variant": "int64"})
    return known.case_variants.semi_join(variants, "variant").select("case_id"), activations


def _finds(trace: Sequence[str], activation: str, wanted: str, search: Search) -> bool:
    at = [place for place, activity in enumerate(trace) if activity == activation]
    there = [place for place, activity in enumerate(trace) if activity == wanted]
    if not at:
        return True
    after = search.forward and bool(there) and max(there) > max(at)
    before = search.backward and bool(there) and min(there) < min(at)
    return after or before
