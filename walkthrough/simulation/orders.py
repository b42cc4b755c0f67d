"""Orders: what identifies each, which repeat others, and which only look as if they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import AttributeSpec, DuplicateIdentity
from reference_models.model import ReferenceModel as Model
from walkthrough.simulation.axis import DAY, HOUR, Axis
from walkthrough.simulation.cells import Cell, Value, limit_of, thresholds
from walkthrough.simulation.courses import Course
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.timing import AS_OF_US

GOODS: Mapping[str, str] = {
    "光缆": "Optical cable",
    "配线架": "Distribution frame",
    "传输设备": "Transmission equipment",
    "接入设备": "Access equipment",
    "电源": "Power supply",
}
"""What is bought, in both languages; where the hints do not say what else it is."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of codes: none that is easily taken for another."""
NOT_SETTLED = np.iinfo(np.int64).max
MONTH = 30
KeyRow = tuple[int, str, str, str, str, int]


class Orders:
    """The attributes of a block's cases, and the pairs among their orders."""

    def __init__(
        self,
        plan: Plan,
        rng: np.random.Generator,
        courses: Sequence[Course],
        group_of: npt.NDArray[np.int64],
        cells: Sequence[Cell],
        first_number: int,
        axis: Axis,
    ) -> None:
        """axis: the hours in which what becomes of orders is recorded."""
        self.axis = axis
        self.plan, self.rng, self.courses, self.group_of = plan, rng, courses, group_of
        self.cells = list(cells)
        model = plan.model
        self.own: list[dict[str, Value]] = [{} for _ in cells]
        """Per case the attributes that are its own, not its kind's."""
        for spec in model.attributes.values():
            if draw := _own_values(model, spec, plan.hints.texts.get(spec.id)):
                for case in range(len(cells)):
                    self.own[case][spec.id] = draw(first_number + case, rng)
        self.key: list[KeyRow] = []
        self.events: pd.DataFrame = pd.DataFrame()

    def plant(self, events: pd.DataFrame, each_kind: int, names: Sequence[str]) -> pd.DataFrame:
        """Let orders repeat others: so many pairs of each kind, and as many of each look-alike."""
        self.events = events
        for order in self.plan.model.duplicates:
            free = _Free(self, order, names)
            for _ in range(each_kind):  # in turn, so that where orders run short there are some of each
                for kind, make in KINDS.items():
                    make(self, order, free, kind)
        self._settle_values()
        return self.events

    def same_as(
        self, order: DuplicateIdentity, first: int, second: int, changes: Mapping[str, Value] | None = None
    ) -> None:
        """Give the second case the first one's identity, with some changes."""
        for name in order.same:
            value = self.own[first].get(name, self.cells[first].values.get(name))
            if value is not None:
                self.own[second][name] = value
        self.own[second].update(changes or {})

    def note(self, order: DuplicateIdentity, kind: str, first: int, second: int, row: int) -> None:
        """Write a planted pair into the key."""
        self.key.append((second, "duplicate", kind, order.id, "planted", first))
        self.events.loc[row, "faulty"] = True

    def innocent(self, kind: str, first: int, second: int) -> None:
        """Write a look-alike into the key."""
        self.key.append((second, "", kind, "", "innocent", first))

    def between(self, begin: int, end: int, least: float, most: float) -> int:
        """An instant of working time between two, after a share of it drawn between these."""
        worked = self.axis.positions(np.array([begin, end], dtype=np.int64))
        drawn = worked[0] + round(float(worked[1] - worked[0]) * float(self.rng.uniform(least, most)))
        at = int(self.axis.instants(np.array([drawn], dtype=np.int64))[0])
        return min(max(at, begin + 1), end - 1)

    def add_event(self, case: int, activity: int, at: int) -> None:
        """An event beside the flow."""
        row = {
            "case": case,
            "item": -1,
            "activity": activity,
            "start_us": at,
            "t_us": at,
            "role": -1,
            "member": -1,
            "faulty": False,
            "surplus": False,
            "number": len(self.events),
        }
        self.events.loc[len(self.events)] = row

    def _settle_values(self) -> None:
        """What the tables and conditions read is the case's own, too."""
        deadlines = self.plan.model.deadlines
        for case, own in enumerate(self.own):
            read = {name: value for name, value in own.items() if name in self.cells[case].values}
            if read and any(self.cells[case].values[name] != value for name, value in read.items()):
                values = {**self.cells[case].values, **read}
                limits = tuple(limit_of(each, values) for each in deadlines)
                self.cells[case] = replace(self.cells[case], values=values, limits=limits)

    def case_table(self, first: int, present: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """The attributes as exports spell them, of cases that have events."""
        specs = self.plan.model.attributes
        rows = [
            {
                name: _spelled(spec, self.own[case].get(name, self.cells[case].values.get(name)))
                for name, spec in specs.items()
            }
            for case in np.flatnonzero(present).tolist()
        ]
        return pd.DataFrame(rows, columns=list(specs), index=pd.RangeIndex(first, first + len(rows)))


class _Free:
    """Sound cases with one order each, and when it was sent and settled."""

    def __init__(self, orders: Orders, order: DuplicateIdentity, names: Sequence[str]) -> None:
        self.names = names
        events = orders.events
        code = names.index(order.activity)
        sound = [
            course.plant is None and not course.innocent and course.trace.count(order.activity) == 1
            for course in orders.courses
        ]
        usable = np.array(sound)[orders.group_of]
        placed = events[(events["activity"] == code) & (events["item"] >= 0) & (events["t_us"] <= AS_OF_US)]
        placed = placed[usable[placed["case"].to_numpy()]]
        placed = placed.sort_values(["t_us", "case"], kind="stable")
        if order.replaced and order.replaced.within_days:  # until then the first may still be cancelled
            placed = placed[placed["t_us"] + round(order.replaced.within_days * DAY) < AS_OF_US]
        self.case, self.us = placed["case"].to_numpy(), placed["t_us"].to_numpy()
        self.row = placed.index.to_numpy()
        settled = np.full(len(orders.cells), NOT_SETTLED, dtype=np.int64)
        ends = events[events["activity"].isin([names.index(each) for each in order.open_until])]
        np.minimum.at(settled, ends["case"].to_numpy(), ends["t_us"].to_numpy())
        self.settled = settled[self.case]
        self.unused = np.ones(len(self.case), dtype=bool)

    def next_of(self, events: pd.DataFrame, activities: Sequence[str]) -> npt.NDArray[np.int64]:
        """Per order when its case has the first of these activities after it; NOT_SETTLED: never."""
        own = np.full(int(events["case"].max()) + 1, -1, dtype=np.int64)
        own[self.case] = self.us
        ends = events[events["activity"].isin([self.names.index(each) for each in activities])]
        case, us = ends["case"].to_numpy(), ends["t_us"].to_numpy()
        later = (own[case] >= 0) & (us > own[case]) & (us <= AS_OF_US)
        found = np.full(len(own), NOT_SETTLED, dtype=np.int64)
        np.minimum.at(found, case[later], us[later])
        return np.asarray(found[self.case], dtype=np.int64)

    def pair(
        self,
        rng: np.random.Generator,
        fits: Callable[[int, npt.NDArray[np.int64]], npt.NDArray[np.bool_]],
    ) -> tuple[int, int] | None:
        """Places of two unused orders, the second of which fits the first."""
        for first in rng.permutation(np.flatnonzero(self.unused))[:40].tolist():
            later = np.arange(first + 1, len(self.case))
            later = later[self.unused[later] & (self.us[later] > self.us[first])]
            later = later[fits(first, later)]
            if len(later):
                second = int(rng.choice(later))
                self.unused[[first, second]] = False
                return first, second
        return None


def _in_days(free: _Free, first: int, later: npt.NDArray[np.int64], days: float) -> npt.NDArray[np.bool_]:
    return np.asarray(free.us[later] <= free.us[first] + round(days * DAY), dtype=bool)


def _exact(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """The same order again, when the first was settled."""
    found = free.pair(
        orders.rng,
        lambda a, b: _in_days(free, a, b, order.within_days) & (free.settled[a] < free.us[b]),
    )
    if found and order.open_until:
        a, b = found
        orders.same_as(order, int(free.case[a]), int(free.case[b]))
        orders.note(order, kind, int(free.case[a]), int(free.case[b]), int(free.row[b]))


def _resent(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """The same order again, while the first was open."""
    found = free.pair(
        orders.rng,
        lambda a, b: _in_days(free, a, b, order.within_days) & (free.settled[a] > free.us[b]),
    )
    if found and order.open_until:
        a, b = found
        orders.same_as(order, int(free.case[a]), int(free.case[b]))
        orders.note(order, kind, int(free.case[a]), int(free.case[b]), int(free.row[b]))


def _near(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """The same order with a small difference that the contract tolerates."""
    if order.near is None or not order.near.tolerances:
        return
    near = order.near
    found = free.pair(orders.rng, lambda a, b: _in_days(free, a, b, near.within_days))
    if not found:
        return
    first, second = int(free.case[found[0]]), int(free.case[found[1]])
    tolerance = near.tolerances[int(orders.rng.integers(len(near.tolerances)))]
    value = orders.own[first].get(tolerance.attribute, orders.cells[first].values.get(tolerance.attribute))
    if isinstance(value, float):
        most = max(tolerance.absolute or 0.0, (tolerance.relative or 0.0) * value)
        other: Value = round(value + most * float(orders.rng.uniform(0.2, 0.8)), 2)
    else:
        other = _misspelt(str(value), orders.rng)
        if other == value or similarity(str(value), other) < (tolerance.similarity or 1.0):
            return
    orders.same_as(order, first, second, {tolerance.attribute: other})
    if other != value:
        orders.note(order, kind, first, second, int(free.row[found[1]]))


def _unlike(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """Another order that only looks alike: an amount, or what is asked for, differs by more than a little."""
    found = free.pair(orders.rng, lambda a, b: _in_days(free, a, b, order.within_days))
    name = order.amount if order.amount in order.same else None
    if not found or name is None:
        return
    first, second = int(free.case[found[0]]), int(free.case[found[1]])
    value = orders.own[first].get(name, orders.cells[first].values.get(name))
    tolerances = {each.attribute: each for each in order.near.tolerances} if order.near else {}
    tolerance = tolerances.get(name)
    if not isinstance(value, float) or tolerance is None:
        return
    most = max(tolerance.absolute or 0.0, (tolerance.relative or 0.0) * value)
    orders.same_as(order, first, second, {name: round(value + 4 * most + 50, 2)})
    orders.innocent(kind, first, second)


def _recurring(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """The same order every month; where the contract knows no series, again after its days have passed."""
    if order.recurring is None:
        days = max(order.within_days, order.near.within_days if order.near else 0.0)
        found = free.pair(orders.rng, lambda a, b: free.us[b] > free.us[a] + round((days + 1) * DAY))
        if found:
            first, second = int(free.case[found[0]]), int(free.case[found[1]])
            orders.same_as(order, first, second)
            orders.innocent(kind, first, second)
        return
    series = _series(orders, free, max(order.recurring.times, 3), order.recurring.slack_days)
    for before, after in pairwise(series):
        orders.same_as(order, int(free.case[series[0]]), int(free.case[after]))
        orders.innocent(kind, int(free.case[before]), int(free.case[after]))


def _series(orders: Orders, free: _Free, times: int, slack: float) -> list[int]:
    """Places of unused orders about a month apart."""
    for first in orders.rng.permutation(np.flatnonzero(free.unused))[:60].tolist():
        found = [first]
        for number in range(1, times):
            wanted = free.us[first] + number * MONTH * DAY
            near = np.flatnonzero(free.unused & (np.abs(free.us - wanted) < slack / 4 * DAY))
            if not len(near):
                break
            found.append(int(near[np.argmin(np.abs(free.us[near] - wanted))]))
        if len(found) == times:
            free.unused[found] = False
            return found
    return []


def _split(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """Parts of one order: by the contract's reference, or of other quantities."""
    found = free.pair(orders.rng, lambda a, b: _in_days(free, a, b, order.within_days))
    if not found:
        return
    first, second = int(free.case[found[0]]), int(free.case[found[1]])
    split = order.split
    if split is not None and split.part is not None:
        orders.same_as(order, first, second)
        for case, part in ((first, "1"), (second, "2")):
            orders.own[case][split.reference] = f"FX-{first + 1:06d}"
            orders.own[case][split.part] = part
            amount = orders.own[first].get(order.amount or "", 0.0)
            if split.total and isinstance(amount, float):
                orders.own[case][split.total] = round(2 * amount, 2)
        orders.innocent(kind, first, second)
        return
    tolerant = {each.attribute for each in order.near.tolerances} if order.near else set()
    strict = [n for n in order.same if n not in tolerant and isinstance(orders.own[first].get(n), float)]
    if strict:
        value = orders.own[first][strict[0]]
        assert isinstance(value, float)
        orders.same_as(order, first, second, {strict[0]: value + 1 + round(0.5 * value)})
        orders.innocent(kind, first, second)


def _by_themselves(
    orders: Orders,
    order: DuplicateIdentity,
    free: _Free,
    kind: str,
    fits: Callable[[int, npt.NDArray[np.int64]], npt.NDArray[np.bool_]],
) -> None:
    """A pair of which the first case's own run cancels or changes the order."""
    found = free.pair(
        orders.rng, lambda a, b: _in_days(free, a, b, order.within_days) & np.asarray(fits(a, b), dtype=bool)
    )
    if found:
        first, second = int(free.case[found[0]]), int(free.case[found[1]])
        orders.same_as(order, first, second)
        orders.innocent(kind, first, second)


def _reissued(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """Cancelled, and sent anew."""
    flow = orders.plan.model.activities
    cancelled_by = order.replaced.cancelled_by if order.replaced else ()
    by = [each for each in cancelled_by if not flow[each].in_flow]
    if cancelled_by and not by:
        came = free.next_of(orders.events, cancelled_by)
        _by_themselves(orders, order, free, kind, lambda a, b: came[a] < free.us[b])
        return
    found = by and free.pair(
        orders.rng,
        lambda a, b: _in_days(free, a, b, order.within_days) & (free.us[b] > free.us[a] + 2 * HOUR),
    )
    if found:
        first, second = int(free.case[found[0]]), int(free.case[found[1]])
        orders.same_as(order, first, second)
        at = orders.between(int(free.us[found[0]]), int(free.us[found[1]]), 0.2, 0.8)
        orders.add_event(first, free.names.index(by[0]), at)
        orders.innocent(kind, first, second)


def _amended(orders: Orders, order: DuplicateIdentity, free: _Free, kind: str) -> None:
    """The first one is changed when the second has been sent."""
    flow = orders.plan.model.activities
    replaced = order.replaced
    by = [each for each in (replaced.amended_by if replaced else ()) if not flow[each].in_flow]
    days = 20.0 if replaced is None or replaced.within_days is None else replaced.within_days
    if replaced and replaced.amended_by and not by:
        came = free.next_of(orders.events, replaced.amended_by)
        until = round(days * DAY)
        _by_themselves(
            orders, order, free, kind, lambda a, b: (came[a] > free.us[b]) & (came[a] <= free.us[b] + until)
        )
        return
    found = by and free.pair(
        orders.rng,
        lambda a, b: _in_days(free, a, b, order.within_days) & (free.us[b] + round(days * DAY) < AS_OF_US),
    )
    if found:
        first, second = int(free.case[found[0]]), int(free.case[found[1]])
        orders.same_as(order, first, second)
        at = orders.between(int(free.us[found[1]]), int(free.us[found[1]]) + round(days * DAY), 0.1, 0.8)
        orders.add_event(first, free.names.index(by[0]), at)
        orders.innocent(kind, first, second)


KINDS: dict[str, Callable[[Orders, DuplicateIdentity, _Free, str], None]] = {
    "exact": _exact,
    "resent": _resent,
    "near": _near,
    "unlike": _unlike,
    "recurring": _recurring,
    "split": _split,
    "reissued": _reissued,
    "amended": _amended,
}
"""Pairs of orders; from 'unlike' on they are innocent."""


def _own_values(
    model: Model, spec: AttributeSpec, texts: Mapping[str, str] | None
) -> Callable[[int, np.random.Generator], Value] | None:
    """How the values of an attribute are made that differ from case to case; None: by the kind of case."""
    tolerant = {each.attribute for order in model.duplicates if order.near for each in order.near.tolerances}
    named = {name for order in model.duplicates for name in (*order.same, order.amount)}
    references = {order.split.reference for order in model.duplicates if order.split}
    references |= {order.split.part for order in model.duplicates if order.split and order.split.part}
    if spec.type == "text":
        if spec.id in references:
            return lambda number, rng: ""
        if spec.id in tolerant:
            things = list(texts or GOODS)
            return lambda number, rng: f"{things[number % len(things)]} {_code(rng)}"
        if texts:
            named_ones = list(texts)
            return lambda number, rng: named_ones[int(rng.integers(len(named_ones)))]
        prefix = "".join(part[0] for part in spec.id.split("_") if part).upper()
        return lambda number, rng: f"{prefix}-{number + 1:07d}"
    if spec.type == "number" and spec.id in named and not thresholds(model, spec.id):
        if spec.id in {order.amount for order in model.duplicates}:
            return lambda number, rng: float(round(np.exp(rng.uniform(6.5, 11.0)), 2))
        return lambda number, rng: float(rng.integers(1, 38))
    return None


def _code(rng: np.random.Generator) -> str:
    return "".join(LETTERS[int(i)] for i in rng.integers(len(LETTERS), size=9))


def _misspelt(text: str, rng: np.random.Generator) -> str:
    """One character written otherwise; or the same in full width."""
    at = len(text) - 1 - int(rng.integers(min(6, len(text))))
    if rng.random() < 0.3:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    other = LETTERS[(LETTERS.find(text[at]) + 1 + int(rng.integers(len(LETTERS) - 1))) % len(LETTERS)]
    return text[:at] + other + text[at + 1 :]


def similarity(a: str, b: str) -> float:
    """Share of both texts that is in their longest common subsequence, widths made equal."""
    a, b = (_narrow(each) for each in (a, b))
    row = [0] * (len(b) + 1)
    for x in a:
        before = row
        row = [0]
        for at, y in enumerate(b):
            row.append(before[at] + 1 if x == y else max(before[at + 1], row[at]))
    return 2 * row[-1] / (len(a) + len(b)) if a or b else 1.0


def _narrow(text: str) -> str:
    narrow = (chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)
    return "".join(c for c in narrow if not c.isspace()).casefold()


def _spelled(spec: AttributeSpec, value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    return (spec.values.get(value) or (value,))[0]


def in_english(text: str, texts: Mapping[str, str] | None) -> str:
    """What an order is about in English."""
    for zh, en in (texts or GOODS).items():
        if text.startswith(zh):
            return en + text[len(zh) :]
    return text
