"""The ledger of a clock: a strip to see it, totals per state, and every interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mining.findings import ClockInterval
from reports.svg.ledger_strip import ledger_strip
from reports.view.context import Context

STATES = ("running", "paused", "off")


@dataclass(frozen=True)
class IntervalView:
    """One stretch."""

    state: str
    state_name: str
    begin: str
    end: str
    counted: str


@dataclass(frozen=True)
class LedgerView:
    """How a measure came about."""

    strip: Markup
    totals: tuple[str, ...]
    intervals: tuple[IntervalView, ...]


def ledger_view(
    ledger: Sequence[ClockInterval], unit: str, due_us: int | None, c: Context
) -> LedgerView | None:
    """The view of a ledger; None where there is none."""
    if not ledger:
        return None
    totals = []
    for state in STATES:
        parts = [each for each in ledger if each.state == state]
        if parts:
            length = c.formats.duration(sum(each.until_us - each.from_us for each in parts))
            counted = c.formats.measure(sum(each.counted for each in parts), unit)
            key = "ledger.counted" if state == "running" else "ledger.not_counted"
            totals.append(c.t(key, state=c.t(f"clock.{state}"), length=length, counted=counted))
    intervals = tuple(
        IntervalView(
            each.state,
            c.t.or_else(f"clock.{each.state}", each.state),
            c.formats.time(each.from_us),
            c.formats.time(each.until_us),
            c.formats.measure(each.counted, unit),
        )
        for each in ledger
    )
    return LedgerView(ledger_strip(ledger, due_us, c.t("ledger.title")), tuple(totals), intervals)
