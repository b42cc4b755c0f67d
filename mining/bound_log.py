"""A log bound to a reference model at an instant: labels read as activities, cases as open or closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_

import ibis
import ibis.expr.types as ir
import pandas as pd
from rapidfuzz import fuzz, process

from logs.event_log import EVENT_COLUMNS, EventLog
from logs.labels import normalise_label
from mining.alignment import next_activities
from mining.findings import UnknownLabel
from mining.steps import completing, in_order, lifecycles
from mining.uploads import upload
from reference_models.labels import label_index
from reference_models.model import ReferenceModel

BESIDE = "-"
"""What a mapping writes for a label that is known and has no part in the process."""


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
    activity_id (null: unknown), role, event_id, code (of the step, in `alphabet`), before (code of the step
    before it; null for the first), before_role, wait_us (since the step before)."""
    alphabet: tuple[str, ...]
    """What the codes of steps stand for: activity ids, and labels where those are unknown."""
    cases: ir.Table
    """case_id, closed, began_before, steps (how many of its events are), excluded_rows, unknown_events,
    first_us, last_us, last_row, closed_us (null if open), then the attributes that the model names."""
    unknown_labels: tuple[UnknownLabel, ...]
    events_later: int
    activities_seen: frozenset[str]
    """Activity ids that occur at all."""
    lifecycles: frozenset[str]
    """Lifecycle values that occur."""
    suffix: str = ""
    """Of the names of its tables in the engine: of a part of the log, so that it leaves others' alone."""

    @property
    def fields(self) -> frozenset[str]:
        """Columns that the log fills, standard ones and attributes."""
        return self.log.provenance.fields | set(self.log.provenance.attributes)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The distinct units of the log, in the order of text; none where it has no column for them."""
        if "role" not in self.log.provenance.fields:
            return ()
        return tuple(sorted(self.events.select("role").distinct().execute()["role"].dropna()))

    @property
    def one_time_per_milestone(self) -> bool:
        """Whether the export has one cell per milestone: what came again has left no trace."""
        return self.log.provenance.layout == "wide"

    @property
    def completed(self) -> ir.Table:
        """The events that complete an activity: not its starts, where the log tells them from completions."""
        return completing(self.events, self.lifecycles)

    def store(self, name: str, table: ir.Table) -> ir.Table:
        """Compute a table once and keep it in the engine under a name of its own."""
        return self.log.backend.create_table(name + self.suffix, table, overwrite=True)

    def kept(self, name: str) -> ir.Table:
        """A table that was stored under a name."""
        return self.log.backend.table(name + self.suffix)

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
        return upload(self.log, name + self.suffix, frame, schema)


def bind(
    log: EventLog, model: ReferenceModel, as_of_us: int | None = None, now_us: int | None = None
) -> BoundLog:
    """Read the log's labels as the model's activities and fix the instant of judgement.

    Without `as_of_us` it is the end of the export's window if that is stated, else the latest event (with
    `now_us`, the latest up to then: what lies ahead of the clock, such as 2099-12-31, was not recorded).
    Events later than that are left out and counted. A label is an activity if the mapping says so or if
    it equals, after `logs.labels.normalise_label`, one of the activity's names or aliases.
    """
    instant, basis = as_of(log, as_of_us, now_us)
    later = int(log.events.filter(log.events.t_us > instant).count().execute())
    labels = log.events.group_by("activity").agg(n=ibis._.count()).execute()
    known = _read_labels(labels["activity"], log, model)
    table, alphabet = _label_table(log, known, model)
    judged = log.events.select(*EVENT_COLUMNS, *_asked(log, model)).filter(ibis._.t_us <= instant)
    labelled = judged.left_join(table, judged.activity == table.label)
    # Attributes that no rule asks for stay in the log: their names are any heading of an export.
    kept = [*EVENT_COLUMNS, "activity_id", "in_flow", "beside", *_asked(log, model)]
    # A view: detectors' expressions stay short, and the engine joins the few labels as it scans.
    events = log.backend.create_view("judged_events", labelled.select(*kept), overwrite=True)
    values = lifecycles(log)
    steps = log.backend.create_table("steps", _steps(labelled, values), overwrite=True)
    cases = _cases(log, model, events, steps, later)
    cases = log.backend.create_table("judged_cases", cases, overwrite=True)
    return BoundLog(
        log=log,
        model=model,
        as_of_us=instant,
        as_of_basis=basis,
        events=events,
        steps=steps,
        cases=cases,
        alphabet=alphabet,
        unknown_labels=_unknown_labels(log, model, labels, known),
        events_later=later,
        activities_seen=frozenset(a for a in known.values() if a not in (None, BESIDE)),
        lifecycles=values,
    )


def _asked(log: EventLog, model: ReferenceModel) -> list[str]:
    return [name for name in log.provenance.attributes if name in model.attributes]


def as_of(log: EventLog, given: int | None, now_us: int | None) -> tuple[int, str]:
    """The instant of judgement, and what it rests on; see `bind`."""
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


def _label_table(
    log: EventLog, known: dict[str, str | None], model: ReferenceModel
) -> tuple[ir.Table, tuple[str, ...]]:
    """What each label of the log stands for, and the alphabet of the steps."""
    step = {label: activity or label for label, activity in known.items() if activity != BESIDE}
    alphabet = tuple(sorted(set(step.values())))
    codes = {name: code for code, name in enumerate(alphabet)}
    rows = [
        (
            label,
            None if activity == BESIDE else activity,
            activity is not None and activity != BESIDE and model.activities[activity].in_flow,
            activity == BESIDE or (activity is not None and not model.activities[activity].in_flow),
            codes.get(step.get(label, "")),
        )
        for label, activity in known.items()
    ]
    schema = {
        "label": "string",
        "activity_id": "string",
        "in_flow": "boolean",
        "beside": "boolean",
        "code": "int32",
    }
    frame = pd.DataFrame(rows, columns=list(schema)).astype({"code": "Int32"})
    return upload(log, "labels", frame, schema), alphabet


def _unknown_labels(
    log: EventLog, model: ReferenceModel, labels: pd.DataFrame, known: dict[str, str | None]
) -> tuple[UnknownLabel, ...]:
    """The labels that are no activity, most frequent first."""
    rest = labels[[known[label] is None for label in labels["activity"]]]
    if rest.empty:
        return ()
    events = log.events.filter(log.events.activity.isin(list(rest["activity"])))
    counted = events.group_by("activity").agg(cases=events.case_id.nunique()).execute()
    cases = dict(zip(counted["activity"].astype(str), counted["cases"].tolist(), strict=True))
    return tuple(
        UnknownLabel(
            str(row.activity), int(str(row.n)), cases[str(row.activity)], _nearest(str(row.activity), model)
        )
        for row in rest.sort_values(["n", "activity"], ascending=[False, True]).itertuples()
    )


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


def _steps(labelled: ir.Table, values: frozenset[str]) -> ir.Table:
    taken = completing(labelled.filter(~labelled.beside), values)
    return in_order(
        taken.select("case_id", "row_no", "t_us", "start_us", "activity_id", "role", "event_id", "code")
    )


def _cases(log: EventLog, model: ReferenceModel, events: ir.Table, steps: ir.Table, later: int) -> ir.Table:
    """Closed: an end activity came and no reopening after it."""
    ended = steps.t_us.max(where=steps.activity_id.isin(model.ends))
    traced = steps.group_by("case_id").agg(
        ended=ended,
        steps=steps.count(),
        unknown_events=steps.activity_id.isnull().sum().cast("int64"),
        first_activity=steps.activity_id.max(where=steps.pos == 0),
    )
    span = {"first_us": events.t_us.min(), "last_us": events.t_us.max(), "events": events.count()}
    # Up to the last event, the log has counted already.
    seen = events.group_by("case_id").agg(**span) if later else log.cases.select("case_id", *span)
    reopening = events.filter(events.activity_id.isin(model.reopened_by or ("",)))
    reopenings = reopening.group_by("case_id").agg(reopened=reopening.t_us.max())
    joined = log.cases.select("case_id", "excluded_rows", *_asked(log, model)).inner_join(seen, "case_id")
    for each in (traced, reopenings):
        joined = joined.left_join(each, "case_id").drop("case_id_right")
    closed = joined.ended.notnull() & (joined.reopened.isnull() | (joined.ended >= joined.reopened))
    return joined.mutate(
        closed=closed,
        closed_us=ibis.ifelse(closed, joined.ended, ibis.null("int64")),
        steps=joined.steps.fill_null(0),
        unknown_events=joined.unknown_events.fill_null(0),
        began_before=_began_before(log, model, joined),
    ).drop("ended", "reopened", "first_activity")


def _began_before(log: EventLog, model: ReferenceModel, cases: ir.Table) -> ir.BooleanValue:
    """With a window stated, a case whose first step cannot be the first of the process began earlier, and so
    did one that has records beside the flow and not one step."""
    if log.provenance.window.from_us is None:
        return ibis.literal(False)
    starts = sorted(next_activities(model.net, model.net.initial))
    elsewhere = ~cases.first_activity.isin(starts) & cases.first_activity.notnull()
    return elsewhere | cases.steps.isnull()


def any_of(conditions: Iterable[ir.BooleanValue]) -> ir.BooleanValue:
    """Disjunction of conditions; false for none."""
    return reduce(or_, conditions, ibis.literal(False))
