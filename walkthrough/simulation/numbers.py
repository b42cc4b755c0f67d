"""Case numbers in sequence, and numbers that are missing: cases that were never entered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import Micros

SMALL_BRANCH = 80_000
"""Cases up to which the numbers of a branch have five digits, the skipped ones included."""
MOST_MISSING = 3
"""Numbers in a gap, at most."""


@dataclass(frozen=True)
class Series:
    """Numbers that are given one after the other."""

    id: str
    prefix: str
    digits: int
    first: int = 1

    def text(self, number: int) -> str:
        """As exports write it."""
        return f"{self.prefix}{number:0{self.digits}d}"


def own_series(prefix: str, block: int, blocks: int, block_cases: int) -> Series:
    """Of a sample whose contract speaks of no numbers: of several branches, each has numbers of its own."""
    if blocks == 1:
        return Series("case_numbers", prefix, 8)
    return Series(f"branch_{block + 1}", f"{prefix}{block:03d}", 5 if block_cases <= SMALL_BRANCH else 8)


def contract_series(model: ReferenceModel, last: int) -> Series | None:
    """That of the contract, which goes on from branch to branch."""
    for each in model.numbering:
        return Series(each.id, each.prefix, each.digits or 8, last + 1)
    return None


def in_order(case: Micros, us: Micros, cases: int) -> npt.NDArray[np.int64]:
    """Cases with events in the order in which they were entered, by their first event."""
    first = np.full(cases, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first, case, us)
    present = np.flatnonzero(first < np.iinfo(np.int64).max)
    return present[np.argsort(first[present], kind="stable")]


def with_gaps(
    entered: npt.NDArray[np.int64], sound: npt.NDArray[np.bool_], gaps: int, rng: np.random.Generator
) -> tuple[Micros, list[tuple[int, int]]]:
    """(how many numbers are skipped before each case, the cases before and after each gap).

    entered: cases in the order of their numbers; sound: per case whether nothing else is planted in it.
    """
    free = np.flatnonzero(sound[entered[:-1]])
    chosen = np.sort(rng.choice(free, size=min(gaps, len(free)), replace=False)) if gaps else free[:0]
    skipped = np.zeros(len(entered), dtype=np.int64)
    skipped[chosen + 1] = rng.integers(1, MOST_MISSING + 1, size=len(chosen))
    pairs = [(int(entered[at]), int(entered[at + 1])) for at in chosen]
    return np.cumsum(skipped), pairs
