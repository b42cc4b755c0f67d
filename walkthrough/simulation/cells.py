"""Kinds of case: what the attributes say, and which limit of each deadline table is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference_models.model import AttributeSpec, Band, Comparison, Deadline, DeadlineRow, ReferenceModel
from walkthrough.simulation.plan import Plan

KINDS = 400
"""Kinds of case that are drawn; each case is of one."""
SPARED = 0.06
"""Share of the kinds whose attributes are drawn without an eye on the tables."""
CLASS_SHARES = (6.0, 3.0, 1.0)
"""Of the classes of a row, from the longest limit to the shortest."""
Value = str | float


@dataclass(frozen=True)
class CellLimit:
    """The limit of one deadline for a kind of case."""

    limit: float | None
    doubtful_from: float | None = None


@dataclass(frozen=True)
class Cell:
    """A kind of case."""

    values: Mapping[str, Value]
    """Attribute → category or number; texts are given case by case."""
    limits: tuple[CellLimit, ...]
    """Per deadline of the model."""


def draw_cells(plan: Plan, rng: np.random.Generator) -> list[Cell]:
    """Kinds of case, as frequent as they are among them."""
    return [_drawn(plan.model, rng, plan.hints.numbers) for _ in range(KINDS)]


def _drawn(
    model: ReferenceModel, rng: np.random.Generator, bounds: Mapping[str, tuple[float, float]]
) -> Cell:
    values: dict[str, Value] = {}
    for deadline in model.deadlines:
        rows = [row for row in deadline.rows if any(cell.limit is not None for cell in row.cells.values())]
        if not rows or rng.random() < SPARED:
            continue
        row = rows[int(rng.integers(len(rows)))]
        classes = sorted(
            (each for each in row.cells if row.cells[each].limit is not None),
            key=lambda each, row=row: (-(row.cells[each].limit or 0), each),  # type: ignore[misc]  # the default binds the loop's row
        )
        shares = np.array([*CLASS_SHARES, *([1.0] * len(classes))][: len(classes)])
        values[deadline.by] = classes[int(rng.choice(len(classes), p=shares / shares.sum()))]
        for name, wanted in row.when.items():
            values[name] = _within(wanted, rng) if isinstance(wanted, Band) else wanted
    for spec in model.attributes.values():
        if spec.id not in values and spec.type != "text":
            values[spec.id] = _any_value(model, spec, rng, bounds.get(spec.id))
    return Cell(values, tuple(limit_of(each, values) for each in model.deadlines))


def _within(band: Band, rng: np.random.Generator) -> float:
    least = band.least if band.least is not None else min(1.0, band.most or 1.0)
    most = band.most if band.most is not None else 2 * max(least, 1.0)
    return float(rng.integers(int(np.ceil(least)), int(np.floor(most)) + 1)) if most >= least + 1 else least


def _any_value(
    model: ReferenceModel, spec: AttributeSpec, rng: np.random.Generator, bounds: tuple[float, float] | None
) -> Value:
    if spec.type == "category":
        known = sorted(spec.values)
        return known[int(rng.integers(len(known)))] if known else "-"
    if bounds:
        drawn = float(np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]))))
        return round(drawn, 2) if bounds[1] <= 1 else float(round(drawn))
    marks = [mark for mark in thresholds(model, spec.id) if mark > 0]
    if not marks:
        return float(rng.integers(1, 41))
    return float(round(np.exp(rng.uniform(np.log(0.3 * min(marks)), np.log(3 * max(marks))))))


def thresholds(model: ReferenceModel, attribute: str) -> list[float]:
    """Numbers at which the contract's tables and conditions change their mind about an attribute."""
    bands = [
        wanted
        for deadline in model.deadlines
        for row in deadline.rows
        for name, wanted in row.when.items()
        if name == attribute and isinstance(wanted, Band)
    ]
    found = [mark for band in bands for mark in (band.least, band.most)]
    for each in conditions(model):
        if each.attribute == attribute:
            found += [each.least, each.most, each.above, each.below]
    return [mark for mark in found if mark is not None]


def conditions(model: ReferenceModel) -> Iterable[Comparison]:
    """All conditions on attributes."""
    for rule in model.rules:
        yield from (*rule.when, *rule.activity_when, *rule.target_when)
    for eyes in model.four_eyes:
        yield from eyes.when
    for match in model.matches:
        yield from (*match.one_when, *match.other_when)
    for period in model.per_period:
        yield from period.activity_when


def limit_of(deadline: Deadline, values: Mapping[str, Value]) -> CellLimit:
    """The limit of a case with these values: of the first row that is for it."""
    for row in deadline.rows:
        if _is_for(row, values):
            cell = row.cells.get(str(values.get(deadline.by)))
            return CellLimit(cell.limit, cell.doubtful_from) if cell else CellLimit(None)
    return CellLimit(None)


def _is_for(row: DeadlineRow, values: Mapping[str, Value]) -> bool:
    for name, wanted in row.when.items():
        value = values.get(name)
        if not isinstance(wanted, Band):
            if value != wanted:
                return False
        elif not isinstance(value, float) or not (
            (wanted.least is None or value >= wanted.least) and (wanted.most is None or value <= wanted.most)
        ):
            return False
    return True


def holds(conditions: Sequence[Comparison], values: Mapping[str, Value]) -> bool:
    """Whether all conditions hold."""
    for each in conditions:
        value = values.get(each.attribute)
        if value is None:
            return False
        if (each.one_of and value not in each.one_of) or (each.none_of and value in each.none_of):
            return False
        if not _inside(each, value if isinstance(value, float) else np.nan):
            return False
    return True


def _inside(bounds: Comparison, number: float) -> bool:
    return bool(
        (bounds.least is None or number >= bounds.least)
        and (bounds.most is None or number <= bounds.most)
        and (bounds.above is None or number > bounds.above)
        and (bounds.below is None or number < bounds.below)
    )
