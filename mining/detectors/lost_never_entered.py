"""Never entered: a gap in the numbering of the cases."""

from __future__ import annotations

import re
from typing import ClassVar

import ibis
import ibis.expr.types as ir

from logs.event_log import Reason
from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import occurrences, rows_of
from reference_models.model import Numbering


class LostNeverEntered(Detector):
    """A lost ticket that was never entered (漏单): its number is missing.

    Meaning: the contract says that case numbers of one form (a prefix and digits) are given in sequence, and
    between two numbers that the log has one or more are missing. Each gap is one occurrence; the measure is
    how many numbers it holds. Only what lies between numbers of the log is looked at: from the lowest of a
    case that began in the stated window to the highest up to as-of. A number that comes up only in
    rejected, filtered or later rows is not missing.
    Needs: case; `numbering` in the contract.
    Verdicts: conformant for every number followed by the next; violated per gap; not determinable, where rows
    were rejected whose case could not be read: the number may be among them. Never pending.
    Source: domain.md, 'lost ticket' (S2: paper work orders lost or forgotten); design.md, 'Findings'.
    Re-perform: list the case numbers of the export once each; write the digits into B with
    `=VALUE(MID(A2, LEN(prefix)+1, 20))`, sort by B, and write the step to the next one into C2 with `=B3-B2`.
    Wherever C is more than 1, numbers are missing: `=C2-1` of them, from `=B2+1` on.
    """

    family = Family.LOST
    kinds = ("never_entered",)
    over_cases = True
    order = 1

    examples: ClassVar[dict[str, Examples]] = {
        "never_entered": Examples(  # numbers of this form are given in sequence
            conforming="""
                case,activity,time
                NO-0007,受理,2024-03-04 09:00
                NO-0008,受理,2024-03-04 10:00
            """,
            violating="""
                case,activity,time
                NO-0007,受理,2024-03-04 09:00
                NO-0010,受理,2024-03-04 10:00
            """,
            as_of="2024-03-04T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per gap."""
        series = evidence.model.numbering
        if not series:
            return Detection(not_checked=(self.could_not("never_entered", "not_in_model", ("numbering",)),))
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        refused: list[CouldNotCheck] = []
        for number, each in enumerate(series):
            steps = evidence.bound.store(f"numbers_{number}", _steps(evidence, each))
            if not int(steps.count().execute()):
                refused.append(self.could_not("never_entered", "no_numbers", (each.prefix or each.id,)))
                continue
            rules.append(self.rule(evidence.model, "never_entered", each.id, each.authority, unit="numbers"))
            tables.append(self._judge(evidence, each, rules[-1].id, steps))
        if not tables:
            return Detection(not_checked=tuple(refused))
        found = evidence.bound.store("never_entered", ibis.union(*tables) if len(tables) > 1 else tables[0])
        kept = found.filter(found.verdict == Verdict.CONFORMANT.value)
        conformant = kept.group_by("rule_id").agg(n=kept.count())
        gaps = found.filter(found.verdict != Verdict.CONFORMANT.value)
        return Detection(tuple(rules), gaps, conformant, tuple(refused))

    def _judge(self, evidence: Evidence, series: Numbering, rule_id: str, steps: ir.Table) -> ir.Table:
        firsts = _first_rows(evidence)
        after = firsts.select(after_case=firsts.case_id, after_row=firsts.first_row)
        rows = steps.left_join(firsts, "case_id").drop("case_id_right")
        rows = rows.left_join(after, rows.next_case == after.after_case)
        missing = rows.following - rows.number - 1
        digits = (rows.number + 1).cast("string")
        padded = digits.lpad(series.digits, "0") if series.digits else digits
        unread = _unread_cases(evidence)
        gap = Verdict.NOT_DETERMINABLE if unread else Verdict.VIOLATED
        return occurrences(
            rows,
            rule_id=rule_id,
            case_id=rows.case_id,
            verdict=ibis.ifelse(missing > 0, gap.value, Verdict.CONFORMANT.value),
            reason=ibis.ifelse(missing > 0, "excluded_rows" if unread else ibis.null("string"), None),
            measure=missing,
            start_us=rows.first_us,
            anchor=ibis.literal(f"missing:{series.prefix}") + padded,
            rows=rows_of(rows.first_row, rows.after_row),
            related_case=rows.next_case,
        )


def _steps(evidence: Evidence, series: Numbering) -> ir.Table:
    """case_id, number, next_case, following: every number of the log within its bounds, and the next one."""
    bound = evidence.bound
    read = bound.log.events.select("case_id").distinct()
    excluded = bound.log.excluded.filter(bound.log.excluded.case_id.notnull()).select("case_id").distinct()
    known = _numbered(ibis.union(read, excluded), series)
    numbers = known.group_by("number").agg(case_id=known.case_id.min())
    judged = _numbered(bound.cases.select("case_id", "began_before"), series)
    ends = judged.agg(least=judged.number.min(where=~judged.began_before), most=judged.number.max())
    inside = numbers.cross_join(ends).filter(ibis._.number >= ibis._.least, ibis._.number <= ibis._.most)
    order = ibis.window(order_by="number")
    ordered = inside.mutate(
        following=inside.number.lead().over(order), next_case=inside.case_id.lead().over(order)
    )
    kept = ordered.filter(ordered.following.notnull())
    return kept.select("case_id", "number", "next_case", "following")


def _numbered(cases: ir.Table, series: Numbering) -> ir.Table:
    """The cases whose id is of the form, with its number."""
    digits = f"{{{series.digits}}}" if series.digits else "+"
    pattern = f"^{re.escape(series.prefix)}([0-9]{digits})$"
    number = cases.case_id.re_extract(pattern, 1).try_cast("int64")
    return (
        cases.filter(cases.case_id.re_search(pattern)).mutate(number=number).filter(ibis._.number.notnull())
    )


def _first_rows(evidence: Evidence) -> ir.Table:
    """case_id, first_us, first_row."""
    bound = evidence.bound
    cases = bound.cases.select("case_id", "first_us")
    first = bound.events.inner_join(cases, "case_id").filter(ibis._.t_us == ibis._.first_us)
    return first.group_by("case_id", "first_us").agg(first_row=first.row_no.min())


def _unread_cases(evidence: Evidence) -> bool:
    """Whether rows were rejected of which not even the case is known."""
    excluded = evidence.bound.log.excluded
    lost = excluded.filter(
        excluded.case_id.isnull(),
        excluded.disposition == "rejected",
        excluded.reason != Reason.BLANK_LINE.value,
    )
    return int(lost.count().execute()) > 0
