"""Soundness of a net by its reachable markings: can every case always finish, and can every task happen?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logs.problems import Problem
from reference_models.model import Net

STATE_CAP = 250_000
"""Reachable markings above which a model is refused."""

Marking = tuple[int, ...]


@dataclass(frozen=True)
class Soundness:
    """What the reachable markings say about a net.

    Soundness after van der Aalst (1997), for nets whose accepting marking is given: option to complete,
    no dead task, bounded. That nothing is left behind at the end is part of the accepting marking.
    """

    states: int
    """Reachable markings counted (up to the cap)."""
    capped: bool
    """More markings than the cap: nothing further is known."""
    bound: int
    """Most tokens ever in one place; 1 is safe."""
    unbounded: tuple[str, ...]
    """Activities on a way along which tokens pile up without end; empty: bounded."""
    dead: tuple[str, ...]
    """Activities that can never happen."""
    stuck: tuple[str, ...] | None
    """Activities on a shortest way to a state that cannot finish (one in which nothing can happen, if
    there is one); None: every state can."""
    stuck_at: tuple[str, ...] = ()
    """The marked places of that state."""

    @property
    def sound(self) -> bool:
        """Whether the net may be used."""
        return not (self.capped or self.unbounded or self.dead or self.stuck is not None)


def check_soundness(net: Net, cap: int = STATE_CAP) -> Soundness:
    """Explore the reachable markings of a net, at most `cap` of them."""
    start: Marking = tuple(sorted(net.initial))
    parent: dict[Marking, tuple[Marking, str | None] | None] = {start: None}
    before: defaultdict[Marking, list[Marking]] = defaultdict(list)
    fired: set[str] = set()
    bound, queue = 1, [start]
    for marking in queue:
        for transition in net.transitions:
            following = fire(marking, transition.pre, transition.post)
            if following is None:
                continue
            if transition.label is not None:
                fired.add(transition.label)
            before[following].append(marking)
            if following in parent:
                continue
            parent[following] = (marking, transition.label)
            queue.append(following)
            most = max((following.count(place) for place in following), default=0)
            bound = max(bound, most)
            if most > 1 and _covers_an_ancestor(following, parent):
                return Soundness(len(parent), False, bound, _way(following, parent) or ("start",), (), None)
            if len(parent) > cap:
                return Soundness(len(parent), True, bound, (), (), None)
    labels = dict.fromkeys(each.label for each in net.transitions if each.label is not None)
    dead = tuple(label for label in labels if label not in fired)
    stuck = _first_stuck(net, queue, before)
    if stuck is None:
        return Soundness(len(parent), False, bound, (), dead, None)
    marked = dict.fromkeys(element_of(net.places[place]) for place in stuck if place not in net.bookkeeping)
    return Soundness(len(parent), False, bound, (), dead, _way(stuck, parent), tuple(marked))


def soundness_problems(soundness: Soundness, lines: Mapping[str, int | None], file: str) -> Iterator[Problem]:
    """What is wrong with a net, told by its diagram; nothing where it is sound.

    lines: element id → line; file: how messages call the diagram.
    """
    if soundness.capped:
        yield Problem(
            f"not sound: more than {STATE_CAP:,} states, so it cannot be checked",
            file,
            None,
            "draw fewer parallel branches, or split the process",
        )
    if soundness.unbounded:
        way = ", ".join(soundness.unbounded)
        mend = "let parallel branches meet in a parallel gateway before the loop"
        yield Problem(f"not sound: tokens pile up without end along {way}", file, None, mend)
    for task in soundness.dead:
        yield Problem(
            f"not sound: task '{task}' can never happen",
            file,
            lines.get(task),
            "mend the flows before it",
        )
    if soundness.stuck is not None:
        way = ", ".join(soundness.stuck) or "the start"
        left = ", ".join(soundness.stuck_at)
        mend = "let the gateway that joins match the gateway that split (exclusive or parallel)"
        yield Problem(
            f"not sound: after {way} a case cannot finish any more (waiting at {left})", file, None, mend
        )


def fire(marking: Marking, pre: Marking, post: Marking) -> Marking | None:
    """The marking after a transition, or None where it is not enabled."""
    left = list(marking)
    for place in pre:
        if place not in left:
            return None
        left.remove(place)
    return tuple(sorted((*left, *post)))


def element_of(place: str) -> str:
    """The element that a place belongs to, without the signs that tell apart the places of one element."""
    return place.rstrip("✓●◉▣▾∙↻") or "the end"


def _first_stuck(
    net: Net, queue: list[Marking], before: defaultdict[Marking, list[Marking]]
) -> Marking | None:
    waiting = [final for final in net.finals if final in set(queue)]
    finishing = set(waiting)
    while waiting:
        for earlier in before[waiting.pop()]:
            if earlier not in finishing:
                finishing.add(earlier)
                waiting.append(earlier)
    lost = [marking for marking in queue if marking not in finishing]
    # Where nothing can happen at all shows the mistake better than where it only became inevitable.
    leads_on = {earlier for earliers in before.values() for earlier in earliers}
    return next((marking for marking in lost if marking not in leads_on), next(iter(lost), None))


def _covers_an_ancestor(marking: Marking, parent: dict[Marking, tuple[Marking, str | None] | None]) -> bool:
    """More tokens than a marking on the way here had, and none fewer: the way can be taken for ever."""
    step = parent[marking]
    while step is not None:
        earlier = step[0]
        if len(earlier) < len(marking) and all(earlier.count(p) <= marking.count(p) for p in set(earlier)):
            return True
        step = parent[earlier]
    return False


def _way(marking: Marking, parent: dict[Marking, tuple[Marking, str | None] | None]) -> tuple[str, ...]:
    labels: list[str] = []
    step = parent[marking]
    while step is not None:
        if step[1] is not None:
            labels.append(step[1])
        step = parent[step[0]]
    return tuple(reversed(labels))
