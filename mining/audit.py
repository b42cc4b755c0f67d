"""One audit: a log judged against a reference model at one instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import ibis
import ibis.expr.types as ir
import pandas as pd

from logs.event_log import EventLog
from logs.key_links import KeyLink
from logs.problems import InputError, Problem
from mining import quality
from mining.alignment import TooLargeError, reachability_graph
from mining.audit_result import Audit
from mining.bound_log import BoundLog, as_of, bind
from mining.by_version import (
    by_version,
    judging_versions,
    midnight,
    settled_not_checked,
    settled_rules,
    version_uses,
)
from mining.casefiles import case_files, evidence_rows
from mining.cited import with_sources
from mining.conformance import Conformance, conformance
from mining.detection import Detection, Evidence
from mining.detectors import detectors
from mining.discovery import discover
from mining.findings import (
    OCCURRENCE_COLUMNS,
    Cluster,
    Conclusion,
    CouldNotCheck,
    Counts,
    Discovery,
    Finding,
    Outcome,
    Population,
    Rate,
    Rule,
    Severity,
    Verdict,
)
from mining.indicators import indicators
from mining.ledger import with_ledgers
from mining.occurrences import with_fingerprint
from mining.promises import promises
from mining.rates import rates
from mining.severity_factors import raising_factors
from mining.worst import worst_occurrences
from reference_models.model import Net, ReferenceModel

WORST = 10
"""Occurrences of a finding that carry their evidence into the report."""
SHOWN_VARIANTS = 100
"""Most frequent variants listed; those of example cases come besides."""
SOURCE = "log"
"""Name of the only source of an audit of one log (part of every fingerprint); of several systems, the name
of the one whose cases a rule judges."""

AT_RISK = "at_risk"
"""Reason of a pending occurrence that a warning threshold has passed."""

Progress = Callable[[str], None]


def audit(
    log: EventLog,
    model: ReferenceModel,
    *,
    tool_version: str,
    as_of_us: int | None = None,
    now_us: int | None = None,
    worst: int = WORST,
    progress: Progress = lambda stage: None,
) -> Audit:
    """Judge a log against a reference model.

    `as_of_us` (microseconds since the epoch, UTC) defaults to the end of the stated window, else to the
    latest event (not after `now_us`, if that is given). The result is computed whole and survives the log's
    closing. Where the model has versions, a case is judged by the one in force when it began, and what looks
    at several cases by the one in force at the instant of judgement. Raises InputError for a required check
    that does not exist and `mining.alignment.TooLargeError` for a net beyond the cap.
    """
    _refuse_unknown_checks(model)
    progress("bind")
    versions: tuple[ReferenceModel, ...] = (model,)
    if model.earlier:
        instant, _ = as_of(log, as_of_us, now_us)
        *_, model = versions = judging_versions(model, instant, log.provenance.zone)
    bound = bind(log, model, as_of_us, now_us)
    progress("align")
    aligned = conformance(bound)
    evidence = Evidence(bound, aligned)
    bounds = by_version(bound, versions)
    parts = {
        version: evidence if each is bound else Evidence(each, conformance(each))
        for version, each in bounds.items()
    }
    found = _detect(evidence, parts, progress)
    progress("collect")
    findings = _findings(bound, aligned, found, worst)
    findings = tuple(with_ledgers(tuple(bounds.values()), each) for each in findings)
    files = case_files(bound, aligned, _example_cases(bound, findings))
    shown = sorted(
        {*range(1, min(SHOWN_VARIANTS, len(aligned.alignments)) + 1), *(f.variant for f in files.values())}
    )
    progress("discover")
    return Audit(
        tool_version=tool_version,
        as_of_us=bound.as_of_us,
        as_of_basis=bound.as_of_basis,
        model=model,
        provenance=log.provenance,
        population=_population(bound, aligned),
        conclusion=_conclusion(bound, findings, found.not_checked),
        findings=findings,
        not_checked=tuple(dict.fromkeys(found.not_checked)),
        rates=_rates(bound, bounds, found),
        discovery=_discovery(bound, aligned),
        variants=tuple(aligned.summary(number) for number in shown),
        variants_shown_cases=sum(aligned.variants.cases[number - 1] for number in shown),
        unknown_labels=bound.unknown_labels,
        occurrences=with_sources(bound, found.table),
        case_files=files,
        evidence=evidence_rows(bound, findings),
        excluded_examples=_excluded_examples(log),
        indicators=indicators(evidence),
        promises=promises(bounds.values()),
        systems=tuple(each.facts for each in log.systems),
        links=(*(each.join for each in log.systems if each.join is not None), *found.links),
        versions=version_uses(bound, versions, bounds),
    )


def _refuse_unknown_checks(model: ReferenceModel) -> None:
    """A required check that no detector makes could never fail, nor a severity for it count: told at once."""
    known = sorted(f"{detector.family}.{kind}" for detector in detectors() for kind in detector.kinds)
    problems = [
        Problem(
            f"{key}: no check '{name}'",
            f"{model.location}: {model.id}",
            mend=f"did you mean '{near[0]}'?"
            if (near := get_close_matches(name, known, 1))
            else ", ".join(known),
        )
        for key, name in _named_checks(model)
        if name not in known
    ]
    if problems:
        raise InputError(problems)


def _named_checks(model: ReferenceModel) -> Iterator[tuple[str, str]]:
    """(where the contract says it, 'family.kind')."""
    yield from (("required_checks", name) for name in sorted(model.required_checks))
    yield from (("severity", name.partition(":")[0]) for name in model.severity if "." in name)
    for each in model.severity_factors:
        if "." in each.of:
            yield f"severity_factors.{each.id}.of", each.of.partition(":")[0]


@dataclass(frozen=True)
class _Found:
    """What all detectors found together."""

    rules: dict[str, Rule]
    table: ir.Table
    """OCCURRENCE_COLUMNS of everything that is not conformant, and of what only looks like a violation."""
    counts: dict[str, Counts]
    """Per rule id."""
    reasons: dict[str, tuple[tuple[str, int], ...]]
    explained: dict[str, tuple[tuple[str, int], ...]]
    not_checked: tuple[CouldNotCheck, ...]
    clusters: dict[str, tuple[Cluster, ...]]
    """Per rule id, of rules that cluster their pairs."""
    links: tuple[KeyLink, ...] = ()
    by_version: dict[str, dict[str, Counts]] = field(default_factory=dict)
    """The counts of what each version of the model judged, where there are several."""


def _detect(whole: Evidence, parts: dict[str, Evidence], progress: Progress) -> _Found:
    """Run every detector: what looks at several cases on the whole log, the others on each version's part."""
    rules: dict[str, list[Rule]] = {version: [] for version in parts}
    tables: list[ir.Table] = []
    tallies: dict[str, list[pd.DataFrame]] = {version: [] for version in parts}
    not_checked: list[CouldNotCheck] = []
    clusters: dict[str, tuple[Cluster, ...]] = {}
    links: list[KeyLink] = []
    explained: ir.Table | None = None
    bound, newest = whole.bound, list(parts)[-1]
    required = whole.model.required_checks
    for number, detector in enumerate(detectors()):
        progress(f"detect {detector.family}: {', '.join(detector.kinds)}")
        unchecked = []
        for version, evidence in ({newest: whole} if detector.over_cases else parts).items():
            own = evidence.bound
            with own.scratch("judged_", "explained_", "clock_", "pauses_", "shared_"):
                detection = detector.detect(replace(evidence, explained=explained))
                if detection.occurrences is not None:
                    judged = own.store(f"judged_{number}", detection.occurrences)
                    detection = replace(detection, occurrences=judged)
                    # Conformant ones that bear a reason look like violations and are listed with it.
                    listed = (judged.verdict != Verdict.CONFORMANT.value) | judged.reason.notnull()
                    tables.append(judged.filter(listed))
                if detection.explains is not None:
                    owned = own.store(f"explained_{number}", detection.explains.select("row_no"))
                    explained = owned if explained is None else ibis.union(explained, owned)
                tallies[version].append(_tally(detection))
            rules[version] += detection.rules
            clusters |= detection.clusters
            links += detection.links
            unchecked.append(detection.not_checked)
        not_checked += [
            replace(each, required=f"{each.family}.{each.kind}" in required)
            for each in settled_not_checked(unchecked)
        ]
    settled = settled_rules(rules)
    together = ibis.union(*tables) if len(tables) > 1 else tables[0]
    marked = with_fingerprint(together, whole.model, _source(together, bound, settled)).select(
        *OCCURRENCE_COLUMNS
    )
    frames = {version: pd.concat(each, ignore_index=True) for version, each in tallies.items()}
    counts, reasons, innocent = _count(pd.concat(frames.values(), ignore_index=True))
    occurrences = bound.store("occurrences", marked)
    for number in range(len(detectors())):
        for evidence in (whole, *parts.values()):
            bound.log.backend.drop_table(f"judged_{number}{evidence.bound.suffix}", force=True)
    return _Found(
        settled,
        occurrences,
        counts,
        reasons,
        innocent,
        tuple(not_checked),
        clusters,
        tuple(links),
        {version: _count(frame)[0] for version, frame in frames.items()} if len(frames) > 1 else {},
    )


def _rates(bound: BoundLog, bounds: dict[str, BoundLog], found: _Found) -> tuple[Rate, ...]:
    """On-time rates, version by version where they differ in their deadlines."""
    models = [each.model for each in bounds.values()]
    if all(each.deadlines == bound.model.deadlines for each in models):
        return rates(bound.model, found.counts, bound)
    zone = bound.log.provenance.zone
    ends = [midnight(each.in_force_from, zone) for each in models[1:]]
    return tuple(
        rate
        for (version, part), until in zip(bounds.items(), [*ends, None], strict=True)
        for rate in rates(part.model, found.by_version.get(version, found.counts), part, version, until)
    )


def _source(table: ir.Table, bound: BoundLog, rules: dict[str, Rule]) -> ir.StringValue:
    """The name of the source whose case an occurrence is of."""
    own = bound.log.systems[0].facts.name if bound.log.systems else SOURCE
    other = {rule.id: rule.systems[0] for rule in rules.values() if rule.systems}
    return table.rule_id.cases(*other.items(), else_=own) if other else ibis.literal(own)


def _tally(detection: Detection) -> pd.DataFrame:
    """rule_id, verdict, reason, n."""
    columns = ["rule_id", "verdict", "reason", "n"]
    frames = [pd.DataFrame(columns=columns)]
    if detection.occurrences is not None:
        frames.append(detection.occurrences.group_by(columns[:3]).agg(n=ibis._.count()).to_pandas())
    if detection.conformant is not None:
        counted = detection.conformant.to_pandas()
        frames.append(counted.assign(verdict=Verdict.CONFORMANT.value, reason=None)[columns])
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)


_Reasons = dict[str, tuple[tuple[str, int], ...]]
"""Per rule id (reason, occurrences), the most frequent first."""


def _count(tally: pd.DataFrame) -> tuple[dict[str, Counts], _Reasons, _Reasons]:
    """Per rule the verdicts, why occurrences are undecided, and why conformant ones look violated."""
    verdicts: dict[str, dict[str, int]] = {}
    undecided: dict[str, dict[str, int]] = {}
    explained: dict[str, dict[str, int]] = {}
    columns = (tally[name].tolist() for name in ("n", "rule_id", "verdict", "reason"))
    for n, rule, verdict, reason in zip(*columns, strict=True):
        per_rule = verdicts.setdefault(rule, {})
        per_rule[verdict] = per_rule.get(verdict, 0) + n
        if isinstance(reason, str) and verdict != Verdict.VIOLATED:
            reasons = explained if verdict == Verdict.CONFORMANT else undecided
            why = reasons.setdefault(rule, {})
            why[reason] = why.get(reason, 0) + n
    counts = {rule: Counts(**per_rule) for rule, per_rule in verdicts.items()}
    return counts, _ordered(undecided), _ordered(explained)


def _ordered(reasons: dict[str, dict[str, int]]) -> _Reasons:
    return {
        rule: tuple(sorted(why.items(), key=lambda item: (-item[1], item[0])))
        for rule, why in reasons.items()
    }


def _findings(bound: BoundLog, aligned: Conformance, found: _Found, worst: int) -> tuple[Finding, ...]:
    violated = found.table.filter(found.table.verdict == Verdict.VIOLATED.value)
    # Cases of another system are none of the log's, though their ids may be spelled alike.
    foreign = [rule.id for rule in found.rules.values() if _foreign(bound, rule)]
    own = violated.case_id
    if foreign:
        own = ibis.ifelse(violated.rule_id.isin(foreign), ibis.null("string"), own)
    inside = violated.mutate(own=own)
    traced = aligned.variants.case_variants.select("variant", own="case_id")
    with_variant = inside.left_join(traced, "own") if foreign else inside.inner_join(traced, "own")
    facts = (
        with_variant.group_by("rule_id")
        .agg(
            cases=with_variant.case_id.nunique(),
            variants=with_variant.variant.nunique(),
            ambiguous=with_variant.ambiguous.sum(),
            exposure=with_variant.amount.sum(),
        )
        .to_pandas()
        .set_index("rule_id")
    )
    examples = worst_occurrences(violated, worst)
    innocent = found.table.filter(found.table.verdict == Verdict.CONFORMANT.value)
    look_alikes = worst_occurrences(innocent, worst) if found.explained else {}
    near = found.table.filter((found.table.reason == AT_RISK).fill_null(False))
    warned = worst_occurrences(near, worst) if any(map(_warns, found.reasons.values())) else {}
    raised = raising_factors(
        bound.model, found.rules, inside.drop("case_id").rename(case_id="own"), bound.cases
    )
    findings = []
    for rule_id, counts in found.counts.items():
        if counts.total == 0:
            continue
        rule = found.rules[rule_id]
        fact = facts.loc[rule_id] if rule_id in facts.index else None
        exposure = None if fact is None or pd.isna(fact.exposure) else float(fact.exposure)
        clusters = found.clusters.get(rule_id)
        if clusters is not None:  # an order in several pairs counts once
            exposure = _sum_or_none(each.exposure for each in clusters)
        factors = raised.get(rule_id, ())
        findings.append(
            Finding(
                rule=rule,
                counts=counts,
                severity=max((rule.severity, *(each.to for each in factors)))
                if counts.violated
                else Severity.INFO,
                cases_violated=0 if fact is None else int(fact.cases),
                reasons=found.reasons.get(rule_id, ()),
                ambiguous=0 if fact is None else int(fact.ambiguous),
                exposure=exposure,
                worst=tuple(examples.get(rule_id, ())),
                variants_violated=0 if fact is None else int(fact.variants),
                raised=factors,
                explained=found.explained.get(rule_id, ()),
                look_alikes=tuple(look_alikes.get(rule_id, ())),
                warned=tuple(warned.get(rule_id, ())),
                clusters=(clusters or ())[:worst],
                clusters_total=len(clusters or ()),
            )
        )
    findings.sort(key=lambda f: (-f.severity, -f.counts.violated, f.rule.id))
    return tuple(findings)


def _warns(reasons: tuple[tuple[str, int], ...]) -> bool:
    return any(reason == AT_RISK for reason, _ in reasons)


def _sum_or_none(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [each for each in values if each is not None]
    return sum(known) if known else None


def _foreign(bound: BoundLog, rule: Rule) -> bool:
    """Whether a rule's cases are those of another system than the log's."""
    return bool(rule.systems) and rule.systems[0] != bound.log.systems[0].facts.name


def _example_cases(bound: BoundLog, findings: Iterable[Finding]) -> list[str]:
    cases: dict[str, None] = {}
    for finding in findings:
        if _foreign(bound, finding.rule):
            continue
        for occurrence in finding.worst:
            cases[occurrence.case_id] = None
            if occurrence.related_case and not finding.rule.systems:
                cases[occurrence.related_case] = None
    return list(cases)


def _population(bound: BoundLog, aligned: Conformance) -> Population:
    cases = bound.cases
    facts = (
        cases.agg(
            cases=cases.count(),
            closed=cases.closed.sum().fill_null(0),
            before=cases.began_before.sum().fill_null(0),
            excluded=(cases.excluded_rows > 0).sum().fill_null(0),
            unknown=(cases.unknown_events > 0).sum().fill_null(0),
            events=cases.events.sum().fill_null(0),
            first=cases.first_us.min(),
            last=cases.last_us.max(),
        )
        .to_pandas()
        .iloc[0]
    )
    weights = aligned.variants.cases
    precision, precision_share = _precision(bound.model.net, aligned)
    costs = aligned.variants.case_variants.inner_join(aligned.costs, "variant")
    aligned_cases = costs.agg(
        cases=costs.count(),
        exact=costs.exact.sum().fill_null(0),
        fitting=(costs.cost == 0).sum().fill_null(0),
    ).to_pandas()
    total, exact, fitting = (int(aligned_cases[name].iloc[0]) for name in ("cases", "exact", "fitting"))
    return Population(
        events_read=int(facts.events) + bound.events_later,
        events_judged=int(facts.events),
        events_later=bound.events_later,
        cases=int(facts.cases),
        closed=int(facts.closed),
        open=int(facts.cases - facts.closed),
        began_before_window=int(facts.before),
        cases_with_excluded_rows=int(facts.excluded) - _only_older(bound),
        cases_with_unknown_activities=int(facts.unknown),
        variants=len(weights),
        first_us=None if pd.isna(facts["first"]) else int(facts["first"]),
        last_us=None if pd.isna(facts["last"]) else int(facts["last"]),
        exact_share=exact / total if total else 1.0,
        fitting_cases=fitting,
        fitness=quality.fitness(
            aligned.variants.variants,
            aligned.alignments,
            weights,
            bound.model.costs,
            aligned.shortest_run,
        ),
        precision=precision,
        precision_share=precision_share,
    )


def _only_older(bound: BoundLog) -> int:
    """Cases without rejected rows that count as if they had some: they are older than a joined export."""
    cases = bound.log.cases
    if "_older" not in cases.columns:
        return 0
    older = cases.filter(cases["_older"] > 0, cases["_older"] == cases.excluded_rows)
    return int(older.semi_join(bound.cases, "case_id").count().execute())


def _precision(net: Net, aligned: Conformance) -> tuple[float | None, float | None]:
    """Precision, and the share of cases that it rests on."""
    try:
        graph = reachability_graph(net)
    except TooLargeError:
        return None, None
    judged = graph, aligned.alignments, aligned.variants.cases
    return quality.precision(*judged), quality.precision_share(*judged)


def _conclusion(
    bound: BoundLog, findings: tuple[Finding, ...], not_checked: Iterable[CouldNotCheck]
) -> Conclusion:
    provenance = bound.log.provenance
    reasons = []
    systems = bound.log.systems
    read = [each.facts.provenance for each in systems] or [provenance]
    if any(each.reject_share > each.reject_limit for each in read):
        reasons.append("reject_limit")
    if any(each.required for each in not_checked):
        reasons.append("required_check")
    if systems and any(each.reason == "source_missing" for each in not_checked):
        reasons.append("source_missing")
    reasons += [
        f"source_{what}" for what in ("empty", "stale") if any(getattr(s.facts, what) for s in systems)
    ]
    if not int(bound.cases.count().execute()):
        reasons.append("no_cases")
    elif not bound.activities_seen:
        reasons.append("no_known_activity")
    violated = any(finding.is_violated for finding in findings)
    # What the model does not ask for leaves nothing undecided.
    unchecked = any(each.reason != "not_in_model" for each in not_checked)
    undecided = unchecked or any(finding.counts.not_determinable for finding in findings)
    outcome = (
        Outcome.INCONCLUSIVE
        if reasons
        else Outcome.VIOLATIONS
        if violated
        else Outcome.UNDECIDED
        if undecided
        else Outcome.CONFORMANT
    )
    return Conclusion(outcome, tuple(reasons), violated)


def _discovery(bound: BoundLog, aligned: Conformance) -> Discovery:
    traces: dict[tuple[str, ...], int] = {}
    for variant, cases in zip(aligned.variants.variants, aligned.variants.cases, strict=True):
        traces[variant.trace] = traces.get(variant.trace, 0) + cases
    ordered = sorted(traces.items(), key=lambda item: (-item[1], item[0]))
    unknown = aligned.variants.unknown
    return discover(bound.steps, bound.alphabet, ordered, unknown=unknown, with_roles="role" in bound.fields)


def _excluded_examples(log: EventLog, per_reason: int = 5) -> tuple[tuple[str, int, str, str, str], ...]:
    first, *others = [each.excluded for each in log.systems] or [log.excluded]
    excluded = ibis.union(first, *others) if others else first
    order = ibis.window(group_by=["disposition", "reason"], order_by=["file_no", "source_row", "column"])
    first = excluded.mutate(rank=ibis.row_number().over(order)).filter(ibis._.rank < per_reason)
    frame = first.order_by("disposition", "reason", "file_no", "source_row", "column").to_pandas()
    names = [file.name for file in log.provenance.files]
    return tuple(
        (names[int(row.file_no)], int(row.source_row), str(row.reason), _text(row.column), _text(row.value))
        for row in frame.itertuples()
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
