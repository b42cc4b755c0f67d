"""Planned figures beside the actual ones: shown, never judged."""

from __future__ import annotations

from dataclasses import dataclass

from mining.planned import Indicator, PlannedPeriod
from reports.view.anchors import indicator_anchor
from reports.view.context import Context
from reports.view.names import conditions_in_words

MOST = 60
"""Lines of an indicator that a page shows: the latest ones; the JSON has all."""


@dataclass(frozen=True)
class LineView:
    """One period, and one group where the figures are by group."""

    period: str
    group: str
    planned: str
    actual: str
    difference: str
    share: str
    notes: tuple[str, ...]
    """Why the line is incomplete or doubtful."""


@dataclass(frozen=True)
class IndicatorView:
    """A planned figure."""

    anchor: str
    name: str
    counted: str
    """What is counted, over what."""
    standing: str
    standing_name: str
    source: str
    by: str
    """What the groups are; empty where there are none."""
    not_counted: str
    lines: tuple[LineView, ...]
    more: str


def indicator_views(c: Context) -> tuple[IndicatorView, ...]:
    """All of them, in the contract's order."""
    return tuple(_indicator(each, c) for each in c.audit.indicators)


def _indicator(indicator: Indicator, c: Context) -> IndicatorView:
    plan = indicator.plan
    where = c.t("list.semicolon").join(conditions_in_words(plan.activity_when, c.names))
    shown = indicator.periods[-MOST:]
    rest = len(indicator.periods) - len(shown)
    return IndicatorView(
        indicator_anchor(plan.id),
        plan.name.get(c.t.lang),
        c.t(
            "indicator.counted",
            a=c.names.activity(plan.activity),
            period=c.t(f"period.{plan.per}"),
            where=c.t("rule.where", conditions=where) if where else "",
        ),
        plan.authority.standing.value,
        c.t(f"standing.{plan.authority.standing}"),
        c.names.source(plan.authority),
        _by(plan.by, c),
        _not_counted(indicator, c),
        tuple(_line(each, indicator, c) for each in shown),
        c.t.count("indicator.more", rest) if rest else "",
    )


def _by(by: str, c: Context) -> str:
    if not by:
        return ""
    return c.names.attribute(by) if by in c.audit.model.attributes else c.t("column.role")


def _not_counted(indicator: Indicator, c: Context) -> str:
    if indicator.not_counted is None:
        return ""
    names = (
        c.names.activity(each) if each in c.audit.model.activities else c.t.or_else(f"column.{each}", each)
        for each in indicator.missing
    )
    why = c.t.or_else(f"unchecked.{indicator.not_counted}", indicator.not_counted)
    return c.t("indicator.not_counted", why=why, missing=c.t("list.and").join(names))


def _line(line: PlannedPeriod, indicator: Indicator, c: Context) -> LineView:
    plan, f = indicator.plan, c.formats
    notes = [c.t("indicator.cut")] if line.cut else []
    notes += [c.t("indicator.running")] if line.running else []
    if line.doubt:
        notes.append(c.t("indicator.doubt", why=c.t.or_else(f"reason.{line.doubt}", line.doubt)))
    difference = f.number(line.difference)
    return LineView(
        _period(line.period, plan.per, c),
        _group(line, plan.by, c) if plan.by else "",
        f.number(line.planned),
        f.number(line.actual),
        f"+{difference}" if line.difference is not None and line.difference > 0 else difference,
        f.percent(line.share),
        tuple(notes),
    )


def _group(line: PlannedPeriod, by: str, c: Context) -> str:
    if line.planned is None:
        return c.t("indicator.others")
    if by in c.audit.model.attributes:
        return c.persons.attribute(by, line.group)
    return c.persons.unit(line.group)


def _period(first_day: str, per: str, c: Context) -> str:
    """A period as people name it: 2024-03, 2024 Q1, 2024; a week by its Monday."""
    year, month, _ = first_day.split("-")
    if per == "quarter":
        return f"{year} Q{(int(month) + 2) // 3}"
    if per == "week":
        return c.t("indicator.week", day=first_day)
    return {"month": f"{year}-{month}", "year": year}.get(per, first_day)
