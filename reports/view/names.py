"""Names of activities, roles and limits in the language of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logs.key_links import CASE
from mining.findings import Rule, Severity
from mining.ways_on import END
from reference_models.model import (
    Authority,
    Comparison,
    Deadline,
    DeadlineRow,
    DeclareRule,
    ReferenceModel,
)
from reports.catalogue import Catalogue
from reports.formats import NONE, Formats


@dataclass(frozen=True)
class Names:
    """Looks names up in a model; an id that the model does not know is shown as it is."""

    model: ReferenceModel
    t: Catalogue
    formats: Formats

    def activity(self, id: str) -> str:
        """An activity, or the label itself."""
        known = self.model.activities.get(id)
        return known.name.get(self.t.lang) if known else id

    def role(self, id: str | None) -> str:
        """A role."""
        known = self.model.roles.get(id) if id else None
        return known.name.get(self.t.lang) if known else id or NONE

    def element(self, id: str, drawn: str) -> str:
        """An element of the diagram: an activity, a name in both languages, or the name as drawn."""
        if id in self.model.activities:
            return self.activity(id)
        return self.model.texts[id].get(self.t.lang) if id in self.model.texts else drawn

    def attribute(self, id: str) -> str:
        """An attribute."""
        known = self.model.attributes.get(id)
        return known.name.get(self.t.lang) if known else id

    def system(self, id: str) -> str:
        """A system."""
        known = self.model.systems.get(id)
        return known.get(self.t.lang) if known else id

    def deadline(self, id: str) -> Deadline | None:
        """A clock of the contract."""
        return next((each for each in self.model.deadlines if each.id == id), None)

    def deadline_row(self, deadline: str, row: str) -> str:
        """The name of a row of a deadline table."""
        clock = self.deadline(deadline)
        rows: tuple[DeadlineRow, ...] = clock.rows if clock else ()
        return next((each.name.get(self.t.lang) for each in rows if each.id == row), row)

    def source(self, authority: Authority) -> str:
        """The document that a criterion cites, with its title."""
        title = next((text.get(self.t.lang) for id, text in self.model.sources if id == authority.source), "")
        return self.t("source.titled", id=authority.source, title=title) if title else authority.source

    def reason(self, code: str) -> str:
        """A reason in words; what a code names after a colon are activities, or the end of the work."""
        kind, _, ids = code.partition(":")
        text = self.t.or_else(f"reason.{kind}", code)
        if not ids:
            return text
        steps = [self.t("activity.end") if each == END else self.activity(each) for each in ids.split(",")]
        return text.format(steps=self.t("list.or").join(steps))

    def severity(self, severity: Severity) -> str:
        """Severity in words."""
        return self.t(f"severity.{severity.name.lower()}")

    def limit(self, rule: Rule) -> str:
        """The limit of a rule in words; says so where there is none."""
        if rule.limit is None:
            return self.t("limit.none")
        return self.formats.measure(rule.limit, rule.unit)

    def placeholders(self, rule: Rule) -> dict[str, object]:
        """What the texts of a rule may speak of."""
        activities = [self.activity(each) for each in rule.activities]
        roles = [self.role(each) for each in rule.roles]
        clock = self.deadline(rule.deadline)
        fields = self.t("list.and").join(map(self.attribute, rule.fields))
        return {
            "a": activities[0] if activities else rule.label or NONE,
            "anything": self.anything(),
            "b": activities[-1] if activities else NONE,
            "role_a": roles[0] if roles else NONE,
            "role_b": roles[-1] if roles else NONE,
            "label": rule.label or NONE,
            "clock": clock.name.get(self.t.lang) if clock else rule.deadline or NONE,
            "row": self.deadline_row(rule.deadline, rule.row) if rule.row else NONE,
            "category": rule.category or NONE,
            "limit": self.limit(rule),
            "fields": fields or NONE,
            "rule": self.named_rule(rule),
            "steps": self.t("list.and").join(activities) or NONE,
            "within": "" if rule.limit is None else self.t("rule.within", limit=self.limit(rule)),
            "among": self.t("rule.among", fields=fields) if fields else "",
            **self._between(rule),
            **self.declared(rule),
            **self._per_period(rule),
        }

    def template(self, rule: Rule) -> str:
        """The DECLARE template of a rule; empty where it has none."""
        declared = self._declared(rule)
        return declared.template if declared else ""

    def declared(self, rule: Rule) -> dict[str, object]:
        """What the texts of a DECLARE rule speak of besides: its number, and conditions if it has any."""
        declared = self._declared(rule)
        if declared is None:
            return {}
        conditions = [*conditions_in_words(declared.when, self)]
        for activity, conditions_on in (
            (declared.activity, declared.activity_when),
            (declared.target or "", declared.target_when),
        ):
            conditions += [
                f"{self.activity(activity)}: {each}" for each in conditions_in_words(conditions_on, self)
            ]
        where = self.t("list.semicolon").join(conditions)
        return {
            "times": self.formats.number(declared.times),
            "where": self.t("rule.where", conditions=where) if where else "",
        }

    def _between(self, rule: Rule) -> dict[str, object]:
        """Both systems of a rule between two, and what their keys are called."""
        subject = rule.id.partition(":")[2]
        said = next((each for each in self.model.reconciliation if each.id == subject), None)
        if not rule.systems or said is None:
            return {}
        keys = {each.system: each.key for each in (said.sends, said.records)}
        shown = {
            name: self.t("key.case") if key == CASE else self.attribute(key) for name, key in keys.items()
        }
        one, other = rule.systems
        return {
            "system_a": self.system(one),
            "system_b": self.system(other),
            "key_a": shown.get(one, NONE),
            "key_b": shown.get(other, NONE),
        }

    def _per_period(self, rule: Rule) -> dict[str, object]:
        """The period of a limit on numbers, and whether it is the most or the least."""
        subject = rule.id.partition(":")[2]
        for each in self.model.per_period if rule.kind == "per_period" else ():
            if each.id == subject:
                bound = "at_least" if each.at_most is None else "at_most"
                return {"period": self.t(f"period.{each.per}"), "bound": self.t(f"bound.{bound}")}
        return {}

    def _declared(self, rule: Rule) -> DeclareRule | None:
        if rule.kind != "declare":
            return None
        subject = rule.id.partition(":")[2]
        return next((each for each in self.model.rules if each.id == subject), None)

    def anything(self) -> str:
        """'Any activity', or those without an idle limit of their own."""
        other = any(each.after for each in self.model.idle_limits)
        return self.t("activity.unlimited" if other else "activity.any")

    def named_rule(self, rule: Rule) -> str:
        """The contract's own name of a rule, else its id."""
        subject = rule.id.partition(":")[2]
        named = {each.id: each.name for each in self.model.told}
        named |= {each.id: each.name for each in self.model.duplicates}
        named |= {each.id: each.name for each in self.model.numbering}
        named |= {each.id: each.name for each in self.model.reconciliation}
        for rules in (self.model.rules, self.model.four_eyes, self.model.matches, self.model.per_period):
            named |= {each.id: each.name for each in rules}
        if subject in named:
            return named[subject].get(self.t.lang)
        return self.t.or_else(f"between.{subject}", subject or rule.id)


def conditions_in_words(conditions: Iterable[Comparison], names: Names) -> Iterator[str]:
    """Conditions on attributes in the signs that both languages share."""
    for each in conditions:
        bounds = (("≥", each.least), ("≤", each.most), (">", each.above), ("<", each.below))
        signs = [
            *([f"= {' / '.join(each.one_of)}"] if each.one_of else []),
            *([f"≠ {' / '.join(each.none_of)}"] if each.none_of else []),
            *(f"{sign} {names.formats.number(bound)}" for sign, bound in bounds if bound is not None),
        ]
        yield from (f"{names.attribute(each.attribute)} {sign}" for sign in signs)
