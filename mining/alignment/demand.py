"""Exploring only those markings of a net that the traces come near to, compiled.

The search of `band`, on a graph that grows as it is searched: a marking's firings are found when it is first
reached at less than the bound. Where traces fit well, that is a small part of all reachable markings.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mining.alignment.exploration import DONE, TOO_MANY_STATES, TOO_MANY_TOKENS, slot_of
from mining.alignment.machine import NEVER

TOO_MUCH_WORK = 3
EDGES = 16
"""Room for firings, per marking."""
_NEVER = int(NEVER)


@njit(cache=True, nogil=True)
def explore_near(  # type: ignore[no-untyped-def]  # numba infers the types; arrays as told below
    place, need, changed, by, changes, added, hash_change, label, cost,
    initial, first_hash, finals, events, begin, shared, log_cost, unit, cap, token_cap, work_cap,
):  # fmt: skip
    """All markings and firings of runs that align the words at the least cost.

    The net as in `exploration.explore`; per transition `label`: its code, -1 if silent, and `cost`: what it
    costs without an event; `finals`: accepting markings, packed. Words as in `machine.Words`, all of them
    complete. The bound is that of `exact`: no deviation at first, more for the words that need some.
    Returns (outcome, tokens, source, target, transition) as `explore`, firings in the order of their finding.
    """
    transitions, width = len(place), len(initial) // 8
    edge_cap = EDGES * cap
    size = 1024
    while size < 2 * cap:
        size *= 2
    # Nothing grows within: arrays that might move are slow to reach. Memory not touched costs nothing.
    tokens = np.empty((cap, 8 * width), np.uint8)
    markings = tokens.view(np.uint64)
    hashes = np.empty(cap, np.uint64)
    slots = np.full(size, -1, np.int32)
    out_at, out_end = np.full(cap, -1, np.int64), np.zeros(cap, np.int64)
    accepts = np.zeros(cap, np.bool_)
    least = np.full(cap, _NEVER)
    queued = np.zeros(cap, np.bool_)
    touched, queue = np.empty(cap, np.int64), np.empty(cap, np.int64)
    source, target = np.empty(edge_cap, np.int64), np.empty(edge_cap, np.int64)
    fired = np.empty(edge_cap, np.int64)
    tokens[0] = initial
    hashes[0] = first_hash
    slots[slot_of(first_hash, len(slots))] = 0
    for f in range(len(finals)):
        same = True
        for w in range(width):
            same = same and finals[f, w] == markings[0, w]
        accepts[0] = accepts[0] or same
    states, edges, work = 1, 0, 0
    words, deepest = len(begin) - 1, 0
    for w in range(words):
        deepest = max(deepest, begin[w + 1] - begin[w])
    row_at = np.zeros(deepest + 2, np.int64)
    row_state, row_cost = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = np.zeros(words, np.bool_)
    left, units = words, 0
    while left:
        bound = (units + 1) * unit
        known, first_word = 0, True
        for word in range(words):
            known = min(known, shared[word])
            if found[word]:
                continue
            begins, length = begin[word], begin[word + 1] - begin[word]
            for depth in range(0 if first_word else known + 1, length + 1):
                count, waiting = 0, 0
                if depth == 0:
                    least[0], touched[0], queue[0], queued[0] = 0, 0, 0, True
                    count, waiting = 1, 1
                else:
                    event = events[begins + depth - 1]
                    for k in range(row_at[depth - 1], row_at[depth]):
                        s, c = row_state[k], row_cost[k] + log_cost[event]
                        if c < bound:
                            if least[s] == _NEVER:
                                touched[count] = s
                                count += 1
                            if c < least[s]:
                                least[s] = c
                        for e in range(out_at[s], out_end[s]):
                            if label[fired[e]] == event:
                                t = target[e]
                                if row_cost[k] < least[t]:
                                    if least[t] == _NEVER:
                                        touched[count] = t
                                        count += 1
                                    least[t] = row_cost[k]
                                    if not queued[t]:
                                        queue[waiting] = t
                                        queued[t] = True
                                        waiting += 1
                head, tail = 0, waiting % cap
                while waiting:
                    s = queue[head]
                    head = head + 1 if head + 1 < cap else 0
                    waiting -= 1
                    queued[s] = False
                    work += 1
                    if out_at[s] < 0:
                        out_at[s] = edges
                        for t in range(transitions):
                            enabled = True
                            for k in range(place.shape[1]):
                                if tokens[s, place[t, k]] < need[t, k]:
                                    enabled = False
                                    break
                            if not enabled:
                                continue
                            for k in range(changes[t]):
                                if np.int64(tokens[s, changed[t, k]]) + by[t, k] > token_cap:
                                    return TOO_MANY_TOKENS, tokens[:0], source[:0], target[:0], fired[:0]
                            value = hashes[s] + hash_change[t]
                            slot = slot_of(value, len(slots))
                            number = np.int64(slots[slot])
                            while number >= 0:
                                if hashes[number] == value:
                                    differs = np.uint64(0)
                                    for w in range(width):
                                        differs |= markings[number, w] ^ (markings[s, w] + added[t, w])
                                    if differs == 0:
                                        break
                                slot = slot + 1 if slot + 1 < len(slots) else 0
                                number = np.int64(slots[slot])
                            if number < 0:
                                if states == cap:
                                    return TOO_MANY_STATES, tokens[:0], source[:0], target[:0], fired[:0]
                                number = np.int64(states)
                                for w in range(width):
                                    markings[number, w] = markings[s, w] + added[t, w]
                                for f in range(len(finals)):
                                    same = True
                                    for w in range(width):
                                        same = same and finals[f, w] == markings[number, w]
                                    accepts[number] = accepts[number] or same
                                hashes[number] = value
                                slots[slot] = number
                                states += 1
                            if edges == edge_cap:
                                return TOO_MANY_STATES, tokens[:0], source[:0], target[:0], fired[:0]
                            source[edges], target[edges], fired[edges] = s, number, t
                            edges += 1
                        out_end[s] = edges
                    for e in range(out_at[s], out_end[s]):
                        c = least[s] + cost[fired[e]]
                        if c < bound:
                            t = target[e]
                            if c < least[t]:
                                if least[t] == _NEVER:
                                    touched[count] = t
                                    count += 1
                                least[t] = c
                                if not queued[t]:
                                    queue[tail] = t
                                    queued[t] = True
                                    tail = tail + 1 if tail + 1 < cap else 0
                                    waiting += 1
                if work > work_cap:
                    return TOO_MUCH_WORK, tokens[:0], source[:0], target[:0], fired[:0]
                base = row_at[depth]
                while base + count > len(row_state):
                    row_state = np.concatenate((row_state, np.empty_like(row_state)))
                    row_cost = np.concatenate((row_cost, np.empty_like(row_cost)))
                for k in range(count):
                    row_state[base + k] = touched[k]
                    row_cost[base + k] = least[touched[k]]
                    least[touched[k]] = _NEVER
                row_at[depth + 1] = base + count
            for k in range(row_at[length], row_at[length + 1]):
                if accepts[row_state[k]]:
                    found[word] = True
            left -= found[word]
            first_word = False
            known = length
        units = max(1, 2 * units)
        if units > _NEVER // unit // 2:
            return TOO_MUCH_WORK, tokens[:0], source[:0], target[:0], fired[:0]
    return DONE, tokens[:states], source[:edges], target[:edges], fired[:edges]
