"""Faults planted into public logs: a model mined from each, what the audit finds before and after."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from accuracy_real_rules import CLOCK, with_rules

import walkthrough
from logs import Mapping, read
from mining.quiet import quiet_pm4py
from reference_models.calendars import load_calendar
from reference_models.handoffs import handoff_pairs
from reference_models.model import (
    Activity,
    Authority,
    Diagram,
    Handoff,
    PingPong,
    ReferenceModel,
    Role,
    Standing,
    Text,
)
from reference_models.net_files import load_net
from walkthrough.simulation.into import plant_into

EACH_KIND = 100
"""Plants of a kind per sample, as far as there are cases for them."""
GRADE = "grade"
SHARED = Path(__file__).parents[2] / "shared" / "data"
_EVENT_LOG = {"case": "case:concept:name", "activity": "concept:name", "time": "time:timestamp"}
LOGS = {
    "receipt.xes.gz": Mapping(
        **_EVENT_LOG,
        role="org:group",
        resource="org:resource",
        attributes={
            "reference": "case:concept:name",
            "channel": "case:channel",
            "responsible": "case:responsible",
        },
    ),
    "bpic2013_incidents.xes.gz": Mapping(
        **_EVENT_LOG,
        role="org:group",
        resource="org:resource",
        attributes={"reference": "case:concept:name", "impact": "impact", "product": "product"},
    ),
    "purchasing_example.csv.gz": Mapping(
        case="case_id",
        activity="activity",
        time="end_time",
        start="start_time",
        resource="resource",
        attributes={"reference": "case_id", "buyer": "resource", "grade": GRADE},
    ),
}
"""Public log → how it is read."""
OURS = Authority(Standing.USER)


class Setting(NamedTuple):
    """How strict the model is that is mined from a log."""

    frequent: float
    """Share of the cases whose variants are mined."""
    noise: float
    """Threshold of the inductive miner."""
    last: float
    """With what at least so many of the cases end, closes a case."""


SETTINGS = (Setting(0.8, 0.2, 0.0), Setting(0.6, 0.0, 0.25), Setting(0.8, 0.2, 0.25), Setting(0.6, 0.0, 0.0))
"""By turns, for a strict model shows other faults than a lenient one: where every last step closes a case,
one may end too early, and where few do, one may be cut and lie open."""
SCARCE = (
    "deviation.skipped",
    "deviation.early_end",
    "handoff.late",
    "handoff.ping_pong",
    "lost.never_entered",
    "rule.four_eyes",
    "rule.matched",
    "rule.declare",
)
"""Kinds that one public log or two have room for: these get samples of their own."""
SCARCEST = "deviation.skipped"
"""The one that only a strict model of one log has room for: in its samples the others get a few cases."""
FEW = 30
PARTS = {"receipt.xes.gz": 4, "purchasing_example.csv.gz": 4, "bpic2013_incidents.xes.gz": 1}
"""Samples per log and seed."""
PART = 10_000
"""Added to the seed of each further one."""
LATER = timedelta(days=400)
"""From the last event of a log to as-of: there is room for every delay that is planted."""


def mined_model(log: str, setting: Setting) -> ReferenceModel:
    """A model of what is usual in a log: its frequent variants, who does what in most cases, and rules."""
    with read(path_of(log), LOGS[log]) as opened:
        told = opened.events.order_by(["case_id", "t_us", "row_no"]).to_pandas()
    events = told.copy()
    if "role" not in events or events["role"].isna().all():
        events["role"] = events.get("resource")
    lanes = events.dropna(subset=["role"]).groupby("activity")["role"].agg(lambda each: each.mode().iat[0])
    traces = events.groupby("case_id", sort=True)["activity"].agg(tuple)
    net = load_net(_pnml(events, traces, setting.frequent, setting.noise))
    lasts = Counter(trace[-1] for trace in traces)
    names = sorted(set(events["activity"]))
    roles = {role: Role(role, Text(role, role), (), OURS) for role in sorted(set(lanes))}
    lane_of = {name: str(lanes[name]) for name in names if name in lanes}
    model = ReferenceModel(
        id=log.partition(".")[0],
        version="mined",
        in_force_from=date(2000, 1, 1),
        title=Text(log, log),
        process="mined",
        sources=(),
        net=net,
        diagram=Diagram((), (), tuple(roles)),
        roles=roles,
        activities={
            name: Activity(name, Text(name, name), (), lane_of.get(name), True, OURS) for name in names
        },
        handoffs=tuple(
            Handoff(f"{a}->{b}", a, b, lane_of[a], lane_of[b], None, (), (), OURS)
            for a, b in handoff_pairs(net, lane_of)
        ),
        timers=(),
        attributes={},
        deadlines=(),
        told=(),
        duplicates=(),
        ping_pong=PingPong("role", 1, OURS),
        idle_limits=(),
        idle_calendar=CLOCK,
        ends=tuple(sorted(each for each, n in lasts.items() if n >= setting.last * len(traces))),
        reopened_by=(),
        severity={},
        costs={},
        bpmn_sha256=log,
        contract_sha256=f"mined from {setting}",
        location="mined",
        calendars={CLOCK: load_calendar(CLOCK)},
    )
    return with_rules(model, log, told)


def _pnml(events: pd.DataFrame, traces: pd.Series[Any], frequent_share: float, noise: float) -> Path:
    """The net of the most frequent variants, as a file."""
    with quiet_pm4py():
        import pm4py
    counts = Counter(traces)
    frequent, seen = set(), 0
    for trace, n in counts.most_common():
        frequent.add(trace)
        seen += n
        if seen >= frequent_share * len(traces):
            break
    cases = traces.index[[trace in frequent for trace in traces]]
    kept = events[events["case_id"].isin(cases)].copy()
    kept["t_us"] = pd.to_datetime(kept["t_us"], unit="us", utc=True)
    net, initial, final = pm4py.discover_petri_net_inductive(
        kept[["case_id", "activity", "t_us"]].astype({"case_id": object, "activity": object}),
        noise_threshold=noise,
        activity_key="activity",
        timestamp_key="t_us",
        case_id_key="case_id",
    )
    target = Path(tempfile.mkdtemp()) / "mined.pnml"
    pm4py.write_pnml(net, initial, final, str(target))
    return target


def present() -> tuple[str, ...]:
    """The logs that are there."""
    return tuple(log for log in LOGS if (SHARED / log).exists())


def absent_logs() -> tuple[str, ...]:
    """Those that are not."""
    return tuple(log for log in LOGS if not (SHARED / log).exists())


@cache
def path_of(log: str) -> Path:
    """The log; the one without any attribute of its cases gets one, the same for all."""
    if LOGS[log].attributes.get(GRADE) != GRADE:
        return SHARED / log
    target = Path(tempfile.mkdtemp()) / "graded.csv"
    pd.read_csv(SHARED / log, dtype=str, keep_default_na=False).assign(**{GRADE: "ordinary"}).to_csv(
        target, index=False
    )
    return target


def samples(log: str, seeds: Sequence[int]) -> list[int]:
    """The seeds of all samples of a log, those alike in a row: a process keeps the audit of the log as it
    was."""
    made = [seed + part * PART for seed in seeds for part in range(PARTS[log])]
    return sorted(made, key=lambda seed: (_setting(seed), seed))


def _setting(seed: int) -> int:
    return (seed + seed // PART) % len(SETTINGS)


def planted(
    log: str, seed: int, each_kind: int, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame, Path, int]:
    """(key, occurrences that are new, the export, cases that faults could be planted into)."""
    setting = SETTINGS[_setting(seed)]
    model, before, as_of = _unchanged(log, setting)
    wanted = _wanted(setting, each_kind) if seed >= PART else each_kind
    made = plant_into(
        path_of(log), model, folder, mapping=LOGS[log], each_kind=wanted, seed=seed, as_of=as_of
    )
    after = walkthrough.audit(made.events, model, mapping=made.mapping, as_of=as_of).occurrences
    key = pd.read_csv(made.key, dtype=str, keep_default_na=False)
    return key, new_ones(before, after), made.events, made.hosts


def _wanted(setting: Setting, each_kind: int) -> dict[str, int]:
    """Of the scarce kinds so many."""
    strict = setting.noise > 0
    return {each: FEW if strict and each != SCARCEST else each_kind for each in SCARCE}


@cache
def _unchanged(log: str, setting: Setting) -> tuple[ReferenceModel, pd.DataFrame, datetime]:
    """(model, the occurrences that a log has by itself, as-of)."""
    path, mapping = path_of(log), LOGS[log]
    model = mined_model(log, setting)
    with read(path, mapping) as opened:
        last_us = int(opened.events.t_us.max().execute())
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=last_us) + LATER
    return model, walkthrough.audit(path, model, mapping=mapping, as_of=as_of).occurrences, as_of


def new_ones(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Occurrences that were not there before: per case, rule and verdict those beyond the earlier number."""
    same = ["case_id", "rule_id", "verdict"]
    known = before.groupby(same).size()
    turn = after.groupby(same).cumcount()
    had = known.reindex(pd.MultiIndex.from_frame(after[same]), fill_value=0).to_numpy()
    return after[turn.to_numpy() >= had]
