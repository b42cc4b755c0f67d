"""What an open case waits for: whether the log shows that a handoff is due."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from walkthrough.simulation.plan import Plan


class Waiting:
    """Looks at what the model allows next, and at its runs."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.known: dict[tuple[tuple[str, ...], str, str], bool | None] = {}

    def owed(self, trace: Sequence[str], sender: str, receiver: str) -> bool | None:
        """Whether the receiver must take up, after this trace, what the sender handed over.

        None: he cannot begin yet, or another one handed over to him last; False: the case may also go another
        way.
        """
        key = (tuple(trace), sender, receiver)
        if key not in self.known:
            self.known[key] = self._owed(*key)
        return self.known[key]

    def _owed(self, trace: Sequence[str], sender: str, receiver: str) -> bool | None:
        language = self.plan.language
        if language is None:
            return False
        state = 0
        for activity in trace:
            if activity not in language.codes or (state := language.after(state, activity)) < 0:
                return False
        if language.after(state, receiver) < 0:
            return None
        senders = self.senders.get(receiver, set()) | {sender}
        if next((each for each in reversed(trace) if each in {*senders, receiver}), sender) != sender:
            return None
        return (sender, receiver) not in self.optional and not self._ends_without(state, receiver)

    @cached_property
    def senders(self) -> dict[str, set[str]]:
        """Activity → those whose work it begins with."""
        found: dict[str, set[str]] = {}
        for run, _ in self.plan.runs:
            for at, senders in enumerate(run.senders):
                found.setdefault(run.activities[at], set()).update(run.activities[each] for each in senders)
        return found

    @cached_property
    def optional(self) -> set[tuple[str, str]]:
        """Handoffs whose sender's work also went elsewhere only."""
        found = set()
        for run, _ in self.plan.runs:
            for origin, activity in enumerate(run.activities):
                to = {run.activities[at] for at, senders in enumerate(run.senders) if origin in senders}
                found |= {pair for pair in self.plan.handoffs if pair[0] == activity and pair[1] not in to}
        return found

    def _ends_without(self, state: int, receiver: str) -> bool:
        """Whether the case can come to its end from there without the receiver."""
        language = self.plan.language
        assert language is not None
        seen, pending = {state}, [state]
        others = np.delete(language.follow, language.codes[receiver], axis=1)
        while pending:
            at = pending.pop()
            if language.accepting[at]:
                return True
            fresh = {int(each) for each in others[at] if each >= 0} - seen
            seen |= fresh
            pending += fresh
        return False
