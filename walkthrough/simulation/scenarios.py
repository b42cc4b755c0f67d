"""What a library model needs to be simulated: attributes, how long work takes, where faults go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """A kind of order: attribute values as exports spell them, and its time limit."""

    values: Mapping[str, str]
    """Attribute id → spelling."""
    limit: float | None
    """Limit of the clock, in days of work (office) or hours (round the clock); None: no limit."""
    share: float = 1.0
    """Relative frequency."""
    needs: str = ""
    """Activity that the run must contain."""
    without: tuple[str, ...] = ()
    """Activities that the run must not contain."""


@dataclass(frozen=True)
class Targets:
    """Where each kind of fault can be planted so that the log shows it beyond doubt.

    A second clearing of a fault, say, would do for a repetition as well as for an escalation left out.
    """

    dropped: tuple[tuple[str, str], ...] = ()
    """(receiver to remove, activity the run must contain)."""
    late_handoff: tuple[tuple[str, str], ...] = ()
    """(sender, receiver) with a limit in `limits`."""
    ping_pong: tuple[tuple[str, str], ...] = ()
    """(sender, receiver) bounced between."""
    unsent: tuple[str, ...] = ()
    """Senders to remove: whom nobody in another role had handed over to."""
    misrouted: tuple[tuple[str, str], ...] = ()
    """(receiver, role whose unit does its task)."""
    unreturned: tuple[tuple[str, str], ...] = ()
    """(dispatch, return order) of which a second dispatch comes without return."""
    inserted: tuple[tuple[str, str], ...] = ()
    """(activity, after which activity)."""
    repeated: tuple[str, ...] = ()
    swapped: tuple[tuple[str, str], ...] = ()
    """Neighbours in the run that change places."""
    stretch: tuple[str, ...] = ()
    """Activities whose work may take so long that the deadline passes."""
    cut_after: tuple[str, ...] = ()
    """Activities after which an open case may stand."""


@dataclass(frozen=True)
class Scenario:
    """One model's part of the simulation."""

    model: str
    prefix: str
    """Of case ids."""
    case_heading: str
    export: str
    """What the rows of its exports are: their files' name."""
    office: bool
    """Work advances in office hours only (else round the clock)."""
    hours_per_step: float
    """Mean hours from one completion to the next where no limit says otherwise."""
    clock: tuple[str, str] | None
    """Activities that start and stop the deadline's clock."""
    cells: tuple[Cell, ...]
    targets: Targets
    weights: Mapping[str, float] = field(default_factory=dict)
    """How likely activities are where the run has a choice."""
    told_after: tuple[str, ...] = ()
    told_by: str = ""
    told_limit: float = 1.0
    """Days within which the notice must come."""
    pause: tuple[str, str] | None = None
    idle_limit: float = 5.0
    """Days of work (office) or hours after which an open case counts as stalled."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Handoff → limit (days of work or hours), written into the override file of the sample."""
    consequences: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Kind and subject of a planted fault → (family, kind) of rules that it breaks besides."""
    order: str = ""
    """Activity that places a purchase order."""
    settled: str = ""
    """Activity that settles it."""


def _provisioning_cells() -> tuple[Cell, ...]:
    classes = {"C": "普通", "B": "重要", "A": "特殊应急"}
    shares = {"C": 6.0, "B": 3.0, "A": 1.0}
    rows: list[tuple[dict[str, str], str, dict[str, float]]] = [
        ({"service": "普通电话", "resources": "有资源", "lines": "1"}, "", {"C": 10, "B": 7, "A": 1}),
        (
            {"service": "普通电话", "resources": "无预测资源新建", "lines": "1"},
            "build_resources",
            {"C": 69, "B": 54, "A": 37},
        ),
        ({"service": "DDN", "resources": "有资源", "lines": "4"}, "", {"C": 10, "B": 5, "A": 3}),
        ({"service": "DDN", "resources": "有资源", "lines": "16"}, "", {"C": 12, "B": 8, "A": 4}),
        ({"service": "DDN", "resources": "有资源", "lines": "30"}, "", {"C": 15, "B": 9, "A": 5}),
        (
            {"service": "DDN", "resources": "无预测资源新建", "lines": "4"},
            "build_resources",
            {"C": 15, "B": 11, "A": 8},
        ),
    ]
    return tuple(
        Cell(
            {**values, "sites": "不同点", "service_class": classes[grade]},
            limit,
            shares[grade],
            needs,
            () if needs else ("build_resources",),
        )
        for values, needs, limits in rows
        for grade, limit in limits.items()
    )


PROVISIONING = Scenario(
    model="circuit-provisioning",
    prefix="DD",
    case_heading="订单号",
    export="orders",
    office=True,
    hours_per_step=6,
    clock=("accept_order", "customer_acceptance"),
    cells=_provisioning_cells(),
    weights={"request_build": 0.35, "cancel_order": 0.03, "clear_defect": 0.06},
    told_after=("book_order", "test_circuit", "file_order"),
    told_by="account_manager_told",
    pause=("customer_not_ready", "customer_ready"),
    idle_limit=5,
    limits={"accept_order->book_order": 1, "file_order->customer_acceptance": 2},
    consequences={
        ("unsent", "confirm_resources"): (("rule", "declare"),),
        ("dropped", "customer_acceptance"): (("rule", "declare"), ("rule", "matched")),
    },
    targets=Targets(
        dropped=(("configure_data", "test_circuit"), ("file_order", "customer_acceptance")),
        late_handoff=(("accept_order", "book_order"), ("file_order", "customer_acceptance")),
        ping_pong=(("book_order", "station_a_work"), ("book_order", "station_z_work")),
        unsent=("confirm_resources",),
        misrouted=(("book_order", "billing"), ("file_order", "billing")),
        inserted=(("build_resources", "book_order"),),
        repeated=("configure_data", "station_a_work"),
        swapped=(("configure_data", "test_circuit"),),
        stretch=("station_a_work", "station_z_work", "configure_data"),
        cut_after=("accept_order", "station_a_work", "station_z_work", "configure_data"),
    ),
)


def _fault_cells() -> tuple[Cell, ...]:
    classes = {"C": "普通", "B": "重要", "A": "特殊应急"}
    shares = {"C": 6.0, "B": 3.0, "A": 1.0}
    rows: list[tuple[str, dict[str, float]]] = [
        ("普通市话障碍", {"C": 24, "B": 6, "A": 2}),
        ("DDN/分组/FR", {"C": 6, "B": 5, "A": 4}),
        ("普通2M线路故障", {"C": 6, "B": 6, "A": 6}),
    ]
    return tuple(
        Cell({"fault_type": kind, "service_class": classes[grade], "cause": "局方"}, limit, shares[grade])
        for kind, limits in rows
        for grade, limit in limits.items()
    )


FAULTS = Scenario(
    model="fault-handling",
    prefix="GZ",
    case_heading="故障单号",
    export="tickets",
    office=False,
    hours_per_step=0.5,
    clock=("record_fault", "answer_customer"),
    cells=_fault_cells(),
    weights={"handle_at_nmc": 0.4, "escalate_support": 0.15},
    pause=("customer_not_ready", "customer_ready"),
    idle_limit=24,
    limits={"judge_fault->dispatch_order": 1, "dispatch_order->clear_fault": 2},
    targets=Targets(
        dropped=(("return_order", "answer_customer"), ("judge_fault", "dispatch_order")),
        late_handoff=(("judge_fault", "dispatch_order"), ("dispatch_order", "clear_fault")),
        ping_pong=(("record_fault", "judge_fault"),),
        unsent=("record_fault",),
        misrouted=(("clear_fault", "call_centre"),),
        unreturned=(("dispatch_order", "return_order"),),
        inserted=(("handle_at_nmc", "judge_fault"),),
        repeated=("judge_fault", "return_order"),
        swapped=(("clear_fault", "return_order"),),
        stretch=("clear_fault",),
        cut_after=("record_fault", "clear_fault", "return_order"),
    ),
)

PROCUREMENT = Scenario(
    model="in-sales-procurement",
    prefix="XM",
    case_heading="项目单号",
    export="projects",
    office=True,
    hours_per_step=9,
    clock=None,
    cells=(Cell({}, None),),
    weights={"schedule_resources": 0.25},
    idle_limit=10,
    order="request_purchase",
    settled="receive_goods",
    targets=Targets(
        dropped=(("approve_purchase", "build"), ("file_needs", "build")),
        ping_pong=(("file_needs", "approve_purchase"),),
        unsent=("hand_to_construction", "hand_over_to_operations"),
        misrouted=(("fix_plan", "corporate_development"),),
        unreturned=(("hand_over_plan", "report_operations"),),
        inserted=(("tender_works", "fix_plan"),),
        repeated=("fix_plan", "build"),
        swapped=(("build", "hand_over_to_operations"),),
        cut_after=("fix_plan", "file_needs", "build", "hand_over_to_operations"),
    ),
)

SCENARIOS: Mapping[str, Scenario] = {s.model: s for s in (PROVISIONING, FAULTS, PROCUREMENT)}

GOODS = {
    "光缆": "Optical cable",
    "配线架": "Distribution frame",
    "传输设备": "Transmission equipment",
    "接入设备": "Access equipment",
    "电源": "Power supply",
}
"""What is bought, in both languages."""
