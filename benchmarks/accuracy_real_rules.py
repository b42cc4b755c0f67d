"""What the models mined from public logs ask for besides: limits and rules that the log gives ground for.

Which activities a rule is about is chosen here by what they are; every limit is read off the log, so that
nearly all of its cases keep it. Cases that break a rule by themselves are findings before and after, and
are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import pandas as pd

from reference_models.duplicates import NearDuplicate, Tolerance
from reference_models.model import (
    AttributeSpec,
    Authority,
    Deadline,
    DeadlineRow,
    DeclareRule,
    DispatchReturn,
    DuplicateIdentity,
    FourEyes,
    IdleLimit,
    Limit,
    LimitCell,
    Match,
    Numbering,
    PeriodLimit,
    ReferenceModel,
    Standing,
    Text,
    Told,
)

OURS = Authority(Standing.USER)
CLOCK = "around-the-clock"
NEARLY_ALL = 0.98
"""Share of the log's cases, or waits, that keep a limit."""
NEARLY_ALL_DAYS = 0.9
DAY_US = 86_400_000_000
ORDER_DAYS = 60.0
Pair = tuple[str, str]


class Ground(NamedTuple):
    """What a log gives ground for."""

    clock: Pair
    """A deadline runs from the first to the second."""
    notice: Pair
    """After the first, the second tells somebody."""
    answer: Pair
    """The first is answered by the second in time (response)."""
    before: Pair
    """The second only after the first (precedence)."""
    together: Pair | None
    """Each of them comes with the other."""
    apart: tuple[Pair, ...]
    """Never done by the same person in all the log."""
    order: str
    """Places something, at most once in most cases."""
    settled: str
    """Settles it."""
    graded: str
    """Attribute by which the deadline's table has its columns."""
    named: str
    """Attribute of an order besides its number, a text."""
    alike: float
    """Similarity from which two such texts may be meant to be the same."""
    sent: Pair | None
    """What the first sends out, the second brings back."""
    daily: str
    """Comes every day."""
    prefix: str | None
    """Of the case numbers, if they come in sequence."""


GROUNDS = {
    "receipt.xes.gz": Ground(
        clock=("Confirmation of receipt", "T10 Determine necessity to stop indication"),
        notice=("T04 Determine confirmation of receipt", "T05 Print and send confirmation of receipt"),
        answer=("Confirmation of receipt", "T02 Check confirmation of receipt"),
        before=("T02 Check confirmation of receipt", "T04 Determine confirmation of receipt"),
        together=("T02 Check confirmation of receipt", "T05 Print and send confirmation of receipt"),
        apart=(),
        order="Confirmation of receipt",
        settled="T05 Print and send confirmation of receipt",
        graded="channel",
        named="responsible",
        alike=0.85,
        sent=("T04 Determine confirmation of receipt", "T05 Print and send confirmation of receipt"),
        daily="Confirmation of receipt",
        prefix="case-",
    ),
    "bpic2013_incidents.xes.gz": Ground(
        clock=("Accepted", "Completed"),
        notice=("Queued", "Accepted"),
        answer=("Queued", "Completed"),
        before=("Accepted", "Completed"),
        together=None,
        apart=(),
        order="Queued",
        settled="Completed",
        graded="impact",
        named="product",
        alike=0.8,
        sent=None,
        daily="Completed",
        prefix=None,
    ),
    "purchasing_example.csv.gz": Ground(
        clock=("Create Purchase Requisition", "Pay Invoice"),
        notice=("Create Purchase Order", "Confirm Purchase Order"),
        answer=("Send Invoice", "Pay Invoice"),
        before=("Create Quotation comparison Map", "Choose best option"),
        together=("Deliver Goods Services", "Approve Purchase Order for payment"),
        apart=(
            ("Approve Purchase Order for payment", "Authorize Supplier's Invoice payment"),
            ("Create Purchase Requisition", "Pay Invoice"),
        ),
        order="Create Purchase Order",
        settled="Pay Invoice",
        graded="grade",
        named="buyer",
        alike=0.8,
        sent=("Send Request for Quotation to Supplier", "Create Quotation comparison Map"),
        daily="Create Purchase Requisition",
        prefix="",
    ),
}


def with_rules(model: ReferenceModel, log: str, events: pd.DataFrame) -> ReferenceModel:
    """The model with what the log gives ground for. events: by case and time."""
    ground = GROUNDS[log]
    classes = sorted(events[ground.graded].dropna().unique())
    waits = events.groupby("case_id")["t_us"].diff().dropna() / DAY_US
    idle = _days(waits.quantile(0.995))
    return replace(
        model,
        handoffs=tuple(replace(each, limit=idle) for each in model.handoffs),
        attributes={
            ground.graded: _category(ground.graded, classes),
            **{name: _text(name) for name in ("reference", ground.named)},
        },
        deadlines=(_deadline(ground, classes, _apart(events, *ground.clock, NEARLY_ALL)),),
        told=(_told(ground.notice, _apart(events, *ground.notice, NEARLY_ALL)),),
        idle_limits=(IdleLimit(None, idle),),
        duplicates=(_order(ground),),
        rules=(
            _rule("answered", "response", ground.answer, _apart(events, *ground.answer, NEARLY_ALL)),
            _rule("prepared", "precedence", ground.before, None),
        ),
        matches=tuple(_match(pair, _apart(events, *pair, NEARLY_ALL)) for pair in [ground.together] if pair),
        four_eyes=tuple(
            FourEyes(f"apart_{n}", Text("", ""), pair, (), OURS) for n, pair in enumerate(ground.apart)
        ),
        per_period=(_daily(ground.daily, events),),
        returns=tuple(DispatchReturn("sent", *pair, OURS) for pair in [ground.sent] if pair),
        numbering=()
        if ground.prefix is None
        else (Numbering("cases", Text("", ""), ground.prefix, None, OURS),),
    )


def _apart(events: pd.DataFrame, one: str, other: str, share: float) -> Limit:
    """So many days lie at most between the first event of one activity and the last of another, in so many of
    the cases."""
    first = events[events["activity"] == one].groupby("case_id")["t_us"].min()
    last = events[events["activity"] == other].groupby("case_id")["t_us"].max()
    return _days(((last - first).dropna().abs() / DAY_US).quantile(share))


def _days(value: float) -> Limit:
    return Limit(float(ceil(value) + 1), "days", OURS)


def _text(name: str) -> AttributeSpec:
    return AttributeSpec(name, Text(name, name), (), "text", {}, ())


def _category(name: str, classes: Sequence[str]) -> AttributeSpec:
    return AttributeSpec(name, Text(name, name), (), "category", {each: (each,) for each in classes}, ())


def _deadline(ground: Ground, classes: Sequence[str], limit: Limit) -> Deadline:
    row = DeadlineRow("all", Text("", ""), {}, dict.fromkeys(classes, LimitCell(limit.value)), OURS)
    name, by = Text("", ""), ground.graded
    return Deadline("whole", name, *ground.clock, limit.unit, CLOCK, (), by, (row,), None, (), OURS)


def _told(pair: Pair, limit: Limit) -> Told:
    return Told("notice", Text("", ""), *pair, limit, OURS)


def _rule(name: str, template: str, pair: Pair, limit: Limit | None) -> DeclareRule:
    return DeclareRule(name, Text("", ""), template, *pair, 1, limit, CLOCK, (), (), (), OURS)


def _match(pair: Pair, limit: Limit) -> Match:
    return Match("together", Text("", ""), *pair, (), (), (), limit, CLOCK, OURS)


def _daily(activity: str, events: pd.DataFrame) -> PeriodLimit:
    """At least so many come in a day as on nearly all days on which any come."""
    days = pd.to_datetime(events["t_us"], unit="us").dt.date
    counts = days[events["activity"] == activity].value_counts()
    least = max(1, int(counts.quantile(1 - NEARLY_ALL_DAYS)))
    return PeriodLimit("daily", Text("", ""), activity, "day", None, least, (), OURS)


def _order(ground: Ground) -> DuplicateIdentity:
    near = NearDuplicate(ORDER_DAYS, (Tolerance(ground.named, OURS, similarity=ground.alike),), OURS)
    same = ("reference", ground.named)
    return DuplicateIdentity(
        "order", Text("", ""), ground.order, same, ORDER_DAYS, (ground.settled,), None, None, OURS, near
    )
