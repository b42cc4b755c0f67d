"""What a model allows, and the least repairs that lead a trace back into it.

A game of tokens of its own: it decides where a fault can be planted so that the log shows it beyond doubt.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reference_models.model import Net

Marking = tuple[int, ...]
Repair = tuple[tuple[str, str], ...]
"""('insert' or 'delete', activity), sorted."""
MOST_MARKINGS = 60_000
MOST_STATES = 6_000
MOST_REPAIRS = 40
"""Where a trace can be repaired in more ways than that, nothing is beyond doubt."""


class TooLarge(Exception):  # noqa: N818 (a fact about the model)
    """The model has too many states to say what it allows."""


class Language:
    """A model's traces as a deterministic automaton."""

    def __init__(self, net: Net, costs: Mapping[str, int]) -> None:
        """Raises TooLarge."""
        self.activities = sorted({t.label for t in net.transitions if t.label is not None})
        self.codes = {activity: code for code, activity in enumerate(self.activities)}
        self.costs = np.array([costs.get(each, 1) for each in self.activities], dtype=np.int64)
        self.follow, self.accepting = _determinised(net, self.codes)

    def allows(self, trace: Sequence[str]) -> bool:
        """Whether it is a complete run."""
        state = self._after(trace)
        return state >= 0 and bool(self.accepting[state])

    def begins(self, trace: Sequence[str]) -> bool:
        """Whether it is the beginning of a run."""
        return self._after(trace) >= 0

    def _after(self, trace: Sequence[str]) -> int:
        state = 0
        for activity in trace:
            if activity not in self.codes or (state := int(self.follow[state, self.codes[activity]])) < 0:
                return -1
        return state

    def after(self, state: int, activity: str) -> int:
        """The state after an activity; -1: it is not allowed there."""
        return int(self.follow[state, self.codes[activity]])

    def cost(self, kind: str, activity: str) -> int:
        """Of inserting or deleting one event."""
        return int(self.costs[self.codes[activity]])

    def repairs(self, trace: Sequence[str], most: int) -> set[Repair] | None:
        """All least repairs that cost at most so much; None if there are none or too many to tell.

        Where in the trace they are made is not told apart.
        """
        from walkthrough.simulation.kernels import distances

        codes = np.array([self.codes[each] for each in trace], dtype=np.int64)
        left = distances(self.follow, self.accepting, codes, self.costs, most)
        least = int(left[0, 0])
        if least > most:
            return None
        return _Search(self, codes, left).all_from(0, 0, least)


class _Search:
    """All cheapest ways through the trace and the automaton together."""

    def __init__(self, language: Language, codes: npt.NDArray[np.int64], left: npt.NDArray[np.int64]) -> None:
        self.language, self.codes, self.left = language, codes, left
        self.known: dict[tuple[int, int], set[Repair] | None] = {}

    def all_from(self, at: int, state: int, budget: int) -> set[Repair] | None:
        """Of what comes after; the budget is exactly what is left to pay."""
        key = (at, state)
        if key in self.known:
            return self.known[key]
        found: set[Repair] = set()
        if at == len(self.codes) and self.language.accepting[state] and budget == 0:
            found.add(())
        for operation, to, after in self._steps(at, state, budget):
            rest = self.all_from(*to, after)
            if rest is None:
                found = set()
                self.known[key] = None
                return None
            found |= {tuple(sorted((*each, operation))) if operation else each for each in rest}
            if len(found) > MOST_REPAIRS:
                self.known[key] = None
                return None
        self.known[key] = found
        return found

    def _steps(
        self, at: int, state: int, budget: int
    ) -> list[tuple[tuple[str, str] | None, tuple[int, int], int]]:
        follow, costs, names = self.language.follow, self.language.costs, self.language.activities
        steps: list[tuple[tuple[str, str] | None, tuple[int, int], int]] = []
        if at < len(self.codes):
            code = int(self.codes[at])
            to = int(follow[state, code])
            if to >= 0 and self.left[at + 1, to] == budget:
                steps.append((None, (at + 1, to), budget))
            if self.left[at + 1, state] == budget - costs[code]:
                steps.append((("delete", names[code]), (at + 1, state), budget - int(costs[code])))
        for code in np.flatnonzero(follow[state] >= 0).tolist():
            to = int(follow[state, code])
            if costs[code] > 0 and self.left[at, to] == budget - costs[code]:
                steps.append((("insert", names[code]), (at, to), budget - int(costs[code])))
        return steps


def _determinised(net: Net, codes: Mapping[str, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """State × activity → state (-1: not allowed), and which states accept; state 0 is the first."""
    game = _Markings(net, codes)
    first = game.closure(frozenset([tuple(sorted(net.initial))]))
    numbers: dict[frozenset[Marking], int] = {first: 0}
    rows: list[npt.NDArray[np.int64]] = []
    accepting: list[bool] = []
    queue: deque[frozenset[Marking]] = deque([first])
    while queue:
        state = queue.popleft()
        row = np.full(len(codes), -1, dtype=np.int64)
        for code, markings in game.moves(state).items():
            after = game.closure(frozenset(markings))
            if after not in numbers:
                if len(numbers) >= MOST_STATES:
                    raise TooLarge
                numbers[after] = len(numbers)
                queue.append(after)
            row[code] = numbers[after]
        rows.append(row)
        accepting.append(not game.finals.isdisjoint(state))
    return np.array(rows, dtype=np.int64), np.array(accepting)


class _Markings:
    """Markings and what follows them, each worked out once."""

    def __init__(self, net: Net, codes: Mapping[str, int]) -> None:
        self.finals = set(net.finals)
        self.steps = [
            (codes[t.label] if t.label is not None else -1, Counter(t.pre), Counter(t.post))
            for t in net.transitions
        ]
        self.known: dict[Marking, list[tuple[int, Marking]]] = {}
        self.closed: dict[Marking, frozenset[Marking]] = {}

    def after(self, marking: Marking) -> list[tuple[int, Marking]]:
        """(activity or -1, marking) of every transition enabled."""
        if marking not in self.known:
            if len(self.known) >= MOST_MARKINGS:
                raise TooLarge
            tokens = Counter(marking)
            self.known[marking] = [
                (code, tuple(sorted((tokens - pre + post).elements())))
                for code, pre, post in self.steps
                if pre <= tokens
            ]
        return self.known[marking]

    def closure(self, markings: frozenset[Marking]) -> frozenset[Marking]:
        """With all that silent transitions lead to."""
        seen, queue = set(markings), list(markings)
        while queue:
            for code, after in self.after(queue.pop()):
                if code < 0 and after not in seen:
                    seen.add(after)
                    queue.append(after)
        return frozenset(seen)

    def moves(self, markings: frozenset[Marking]) -> dict[int, set[Marking]]:
        """Activity → the markings right after it."""
        found: dict[int, Any] = {}
        for marking in sorted(markings):
            for code, after in self.after(marking):
                if code >= 0:
                    found.setdefault(code, set()).add(after)
        return found
