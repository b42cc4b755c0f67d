"""The run behind a trace: how the tokens went, found by trying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reference_models.model import Net, Transition
from walkthrough.simulation.playout import NOBODY, Producers, Run

MOST_TRIES = 20_000
Token = tuple[int, Producers]


def replayed(net: Net, trace: Sequence[str]) -> Run | None:
    """A run of the net that spells the trace; None if there is none, or it takes too long to find."""
    return _Replay(net, trace).run()


class _Replay:
    def __init__(self, net: Net, trace: Sequence[str]) -> None:
        self.net, self.trace, self.tries = net, trace, 0
        self.steps = [(transition, Counter(transition.pre)) for transition in net.transitions]
        self.finals = set(net.finals)
        self.dead: set[tuple[int, tuple[int, ...]]] = set()

    def run(self) -> Run | None:
        """Depth first, one transition at a time; states that led nowhere are not tried again."""
        first: list[Token] = [(place, NOBODY) for place in sorted(self.net.initial)]
        stack: list[tuple[int, list[Token], tuple[Producers, ...]]] = [(0, first, ())]
        while stack and self.tries < MOST_TRIES:
            at, tokens, senders = stack.pop()
            marking = tuple(sorted(place for place, _ in tokens))
            if at == len(self.trace) and marking in self.finals:
                return Run(tuple(self.trace), senders)
            if (at, marking) in self.dead:
                continue
            self.dead.add((at, marking))
            self.tries += 1
            have = Counter(marking)
            for transition, pre in self.steps:
                named = transition.label is not None
                if pre <= have and (
                    not named or (at < len(self.trace) and transition.label == self.trace[at])
                ):
                    after, producers = self._fired(transition, tokens, at)
                    stack.append((at + named, after, (*senders, producers) if named else senders))
        return None

    def _fired(self, transition: Transition, tokens: list[Token], at: int) -> tuple[list[Token], Producers]:
        left = list(tokens)
        taken = [left.pop(next(i for i, (place, _) in enumerate(left) if place == p)) for p in transition.pre]
        carrying = [each for each in taken if each[0] not in self.net.bookkeeping] or taken
        producers: Producers = frozenset().union(*(by for _, by in carrying))
        carried = producers if transition.label is None else frozenset([at])
        return left + [(place, carried) for place in transition.post], producers
