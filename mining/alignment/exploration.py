"""The exploration of a net, compiled: breadth first, the same graph as in NumPy, to the single edge.

Markings are kept in an open hash table. A marking's hash is linear in its tokens, so that of the marking after
a firing is known before the marking is made.
"""

from __future__ import annotations

import numpy as np
from numba import njit

DONE, TOO_MANY_STATES, TOO_MANY_TOKENS = 0, 1, 2


@njit(cache=True, nogil=True)
def explore(place, need, effect, change, initial, first_hash, cap, token_cap):  # type: ignore[no-untyped-def]
    """All markings and firings, in the order in which they are found.

    `place`, `need`, `effect`: see `reachability._FiringRule`; `change`: per transition what it adds to a
    marking's hash. Returns (outcome, tokens, source, target, transition).
    """
    transitions, places = effect.shape
    tokens = np.empty((256, places), np.int16)
    hashes = np.empty(256, np.uint64)
    slots = np.full(1024, -1, np.int64)
    source, target, fired = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64)
    tokens[0] = initial
    hashes[0] = first_hash
    slots[_slot(first_hash, len(slots))] = 0
    states, edges, outcome = 1, 0, DONE
    state = 0
    while state < states and outcome == DONE:
        for t in range(transitions):
            enabled = True
            for k in range(place.shape[1]):
                if tokens[state, place[t, k]] < need[t, k]:
                    enabled = False
                    break
            if not enabled:
                continue
            reached = hashes[state] + change[t]
            slot = _slot(reached, len(slots))
            while slots[slot] >= 0:
                other = slots[slot]
                if hashes[other] == reached:
                    same = True
                    for p in range(places):
                        if tokens[other, p] != tokens[state, p] + effect[t, p]:
                            same = False
                            break
                    if same:
                        break
                slot = slot + 1 if slot + 1 < len(slots) else 0
            number = slots[slot]
            if number < 0:
                if states == cap:
                    outcome = TOO_MANY_STATES
                    break
                if states == len(hashes):
                    tokens, hashes = _twice(tokens, hashes)
                number = states
                for p in range(places):
                    tokens[number, p] = tokens[state, p] + effect[t, p]
                    if tokens[number, p] > token_cap:
                        outcome = TOO_MANY_TOKENS
                hashes[number] = reached
                slots[slot] = number
                states += 1
                if 2 * states > len(slots):
                    slots = _spread(hashes, states, 4 * len(slots))
            if edges == len(source):
                source = np.concatenate((source, np.empty_like(source)))
                target = np.concatenate((target, np.empty_like(target)))
                fired = np.concatenate((fired, np.empty_like(fired)))
            source[edges], target[edges], fired[edges] = state, number, t
            edges += 1
        state += 1
    return outcome, tokens[:states], source[:edges], target[:edges], fired[:edges]


@njit(cache=True, nogil=True)
def _slot(value, size):  # type: ignore[no-untyped-def]  # size: a power of two
    return np.int64((value ^ (value >> np.uint64(29))) & np.uint64(size - 1))


@njit(cache=True, nogil=True)
def _twice(tokens, hashes):  # type: ignore[no-untyped-def]
    return np.concatenate((tokens, np.empty_like(tokens))), np.concatenate((hashes, np.empty_like(hashes)))


@njit(cache=True, nogil=True)
def _spread(hashes, states, size):  # type: ignore[no-untyped-def]
    slots = np.full(size, -1, np.int64)
    for state in range(states):
        slot = _slot(hashes[state], size)
        while slots[slot] >= 0:
            slot = slot + 1 if slot + 1 < size else 0
        slots[slot] = state
    return slots


@njit(cache=True, nogil=True)
def trim(states, source, target, accepting):  # type: ignore[no-untyped-def]
    """Which states reach an accepting one; and the edges in the order of their targets, else as they came."""
    at = np.zeros(states + 2, np.int64)
    for e in range(len(target)):
        at[target[e] + 2] += 1
    for s in range(2, states + 2):
        at[s] += at[s - 1]
    order = np.empty(len(target), np.int64)
    for e in range(len(target)):
        order[at[target[e] + 1]] = e
        at[target[e] + 1] += 1
    alive = np.zeros(states, np.bool_)
    pending = np.empty(states, np.int64)
    count = 0
    for s in range(states):
        if accepting[s]:
            alive[s] = True
            pending[count] = s
            count += 1
    while count:
        count -= 1
        s = pending[count]
        for k in range(at[s], at[s + 1]):
            before = source[order[k]]
            if not alive[before]:
                alive[before] = True
                pending[count] = before
                count += 1
    return alive, order
