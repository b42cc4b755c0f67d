"""A log bound to a reference model at an instant: labels read as activities, cases as open or closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from rapidfuzz import fuzz, process

from logs.event_log import EVENT_COLUMNS, EventLog
from logs.labels import normalise_label
from mining.alignment import next_activities
from mining.findings import UnknownLabel
from reference_models.labels import label_index
from reference_models.model import ReferenceModel

BESIDE = "-"
"""What a mapping writes for a label that is known and has no part in the process."""

UNFINISHED = ("schedule", "assign", "reassign", "start", "suspend", "resume", "withdraw")
"""Lifecycle transitions of the XES standard after which the activity is not yet completed."""


@dataclass(frozen=True)
class BoundLog:
    """What detectors look at. Tables live in the log's engine; times are microseconds UTC."""

    log: EventLog
    model: ReferenceModel
    as_of_us: int
    as_of_basis: str
    events: ir.Table
    """Events up to as-of, in the standard columns of the log, `activity_id` (null: unknown label), `in_flow`
    and `beside` (known, outside the flow), then the attributes that the model names."""
    steps: ir.Table
    """The events that make up traces: case_id, pos (from 0, by t_us then row_no), row_no, t_us, start_us,
    activity_id, step (activity id, or the label where unknown), unknown, role, event_id."""
    cases: ir.Table
    """case_id, closed, began_before, excluded_rows, unknown_events, first_us, last_us, last_row,
    closed_us (null if open), then the attributes that the model names."""
    unknown_labels: tuple[UnknownLabel, ...]
    events_later: int
    activities_seen: frozenset[str]
    """Activity ids that occur at all."""
    lifecycles: frozenset[str]
    """Lifecycle values that occur."""

    @property
    def fields(self) -> frozenset[str]:
        """Columns that the log fills, standard ones and attributes."""
        return self.log.provenance.fields | set(self.log.provenance.attributes)

    @property
    def one_time_per_milestone(self) -> bool:
        """Whether the export has one cell per milestone: what came again has left no trace."""
        return self.log.provenance.layout == "wide"

    @property
    def completed(self) -> ir.Table:
        """The events that complete an activity: not its starts, where the log tells them from completions."""
        return _completing(self.events, self.lifecycles)

    def store(self, name: str, table: ir.Table) -> ir.Table:
        """Compute a table once and keep it in the engine under a name of its own."""
        return self.log.backend.create_table(name, table, overwrite=True)

    @contextmanager
    def scratch(self, *kept: str) -> Iterator[None]:
        """What is kept in the engine within goes away at the end, but for names that begin with `kept`."""
        tables = self.log.backend
        before = set(tables.list_tables())
        yield
        for name in sorted(set(tables.list_tables()) - before):
            if not name.startswith(kept):
                tables.drop_table(name)

    def upload(self, name: str, frame: pd.DataFrame, schema: dict[str, str]) -> ir.Table:
        """Bring a small table into the engine."""
        return upload(self.log, name, frame, schema)


def upload(log: EventLog, name: str, frame: pd.DataFrame, schema: dict[str, str]) -> ir.Table:
    """Bring a small table into the log's engine, typed as `schema` says; missing values are null."""
    typed = pa.Table.from_pandas(
        frame[list(schema)], schema=ibis.schema(schema).to_pyarrow(), preserve_index=False
    )
    return log.backend.create_table(name, typed, overwrite=True)


def bind(
    log: EventLog, model: ReferenceModel, as_of_us: int | None = None, now_us: int | None = None
) -> BoundLog:
    """Read the log's labels as the model's activities and fix the instant of judgement.

    Without `as_of_us` it is the end of the export's window if that is stated, else the latest event (with
    `now_us`, the latest up to then: what lies ahead of the clock, such as 2099-12-31, was not recorded).
    Events later than that are left out and counted. A label is an activity if the mapping says so or if
    it equals, after `logs.labels.normalise_label`, one of the activity's names or aliases.
    """
    instant, basis = _as_of(log, as_of_us, now_us)
    later = int(log.events.filter(log.events.t_us > instant).count().execute())
    labels = log.events.group_by("activity").agg(n=ibis._.count(), cases=ibis._.case_id.nunique()).execute()
    known = _read_labels(labels["activity"], log, model)
    table = _label_table(log, known, model)
    judged = log.events.select(*EVENT_COLUMNS, *_asked(log, model)).filter(ibis._.t_us <= instant)
    events = judged.left_join(table, judged.activity == table.label)
    # Attributes that no rule asks for stay in the log: their names are any heading of an export.
    kept = [*EVENT_COLUMNS, "activity_id", "in_flow", "beside", *_asked(log, model)]
    # A view: detectors' expressions stay short, and the engine joins the few labels as it scans.
    events = log.backend.create_view("judged_events", events.select(*kept), overwrite=True)
    lifecycles = _lifecycles(log)
    steps = log.backend.create_table("steps", _steps(events, lifecycles), overwrite=True)
    cases = log.backend.create_table("judged_cases", _cases(log, model, events, steps), overwrite=True)
    unknown = [
        UnknownLabel(str(row.activity), int(row.n), int(row.cases), _nearest(str(row.activity), model))
        for row in labels.sort_values(["n", "activity"], ascending=[False, True]).itertuples()
        if known[str(row.activity)] is None
    ]
    return BoundLog(
        log=log,
        model=model,
        as_of_us=instant,
        as_of_basis=basis,
        events=events,
        steps=steps,
        cases=cases,
        unknown_labels=tuple(unknown),
        events_later=later,
        activities_seen=frozenset(a for a in known.values() if a not in (None, BESIDE)),
        lifecycles=lifecycles,
    )


def _asked(log: EventLog, model: ReferenceModel) -> list[str]:
    return [name for name in log.provenance.attributes if name in model.attributes]


def _as_of(log: EventLog, given: int | None, now_us: int | None) -> tuple[int, str]:
    if log.as_of is not None:
        return log.as_of
    until = log.provenance.window.until_us
    if given is not None:
        return (until, "window_end") if until is not None and until < given else (given, "given")
    if until is not None:
        return until, "window_end"
    times = log.events.t_us
    latest = int(times.max().execute())
    if now_us is not None and latest > now_us:
        past = log.events.filter(times <= now_us).t_us.max().execute()
        latest = latest if pd.isna(past) else int(past)
    return latest, "latest_event"


def _read_labels(labels: Iterable[str], log: EventLog, model: ReferenceModel) -> dict[str, str | None]:
    """Per label of the log its activity id, BESIDE, or None."""
    stated = dict(log.labels)
    index = label_index(model)
    known: dict[str, str | None] = {}
    for label in labels:
        activity = stated.get(label) or index.get(normalise_label(label))
        known[label] = activity if activity == BESIDE or activity in model.activities else None
    return known


def _label_table(log: EventLog, known: dict[str, str | None], model: ReferenceModel) -> ir.Table:
    rows = [
        (
            label,
            None if activity == BESIDE else activity,
            activity is not None and activity != BESIDE and model.activities[activity].in_flow,
            activity == BESIDE or (activity is not None and not model.activities[activity].in_flow),
        )
        for label, activity in known.items()
    ]
    schema = {"label": "string", "activity_id": "string", "in_flow": "boolean", "beside": "boolean"}
    return upload(log, "labels", pd.DataFrame(rows, columns=list(schema)), schema)


_COMPARED = 500
"""Characters of a label that are compared with the names of activities, none of which is so long."""


def _nearest(label: str, model: ReferenceModel) -> tuple[str, ...]:
    names = {
        (activity.id, name): normalise_label(name)
        for activity in model.activities.values()
        for name in (activity.name.zh, activity.name.en, *activity.aliases)
    }
    spelled = normalise_label(label[:_COMPARED])
    hits = process.extract(spelled, names, scorer=fuzz.WRatio, limit=8, score_cutoff=50)
    return tuple(dict.fromkeys(key[0] for _, _, key in hits))[:3]


def _lifecycles(log: EventLog) -> frozenset[str]:
    if "lifecycle" not in log.provenance.fields:
        return frozenset()
    values = log.events.select("lifecycle").distinct().execute()["lifecycle"]
    return frozenset(str(value) for value in values if value is not None and value == value)


def _completing(events: ir.Table, lifecycles: frozenset[str]) -> ir.Table:
    if "complete" not in lifecycles:
        return events
    return events.filter(events.lifecycle.isnull() | ~events.lifecycle.isin(UNFINISHED))


def _steps(events: ir.Table, lifecycles: frozenset[str]) -> ir.Table:
    taken = _completing(events.filter(~events.beside), lifecycles)
    order = ibis.window(group_by="case_id", order_by=[taken.t_us, taken.row_no])
    return taken.select(
        "case_id",
        pos=ibis.row_number().over(order).cast("int64"),
        row_no=taken.row_no,
        t_us=taken.t_us,
        start_us=taken.start_us,
        activity_id=taken.activity_id,
        step=ibis.coalesce(taken.activity_id, taken.activity),
        unknown=taken.activity_id.isnull(),
        role=taken.role,
        event_id=taken.event_id,
    )


def _cases(log: EventLog, model: ReferenceModel, events: ir.Table, steps: ir.Table) -> ir.Table:
    """Closed: an end activity came and no reopening after it."""
    ended = steps.t_us.max(where=steps.activity_id.isin(model.ends))
    reopened = events.t_us.max(where=events.activity_id.isin(model.reopened_by or ("",)))
    traced = steps.group_by("case_id").agg(ended=ended, unknown_events=steps.unknown.sum().cast("int64"))
    first = steps.filter(steps.pos == 0).select("case_id", first_activity=steps.activity_id)
    seen = events.group_by("case_id").agg(
        reopened=reopened, first_us=events.t_us.min(), last_us=events.t_us.max(), events=events.count()
    )
    all_cases = log.cases.select("case_id", "excluded_rows", *_asked(log, model))
    joined = (
        all_cases.inner_join(seen, "case_id")
        .left_join(traced, "case_id")
        .drop("case_id_right")
        .left_join(first, "case_id")
        .drop("case_id_right")
    )
    closed = joined.ended.notnull() & (joined.reopened.isnull() | (joined.ended >= joined.reopened))
    return joined.mutate(
        closed=closed,
        closed_us=ibis.ifelse(closed, joined.ended, ibis.null("int64")),
        unknown_events=joined.unknown_events.fill_null(0),
        began_before=_began_before(log, model, joined),
    ).drop("ended", "reopened", "first_activity")


def _began_before(log: EventLog, model: ReferenceModel, cases: ir.Table) -> ir.BooleanValue:
    """With a window stated, a case whose first event cannot be the first of the process began earlier."""
    if log.provenance.window.from_us is None:
        return ibis.literal(False)
    starts = sorted(next_activities(model.net, model.net.initial))
    return ~cases.first_activity.isin(starts) & cases.first_activity.notnull()


def any_of(conditions: Iterable[ir.BooleanValue]) -> ir.BooleanValue:
    """Disjunction of conditions; false for none."""
    return reduce(or_, conditions, ibis.literal(False))
