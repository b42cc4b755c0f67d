"""Near pairs: found by blocking that leaves none out, scored as whole columns.

A candidate must agree in all that the tolerances allow to be told by equality: the attributes without
tolerance, the window of time and the bucket of each number (an order is looked for in its own bucket and the
two beside it; buckets are as wide as the tolerance, so that no pair within it is further apart), and a token
of the first text that may differ. Tokens are the text's characters, numbered where they repeat, the rarest of
the log first. Two texts of m and n characters of similarity s or more share at least s(m+n)/2 of them, and
n ≥ ms/(2-s), hence at least ms/(2-s); so one of the first m - ms/(2-s) + 1 of each is common to both
(prefix filtering). Blocking thus only spares comparisons; each candidate is compared whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import Indel

from mining.bound_log import BoundLog
from mining.duplicates.matches import tolerance_of
from mining.duplicates.orders import DAY_US, key_of
from reference_models.duplicates import DuplicateIdentity, NearDuplicate, Tolerance

MOST_PAIRS = 3_000_000
"""Candidates compared at most, smallest blocks first; orders of the blocks left over are told as such."""
_SLACK = 1e-9
"""For numbers that are not exact in binary: on the side of comparing and of finding."""
_WIDER = 1.2
"""Width of a bucket in tolerances: where an absolute and a relative tolerance meet, two numbers within the
wider of them are up to 1.09 tolerances apart on the scale of the buckets (for relative ones up to a half)."""
_FAR = 10**15


@dataclass(frozen=True)
class NearPairs:
    """Pairs within all tolerances."""

    pairs: ir.Table
    """row_no, first_row; similar_i of each attribute number i that has a similarity."""
    crowded: ir.Table
    """row_no of orders in blocks with too many candidates to compare."""


@dataclass(frozen=True)
class _Block:
    """What the search for candidates knows."""

    bound: BoundLog
    name: str
    near: NearDuplicate
    numbers: dict[int, Tolerance]
    """Attribute number → tolerance."""
    texts: dict[int, Tolerance]
    orders: ir.Table
    """The comparable orders, with `block`, `day` and a `bucket_i` per number."""

    @property
    def within_us(self) -> int:
        return round(self.near.within_days * DAY_US)


def near_pairs(
    bound: BoundLog, identity: DuplicateIdentity, near: NearDuplicate, orders: ir.Table
) -> NearPairs:
    """All pairs of orders within the tolerances, but for those of one identity.

    `orders` as of `mining.duplicates.orders`. A pair is the later order (`row_no`) and the earlier one.
    """
    search = _blocks(bound, identity, near, orders)
    found = _candidates(search)
    counts = found.group_by("block").agg(n=found.count()).to_pandas().sort_values(["n", "block"])
    left_over = counts.loc[counts["n"].cumsum() > MOST_PAIRS, ["block"]]
    blocks = bound.upload(f"{search.name}_left_over", left_over, {"block": "string"})
    crowded = search.orders.semi_join(blocks, "block").select("row_no")
    kept = found.anti_join(blocks, "block") if len(left_over) else found
    columns = ["row_no", "first_row", *(f"{side}_{at}" for at in search.texts for side in ("a", "b"))]
    candidates = bound.store(f"{search.name}_candidates", kept.select(*columns).distinct())
    for at, tolerance in search.texts.items():
        candidates = _similar(search, candidates, at, tolerance)
    similar = [f"similar_{at}" for at in search.texts]
    pairs = bound.store(f"{search.name}_pairs", candidates.select("row_no", "first_row", *similar))
    return NearPairs(pairs, crowded)


def _blocks(bound: BoundLog, identity: DuplicateIdentity, near: NearDuplicate, orders: ir.Table) -> _Block:
    at = {name: number for number, name in enumerate(identity.same)}
    numbers = {at[each.attribute]: each for each in near.tolerances if each.similarity is None}
    texts = {at[each.attribute]: each for each in near.tolerances if each.similarity is not None}
    equal = [f"key_{number}" for number in at.values() if number not in numbers and number not in texts]
    comparable = orders.filter(orders.comparable)
    placed = comparable.mutate(
        block=key_of(comparable, equal),
        day=(comparable.t_us / round(near.within_days * DAY_US)).floor().cast("int64"),
        **{f"bucket_{i}": _bucket(comparable[f"num_{i}"], each) for i, each in numbers.items()},
    )
    name = f"near_{identity.id}".replace("-", "_")
    return _Block(bound, name, near, numbers, texts, bound.store(f"{name}_blocks", placed))


def _bucket(value: ir.FloatingValue, tolerance: Tolerance) -> ir.IntegerValue:
    """Numbers within the tolerance lie in the same bucket or in neighbouring ones.

    Up to where the relative tolerance overtakes the absolute one buckets are even, beyond it they grow with
    the number; without an absolute one, zero and each sign have buckets of their own.
    """
    size = value.abs()
    sign = ibis.cases((value > 0, 1), (value < 0, -1), else_=0)
    absolute, relative = tolerance.absolute or 0.0, tolerance.relative or 0.0
    if not relative:
        place = sign * size / (absolute * _WIDER)
        return ibis.greatest(ibis.least(place, float(_FAR)), -float(_FAR)).floor().cast("int64")
    step = max(-math.log1p(-relative), _SLACK)  # wider than asked leaves out none
    if not absolute:
        place = ibis.ifelse(value == 0, 1.0, size).ln() / (step * _WIDER)
        return sign * (place.floor().cast("int64") + _FAR)
    turn = absolute / relative
    beyond = turn / absolute + ibis.greatest(size / turn, 1.0).ln() / step
    place = sign * ibis.ifelse(size <= turn, size / absolute, beyond) / _WIDER
    return ibis.greatest(ibis.least(place, float(_FAR)), -float(_FAR)).floor().cast("int64")


def _candidates(search: _Block) -> ir.Table:
    """block, row_no, first_row and the texts a_i, b_i; a pair may come more than once."""
    texts = {f"text_{at}": search.orders[f"key_{at}"] for at in search.texts}
    numbers = {f"num_{at}": search.orders[f"num_{at}"] for at in search.numbers}
    buckets = [f"bucket_{at}" for at in search.numbers]
    later = search.orders.select("row_no", "t_us", "identity", "block", "day", *buckets, **texts, **numbers)
    if search.texts:
        at, tolerance = next(iter(search.texts.items()))
        tokens = _prefixes(search, at, tolerance)
        later = later.inner_join(tokens, later[f"text_{at}"] == tokens.text).drop("text")
    else:
        later = later.mutate(token=ibis.literal(""))
    first = later.mutate(day=_spread(later.day, (0, 1))).unnest("day")
    for bucket in buckets:
        first = first.mutate(**{bucket: _spread(first[bucket], (-1, 0, 1))}).unnest(bucket)
    first = first.rename({f"first_{name}": name for name in first.columns})
    keys = ["block", "day", "token", *buckets]
    joined = later.inner_join(
        first,
        [
            *(later[key] == first[f"first_{key}"] for key in keys),
            (first.first_t_us < later.t_us)
            | ((first.first_t_us == later.t_us) & (first.first_row_no < later.row_no)),
            later.t_us - first.first_t_us <= search.within_us,
            later.identity != first.first_identity,
            *(
                _within(later[f"num_{at}"], first[f"first_num_{at}"], tolerance)
                for at, tolerance in search.numbers.items()
            ),
        ],
    )
    sides = {f"a_{at}": joined[f"first_text_{at}"] for at in search.texts}
    sides |= {f"b_{at}": joined[f"text_{at}"] for at in search.texts}
    return joined.select("block", "row_no", first_row=joined.first_row_no, **sides)


def _spread(value: ir.Value, steps: tuple[int, ...]) -> ir.Value:
    return ibis.array([value + step for step in steps])


def _within(second: ir.Value, first: ir.Value, tolerance: Tolerance) -> ir.BooleanValue:
    slack = ibis.greatest(first.abs(), second.abs()) * _SLACK
    return (second - first).abs() <= tolerance_of(tolerance, first, second) + slack


def _prefixes(search: _Block, at: int, tolerance: Tolerance) -> ir.Table:
    """text, token: of each distinct text the tokens of which a similar one shares at least one."""
    similarity = tolerance.similarity or 1.0
    texts = search.orders.select(text=search.orders[f"key_{at}"]).distinct()
    texts = texts.mutate(size=texts.text.length())
    letters = texts.mutate(place=ibis.range(texts["size"])).unnest("place")
    letters = letters.mutate(letter=letters.text.substr(letters.place, 1))
    nth = ibis.row_number().over(group_by=[letters.text, letters.letter], order_by=letters.place)
    tokens = letters.mutate(token=letters.letter + nth.cast("string"))
    tokens = tokens.mutate(often=tokens.count().over(group_by="token"))
    rank = ibis.row_number().over(group_by="text", order_by=["often", "token"])
    tokens = tokens.mutate(rank=rank)
    shared = (tokens["size"] * (similarity / (2 - similarity)) - _SLACK).ceil()
    kept = tokens.filter(tokens["rank"] <= tokens["size"] - shared)
    return search.bound.store(f"{search.name}_tokens", kept.select("text", "token"))


def _similar(search: _Block, candidates: ir.Table, at: int, tolerance: Tolerance) -> ir.Table:
    """The candidates of which one text is similar enough, with `similar_i`.

    Normalised Indel similarity: 1 - (deletions and insertions) / (characters of both).
    """
    a, b = f"a_{at}", f"b_{at}"
    texts = candidates.select(a=a, b=b).distinct().to_pandas()
    least = tolerance.similarity or 1.0
    similar = process.cpdist(
        texts["a"].tolist(), texts["b"].tolist(), scorer=Indel.normalized_similarity, dtype=np.float64
    )
    kept = pd.DataFrame(texts.assign(similar=similar)).loc[similar + _SLACK >= least]
    schema = {"a": "string", "b": "string", "similar": "float64"}
    known = search.bound.upload(f"{search.name}_similar_{at}", kept, schema)
    known = known.rename({a: "a", b: "b", f"similar_{at}": "similar"})
    return candidates.inner_join(known, [a, b])
