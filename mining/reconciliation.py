"""Two systems compared by a key: what each says, and which of it the other has."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from logs.event_log import EventLog, System
from logs.joining import key_of, keys_of
from logs.key_links import KeyLink
from logs.keys import canonical, match_keys
from logs.labels import normalise_label
from mining.bound_log import BESIDE
from mining.detection import Evidence
from mining.steps import UNFINISHED
from mining.uploads import upload
from reference_models.labels import label_index
from reference_models.model import Reconciliation, ReferenceModel, Side

KEY = "key:"
"""What the anchor of an occurrence begins with that hangs on a key."""


@dataclass(frozen=True)
class Party:
    """What one of the two systems says up to the instant of comparison."""

    system: System
    said: ir.Table
    """One line per case and key, the first event that has it, and one per event without a key: case_id, key
    (null), us, row_no, anchor."""
    first: ir.Table
    """key, us, row_no, case_id: the first event of each key."""
    otherwise: ir.Table
    """form (of a key, as declared): those of events of other activities and unknown labels."""
    unread: ir.Table
    """form: those of rows that were not used."""
    hidden: bool
    """Whether a row that was not used, and may be such an event, has no key that could be read."""
    blank_from_us: int | None
    blank_until_us: int | None
    """The first and the last event without a key."""
    later: int
    """Events after the instant."""
    blank: int


@dataclass(frozen=True)
class Compared:
    """Both parties and the link between them."""

    rule: Reconciliation
    sends: Party
    records: Party
    link: KeyLink
    sent: ir.Table
    recorded: ir.Table
    """Per key of the party: key, partner, ambiguous, doubtful (see `logs.keys.Matched`)."""
    as_of_us: int


def system_named(log: EventLog, name: str) -> System | None:
    """A system of the log by its name."""
    return next((each for each in log.systems if each.facts.name == name), None)


def compare(evidence: Evidence, rule: Reconciliation, name: str) -> Compared:
    """Compare the two systems of a reconciliation, which the log has, at the earlier as-of of the two.

    Tables whose names begin with `name` are made in the log's engine.
    """
    log = evidence.bound.log
    systems = [system_named(log, side.system) for side in (rule.sends, rule.records)]
    sender, recorder = systems
    assert sender is not None
    assert recorder is not None
    assert sender.facts.as_of_us is not None
    assert recorder.facts.as_of_us is not None
    as_of = min(sender.facts.as_of_us, recorder.facts.as_of_us)
    sends = _party(log, evidence.model, rule, rule.sends, sender, as_of, f"{name}_sends")
    records = _party(log, evidence.model, rule, rule.records, recorder, as_of, f"{name}_records")
    matched = match_keys(log.backend, name, _keys(sends), _keys(records), rule.spelling)
    link = KeyLink(
        id=rule.id,
        kind="reconciliation",
        systems=(rule.sends.system, rule.records.system),
        keys=(rule.sends.key, rule.records.key),
        distinct=matched.distinct,
        blank=(sends.blank, records.blank),
        comparisons=matched.comparisons,
        matched=matched.matched,
        doubt=matched.doubt,
        mend=matched.mend,
        as_of_us=as_of,
        later=(sends.later, records.later),
    )
    return Compared(rule, sends, records, link, matched.first, matched.second, as_of)


def _keys(party: Party) -> ir.Table:
    return party.first.select("key")


def _party(
    log: EventLog,
    model: ReferenceModel,
    rule: Reconciliation,
    side: Side,
    system: System,
    as_of_us: int,
    name: str,
) -> Party:
    labels = _labels(log, model, system, name)
    events = system.events.left_join(labels, system.events.activity == labels.label)
    known = events.filter(events.t_us <= as_of_us)
    mine = _completing(events.filter(events.activity_id == side.activity), system)
    said = mine.filter(mine.t_us <= as_of_us)
    said = said.select(
        "case_id", "row_no", "event_id", key=key_of(said, side.key), us="t_us", activity_id="activity_id"
    )
    said = log.backend.create_table(f"{name}_events", said, overwrite=True)
    blank = said.filter(said.key.isnull())
    span = blank.agg(n=blank.count(), begin=blank.us.min(), end=blank.us.max()).execute()
    others = known.filter((known.activity_id != side.activity) | known.activity_id.isnull())
    unused = system.unused.left_join(labels, system.unused.activity == labels.label)
    blind = unused.filter(
        key_of(unused, side.key).isnull(),
        unused.activity.isnull() | unused.activity_id.isnull() | (unused.activity_id == side.activity),
    )
    return Party(
        system=system,
        said=_said(said),
        first=_first(said),
        otherwise=_forms(others, side, rule),
        unread=_forms(system.unused, side, rule),
        hidden=int(blind.count().execute()) > 0,
        blank_from_us=_whole(span["begin"].iloc[0]),
        blank_until_us=_whole(span["end"].iloc[0]),
        later=int(mine.filter(mine.t_us > as_of_us).count().execute()),
        blank=int(span["n"].iloc[0]),
    )


def _whole(value: float) -> int | None:
    return None if pd.isna(value) else int(value)


def _labels(log: EventLog, model: ReferenceModel, system: System, name: str) -> ir.Table:
    """label, activity_id (null: unknown, '-': beside): how this system's labels are read."""
    spelled = system.events.select("activity").union(system.unused.select("activity")).distinct()
    stated, index = dict(system.labels), label_index(model)
    rows = []
    for label in sorted(str(each) for each in spelled.to_pandas()["activity"].dropna()):
        activity = stated.get(label) or index.get(normalise_label(label))
        rows.append((label, activity if activity == BESIDE or activity in model.activities else None))
    frame = pd.DataFrame(rows, columns=["label", "activity_id"])
    return upload(log, f"{name}_labels", frame, {"label": "string", "activity_id": "string"})


def _completing(events: ir.Table, system: System) -> ir.Table:
    """Without the starts and assignments of a log that tells them from completions."""
    if "lifecycle" not in system.facts.provenance.fields:
        return events
    if not int(system.events.filter(system.events.lifecycle == "complete").count().execute()):
        return events
    return events.filter(events.lifecycle.isnull() | ~events.lifecycle.isin(UNFINISHED))


def _said(events: ir.Table) -> ir.Table:
    order = [events.us, events.row_no]
    per_key = ibis.row_number().over(ibis.window(group_by=["case_id", "key"], order_by=order))
    per_case = ibis.row_number().over(ibis.window(group_by=["case_id", "activity_id"], order_by=order))
    ranked = events.mutate(rank=per_key, ordinal=per_case + 1)
    kept = ranked.filter(ranked.key.isnull() | (ranked["rank"] == 0))
    alone = ibis.coalesce(kept.event_id, kept.activity_id + "#" + kept.ordinal.cast("string"))
    anchor = ibis.ifelse(kept.key.notnull(), ibis.literal(KEY) + kept.key, alone)
    return kept.select("case_id", "key", "us", "row_no", anchor=anchor)


def _first(events: ir.Table) -> ir.Table:
    keyed = events.filter(events.key.notnull())
    order = ibis.window(group_by="key", order_by=[keyed.us, keyed.row_no])
    ranked = keyed.mutate(rank=ibis.row_number().over(order))
    return ranked.filter(ranked["rank"] == 0).select("key", "us", "row_no", "case_id")


def _forms(table: ir.Table, side: Side, rule: Reconciliation) -> ir.Table:
    keys = keys_of(table, side.key)
    return keys.select(form=canonical(keys.key, rule.spelling)).distinct()
