"""What a sample brings along because no document gives it: the override that an audit of it needs."""

from __future__ import annotations

from typing import Any

import yaml

from reference_models.model import Deadline, DuplicateIdentity, PeriodLimit, ReferenceModel
from walkthrough.simulation.completion import WARNED_FROM, Completion
from walkthrough.simulation.generate import Simulation
from walkthrough.simulation.other_system import NUMBER, RECORDED, SYSTEMS, Link, link_of
from walkthrough.simulation.plan import Plan

Section = dict[str, Any]


def own_sections(simulation: Simulation) -> Section:
    """The sections of a contract that the sample completes, as a user would write them."""
    plan, model = simulation.plan, simulation.model
    sections: Section = {}
    if plan.added_limits:
        sections["handoffs"] = {
            handoff: {"limit": {unit: limit}} for handoff, (limit, unit) in plan.added_limits.items()
        }
    sections |= _completed(plan)
    if not model.numbering:
        series = [simulation.own_series(block) for block in range(simulation.block_count)]
        sections["numbering"] = {
            each.id: {"name": _name("样本编号", "Numbers"), "prefix": each.prefix, "digits": each.digits}
            for each in series
        }
    if not model.per_period:
        sections["per_period"] = {rule.id: _period(rule) for rule in simulation.period_rules}
    between = _between_systems(link_of(plan), model)
    if "activities" in between:
        between["activities"] |= sections.get("activities", {})
    return sections | between


def _completed(plan: Plan) -> Section:
    """Limits of deadline tables and pairs that have none, warnings, further ends, records of orders."""
    added, sections = plan.completion, Section()
    if added.deadlines or added.warnings:
        sections["deadlines"] = {
            each.id: _deadline(each, added)
            for each in plan.given.deadlines
            if each.id in added.deadlines or each.id in added.warnings
        }
    if added.matches:
        sections["matches"] = {
            rule: {"limit": {each.unit: each.value}} for rule, each in added.matches.items()
        }
    if added.ends:
        sections["ends"] = list(plan.model.ends)
    orders = {each.id: _order(each, added) for each in plan.model.duplicates}
    if any(orders.values()):
        sections["duplicates"] = {each: section for each, section in orders.items() if section}
        sections["activities"] = {
            each.id: {"name": _name(each.name.zh, each.name.en), "outside_flow": True}
            for each in added.records().values()
        }
    return sections


def _order(order: DuplicateIdentity, added: Completion) -> Section:
    section: Section = {}
    if order.id in added.replaced and (replaced := order.replaced):
        section["replaced"] = {
            "cancelled_by": list(replaced.cancelled_by),
            "amended_by": list(replaced.amended_by),
            "within_days": replaced.within_days,
        }
    if order.id in added.recurring and (recurring := order.recurring):
        section["recurring"] = {
            "times": recurring.times,
            "least_days": recurring.least_days,
            "slack_days": recurring.slack_days,
        }
    return section


def _deadline(deadline: Deadline, added: Completion) -> Section:
    section: Section = {}
    if limit := added.deadlines.get(deadline.id):
        section["rows"] = {row.id: {"limits": dict.fromkeys(row.cells, limit)} for row in deadline.rows}
    if deadline.id in added.warnings:
        section["warning"] = {"share": WARNED_FROM}
    return section


def _between_systems(link: Link, model: ReferenceModel) -> Section:
    """The comparison of two systems; of one that the contract has, its limit."""
    rule = link.rule
    assert rule.limit is not None
    within = {"within": {rule.limit.unit: rule.limit.value}}
    if not link.own:
        theirs = next(each for each in model.reconciliation if each.id == rule.id)
        return {} if theirs.limit else {"reconciliation": {rule.id: within}}
    return {
        "systems": {
            each.system: {"name": _name(*SYSTEMS[each.system])} for each in (rule.sends, rule.records)
        },
        "activities": {RECORDED: {"name": _name("下游登记", "Recorded downstream"), "outside_flow": True}},
        "attributes": {NUMBER: {"name": _name("上游单号", "Number of the sender"), "type": "text"}},
        "reconciliation": {
            rule.id: {
                "name": _name(rule.name.zh, rule.name.en),
                "sends": vars(rule.sends),
                "records": vars(rule.records),
                **within,
                "calendar": rule.calendar,
                "normalise": [each for each in rule.spelling.steps if each != "prefixes"],
                "prefixes": list(rule.spelling.prefixes),
            }
        },
    }


def _name(zh: str, en: str) -> Section:
    return {"zh": zh, "en": en}


def _period(rule: PeriodLimit) -> Section:
    bound = {"at_least": rule.at_least} if rule.at_least is not None else {"at_most": rule.at_most}
    return {
        "name": _name(rule.name.zh, rule.name.en),
        "activity": rule.activity,
        "per": rule.per,
        **bound,
    }


def override_text(simulation: Simulation, sections: Section) -> str:
    """As a file."""
    head = (
        f"# Made up by `walkthrough simulate {simulation.model.id}` (seed {simulation.seed}): what no\n"
        "# document gives and an audit of the sample needs. Your own values go here.\n"
    )
    text: str = yaml.safe_dump(
        sections, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110
    )
    return head + text
