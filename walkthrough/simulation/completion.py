"""A model completed for a sample: limits and warnings that no document gives, where a system closes a case
early, and what it records of orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from logs import normalise_label
from reference_models.duplicates import DuplicateIdentity, Recurring, Replaced
from reference_models.model import (
    Activity,
    Authority,
    Deadline,
    DeadlineWarning,
    Limit,
    LimitCell,
    Match,
    ReferenceModel,
    Standing,
    Text,
)
from walkthrough.simulation.playout import Run

OURS = Authority(Standing.USER)
DAYS, DAYS_PER_STEP = 5, 2
"""Of a deadline table without limits: so long is its limit, and by so much longer for each step."""
HOURS, HOURS_PER_STEP = 12, 4
"""The same of a table in hours."""
MATCH_LIMITS = {"working_days": 15.0, "hours": 72.0}
WARNED_FROM = 0.8
"""Share of a limit from which the sample warns."""
CANCELLED, CHANGED = "cancellation_recorded", "change_recorded"
RECORDS = {
    CANCELLED: Text("订单撤销登记", "Order cancellation recorded"),
    CHANGED: Text("订单变更登记", "Order change recorded"),
}
"""What the system of the sample records of an order beside the flow."""
REPLACED = Replaced((CANCELLED,), (CHANGED,), 10.0, OURS)
EVERY_MONTH = Recurring(3, 25.0, 5.0, OURS)
MONTHS_COMPARED = 45
"""Days that an order must be compared for at least, for one a month later to look like it."""
Runs = Sequence[tuple[Run, float]]


@dataclass(frozen=True)
class Completion:
    """What a sample sets beside its model's contract."""

    deadlines: Mapping[str, float]
    """Deadline table without any limit → the limit of all its cells."""
    warnings: frozenset[str]
    """Deadline tables with a limit and without a warning, which get one."""
    matches: Mapping[str, Limit]
    """Rule of what belongs together in a case, without a limit → its limit."""
    ends: tuple[str, ...]
    """Activities with which the system of the sample closes a case, though one more task of the same role is
    due."""
    replaced: frozenset[str]
    """Identities of orders of which the contract does not say how they are cancelled or changed."""
    recurring: frozenset[str]
    """Identities of orders of which the contract knows no series, though months are compared."""

    def of(self, model: ReferenceModel) -> ReferenceModel:
        """The model with it."""
        return replace(
            model,
            deadlines=tuple(self._deadline(each) for each in model.deadlines),
            matches=tuple(self._match(each) for each in model.matches),
            ends=(*model.ends, *self.ends),
            duplicates=tuple(self._order(each) for each in model.duplicates),
            activities={**model.activities, **self.records()},
        )

    def records(self) -> dict[str, Activity]:
        """Activities that it brings along."""
        names = RECORDS if self.replaced else {}
        return {each: Activity(each, name, (), None, False, OURS) for each, name in names.items()}

    def _order(self, order: DuplicateIdentity) -> DuplicateIdentity:
        if order.id in self.replaced:
            order = replace(order, replaced=REPLACED)
        return replace(order, recurring=EVERY_MONTH) if order.id in self.recurring else order

    def _deadline(self, deadline: Deadline) -> Deadline:
        if deadline.id in self.warnings:
            deadline = replace(deadline, warning=DeadlineWarning(WARNED_FROM, OURS))
        if deadline.id not in self.deadlines:
            return deadline
        cell = LimitCell(self.deadlines[deadline.id])
        rows = tuple(replace(row, cells=dict.fromkeys(row.cells, cell)) for row in deadline.rows)
        return replace(deadline, rows=rows)

    def _match(self, match: Match) -> Match:
        return replace(match, limit=self.matches[match.id]) if match.id in self.matches else match


NOTHING = Completion({}, frozenset(), {}, (), frozenset(), frozenset())


def completion_of(model: ReferenceModel, runs: Runs, unit: str) -> Completion:
    """What a model lacks for faults of its deadlines, pairs and ends. unit: of limits ('hours' …)."""
    flow = {each.id for each in model.activities.values() if each.in_flow}
    unlimited = [
        each
        for each in model.deadlines
        if each.rows and all(cell.limit is None for row in each.rows for cell in row.cells.values())
    ]
    limit = Limit(MATCH_LIMITS[unit], unit, OURS)
    paired = [
        each for each in model.matches if not each.same and not each.limit and {each.one, each.other} <= flow
    ]
    limits = {each.id: _limit(each, runs) for each in unlimited if _limit(each, runs)}
    return Completion(
        limits,
        frozenset(each.id for each in model.deadlines if not each.warning and _limited(each, limits)),
        {each.id: limit for each in paired},
        tuple(_early(model, runs)),
        frozenset(each.id for each in model.duplicates if not each.replaced and not _taken(model)),
        frozenset(
            each.id for each in model.duplicates if not each.recurring and each.within_days >= MONTHS_COMPARED
        ),
    )


def _taken(model: ReferenceModel) -> bool:
    """Whether the model has other activities by the names of our records."""
    known = {
        normalise_label(label)
        for each in model.activities.values()
        for label in (each.id, each.name.zh, each.name.en, *each.aliases)
    }
    ours = {normalise_label(label) for id_, name in RECORDS.items() for label in (id_, name.zh, name.en)}
    return not known.isdisjoint(ours)


def _limited(deadline: Deadline, added: Mapping[str, float]) -> bool:
    """Whether any case has a limit."""
    own = any(cell.limit is not None for row in deadline.rows for cell in row.cells.values())
    return own or deadline.id in added


def _limit(deadline: Deadline, runs: Runs) -> float:
    """Room for the longest run; 0: no run is on the clock."""
    steps = [
        run.activities.index(deadline.stop) - run.activities.index(deadline.start)
        for run, _ in runs
        if {deadline.start, deadline.stop} <= set(run.activities)
    ]
    longest = max(steps, default=0)
    if longest <= 0:
        return 0.0
    if deadline.unit == "hours":
        return float(HOURS + HOURS_PER_STEP * longest)
    return float(DAYS + DAYS_PER_STEP * longest)


def _early(model: ReferenceModel, runs: Runs) -> Iterator[str]:
    """Activities that always come right before the last one, which is neither handed over nor awaited."""
    for activity in sorted({each for run, _ in runs for each in run.activities} - set(model.ends)):
        theirs = [run for run, _ in runs if activity in run.activities]
        if all(
            run.activities.index(activity) == len(run.activities) - 2 and _by_itself(model, run)
            for run in theirs
        ):
            yield activity


def _by_itself(model: ReferenceModel, run: Run) -> bool:
    """Whether the last task of a run is neither handed over nor a return order."""
    pairs = {(each.sender, each.receiver) for each in model.handoffs}
    awaited = {each.returned_by for each in model.returns}
    handed = any((run.activities[sender], run.activities[-1]) in pairs for sender in run.senders[-1])
    return not handed and run.activities[-1] not in awaited
