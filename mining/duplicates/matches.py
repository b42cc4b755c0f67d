"""Why a pair matched, field by field: a column of the occurrence table."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from mining.duplicates.orders import DAY_US, is_number
from mining.findings import OCCURRENCE_COLUMNS
from reference_models.duplicates import DuplicateIdentity, NearDuplicate, Tolerance


def tolerance_of(tolerance: Tolerance, first: ir.Value, second: ir.Value) -> ir.FloatingValue:
    """Greatest difference of two numbers: the wider of the absolute and the relative one."""
    relative = ibis.greatest(first.abs(), second.abs()) * (tolerance.relative or 0.0)
    return ibis.greatest(ibis.literal(tolerance.absolute or 0.0), relative)


def matched(
    evidence: Evidence, identity: DuplicateIdentity, pairs: ir.Table, near: NearDuplicate | None
) -> ir.Value:
    """One entry per attribute of the identity, and one without a name for the date.

    `pairs` has, for every attribute number i that has a similarity, `similar_i`.
    """
    tolerances = {each.attribute: each for each in near.tolerances} if near else {}
    entries = [
        _entry(pairs, at, name, tolerances.get(name), is_number(evidence, name))
        for at, name in enumerate(identity.same)
    ]
    gap = (pairs.t_us - pairs.first_t_us) / DAY_US
    within = near.within_days if near else identity.within_days
    entries.append(_struct("", "date", None, None, gap, ibis.literal(within)))
    return ibis.array(entries).cast(OCCURRENCE_COLUMNS["matched"])


def _entry(pairs: ir.Table, at: int, name: str, tolerance: Tolerance | None, number: bool) -> ir.Value:
    first, second = pairs[f"first_raw_{at}"], pairs[f"raw_{at}"]
    if number:
        a, b = pairs[f"first_num_{at}"], pairs[f"num_{at}"]
        how = ibis.ifelse(a == b, "equal", "within")
        measure, limit = ((a - b).abs(), tolerance_of(tolerance, a, b)) if tolerance else (None, None)
        return _struct(name, how, first, second, measure, limit)
    spelling = pairs[f"first_key_{at}"] == pairs[f"key_{at}"]
    how = ibis.cases((first == second, "equal"), (spelling, "spelling"), else_="similar")
    if tolerance is None:
        return _struct(name, how, first, second, None, None)
    return _struct(name, how, first, second, pairs[f"similar_{at}"], ibis.literal(tolerance.similarity))


def _struct(
    field: str,
    how: ir.StringValue | str,
    first: ir.Value | None,
    second: ir.Value | None,
    measure: ir.Value | None,
    limit: ir.Value | None,
) -> ir.Value:
    return ibis.struct(
        {
            "field": ibis.literal(field),
            "how": how if isinstance(how, ir.Value) else ibis.literal(how),
            "first": ibis.null("string") if first is None else first,
            "second": ibis.null("string") if second is None else second,
            "measure": ibis.null("float64") if measure is None else measure.cast("float64"),
            "limit": ibis.null("float64") if limit is None else limit.cast("float64"),
        }
    )
