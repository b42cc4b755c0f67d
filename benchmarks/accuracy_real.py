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


class Part(NamedTuple):
    """One of the samples of a log and seed."""

    strict: bool | None
    """Whether the model is mined from the variants of 80 % of the cases without what is rare in them; else
    from those of 60 % with all that is in them. None: by turns from seed to seed."""
    last: float
    """With what at least so many of the cases end, closes a case. Where every last step does, one may end too
    early; where few do, one may be cut and lie open."""
    kinds: dict[str, int] | None
    """'family.kind' → plants at most; None: EACH_KIND of every kind."""
    lanes: bool = True
    """Whether the model says who does what; where it does not, a step left out is no handoff dropped."""


STEPS = (
    *("deviation.inserted", "deviation.repeated", "deviation.swapped", "deviation.unknown"),
    *("handoff.dropped", "handoff.misrouted", "handoff.unsent", "handoff.unreturned", "handoff.ping_pong"),
)
CLOCKS = (
    *("deadline.late", "deadline.overdue_and_open", "lost.stalled", "lost.never_entered", "rule.told"),
    *("duplicate.exact", "duplicate.resent", "duplicate.near", "handoff.ping_pong"),
)
RULES = ("deviation.early_end", "rule.declare", "rule.matched", "rule.per_period", "lost.never_entered")
PURCHASES = ("deviation.skipped", "handoff.late", "rule.four_eyes")
"""What only the log of purchases has room for: several steps in a row of one lane, when work was begun,
persons who keep apart."""
NO_LANES = ("deviation.skipped", "deviation.inserted", "deviation.repeated", "rule.per_period")
SMALL = (
    Part(None, 0.0, dict.fromkeys(STEPS, EACH_KIND)),
    Part(None, 0.25, dict.fromkeys(CLOCKS, EACH_KIND)),
)
PARTS = {
    "receipt.xes.gz": (
        *SMALL,
        Part(None, 0.0, dict.fromkeys(RULES, EACH_KIND)),
        Part(None, 0.0, dict.fromkeys(NO_LANES, EACH_KIND), lanes=False),
    ),
    "purchasing_example.csv.gz": (
        *SMALL,
        Part(True, 0.0, {**dict.fromkeys(RULES, EACH_KIND // 10), **dict.fromkeys(PURCHASES, EACH_KIND)}),
    ),
    "bpic2013_incidents.xes.gz": (Part(None, 0.25, None),),
}
"""Log → its samples for each seed: where there are few cases, each has some kinds only."""
PART = 10_000
"""Added to the seed of each further part."""
LATER = timedelta(days=400)
"""From the last event of a log to as-of: there is room for every delay that is planted."""


def mined_model(log: str, strict: bool, last: float, lanes: bool = True) -> ReferenceModel:
    """A model of what is usual in a log: its frequent variants, who does what in most cases, and rules."""
    frequent, noise = (0.8, 0.2) if strict else (0.6, 0.0)
    with read(path_of(log), LOGS[log]) as opened:
        told = opened.events.order_by(["case_id", "t_us", "row_no"]).to_pandas()
    events = told.copy()
    if "role" not in events or events["role"].isna().all():
        events["role"] = events.get("resource")
    of = events.dropna(subset=["role"]).groupby("activity")["role"].agg(lambda each: each.mode().iat[0])
    traces = events.groupby("case_id", sort=True)["activity"].agg(tuple)
    net = load_net(_pnml(events, traces, frequent, noise))
    lasts = Counter(trace[-1] for trace in traces)
    names = sorted(set(events["activity"]))
    roles = {role: Role(role, Text(role, role), (), OURS) for role in sorted(set(of) if lanes else ())}
    lane_of = {name: str(of[name]) for name in names if lanes and name in of}
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
        ends=tuple(sorted(each for each, n in lasts.items() if n >= last * len(traces))),
        reopened_by=(),
        severity={},
        costs={},
        bpmn_sha256=log,
        contract_sha256=f"mined from {frequent:.0%}, noise {noise}, ends {last:.0%}, lanes {lanes}",
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
    made = [seed + number * PART for number in range(len(PARTS[log])) for seed in seeds]
    return sorted(made, key=lambda seed: (_part(log, seed).lanes, _part(log, seed).last, _strict(log, seed)))


def _part(log: str, seed: int) -> Part:
    return PARTS[log][seed // PART]


def _strict(log: str, seed: int) -> bool:
    strict = _part(log, seed).strict
    return seed % 2 == 0 if strict is None else strict


def planted(
    log: str, seed: int, each_kind: int, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame, Path, int]:
    """(key, occurrences that are new, the export, cases that faults could be planted into)."""
    part = _part(log, seed)
    model, before, as_of = _unchanged(log, _strict(log, seed), part.last, part.lanes)
    wanted = each_kind if part.kinds is None else part.kinds
    made = plant_into(
        path_of(log), model, folder, mapping=LOGS[log], each_kind=wanted, seed=seed, as_of=as_of
    )
    after = walkthrough.audit(made.events, model, mapping=made.mapping, as_of=as_of).occurrences
    key = pd.read_csv(made.key, dtype=str, keep_default_na=False)
    return key, new_ones(before, after), made.events, made.hosts


@cache
def _unchanged(
    log: str, strict: bool, last: float, lanes: bool
) -> tuple[ReferenceModel, pd.DataFrame, datetime]:
    """(model, the occurrences that a log has by itself, as-of)."""
    path, mapping = path_of(log), LOGS[log]
    model = mined_model(log, strict, last, lanes)
    with read(path, mapping) as opened:
        last_us = int(opened.events.t_us.max().execute())
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=last_us) + LATER
    return model, walkthrough.audit(path, model, mapping=mapping, as_of=as_of).occurrences, as_of


def new_ones(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Occurrences that were not there before: per case, rule and verdict those beyond the earlier number; of
    those that belong to no case, per anchor as well."""
    known = _alike(before).value_counts()
    keys = _alike(after)
    had = known.reindex(pd.MultiIndex.from_frame(keys), fill_value=0).to_numpy()
    return after[keys.groupby(list(keys.columns)).cumcount().to_numpy() >= had]


def _alike(found: pd.DataFrame) -> pd.DataFrame:
    keys = found[["case_id", "rule_id", "verdict"]]
    return keys.assign(of=found["anchor"].where(found["case_id"] == "", ""))
