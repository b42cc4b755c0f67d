"""Orders of an existing export that repeat others: in the case itself, or in a later one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from reference_models.duplicates import DuplicateIdentity, Tolerance
from walkthrough.simulation.axis import DAY
from walkthrough.simulation.courses import Course, Plant
from walkthrough.simulation.into.key import IntoKey, Kind
from walkthrough.simulation.into.log import Export, meant
from walkthrough.simulation.into.truth import Judge, gained
from walkthrough.simulation.orders import LETTERS, similarity

MOST_FIRSTS = 60
"""Orders for which a later one is looked for, per plant."""
WIDER = 2.0
"""Orders that differ by less than so many times what is tolerated are told apart by nobody here."""


class Order(NamedTuple):
    """An order that a case places."""

    case: str
    row: int
    us: int
    same: tuple[str, ...]
    """What its identity says, as told."""


def orders_of(export: Export, order: DuplicateIdentity) -> list[Order]:
    """All orders of one identity whose attributes are all told, by time."""
    if not set(order.same) <= set(export.told):
        return []
    of_case = {
        name: {case: _first(export.told[name], rows) for case, rows in export.by_case.items()}
        for name in order.same
    }
    found = [
        Order(
            case,
            row,
            export.t_us[row],
            tuple(export.told[name][row] or of_case[name][case] for name in order.same),
        )
        for case, rows in export.by_case.items()
        for row in rows
        if export.ids[row] == order.activity
    ]
    return sorted((each for each in found if all(each.same)), key=lambda each: (each.us, each.row))


def _first(told: Sequence[str], rows: Sequence[int]) -> str:
    return next((told[row] for row in rows if told[row]), "")


class Alike:
    """Which orders of an identity are alike already, or would be."""

    def __init__(self, export: Export, order: DuplicateIdentity, orders: Sequence[Order]) -> None:
        self.specs = [export.plan.model.attributes[name] for name in order.same]
        self.tolerances = {each.attribute: each for each in order.near.tolerances} if order.near else {}
        self.strict = [at for at, name in enumerate(order.same) if name not in self.tolerances]
        self.groups: dict[tuple[str, ...], list[Order]] = defaultdict(list)
        for each in orders:
            self.groups[self._strictly(each.same)].append(each)
        self.beside: set[str] = {each.case for each in orders if self.others(each.same, each.row)}
        """Cases with an order like another one."""

    def _strictly(self, same: Sequence[str]) -> tuple[str, ...]:
        return tuple(_normal(same[at], self.specs[at].type) for at in self.strict)

    def others(self, same: Sequence[str], *but: int) -> bool:
        """Whether an order with this identity would be like another one, these rows left aside."""
        group = self.groups.get(self._strictly(same), [])
        return any(each.row not in but and self._like(same, each.same) for each in group)

    def _like(self, a: Sequence[str], b: Sequence[str]) -> bool:
        return all(
            _close(x, y, spec.type, self.tolerances.get(spec.id))
            for x, y, spec in zip(a, b, self.specs, strict=True)
        )


def _close(a: str, b: str, kind: str, tolerance: Tolerance | None) -> bool:
    if tolerance is None or _normal(a, kind) == _normal(b, kind):
        return _normal(a, kind) == _normal(b, kind)
    if kind == "number":
        x, y = (_number(each) for each in (a, b))
        most = max(tolerance.absolute or 0.0, (tolerance.relative or 0.0) * max(abs(x), abs(y)))
        return abs(x - y) <= WIDER * most
    return similarity(a, b) >= 1 - WIDER * (1 - (tolerance.similarity or 1.0))


def _normal(text: str, kind: str) -> str:
    """As little as may tell two orders apart: signs that are easily confused, and leading zeros, do not."""
    if kind == "number":
        return f"{_number(text):.9g}"
    plain = (c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", "".join(plain).replace("o", "0"))


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return np.nan


class OrderFaults:
    """Gives later orders the identity of earlier ones."""

    def __init__(self, export: Export, judge: Judge, key: IntoKey, rng: np.random.Generator) -> None:
        self.export, self.judge, self.key, self.rng = export, judge, key, rng
        self.hosts = {case for cases in export.hosts.values() for case in cases}
        self.orders = {each.id: orders_of(export, each) for each in export.plan.model.duplicates}
        self.alike = {
            each.id: Alike(export, each, self.orders[each.id]) for each in export.plan.model.duplicates
        }

    @cached_property
    def _usable(self) -> dict[str, list[Order]]:
        """Identity → its sound orders."""
        return {
            order.id: [each for each in self.orders[order.id] if self._sound(order, each)]
            for order in self.export.plan.model.duplicates
        }

    def beside_others(self) -> set[str]:
        """Cases with an order like another one: what is changed in them may change what is said of others."""
        return {case for each in self.alike.values() for case in each.beside}

    def kinds(self) -> list[Kind]:
        """What can be planted in a later case."""
        found = []
        for kind in ("exact", "resent", "near"):
            usable = [
                each
                for each in self.export.plan.model.duplicates
                if self.orders[each.id] and (kind != "near" or (each.near and each.near.tolerances))
            ]
            if usable:
                count = sum(len(self.orders[each.id]) for each in usable)
                found.append(Kind(f"duplicate.{kind}", count, self._planter(kind, usable)))
        return found

    def _planter(self, kind: str, usable: Sequence[DuplicateIdentity]) -> Callable[[], bool]:
        turn = 0

        def plant() -> bool:
            nonlocal turn
            at, turn = turn % len(usable), turn + 1
            return any(self._one(kind, order) for order in (*usable[at:], *usable[:at]))

        return plant

    def _one(self, kind: str, order: DuplicateIdentity) -> bool:
        """Let one more order repeat another one."""
        within = (order.near.within_days if order.near else 0.0) if kind == "near" else order.within_days
        sound = [each for each in self._usable[order.id] if each.case not in self.key.used]
        for at in self.rng.permutation(len(sound))[:MOST_FIRSTS].tolist():
            first = sound[at]
            until = first.us + round(within * DAY)
            later = [
                each
                for each in sound[at + 1 :]
                if first.us < each.us < until and each.case in self.hosts and each.case != first.case
            ]
            later = [each for each in later if kind == "near" or self._kind(order, first, each.us) == kind]
            if not later:
                continue
            second = later[int(self.rng.integers(len(later)))]
            if self._planted(kind, order, first, second):
                return True
        return False

    def _sound(self, order: DuplicateIdentity, each: Order) -> bool:
        """Whether an order is the only one of its case, like no other, and nothing explains a repetition."""
        rows = self.export.by_case[each.case]
        if each.case in self.alike[order.id].beside:
            return False
        activities = [self.export.ids[row] for row in rows]
        strange = any(self.export.counts(row) and not self.export.ids[row] for row in rows)
        once = activities.count(order.activity) == 1
        return once and not strange and not self._explained(order, each.case, each.us)

    def _explained(self, order: DuplicateIdentity, case: str, us: int) -> bool:
        """Whether the contract may excuse a repetition: changed, cancelled, a part, one of a series."""
        rows, replaced = self.export.by_case[case], order.replaced
        if replaced:
            by = {*replaced.cancelled_by, *replaced.amended_by}
            if by & {self.export.ids[row] for row in rows}:
                return True
            if replaced.within_days and us + round(replaced.within_days * DAY) >= self.judge.last_us:
                return True
        if order.recurring and order.recurring.times < 3:
            return True
        if order.split is None:
            return False
        if order.split.approval_limit is not None:
            return True
        return any(self.export.told.get(order.split.reference, [""] * (row + 1))[row] for row in rows)

    def _kind(self, order: DuplicateIdentity, first: Order, us: int) -> str:
        """What a repetition at this instant is: the first one is settled by then, or not."""
        settling = set(order.open_until)
        if not settling & self.shown:
            return "exact"  # nothing of the log could show that it is still open
        settled = [
            self.export.t_us[row]
            for row in self.export.by_case[first.case]
            if self.export.ids[row] in settling
        ]
        if any(first.us < each < us for each in settled):
            return "exact"
        return "" if any(each <= us for each in settled) else "resent"

    @cached_property
    def shown(self) -> set[str]:
        """Activities that the log has."""
        return set(self.export.ids)

    def again(self, edited: Course, rows: Sequence[int]) -> Mapping[str, int] | None:
        """Of an order placed again in its case: activity → the row whose fields the surplus event takes.

        Empty for other edits; None: the log would not show that it is the same order again.
        """
        plant, export = edited.plant, self.export
        order = next((o for o in export.plan.model.duplicates if plant and o.id == plant.subject), None)
        if order is None or plant is None or plant.family != "duplicate":
            return {}
        case = export.case[rows[0]]
        own = [each for each in self.orders[order.id] if each.case == case]
        beside = {each for each in order.open_until if each not in export.flow}
        unclear = beside & {export.ids[row] for row in export.by_case[case]}
        if unclear or len(own) != 1 or not self._sound(order, own[0]):
            return None
        latest = export.t_us[rows[-1]] + DAY // 24
        if latest - own[0].us > order.within_days * DAY or self._explained(order, case, latest):
            return None
        return {order.activity: own[0].row}

    def _planted(self, kind: str, order: DuplicateIdentity, first: Order, second: Order) -> bool:
        same = dict(zip(order.same, first.same, strict=True))
        if kind == "near" and not self._a_little_else(order, same):
            return False
        told = tuple(same[name] for name in order.same)
        if self.alike[order.id].others(told, first.row, second.row):
            return False
        values = self.export.values(second.case)
        steps = self.export.steps(second.case)
        before = None if values is None else self.judge.facts(steps, values)
        self.export.say(second.row, same)
        after = self.export.values(second.case)
        more = None if before is None or after is None else gained(before, self.judge.facts(steps, after))
        plant = Plant("duplicate", kind, order.id)
        self.key.add(second.case, plant, [second.row], more, related=first.case, retimed=False)
        return True

    def _a_little_else(self, order: DuplicateIdentity, same: dict[str, str]) -> bool:
        """Change one attribute by less than is tolerated; False: there is none that can be."""
        assert order.near is not None
        for at in self.rng.permutation(len(order.near.tolerances)).tolist():
            tolerance = order.near.tolerances[at]
            spec = self.export.plan.model.attributes[tolerance.attribute]
            text = same[spec.id]
            value = meant(spec, text)
            if isinstance(value, float):
                most = max(tolerance.absolute or 0.0, (tolerance.relative or 0.0) * abs(value))
                other = f"{value + most * float(self.rng.uniform(0.2, 0.8)):.2f}"
                changed = abs(float(other) - value) > 0 and abs(float(other) - value) < most
            else:
                other = self._misspelt(text)
                changed = other != text and similarity(text, other) >= (tolerance.similarity or 1.0)
            if changed:
                same[spec.id] = other
                return True
        return False

    def _misspelt(self, text: str) -> str:
        """One letter between letters written otherwise: it does not matter then how numbers are compared."""
        inside = [at for at in range(1, len(text) - 1) if text[at - 1 : at + 2].isalpha()]
        if not inside:
            return text
        at = inside[int(self.rng.integers(len(inside)))]
        letters = [each for each in LETTERS if each.isalpha() and each.casefold() != text[at].casefold()]
        return text[:at] + letters[int(self.rng.integers(len(letters)))] + text[at + 1 :]
