"""Conditions on attributes as engine expressions."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from mining.deadlines import attribute
from reference_models.model import Comparison, ReferenceModel


def holds(table: ir.Table, model: ReferenceModel, conditions: Iterable[Comparison]) -> ir.BooleanValue:
    """Whether all conditions hold of a row of `table`; null where an attribute is missing or unreadable
    and no other condition fails. The table has a column of text for every attribute asked for."""
    parts = [part for each in conditions for part in _parts(attribute(table, model, each.attribute), each)]
    return ibis.and_(*parts) if parts else ibis.literal(True)


def _parts(value: ir.Value, condition: Comparison) -> list[ir.BooleanValue]:
    parts = []
    if condition.one_of:
        parts.append(value.isin(condition.one_of))
    if condition.none_of:
        parts.append(value.notin(condition.none_of))
    if condition.least is not None:
        parts.append(value >= condition.least)
    if condition.most is not None:
        parts.append(value <= condition.most)
    if condition.above is not None:
        parts.append(value > condition.above)
    if condition.below is not None:
        parts.append(value < condition.below)
    return parts
