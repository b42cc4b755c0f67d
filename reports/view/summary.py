"""The summary: what the run says as a whole, and what it could not say."""

from __future__ import annotations

from dataclasses import dataclass

from mining.findings import Counts, Family, Outcome
from reports.view.context import Context
from reports.view.leading import LEADING, LeadingView, leading_views
from reports.view.not_checked import NotCheckedView, not_checked_views


@dataclass(frozen=True)
class FamilyLine:
    """One family of findings."""

    name: str
    rules: str
    rules_violated: str
    violated: str
    conformant: str
    pending: str
    not_determinable: str
    severity: str
    severity_name: str
    """The gravest of its findings; '' where nothing is violated."""
    not_checked: str


@dataclass(frozen=True)
class SummaryView:
    """The first page."""

    outcome: str
    outcome_name: str
    sentence: str
    reasons: tuple[str, ...]
    tiles: tuple[tuple[str, str, str, str], ...]
    """(verdict, name, number, what it means)."""
    warned: str
    """How many pending obligations are near their limit; empty where none is."""
    families: tuple[FamilyLine, ...]
    leading: tuple[LeadingView, ...]
    leading_more: str
    not_checked: tuple[NotCheckedView, ...]


def summary_view(c: Context) -> SummaryView:
    """The summary of the audit."""
    conclusion = c.audit.conclusion
    totals = _sum(c, None)
    violated = sum(each.is_violated for each in c.audit.findings)
    warned = sum(dict(each.reasons).get("at_risk", 0) for each in c.audit.findings)
    leading = leading_views(c)
    rest = len(leading) - LEADING
    sentence = (
        "outcome.inconclusive.with_findings"
        if (conclusion.outcome is Outcome.INCONCLUSIVE and conclusion.has_violations)
        else f"outcome.{conclusion.outcome}.sentence"
    )
    return SummaryView(
        outcome=conclusion.outcome.value,
        outcome_name=c.t(f"outcome.{conclusion.outcome}"),
        sentence=c.t(
            sentence,
            rules=c.formats.number(violated),
            violated=c.formats.number(totals.violated),
            undecided=c.formats.number(totals.undecided),
            unchecked=c.formats.number(len(c.audit.not_checked)),
        ),
        reasons=tuple(c.t.or_else(f"conclusion.{each}", each) for each in conclusion.reasons),
        tiles=tuple(
            (verdict, c.t(f"verdict.{verdict}"), c.formats.number(number), c.t(f"verdict.{verdict}.meaning"))
            for verdict, number in vars(totals).items()
        ),
        warned=c.t.count("summary.warned", warned) if warned else "",
        families=tuple(_family(c, family) for family in Family),
        leading=leading[:LEADING],
        leading_more=c.t.count("summary.more", rest) if rest > 0 else "",
        not_checked=not_checked_views(c),
    )


def _sum(c: Context, family: Family | None) -> Counts:
    counts = [each.counts for each in c.audit.findings if family in (None, each.rule.family)]
    return Counts(
        sum(each.conformant for each in counts),
        sum(each.violated for each in counts),
        sum(each.pending for each in counts),
        sum(each.not_determinable for each in counts),
    )


def _family(c: Context, family: Family) -> FamilyLine:
    findings = [each for each in c.audit.findings if each.rule.family is family]
    violated = [each for each in findings if each.is_violated]
    gravest = max((each.severity for each in violated), default=None)
    totals = _sum(c, family)
    n = c.formats.number
    return FamilyLine(
        c.t(f"family.{family}"),
        n(len(findings)),
        n(len(violated)),
        n(totals.violated),
        n(totals.conformant),
        n(totals.pending),
        n(totals.not_determinable),
        gravest.name.lower() if gravest is not None else "",
        c.names.severity(gravest) if gravest is not None else "",
        n(sum(each.family is family for each in c.audit.not_checked)),
    )
