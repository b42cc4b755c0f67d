"""A provisioning model built by hand, so that the reports can be tested without loader or miner."""

from __future__ import annotations

from datetime import date

from reference_models.model import (
    Activity,
    AttributeSpec,
    Authority,
    Band,
    Deadline,
    DeadlineRow,
    Diagram,
    DuplicateIdentity,
    FlowNode,
    Handoff,
    Limit,
    LimitCell,
    Net,
    Pause,
    PingPong,
    ReferenceModel,
    Role,
    SequenceFlow,
    SeverityFactor,
    Standing,
    Text,
    Told,
)

SOURCED = Authority(Standing.SOURCED, "S1")
INFERRED = Authority(
    Standing.INFERRED,
    "S0",
    Text(
        "原文只给出顺序，交接关系由本项目解读。",
        "The source gives the order only; the handoff is our reading.",
    ),
)
ASSUMED = Authority(
    Standing.ASSUMED,
    "",
    Text(
        "原文未给出该环节的时限，为使流程可运行而假定。",
        "The source gives no limit; assumed so that the process can be run.",
    ),
)

FACTORS = (
    SeverityFactor("special", "handoff", "class", "high", "service_class", ("A",)),
    SeverityFactor("far_past", "handoff", "overrun", "high", least=2.5),
    SeverityFactor("dear", "duplicate", "exposure", "high", least=100_000.0),
)
ROLES = {
    "account": ("大客户部", "Key-account department"),
    "oam": ("运行维护部", "Operations & maintenance"),
    "dispatch": ("调度中心", "Dispatch centre"),
    "station": ("工位", "Station"),
    "billing": ("帐务结算部", "Billing"),
}
TASKS = {
    "accept": ("受理订单", "Accept order", "account", SOURCED),
    "book": ("预约", "Book order", "account", SOURCED),
    "confirm": ("资源确认", "Confirm resources", "oam", SOURCED),
    "build": ("新建资源", "Build new resources", "oam", INFERRED),
    "dispatch": ("派发调单", "Dispatch work order", "dispatch", SOURCED),
    "station_a": ("甲端工位施工", "Install at end A", "station", INFERRED),
    "station_b": ("乙端工位施工", "Install at end B", "station", INFERRED),
    "configure": ("数据配置", "Configure data", "oam", ASSUMED),
    "test": ("电路测试", "Test circuit end to end before acceptance", "oam", ASSUMED),
    "acceptance": ("客户验收", "Customer acceptance", "account", SOURCED),
    "bill": ("开通计费", "Open billing", "billing", ASSUMED),
    "file": ("建档", "File order", "account", SOURCED),
}
BESIDE = {
    "told": ("告知客户经理", "Account manager told", "account", INFERRED),
    "wait": ("等待客户", "Waiting for customer", None, ASSUMED),
    "resume": ("客户就绪", "Customer ready", None, ASSUMED),
    "order_kit": ("下达采购单", "Purchase order sent", "oam", INFERRED),
    "funds": ("资金到位", "Funds arrived", "billing", INFERRED),
}
FLOWS = (
    ("start", "accept", ""),
    ("accept", "book", ""),
    ("book", "confirm", ""),
    ("confirm", "gw_resources", ""),
    ("gw_resources", "build", "新建"),
    ("gw_resources", "gw_go", "有资源"),
    ("build", "gw_go", ""),
    ("gw_go", "dispatch", ""),
    ("dispatch", "split", ""),
    ("split", "station_a", ""),
    ("split", "station_b", ""),
    ("split", "configure", ""),
    ("station_a", "join", ""),
    ("station_b", "join", ""),
    ("configure", "join", ""),
    ("join", "test", ""),
    ("test", "gw_test", ""),
    ("gw_test", "gw_go", "不合格"),
    ("gw_test", "acceptance", "合格"),
    ("acceptance", "bill", ""),
    ("bill", "file", ""),
    ("file", "end", ""),
)
FLOW_NAMES = {"新建": "to be built", "有资源": "available", "不合格": "failed", "合格": "passed"}
NODES = (
    ("start", "startEvent", "", "account"),
    ("gw_resources", "exclusiveGateway", "资源?", "oam"),
    ("gw_go", "exclusiveGateway", "", "dispatch"),
    ("split", "parallelGateway", "", "dispatch"),
    ("join", "parallelGateway", "", "dispatch"),
    ("gw_test", "exclusiveGateway", "合格?", "oam"),
    ("end", "endEvent", "", "account"),
)
HANDOFFS = (
    ("book", "confirm", None),
    ("confirm", "dispatch", Limit(8, "hours", ASSUMED)),
    ("dispatch", "station_a", Limit(4, "hours", ASSUMED)),
    ("dispatch", "station_b", Limit(4, "hours", ASSUMED)),
    ("test", "acceptance", Limit(2, "working_days", ASSUMED)),
    ("acceptance", "bill", None),
)


def diagram() -> Diagram:
    """Twelve tasks in five lanes, two choices, a parallel block and a loop."""
    tasks = tuple(FlowNode(id, "task", zh, role) for id, (zh, _, role, _) in TASKS.items())
    others = tuple(FlowNode(*each) for each in NODES)
    flows = tuple(SequenceFlow(f"f{at}", *each) for at, each in enumerate(FLOWS))
    return Diagram(tasks + others, flows, tuple(ROLES))


def model() -> ReferenceModel:
    """The provisioning model, with a name that tries to be markup."""
    activities = {
        id: Activity(id, Text(zh, en), (), role, id in TASKS, authority)
        for id, (zh, en, role, authority) in {**TASKS, **BESIDE}.items()
    }
    roles = {id: Role(id, Text(zh, en), (zh,), SOURCED) for id, (zh, en) in ROLES.items()}
    handoffs = tuple(
        Handoff(f"{a}->{b}", a, b, TASKS[a][2], TASKS[b][2], limit, (), (), INFERRED)
        for a, b, limit in HANDOFFS
    )
    rows = (
        DeadlineRow(
            "ddn_10",
            Text("DDN/FR，有资源，不多于 10 条", "DDN/FR, resources available, up to 10 lines"),
            {"service": "ddn", "lines": Band(None, 10)},
            {"C": LimitCell(10), "B": LimitCell(5), "A": LimitCell(3)},
            SOURCED,
            {"A": 9},
        ),
        DeadlineRow(
            "ddn_20",
            Text("DDN/FR，有资源，11 至 20 条", "DDN/FR, resources available, 11 to 20 lines"),
            {"service": "ddn", "lines": Band(11, 20)},
            {"C": LimitCell(12), "B": LimitCell(8), "A": LimitCell(4)},
            SOURCED,
        ),
        DeadlineRow(
            "phone",
            Text("普通电话装移机，有资源", "Telephone install or move, resources available"),
            {"service": "phone"},
            {"C": LimitCell(10), "B": LimitCell(7), "A": LimitCell(None)},
            SOURCED,
            {"A": 30},
        ),
    )
    deadline = Deadline(
        "provisioning",
        Text("开通时限", "Provisioning deadline"),
        "accept",
        "acceptance",
        "working_days",
        "cn-working-days",
        (Pause("wait", "resume", Text("等待客户", "waiting for the customer")),),
        "service_class",
        rows,
        0.98,
        (),
        SOURCED,
    )
    attributes = {
        "service": AttributeSpec("service", Text("业务", "Service"), (), "category", {"ddn": ("DDN",)}, ()),
        "service_class": AttributeSpec("service_class", Text("等级", "Class"), (), "category", {}, ()),
        "lines": AttributeSpec("lines", Text("条数", "Lines"), (), "number", {}, ()),
        "manager": AttributeSpec("manager", Text("客户经理", "Account manager"), (), "person", {}, ()),
        "supplier": AttributeSpec("supplier", Text("供应商", "Supplier"), (), "text", {}, ()),
        "item": AttributeSpec("item", Text("物料", "Item"), (), "text", {}, ()),
    }
    return ReferenceModel(
        id="circuit-provisioning",
        version="1.0.0",
        in_force_from=date(2002, 7, 1),
        title=Text("电路开通", "Circuit provisioning"),
        process="P3",
        sources=(
            ("S0", Text("流程重组材料", "Process re-engineering deck")),
            ("S1", Text("服务水平（示例），2002", "Service levels (example), 2002")),
        ),
        net=Net((), (), (), ()),
        diagram=diagram(),
        roles=roles,
        activities=activities,
        handoffs=handoffs,
        timers=(),
        attributes=attributes,
        deadlines=(deadline,),
        told=(
            Told(
                "told",
                Text("客户经理知情", "Account manager informed"),
                "test",
                "told",
                Limit(1, "working_days", ASSUMED),
                INFERRED,
            ),
        ),
        duplicates=(
            DuplicateIdentity(
                "purchase",
                Text("采购单", "Purchase order"),
                "order_kit",
                ("supplier", "item"),
                30,
                ("funds",),
                "funds",
                "amount",
                INFERRED,
            ),
        ),
        ping_pong=PingPong("role", 0, ASSUMED),
        idle_limits=(),
        idle_calendar="around-the-clock",
        ends=("file",),
        reopened_by=(),
        severity={},
        severity_factors=FACTORS,
        costs={},
        bpmn_sha256="ab" * 32,
        contract_sha256="cd" * 32,
        location="library",
        overrides=("handoffs.confirm->dispatch.limit",),
        texts={
            "gw_resources": Text("资源?", "Resources?"),
            "gw_test": Text("合格?", "Passed?"),
            **{f"f{at}": Text(name, FLOW_NAMES[name]) for at, (_, _, name) in enumerate(FLOWS) if name},
        },
    )
