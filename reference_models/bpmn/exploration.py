"""The token game within one region, with steps that clear and steps that ask for empty places."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import le

from reference_models.bpmn.plan import Plan, Region
from reference_models.bpmn.reduction import Step
from reference_models.soundness import element_of

MOST_MARKINGS = 20_000
"""A region with more markings than this is refused."""
_MOST_TOKENS = 50
"""More tokens than this in one place pile up."""
MOST_COUNTED = 250
"""A counting place holds at most so many."""

Marking = bytes
"""Tokens per place of the region, in its order of places."""


class TooManyError(Exception):
    """A region has too many markings to be looked at one by one; the text says which way."""


_Parents = dict[Marking, Marking | None]
"""The marking before; None at the start, and behind a step that clears or asks for empty places."""


@dataclass(frozen=True)
class _Move:
    step: Step
    need: tuple[tuple[int, int], ...]
    zero: tuple[int, ...]
    clears: tuple[int, ...]
    post: tuple[tuple[int, int], ...]
    timed: bool
    """It takes its time: a task or a catching event."""


class Markings:
    """All markings that a region can have while it is active, from its first tokens on."""

    def __init__(self, plan: Plan, region: Region, cap: int = MOST_MARKINGS) -> None:
        self.places = list(region.places)
        self.index = {place: number for number, place in enumerate(self.places)}
        self.region = region
        self._by_place: defaultdict[int, list[_Move]] = defaultdict(list)
        self._interrupting: list[_Move] = []
        for step in plan.steps:
            self._take(plan, step)
        self._most = [MOST_COUNTED if place in plan.bookkeeping else _MOST_TOKENS for place in self.places]
        self.start = self._marking(region.entry)
        self.enabled: dict[Marking, list[Step]] = {}
        """Per marking the steps that can happen."""
        self._explore(cap)

    def _take(self, plan: Plan, step: Step) -> None:
        known = all(place in self.index for place in step.pre)
        cleared = plan.regions.get(step.clears)
        if not known or (not step.pre and not (cleared and cleared.is_within(self.region))):
            return
        need = Counter(self.index[place] for place in step.pre)
        post = Counter(self.index[place] for place in step.post if place in self.index)
        clears = [self.index[place] for place in cleared.places if place in self.index] if cleared else []
        zero = tuple(self.index[place] for place in step.zero if place in self.index)
        timed = step.label is not None or step.waits
        move = _Move(step, tuple(need.items()), zero, tuple(clears), tuple(post.items()), timed)
        if need:
            self._by_place[min(need)].append(move)
        else:
            self._interrupting.append(move)

    def _marking(self, tokens: Sequence[str]) -> Marking:
        counted = Counter(tokens)
        return bytes(counted.get(place, 0) for place in self.places)

    def _explore(self, cap: int) -> None:
        waiting = deque([self.start])
        parent: _Parents = {self.start: None}
        while waiting:
            marking = waiting.popleft()
            moves = self._moves(marking)
            self.enabled[marking] = [move.step for move in moves]
            for move in moves:
                after = self._after(marking, move)
                if after not in parent:
                    plain = not (move.clears or move.zero)
                    parent[after] = marking if plain else None
                    waiting.append(after)
                    if plain and max(after) > 1:
                        self._refuse_growth(after, parent)
            if len(parent) > cap:
                raise TooManyError(f"it has more than {cap:,} states inside")

    def _refuse_growth(self, marking: Marking, parent: _Parents) -> None:
        """More tokens than on the way here, and nowhere fewer: the way can be taken for ever."""
        earlier = parent[marking]
        while earlier is not None:
            if all(map(le, earlier, marking)):
                more = next(place for place, a, b in zip(self.places, earlier, marking, strict=True) if a < b)
                raise TooManyError(f"tokens pile up in it at '{element_of(more)}'")
            earlier = parent[earlier]

    def _moves(self, marking: Marking) -> list[_Move]:
        found = [
            move
            for place, tokens in enumerate(marking)
            if tokens
            for move in self._by_place.get(place, ())
            if all(marking[p] >= k for p, k in move.need) and not any(marking[p] for p in move.zero)
        ]
        settled = all(move.timed for move in found)
        # What is taken at once is over before anything can interrupt.
        allowed = [move for move in found if settled or not (move.timed and move.clears)]
        if settled:
            allowed += [move for move in self._interrupting if any(marking[p] for p in move.clears)]
        return allowed

    def _after(self, marking: Marking, move: _Move) -> Marking:
        tokens = bytearray(marking)
        for place, count in move.need:
            tokens[place] -= count
        for place in move.clears:
            tokens[place] = 0
        for place, count in move.post:
            if tokens[place] + count > self._most[place]:
                raise TooManyError(f"tokens pile up in it at '{element_of(self.places[place])}'")
            tokens[place] += count
        return bytes(tokens)

    def at(self, step: Step) -> Iterator[Marking]:
        """Markings in which the step can happen."""
        return (marking for marking, steps in self.enabled.items() if any(each is step for each in steps))

    def tokens(self, marking: Marking) -> tuple[str, ...]:
        """A marking as places, one entry per token."""
        return tuple(p for p, count in zip(self.places, marking, strict=True) for _ in range(count))

    def count(self, marking: Marking, places: frozenset[str]) -> int:
        """Tokens of a marking in these places."""
        return sum(marking[self.index[place]] for place in places)
