"""An existing export while faults are planted into it: its rows, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from logs import normalise_label
from reference_models.model import AttributeSpec, ReferenceModel
from walkthrough.simulation.axis import midnight_us
from walkthrough.simulation.cells import Value
from walkthrough.simulation.courses import Course, plain
from walkthrough.simulation.plan import Plan
from walkthrough.simulation.replay import replayed

FIELDS = ("case_id", "activity", "start_us", "t_us", "role", "resource", "lifecycle")
HEADINGS = ("case", "activity", "start", "time", "role", "resource", "lifecycle")
MOST_WORK_US = 30_000_000
"""Of a step that is put elsewhere: what it takes there at most, so that it begins after the one before."""


class Step(NamedTuple):
    """An event of a case, as it is or as it is to be."""

    row: int
    """In the log; below 0: it is new."""
    activity: str
    """Its id; of a label that no model knows the label; empty where it is no step (a mere beginning)."""
    us: int
    person: str = ""


class Export:
    """The rows of an export. Rows below 0 are new ones: -1 is the first of them."""

    def __init__(self, plan: Plan, events: pd.DataFrame) -> None:
        """events: by case, time and row."""
        self.plan, self.events = plan, events.reset_index(drop=True)
        self.flow = {each.id for each in plan.model.activities.values() if each.in_flow}
        self.ids: list[str] = self.events["activity"].map(_labels(plan.model)).fillna("").tolist()
        self.case: list[str] = self.events["case_id"].tolist()
        self.t_us: list[int] = [int(each) for each in self.events["t_us"]]
        self.lifecycle, self.units, self.persons = (
            self._texts(each) for each in ("lifecycle", "role", "resource")
        )
        if "complete" in self.lifecycle:
            self.ids = [
                each if cycle == "complete" else ""
                for each, cycle in zip(self.ids, self.lifecycle, strict=True)
            ]
        starts = self.events.get("start_us", pd.Series([None] * len(self.t_us)))
        self.start_us: list[int | None] = [None if pd.isna(each) else int(each) for each in starts]
        groups = self.events.groupby("case_id", sort=True).groups
        self.by_case: dict[str, list[int]] = {str(case): list(rows) for case, rows in groups.items()}
        self.attributes = [each for each in plan.model.attributes.values() if each.id in self.events]
        self.read = _read(plan.model)
        self.told = {each.id: self._texts(each.id) for each in self.attributes}
        """Attribute → per row what it says."""
        self.unit_of: dict[int, str] = {}
        """Row → the unit that it names instead of its own."""
        self.dropped: set[int] = set()
        self.added: list[dict[str, Any]] = []
        self.added_to: dict[str, list[int]] = {}
        self.hosts = self._hosts()
        """Conforming courses → the closed cases that took them, of those that this version judges."""

    def _texts(self, column: str) -> list[str]:
        if column not in self.events:
            return [""] * len(self.events)
        return ["" if pd.isna(each) else str(each) for each in self.events[column]]

    def _hosts(self) -> dict[Course, list[str]]:
        traces: dict[tuple[str, ...], list[str]] = {}
        language, model = self.plan.language, self.plan.model
        since_us = midnight_us(model.in_force_from) if model.earlier else None  # others judge those before
        for case, rows in self.by_case.items():
            trace = tuple(self.ids[row] for row in rows if self.ids[row] in self.flow)
            strange = any(self.counts(row) and not self.ids[row] for row in rows)
            if since_us is not None and self.t_us[rows[0]] < since_us:
                continue
            if trace and not strange and language and language.allows(trace) and self.plan.closed(trace):
                traces.setdefault(trace, []).append(case)
        runs = {trace: replayed(self.plan.model.net, trace) for trace in traces}
        return {plain(run): traces[trace] for trace, run in runs.items() if run is not None}

    def counts(self, row: int) -> bool:
        """Whether an event is a step, as far as its life cycle says."""
        return self.lifecycle[row] in ("", "complete")

    def in_flow(self, case: str) -> list[int]:
        """The rows of a case that are steps of the flow."""
        return [row for row in self.by_case[case] if self.counts(row) and self.ids[row] in self.flow]

    def party(self, row: int) -> str:
        """The role that the row's unit is of, else that of the lane."""
        named = self.units[row]
        for role in self.plan.model.roles.values():
            if named in (role.id, role.name.zh, role.name.en, *role.units):
                return role.id
        return self.plan.lanes.get(self.ids[row], "")

    def in_lane(self, row: int) -> bool:
        """Whether a step was done by the role of its lane, as far as the log says who did it."""
        lane = self.plan.model.roles.get(self.plan.lanes.get(self.ids[row], ""))
        known = {lane.id, lane.name.zh, lane.name.en, *lane.units} if lane else set()
        unit = self.units[row]
        return not unit or not known or unit in known

    def steps(self, case: str) -> list[Step]:
        """A case as it is by now, in the order of time."""
        found = [self._step(row) for row in self.by_case[case] if row not in self.dropped]
        found += [self._new(row) for row in self.added_to.get(case, ())]
        return sorted(found, key=lambda each: each.us)  # stable: at one instant as in the log

    def _step(self, row: int) -> Step:
        activity = self.ids[row] or (str(self.events["activity"].iat[row]) if self.counts(row) else "")
        return Step(row, activity, self.t_us[row], self.persons[row])

    def _new(self, row: int) -> Step:
        of = self.added[-row - 1]
        label = str(of["activity"])
        person = of.get("resource")
        known = _labels(self.plan.model)[label]
        return Step(row, known or label, int(of["t_us"]), "" if pd.isna(person) else str(person))

    def values(self, case: str) -> dict[str, Value] | None:
        """What tables and conditions read of a case; None if its rows contradict each other."""
        found: dict[str, Value] = {}
        for spec in self.attributes:
            if spec.id not in self.read:
                continue
            said = {self.told[spec.id][row] for row in self.by_case[case]} - {""}
            if len(said) > 1:
                return None
            if (value := meant(spec, next(iter(said), ""))) is not None:
                found[spec.id] = value
        return found

    # Changes

    def move(self, row: int, to: int) -> None:
        """Put a step elsewhere."""
        begun = self.start_us[row]
        if begun is not None:
            self.start_us[row] = to - min(self.t_us[row] - begun, MOST_WORK_US)
        self.t_us[row] = to

    def delay(self, row: int, by: int) -> None:
        """Begin and end so much later."""
        begun = self.start_us[row]
        self.t_us[row], self.start_us[row] = self.t_us[row] + by, None if begun is None else begun + by

    def add(self, like: int, activity: str, us: int, **changes: object) -> int:
        """A new step in the case of a row; returns its own."""
        event: dict[str, Any] = {str(k): v for k, v in self.events.iloc[like].items()}
        role = self.plan.lanes.get(activity, "")
        spec = self.plan.model.activities.get(activity)
        begun = None if self.start_us[like] is None else us
        event |= {"t_us": us, "start_us": begun, "activity": spec.name.zh if spec else activity}
        event |= {"role": self.plan.model.roles[role].name.zh if role else event.get("role"), **changes}
        self.added.append(event)
        self.added_to.setdefault(self.case[like], []).append(-len(self.added))
        return -len(self.added)

    def put(self, case: str, steps: Sequence[Step]) -> dict[int, int]:
        """Make a case what these steps say; returns the row that each new step has got.

        A step of another time is later or earlier as a whole, with its beginning.
        """
        kept = {each.row: each for each in steps}
        before = self.by_case[case]
        self.dropped |= {row for row in before if row not in kept}
        for row in before:
            if row in kept:
                self.delay(row, kept[row].us - self.t_us[row])
                self.persons[row] = kept[row].person
        return {
            each.row: self.add(before[0], each.activity, each.us, resource=each.person or None)
            for each in steps
            if each.row < 0
        }

    def say(self, row: int, values: Mapping[str, str]) -> None:
        """Let a step, and its case where all of it says the same, speak of other values."""
        case = self.by_case[self.case[row]]
        for name, value in values.items():
            rows = [each for each in case if self.told[name][each]] or case
            several = len({self.told[name][each] for each in rows}) > 1
            for each in [row] if several else rows:
                self.told[name][each] = value

    # What is written

    def write(self, folder: Path) -> tuple[Path, Path, dict[int, int]]:
        """(events.csv, mapping.yaml, row → line in the first, as a spreadsheet counts)."""
        table = self._table()
        line = {int(row): number + 2 for number, row in enumerate(table["_row"])}
        fields = [(field, name) for field, name in zip(FIELDS, HEADINGS, strict=True) if field in table]
        fields = [(field, name) for field, name in fields if table[field].notna().any()]
        shown = pd.DataFrame({name: _text(table[field], field) for field, name in fields})
        for spec in self.attributes:
            shown[f"attribute {spec.id}"] = table[spec.id].fillna("")
        events, mapping = folder / "events.csv", folder / "mapping.yaml"
        shown.to_csv(events, index=False)
        lines = [f"{name}: {name}" for _, name in fields] + ["zone: UTC"]
        if self.attributes:
            lines += ["attributes:", *(f"  {each.id}: attribute {each.id}" for each in self.attributes)]
        mapping.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return events, mapping, line

    def _table(self) -> pd.DataFrame:
        kept = self.events.assign(t_us=self.t_us, start_us=pd.array(self.start_us, dtype="Int64"))
        if any(self.persons):
            kept["resource"] = [each or None for each in self.persons]
        for name, told in self.told.items():
            kept[name] = told
        if self.unit_of:
            kept["role"] = [self.unit_of.get(row, unit) for row, unit in enumerate(kept["role"])]
        kept = kept.drop(index=sorted(self.dropped))
        extra = pd.DataFrame(self.added, columns=self.events.columns)
        extra.index = pd.Index([-number for number in range(1, len(extra) + 1)])
        table = pd.concat([kept, extra]) if len(extra) else kept.copy()
        table["_row"] = table.index
        return table.sort_values(["t_us", "case_id", "row_no"], kind="stable").reset_index(drop=True)


def meant(spec: AttributeSpec, text: str) -> Value | None:
    """What an attribute's text says; None: nothing that can be read."""
    if not text.strip():
        return None
    if spec.type == "number":
        try:
            return float(text.replace(",", ""))
        except ValueError:
            return None
    if spec.type == "category":
        spelt = {normalise_label(label): each for each, labels in spec.values.items() for label in labels}
        spelt |= {normalise_label(each): each for each in spec.values}
        return spelt.get(normalise_label(text))
    return text


def _read(model: ReferenceModel) -> set[str]:
    """Attributes that tables and conditions on the case ask for."""
    rows = [row for deadline in model.deadlines for row in deadline.rows]
    conditions = [
        *(each for rule in model.rules for each in (*rule.when, *rule.activity_when, *rule.target_when)),
        *(each for match in model.matches for each in (*match.one_when, *match.other_when)),
        *(each for rule in model.four_eyes for each in rule.when),
    ]
    return {
        *(each.by for each in model.deadlines),
        *(name for row in rows for name in row.when),
        *(each.attribute for each in conditions),
    }


class _Spellings(dict[str, str]):
    """Label → activity id, by its normal form."""

    def __missing__(self, label: str) -> str:
        return self.get(normalise_label(label), "")


_KNOWN: dict[str, _Spellings] = {}


def _labels(model: ReferenceModel) -> _Spellings:
    key = f"{model.sha256} {model.location} {model.overrides}"
    if key not in _KNOWN:
        _KNOWN[key] = _Spellings(
            {
                normalise_label(label): each.id
                for each in model.activities.values()
                for label in (each.id, *each.aliases, each.name.zh, each.name.en)
            }
        )
    return _KNOWN[key]


def _text(column: pd.Series, field: str) -> pd.Series:
    """As the export shows it: times in UTC."""
    if not field.endswith("_us"):
        return column.fillna("")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return column.map(
        lambda us: "" if pd.isna(us) else f"{epoch + timedelta(microseconds=int(us)):%Y-%m-%d %H:%M:%S.%f}"
    )
