"""Clocks of the deadline tables: when each case's clock ran, paused, stopped, and what limit was its."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from logs.labels import normalise_label
from mining.bound_log import BoundLog
from mining.clock import Clock
from mining.detection import Detector, Evidence
from mining.findings import Basis, Rule
from mining.occurrences import anchor_of, rows_of
from reference_models.labels import category_index
from reference_models.model import Band, Deadline, DeadlineRow, Pause, ReferenceModel

NONE = "-"
"""Stands for the row or class in the rule of cases that the table has no place for."""


def deadline_rules(detector: Detector, model: ReferenceModel, deadline: Deadline, kind: str) -> list[Rule]:
    """One rule per cell of the table, and one for the cases that have no cell."""
    cells = [(row, category) for row in deadline.rows for category in row.cells]
    rules = [
        detector.rule(
            model,
            kind,
            f"{deadline.id}/{row.id}/{category}",
            row.authority_of(category),
            activities=(deadline.start, deadline.stop),
            deadline=deadline.id,
            row=row.id,
            category=category,
            limit=row.cells[category].limit,
            unit=deadline.unit,
            rests_on=(Basis("clock", deadline.authority),),
        )
        for row, category in cells
    ]
    return [
        *rules,
        detector.rule(
            model,
            kind,
            f"{deadline.id}/{NONE}/{NONE}",
            deadline.authority,
            activities=(deadline.start, deadline.stop),
            deadline=deadline.id,
            unit=deadline.unit,
        ),
    ]


def clock_runs(evidence: Evidence, deadline: Deadline) -> ir.Table:
    """One line per case whose clock started or should have.

    case_id, start_us, stop_us (null: running or never stopped), closed, row, category, subject, limit,
    reason (null, or why nothing can be said), anchor, rows, from_axis, to_axis (less counted pauses),
    due_axis, strict_axis (the stricter reading of a doubtful limit), measure, due_us.
    """
    clock = evidence.clock(deadline.unit, deadline.calendar)
    name = f"deadline_{deadline.id}".replace("-", "_")
    # Kept first: reading the attributes asks for their distinct values.
    begun = evidence.bound.store(f"{name}_begun", _runs(evidence, deadline))
    runs = evidence.bound.store(f"{name}_runs", _with_limit(begun, evidence.model, deadline))
    pauses = evidence.bound.store(pauses_table(deadline), pause_intervals(evidence, deadline.pauses))
    runs = runs.mutate(until_us=ibis.coalesce(runs.stop_us, ibis.literal(evidence.bound.as_of_us)))
    runs = clock.place(runs, "start_us", "from_axis")
    runs = clock.place(runs, "until_us", "reached_axis", closing=clock.unit != "hours")
    limit = (runs["limit"] * clock.step).round().cast("int64")
    paused = paused_time(evidence.bound, clock, runs.mutate(key=runs.case_id, span=limit), pauses, name)
    runs = runs.left_join(paused, runs.case_id == paused.key).drop("key")
    runs = runs.mutate(paused=runs.paused.fill_null(0))
    limit = (runs["limit"] * clock.step).round().cast("int64")
    strict = (runs.strict_limit * clock.step).round().cast("int64")
    runs = runs.mutate(
        to_axis=runs.reached_axis - runs.paused,
        due_axis=runs.from_axis + limit,
        strict_axis=runs.from_axis + strict,
        due_with_pauses=runs.from_axis + limit + runs.paused,
        measure=(runs.reached_axis - runs.paused - runs.from_axis) / clock.step,
    )
    runs = clock.instant(runs, "due_with_pauses", "due_us")
    return evidence.bound.store(name, runs)


def pauses_table(deadline: Deadline) -> str:
    """Name in the engine of a deadline's pauses: case_id, from_us, until_us."""
    return f"pauses_{deadline.id}".replace("-", "_")


def _runs(evidence: Evidence, deadline: Deadline) -> ir.Table:
    """Start: the first start event (or the last restart); stop: the last stop event after it."""
    bound = evidence.bound
    steps, cases = bound.events, bound.cases
    completed = steps.filter(steps.activity_id.isin([deadline.start, deadline.stop, *deadline.restart_on]))
    if "complete" in bound.lifecycles:
        completed = completed.filter(completed.lifecycle.isnull() | (completed.lifecycle == "complete"))
    starts = completed.activity_id == deadline.start
    restarts = completed.activity_id.isin(deadline.restart_on or ("",))
    begun = completed.group_by("case_id").agg(
        first_start=completed.t_us.min(where=starts), restart=completed.t_us.max(where=restarts)
    )
    first = begun.first_start
    begun = begun.select("case_id", began_us=ibis.greatest(first, ibis.coalesce(begun.restart, first)))
    timed = completed.inner_join(begun, "case_id")
    is_start = timed.t_us == timed.began_us
    is_stop = (timed.activity_id == deadline.stop) & (timed.t_us >= timed.began_us)
    ended = timed.group_by("case_id").agg(
        start_us=timed.began_us.max(),
        stop_us=timed.t_us.max(where=is_stop),
        start_row=timed.row_no.min(where=is_start & (timed.activity_id != deadline.stop)),
        start_id=timed.event_id.min(where=is_start & (timed.activity_id != deadline.stop)),
    )
    stops = timed.filter(is_stop).group_by("case_id", at_us=timed.t_us).agg(stop_row=ibis._.row_no.max())
    ended = ended.left_join(stops, ["case_id", ended.stop_us == stops.at_us]).drop("case_id_right", "at_us")
    joined = cases.left_join(ended, "case_id").drop("case_id_right")
    # A case that never came to the clock owes nothing, unless it is over, or its beginning was cut off.
    joined = joined.filter(joined.start_us.notnull() | joined.closed)
    missing = ibis.cases(
        (joined.start_us.notnull() & (joined.stop_us.notnull() | ~joined.closed), ibis.null("string")),
        (joined.start_us.notnull() & (joined.excluded_rows > 0), "excluded_rows"),
        (joined.start_us.notnull(), "ended_without_stop"),
        (joined.began_before, "before_window"),
        else_="no_start_event",
    )
    return joined.mutate(
        missing=missing,
        anchor=anchor_of(joined.start_id, ibis.literal(deadline.start), ibis.literal(1)),
        rows=rows_of(joined.start_row, joined.stop_row),
    )


def _with_limit(runs: ir.Table, model: ReferenceModel, deadline: Deadline) -> ir.Table:
    """Add row, category, subject, limit, strict_limit and reason, by the case's attributes."""
    present = set(runs.columns)
    asked = list(dict.fromkeys([deadline.by, *(name for row in deadline.rows for name in row.when)]))
    read = {name: attribute(runs, model, name) for name in asked if name in present}
    category = read.get(deadline.by, ibis.null("string"))
    rows = ibis.cases(
        *[(_matches(row, read, model), row.id) for row in deadline.rows], else_=ibis.null("string")
    )
    # Told before columns of ours come in: an attribute may bear one of their names.
    blank = ibis.or_(
        *[runs[n].isnull() | (runs[n].strip() == "") for n in asked if n in present], ibis.literal(False)
    )
    runs = runs.mutate(row=rows, category=category, blank=blank)
    cells = [
        ((runs.row == row.id) & (runs.category == name), cell)
        for row in deadline.rows
        for name, cell in row.cells.items()
    ]
    limit = [(at, ibis.literal(cell.limit)) for at, cell in cells if cell.limit is not None]
    strict = [(at, ibis.literal(cell.doubtful_from)) for at, cell in cells if cell.doubtful_from is not None]
    null = ibis.null("float64")
    runs = runs.mutate(
        limit=ibis.cases(*limit, else_=null) if limit else null,
        strict_limit=ibis.cases(*strict, else_=null) if strict else null,
        has_cell=ibis.or_(*[at for at, _ in cells]),
    )
    absent = any(name not in present for name in asked)
    reason = ibis.cases(
        (runs.missing.notnull(), runs.missing),
        (runs["limit"].notnull(), ibis.null("string")),
        (runs.has_cell.fill_null(False), "no_limit"),
        (ibis.literal(absent) | runs.blank, "missing_attribute"),
        (runs.category.isnull(), "no_such_category"),
        else_="no_row",
    )
    placed = runs.has_cell.fill_null(False)
    subject = ibis.ifelse(placed, runs.row + "/" + runs.category, f"{NONE}/{NONE}")
    return runs.mutate(reason=reason, subject=ibis.literal(f"{deadline.id}/") + subject)


def attribute(table: ir.Table, model: ReferenceModel, name: str) -> ir.Value:
    """A case attribute as the contract speaks of it: category id, number, or text; null if unreadable."""
    spec = model.attributes[name]
    raw = table[name]
    if spec.type == "number":
        return finite(raw.re_replace(r"[\s,，]", ""))
    if spec.type == "category":
        spellings = category_index(spec)
        return _folded(table, name).substitute(spellings, else_=ibis.null("string")) if spellings else raw
    return raw


def finite(text: ir.StringValue) -> ir.FloatingValue:
    """The number that a text is; null if it is none: 'nan' and 'inf' are how tools write a missing one."""
    number = text.try_cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def _folded(table: ir.Table, name: str) -> ir.StringValue:
    """The attribute's spellings folded like labels: distinct values are few, so Python folds them."""
    values = [v for v in table.select(name).distinct().execute()[name] if isinstance(v, str)]
    return table[name].substitute({v: normalise_label(v) for v in values}) if values else table[name]


def _matches(row: DeadlineRow, read: dict[str, ir.Value], model: ReferenceModel) -> ir.BooleanValue:
    condition = ibis.literal(True)
    for name, wanted in row.when.items():
        value = read.get(name)
        if value is None:
            return ibis.literal(False)
        if isinstance(wanted, Band):
            least = value >= wanted.least if wanted.least is not None else value.notnull()
            most = value <= wanted.most if wanted.most is not None else value.notnull()
            condition = condition & least & most
        else:
            condition = condition & (value == wanted)
    return condition.fill_null(False)


def pause_intervals(evidence: Evidence, pauses: tuple[Pause, ...]) -> ir.Table:
    """case_id, from_us, until_us: the union of all pauses; one that never ended runs to as-of."""
    events = evidence.bound.events
    empty = events.filter(ibis.literal(False)).select("case_id", from_us="t_us", until_us="t_us")
    if not pauses:
        return empty
    parts = [_intervals_of(evidence, pause) for pause in pauses]
    return _merged(ibis.union(*parts) if len(parts) > 1 else parts[0])


def _intervals_of(evidence: Evidence, pause: Pause) -> ir.Table:
    """Every start of the pause up to the next end of it."""
    events = evidence.bound.events
    marks = events.filter(events.activity_id.isin([pause.start, pause.end]))
    ended = ibis.ifelse(marks.activity_id == pause.end, marks.t_us, ibis.null("int64"))
    onwards = ibis.rows_window(
        preceding=0, following=None, group_by="case_id", order_by=[marks.t_us, marks.row_no]
    )
    begun = marks.mutate(next_end=ended.min().over(onwards)).filter(ibis._.activity_id == pause.start)
    until = ibis.coalesce(begun.next_end, ibis.literal(evidence.bound.as_of_us))
    return begun.select("case_id", from_us=begun.t_us, until_us=until)


def _merged(intervals: ir.Table) -> ir.Table:
    """Union of overlapping intervals per case (gaps and islands)."""
    order = [intervals.from_us, intervals.until_us]
    earlier = ibis.rows_window(preceding=(None, 1), group_by="case_id", order_by=order)
    reach = intervals.mutate(before=intervals.until_us.max().over(earlier))
    begins = (reach.before.isnull() | (reach.from_us > reach.before)).cast("int64")
    up_to_here = ibis.rows_window(
        preceding=None, following=0, group_by="case_id", order_by=[reach.from_us, reach.until_us]
    )
    numbered = reach.mutate(island=begins.sum().over(up_to_here))
    merged = numbered.group_by("case_id", "island").agg(
        from_us=numbered.from_us.min(), until_us=numbered.until_us.max()
    )
    return merged.drop("island")


def paused_time(bound: BoundLog, clock: Clock, runs: ir.Table, pauses: ir.Table, name: str) -> ir.Table:
    """key, paused: axis units for which each run of a clock stood still.

    `runs`: key, case_id, start_us, until_us, from_axis, span (the limit on the axis; null: none). A pause
    that begins after the limit has run out cures nothing. A clock that is paused at its last instant has
    stood still since the pause began: both are read off the axis alike.
    """
    bounds = runs.select("key", "case_id", "start_us", "from_axis", "span", stop_at="until_us")
    clipped = pauses.inner_join(bounds, "case_id")
    clipped = clipped.mutate(
        from_us=ibis.greatest(clipped.from_us, clipped.start_us),
        until_us=ibis.least(clipped.until_us, clipped.stop_at),
    )
    clipped = clipped.filter(clipped.until_us > clipped.from_us)
    clipped = clock.place(clipped, "from_us", "pause_from")
    clipped = clock.place(clipped, "from_us", "begins", closing=True)
    clipped = clock.place(clipped, "until_us", "resumes")
    clipped = clock.place(clipped, "until_us", "reached", closing=True)
    clipped = bound.store(f"{name}_clipped", clipped)
    last = clipped.until_us == clipped.stop_at
    length = ibis.ifelse(last, clipped.reached, clipped.resumes) - clipped.pause_from
    earlier = ibis.rows_window(preceding=(None, 1), group_by="key", order_by=clipped.from_us)
    used = clipped.begins - clipped.from_axis - length.sum().over(earlier).fill_null(0)
    ranked = clipped.mutate(length=length, cures=(used <= clipped.span).fill_null(True))
    counted = ranked.filter(ranked.cures)
    return counted.group_by("key").agg(paused=counted.length.sum())
