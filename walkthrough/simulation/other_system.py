"""A second system's export: it records what the process hands over, loses some of it, and has more of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from logs.key_links import CASE, Spelling
from reference_models.model import Authority, Limit, Reconciliation, Side, Standing, Text
from walkthrough.simulation.axis import DAY, HOUR, Micros, midnight_us, office_axis, round_the_clock
from walkthrough.simulation.plan import AROUND_THE_CLOCK, Plan
from walkthrough.simulation.timing import AS_OF, AS_OF_US, FIRST_DAY

BEGINS_US = midnight_us(FIRST_DAY) + 90 * DAY
"""The other system's export begins then; what was handed over before is not in it."""
HERE, THERE = "sample", "downstream"
"""The systems of a sample whose contract knows none."""
SYSTEMS = {HERE: ("样本系统", "System of the sample"), THERE: ("下游系统", "Downstream system")}
RECORDED, NUMBER = "recorded_downstream", "sender_number"
OURS = Authority(Standing.USER)
COLUMNS = ["case_id", "t_us", "key", "of", "faulty"]
LOOK_ALIKES = ("spelt_otherwise", "not_yet_due", "outside_window")
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Link:
    """What the two systems must both have."""

    rule: Reconciliation
    own: bool
    """The contract says nothing of it; else only its limit may be the sample's."""


@dataclass(frozen=True)
class Recorded:
    """What the other system has of a block, and what is true of it."""

    rows: pd.DataFrame
    """COLUMNS: case_id (in the other system), t_us, key (as written there), of (case id that the answer key
    names), faulty."""
    key: list[tuple[str, str, str, str, str, str]]
    """Rows of the answer key."""
    shown: set[int]
    """Index of the events of the process that show a planted fault."""


def link_of(plan: Plan) -> Link:
    """What the contract compares, else what the sample does: most cases reach it."""
    model = plan.model
    unit = "hours" if model.idle_calendar == AROUND_THE_CLOCK else "working_days"
    limit = Limit(24.0 if unit == "hours" else 2.0, unit, OURS)
    reached = {activity for run, _ in plan.runs for activity in run.activities}
    for rule in model.reconciliation:
        known = rule.sends.key == CASE or (rule.sends.key in model.attributes)
        if rule.sends.activity in reached and known and rule.sends.key not in plan.per_round:
            return Link(rule if rule.limit else replace(rule, limit=limit), own=False)
    sends = Side(HERE, _often(plan), CASE)
    prefix = next((each.prefix for each in model.numbering), plan.hints.prefix)
    prefixes = (prefix,) if prefix else ()
    spelling = Spelling(("width", "blanks", "case"), prefixes)
    name = Text("下游系统登记", "Recorded downstream")
    rule = Reconciliation(
        RECORDED, name, sends, Side(THERE, RECORDED, NUMBER), limit, model.idle_calendar, spelling, OURS
    )
    return Link(rule, own=True)


def _often(plan: Plan) -> str:
    """The activity that hands work over in most cases; of equal ones the earliest."""
    senders = {sender for sender, _ in plan.handoffs} or set(plan.runs[0][0].activities)
    share: dict[str, float] = {}
    place: dict[str, int] = {}
    for run, part in plan.runs:
        for activity in senders & set(run.activities):
            share[activity] = share.get(activity, 0.0) + part
            place[activity] = min(place.get(activity, NEVER), run.activities.index(activity))
    return min(share, key=lambda each: (-round(share[each], 6), place[each], each))


@dataclass(frozen=True)
class Handed:
    """What the process handed over: per case its first event of the activity, by time."""

    case: Micros
    us: Micros
    event: Micros
    """Index in the block's table."""
    ids: npt.NDArray[np.object_]
    keys: npt.NDArray[np.object_]
    sound: npt.NDArray[np.bool_]
    """Nothing else is planted in the case, and it is no look-alike."""
    unplanted: npt.NDArray[np.bool_]
    """Nothing is broken in it."""


class OtherSystem:
    """Works through what the process hands over."""

    def __init__(self, plan: Plan, rng: np.random.Generator, planted: int, number: int) -> None:
        """number: of the last case that the other system has."""
        self.plan, self.rng, self.planted, self.number = plan, rng, planted, number
        self.rule = link_of(plan).rule
        assert self.rule.limit is not None
        self.limit = self.rule.limit
        self.counter = plan.counter(self.rule.calendar, self.limit.unit)
        span = (FIRST_DAY, AS_OF.date())
        by_day = plan.by_day and self.rule.calendar != AROUND_THE_CLOCK
        self.axis = office_axis(*span) if by_day else round_the_clock(*span)
        self.worked = plan.limit_hours(self.limit) * HOUR

    def record(self, handed: Handed) -> Recorded:
        """The other system's rows."""
        first = ~pd.Series(handed.keys).duplicated().to_numpy()
        shared = pd.Series(handed.keys).duplicated(keep=False).to_numpy()
        us = self._after(handed.us, self.rng.uniform(0.02, 0.3, len(handed.us)))
        us[(handed.us < BEGINS_US) | ~first] = NEVER
        due = self.counter.between(handed.us, np.full(len(handed.us), AS_OF_US)) > self.limit.value
        plants = self._plants(handed, handed.sound & ~shared & due & (handed.us >= BEGINS_US))
        us[plants["vanished"]] = NEVER
        late = plants["recorded_late"]
        us[late] = self._after(handed.us[late], self.rng.uniform(1.5, 3.0, len(late)), spare=1.0)
        us[us > AS_OF_US] = NEVER
        keys = handed.keys.copy()
        for at in plants["spelt_otherwise"].tolist():
            keys[at] = otherwise(str(keys[at]), self.rule.spelling, self.rng)
        rows = self._rows(handed, us, keys, late)
        of_key = dict(zip(rows["of"], rows["case_id"], strict=True))
        key, shown = self._true(handed, us, shared, plants, of_key)
        orphans = self._orphans(handed)
        key += [(case, "lost", "orphan", self.rule.id, "planted", "") for case in orphans["case_id"]]
        return Recorded(pd.concat([rows, orphans], ignore_index=True), key, shown)

    def _after(self, us: Micros, share: npt.NDArray[np.float64], spare: float = 0.0) -> Micros:
        """So many times the limit later, in worked time."""
        day = self.worked / self.limit.value if self.limit.unit != "hours" else HOUR
        delay = np.round(share * self.worked + spare * day).astype(np.int64)
        return np.asarray(self.axis.instants(self.axis.positions(us) + delay), dtype=np.int64)

    def _plants(self, handed: Handed, usable: npt.NDArray[np.bool_]) -> dict[str, Micros]:
        """Kind → places, drawn at random."""
        places = self.rng.permutation(np.flatnonzero(usable))
        early = self.counter.between(handed.us, np.full(len(handed.us), AS_OF_US)) > 6 * self.limit.value + 2
        most = min(self.planted, len(places) // 3)
        lates = places[early[places]][:most]
        rest = places[~np.isin(places, lates)]
        spelt = rest[most : most + self.planted]
        if not self.rule.spelling.steps:
            spelt = spelt[:0]
        return {"recorded_late": lates, "vanished": rest[:most], "spelt_otherwise": spelt}

    def _rows(self, handed: Handed, us: Micros, keys: npt.NDArray[np.object_], late: Micros) -> pd.DataFrame:
        there = np.flatnonzero(us < NEVER)
        faulty = np.isin(there, late)
        ids = self._numbers(len(there), keys[there])
        values = (ids, us[there], keys[there], handed.ids[there], faulty)
        return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))

    def _numbers(self, count: int, keys: npt.NDArray[np.object_]) -> list[str]:
        """Its own case numbers, or the keys where it has no others."""
        self.number += count
        if self.rule.records.key == CASE:
            return [str(each) for each in keys]
        return [f"XT{number + 1:08d}" for number in range(self.number - count, self.number)]

    def _orphans(self, handed: Handed) -> pd.DataFrame:
        """Records of what nobody handed over."""
        shape = str(handed.keys[0]) if len(handed.keys) else "XT00000000"
        keys = np.array([unknown(shape, self.number + n) for n in range(self.planted)], dtype=object)
        since = BEGINS_US + 30 * DAY
        drawn = self.rng.integers(since, AS_OF_US - 3 * DAY, size=len(keys))
        us = self.axis.instants(self.axis.positions(drawn))
        ids = self._numbers(len(keys), keys)
        return pd.DataFrame(dict(zip(COLUMNS, (ids, us, keys, ids, [True] * len(keys)), strict=True)))

    def _true(
        self,
        handed: Handed,
        us: Micros,
        shared: npt.NDArray[np.bool_],
        plants: Mapping[str, Micros],
        of_key: Mapping[str, str],
    ) -> tuple[list[tuple[str, str, str, str, str, str]], set[int]]:
        """By the simulator's own arithmetic; and the events that show what was planted."""
        recorded = pd.Series(us).groupby(pd.Series(handed.keys)).transform("min").to_numpy()
        there = recorded < NEVER
        reached = np.where(there, np.maximum(recorded, handed.us), AS_OF_US)
        past = self.counter.between(handed.us, reached) > self.limit.value
        before = handed.us < BEGINS_US
        planted = {**dict.fromkeys(plants["vanished"].tolist(), "vanished")}
        planted |= dict.fromkeys(plants["recorded_late"].tolist(), "recorded_late")
        key, shown = [], set()
        for at in np.flatnonzero(past & (there | ~before)).tolist():
            kind = "recorded_late" if there[at] else "vanished"
            role = "planted" if planted.get(at) == kind else "undetermined" if shared[at] else "natural"
            related = of_key.get(handed.ids[at], "")
            key.append((handed.ids[at], "lost", kind, self.rule.id, role, related))
            shown |= {int(handed.event[at])} if role == "planted" else set()
        alike = {
            "spelt_otherwise": plants["spelt_otherwise"],
            "not_yet_due": np.flatnonzero(~there & ~past & ~before & handed.unplanted)[: self.planted],
            "outside_window": np.flatnonzero(~there & before & handed.unplanted)[: self.planted],
        }
        for kind, places in alike.items():
            key += [(handed.ids[at], "", kind, "", "innocent", "") for at in places.tolist()]
        return key, shown


def otherwise(key: str, spelling: Spelling, rng: np.random.Generator) -> str:
    """The same key as the contract says that it may be written, too."""
    prefix = next((each for each in spelling.prefixes if key.startswith(each)), "")
    ways = {
        "width": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in key),
        "blanks": f"{key[: len(prefix) or 2]} {key[len(prefix) or 2 :]}",
        "case": key.swapcase(),
        "separators": key.replace("-", "") if "-" in key else f"{key[:2]}-{key[2:]}",
        "prefixes": key[len(prefix) :],
        "leading_zeros": key,
    }
    usable = [ways[step] for step in spelling.steps if ways[step] != key]
    return usable[int(rng.integers(len(usable)))] if usable else key


def unknown(shape: str, number: int) -> str:
    """A key of the same shape that no case has: its digits begin with 9."""
    digits = len(shape) - len(shape.rstrip("0123456789"))
    return f"{shape[: len(shape) - digits]}9{number:0{max(digits, 8) - 1}d}"
