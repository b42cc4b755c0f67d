"""Promises beside the limits of a deadline table: how many clocks stopped within them; never judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import ibis
import ibis.expr.types as ir

from mining.bound_log import BoundLog
from mining.clock import Clock
from mining.findings import Counts
from mining.rates import wilson
from reference_models.model import Deadline, Promise


@dataclass(frozen=True)
class PromiseKept:
    """A promise with what became of it."""

    promise: Promise
    deadline: str
    unit: str
    counts: Counts
    """Clocks that stopped within it (conformant) or later (violated), that run (pending), and of which it
    cannot be said."""

    @property
    def share(self) -> float | None:
        """Of the clocks that stopped, those that did so within it; None where none did."""
        return self.counts.conformant / self.counts.decided if self.counts.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson score interval of the share."""
        return wilson(self.counts.conformant, self.counts.decided)


def keep_counts(bound: BoundLog, deadline: Deadline, run: ir.Table, clock: Clock) -> None:
    """Count the clocks of each promise of a deadline and keep the numbers for `promises`.

    `run`: the columns of `mining.deadlines.clock_runs`, and `unseen` (a pause may not be recorded). The time
    is that of the table's clock, so a pause after the table's limit does not count.
    """
    if not deadline.promises:
        return
    tables = [_counted(each, run, clock) for each in deadline.promises]
    bound.store(_table(deadline), ibis.union(*tables) if len(tables) > 1 else tables[0])


def promises(bounds: Iterable[BoundLog]) -> tuple[PromiseKept, ...]:
    """All promises, in the contract's order; a promise that several versions make is counted over all."""
    found: dict[tuple[str, Promise], PromiseKept] = {}
    for bound in bounds:
        for deadline in bound.model.deadlines:
            counted = _kept(bound, deadline)
            for promise in deadline.promises:
                known = found.get((deadline.id, promise))
                together = _sum(counted.get(promise.id, Counts()), known.counts if known else Counts())
                found[deadline.id, promise] = PromiseKept(promise, deadline.id, deadline.unit, together)
    return tuple(found.values())


def _counted(promise: Promise, run: ir.Table, clock: Clock) -> ir.Table:
    """promise, conformant, violated, pending, not_determinable: one line."""
    own = run.filter(run.row.isin(promise.rows))
    stopped = own.stop_us.notnull() & own.from_axis.notnull() & own.to_axis.notnull()
    within = own.to_axis - own.from_axis <= round(promise.within * clock.step)
    running = own.stop_us.isnull() & ~own.closed & own.from_axis.notnull()
    state = ibis.cases(
        ((stopped & within).fill_null(False), "conformant"),
        ((stopped & ~own.unseen).fill_null(False), "violated"),
        (running.fill_null(False), "pending"),
        else_="not_determinable",
    )
    marked = own.select(state=state)
    counts = {name: (marked.state == name).sum().fill_null(0) for name in vars(Counts())}
    return marked.aggregate(**counts).mutate(promise=ibis.literal(promise.id))


def _kept(bound: BoundLog, deadline: Deadline) -> dict[str, Counts]:
    """Nothing where the clock could not be judged at all."""
    if _table(deadline) + bound.suffix not in bound.log.backend.list_tables():
        return {}
    frame = bound.kept(_table(deadline)).to_pandas()
    names = list(vars(Counts()))
    rows = zip(frame["promise"], *(frame[name] for name in names), strict=True)
    return {str(row[0]): Counts(*map(int, row[1:])) for row in rows}


def _table(deadline: Deadline) -> str:
    return f"shared_promises_{deadline.id}".replace("-", "_")


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))
