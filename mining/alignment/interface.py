"""What every aligner takes and gives back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reference_models.model import Net


class Mode(StrEnum):
    """Which part of a run of the model a trace is compared with."""

    COMPLETE = "complete"
    """A closed case: from the initial to a final marking."""
    PREFIX = "prefix"
    """An open case: from the initial marking to any from which the end can be reached."""
    SUFFIX = "suffix"
    """A closed case that began before the window: from any reachable marking."""
    INFIX = "infix"
    """An open case that began before the window."""

    @property
    def starts_anywhere(self) -> bool:
        """Whether the run may start in any reachable marking at no cost."""
        return self in (Mode.SUFFIX, Mode.INFIX)

    @property
    def stops_anywhere(self) -> bool:
        """Whether the run may stop in any marking that can still reach the end."""
        return self in (Mode.PREFIX, Mode.INFIX)


@dataclass(frozen=True)
class Variant:
    """A distinct trace, and how it is to be compared."""

    trace: tuple[str, ...]
    """Activity ids; labels that the model does not know are spelled as they are."""
    mode: Mode = Mode.COMPLETE
    unseen: frozenset[str] = frozenset()
    """Activities that may have come once more without a trace in the log: a model move on them costs
    nothing."""


class Step(NamedTuple):
    """One move of an alignment on the net."""

    position: int | None
    """Index of the event in the trace; None where the log does not move."""
    transition: int | None
    """Index of the transition fired; None where the model does not move."""
    avoidable: bool = False
    """Of a deviation: some optimal alignment does without it."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """An optimal alignment of one variant. It replays on the net from `start` and spells the trace."""

    cost: int
    """Sum of the deviations' costs; silent transitions cost nothing."""
    start: tuple[int, ...]
    """Marking in which the run starts, one place index per token."""
    positions: npt.NDArray[np.int64]
    """Per step the index of the event in the trace; -1 where the log does not move."""
    transitions: npt.NDArray[np.int64]
    """Per step the transition fired; -1 where the model does not move. Silent ones are among them."""
    avoidable: npt.NDArray[np.bool_]
    """Per step: a deviation that some optimal alignment does without."""
    exact: bool = True
    """False: `cost` is an upper bound."""
    lower: int | None = None
    """A lower bound of the cost, where it is not exact."""

    @property
    def lower_bound(self) -> int:
        """What an optimal alignment costs at least."""
        return self.cost if self.exact or self.lower is None else self.lower

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps as objects, made when asked for."""
        columns = (self.positions.tolist(), self.transitions.tolist(), self.avoidable.tolist())
        return tuple(
            Step(None if at < 0 else at, None if fired < 0 else fired, avoidable)
            for at, fired, avoidable in zip(*columns, strict=True)
        )

    def end(self, net: Net) -> tuple[int, ...]:
        """Marking in which the run ends."""
        tokens = Counter(self.start)
        for fired in self.transitions[self.transitions >= 0].tolist():
            tokens.subtract(net.transitions[fired].pre)
            tokens.update(net.transitions[fired].post)
        return tuple(sorted(tokens.elements()))
