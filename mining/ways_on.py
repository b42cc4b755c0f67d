"""What a token may still become: the tasks that it may reach through silent transitions, and which of them
are chosen among. Of an exclusive choice one comes, of a parallel split all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reference_models.model import Net

END = "end"
"""Stands among the tasks for: silent transitions finish the work."""
BELIEFS = 2_000
"""Ways for the same trace to have come about that are followed; beyond that, whatever the net allows counts
as possible."""

Work = frozenset[int]
"""The senders that a token comes from."""
NOBODY: Work = frozenset()
Queue = tuple[Work, ...]
"""The tokens of a place, first in first out."""
Belief = tuple[tuple[int, Queue], ...]
"""The marked places of a marking, in order."""
Others = frozenset[str] | None


@dataclass(frozen=True)
class WaysOn:
    """The ways on from every place of a net."""

    net: Net
    tasks: tuple[frozenset[str], ...]
    """Per place: the tasks that a token there may reach through silent transitions only."""
    _consumers: tuple[tuple[int, ...], ...]
    _others: dict[str, tuple[Others, ...]]

    @classmethod
    def of(cls, net: Net) -> WaysOn:
        """Look at a net."""
        consumers: list[list[int]] = [[] for _ in net.places]
        for number, transition in enumerate(net.transitions):
            for place in dict.fromkeys(transition.pre):
                consumers[place].append(number)
        tasks = [_reached(net, consumers, place) for place in range(len(net.places))]
        return cls(net, tuple(tasks), tuple(map(tuple, consumers)), {})

    def others(self, task: str) -> tuple[Others, ...]:
        """Per place what a token there may become instead of `task`; None where it must become it.

        An exclusive choice may go another way; of a parallel split every branch comes. What comes besides the
        task is no alternative to it, and nothing is where the task is not ahead at all.
        """
        if task not in self._others:
            self._others[task] = self._without(task)
        return self._others[task]

    def _without(self, task: str) -> tuple[Others, ...]:
        net = self.net
        resting = {place for final in net.finals for place in final}
        found: list[Others] = [None if task in ahead else frozenset[str]() for ahead in self.tasks]
        changed = True
        while changed:  # least fixed point: going round in silence for ever is no way out
            changed = False
            for place, ahead in enumerate(self.tasks):
                if task not in ahead:
                    continue
                ways: list[Others] = [frozenset({END})] if place in resting else []
                for number in self._consumers[place]:
                    label = net.transitions[number].label
                    if label is None:
                        ways.append(self._silently(net.transitions[number].post, found))
                    elif label != task:
                        ways.append(frozenset({label}))
                possible = [way for way in ways if way is not None]
                now: Others = frozenset[str]().union(*possible) if possible else None
                if now != found[place]:
                    found[place], changed = now, True
        return tuple(found)

    def _silently(self, post: Sequence[int], found: Sequence[Others]) -> Others:
        """Of a silent transition: every branch has to do without the task."""
        work = [place for place in post if place not in self.net.bookkeeping]
        ways = [found[place] for place in work]
        if None in ways:
            return None
        possible = frozenset[str]().union(*(way for way in ways if way))
        return possible or frozenset[str]().union(*(self.tasks[place] for place in work)) or frozenset({END})

    @cached_property
    def choosing(self) -> frozenset[int]:
        """Places from which several transitions take tokens."""
        return frozenset(place for place, consumers in enumerate(self._consumers) if len(consumers) > 1)

    def works_for(self, queues: Mapping[int, Queue], task: str) -> set[Work]:
        """What the task would begin with, now or after silent transitions, each way that there is.

        Empty where it still waits for other work.
        """
        now = tuple(sorted((place, tuple(tokens)) for place, tokens in queues.items() if tokens))
        beliefs = self._closed({now}) or {now}
        return {work for belief in beliefs for work, _ in self._fired(belief, task)}

    def instead(self, places: Iterable[int], task: str) -> Others:
        """What tokens on these places, all of one sender, may become instead; None: one must become it."""
        named: frozenset[str] = frozenset()
        for place in places:
            way = self.others(task)[place]
            if way is None:
                return None
            named |= way
        return named

    def in_any_run(
        self, start: Sequence[int], labels: Sequence[str], sender: int, task: str, shown: Others
    ) -> Others:
        """As `instead`, over all runs with these labels: silent choices that leave no trace are open.

        sender: which of the labels is the sender's; shown: what is possible in any case, should there be more
        ways than are followed.
        """
        tokens = sorted(Counter(start).items())
        beliefs = self._closed({tuple((place, (NOBODY,) * count) for place, count in tokens)})
        for number, label in enumerate(labels):
            if beliefs is None:
                return shown
            beliefs = self._closed(
                {
                    after
                    for belief in beliefs
                    for _, after in self._fired(belief, label, Work({number}) if number == sender else NOBODY)
                }
            )
        if beliefs is None:
            return shown
        ways = [self.instead([place for place, tokens in belief if any(tokens)], task) for belief in beliefs]
        possible = [way or frozenset({END}) for way in ways if way is not None]
        return frozenset[str]().union(*possible) if possible else None

    def _closed(self, beliefs: set[Belief]) -> set[Belief] | None:
        """With all that silent transitions make of them; None if these are too many."""
        found, pending = set(beliefs), list(beliefs)
        while pending:
            for _, after in self._fired(pending.pop(), None):
                if after not in found:
                    if len(found) == BELIEFS:
                        return None
                    found.add(after)
                    pending.append(after)
        return found

    def _fired(self, belief: Belief, label: str | None, mark: Work = NOBODY) -> Iterator[tuple[Work, Belief]]:
        """What each transition of a label takes, and what it leaves; a task marks its own tokens."""
        marked = dict(belief)
        for transition in self.net.transitions:
            pre = transition.pre
            if transition.label != label or any(
                len(marked.get(place, ())) < pre.count(place) for place in pre
            ):
                continue
            left = {place: list(tokens) for place, tokens in marked.items()}
            taken = NOBODY.union(*(left[place].pop(0) for place in pre))
            passes = taken if label is None else mark
            for place in transition.post:
                left.setdefault(place, []).append(NOBODY if place in self.net.bookkeeping else passes)
            yield taken, tuple(sorted((place, tuple(tokens)) for place, tokens in left.items() if tokens))


def _reached(net: Net, consumers: Sequence[Sequence[int]], place: int) -> frozenset[str]:
    tasks: set[str] = set()
    seen, pending = {place}, [place]
    while pending:
        for number in consumers[pending.pop()]:
            transition = net.transitions[number]
            if transition.label is not None:
                tasks.add(transition.label)
                continue
            fresh = set(transition.post) - seen - net.bookkeeping
            seen |= fresh
            pending.extend(fresh)
    return frozenset(tasks)
