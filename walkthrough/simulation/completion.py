"""A model completed for a sample: limits that no document gives, and where a system closes a case early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reference_models.model import (
    Authority,
    Deadline,
    Limit,
    LimitCell,
    Match,
    ReferenceModel,
    Standing,
)
from walkthrough.simulation.playout import Run

OURS = Authority(Standing.USER)
DAYS, DAYS_PER_STEP = 5, 2
"""Of a deadline table without limits: so long is its limit, and by so much longer for each step."""
HOURS, HOURS_PER_STEP = 12, 4
"""The same of a table in hours."""
MATCH_LIMITS = {"working_days": 15.0, "hours": 72.0}
Runs = Sequence[tuple[Run, float]]


@dataclass(frozen=True)
class Completion:
    """What a sample sets beside its model's contract."""

    deadlines: Mapping[str, float]
    """Deadline table without any limit → the limit of all its cells."""
    matches: Mapping[str, Limit]
    """Rule of what belongs together in a case, without a limit → its limit."""
    ends: tuple[str, ...]
    """Activities with which the system of the sample closes a case, though one more task of the same role is
    due."""

    def of(self, model: ReferenceModel) -> ReferenceModel:
        """The model with it."""
        return replace(
            model,
            deadlines=tuple(self._deadline(each) for each in model.deadlines),
            matches=tuple(self._match(each) for each in model.matches),
            ends=(*model.ends, *self.ends),
        )

    def _deadline(self, deadline: Deadline) -> Deadline:
        if deadline.id not in self.deadlines:
            return deadline
        cell = LimitCell(self.deadlines[deadline.id])
        rows = tuple(replace(row, cells=dict.fromkeys(row.cells, cell)) for row in deadline.rows)
        return replace(deadline, rows=rows)

    def _match(self, match: Match) -> Match:
        return replace(match, limit=self.matches[match.id]) if match.id in self.matches else match


NOTHING = Completion({}, {}, ())


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
    return Completion(
        {each.id: _limit(each, runs) for each in unlimited if _limit(each, runs)},
        {each.id: limit for each in paired},
        tuple(_early(model, runs)),
    )


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
