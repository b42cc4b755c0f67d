"""What changed since an earlier audit."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import Finding
from reports.diff import AuditDiff, Difference
from reports.formats import NONE
from reports.view.anchors import finding_anchor
from reports.view.context import Context
from reports.view.texts import rule_texts

SHOWN = 20


@dataclass(frozen=True)
class ChangeView:
    """One occurrence that is new, gone or changed."""

    title: str
    anchor: str | None
    case: str
    before: str
    after: str
    fields: str


@dataclass(frozen=True)
class ComparisonView:
    """The comparison with an earlier audit."""

    head: str
    cautions: tuple[str, ...]
    groups: tuple[tuple[str, tuple[ChangeView, ...], str], ...]
    """(heading with the number, the first ones, how many more)."""
    unchanged: str


def comparison_view(diff: AuditDiff, c: Context) -> ComparisonView:
    """The view of a comparison."""
    rules = {finding.rule.id: finding for finding in c.audit.findings}
    groups = []
    for name, differences in (("new", diff.new), ("gone", diff.gone), ("changed", diff.changed)):
        rest = len(differences) - SHOWN
        more = c.t("diff.more", n=c.formats.number(rest)) if rest > 0 else ""
        shown = tuple(_change(each, rules.get(each.rule_id), c) for each in differences[:SHOWN])
        groups.append((c.t(f"diff.{name}", n=c.formats.number(len(differences))), shown, more))
    a, b = (f"{each.model} {each.model_version}, {each.as_of}" for each in (diff.a, diff.b))
    return ComparisonView(
        c.t("diff.head", a=a, b=b),
        tuple(c.t(f"diff.caution.{code}") for code in diff.cautions),
        tuple(groups),
        c.t("diff.unchanged", n=c.formats.number(diff.unchanged)),
    )


def _change(difference: Difference, finding: Finding | None, c: Context) -> ChangeView:
    def verdict(code: str | None) -> str:
        return c.t.or_else(f"verdict.{code}", code) if code else c.t("diff.unlisted")

    fields = c.t("list.and").join(c.t.or_else(f"diff.field.{each}", each) for each in difference.fields)
    return ChangeView(
        rule_texts(finding.rule, c.names).title if finding else difference.rule_id,
        finding_anchor(difference.rule_id) if finding else None,
        difference.case_id,
        verdict(difference.before),
        verdict(difference.after),
        fields or NONE,
    )
