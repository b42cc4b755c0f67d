"""The search, compiled: per prefix only the states that cost less than a bound (Ukkonen's band, on a graph).

Words come sorted; the rows of the prefix that a word shares with the one before are kept on a stack, so the
prefix tree is walked depth first and only one branch of it is in memory. A result below the bound is exact,
since every prefix of a cheaper alignment is cheaper still.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mining.alignment.machine import NEVER, Found, Machine, Words

_NEVER = int(NEVER)


def search(machine: Machine, words: Words, bound: int, *, moves: bool) -> Found:
    """Least costs below `bound`, and on request the moves of one cheapest alignment per word."""
    automaton = machine.automaton
    outward = automaton.outward
    cost, begin, found = _search(
        machine.starts,
        machine.accepts,
        automaton.leaving,
        automaton.target[outward],
        automaton.label[outward],
        machine.model_cost[outward],
        machine.silent_cost[outward],
        automaton.arriving,
        automaton.source,
        automaton.label,
        machine.model_cost,
        machine.silent_cost,
        words.events,
        words.begin,
        words.shared,
        words.stops,
        machine.log_cost,
        bound,
        moves,
    )
    return Found(cost, begin, found)


@njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]  # numba infers the types; arrays as in `search`
    starts, accepts, out_at, out_target, out_label, out_cost, out_silent,
    in_at, in_source, in_label, in_cost, in_silent, events, begin, shared, stops, log_cost, bound, want_moves,
):  # fmt: skip
    states, words = len(starts), len(begin) - 1
    deepest = 0
    for w in range(words):
        deepest = max(deepest, begin[w + 1] - begin[w])
    row_at = np.zeros(deepest + 2, np.int64)
    row_state, row_cost = np.empty(1024, np.int64), np.empty(1024, np.int64)
    least = np.full(states, _NEVER)
    spare = np.full(states, _NEVER)
    queued = np.zeros(states, np.bool_)
    queue, touched = np.empty(states, np.int64), np.empty(states, np.int64)
    cost = np.full(words, _NEVER)
    moves_at = np.zeros(words + 1, np.int64)
    moves = np.empty(1024, np.int64)
    found = 0
    for w in range(words):
        first, length = begin[w], begin[w + 1] - begin[w]
        for depth in range(0 if w == 0 else shared[w] + 1, length + 1):
            count = 0
            waiting = 0
            low, high = (row_at[depth - 1], row_at[depth]) if depth else (0, 0)
            if depth == 0:
                for s in range(states):
                    if starts[s]:
                        least[s] = 0
                        touched[count] = s
                        queue[count] = s
                        queued[s] = True
                        count += 1
                waiting = count
            else:
                event = events[first + depth - 1]
                for k in range(low, high):
                    s, c = row_state[k], row_cost[k] + log_cost[event]
                    if c < bound:
                        if least[s] == _NEVER:
                            touched[count] = s
                            count += 1
                        if c < least[s]:
                            least[s] = c
                    for e in range(out_at[s], out_at[s + 1]):
                        if out_label[e] == event:
                            t, c = out_target[e], row_cost[k] + out_silent[e]
                            if c < least[t]:
                                if least[t] == _NEVER:
                                    touched[count] = t
                                    count += 1
                                least[t] = c
                                if not queued[t]:
                                    queue[waiting] = t
                                    queued[t] = True
                                    waiting += 1
            # The model moves alone until nothing gets cheaper; after log moves alone nothing does.
            head, tail = 0, waiting % states
            while waiting:
                s = queue[head]
                head = head + 1 if head + 1 < states else 0
                waiting -= 1
                queued[s] = False
                for e in range(out_at[s], out_at[s + 1]):
                    c = least[s] + out_cost[e]
                    if c < bound:
                        t = out_target[e]
                        if c < least[t]:
                            if least[t] == _NEVER:
                                touched[count] = t
                                count += 1
                            least[t] = c
                            if not queued[t]:
                                queue[tail] = t
                                queued[t] = True
                                tail = tail + 1 if tail + 1 < states else 0
                                waiting += 1
            base = row_at[depth]
            while base + count > len(row_state):
                row_state = np.concatenate((row_state, np.empty_like(row_state)))
                row_cost = np.concatenate((row_cost, np.empty_like(row_cost)))
            for k in range(count):
                row_state[base + k] = touched[k]
                row_cost[base + k] = least[touched[k]]
                least[touched[k]] = _NEVER
            row_at[depth + 1] = base + count
        best, state = _NEVER, -1
        for k in range(row_at[length], row_at[length + 1]):
            s, c = row_state[k], row_cost[k]
            if (stops[w] or accepts[s]) and (c < best or (c == best and s < state)):
                best, state = c, s
        cost[w] = best
        if want_moves and state >= 0:
            here, before = least, spare
            depth = length
            for k in range(row_at[depth], row_at[depth + 1]):
                here[row_state[k]] = row_cost[k]
            if depth:
                for k in range(row_at[depth - 1], row_at[depth]):
                    before[row_state[k]] = row_cost[k]
            while depth or here[state]:
                now, move, back = here[state], -2, False
                if depth:
                    event = events[first + depth - 1]
                    if before[state] + log_cost[event] == now:
                        move, back = -1, True
                    else:
                        for e in range(in_at[state], in_at[state + 1]):
                            if in_label[e] == event and before[in_source[e]] + in_silent[e] == now:
                                move, back = 2 * e + 1, True
                                break
                if move == -2:
                    for e in range(in_at[state], in_at[state + 1]):
                        if here[in_source[e]] + in_cost[e] == now:
                            move = 2 * e
                            break
                if move >= 0:
                    state = in_source[move // 2]
                if found == len(moves):
                    moves = np.concatenate((moves, np.empty_like(moves)))
                moves[found] = move
                found += 1
                if back:
                    for k in range(row_at[depth], row_at[depth + 1]):
                        here[row_state[k]] = _NEVER
                    here, before = before, here
                    depth -= 1
                    if depth:
                        for k in range(row_at[depth - 1], row_at[depth]):
                            before[row_state[k]] = row_cost[k]
            for k in range(row_at[0], row_at[1]):
                least[row_state[k]] = _NEVER
                spare[row_state[k]] = _NEVER
        moves_at[w + 1] = found
    return cost, moves_at, moves[:found]
