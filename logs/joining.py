"""Events of one system put into the cases of another, by a key that both know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from logs.event_log import RowCount, System
from logs.key_links import CASE, KeyLink
from logs.keys import match_keys
from logs.named_sources import Join


@dataclass(frozen=True)
class Joined:
    """A system whose events have found their cases."""

    system: System
    events: ir.Table
    """Those that did; `case_id` is that of the log."""
    unused: ir.Table
    """case_id (of the log), lost: rows of this system that were not used, per case."""
    link: KeyLink
    apart: tuple[RowCount, ...]
    labels: tuple[tuple[str, str], ...]


def key_of(table: ir.Table, key: str) -> ir.StringValue:
    """A key, stripped of outer white space ('case': the case id); null where that leaves nothing."""
    column = table["case_id" if key == CASE else key]
    return column.re_replace(r"^[\s\x{00A0}\x{3000}]+|[\s\x{00A0}\x{3000}]+$", "").nullif("")


def keys_of(table: ir.Table, key: str) -> ir.Table:
    """key: those of a table, without null ones."""
    return table.select(key=key_of(table, key)).filter(ibis._.key.notnull())


def join_events(backend: Backend, at: int, own: System, system: System, said: Join) -> Joined:
    """Find the case of every event of a system; `own` is the system whose cases they are."""
    name = f"system_{at}"
    matched = match_keys(
        backend, name, keys_of(system.events, said.key), keys_of(own.events, said.to), said.spelling
    )
    cases = own.events.select(to=key_of(own.events, said.to), to_case="case_id").filter(ibis._.to.notnull())
    unique = cases.group_by("to").agg(to_case=cases.to_case.min(), cases=cases.to_case.nunique())
    found = matched.first.filter(matched.first.partner.notnull()).inner_join(unique, [("partner", "to")])
    place = backend.create_table(
        f"{name}_cases", found.select("key", "to_case", several=found.cases > 1), overwrite=True
    )
    placed = system.events.mutate(_key=key_of(system.events, said.key)).left_join(place, [("_key", "key")])
    inside = placed.filter(placed.to_case.notnull(), ~placed.several)
    events = inside.select(**{
        column: inside.to_case if column == "case_id" else inside[column] for column in system.events.columns
    })  # fmt: skip
    lost = system.unused.select(key=key_of(system.unused, said.key)).inner_join(place, "key")
    lost = lost.filter(~lost.several).group_by(case_id="to_case").agg(lost=ibis._.count())
    apart = _apart(placed)
    blank = (_blank(system.events, said.key), _blank(own.events, said.to))
    link = KeyLink(
        id=system.facts.name,
        kind="join",
        systems=(system.facts.name, own.facts.name),
        keys=(said.key, said.to),
        distinct=matched.distinct,
        blank=blank,
        comparisons=matched.comparisons,
        matched=matched.matched,
        doubt=matched.doubt,
        mend=matched.mend,
    )
    kept = backend.create_table(f"{name}_joined", events, overwrite=True)
    return Joined(replace(system, join=link), kept, lost, link, apart, system.labels)


def _blank(events: ir.Table, key: str) -> int:
    return int(events.filter(key_of(events, key).isnull()).count().execute())


def _apart(placed: ir.Table) -> tuple[RowCount, ...]:
    """Events that found no case, by reason."""
    reason = ibis.cases(
        (placed["_key"].isnull(), "no_key"),
        (placed.to_case.isnull(), "no_such_case"),
        (placed.several, "several_cases"),
        else_=ibis.null("string"),
    )
    reasons = placed.select(reason=reason).filter(ibis._.reason.notnull())
    counted = reasons.group_by("reason").agg(rows=reasons.count()).order_by("reason").to_pandas()
    return tuple(RowCount("apart", str(row.reason), int(row.rows)) for row in counted.itertuples())


def renamed_labels(
    joined: Joined, system: System, stated: Mapping[str, str], earlier: Sequence[System]
) -> Joined:
    """Labels that another system of the log reads as something else bear the system's name.

    `stated`: label → activity, as the mappings of `earlier` systems say.
    """
    mine = dict(joined.labels)
    spelled = _spellings([joined.events])
    others = _spellings([each.events for each in earlier])
    known = spelled & (others | set(stated))
    clashing = sorted(label for label in known if mine.get(label) != stated.get(label))
    if not clashing:
        return joined
    named = {label: f"{system.facts.name}: {label}" for label in clashing}
    label = joined.events.activity
    renamed = joined.events.mutate(activity=label.cases(*named.items(), else_=label))
    return replace(
        joined,
        events=renamed,
        labels=tuple((named.get(label, label), activity) for label, activity in mine.items()),
    )


def _spellings(tables: Sequence[ir.Table]) -> set[str]:
    return {
        str(label)
        for table in tables
        for label in table.select("activity").distinct().to_pandas()["activity"]
    }
