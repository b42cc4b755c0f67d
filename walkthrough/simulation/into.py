"""Plant faults into an existing export: the same kinds, clear by the same principle, with the same key.

Only cases that run as the model wants, and are over, are changed; the others stay as they are, with all that
may be wrong in them. So what the audit finds before counts as well after; new is what was planted.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from logs import Mapping, normalise_label, read
from logs.problems import InputError, Problem
from reference_models import vocabulary
from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import DAY
from walkthrough.simulation.courses import Course, Item, Plant, plain, returns
from walkthrough.simulation.edits import Editor
from walkthrough.simulation.plan import Plan, plan_of
from walkthrough.simulation.replay import replayed

PLANTED = ("left out", "too many", "out of order", "pushed back", "misrouted", "unknown", "handed over late")
TIMED = (
    ("deadline", "late"),
    ("deadline", "overdue_and_open"),
    ("handoff", "late"),
    ("lost", "stalled"),
    ("rule", "told"),
    ("rule", "declare"),
    ("rule", "matched"),
    ("rule", "four_eyes"),
)
"""Obligations that a plant may touch besides."""
FIELDS = ("case_id", "activity", "start_us", "t_us", "role", "resource", "lifecycle")
HEADINGS = ("case", "activity", "start", "time", "role", "resource", "lifecycle")
ANYBODY = ("dropped", "unsent", "skipped", "early_end", "unknown", "late")
"""Kinds for which it makes no difference who did the work; else it is done by the roles of the lanes."""
ROOM_US = 10_000_000
MOST_COURSES = 200
"""Different edits looked for, per sort of edit."""


@dataclass(frozen=True)
class PlantedInto:
    """An export with faults planted into it."""

    events: Path
    mapping: Path
    key: Path
    """As of a sample: case_id, family, kind, subject, role, related_case, rows."""
    hosts: int
    """Cases that faults could be planted into."""
    planted: int


def plant_into(
    log: Path | str,
    model: ReferenceModel,
    folder: Path,
    *,
    mapping: Mapping | Path | str | None = None,
    each_kind: int = 20,
    seed: int = 1,
) -> PlantedInto:
    """Plant so many faults of each kind into an export, one per case at most.

    Writes events.csv with the log's events and attributes, mapping.yaml and answer_key.csv into the folder.
    Raises InputError where the log cannot be read, or no case of it runs as the model wants.
    """
    with read(log, mapping, vocabulary=vocabulary(model)) as opened:
        events = opened.events.order_by(["case_id", "t_us", "row_no"]).to_pandas()
        told = yaml.safe_load(opened.provenance.mapping_text).get("activities") or {}
    events = events[~events["activity"].isin([label for label, to in told.items() if to == "-"])]
    events["activity"] = events["activity"].map(told).fillna(events["activity"])
    into = _Into(plan_of(model, completed=False), events, np.random.default_rng(seed))
    if not into.hosts:
        what = f"no case runs as '{model.id}' wants from its beginning to its end"
        raise InputError(Problem(what, str(log), mend="give the model that the log was made by"))
    into.plant(each_kind)
    folder.mkdir(parents=True, exist_ok=True)
    return into.write(folder)


class _Into:
    def __init__(self, plan: Plan, events: pd.DataFrame, rng: np.random.Generator) -> None:
        self.plan, self.rng = plan, rng
        self.events = events.reset_index(drop=True)
        self.ids = self.events["activity"].map(_labels(plan.model)).fillna("")
        if "lifecycle" in self.events and (self.events["lifecycle"] == "complete").any():
            self.ids = self.ids.where(self.events["lifecycle"] == "complete", "")
        self.by_case = {
            case: list(rows) for case, rows in self.events.groupby("case_id", sort=True).groups.items()
        }
        self.case: list[str] = self.events["case_id"].tolist()
        self.t_us: list[int] = [int(each) for each in self.events["t_us"]]
        self.end_us = max(self.t_us, default=0)
        starts = self.events["start_us"] if "start_us" in self.events else pd.Series([None] * len(self.t_us))
        self.start_us: list[int | None] = [None if pd.isna(each) else int(each) for each in starts]
        cycles = self.events["lifecycle"] if "lifecycle" in self.events else starts.map(lambda each: "")
        self.lifecycle: list[str] = ["" if pd.isna(each) else str(each) for each in cycles]
        units = self.events["role"] if "role" in self.events else starts.map(lambda each: "")
        self.units: list[str] = ["" if pd.isna(each) else str(each) for each in units]
        self.role: dict[int, str] = {}
        """Row → the unit that it names instead of its own."""
        self.hosts = self._hosts()
        self.key: list[tuple[str, Plant, list[int]]] = []
        self.used: set[str] = set()
        """Cases planted into."""
        self.looked_at: dict[Course, int] = {}
        """Edit → how many of the cases that it could be made in were looked at."""
        self.dropped: set[int] = set()
        self.added: list[dict[str, object]] = []

    def _hosts(self) -> dict[Course, list[str]]:
        """Conforming courses → the closed cases that took them."""
        flow = {each.id for each in self.plan.model.activities.values() if each.in_flow}
        ids, language = self.ids.tolist(), self.plan.language
        traces: dict[tuple[str, ...], list[str]] = {}
        for case, rows in self.by_case.items():
            trace = tuple(ids[row] for row in rows if ids[row] in flow)
            strange = any(self._counts(row) and not ids[row] for row in rows)
            if trace and not strange and language and language.allows(trace) and self.plan.closed(trace):
                traces.setdefault(trace, []).append(str(case))
        runs = {trace: replayed(self.plan.model.net, trace) for trace in traces}
        return {plain(run): traces[trace] for trace, run in runs.items() if run is not None}

    def _in_lane(self, row: int) -> bool:
        """Whether a step was done by the role of its lane, as far as the log says who did it."""
        lane = self.plan.model.roles.get(self.plan.lanes.get(self.ids.iloc[row], ""))
        known = {lane.id, lane.name.zh, lane.name.en, *lane.units} if lane else set()
        unit = self.units[row]
        return not unit or not known or unit in known

    def _counts(self, row: int) -> bool:
        """Whether an event is a step, as far as its life cycle says."""
        return self.lifecycle[row] in ("", "complete")

    def plant(self, each_kind: int) -> None:
        """So many of each kind, in cases drawn at random."""
        editor = Editor(self.plan, list(self.hosts))
        free = {course: list(self.rng.permutation(cases)) for course, cases in self.hosts.items()}
        kinds: dict[str, list[Course]] = {}
        started = any(each is not None for each in self.start_us)
        for edit in PLANTED:
            if edit == "handed over late" and not started:
                continue  # with completions only, nobody sees when the work was accepted
            for course in editor.clear(edit, self.rng, MOST_COURSES):
                assert course.plant is not None
                kinds.setdefault(course.plant.of, []).append(course)
        # An order repeated in its case is one only with all its fields.
        usable = [courses for kind, courses in kinds.items() if not kind.startswith("duplicate")]
        for number in range(each_kind):  # the kinds in turn, so that none takes all the cases
            for courses in usable:
                at = number % len(courses)
                any(self._one(edited, free) for edited in (*courses[at:], *courses[:at]))

    def _one(self, edited: Course, free: dict[Course, list[str]]) -> bool:
        """Plant into one more case, if one is left."""
        origin = plain(edited.run)
        flow = {each.id for each in self.plan.model.activities.values() if each.in_flow}
        assert edited.plant is not None
        while (at := self.looked_at.get(edited, 0)) < len(free[origin]):
            self.looked_at[edited] = at + 1
            case = free[origin][at]
            if case in self.used:
                continue
            rows = [row for row in self.by_case[case] if self._counts(row) and self.ids[row] in flow]
            if edited.plant.kind not in ANYBODY and not all(map(self._in_lane, rows)):
                continue
            if edited.plant.kind != "ping_pong" and self._bounces(edited, rows):
                continue
            if (shown := self._laid_out(edited, rows)) is not None:
                self.key.append((case, edited.plant, shown))
                self.used.add(case)
                return True
        return False

    def _bounces(self, edited: Course, rows: Sequence[int]) -> bool:
        """Whether the case goes back and forth more often for the edit, by who did its steps in this log."""
        before = [self._party(row) for row in rows]
        lanes = self.plan.lanes
        after = [
            item.by or (before[item.origin] if item.origin >= 0 else lanes.get(item.activity, ""))
            for item in edited.items
        ]
        return returns(after) > returns(before)

    def _party(self, row: int) -> str:
        """The role that the row's unit is of, else that of the lane."""
        named = self.units[row]
        for role in self.plan.model.roles.values():
            if named in (role.id, role.name.zh, role.name.en, *role.units):
                return role.id
        return self.plan.lanes.get(self.ids.iloc[row], "")

    def _laid_out(self, edited: Course, rows: Sequence[int]) -> list[int] | None:
        """Change the rows of a case; returns those that show the fault, None if times leave no room."""
        times = [self.t_us[row] for row in rows]
        delayed = any(
            item.late and times[-1] + self._longer(item.late) > self.end_us for item in edited.items
        )
        if delayed or not self._room(edited, times):
            return None
        shown: list[int] = []
        kept = {item.origin for item in edited.items}
        self.dropped |= {row for origin, row in enumerate(rows) if origin not in kept}
        swapped = [item.origin for item in edited.items if item.origin >= 0]
        for place, (item, origin) in enumerate(zip(self._placed(edited), swapped, strict=True)):
            row = rows[origin]
            if sorted(swapped)[place] != origin:
                self._move(row, times[sorted(swapped)[place]])
            if item.by:
                self.role[row] = self.plan.model.roles[item.by].name.zh
            if item.late:
                self._delay(rows, origin, item.late)
            if item.faulty:
                shown.append(row)
        self._insert(edited, rows, times, shown)
        return shown

    def _room(self, edited: Course, times: list[int]) -> bool:
        """Whether the times around the edit differ enough for it to show."""
        for before, item in pairwise(edited.items):
            inside = item.origin < 0 <= before.origin < len(times) - 1
            if inside and times[before.origin + 1] - times[before.origin] < ROOM_US:
                return False
            if 0 <= item.origin < before.origin and times[before.origin] - times[item.origin] < ROOM_US:
                return False
        return True

    def _placed(self, edited: Course) -> list[Item]:
        return [item for item in edited.items if item.origin >= 0]

    def _move(self, row: int, to: int) -> None:
        begun = self.start_us[row]
        if begun is not None:
            self.start_us[row] = to - min(self.t_us[row] - begun, 30_000_000)
        self.t_us[row] = to

    def _delay(self, rows: Sequence[int], origin: int, handoff: str) -> None:
        """The receiver, and all that follows, comes too late for any calendar."""
        by = self._longer(handoff)
        in_order = self.by_case[self.case[rows[origin]]]
        for row in in_order[in_order.index(rows[origin]) :]:  # by place: it may be at its sender's instant
            begun = self.start_us[row]
            self.t_us[row], self.start_us[row] = self.t_us[row] + by, None if begun is None else begun + by

    def _longer(self, handoff: str) -> int:
        """By how much more than its limit a handoff takes that is planted as late."""
        value, unit = self.plan.handoff_limits[handoff]
        days = value / 24 if unit == "hours" else value
        return round((3 * days + 12) * DAY)

    def _insert(self, edited: Course, rows: Sequence[int], times: list[int], shown: list[int]) -> None:
        before, gap, run = -1, 0, 0
        for at, item in enumerate(edited.items):
            if item.origin >= 0:
                before, run = item.origin, 0
                continue
            if run == 0:
                surplus = next(
                    (n for n, other in enumerate(edited.items[at:]) if other.origin >= 0),
                    len(edited.items) - at,
                )
                until = times[before + 1] if before + 1 < len(times) else times[before] + DAY // 24
                gap = (until - times[before]) // (surplus + 1)
            run += 1
            like: dict[str, object] = {str(k): v for k, v in self.events.iloc[rows[before]].items()}
            when = times[before] + run * gap
            role = self.plan.lanes.get(item.activity, "")
            spec = self.plan.model.activities.get(item.activity)
            begun = None if self.start_us[rows[before]] is None else when
            like |= {"t_us": when, "start_us": begun, "activity": spec.name.zh if spec else item.activity}
            like |= {"role": self.plan.model.roles[role].name.zh if role else like.get("role")}
            self.added.append(like)
            shown.append(-len(self.added))

    def write(self, folder: Path) -> PlantedInto:
        """The export, its mapping and the key."""
        kept = self.events.assign(t_us=self.t_us, start_us=pd.array(self.start_us, dtype="Int64"))
        if self.role:
            kept["role"] = [self.role.get(row, unit) for row, unit in enumerate(kept["role"])]
        kept = kept.drop(index=sorted(self.dropped))
        extra = pd.DataFrame(self.added, columns=self.events.columns)
        extra.index = pd.Index([-number for number in range(1, len(extra) + 1)])
        table = pd.concat([kept, extra]) if len(extra) else kept.copy()
        table["_row"] = table.index
        table = table.sort_values(["t_us", "case_id", "row_no"], kind="stable").reset_index(drop=True)
        line = {row: number + 2 for number, row in enumerate(table["_row"])}
        fields = [(field, name) for field, name in zip(FIELDS, HEADINGS, strict=True) if field in table]
        fields = [(field, name) for field, name in fields if table[field].notna().any()]
        attributes = [name for name in self.plan.model.attributes if name in table]
        shown = pd.DataFrame({name: _text(table[field], field) for field, name in fields})
        for name in attributes:
            shown[f"attribute {name}"] = table[name].fillna("")
        shown.to_csv(folder / "events.csv", index=False)
        lines = [f"{name}: {name}" for _, name in fields] + ["zone: UTC"]
        lines += (
            ["attributes:", *(f"  {name}: attribute {name}" for name in attributes)] if attributes else []
        )
        (folder / "mapping.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
        with (folder / "answer_key.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["case_id", "family", "kind", "subject", "role", "related_case", "rows"])
            for case, plant, rows in sorted(self.key, key=lambda each: (each[1].of, each[0])):
                places = " ".join(str(line[row]) for row in sorted(rows, key=lambda row: line[row]))
                writer.writerow([case, plant.family, plant.kind, plant.subject, "planted", "", places])
                for family, kind in TIMED:  # other times, other obligations: nobody works them out here
                    writer.writerow([case, family, kind, "", "undetermined", "", ""])
        hosts = sum(len(cases) for cases in self.hosts.values())
        files = [folder / name for name in ("events.csv", "mapping.yaml", "answer_key.csv")]
        return PlantedInto(files[0], files[1], files[2], hosts, len(self.key))


def _labels(model: ReferenceModel) -> _Spellings:
    spelt = {
        normalise_label(label): each.id
        for each in model.activities.values()
        for label in (each.id, *each.aliases, each.name.zh, each.name.en)
    }
    return _Spellings(spelt)


class _Spellings(dict[str, str]):
    """Label → activity id, by its normal form."""

    def __missing__(self, label: str) -> str:
        return self.get(normalise_label(label), "")


def _text(column: pd.Series, field: str) -> pd.Series:
    """As the export shows it: times in UTC."""
    if not field.endswith("_us"):
        return column.fillna("")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return column.map(
        lambda us: "" if pd.isna(us) else f"{epoch + timedelta(microseconds=int(us)):%Y-%m-%d %H:%M:%S.%f}"
    )
