"""The two inner loops, compiled: least repairs of a trace, and teams that work off their queues.

Imported only when a sample is made: Numba takes its time.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
FAR = 1 << 30
A_MOMENT = 5_000_000
"""Microseconds between two events of a case, at least."""


@njit(cache=True)
def distances(follow: Any, accepting: Any, codes: Any, costs: Any, most: int) -> Any:
    """Least cost to bring the rest of the trace from each position to an end, per state of the automaton."""
    states, activities = follow.shape
    n = len(codes)
    left = np.full((n + 1, states), FAR, dtype=np.int64)
    for at in range(n, -1, -1):
        for state in range(states):
            if at == n:
                left[at, state] = 0 if accepting[state] else FAR
                continue
            code = codes[at]
            best = left[at + 1, state] + costs[code]
            to = follow[state, code]
            if to >= 0 and left[at + 1, to] < best:
                best = left[at + 1, to]
            left[at, state] = best if best <= most else FAR
        changed = True
        while changed:
            changed = False
            for state in range(states):
                for code in range(activities):
                    to = follow[state, code]
                    if to < 0:
                        continue
                    other = left[at, to] + costs[code]
                    if other <= most and other < left[at, state]:
                        left[at, state] = other
                        changed = True
    return left


@njit(cache=True)
def _on(worked: Any, begins: Any, length: int, instant: int) -> Any:
    """Worked time at an instant."""
    shift = np.searchsorted(begins, instant, side="right") - 1
    if shift < 0:
        return 0
    end = worked[shift + 1] if shift + 1 < len(worked) else length
    return min(worked[shift] + instant - begins[shift], end)


@njit(cache=True)
def _begun(worked: Any, begins: Any, at: int) -> Any:
    """Instant at which work begins that begins after so much worked time."""
    shift = np.searchsorted(worked, at, side="right") - 1
    return begins[shift] + at - worked[shift]


@njit(cache=True)
def _ended(worked: Any, begins: Any, at: int) -> Any:
    """Instant at which work ends after so much worked time: at a shift's end, not at the next one's begin."""
    shift = max(np.searchsorted(worked, at, side="left") - 1, 0)
    return begins[shift] + at - worked[shift]


@njit(cache=True)
def _serve(
    first: Any,
    arrivals: Any,
    after: Any,
    team: Any,
    office: Any,
    lag: Any,
    work: Any,
    more: Any,
    hold: Any,
    eyes: Any,
    member_of: Any,
    worked: Any,
    begins: Any,
    length: int,
    clock_begin: int,
) -> Any:
    count = len(team)
    start = np.zeros(count, dtype=np.int64)
    end = np.zeros(count, dtype=np.int64)
    member = np.full(count, -1, dtype=np.int64)
    served = np.zeros(count, dtype=np.bool_)
    case_of = np.zeros(count, dtype=np.int64)
    free = np.zeros(member_of[-1], dtype=np.int64)
    waiting: Any = [(np.int64(0), np.int64(0))][:0]  # (instant at which it is ready, step); empty, but typed
    recorded = first[:-1].copy()
    all_day = np.zeros(1, dtype=np.int64)
    midnight = np.full(1, clock_begin, dtype=np.int64)
    endless = FAR * FAR
    for case in range(len(arrivals)):
        for step in range(first[case], first[case + 1]):
            case_of[step] = case
            if after[step] < 0:
                w, b = (worked, begins) if office[step] else (all_day, midnight)
                whole = length if office[step] else endless
                ready = _begun(w, b, _on(w, b, whole, arrivals[case]) + lag[step])
                heappush(waiting, (np.int64(ready), np.int64(step)))
    while len(waiting) > 0:
        ready, step = heappop(waiting)
        case = case_of[step]
        w, b = (worked, begins) if office[step] else (all_day, midnight)
        whole = length if office[step] else endless
        begin = _on(w, b, whole, ready)
        group = team[step]
        if group >= 0:
            chosen = -1
            for each in range(member_of[group], member_of[group + 1]):
                other = True
                if eyes[step] >= 0:
                    for beside in range(first[case], first[case + 1]):
                        if eyes[beside] == eyes[step] and member[beside] == each:
                            other = False
                if other and (chosen < 0 or free[each] < free[chosen]):
                    chosen = each
            if chosen < 0:
                chosen = member_of[group]
            begin = max(begin, free[chosen])
            free[chosen] = begin + work[step]
            member[step] = chosen
        start[step] = _begun(w, b, begin)
        done = max(_ended(w, b, begin + work[step] + more[step]), start[step])
        if hold[step] > done:
            done = _begun(w, b, _on(w, b, whole, hold[step]))
        end[step] = done
        served[step] = True
        # What runs beside each other is completed in the order of the course.
        now = recorded[case]
        while now < first[case + 1] and served[now]:
            if now > first[case] and end[now - 1] + A_MOMENT > end[now]:
                w, b = (worked, begins) if office[now] else (all_day, midnight)
                whole = length if office[now] else endless
                after_it = A_MOMENT + (now * 7_919 % 997) * (work[now] // 2_000)
                end[now] = _ended(w, b, _on(w, b, whole, end[now - 1]) + after_it)
            for following in range(now + 1, first[case + 1]):
                if first[case] + after[following] == now:
                    w, b = (worked, begins) if office[following] else (all_day, midnight)
                    whole = length if office[following] else endless
                    ready = _begun(w, b, _on(w, b, whole, end[now]) + lag[following])
                    heappush(waiting, (np.int64(ready), np.int64(following)))
            now += 1
        recorded[case] = now
    return start, end, member


def serve(**given: Any) -> tuple[Ints, Ints, Ints]:
    """Start, end (instants) and member of every step of all cases; a step waits until a member is free.

    first: index of each case's first step, and the number of steps at the end; arrivals: per case;
    after: per step the one of its case (counted from 0) that hands the work to it, -1 the arrival;
    team: per step, -1 for nobody's work; office: whether it is done in office hours; lag: time before it is
    put into the queue; work: time it takes a member; more: time it takes besides; hold: instant before which
    it does not end; eyes: steps of a case with the same number ≥ 0 are done by different members;
    member_of: first member of each team, and their number at the end; worked, begins, length: the office's
    axis; clock_begin: where that around the clock begins. First come, first served.
    """
    return cast("tuple[Ints, Ints, Ints]", _serve(**given))
