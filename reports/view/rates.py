"""On-time rates against their targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mining.findings import Rate
from mining.promises import PromiseKept
from reports.formats import NONE
from reports.svg.interval import interval
from reports.view.anchors import clock_anchor
from reports.view.context import Context
from reports.view.criteria import planned_over
from reports.view.texts import clock_in_words


@dataclass(frozen=True)
class RateView:
    """One cell of a deadline table."""

    row: str
    category: str
    limit: str
    rate: str
    interval_text: str
    picture: Markup
    fraction: str
    """Numerator / denominator."""
    undecided: str
    target: str
    judgement: str
    """How the interval lies to the target, in words; empty without either."""
    judgement_code: str
    planned: str
    standing_name: str
    standing: str


@dataclass(frozen=True)
class PromiseView:
    """A promise beside the limits of a table."""

    name: str
    kept: str
    """How many clocks stopped within it, of how many."""
    standing: str
    standing_name: str
    source: str
    reason: str


@dataclass(frozen=True)
class RateTable:
    """The rates of one clock."""

    anchor: str
    name: str
    clock: str
    """From what to what it runs, in which calendar, what pauses it."""
    standing: str
    standing_name: str
    reason: str
    """Why the clock runs so."""
    axis: str
    """Where the axis of the pictures begins."""
    rows: tuple[RateView, ...]
    promises: tuple[PromiseView, ...] = ()


def rate_tables(c: Context) -> tuple[RateTable, ...]:
    """One table per clock, in the order of the contract."""
    ids = list(dict.fromkeys(rate.deadline for rate in c.audit.rates))
    return tuple(_table(id, [rate for rate in c.audit.rates if rate.deadline == id], c) for id in ids)


def _table(id: str, rates: list[Rate], c: Context) -> RateTable:
    clock = c.names.deadline(id)
    floor = axis_floor(rates)
    rows = tuple(_rate(each, floor, c) for each in rates)
    if clock is None:
        return RateTable(clock_anchor(id), id, "", "", "", "", c.formats.percent(floor), rows)
    said = clock.authority
    return RateTable(
        clock_anchor(id),
        clock.name.get(c.t.lang),
        clock_in_words(clock, c.names),
        said.standing.value,
        c.t(f"standing.{said.standing}"),
        said.reason.get(c.t.lang) if said.reason else "",
        c.formats.percent(floor),
        rows,
        tuple(_promise(each, c) for each in c.audit.promises if each.deadline == id),
    )


def _promise(kept: PromiseKept, c: Context) -> PromiseView:
    f, counts, said = c.formats, kept.counts, kept.promise.authority
    rows = (c.names.deadline_row(kept.deadline, each) for each in kept.promise.rows)
    values = {
        "within": f.measure(kept.promise.within, kept.unit),
        "kept": f.number(counts.conformant),
        "stopped": f.number(counts.decided),
        "pending": f.number(counts.pending),
        "unknown": f.number(counts.not_determinable),
        "rows": c.t("list.semicolon").join(rows),
    }
    sentences = [c.t("promise.kept" if counts.decided else "promise.none", share=_share(kept, c), **values)]
    sentences.append(c.t("promise.rows", **values))
    return PromiseView(
        kept.promise.name.get(c.t.lang),
        ("" if c.t.lang == "zh" else " ").join(sentences),
        said.standing.value,
        c.t(f"standing.{said.standing}"),
        c.names.source(said),
        said.reason.get(c.t.lang) if said.reason else "",
    )


def _share(kept: PromiseKept, c: Context) -> str:
    """The share with its interval."""
    if kept.interval is None:
        return NONE
    ends = " – ".join(map(c.formats.percent, kept.interval))
    return c.t("promise.share", share=c.formats.percent(kept.share), interval=ends)


def axis_floor(rates: Sequence[Rate]) -> float:
    """Where the axis of the pictures begins: the tenth below everything drawn, at most 90 %."""
    drawn = [end for rate in rates for end in (rate.low, rate.target) if end is not None]
    return min(math.floor(min(drawn, default=0.0) * 10) / 10, 0.9)


def _rate(rate: Rate, floor: float, c: Context) -> RateView:
    counts = rate.counts
    f = c.formats
    bounded = rate.low is not None and rate.high is not None
    code = _judgement(rate)
    planned = ""
    if rate.planned_per_month is not None or rate.actual_per_month is not None:
        planned = c.t(
            "rate.planned",
            actual=f.number(rate.actual_per_month, 1),
            planned=f.number(rate.planned_per_month, 1),
        )
        clock = c.names.deadline(rate.deadline)
        rows = clock.rows if clock else ()
        own = next((each for each in rows if each.id == rate.row), None)
        planned += planned_over(own, rows, c.names) if own else ""
    row = c.names.deadline_row(rate.deadline, rate.row)
    return RateView(
        c.t("rate.version", row=row, version=rate.version) if rate.version else row,
        rate.category,
        f.measure(rate.limit, rate.unit) if rate.limit is not None else c.t("limit.none"),
        f.percent(rate.rate, beside=rate.target),
        " – ".join(f.percent(end, beside=rate.target) for end in (rate.low, rate.high)) if bounded else "",
        interval(rate.low, rate.rate, rate.high, rate.target, floor, c.t("rate.picture")),
        f"{f.number(counts.conformant)} / {f.number(counts.decided)}" if counts.decided else NONE,
        f.number(counts.undecided),
        f.percent(rate.target),
        c.t(f"rate.judgement.{code}") if code else "",
        code,
        planned,
        c.t(f"standing.{rate.authority.standing}"),
        rate.authority.standing.value,
    )


def _judgement(rate: Rate) -> str:
    """How the interval lies to the target: no verdict, only what may be said at 95 %."""
    if rate.target is None:
        return ""
    if rate.low is None or rate.high is None:
        return "none"
    if rate.high < rate.target:
        return "below"
    return "above" if rate.low >= rate.target else "open"
