"""The texts of a finding: its title and those of its five parts that a rule alone decides."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import Family, Rule
from reference_models.model import Deadline
from reports.view.names import Names

_PARTS = ("title", "criterion", "meaning", "advice")


@dataclass(frozen=True)
class RuleTexts:
    """What the catalogue says of a rule."""

    title: str
    criterion: str
    meaning: str
    """What a violation means in the domain."""
    advice: str
    """Recommendation: where to begin."""


def rule_texts(rule: Rule, names: Names) -> RuleTexts:
    """The texts of 'finding.FAMILY.KIND.*'; a kind that the catalogue does not know gets general ones."""
    filled = {
        "kind": f"{rule.family}.{rule.kind}",
        "family": names.t(f"family.{rule.family}"),
        **names.placeholders(rule),
    }
    known = f"finding.{rule.family}.{rule.kind}"
    template = names.template(rule)
    nearer = [f"{known}.{template}"] if template else []
    if not rule.activities and not rule.label:
        nearer.append(f"{known}.general")
    title, criterion, meaning, advice = (
        names.t(names.t.nearest(*(f"{key}.{part}" for key in (*nearer, known, "finding.any"))), **filled)
        for part in _PARTS
    )
    return RuleTexts(title, criterion + _earlier(rule, names), meaning, advice)


def _earlier(rule: Rule, names: Names) -> str:
    """What earlier versions of the model asked of the cases of their time."""
    if not rule.earlier:
        return ""
    limits = [
        names.t(
            "rule.earlier.limit",
            version=version,
            limit=names.t("limit.none") if limit is None else names.formats.measure(limit, unit),
        )
        for version, limit, unit in rule.earlier
    ]
    return names.t("rule.earlier", limits=names.t("list.semicolon").join(limits))


def subject(rule: Rule, names: Names) -> str:
    """What a rule speaks of, without its kind: a handoff, a cell of a deadline table, an activity."""
    if rule.systems:
        return names.named_rule(rule)
    if rule.deadline:
        row = names.deadline_row(rule.deadline, rule.row)
        return names.t("subject.cell", row=row, category=rule.category)
    if rule.family is Family.HANDOFF and rule.activities:
        return " → ".join(map(names.activity, rule.activities))
    if rule.family is Family.DEVIATION or (rule.family is Family.LOST and rule.activities):
        return names.t("list.and").join(map(names.activity, rule.activities)) or rule.label
    return names.anything() if rule.kind == "stalled" else names.named_rule(rule)


def clock_in_words(clock: Deadline, names: Names) -> str:
    """From what to what a clock runs, in which calendar, what pauses it."""
    t = names.t
    return t(
        "rate.clock",
        a=names.activity(clock.start),
        b=names.activity(clock.stop),
        unit=t(f"clock.unit.{clock.unit}"),
        calendar=t.or_else(f"calendar.{clock.calendar}", clock.calendar),
        pauses=t("list.and").join(each.reason.get(t.lang) for each in clock.pauses) or t("rate.no_pause"),
        by=names.attribute(clock.by),
    )


def kind_name(family: str, kind: str, names: Names) -> str:
    """Name of a kind; 'family: kind' where the catalogue does not know it."""
    known = f"finding.{family}.{kind}.name"
    if known in names.t.texts:
        return names.t(known)
    return f"{names.t(f'family.{family}')}: {kind}"
