"""One log of several systems: the first one's cases, with the events that others join to them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from logs.event_log import EVENT_COLUMNS, EventLog, Provenance, RowCount, System, SystemFacts
from logs.joining import Joined, join_events, renamed_labels
from logs.key_links import mend_of
from logs.named_sources import NamedSources
from logs.problems import InputError, Problem


def together(named: NamedSources, first: EventLog, systems: tuple[System, ...]) -> EventLog:
    """The log of the process: the first system's cases, with the events that others join to them."""
    own, *others = systems
    labels = dict(own.labels)
    joined: list[Joined] = []
    finished = [replace(own, facts=replace(own.facts, part="cases"))]
    problems: list[Problem] = []
    for at, (source, system) in enumerate(zip(named.sources[1:], others, strict=True), start=1):
        if source.entry.joins is None:
            finished.append(system)
            continue
        facts = replace(system.facts, part="joined")
        if system.facts.empty:
            finished.append(replace(system, facts=facts))
            continue
        outcome = join_events(first.backend, at, own, system, source.entry.joins)
        problems += _join_doubt(named, outcome)
        outcome = renamed_labels(outcome, system, labels, [own, *(each.system for each in joined)])
        labels |= dict(outcome.labels)
        joined.append(outcome)
        finished.append(replace(outcome.system, facts=replace(facts, apart=outcome.apart)))
    if problems:
        raise InputError(problems)
    log = _with_events(first, own, joined)
    provenance = _provenance(finished)
    part = [
        each.facts for each in finished if each.facts.part != "beside" and each.facts.as_of_us is not None
    ]
    return replace(
        log,
        provenance=provenance,
        labels=tuple(labels.items()),
        systems=tuple(finished),
        as_of=_earliest(part),
    )


def _earliest(facts: Sequence[SystemFacts]) -> tuple[int, str]:
    """The earliest as-of, and why: of several that differ, that it is the earliest."""
    earliest = min(facts, key=lambda each: each.as_of_us or 0)
    assert earliest.as_of_us is not None
    same = len({each.as_of_us for each in facts}) == 1
    return earliest.as_of_us, earliest.as_of_basis if same else "earliest_source"


def _join_doubt(named: NamedSources, joined: Joined) -> list[Problem]:
    """A key that does not join is a mistake to mend, not a log with missing events."""
    link = joined.link
    if not link.doubt:
        return []
    where = (link.id, "joins", "key")
    of, matched = sum(link.distinct[:1]), link.matched
    what = f"'{link.id}' joins '{link.systems[1]}': {matched:,} of {of:,} keys match"
    if link.doubt == "no_key_matches":
        return [named.problem(where, what, "name another key or 'to' under joins")]
    most = max(each.matched for each in link.comparisons)
    mend = f"if they are the same, say so under joins: {mend_of(link)}"
    return [named.problem(where, f"{what}, {most:,} would if they were written alike", mend)]


def _with_events(first: EventLog, own: System, joined: Sequence[Joined]) -> EventLog:
    if not joined:
        return first
    names = [*own.facts.provenance.attributes]
    for each in joined:
        names += [name for name in each.system.facts.provenance.attributes if name not in names]

    def listed(table: ir.Table) -> ir.Table:
        columns = {name: table[name] if name in table.columns else ibis.null("string") for name in names}
        return table.select(*EVENT_COLUMNS, **columns)

    together = listed(own.events)
    for each in joined:
        together = together.union(listed(each.events))
    events = first.backend.create_view("joined_log", together, overwrite=True)
    cases = first.backend.create_table("joined_cases", _cases(first, own, joined, names), overwrite=True)
    return replace(first, events=events, cases=cases)


def _cases(first: EventLog, own: System, joined: Sequence[Joined], names: Sequence[str]) -> ir.Table:
    """The first system's cases with what joined events add to them, and _older: how many joined exports begin
    later than the case."""
    cases = first.cases.mutate(
        _older=ibis.literal(0).cast("int64"),
        **{name: ibis.null("string") for name in names if name not in first.cases.columns},
    )
    for each in joined:
        added = each.events
        carried = [name for name in names if name in added.columns]
        sums = added.group_by("case_id").agg(
            more=added.count(),
            early=added.t_us.min(),
            late=added.t_us.max(),
            **{f"{name}_": added[name].argmin(added.row_no) for name in carried},
        )
        table = cases.left_join(sums, "case_id").drop("case_id_right")
        table = table.left_join(each.unused, "case_id").drop("case_id_right")
        begins = each.system.facts.provenance.window.from_us
        # What a case did in this system before its export begins is as unread as a rejected row.
        unseen = (table.first_us < begins).cast("int64") if begins is not None else ibis.literal(0)
        cases = table.select(
            "case_id",
            events=table.events + table.more.fill_null(0),
            first_us=ibis.least(table.first_us, table.early.fill_null(table.first_us)),
            last_us=ibis.greatest(table.last_us, table.late.fill_null(table.last_us)),
            excluded_rows=table.excluded_rows + table.lost.fill_null(0) + unseen,
            _older=table["_older"] + unseen,
            **{
                name: ibis.coalesce(table[name], table[f"{name}_"]) if name in carried else table[name]
                for name in names
            },
        )
    return cases.order_by("case_id")


def _provenance(systems: Sequence[System]) -> Provenance:
    """What all systems brought, in one: files and rows of all, columns of those in the log."""
    every = [each.facts.provenance for each in systems]
    part = [each.facts.provenance for each in systems if each.facts.part != "beside"]
    texts = [f"# {each.facts.name}\n{each.facts.provenance.mapping_text}" for each in systems]
    text = "".join(texts)
    fates: dict[tuple[str, str], int] = {}
    for count in (count for each in every for count in each.excluded):
        key = (count.disposition, count.reason)
        fates[key] = fates.get(key, 0) + count.rows
    return replace(
        every[0],
        files=tuple(file for each in every for file in each.files),
        mapping_text=text,
        mapping_sha256=hashlib.sha256(text.encode()).hexdigest(),
        mapping_origin=", ".join(dict.fromkeys(each.mapping_origin for each in every)),
        mapping_reasons=tuple(reason for each in every for reason in each.mapping_reasons),
        layout="wide" if any(each.layout == "wide" for each in part) else "long",
        rows_read=sum(each.rows_read for each in every),
        rows_used=sum(each.rows_used for each in every),
        excluded=tuple(RowCount(*key, rows) for key, rows in sorted(fates.items())),
        cells_rejected=sum(each.cells_rejected for each in every),
        fields=frozenset().union(*(each.fields for each in part)),
        attributes=tuple(dict.fromkeys(name for each in part for name in each.attributes)),
        headings=tuple(dict.fromkeys(pair for each in every for pair in each.headings)),
    )
