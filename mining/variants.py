"""Variants: the distinct traces of a bound log, and which case took which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mining.alignment import Mode, Variant
from mining.bound_log import BoundLog


@dataclass(frozen=True)
class VariantTable:
    """All variants of a log."""

    variants: tuple[Variant, ...]
    """In the order of their ids, which run from 1."""
    cases: tuple[int, ...]
    """Cases per variant."""
    examples: tuple[str, ...]
    """Per variant the first case id in the order of text."""
    unknown: frozenset[str]
    """Labels in the traces that the model does not know."""
    case_variants: ir.Table
    """case_id, variant."""


def variants(bound: BoundLog) -> VariantTable:
    """Distinct traces with the number of cases of each, most frequent first, ties by the trace's text.

    A case all of whose events lie beside the flow has the empty trace. The same trace of an open and of a
    closed case are two variants, because they are judged differently.
    """
    text = trace_texts(bound.steps)
    cases = bound.cases.left_join(text, "case_id").drop("case_id_right")
    mode = ibis.cases(
        (cases.closed & ~cases.began_before, Mode.COMPLETE.value),
        (~cases.closed & ~cases.began_before, Mode.PREFIX.value),
        (cases.closed & cases.began_before, Mode.SUFFIX.value),
        else_=Mode.INFIX.value,
    )
    keyed = bound.store("case_traces", cases.select("case_id", trace=cases.trace.fill_null(""), mode=mode))
    groups = keyed.group_by("trace", "mode").agg(cases=keyed.count(), example=keyed.case_id.min()).execute()
    groups = groups.sort_values(["cases", "trace", "mode"], ascending=[False, True, True], ignore_index=True)
    groups["variant"] = range(1, len(groups) + 1)
    ids = bound.upload("variant_ids", groups, {"trace": "string", "mode": "string", "variant": "int64"})
    case_variants = bound.store(
        "case_variants", keyed.inner_join(ids, ["trace", "mode"]).select("case_id", "variant")
    )
    decoded = [
        Variant(read_trace(trace, bound.alphabet), Mode(mode))
        for trace, mode in zip(groups["trace"], groups["mode"], strict=True)
    ]
    return VariantTable(
        variants=tuple(decoded),
        cases=tuple(int(n) for n in groups["cases"]),
        examples=tuple(groups["example"]),
        unknown=frozenset(label.label for label in bound.unknown_labels),
        case_variants=case_variants,
    )


def trace_texts(steps: ir.Table) -> ir.Table:
    """Per case its trace as text of codes: case_id, trace ('0,3,1')."""
    # A struct sorted by its first field is portable where an ordered aggregate is not.
    traces = steps.group_by("case_id").agg(
        moves=ibis.struct({"pos": steps.pos, "code": steps.code}).collect()
    )
    in_order = traces.moves.sort().map(lambda move: move.code.cast("string"))
    return traces.select("case_id", trace=ibis.literal(",").join(in_order))


def read_trace(text: str, alphabet: Sequence[str]) -> tuple[str, ...]:
    """A trace from its text of codes."""
    return tuple(alphabet[int(code)] for code in text.split(",")) if text else ()
