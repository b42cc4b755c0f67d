"""Plant faults into an existing export: the same kinds, clear by the same principle, with the same key.

Only cases that run as the model wants, and are over, are changed; the others stay as they are, with all that
may be wrong in them. So what the audit finds before counts as well after; new is what was planted.
"""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import yaml

from logs import Mapping, read
from logs.problems import InputError, Problem
from reference_models import vocabulary
from reference_models.model import ReferenceModel
from walkthrough.simulation.axis import HOUR
from walkthrough.simulation.into.clocks import ClockFaults
from walkthrough.simulation.into.key import IntoKey
from walkthrough.simulation.into.log import Export
from walkthrough.simulation.into.numbers import NumberFaults
from walkthrough.simulation.into.orders import OrderFaults
from walkthrough.simulation.into.periods import PeriodFaults
from walkthrough.simulation.into.steps import StepFaults
from walkthrough.simulation.into.truth import Judge
from walkthrough.simulation.plan import plan_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    as_of: datetime
    """The instant at which the key is true: audit with it."""


def plant_into(
    log: Path | str,
    model: ReferenceModel,
    folder: Path,
    *,
    mapping: Mapping | Path | str | None = None,
    each_kind: int | abc.Mapping[str, int] = 20,
    seed: int = 1,
    as_of: datetime | None = None,
) -> PlantedInto:
    """Plant so many faults of each kind into an export, one per case at most.

    Of each kind for which the model says what the fault is (a limit, a rule, an identity, a series of
    numbers), the log has the columns, and enough cases run as the model wants. Writes events.csv with the
    log's events and attributes, mapping.yaml and answer_key.csv into the folder.

    each_kind: so many of each kind, or 'family.kind' → so many of this kind, and none of the others.
    as_of: instant at which the export is judged, at or after its last event; delays end before it. Default:
    the last event, rounded up to the full hour. Raises InputError where the log cannot be read, as-of lies
    before its end, or no case of it runs as the model wants.
    """
    with read(log, mapping, vocabulary=vocabulary(model)) as opened:
        events = opened.events.order_by(["case_id", "t_us", "row_no"]).to_pandas()
        told = yaml.safe_load(opened.provenance.mapping_text).get("activities") or {}
    events = events[~events["activity"].isin([label for label, to in told.items() if to == "-"])]
    events["activity"] = events["activity"].map(told).fillna(events["activity"])
    export = Export(plan_of(model, completed=False), events)
    if not export.hosts:
        what = f"no case runs as '{model.id}' wants from its beginning to its end"
        raise InputError(Problem(what, str(log), mend="give the model that the log was made by"))
    key, as_of_us = IntoKey(model), _as_of_us(export, as_of, str(log))
    _plant(export, Judge(export, as_of_us), key, each_kind, np.random.default_rng(seed))
    folder.mkdir(parents=True, exist_ok=True)
    events_at, mapping_at, line = export.write(folder)
    key.write(folder / "answer_key.csv", line)
    hosts = sum(len(cases) for cases in export.hosts.values())
    instant = EPOCH + timedelta(microseconds=as_of_us)
    return PlantedInto(events_at, mapping_at, folder / "answer_key.csv", hosts, key.count, instant)


def _as_of_us(export: Export, as_of: datetime | None, log: str) -> int:
    last_us = max(export.t_us)
    if as_of is None:
        return -(-last_us // HOUR) * HOUR
    as_of_us = (as_of - EPOCH) // timedelta(microseconds=1)
    if as_of_us < last_us:
        last = (EPOCH + timedelta(microseconds=last_us)).isoformat()
        raise InputError(Problem(f"the log goes on until {last}", log, mend="give a later as-of"))
    return as_of_us


def _plant(
    export: Export,
    judge: Judge,
    key: IntoKey,
    each_kind: int | abc.Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    """So many of each kind, in cases drawn at random: in turn, so that none takes all the cases, and first
    those that have room in few."""
    orders = OrderFaults(export, judge, key, rng)
    key.used |= orders.beside_others()
    numbers, counted = NumberFaults(export, key, rng), PeriodFaults(export, judge, key, rng)
    kinds = [
        *StepFaults(export, judge, key, rng, orders).kinds(),
        *ClockFaults(export, judge, key, rng).kinds(),
        *numbers.kinds(),
        *counted.kinds(),
        *orders.kinds(),
    ]
    turns = sorted(kinds, key=lambda each: each.room)
    most = each_kind if isinstance(each_kind, int) else max(each_kind.values(), default=0)
    for number in range(most):
        turns = [
            each
            for each in turns
            if (isinstance(each_kind, int) or number < each_kind.get(each.of, 0)) and each.plant()
        ]
    numbers.state()
    counted.state()
