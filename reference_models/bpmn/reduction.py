"""Silent transitions cost states, and gateways make many: take out those that change nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Step:
    """A transition while a net is being built: places by name, label None is silent.

    Beyond an ordinary transition it may empty a region and ask that places be empty; `expansion` turns such
    steps into ordinary ones.
    """

    id: str
    label: str | None
    pre: tuple[str, ...]
    post: tuple[str, ...]
    waits: bool = False
    """Silent, and yet it takes its time: a catching event. Other silent steps are taken at once."""
    clears: str = ""
    """The region that it empties, before it puts out its tokens."""
    zero: frozenset[str] = frozenset()
    """Places that must be empty."""
    abrupt: bool = False
    """It ends what else is going on, at once: terminate, error, interrupting escalation."""
    element: str = ""
    """The BPMN element, for messages."""


@dataclass(frozen=True)
class Draft:
    """A net while it is being built. A case is finished when no token is left."""

    steps: tuple[Step, ...]
    initial: tuple[str, ...]


def reduce(draft: Draft) -> Draft:
    """The same language, and the same soundness, with fewer silent transitions.

    Two fusions, after Berthelot, 'Transformations and decompositions of nets' (1987):
    a place whose only consumer is a silent transition with no other input is replaced by what that
    transition puts out; a silent transition with one output place is merged with the consumers of that
    place, where each of these needs nothing else (so that a choice is deferred, never taken away).
    """
    merged: set[tuple[tuple[str, ...], str]] = set()
    while True:
        consumers = _consumers(draft)
        smaller = _skip_forward(draft, consumers) or _merge_with_consumers(draft, consumers, merged)
        if smaller is None:
            return draft
        draft = smaller


def _consumers(draft: Draft) -> Mapping[str, list[Step]]:
    found: defaultdict[str, list[Step]] = defaultdict(list)
    for step in draft.steps:
        for place in dict.fromkeys(step.pre):
            found[place].append(step)
    return found


def _skip_forward(draft: Draft, consumers: Mapping[str, list[Step]]) -> Draft | None:
    for silent in draft.steps:
        if silent.label is not None or len(silent.pre) != 1:
            continue
        (place,) = silent.pre
        if place in silent.post or len(consumers[place]) > 1:
            continue
        others = (step for step in draft.steps if step is not silent)
        steps = (
            replace(step, post=_substitute(step.post, place, silent.post)) if place in step.post else step
            for step in others
        )
        return _without_idle(steps, _substitute(draft.initial, place, silent.post))
    return None


def _merge_with_consumers(
    draft: Draft, consumers: Mapping[str, list[Step]], merged: set[tuple[tuple[str, ...], str]]
) -> Draft | None:
    for silent in draft.steps:
        if silent.label is not None or len(silent.post) != 1:
            continue
        (place,) = silent.post
        after = consumers.get(place, [])
        if place in silent.pre or not after or any(step.pre != (place,) for step in after):
            continue
        kept = [step for step in draft.steps if step is not silent]
        still_fed = place in draft.initial or any(place in step.post for step in kept)
        if not still_fed:
            kept = [step for step in kept if step.pre != (place,)]
        # A pair met a second time (a cycle of gateways) has its copies in the net already.
        if (silent.pre, place) not in merged:
            kept += [replace(step, id=f"{step.id}·{silent.id}", pre=silent.pre) for step in after]
            merged.add((silent.pre, place))
        return _without_idle(kept, draft.initial)
    return None


def _without_idle(steps: Iterable[Step], initial: tuple[str, ...]) -> Draft:
    """Leave out silent steps that change nothing, and second copies of a step."""
    unique: dict[tuple[str | None, tuple[str, ...], tuple[str, ...]], Step] = {}
    for step in steps:
        pre, post = tuple(sorted(step.pre)), tuple(sorted(step.post))
        if step.label is not None or pre != post:
            unique.setdefault((step.label, pre, post), step)
    return Draft(tuple(unique.values()), initial)


def _substitute(places: tuple[str, ...], place: str, by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(new for old in places for new in (by if old == place else (old,)))
