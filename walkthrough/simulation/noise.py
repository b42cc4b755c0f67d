"""The noise of real exports, laid over a sample: what it changes, and what the log no longer shows for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from reference_models.model import Activity, ReferenceModel
from walkthrough.simulation.axis import DAY, HOUR, midnight_us

MINUTE = HOUR // 60
ANSWERED = ("response", "alternate_response")
"""Templates of rules by which something must come after an event: what was before it plays no part."""
BY_VERSION = (
    "deadline.late",
    "deadline.overdue_and_open",
    "deadline.at_risk",
    "handoff.late",
    "handoff.misrouted",
    "handoff.ping_pong",
    "handoff.unreturned",
    "lost.stalled",
    "rule.told",
    "rule.declare",
    "rule.four_eyes",
)
"""Kinds of which one version of a model may say otherwise than another."""
WIDER = 0xFEE0
"""From a character of ASCII to the same in full width."""


@dataclass(frozen=True)
class Noise:
    """How much of each; each can be had alone."""

    missing: float = 0.0
    """Share of the rows without person, and as many without unit."""
    ties: float = 0.0
    """Share of the cases of which the system keeps minutes only; rows of one minute stay in their order."""
    repeated_rows: float = 0.0
    """Share of the rows that stand there twice, exactly; the mapping says to drop them."""
    reordered: bool = False
    """Rows lie in no order of time."""
    variants: float = 0.0
    """Share of the labels and categories in another spelling of the contract's, in either script, in full
    width or with blanks at the end."""
    late_rows: float = 0.0
    """Share of the rows recorded days after the fact, at the place where they were recorded."""
    window: date | None = None
    """Events before that day were not exported, so cases are cut; all are cut by as-of at the other end."""


NONE = Noise()
EXPORT = Noise(0.04, 0.3, 0.01, True, 0.15, 0.02, date(2024, 3, 1))
"""All of it, as `--noise export` lays it over a sample."""
LEVELS = {"none": NONE, "export": EXPORT}


@dataclass(frozen=True)
class Noisy:
    """Rows of an export and the key, after the noise."""

    rows: pd.DataFrame
    key: pd.DataFrame


def tied(us: npt.NDArray[np.int64], cases: npt.NDArray[np.int64], noise: Noise) -> npt.NDArray[np.int64]:
    """Times of the cases of which only minutes are kept."""
    coarse = (cases * 2_654_435_761 % 1_000) < 1_000 * noise.ties
    return np.where(coarse, us // MINUTE * MINUTE, us)


def noisy(
    rows: pd.DataFrame,
    key: pd.DataFrame,
    model: ReferenceModel,
    noise: Noise,
    activities: npt.NDArray[np.object_],
    firsts: frozenset[str],
    rng: np.random.Generator,
) -> Noisy:
    """Lay noise over the rows of a block.

    rows: case, activity, start, completion, unit, person, attributes, then `_number`, `_faulty`, `_order`
    (microseconds by which the rows are ordered); activities: the activity id of each row;
    firsts: with which a case may begin.
    """
    layer = _Layer(rows.copy(), key, model, noise, activities, firsts, rng)
    layer.cut()
    layer.blank()
    layer.respell()
    layer.shuffle()
    layer.repeat()
    return Noisy(layer.rows, layer.key)


class _Layer:
    def __init__(
        self,
        rows: pd.DataFrame,
        key: pd.DataFrame,
        model: ReferenceModel,
        noise: Noise,
        activities: npt.NDArray[np.object_],
        firsts: frozenset[str],
        rng: np.random.Generator,
    ) -> None:
        self.firsts = firsts
        self.rows, self.key, self.model, self.noise, self.rng = rows, key, model, noise, rng
        self.case, self.activity, self.start, self.done, self.unit, self.person = rows.columns[:6]
        self.ids = activities

    def cut(self) -> None:
        """Leave out what was before the window."""
        if self.noise.window is None:
            return
        kept = (self.rows[self.done] >= midnight_us(self.noise.window)).to_numpy()
        lost: dict[str, set[str]] = {}
        for case, activity in zip(self.rows.loc[~kept, self.case], self.ids[~kept], strict=True):
            lost.setdefault(case, set()).add(activity)
        known = set(self.rows[self.case])
        began = self.rows.groupby(self.case)[self.done].min()
        self.rows, self.ids = self.rows[kept], self.ids[kept]
        here = set(self.rows[self.case])
        key = self.key[~self.key["case_id"].isin(known - here)]  # some rows are of no case of this system
        doubtful = set(lost) | self._begun_before()
        told = [key[name].tolist() for name in ("case_id", "family", "kind", "subject", "related_case")]
        unseen = [
            family != ""
            and not self._still_shown(f"{family}.{kind}", subject, (case, related), lost, doubtful)
            for case, family, kind, subject, related in zip(*told, strict=True)
        ]
        self.key = key.assign(role=key["role"].where(~np.array(unseen, dtype=bool), "undetermined"))
        self._shorten_series(lost)
        awaited = pd.DataFrame(self._awaited(lost), columns=self.key.columns)
        self.key = pd.concat([self.key, awaited], ignore_index=True)
        self._judge_anew(began)
        self._note("cut_by_window", set(lost) & here)

    def _judge_anew(self, began: pd.Series[int]) -> None:
        """Of a case that seems to begin after a later version came in force, how that judges is open."""
        begins = [midnight_us(each.in_force_from) for each in (*self.model.earlier, self.model)[1:]]
        seems = self.rows.groupby(self.case)[self.done].min()
        late = np.searchsorted(begins, seems, side="right") != np.searchsorted(
            begins, began[seems.index], side="right"
        )
        cases = sorted(seems.index[late])
        true = self.key["case_id"].isin(cases) & self.key["family"].ne("")
        self.key["role"] = self.key["role"].where(~true, "undetermined")
        rows = [(case, *kind.split("."), "", "undetermined", "") for case in cases for kind in BY_VERSION]
        self.key = pd.concat([self.key, pd.DataFrame(rows, columns=self.key.columns)], ignore_index=True)

    def _awaited(self, lost: Mapping[str, set[str]]) -> Iterator[tuple[str, ...]]:
        """What a case seems to wait for that a fault put before its time, and so before the window."""
        doubtful = self.key["role"].eq("undetermined") & self.key["family"].isin(("handoff", "deviation"))
        cases = lost.keys() & set(self.key.loc[doubtful, "case_id"])
        here: dict[str, set[str]] = {}
        for case, activity in zip(self.rows[self.case], self.ids, strict=True):
            if case in cases:
                here.setdefault(case, set()).add(activity)
        for case, kept in sorted(here.items()):
            gone = lost[case] - kept
            for each in self.model.handoffs:
                if each.sender in kept and each.receiver in gone:
                    yield case, "handoff", "late", each.id, "undetermined", ""
            for deadline in self.model.deadlines:
                if deadline.start in kept and deadline.stop in gone:
                    yield case, "deadline", "overdue_and_open", deadline.id, "undetermined", ""
            if gone & set(self.model.ends) and not kept & set(self.model.ends):
                yield case, "lost", "stalled", "", "undetermined", ""

    def _shorten_series(self, lost: Mapping[str, set[str]]) -> None:
        """Of a series of which an order was before the window, nobody sees whether what is left is one."""
        linked = self.key[self.key["kind"].eq("recurring") & self.key["role"].eq("innocent")]
        begun_by = dict(zip(linked["case_id"], linked["related_case"], strict=True))
        placing = {each.activity for each in self.model.duplicates}
        cut = {case for case, activities in lost.items() if activities & placing}
        short: set[str] = set()
        for case in linked["case_id"]:
            series = [case]
            while series[-1] in begun_by:
                series.append(begun_by[series[-1]])
            if not cut.isdisjoint(series):
                short |= set(series)
        doubtful = self.key.index.isin(linked.index[linked["case_id"].isin(short)])
        perhaps = self.key[doubtful].assign(family="duplicate", role="undetermined")
        kinds = [perhaps.assign(kind=kind) for kind in ("exact", "resent")]
        self.key = pd.concat([self.key[~doubtful], *kinds], ignore_index=True)

    def _still_shown(
        self,
        kind: str,
        subject: str,
        cases: tuple[str, str],
        lost: Mapping[str, set[str]],
        doubtful: set[str],
    ) -> bool:
        """Whether the log shows a fault all the same: all that it rests on is younger than the window.

        lost: case → activities of which an event was left out; doubtful: cases that began, or seem to have
        begun, before the window: what is their right order nobody knows.
        """
        rests_on = self._rests_on(kind, subject)
        if rests_on is None:
            return doubtful.isdisjoint(cases)
        return all(lost.get(case, set()).isdisjoint(rests_on) for case in cases)

    def _rests_on(self, kind: str, subject: str) -> set[str] | None:
        """Activities whose events show it, with what comes after them; None: the whole case does."""
        model = self.model
        if kind == "lost.stalled":
            return set()
        if kind == "deviation.unknown":
            return {subject}
        if kind.startswith("deadline."):
            return {a for d in model.deadlines if d.id == subject for a in (d.start, *d.restart_on)}
        if kind == "rule.told":
            return {each.after for each in model.told if each.id == subject}
        if kind == "rule.four_eyes":
            return {a for each in model.four_eyes if each.id == subject for a in each.activities}
        if kind == "rule.declare":
            waits = [each for each in model.rules if each.id == subject and each.template in ANSWERED]
            return {each.activity for each in waits} or None
        if kind.startswith("duplicate."):
            return {each.activity for each in model.duplicates if each.id == subject}
        return None

    def _begun_before(self) -> set[str]:
        """Cases that do not begin where the process does: they seem to have begun before the window."""
        flow = {each.id for each in self.model.activities.values() if each.in_flow}
        steps = self.rows[np.isin(self.ids, sorted(flow))].assign(
            _id=self.ids[np.isin(self.ids, sorted(flow))]
        )
        first = steps.sort_values([self.done, "_number"]).groupby(self.case)["_id"].first()
        return set(first[~first.isin(self.firsts)].index)

    def blank(self) -> None:
        """Leave persons and units out."""
        if not self.noise.missing:
            return
        eyes = [each for rule in self.model.four_eyes for each in rule.activities]
        shows = {self.person: np.isin(self.ids, eyes), self.unit: self.rows["_faulty"].to_numpy(dtype=bool)}
        for column, undecided in ((self.person, "four_eyes"), (self.unit, "misrouted")):
            gone = self.rng.random(len(self.rows)) < self.noise.missing
            self.rows.loc[gone, column] = ""
            cases = set(self.rows.loc[gone & shows[column], self.case])
            lost = self.key["case_id"].isin(cases) & (self.key["kind"] == undecided)
            self.key.loc[lost, "role"] = "undetermined"
            self._note("missing_resource", set(self.rows.loc[gone, self.case]))

    def respell(self) -> None:
        """Write labels and categories otherwise."""
        if not self.noise.variants:
            return
        changed = np.flatnonzero(self.rng.random(len(self.rows)) < self.noise.variants)
        labels = self.rows[self.activity].to_numpy(dtype=object).copy()
        for at in changed.tolist():
            if spec := self.model.activities.get(self.ids[at]):
                labels[at] = self._spelling(spec, labels[at])
        self.rows[self.activity] = labels
        for kind in self.model.attributes.values():
            column = next((n for n in (kind.name.zh, kind.name.en) if n in self.rows), None)
            if column is None or kind.type != "category":
                continue
            others = {each: spellings for spellings in kind.values.values() for each in spellings}
            first = self.rows.groupby(self.case, sort=False)[column].first()
            respelt = self.rng.random(len(first)) < self.noise.variants
            spelt = {
                case: others[value][int(self.rng.integers(len(others[value])))] if new else value
                for case, value, new in zip(first.index, first, respelt, strict=True)
                if value in others
            }
            self.rows[column] = self.rows[self.case].map(spelt).fillna(self.rows[column])

    def _spelling(self, spec: Activity, label: str) -> str:
        known = (spec.name.zh, spec.name.en, *spec.aliases)
        other = known[int(self.rng.integers(len(known)))]
        form = self.rng.random()
        if form < 0.2:
            return "".join(chr(ord(c) + WIDER) if "!" <= c <= "~" else c for c in other)
        return other + "  " if form < 0.4 else other

    def shuffle(self) -> None:
        """Put rows out of the order of time; those of one case at one instant stay as they are."""
        times = self.rows[self.done].to_numpy()
        together = self.rows.duplicated([self.case, self.done], keep=False).to_numpy()
        order = self.rows["_order"].to_numpy().copy()
        if self.noise.reordered:
            order = np.where(together, order, order + self.rng.integers(0, 3 * DAY, len(order)))
        late = (self.rng.random(len(order)) < self.noise.late_rows) & ~together
        order[late] = times[late] + self.rng.integers(DAY, 20 * DAY, int(late.sum()))
        self.rows = self.rows.assign(_order=order)
        if self.noise.late_rows:
            self._note("late_row", set(self.rows.loc[late, self.case]))

    def repeat(self) -> None:
        """Write rows twice."""
        if not self.noise.repeated_rows:
            return
        copies = self.rows[self.rng.random(len(self.rows)) < self.noise.repeated_rows]
        copies = copies.assign(
            _faulty=False, _order=copies["_order"] + self.rng.integers(0, DAY, len(copies))
        )
        self.rows = pd.concat([self.rows, copies], ignore_index=True)
        self._note("repeated_row", set(copies[self.case]))

    def _note(self, kind: str, cases: set[str]) -> None:
        rows = [(case, "", kind, "", "noise", "") for case in sorted(cases)]
        noted = pd.DataFrame(rows, columns=self.key.columns)
        self.key = pd.concat([self.key, noted], ignore_index=True)
