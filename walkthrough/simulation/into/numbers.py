"""Cases of an existing export that were never entered: taken out of a series of numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reference_models.model import Numbering
from walkthrough.simulation.courses import Plant
from walkthrough.simulation.into.key import IntoKey, Kind
from walkthrough.simulation.into.log import Export

Gap = tuple[str, str, str]
"""(series, case before, case after)."""


class NumberFaults:
    """Takes cases out of the middle of a series: the log has the number before, and the one after."""

    def __init__(self, export: Export, key: IntoKey, rng: np.random.Generator) -> None:
        self.export, self.key = export, key
        hosts = {case for cases in export.hosts.values() for case in cases}
        self.free: list[tuple[str, str, str, str]] = []
        """(series, case before, case, case after)."""
        for series in export.plan.model.numbering:
            numbered = self._numbered(series)
            for number, case in sorted(numbered.items()):
                around = numbered.get(number - 1), numbered.get(number + 1)
                if case in hosts and around[0] and around[1]:
                    self.free.append((series.id, around[0], case, around[1]))
        self.free = [self.free[at] for at in rng.permutation(len(self.free)).tolist()]
        self.before = {(series, case) for series, case, _ in self._gaps()}

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

    def state(self) -> None:
        """Write into the key the gaps that came about besides; one that grew was there before."""
        planted = {(each.plant.subject, each.case, each.related) for each in self.key.planted}
        for series, before, after in sorted(self._gaps() - planted):
            if (series, before) not in self.before:
                self.key.state(Plant("lost", "never_entered", series), "consequence", before, after)

    def _gaps(self) -> set[Gap]:
        found = set()
        for series in self.export.plan.model.numbering:
            numbered = sorted(self._numbered(series).items())
            found |= {(series.id, a, b) for (n, a), (m, b) in pairwise(numbered) if m > n + 1}
        return found

    def _numbered(self, series: Numbering) -> dict[int, str]:
        """Number → the first case that has it, of the cases that are there."""
        found: dict[int, str] = {}
        for case, rows in self.export.by_case.items():
            rest = case[len(series.prefix) :]
            fits = case.startswith(series.prefix) and rest.isascii() and rest.isdigit()
            fits = fits and (series.digits is None or len(rest) == series.digits)
            if fits and not self.export.dropped.issuperset(rows):
                found.setdefault(int(rest), case)
        return found
