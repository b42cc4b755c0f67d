"""Every variant aligned with the model: moves classified, handoffs followed, as tables for the detectors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import pandas as pd

from mining.alignment import (
    Alignment,
    Variant,
    align,
    next_activities,
    reachability_graph,
    repeatable,
)
from mining.bound_log import BoundLog
from mining.findings import Move, VariantSummary
from mining.token_flow import Pair, PairState, token_flow
from mining.variants import VariantTable, variants
from mining.ways_on import WaysOn
from reference_models.model import ReferenceModel

MOVE_COLUMNS = {
    "variant": "int64",
    "move_no": "int64",  # from 0, visible moves only
    "kind": "string",  # 'sync', 'log', 'model' or 'unseen'
    "activity": "string",
    "pos": "int64",  # position of the event in the trace; null for a model move
    "before_pos": "int64",  # position of the last event before the move; null if none
    "after_pos": "int64",  # position of the next event after the move; null if none
    "ordinal": "int64",  # log and sync: n-th event of the activity; model: n-th time the run asks for it
    "deviation": "string",  # null (sync), or a kind of deviation, or 'dropped', 'unsent', 'unreturned'
    "ambiguous": "boolean",
}
"""Columns of `Conformance.moves`. The model move of a swapped task carries deviation null: it is the same
fault as its log move. 'dropped', 'unsent' and 'unreturned' belong to the handoff family."""

PAIR_COLUMNS = {
    "variant": "int64",
    "handoff": "string",
    "state": "string",  # PairState
    "sender_pos": "int64",
    "receiver_pos": "int64",
    "before_pos": "int64",  # of a dropped receiver or unsent sender: last event before it should have come
    "after_pos": "int64",
    "ordinal": "int64",  # n-th event of the sender (unsent: of the receiver)
    "alternatives": "string",  # of a waiting pair: what may come instead, split by ','; null if nothing may
    "last": "boolean",  # the receiver could begin then: of works that meet before it, the last one
    "ambiguous": "boolean",
    "unseen": "boolean",  # who is missing may have acted without a trace in the export
}
"""Columns of `Conformance.pairs`."""


COST_COLUMNS = {
    "variant": "int64",
    "cost": "int64",
    "lower_bound": "int64",  # what an optimal alignment costs at least; the cost itself where that is exact
    "exact": "boolean",
}
"""Columns of `Conformance.costs`."""

_MISSED = ("model", "unseen")
"""Kinds of moves in which a task lacks its event."""


@dataclass(frozen=True)
class Conformance:
    """Alignments of all variants, and their moves and handoffs as tables in the log's engine."""

    variants: VariantTable
    alignments: tuple[Alignment, ...]
    visible: tuple[tuple[Move, ...], ...]
    """Per variant its moves without the silent ones."""
    costs: ir.Table
    """With `variants.case_variants` the cost of every case."""
    moves: ir.Table
    pairs: ir.Table
    shortest_run: int
    """Cost of the model's cheapest complete run without any event."""
    unseen: frozenset[str]
    """Activities that may come again without a trace: the export keeps one time of each, and the model (or
    their place beside the flow) lets them repeat. Empty for exports with a row per event."""
    unseen_next: ir.Table
    """variant: of open cases whose next step may have been done without a trace."""

    def summary(self, number: int) -> VariantSummary:
        """What a report shows of variant `number` (from 1)."""
        variant, alignment = self.variants.variants[number - 1], self.alignments[number - 1]
        cases = self.variants.cases[number - 1]
        return VariantSummary(
            id=number,
            trace=variant.trace,
            unknown=tuple(activity in self.variants.unknown for activity in variant.trace),
            cases=cases,
            open_cases=cases if variant.mode.stops_anywhere else 0,
            mode=variant.mode.value,
            cost=alignment.cost,
            exact=alignment.exact,
            moves=self.visible[number - 1],
            example_case=self.variants.examples[number - 1],
        )


def conformance(bound: BoundLog) -> Conformance:
    """Align every variant of a bound log; raises `TooLargeError` for a net beyond the cap."""
    model = bound.model
    graph = reachability_graph(model.net)
    table = variants(bound)
    unseen: frozenset[str] = frozenset()
    if bound.one_time_per_milestone:
        again = repeatable(graph)
        unseen = again | {activity.id for activity in model.activities.values() if not activity.in_flow}
        marked = (replace(v, unseen=again & frozenset(v.trace)) for v in table.variants)
        table = replace(table, variants=tuple(marked))
    # The empty trace besides: it costs the shortest run, against which fitness is measured.
    *alignments, idle = align(graph, [*table.variants, Variant(())], model.costs)
    ways = WaysOn.of(model.net)
    visible, move_rows, pair_rows = [], [], []
    for number, (variant, alignment) in enumerate(zip(table.variants, alignments, strict=True), start=1):
        flow = token_flow(ways, alignment, model.handoffs)
        judged = _Judgement.of(model, variant, alignment, flow, table.unknown)
        visible.append(judged.moves)
        move_rows += [(number, *row) for row in judged.move_rows()]
        pair_rows += [(number, *row) for row in judged.pair_rows()]
    return Conformance(
        variants=table,
        alignments=tuple(alignments),
        visible=tuple(visible),
        costs=bound.upload("costs", _costs(alignments), COST_COLUMNS),
        moves=bound.upload("moves", pd.DataFrame(move_rows, columns=list(MOVE_COLUMNS)), MOVE_COLUMNS),
        pairs=bound.upload("pairs", pd.DataFrame(pair_rows, columns=list(PAIR_COLUMNS)), PAIR_COLUMNS),
        shortest_run=idle.cost,
        unseen=unseen,
        unseen_next=bound.upload("unseen_next", _unseen_next(model, table, alignments), {"variant": "int64"}),
    )


def _costs(alignments: list[Alignment]) -> pd.DataFrame:
    rows = [(n, each.cost, each.lower_bound, each.exact) for n, each in enumerate(alignments, start=1)]
    return pd.DataFrame(rows, columns=list(COST_COLUMNS))


def _unseen_next(model: ReferenceModel, table: VariantTable, alignments: list[Alignment]) -> pd.DataFrame:
    numbers = [
        number
        for number, (variant, alignment) in enumerate(zip(table.variants, alignments, strict=True), start=1)
        if variant.mode.stops_anywhere
        and variant.unseen
        and variant.unseen & next_activities(model.net, alignment.end(model.net))
    ]
    return pd.DataFrame({"variant": numbers}, dtype="int64")


@dataclass(frozen=True)
class _Judgement:
    """One variant's moves with what each deviation is."""

    moves: tuple[Move, ...]
    deviations: tuple[str | None, ...]
    ordinals: tuple[int, ...]
    befores: tuple[int | None, ...]
    afters: tuple[int | None, ...]
    pairs: tuple[Pair, ...]
    """Step numbers turned into move numbers."""

    @classmethod
    def of(
        cls,
        model: ReferenceModel,
        variant: Variant,
        alignment: Alignment,
        flow: list[Pair],
        unknown: frozenset[str],
    ) -> _Judgement:
        moves, number_of = _visible_moves(model, variant, alignment)
        deviations = _classify(moves, unknown)
        pairs = _settle_pairs(moves, deviations, flow, number_of)
        for pair in pairs:
            if pair.state is PairState.DROPPED and pair.receiver_step is not None:
                deviations[pair.receiver_step] = "dropped"
            if pair.state is PairState.UNSENT and pair.sender_step is not None:
                deviations[pair.sender_step] = "unsent"
        _settle_returns(model, variant, moves, deviations)
        _settle_end(moves, deviations)
        befores, afters = _neighbours(moves)
        return cls(tuple(moves), tuple(deviations), _ordinals(moves), befores, afters, tuple(pairs))

    def move_rows(self) -> list[tuple[object, ...]]:
        return [
            (number, m.kind, m.activity, m.position, before, after, ordinal, deviation, m.ambiguous)
            for number, (m, before, after, ordinal, deviation) in enumerate(
                zip(self.moves, self.befores, self.afters, self.ordinals, self.deviations, strict=True)
            )
        ]

    def pair_rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for pair in self.pairs:
            acting = pair.receiver_step if pair.state is PairState.UNSENT else pair.sender_step
            missing = pair.sender_step if pair.state is PairState.UNSENT else pair.receiver_step
            assert acting is not None  # one side of every pair acted
            rows.append(
                (
                    pair.handoff,
                    pair.state.value,
                    None if pair.sender_step is None else self.moves[pair.sender_step].position,
                    None if pair.receiver_step is None else self.moves[pair.receiver_step].position,
                    None if missing is None else self.befores[missing],
                    None if missing is None else self.afters[missing],
                    self.ordinals[acting],
                    ",".join(pair.alternatives) or None,
                    pair.last,
                    any(self.moves[n].ambiguous for n in (acting, missing) if n is not None),
                    missing is not None and self.moves[missing].kind == "unseen",
                )
            )
        return rows


def _visible_moves(
    model: ReferenceModel, variant: Variant, alignment: Alignment
) -> tuple[list[Move], dict[int, int]]:
    """Moves without the silent ones, and which step each is."""
    moves: list[Move] = []
    number_of: dict[int, int] = {}
    for number, step in enumerate(alignment.steps):
        if step.transition is None and step.position is not None:
            move = Move("log", variant.trace[step.position], step.position, step.avoidable)
        elif step.transition is not None and (label := model.net.transitions[step.transition].label):
            missing = "unseen" if label in variant.unseen else "model"
            kind = missing if step.position is None else "sync"
            move = Move(kind, label, step.position, step.avoidable)
        else:
            continue
        number_of[number] = len(moves)
        moves.append(move)
    return moves, number_of


def _classify(moves: list[Move], unknown: frozenset[str]) -> list[str | None]:
    """Name each deviation. A task that is missed in one place and surplus in another is swapped."""
    missed = Counter(m.activity for m in moves if m.kind in _MISSED)
    surplus = Counter(m.activity for m in moves if m.kind == "log")
    done = {m.activity for m in moves if m.kind == "sync"}
    swapped = {activity: min(missed[activity], surplus[activity]) for activity in missed}
    left = {True: Counter(swapped), False: Counter(swapped)}
    names: list[str | None] = []
    for move in moves:
        if move.kind == "sync":
            names.append(None)
        elif move.activity in unknown:
            names.append("unknown")
        elif left[move.kind in _MISSED][move.activity] > 0:
            left[move.kind in _MISSED][move.activity] -= 1
            names.append("swapped" if move.kind == "log" else None)
        elif move.kind in _MISSED:
            names.append("skipped")
        else:
            names.append("repeated" if move.activity in done else "inserted")
    return names


def _settle_pairs(
    moves: list[Move], deviations: list[str | None], flow: list[Pair], number_of: dict[int, int]
) -> list[Pair]:
    """Pairs by move number; swapped tasks did act, and one missing task is one broken handoff.

    Where several senders meet before a receiver that never came, the handoff of the last of them counts. A
    missing task that nobody got is dropped; only if nobody handed over to it is its own handoff unsent, once,
    to the first of its receivers.
    """
    last_sender: dict[int, int] = {}
    first_receiver: dict[int, int] = {}
    for pair in flow:
        if pair.sender_step is None or pair.receiver_step is None:
            continue
        sent, received = pair.sender_step, pair.receiver_step
        if pair.state is PairState.DROPPED:
            last_sender[received] = max(last_sender.get(received, -1), sent)
        elif pair.state is PairState.UNSENT:
            first_receiver[sent] = min(first_receiver.get(sent, received), received)
    settled = []
    for pair in flow:
        sender = None if pair.sender_step is None else number_of[pair.sender_step]
        receiver = None if pair.receiver_step is None else number_of[pair.receiver_step]
        state = pair.state
        missing = {PairState.DROPPED: receiver, PairState.UNSENT: sender}.get(state)
        if missing is not None and deviations[missing] is None:
            state = PairState.OUT_OF_ORDER
        elif state is PairState.DROPPED:
            if last_sender[pair.receiver_step or 0] != pair.sender_step:
                continue
        elif state is PairState.UNSENT:
            first = first_receiver[pair.sender_step or 0]
            if pair.sender_step in last_sender or first != pair.receiver_step:
                continue
        settled.append(replace(pair, state=state, sender_step=sender, receiver_step=receiver))
    return settled


def _settle_returns(
    model: ReferenceModel, variant: Variant, moves: list[Move], deviations: list[str | None]
) -> None:
    """A missing return order, that no handoff owns, belongs to the dispatch that it leaves unanswered."""
    for pair in model.returns:
        due = unanswered(variant.trace, pair.dispatched_by, pair.returned_by)
        for number, move in enumerate(moves):
            if move.activity != pair.returned_by or move.kind not in _MISSED or not due:
                continue
            if deviations[number] == "skipped":
                deviations[number] = "unreturned"
            due -= deviations[number] is not None


def unanswered(trace: tuple[str, ...], dispatch: str, answer: str) -> int:
    """Dispatches without an answer: each answer settles the oldest one that is open."""
    due = 0
    for activity in trace:
        due += activity == dispatch
        due -= activity == answer and due > 0
    return due


def _settle_end(moves: list[Move], deviations: list[str | None]) -> None:
    """What is missed after the last event is one early end, save what another family owns."""
    for number in range(len(moves) - 1, -1, -1):
        if moves[number].position is not None:
            return
        if deviations[number] == "skipped":
            deviations[number] = "early_end"


def _ordinals(moves: list[Move]) -> tuple[int, ...]:
    """n-th event of its activity in the trace; of a model move: n-th time the run comes to the task."""
    by_position = sorted((m.position, m.activity) for m in moves if m.position is not None)
    seen: Counter[str] = Counter()
    event_ordinal: dict[int, int] = {}
    for position, activity in by_position:
        seen[activity] += 1
        event_ordinal[position] = seen[activity]
    asked: Counter[str] = Counter()
    ordinals = []
    for move in moves:
        asked[move.activity] += move.kind != "log"
        ordinals.append(asked[move.activity] if move.position is None else event_ordinal[move.position])
    return tuple(ordinals)


def _neighbours(moves: list[Move]) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    befores, afters = [], []
    last: int | None = None
    for move in moves:
        befores.append(last)
        last = move.position if move.position is not None else last
    following: int | None = None
    for move in reversed(moves):
        afters.append(following)
        following = move.position if move.position is not None else following
    return tuple(befores), tuple(reversed(afters))
