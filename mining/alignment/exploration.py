"""The exploration of a net, compiled: breadth first, the same graph as in NumPy, to the single edge.

A marking is a byte per place, compared eight places at a time, and found again in an open hash table. Its
hash is linear in its tokens, so that of the marking after a firing is known before the marking is made.
"""

from __future__ import annotations

import numpy as np
from numba import njit

DONE, TOO_MANY_STATES, TOO_MANY_TOKENS = 0, 1, 2
EDGES = 32
"""Room for firings, per marking."""


@njit(cache=True, nogil=True)
def explore(  # type: ignore[no-untyped-def]  # numba infers the types; arrays as told below
    place, need, changed, by, changes, added, hash_change, initial, first_hash, cap, token_cap
):  # fmt: skip
    """All markings and firings, in the order in which they are found.

    Per transition: input places and the tokens they need (the last one repeated), the places it changes, by
    how many tokens and how many places they are, and what it adds to a marking (eight places to a number: no
    place overflows) and to its hash. `initial`: a byte per place, padded to a multiple of eight.
    Returns (outcome, tokens, source, target, transition).
    """
    transitions, words = len(place), len(initial) // 8
    edge_cap = EDGES * cap
    size = 1024
    while size < 2 * cap:
        size *= 2
    # Nothing grows within: arrays that might move are slow to reach. Memory not touched costs nothing.
    tokens = np.empty((cap, 8 * words), np.uint8)
    markings = tokens.view(np.uint64)
    hashes = np.empty(cap, np.uint64)
    slots = np.full(size, -1, np.int32)
    source, target = np.empty(edge_cap, np.int64), np.empty(edge_cap, np.int64)
    fired = np.empty(edge_cap, np.int64)
    tokens[0] = initial
    hashes[0] = first_hash
    slots[slot_of(first_hash, len(slots))] = 0
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
            for k in range(changes[t]):
                if np.int64(tokens[state, changed[t, k]]) + by[t, k] > token_cap:
                    outcome = TOO_MANY_TOKENS
            value = hashes[state] + hash_change[t]
            slot = slot_of(value, len(slots))
            number = np.int64(slots[slot])
            while number >= 0:
                if hashes[number] == value:
                    differs = np.uint64(0)
                    for w in range(words):
                        differs |= markings[number, w] ^ (markings[state, w] + added[t, w])
                    if differs == 0:
                        break
                slot = slot + 1 if slot + 1 < len(slots) else 0
                number = np.int64(slots[slot])
            if number < 0:
                if states == cap or outcome != DONE:
                    outcome = max(outcome, TOO_MANY_STATES)
                    break
                number = np.int64(states)
                for w in range(words):
                    markings[number, w] = markings[state, w] + added[t, w]
                hashes[number] = value
                slots[slot] = number
                states += 1
            if edges == edge_cap:
                outcome = TOO_MANY_STATES
                break
            source[edges], target[edges], fired[edges] = state, number, t
            edges += 1
        state += 1
    return outcome, tokens[:states], source[:edges], target[:edges], fired[:edges]


@njit(cache=True, nogil=True)
def slot_of(value, size):  # type: ignore[no-untyped-def]  # size: a power of two
    return np.int64((value ^ (value >> np.uint64(29))) & np.uint64(size - 1))


@njit(cache=True, nogil=True)
def grouped(keys, count):  # type: ignore[no-untyped-def]
    """The places of the keys in the order of the keys, else as they came; and where each key begins."""
    at = np.zeros(count + 2, np.int64)
    for e in range(len(keys)):
        at[keys[e] + 2] += 1
    for s in range(2, count + 2):
        at[s] += at[s - 1]
    order = np.empty(len(keys), np.int64)
    for e in range(len(keys)):
        order[at[keys[e] + 1]] = e
        at[keys[e] + 1] += 1
    return order, at[: count + 1]


@njit(cache=True, nogil=True)
def trim(states, source, target, accepting):  # type: ignore[no-untyped-def]
    """Which states reach an accepting one; and the edges in the order of their targets, else as they came."""
    order, at = grouped(target, states)
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
