"""Faults planted into public logs: a model mined from each, what the audit finds before and after."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

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
    Limit,
    PingPong,
    ReferenceModel,
    Role,
    Standing,
    Text,
)
from reference_models.net_files import load_net
from walkthrough.simulation.into import plant_into

EACH_KIND = 100
"""Plants of a kind per log and seed, as far as there are cases for them."""
SHARED = Path(__file__).parents[2] / "shared" / "data"
LOGS = {
    "receipt.xes.gz": Mapping(
        case="case:concept:name", activity="concept:name", time="time:timestamp", role="org:group"
    ),
    "bpic2013_incidents.xes.gz": Mapping(
        case="case:concept:name", activity="concept:name", time="time:timestamp", role="org:group"
    ),
    "purchasing_example.csv.gz": Mapping(
        case="case_id", activity="activity", time="end_time", start="start_time", resource="resource"
    ),
}
"""Public log → how it is read."""
OURS = Authority(Standing.USER)
STRICTNESS = ((0.8, 0.2), (0.6, 0.0))
"""Share of the cases whose variants are mined, and the noise threshold of the inductive miner; by turns from
seed to seed, for a strict model shows other faults than a lenient one."""
LATER = timedelta(days=400)
"""From the last event of a log to as-of: no delay that is planted reaches so far."""


def mined_model(log: Path, mapping: Mapping, frequent: float, noise: float) -> ReferenceModel:
    """A model of what is usual in a log: its frequent variants, and who does what in most cases."""
    with read(log, mapping) as opened:
        events = opened.events.order_by(["case_id", "t_us", "row_no"]).to_pandas()
    if "role" not in events or events["role"].isna().all():
        events["role"] = events.get("resource")
    lanes = events.dropna(subset=["role"]).groupby("activity")["role"].agg(lambda each: each.mode().iat[0])
    traces = events.groupby("case_id", sort=True)["activity"].agg(tuple)
    net = load_net(_pnml(events, traces, frequent, noise))
    names = sorted(set(events["activity"]))
    roles = {role: Role(role, Text(role, role), (), OURS) for role in sorted(set(lanes))}
    lane_of = {name: str(lanes[name]) for name in names if name in lanes}
    return ReferenceModel(
        id=log.name.partition(".")[0],
        version="mined",
        in_force_from=date(2000, 1, 1),
        title=Text(log.name, log.name),
        process="mined",
        sources=(),
        net=net,
        diagram=Diagram((), (), tuple(roles)),
        roles=roles,
        activities={
            name: Activity(name, Text(name, name), (), lane_of.get(name), True, OURS) for name in names
        },
        handoffs=tuple(
            Handoff(f"{a}->{b}", a, b, lane_of[a], lane_of[b], Limit(2000, "hours", OURS), (), (), OURS)
            for a, b in handoff_pairs(net, lane_of)
        ),
        timers=(),
        attributes={},
        deadlines=(),
        told=(),
        duplicates=(),
        ping_pong=PingPong("role", 1, OURS),
        idle_limits=(),
        idle_calendar="around-the-clock",
        ends=tuple(sorted({trace[-1] for trace in traces})),
        reopened_by=(),
        severity={},
        costs={},
        bpmn_sha256=log.name,
        contract_sha256=f"mined from {frequent:.0%}, noise {noise}",
        location="mined",
        calendars={"around-the-clock": load_calendar("around-the-clock")},
    )


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


def planted(
    log: str, seed: int, each_kind: int, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame, Path, int]:
    """(key, occurrences that are new, the export, cases that faults could be planted into)."""
    model, before, as_of = _unchanged(log, *STRICTNESS[seed % len(STRICTNESS)])
    made = plant_into(SHARED / log, model, folder, mapping=LOGS[log], each_kind=each_kind, seed=seed)
    after = walkthrough.audit(made.events, model, mapping=made.mapping, as_of=as_of).occurrences
    key = pd.read_csv(made.key, dtype=str, keep_default_na=False)
    return key, new_ones(before, after), made.events, made.hosts


@cache
def _unchanged(log: str, frequent: float, noise: float) -> tuple[ReferenceModel, pd.DataFrame, datetime]:
    """(model, the occurrences that a log has by itself, as-of)."""
    path, mapping = SHARED / log, LOGS[log]
    model = mined_model(path, mapping, frequent, noise)
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
