"""Cases to walk through: what happened, beside the reference path it comes nearest to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mining.findings import CaseFile, Finding, Move, SourceRow
from reports.view.anchors import case_anchor, occurrence_anchor
from reports.view.context import Context
from reports.view.evidence import row_view
from reports.view.texts import rule_texts


@dataclass(frozen=True)
class CaseLine:
    """An event, a task of the reference path, or both."""

    kind: str
    """'sync', 'log', 'model' or 'beside'."""
    verdict: str
    """What the alignment says of it, in words."""
    time: str
    label: str
    who: str
    place: str
    task: str
    ambiguous: bool


@dataclass(frozen=True)
class CaseView:
    """A case file."""

    anchor: str
    case: str
    status: str
    variant: int
    attributes: tuple[tuple[str, str], ...]
    lines: tuple[CaseLine, ...]
    truncated: str
    cited: tuple[tuple[str, tuple[str, ...]], ...]
    """(title of the finding, anchors of the occurrences)."""
    deviations: int


def case_views(c: Context) -> tuple[CaseView, ...]:
    """All case files, by case id."""
    cited = _citations(c.audit.findings, c)
    files = c.audit.case_files
    return tuple(
        _case(files[id], tuple((title, tuple(places)) for title, places in cited[id].items()), c)
        for id in sorted(files)
    )


def _case(case: CaseFile, cited: tuple[tuple[str, tuple[str, ...]], ...], c: Context) -> CaseView:
    lines = tuple(_line(row, move, c) for row, move in aligned(case.timeline, case.moves))
    return CaseView(
        case_anchor(case.case_id),
        case.case_id,
        c.t(f"case.{case.status}"),
        case.variant,
        tuple((c.names.attribute(n), c.persons.attribute(n, v)) for n, v in case.attributes),
        lines,
        c.t.count("case.truncated", case.truncated) if case.truncated else "",
        cited,
        sum(move.kind in ("log", "model") for move in case.moves),
    )


def aligned(
    timeline: Sequence[SourceRow], moves: Sequence[Move]
) -> Iterator[tuple[SourceRow | None, Move | None]]:
    """Events and moves side by side; an event outside the flow has no move, a missing task no event."""
    at = 0
    for move in moves:
        if move.kind in ("model", "unseen"):
            yield None, move
            continue
        found = next((i for i in range(at, len(timeline)) if _is(timeline[i], move)), None)
        if found is None:  # the timeline was cut
            yield None, move
            continue
        for beside in timeline[at:found]:
            yield beside, None
        yield timeline[found], move
        at = found + 1
    for beside in timeline[at:]:
        yield beside, None


def _is(row: SourceRow, move: Move) -> bool:
    return move.activity in (row.activity_id, row.activity)


def _line(row: SourceRow | None, move: Move | None, c: Context) -> CaseLine:
    kind = move.kind if move else "beside"
    event = row_view(row, 0, c) if row else None
    on_path = move is not None and move.kind != "log"
    return CaseLine(
        kind,
        c.t(f"move.{kind}"),
        event.time if event else "",
        row.activity if row else "",
        event.who if event else "",
        event.place if event else "",
        c.names.activity(move.activity) if move and on_path else "",
        move.ambiguous if move else False,
    )


def _citations(findings: Sequence[Finding], c: Context) -> dict[str, dict[str, list[str]]]:
    """By case the findings that cite it, as either case of a pair: title → anchors."""
    cited: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for finding in findings:
        title = rule_texts(finding.rule, c.names).title
        if c.audit.foreign(finding.rule):
            continue
        for each in finding.worst:
            other = None if finding.rule.systems else each.related_case
            for case in dict.fromkeys((each.case_id, other or each.case_id)):
                cited[case].setdefault(title, []).append(occurrence_anchor(each.fingerprint))
    return cited
