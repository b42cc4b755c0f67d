"""Checks of a contract against its diagram and within itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from logs.event_log import CASE_COLUMNS, EVENT_COLUMNS
from logs.labels import normalise_label
from logs.problems import Problem
from reference_models.bpmn import Process
from reference_models.contract import BandDocument, ContractDocument, MaybeStated, RowDocument, Stated
from reference_models.deadline_tables import table_problems
from reference_models.places import Places, Where
from reference_models.pool_grid import whole
from reference_models.reconciliation import reconciliation_problems
from reference_models.rule_checks import rule_problems
from reference_models.severities import severity_problems

_Spellings = Mapping[tuple[str, ...], tuple[str, ...]]

RESERVED_ATTRIBUTES = frozenset(
    {*EVENT_COLUMNS, *CASE_COLUMNS}
    | {"activity_id", "in_flow", "beside", "pos", "step", "unknown", "unknown_events", "variant"}
    | {"closed", "closed_us", "began_before", "last_row", "ended", "reopened", "first_activity"}
    | {"start_row", "stop_row", "start_id", "stop_us", "at_us", "began_us", "until_us", "missing", "blank"}
    | {
        "row",
        "rows",
        "anchor",
        "category",
        "subject",
        "limit",
        "strict_limit",
        "has_cell",
        "reason",
        "paused",
    }
)
"""Names that mining gives to columns of its own."""


@dataclass(frozen=True)
class _Context:
    contract: ContractDocument
    process: Process | None
    places: Places


def cross_problems(
    contract: ContractDocument, process: Process | None, places: Places
) -> tuple[Problem, ...]:
    """All mistakes that a single value does not show.

    process: the compiled diagram; None where it could not be compiled, and what concerns it is not checked.
    """
    context = _Context(contract, process, places)
    checks = (
        _against_diagram(context),
        _references(context),
        _attribute_references(context),
        _attribute_names(context),
        table_problems(contract, places),
        _spellings(context),
        _sources(context),
        severity_problems(contract, places),
        rule_problems(contract, places),
        reconciliation_problems(contract, places),
    )
    return tuple(problem for check in checks for problem in check)


def _attribute_names(context: _Context) -> Iterator[Problem]:
    for name in context.contract.attributes:
        if name in RESERVED_ATTRIBUTES:
            mend = f"call it otherwise, e.g. 'order_{name}'; its headings go into 'aliases'"
            yield context.places.problem(
                ("attributes", name), f"attribute '{name}' bears a reserved name", mend
            )


def _against_diagram(context: _Context) -> Iterator[Problem]:
    contract, process, places = context.contract, context.process, context.places
    if process is None:
        return
    in_flow = {name for name, activity in contract.activities.items() if not activity.outside_flow}
    for name, activity in contract.activities.items():
        if not activity.outside_flow and name not in process.tasks:
            problem = places.unknown(("activities", name), "task in the BPMN", name, process.tasks)
            mend = f"{problem.mend}; an event beside the process says 'outside_flow: true'"
            yield Problem(problem.what, problem.file, problem.line, mend)
        if activity.outside_flow and name in process.tasks:
            yield places.problem(
                ("activities", name), f"activity '{name}' is a task of the BPMN", "remove 'outside_flow'"
            )
    for task in process.tasks.keys() - in_flow - contract.activities.keys():
        yield places.problem(
            ("activities",),
            f"task '{task}' ({process.tasks[task]}) of the BPMN is not in the contract",
            f"add '{task}' to activities, with its names and standing",
        )
    for lane, name in process.lanes.items():
        if lane not in contract.roles:
            yield places.problem(
                ("roles",), f"lane '{lane}' ({name}) of the BPMN has no role", f"add '{lane}' to roles"
            )
    picture = whole(process.diagram)
    drawn = {node.id for node in picture.nodes} | {flow.id for flow in picture.flows}
    drawn |= {pool.id for pool in picture.pools}
    for name in contract.texts:
        if name not in drawn:
            yield places.unknown(("texts", name), "element in the BPMN", name, drawn)
    yield from _handoffs(context, process)


def _handoffs(context: _Context, process: Process) -> Iterator[Problem]:
    drawn = {f"{sender}->{receiver}" for sender, receiver in process.handoffs}
    for name in context.contract.handoffs:
        if name not in drawn:
            yield context.places.unknown(("handoffs", name), "handoff in the BPMN", name, drawn)


def _references(context: _Context) -> Iterator[Problem]:
    contract, places = context.contract, context.places
    for where, name in _activity_references(contract):
        if name not in contract.activities:
            yield places.unknown(where, "activity", name, contract.activities)
    for activity_id, activity in contract.activities.items():
        if activity.role is not None and activity.role not in contract.roles:
            yield places.unknown(("activities", activity_id, "role"), "role", activity.role, contract.roles)
    for handoff_id, handoff in contract.handoffs.items():
        for name in handoff.received_by:
            recorded = contract.activities.get(name)
            if recorded is not None and not recorded.outside_flow:
                where = ("handoffs", handoff_id, "received_by")
                mend = "name an activity with 'outside_flow: true', or use accepted_by"
                yield places.problem(where, f"'{name}' is a task of the flow and cannot record receipt", mend)


def _activity_references(contract: ContractDocument) -> Iterator[tuple[Where, str]]:
    for key, deadline in contract.deadlines.items():
        where: Where = ("deadlines", key)
        yield (*where, "start"), deadline.start
        yield (*where, "stop"), deadline.stop
        for pause_id, pause in deadline.pauses.items():
            yield (*where, "pauses", pause_id, "start"), pause.start
            yield (*where, "pauses", pause_id, "end"), pause.end
        yield from _each((*where, "restart_on"), deadline.restart_on)
    for key, handoff in contract.handoffs.items():
        yield from _each(("handoffs", key, "received_by"), handoff.received_by)
        yield from _each(("handoffs", key, "accepted_by"), handoff.accepted_by)
    for key, returned in contract.returns.items():
        yield ("returns", key, "dispatched_by"), returned.dispatched_by
        yield ("returns", key, "returned_by"), returned.returned_by
    for key, told in contract.told.items():
        yield ("told", key, "after"), told.after
        yield ("told", key, "told_by"), told.told_by
    for key, duplicate in contract.duplicates.items():
        where = ("duplicates", key)
        yield (*where, "activity"), duplicate.activity
        yield from _each((*where, "open_until"), duplicate.open_until)
        if duplicate.waits_for is not None:
            yield (*where, "waits_for"), duplicate.waits_for
        if duplicate.replaced is not None:
            yield from _each((*where, "replaced", "cancelled_by"), duplicate.replaced.cancelled_by)
            yield from _each((*where, "replaced", "amended_by"), duplicate.replaced.amended_by)
    for name in contract.idle_limits:
        if name != "default":
            yield ("idle_limits", name), name
    for name in contract.costs:
        yield ("costs", name), name
    yield from _each(("ends",), contract.ends)
    yield from _each(("reopened_by",), contract.reopened_by)


def _each(where: Where, names: Iterable[str]) -> Iterator[tuple[Where, str]]:
    return (((*where, index), name) for index, name in enumerate(names))


def _attribute_references(context: _Context) -> Iterator[Problem]:
    contract, places = context.contract, context.places
    for key, deadline in contract.deadlines.items():
        where: Where = ("deadlines", key)
        if deadline.by not in contract.attributes:
            yield places.unknown((*where, "by"), "attribute", deadline.by, contract.attributes)
        elif contract.attributes[deadline.by].type != "category":
            yield places.problem(
                (*where, "by"), f"'{deadline.by}' is not a category", "name a category attribute"
            )
        for row_id, row in deadline.rows.items():
            yield from _conditions(row, (*where, "rows", row_id), context)
            for index, other in enumerate(row.planned_over):
                if other not in deadline.rows:
                    yield places.unknown(
                        (*where, "rows", row_id, "planned_over", index), "row", other, deadline.rows
                    )
        for promise_id, promise in deadline.promises.items():
            for index, row_id in enumerate(promise.rows):
                if row_id not in deadline.rows:
                    place: Where = (*where, "promises", promise_id, "rows", index)
                    yield places.unknown(place, "row", row_id, deadline.rows)
    yield from _duplicate_attributes(context)
    for name, attribute in contract.attributes.items():
        for index, category in enumerate(attribute.without_limit):
            if category not in attribute.values:
                where = ("attributes", name, "without_limit", index)
                yield places.unknown(where, "category", category, attribute.values)


def _duplicate_attributes(context: _Context) -> Iterator[Problem]:
    """Attributes that identities, tolerances and look-alikes speak of, each of the type asked for."""
    for key, duplicate in context.contract.duplicates.items():
        where: Where = ("duplicates", key)
        asked: list[tuple[Where, str | None, tuple[str, ...]]] = [
            *((place, name, ()) for place, name in _each((*where, "same"), duplicate.same)),
            ((*where, "amount"), duplicate.amount, ("number",)),
        ]
        if duplicate.near is not None:
            for name, tolerance in duplicate.near.differ.items():
                kinds: tuple[str, ...] = ("number",) if tolerance.similarity is None else ("text", "category")
                asked.append(((*where, "near", "differ", name), name, kinds))
        if duplicate.split is not None:
            asked.append(((*where, "split", "reference"), duplicate.split.reference, ()))
            asked.append(((*where, "split", "part"), duplicate.split.part, ()))
            asked.append(((*where, "split", "total"), duplicate.split.total, ("number",)))
        for place, wanted, kinds in asked:
            attribute = context.contract.attributes.get(wanted or "")
            if wanted is not None and attribute is None:
                yield context.places.unknown(place, "attribute", wanted, context.contract.attributes)
            elif attribute is not None and kinds and attribute.type not in kinds:
                what = f"'{wanted}' is not a {kinds[0]}"
                yield context.places.problem(place, what, f"name a {kinds[0]} attribute")


def _conditions(row: RowDocument, where: Where, context: _Context) -> Iterator[Problem]:
    for name, value in row.when.items():
        place: Where = (*where, "when", name)
        attribute = context.contract.attributes.get(name)
        if attribute is None:
            yield context.places.unknown(place, "attribute", name, context.contract.attributes)
        elif isinstance(value, BandDocument) and attribute.type != "number":
            yield context.places.problem(
                place, f"'{name}' is a {attribute.type}, not a number", "name a category"
            )
        elif isinstance(value, str) and attribute.type == "number":
            yield context.places.problem(place, f"'{name}' is a number", "give a band {min: …, max: …}")
        elif isinstance(value, str) and attribute.type == "category" and value not in attribute.values:
            yield context.places.unknown(place, "category", value, attribute.values)


def _spellings(context: _Context) -> Iterator[Problem]:
    contract = context.contract
    activities: _Spellings = {
        ("activities", key): (key, each.name.zh, each.name.en, *each.aliases)
        for key, each in contract.activities.items()
    }
    attributes: _Spellings = {
        ("attributes", key): (key, each.name.zh, each.name.en, *each.aliases)
        for key, each in contract.attributes.items()
    }
    roles: _Spellings = {
        ("roles", key): (each.name.zh, each.name.en, *each.units) for key, each in contract.roles.items()
    }
    yield from _clashes(activities, context.places)
    yield from _clashes(attributes, context.places)
    yield from _clashes(roles, context.places)
    for name, attribute in contract.attributes.items():
        values: _Spellings = {
            ("attributes", name, "values", key): (key, *own) for key, own in attribute.values.items()
        }
        yield from _clashes(values, context.places)


def _clashes(spellings: _Spellings, places: Places) -> Iterator[Problem]:
    owner: dict[str, tuple[str, ...]] = {}
    for where, names in spellings.items():
        for spelling in names:
            first = owner.setdefault(normalise_label(spelling), where)
            if first != where:
                yield places.problem(
                    places.uppermost(first, where),
                    f"'{spelling}' names both '{first[-1]}' and '{where[-1]}'",
                    "remove it from one of the two: an export's spelling must lead to one of them",
                )


def _sources(context: _Context) -> Iterator[Problem]:
    known = context.contract.sources
    for where, stated in _stated(context.contract, ()):
        if stated.standing == "user":
            continue
        for name in stated.source.replace(",", " ").split():
            if name not in known:
                yield context.places.unknown((*where, "source"), "source", name, known)


def _stated(value: object, where: Where) -> Iterator[tuple[Where, Stated | MaybeStated]]:
    if isinstance(value, Stated | MaybeStated):
        yield where, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _stated(inner, (*where, key))
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _stated(getattr(value, name), (*where, name))
