"""What raises a finding above its rule's severity: the factors that the contract declares."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from mining.deadlines import attribute
from mining.findings import Raised, Rule, Severity
from mining.severity import capped
from reference_models.model import ReferenceModel, SeverityFactor


def raising_factors(
    model: ReferenceModel, rules: Mapping[str, Rule], violated: ir.Table, cases: ir.Table
) -> dict[str, tuple[Raised, ...]]:
    """Per rule id the declared factors that raise its finding: at least one violated occurrence meets each.

    `violated`: OCCURRENCE_COLUMNS, the violated ones of all rules. `cases`: case_id and the attributes that
    the log has; a class that it does not have is met by no case. A factor that would not raise the rule's
    own severity is left out.
    """
    factors = {
        f"factor_{number}": each
        for number, each in enumerate(model.severity_factors)
        if each.factor != "class" or each.attribute in cases.columns
    }
    if not factors:
        return {}
    classes = {
        name: attribute(cases, model, each.attribute)
        for name, each in factors.items()
        if each.factor == "class"
    }
    judged = violated.left_join(cases.select("case_id", **classes), "case_id")
    met = {name: _met(judged, name, each).fill_null(False).cast("int64") for name, each in factors.items()}
    counted = judged.group_by("rule_id").agg(**{name: each.sum() for name, each in met.items()}).to_pandas()
    found: dict[str, tuple[Raised, ...]] = {}
    for record in counted.to_dict("records"):
        rule = rules[str(record["rule_id"])]
        found[rule.id] = tuple(
            Raised(each, level, int(record[name]))
            for name, each in factors.items()
            if record[name]
            and each.speaks_of(rule.id)
            and (level := capped(Severity[each.to.upper()], rule.authority)) > rule.severity
        )
    return found


def _met(judged: ir.Table, name: str, factor: SeverityFactor) -> ir.BooleanValue:
    """Whether an occurrence meets a factor; null where what it looks at is missing."""
    if factor.factor == "class":
        return judged[name].isin(factor.categories)
    if factor.factor == "exposure":
        return judged.amount >= factor.least
    return (judged["limit"] > 0) & (judged.measure >= factor.least * judged["limit"])
