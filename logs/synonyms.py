"""Headings under which exports usually carry what a log needs, in Chinese and English.

A name's strength says how surely the heading alone means it (1: no doubt). Names are compared folded, see
`logs.labels.fold_label`.
"""

from __future__ import annotations

import re
from functools import cache

from logs.labels import fold_label

_NAMES: dict[str, tuple[tuple[float, str], ...]] = {
    "case": (
        (
            1.0,
            "case id|caseid|case|case no|case number|case concept name|trace id|process instance|"
            "process instance id|案例|案例号|案例编号|案例id|流程实例|流程实例号|流程实例id|"
            "流程实例编号",
        ),
        (
            0.9,
            "工单号|工单编号|工单id|工单流水号|订单号|订单编号|定单号|订单id|单号|单据号|流水号|"
            "业务流水号|受理单号|受理编号|申告单号|故障单号|障碍单号|投诉单号|申请单号|采购单号|"
            "项目编号|ticket|ticket no|ticket id|ticket number|order|order no|order id|"
            "order number|work order|work order no|work order id|incident|incident id|"
            "incident no|incident number|request id|request no|request number|sr number|"
            "application id",
        ),
        (0.5, "编号|序号|id|no|number|key"),
    ),
    "activity": (
        (
            1.0,
            "activity|activity name|concept name|活动|活动名称|环节|环节名称|流程环节|任务名称|工序",
        ),
        (
            0.9,
            "节点|节点名称|流程节点|步骤|步骤名称|任务|处理环节|工位|操作|操作名称|动作|事件|"
            "事件名称|阶段|task|task name|step|step name|event|event name|action|operation|stage|"
            "当前环节",
        ),
        (0.4, "状态|工单状态|订单状态|status|state|类型|type"),
    ),
    "time": (
        (
            1.0,
            "完成时间|结束时间|完工时间|环节完成时间|处理完成时间|end|end time|end date|"
            "end timestamp|endtime|complete|complete time|complete timestamp|completion time|"
            "completed|completed at|finish time|finished at",
        ),
        (
            0.9,
            "时间|时间戳|日期|操作时间|处理时间|发生时间|事件时间|办理时间|timestamp|time stamp|"
            "time|datetime|date|event time|event timestamp|time timestamp",
        ),
        (
            0.5,
            "创建时间|录入时间|更新时间|修改时间|create time|created|created at|creation time|"
            "update time|updated at",
        ),
    ),
    "start": (
        (
            1.0,
            "开始时间|起始时间|环节开始时间|处理开始时间|start|start time|start date|"
            "start timestamp|starttime|begin time|started|started at",
        ),
        (0.8, "到达时间|接收时间|接单时间"),
    ),
    "resource": (
        (
            1.0,
            "处理人|处理人员|操作员|操作人|操作人员|经办人|执行人|办理人|org resource|resource|"
            "operator|handler|performer|assignee",
        ),
        (0.8, "员工|员工号|工号|人员|user|user id|username|employee|agent|staff|owner"),
    ),
    "role": (
        (
            1.0,
            "处理部门|部门|部门名称|岗位|角色|班组|处理班组|org group|org role|role|group|"
            "department|dept|team|support group",
        ),
        (0.8, "单位|组织|组织机构|科室|unit|org unit|position"),
    ),
    "lifecycle": (
        (1.0, "lifecycle transition|lifecycle|transition|生命周期"),
        (0.6, "状态|事件类型|event type|status|state"),
    ),
    "event_id": (
        (
            1.0,
            "event id|eventid|event no|identity id|事件id|事件号|事件编号|日志id|记录id|log id|record id",
        ),
        (0.6, "流水号|流水id|row id|uuid|guid"),
    ),
    "instance": (
        (
            1.0,
            "concept instance|activity instance|活动实例|任务实例|环节实例|子单号|子工单号|任务编号|task id",
        ),
    ),
}
_NO_EVENT = re.compile(
    "要求|截止|时限|期限|到期|承诺|计划|预计|预约|导出|打印|出生|生日|"
    r"\b(?:due|deadline|planned|expected|sla|target|promised|export(?:ed)?|print(?:ed)?|birth(?:day)?)\b"
)
_TIME_WORD = re.compile(r"时间|日期|时刻|\b(?:time|date|timestamp|datetime)\b")

XES_TRANSITIONS = frozenset(
    {"schedule", "assign", "withdraw", "reassign", "start", "suspend", "resume", "complete"}
    | {"pi_abort", "ate_abort", "autoskip", "manualskip", "unknown"}
)
"""Values of the XES lifecycle extension's standard model."""


def strength(key: str, heading: str) -> float:
    """How surely a heading means a key of the mapping, 0 to 1."""
    known = _strengths(key)
    return max((known.get(each, 0.0) for each in _spellings(heading)), default=0.0)


def names_no_event(heading: str) -> bool:
    """Whether a time under this heading is a plan, a limit or a birthday, not something that happened."""
    return bool(_NO_EVENT.search(fold_label(heading)))


def names_time(heading: str) -> bool:
    """Whether the heading itself speaks of a time or date."""
    return bool(_TIME_WORD.search(fold_label(heading)))


def _spellings(heading: str) -> set[str]:
    """The heading, and its parts: '工单号(Ticket No.)' is both."""
    return {
        fold_label(heading),
        *(fold_label(part) for part in re.split(r"[()（）/\[\]【】]", heading) if part.strip()),
    }


@cache
def _strengths(key: str) -> dict[str, float]:
    return {
        fold_label(each): strength for strength, names in reversed(_NAMES[key]) for each in names.split("|")
    }
