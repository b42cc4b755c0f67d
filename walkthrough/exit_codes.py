"""Exit codes of `walkthrough audit`, for schedulers. Where several apply, the order is 4, 2, 3, 1, 5, 0."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a run came to."""

    CONFORMANT = 0
    """Everything could be judged, nothing is violated."""
    VIOLATIONS = 1
    """Something is violated."""
    BAD_INPUT = 2
    """The command or an input cannot be used as it is; nothing was judged."""
    INCONCLUSIVE = 3
    """Judged, but the evidence does not carry a verdict (too many rejected rows, no case …)."""
    FAILED = 4
    """A report could not be written, or the tool itself failed."""
    UNDECIDED = 5
    """Nothing violated, but something was not determinable or a check could not run."""
