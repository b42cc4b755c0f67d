"""Versions of a model: a case is judged by the one that was in force when it began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reference_models.versions import versions_in_force
from walkthrough.simulation.axis import Micros, midnight_us
from walkthrough.simulation.cells import Cell, limit_of
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF

EVER = np.iinfo(np.int64)


@dataclass(frozen=True)
class InForce:
    """A version, and when cases must have begun to be judged by it."""

    plan: Plan
    since_us: int
    until_us: int
    alike: bool
    """Whether it judges returns, units and back and forth as the version does that the cases are made by."""

    def judges(self, begun: Micros) -> npt.NDArray[np.bool_]:
        """Which of the cases that began then it judges."""
        return (begun >= self.since_us) & (begun < self.until_us)

    def cells(self, cells: Sequence[Cell]) -> list[Cell]:
        """Kinds of case with its limits."""
        known: dict[int, Cell] = {}
        for each in cells:
            if id(each) not in known:
                limits = tuple(limit_of(deadline, each.values) for deadline in self.plan.model.deadlines)
                known[id(each)] = replace(each, limits=limits)
        return [known[id(each)] for each in cells]


def versions_of(plan: Plan) -> Iterator[InForce]:
    """The versions in force up to as-of, the first one first; `plan`: that of the newest one."""
    models = versions_in_force(plan.given, AS_OF.date())
    bounds = [EVER.min, *(midnight_us(each.in_force_from) for each in models[1:]), EVER.max]
    for model, since, until in zip(models, bounds, bounds[1:], strict=False):
        own = plan if model is plan.given else Plan(model, plan.hints, newest=plan)
        yield InForce(own, since, until, _shape(own) == _shape(plan))


def _shape(plan: Plan) -> tuple[object, ...]:
    model = plan.given
    return model.ping_pong, model.returns, model.roles
