"""Judging what cases share once gives what judging every case gives."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from workbench import example_model, read_text, us

from mining.bound_log import bind
from mining.conformance import conformance
from mining.detection import Evidence
from mining.detectors import handoff_misrouted as misrouted
from mining.detectors import handoff_ping_pong as ping_pong
from mining.places import places
from mining.units import known_units

AS_OF = "2024-06-30T12:00+08:00"
TRACES = (
    ("受理", "定方案", "采购要求", "施工", "测试"),
    ("受理", "定方案", "受理", "定方案", "采购要求"),
    ("受理", "定方案", "采购要求", "施工", "测试", "施工", "测试"),
)


def log_text(seed: int) -> str:
    """Few variants with many cases; now and then somebody else acts, or nobody is named."""
    random_ = random.Random(seed)
    units = ["客户经理", "网管中心", "规划建设部", "采购部", "不知道", ""]
    rows = ["case,activity,time,role"]
    for case in range(60):
        at = datetime(2024, 3, 4, 9)
        for activity in random_.choice(TRACES):
            at += timedelta(minutes=random_.choice((0, 30, 90)))
            unit = random_.choice(units) if random_.random() < 0.15 else ""
            rows.append(f"{case},{activity},{at:%Y-%m-%d %H:%M},{unit}")
    return "\n".join(rows)


def evidence_of(log) -> Evidence:
    bound = bind(log, example_model(), us(AS_OF))
    return Evidence(bound, conformance(bound))


@pytest.mark.parametrize("seed", range(4))
def test_returns_between_roles_by_place_and_by_case(seed):
    with read_text(log_text(seed)) as log:
        evidence = evidence_of(log)
        assert known_units(evidence), "the units must say something"
        allowed = ping_pong._allowed(evidence, "role", 0)
        by_place = ping_pong._returning_by_place(evidence, allowed).execute()["case_id"]
        everybody = ping_pong._by_role(evidence, evidence.bound.cases)
        by_case = ping_pong._returning(evidence, everybody, allowed).execute()["case_id"]
        assert sorted(by_place) == sorted(by_case)
        assert 0 < len(by_place) < 60


def test_places_count_every_step():
    with read_text(log_text(7)) as log:
        evidence = evidence_of(log)
        counted = places(evidence).execute()
        assert counted["n"].sum() == evidence.bound.steps.count().execute()
        assert len(counted) < counted["n"].sum() / 3


@pytest.mark.parametrize("seed", range(3))
def test_misrouted_handoffs_by_place_and_one_by_one(seed):
    with read_text(log_text(seed)) as log:
        evidence = evidence_of(log)
        units = known_units(evidence)
        pairs = misrouted._pairs(evidence)
        conformant, rest = misrouted._settled(evidence, pairs, units)
        counted = dict(zip(*conformant.order_by("rule_id").execute().to_numpy().T, strict=True))
        steps = evidence.bound.steps.select("case_id", "pos", unit="role")
        every = pairs.inner_join(evidence.conformance.variants.case_variants, "variant")
        every = every.left_join(steps, ["case_id", ("receiver_pos", "pos")]).execute()
        right = every[every["unit"].map(units) == every["receiver_role"]]
        assert counted == right.groupby("rule_id").size().to_dict() != {}
        wrong = misrouted._received(evidence, rest, units).execute()
        assert len(wrong) == len(every) - len(right) > 0
