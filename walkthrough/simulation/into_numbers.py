"""Cases of an existing export that were never entered: taken out of a series of numbers."""

from __future__ import annotations

import numpy as np

from walkthrough.simulation.courses import Plant
from walkthrough.simulation.into_key import IntoKey, Kind
from walkthrough.simulation.into_log import Export


class NumberFaults:
    """Takes cases out of the middle of a series: the log has the number before, and the one after."""

    def __init__(self, export: Export, key: IntoKey, rng: np.random.Generator) -> None:
        self.export, self.key = export, key
        hosts = {case for cases in export.hosts.values() for case in cases}
        self.free: list[tuple[str, str, str, str]] = []
        """(series, case before, case, case after)."""
        for series in export.plan.model.numbering:
            numbered = _numbered(export, series.prefix, series.digits)
            for number, case in sorted(numbered.items()):
                around = numbered.get(number - 1), numbered.get(number + 1)
                if case in hosts and around[0] and around[1]:
                    self.free.append((series.id, around[0], case, around[1]))
        self.free = [self.free[at] for at in rng.permutation(len(self.free)).tolist()]

    def kinds(self) -> list[Kind]:
        """What can be planted."""
        return [Kind("lost.never_entered", len(self.free), self._one)] if self.free else []

    def _one(self) -> bool:
        while self.free:
            series, before, case, after = self.free.pop()
            if self.key.used & {before, case, after}:
                continue
            self.export.dropped |= set(self.export.by_case[case])
            plant = Plant("lost", "never_entered", series)
            first = self.export.by_case[before][0]
            self.key.add(before, plant, [first], (), related=after, retimed=False)
            self.key.used.add(case)
            return True
        return False


def _numbered(export: Export, prefix: str, digits: int | None) -> dict[int, str]:
    """Number → the only case that has it."""
    found: dict[int, list[str]] = {}
    for case in export.by_case:
        rest = case[len(prefix) :]
        fits = case.startswith(prefix) and rest.isascii() and rest.isdigit()
        if fits and (digits is None or len(rest) == digits):
            found.setdefault(int(rest), []).append(case)
    return {number: cases[0] for number, cases in found.items() if len(cases) == 1}
