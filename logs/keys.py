"""Keys of two systems compared: as they are written, and after taking out what people write differently."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from logs.key_links import STEPS, KeyComparison, Spelling

MANY = 0.05
"""Share of the keys of the smaller side: where that many more would match, the spelling is the question."""
_FULL = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_HALF = "".join(map(chr, range(0x21, 0x7F))) + " "
_BLANKS = r"[\s\x{00A0}\x{2000}-\x{200D}\x{202F}\x{3000}\x{FEFF}]+"
_SEPARATORS = r"[-_./\\:#\x{2010}-\x{2015}]+"
_MOST_PREFIXES = 10


@dataclass(frozen=True)
class Matched:
    """The keys of two sides with their partners."""

    first: ir.Table
    """key, partner (null: none), ambiguous (it is one with another key of its side), doubtful (no partner,
    but it would find one if something undeclared were taken out)."""
    second: ir.Table
    distinct: tuple[int, int]
    comparisons: tuple[KeyComparison, ...]
    matched: int
    doubt: str
    mend: Spelling


def canonical(key: ir.StringValue, spelling: Spelling) -> ir.StringValue:
    """A key without what the spelling takes out; one of which nothing would be left stays as it was."""
    out = key
    for step in spelling.steps:
        if step == "prefixes":
            out = _without_prefix(out, spelling.prefixes, spelling.steps[: spelling.steps.index(step)])
        else:
            out = _EXPRESSIONS[step](out)
    return out


def match_keys(backend: Backend, name: str, first: ir.Table, second: ir.Table, declared: Spelling) -> Matched:
    """Match the keys of two sides.

    `first`, `second`: tables with a string column `key`, without null or empty ones. Tables whose names
    begin with `name` are made in the backend.
    """
    sides = tuple(
        backend.create_table(f"{name}_keys_{at}", side.select("key").distinct(), overwrite=True)
        for at, side in enumerate((first, second))
    )
    distinct = int(sides[0].count().execute()), int(sides[1].count().execute())
    tried = _Tried(*sides)
    settled = tried.of(declared, True)
    comparisons = [] if declared == Spelling() else [tried.of(Spelling(), False)]
    comparisons.append(settled)
    candidates = [each for each in tried.candidates(declared) if each.spelling != declared]
    comparisons += candidates
    best = max(candidates, key=lambda each: each.matched, default=settled)
    gained = best.matched - settled.matched
    doubt = ""
    if gained and gained >= MANY * min(distinct):
        doubt = "key_spelling"
    elif not settled.matched and all(distinct):
        doubt = "no_key_matches"
    mend = tried.least(declared, best) if gained else Spelling()
    widest = candidates[-1].spelling if candidates else declared
    return Matched(
        first=_partners(sides[0], sides[1], declared, widest),
        second=_partners(sides[1], sides[0], declared, widest),
        distinct=distinct,
        comparisons=tuple(comparisons),
        matched=settled.matched,
        doubt=doubt,
        mend=mend,
    )


class _Tried:
    """Ways to compare the distinct keys of two sides."""

    def __init__(self, first: ir.Table, second: ir.Table) -> None:
        self.first, self.second = first, second

    def of(self, spelling: Spelling, declared: bool) -> KeyComparison:
        one, other = _groups(self.first, spelling), _groups(self.second, spelling)
        both = one.inner_join(other, "canonical")
        alone = (both.n == 1) & (both.n_right == 1)
        written = self.first.semi_join(self.second, "key").mutate(
            canonical=canonical(self.first.key, spelling)
        )
        exact = written.group_by("canonical").agg(written=written.count())
        told = both.mutate(alone=alone).left_join(exact, "canonical")
        shared = told.written.fill_null(0)
        counted = told.agg(
            matched=ibis.ifelse(told.alone, 1, shared).sum(),
            ambiguous=ibis.ifelse(told.alone, 0, told.n + told.n_right - 2 * shared).sum(),
        ).execute()
        matched, ambiguous = (counted[column].fillna(0).iloc[0] for column in ("matched", "ambiguous"))
        return KeyComparison(spelling, declared, int(matched), int(ambiguous))

    def candidates(self, declared: Spelling) -> list[KeyComparison]:
        """With each step besides what is declared, and with all of them."""
        everything = declared.adding(*(step for step in STEPS if step != "prefixes"))
        ways = [declared.adding(step) for step in STEPS if step != "prefixes" and step not in declared.steps]
        if found := self._prefixes(declared):
            ways.append(declared.adding(prefixes=found))
        ways.append(everything.adding(prefixes=self._prefixes(everything)))
        return [self.of(each, False) for each in dict.fromkeys(ways)]

    def least(self, declared: Spelling, best: KeyComparison) -> Spelling:
        """The fewest steps that match as much as the best way, without prefixes that add nothing."""
        kept = self._few(declared, best) or best.spelling
        for step in kept.steps:
            if step not in declared.steps:
                kept = self._unless_needed(kept, _without(kept, step), best.matched)
        for prefix in kept.prefixes:
            if prefix not in declared.prefixes:
                fewer = tuple(each for each in kept.prefixes if each != prefix)
                steps = tuple(each for each in kept.steps if each != "prefixes")
                kept = self._unless_needed(kept, Spelling(steps, fewer), best.matched)
        return kept

    def _few(self, declared: Spelling, best: KeyComparison) -> Spelling | None:
        """One step or two, if they are enough."""
        more = [step for step in STEPS if step not in declared.steps or step == "prefixes"]
        for steps in (*((step,) for step in more), *itertools.combinations(more, 2)):
            way = declared.adding(*(step for step in steps if step != "prefixes"))
            if "prefixes" in steps:
                way = way.adding(prefixes=self._prefixes(way))
            if self.of(way, False).matched >= best.matched:
                return way
        return None

    def _unless_needed(self, kept: Spelling, less: Spelling, matched: int) -> Spelling:
        return less if self.of(less, False).matched >= matched else kept

    def _prefixes(self, spelling: Spelling) -> tuple[str, ...]:
        """What stands before the digits on one side and never on the other; the most frequent first."""
        first, second = _leading(self.first, spelling), _leading(self.second, spelling)
        alone = ibis.union(first.anti_join(second, "prefix"), second.anti_join(first, "prefix"))
        ordered = alone.order_by(ibis.desc("n"), "prefix").limit(_MOST_PREFIXES).to_pandas()
        return tuple(map(str, ordered["prefix"]))


def _groups(side: ir.Table, spelling: Spelling) -> ir.Table:
    """canonical, n (keys that it stands for), least (the first of them)."""
    keys = side.mutate(canonical=canonical(side.key, spelling))
    return keys.group_by("canonical").agg(n=keys.count(), least=keys.key.min())


def _partners(side: ir.Table, other: ir.Table, declared: Spelling, widest: Spelling) -> ir.Table:
    keys = side.mutate(canonical=canonical(side.key, declared), widest=canonical(side.key, widest))
    mine = _groups(side, declared).select("canonical", own=ibis._.n)
    theirs = _groups(other, declared)
    exact = other.select(written="key")
    reach = _groups(other, widest).select(wide="canonical")
    table = (
        keys.inner_join(mine, "canonical")
        .left_join(theirs, "canonical")
        .left_join(exact, [("key", "written")])
        .left_join(reach, [("widest", "wide")])
    )
    alone = (table.own == 1) & (table.n == 1)
    partner = ibis.coalesce(table.written, ibis.ifelse(alone, table.least, ibis.null("string")))
    return table.select(
        "key",
        partner=partner,
        ambiguous=partner.isnull() & table.n.notnull(),
        doubtful=partner.isnull() & table.n.isnull() & table.wide.notnull(),
    )


def _leading(side: ir.Table, spelling: Spelling) -> ir.Table:
    """prefix, n: what stands before the first digit."""
    prefix = canonical(side.key, spelling).re_extract(r"^([^0-9]+)[0-9]", 1)
    led = side.select(prefix=prefix).filter(ibis._.prefix != "")
    return led.group_by("prefix").agg(n=led.count())


def _without(spelling: Spelling, step: str) -> Spelling:
    steps = tuple(each for each in spelling.steps if each != step)
    return replace(spelling, steps=steps, prefixes=() if step == "prefixes" else spelling.prefixes)


def _width(key: ir.StringValue) -> ir.StringValue:
    return key.translate(_FULL, _HALF)


def _no_blanks(key: ir.StringValue) -> ir.StringValue:
    return _if_left(key, key.re_replace(_BLANKS, ""))


def _no_separators(key: ir.StringValue) -> ir.StringValue:
    return _if_left(key, key.re_replace(_SEPARATORS, ""))


def _no_zeros(key: ir.StringValue) -> ir.StringValue:
    return key.re_replace(r"^([^0-9]*)0+([0-9])", r"\1\2")


def _lower(key: ir.StringValue) -> ir.StringValue:
    return key.lower()


_EXPRESSIONS = {
    "width": _width,
    "blanks": _no_blanks,
    "case": _lower,
    "separators": _no_separators,
    "leading_zeros": _no_zeros,
}


def _if_left(before: ir.StringValue, after: ir.StringValue) -> ir.StringValue:
    return ibis.ifelse(after == "", before, after)


def _without_prefix(key: ir.StringValue, prefixes: Sequence[str], before: Sequence[str]) -> ir.StringValue:
    """`before`: the steps that the key has gone through, which a prefix goes through too."""
    longest = sorted({each for each in prefixes if each}, key=lambda each: (-len(each), each))
    if not longest:
        return key
    spelled = [canonical(ibis.literal(each), Spelling(tuple(before))) for each in longest]
    cases = [(key.startswith(each) & (key != each), key.substr(each.length())) for each in spelled]
    return ibis.cases(*cases, else_=key)
