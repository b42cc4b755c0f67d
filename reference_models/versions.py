"""Versions of a model: which is in force when, and what may not differ between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from logs.problems import Problem
from reference_models.layers import Layer
from reference_models.model import ReferenceModel

_WHOLE = {
    "ends": "what closes a case",
    "reopened_by": "what opens it again",
    "costs": "costs of deviations",
    "duplicates": "duplicates, which are sought among all cases",
    "matches": "matches, which may be of several cases",
    "per_period": "numbers per period over all cases",
    "planned": "planned figures over all cases",
    "numbering": "sequences of case numbers",
    "systems": "systems",
    "reconciliation": "what two systems must both have",
}
"""Of all versions alike: what speaks of the shape of a case, or of several cases that may be judged by
different versions."""


def versions_in_force(model: ReferenceModel, day: date) -> tuple[ReferenceModel, ...]:
    """The versions of a model that were in force up to a day, the first one first; at least the first."""
    first, *later = (*model.earlier, model)
    return first, *(each for each in later if each.in_force_from <= day)


def version_problems(models: Sequence[ReferenceModel], layers: Sequence[Layer]) -> Iterator[Problem]:
    """What is wrong between versions, the first one first; `layers`: the file that gives each of them."""
    for (before, model), layer in zip(pairwise(models), layers[1:], strict=True):
        if model.in_force_from <= before.in_force_from:
            what = f"version {model.version} is in force no later than version {before.version}"
            yield layer.problem("in_force_from", what, f"give a day after {before.in_force_from}")
        if model.version in {each.version for each in models if each is not model}:
            yield layer.problem("version", f"two versions are called '{model.version}'", "rename one of them")
        for key, what in _WHOLE.items():
            if getattr(model, key) != getattr(before, key):
                mend = f"remove '{key}'; what differs in it is a model of its own, with an id of its own"
                yield layer.problem(key, f"versions may not differ in '{key}' ({what})", mend)
        for name in before.calendars.keys() & model.calendars.keys():
            if before.calendars[name] != model.calendars[name]:
                what = f"versions may not differ in the calendar '{name}'"
                yield layer.problem("version", what, "give the changed calendar an id of its own")
