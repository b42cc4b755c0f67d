"""Steps that clear a region or ask for empty places, made into ordinary transitions, exactly.

A Petri net can neither empty places nor ask that they are empty. What can lie in a region is finite, so a
step that clears it becomes one transition per marking of the region in which it can happen, and takes just
these tokens. Where another marking holds these tokens and more, or where a step asks for empty places, a
counting place holds a token for every one that the region could still take; how many are free says how
many lie in it (a complementary place, Reisig 1985). Regions are treated from the inside out, under a cap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from reference_models.bpmn.exploration import MOST_COUNTED, Marking, Markings, TooManyError
from reference_models.bpmn.plan import Plan, Region
from reference_models.bpmn.reduction import Step

_MOST_STEPS = 2_000
"""More transitions than this for what ends or interrupts one region are refused."""
_MOST_TO_PROVE = 100_000
"""Up to so many markings of the whole it is proved that a region runs once at a time."""
_SMALLER = "split the process, or draw fewer parallel branches in it"


def expand(plan: Plan) -> None:
    """Make every step of the plan an ordinary one; what cannot be done exactly becomes a problem."""
    for region in list(plan.regions.values()):
        try:
            _fuse_abrupt(plan, region)
            _expand_joins(plan, region)
            _expand_clearing(plan, region)
        except TooManyError as error:
            plan.refuse(region.element, str(error), _SMALLER)
        if plan.problems:
            return
    _check_one_at_a_time(plan)


def _fuse_abrupt(plan: Plan, region: Region) -> None:
    """Join what ends everything at once to the step before, so that nothing happens in between."""
    tried: set[str] = set()
    while True:
        found = (
            step.pre[0]
            for step in plan.steps
            if step.abrupt and _at_once(step) and len(step.pre) == 1
            if step.pre[0] in region.places and step.pre[0] not in tried
        )
        place = next(found, None)
        if place is None:
            return
        tried.add(place)
        _fuse(plan, place)


def _at_once(step: Step) -> bool:
    return step.label is None and not step.waits


def _fuse(plan: Plan, place: str) -> None:
    """Replace the steps into a place by one for each step out of it, where that keeps the meaning."""
    into = [step for step in plan.steps if place in step.post]
    out = [step for step in plan.steps if place in step.pre]
    first = any(place in region.entry for region in plan.regions.values())
    simple = all(_at_once(step) and step.pre == (place,) and not step.zero for step in out)
    once = all(step.post.count(place) == 1 and not step.zero and place not in step.pre for step in into)
    if first or not simple or not once or any(_clears(plan, a, b) is None for a in into for b in out):
        return
    steps: list[Step] = []
    for step in plan.steps:
        if step in into:
            steps += [_one_after_the_other(plan, step, each, place) for each in out]
        elif step not in out:
            steps.append(step)
    plan.steps[:] = steps


def _clears(plan: Plan, first: Step, second: Step) -> str | None:
    """The region that two steps clear together; None where it is not one."""
    if not (first.clears and second.clears):
        return first.clears or second.clears
    inner, outer = plan.regions[first.clears], plan.regions[second.clears]
    return outer.name if inner.is_within(outer) else None


def _one_after_the_other(plan: Plan, first: Step, second: Step, place: str) -> Step:
    cleared = plan.regions[second.clears].places if second.clears else {}
    kept = tuple(each for each in first.post if each != place and each not in cleared)
    return replace(
        first,
        id=f"{first.id}·{second.id}",
        post=(*kept, *second.post),
        clears=_clears(plan, first, second) or "",
        abrupt=first.abrupt or second.abrupt,
        element=second.element or first.element,
    )


def _expand_joins(plan: Plan, region: Region) -> None:
    def joins() -> list[Step]:
        return [step for step in plan.steps if step.zero and not step.clears and _lies_in(step, region)]

    if not joins():
        return
    markings = Markings(plan, region)
    never: set[str] = set()
    counted: dict[frozenset[str], None] = {}
    for step in joins():
        pre = Counter(markings.index[place] for place in step.pre)
        may = sum(1 for _ in markings.at(step))
        filled = sum(all(m[place] >= k for place, k in pre.items()) for m in markings.enabled)
        if not may:
            never.add(step.id)
        elif filled > may:
            counted[step.zero] = None
    plan.steps[:] = [step for step in plan.steps if step.id not in never]
    counters = {zero: _count(plan, region, zero, markings) for zero in counted}
    made = {step.id: _asking(step, *counters.get(step.zero, ("", 0))) for step in joins()}
    plan.steps[:] = [made.get(step.id, step) for step in plan.steps]


def _asking(step: Step, counter: str, most: int) -> Step:
    """The step where all of the counting place must be free, and stays so."""
    free = (counter,) * most
    return replace(step, pre=step.pre + free, post=step.post + free, zero=frozenset())


def _lies_in(step: Step, region: Region) -> bool:
    return all(place in region.places for place in step.pre)


def _count(plan: Plan, region: Region, places: frozenset[str], markings: Markings) -> tuple[str, int]:
    """Count the tokens in some places of a region; returns the counting place and how many it can hold."""
    most = max(markings.count(marking, places) for marking in markings.enabled)
    if most > MOST_COUNTED:
        raise TooManyError(f"it can hold more than {MOST_COUNTED} tokens")
    counter = f"{region.name}free{len(plan.bookkeeping)}"

    def gained(tokens: Sequence[str]) -> int:
        return sum(place in places for place in tokens)

    def adjusted(step: Step) -> Step:
        before, after = gained(step.pre), gained(step.post)
        cleared = plan.regions.get(step.clears)
        if step.id == region.enter:
            return replace(step, post=step.post + (counter,) * (most - after))
        if cleared is not None and region.is_within(cleared):  # over, unless the step begins it anew
            anew = any(place in region.places for place in step.post)
            return replace(step, post=step.post + (counter,) * (most - after)) if anew else step
        free = (counter,) * abs(after - before)
        return replace(step, pre=step.pre + free) if after > before else replace(step, post=step.post + free)

    plan.steps[:] = [
        adjusted(step) if step.id == region.enter or _concerns(step, region, places) else step
        for step in plan.steps
    ]
    region.entry = region.entry + (counter,) * (most - gained(region.entry))
    region.hold(counter)
    plan.bookkeeping.add(counter)
    return counter, most


def _concerns(step: Step, region: Region, places: frozenset[str]) -> bool:
    return step.clears != "" or any(place in places for place in (*step.pre, *step.post))


def _expand_clearing(plan: Plan, region: Region) -> None:
    def clearing() -> list[Step]:
        return [step for step in plan.steps if step.clears == region.name]

    if not clearing():
        return
    markings = Markings(plan, region)
    _refuse_overtaken(plan, clearing(), markings)
    if plan.problems:
        return
    if _some_hold_more(markings, clearing()):
        _count(plan, region, frozenset(region.places), markings)
        markings = Markings(plan, region)
    made: dict[str, list[Step]] = {}
    for step in clearing():
        made[step.id] = [
            replace(step, id=f"{step.id}«{number}" if number else step.id, pre=markings.tokens(marking),
                    clears="", zero=frozenset(), abrupt=False)
            for number, marking in enumerate(sorted(markings.at(step), reverse=True))
        ]  # fmt: skip
        if len(made[step.id]) > _MOST_STEPS:
            raise TooManyError(f"it can be ended or interrupted in more than {_MOST_STEPS:,} states")
    plan.steps[:] = [new for step in plan.steps for new in made.get(step.id, [step])]


def _refuse_overtaken(plan: Plan, steps: list[Step], markings: Markings) -> None:
    """A join before a terminate or error end could be overtaken by a branch that it ends."""
    for step in steps:
        if not (step.abrupt and _at_once(step)):
            continue
        if any(not _at_once(each) for marking in markings.at(step) for each in markings.enabled[marking]):
            mend = "let its flow come from a task or exclusive gateway, not from a join"
            what = "a branch that it ends could go on before it does; this cannot be compiled exactly"
            plan.refuse(step.element, what, mend)


def _some_hold_more(markings: Markings, steps: list[Step]) -> bool:
    """Whether a marking holds all tokens of one in which a step clears the region, and more."""
    ended = {marking for step in steps for marking in markings.at(step)}
    rows = np.frombuffer(b"".join(markings.enabled), dtype=np.uint8).reshape(len(markings.enabled), -1)
    covered: Callable[[Marking], bool] = lambda marking: bool(  # noqa: E731
        (rows >= np.frombuffer(marking, dtype=np.uint8)).all(axis=1).sum() > 1
    )
    return any(map(covered, ended))


def _check_one_at_a_time(plan: Plan) -> None:
    """Two runs of one region at once would mix their tokens: refuse what may bring that about."""
    inner = [region for region in plan.regions.values() if region.enter]
    several = [region for region in inner if _holds_several(plan, region)]
    if not several:
        return
    root = next(region for region in plan.regions.values() if not region.parent)
    try:
        markings = Markings(plan, root, _MOST_TO_PROVE)
    except TooManyError as error:
        if "pile up" not in str(error):  # that is told with the soundness of the net
            plan.refuse(several[0].element, f"whether it runs once at a time is not known: {error}", _SMALLER)
        return
    begins = {region.enter: region for region in several}
    for marking, steps in markings.enabled.items():
        for step in steps:
            region = begins.get(step.id)
            if region and any(marking[markings.index[place]] for place in region.places):
                mend = "let what comes before it meet in a parallel gateway, so that one token enters"
                plan.refuse(region.element, "it may begin again while it is still running", mend)


def _holds_several(plan: Plan, region: Region) -> bool:
    try:
        return any(sum(marking) > 1 for marking in Markings(plan, region).enabled)
    except TooManyError:
        return True
