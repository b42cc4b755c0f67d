"""Rule → Finding → Occurrence: what should hold, what became of it, and each single obligation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from reference_models.model import Authority, SeverityFactor


class Verdict(StrEnum):
    """What became of one obligation."""

    CONFORMANT = "conformant"
    VIOLATED = "violated"
    PENDING = "pending"
    """Still in time at the as-of instant."""
    NOT_DETERMINABLE = "not_determinable"
    """The evidence does not say; the occurrence's `reason` names what is missing."""


class Severity(IntEnum):
    """How grave a finding is; only declared factors raise it."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Family(StrEnum):
    """Families of findings, in the order in which they own an alignment move."""

    HANDOFF = "handoff"
    DUPLICATE = "duplicate"
    LOST = "lost"
    DEADLINE = "deadline"
    RULE = "rule"
    DEVIATION = "deviation"


@dataclass(frozen=True)
class Basis:
    """Something else that a criterion rests on, beside what gives it its standing."""

    part: str
    """'clock', 'limit', 'warning', 'handoff', 'sender', 'receiver', 'role', 'identity', 'near' or
    'tolerance:ATTRIBUTE'."""
    authority: Authority


@dataclass(frozen=True)
class Rule:
    """A rule of a reference model: the criterion of a finding."""

    id: str
    """'family.kind:subject', stable over versions of the model, e.g. 'handoff.dropped:a->b'."""
    family: Family
    kind: str
    """Kind within the family: 'dropped', 'late', 'skipped' …; reports carry a text per family.kind."""
    authority: Authority
    severity: Severity
    """The contract's default; at most LOW where only assumed steps are at stake."""
    activities: tuple[str, ...] = ()
    """Activity ids it speaks of; of a handoff: sender, receiver; of a clock: start, stop."""
    roles: tuple[str, ...] = ()
    """Role ids; of a handoff: the sender's, the receiver's."""
    label: str = ""
    """A label of the log that is no activity of the model."""
    deadline: str = ""
    row: str = ""
    """Deadline row id."""
    category: str = ""
    """Class within the deadline row."""
    limit: float | None = None
    unit: str = ""
    """Unit of limit and measures: 'working_days', 'days', 'hours', 'returns', 'orders', 'events' or ''."""
    fields: tuple[str, ...] = ()
    """Attributes compared (duplicate identity)."""
    systems: tuple[str, ...] = ()
    """Of a rule between two systems: the one whose cases it judges, and the other; else empty."""
    earlier: tuple[tuple[str, float | None, str], ...] = ()
    """(version, limit, unit) of earlier versions that set another limit, for the cases of their time."""
    rests_on: tuple[Basis, ...] = ()
    """What else it rests on, no better founded than `authority`: the assumed clock of a sourced limit."""


OCCURRENCE_COLUMNS: dict[str, str] = {
    "fingerprint": "string",  # see `mining.occurrences.fingerprint`
    "rule_id": "string",
    "case_id": "string",
    "verdict": "string",  # Verdict
    "reason": "string",  # a code: what is missing (not determinable) or why pending; else null
    "measure": "float64",  # in the rule's unit; null where nothing is measured
    "limit": "float64",  # the limit in force for this occurrence; null where none
    "start_us": "int64",  # when the obligation began
    "due_us": "int64",  # when it had to be met; null without a limit
    "end_us": "int64",  # when it was met; null: not (yet)
    "anchor": "string",  # event id, or 'activity#ordinal' in the case: what the fingerprint names
    "rows": "array<int64>",  # row_no of the events that are the evidence, in order of time
    "ambiguous": "boolean",  # true: another optimal alignment explains the case otherwise
    "related_case": "string",  # the other case of a pair, else null
    "amount": "float64",  # exposure in money, where the contract names it, else null
    # Of a pair of orders: why it matched, see FieldMatch; else null.
    "matched": "array<struct<field: string, how: string, first: string, second: string, measure: float64, "
    "limit: float64>>",
}
"""Columns of the occurrence table. Unit of all times: microseconds since the epoch, UTC.

`Audit.occurrences` has one more, `sources`: per entry of `rows` the place in the input as (index into
`Provenance.files`, row as a spreadsheet counts it), written 'file:row', e.g. '0:17'.
"""


@dataclass(frozen=True)
class SourceRow:
    """An event as evidence: where it stands in the input."""

    row_no: int
    file: str
    row: int
    case_id: str
    activity: str
    """Label as the export spells it."""
    activity_id: str | None
    """Activity of the model, None if unknown."""
    t_us: int
    resource: str | None
    role: str | None
    lifecycle: str | None = None


@dataclass(frozen=True)
class ClockInterval:
    """A stretch of a clock's ledger."""

    state: str
    """'running', 'paused' or 'off' (outside the calendar)."""
    from_us: int
    until_us: int
    counted: float
    """What the stretch adds to the measure, in the clock's unit."""


@dataclass(frozen=True)
class FieldMatch:
    """One field of a pair of orders: how the two values agree."""

    field: str
    """Attribute; empty: the date of the order."""
    how: str
    """'equal'; 'spelling' (equal but for width, case, punctuation, spaces, O and 0, leading zeros); 'similar'
    (texts); 'within' (numbers); 'date'."""
    first: str | None
    """Value of the earlier order, as the export spells it; None for the date."""
    second: str | None
    measure: float | None
    """Similarity from 0 to 1, difference of the numbers, days between the dates; None: not measured."""
    limit: float | None
    """Least similarity, greatest difference, greatest number of days; None: the field must be equal."""


@dataclass(frozen=True)
class Cluster:
    """Orders that repeat one another, directly or through others: a connected component of violated pairs."""

    orders: int
    cases: tuple[str, ...]
    """The first ones by time of the order, each once; see `cases_total`."""
    cases_total: int
    first_us: int
    """Time of the first order."""
    last_us: int
    total: float | None
    """Money of all orders; None where none has an amount."""
    exposure: float | None
    """Money of all but the first order, each order once."""


@dataclass(frozen=True)
class Occurrence:
    """One obligation in one case; the fields are those of OCCURRENCE_COLUMNS."""

    fingerprint: str
    rule_id: str
    case_id: str
    verdict: Verdict
    reason: str | None
    measure: float | None
    limit: float | None
    start_us: int | None
    due_us: int | None
    end_us: int | None
    anchor: str
    rows: tuple[int, ...]
    ambiguous: bool
    related_case: str | None
    amount: float | None
    ledger: tuple[ClockInterval, ...] = ()
    """Only of the worst deadline occurrences: how the measure came about."""
    matched: tuple[FieldMatch, ...] = ()
    """Only of pairs of orders: why they matched."""


@dataclass(frozen=True)
class Counts:
    """Occurrences per verdict; a rate shows numerator, denominator and undecided."""

    conformant: int = 0
    violated: int = 0
    pending: int = 0
    not_determinable: int = 0

    @property
    def decided(self) -> int:
        """Denominator of the rate."""
        return self.conformant + self.violated

    @property
    def undecided(self) -> int:
        """Pending and not determinable."""
        return self.pending + self.not_determinable

    @property
    def total(self) -> int:
        """All occurrences."""
        return self.decided + self.undecided


@dataclass(frozen=True)
class Raised:
    """A declared factor that raised the severity of a finding."""

    factor: SeverityFactor
    to: Severity
    """What it raises the finding to: the factor's, at most LOW where the criterion is assumed."""
    occurrences: int
    """Violated occurrences that meet it."""


@dataclass(frozen=True)
class Finding:
    """A rule with what became of it."""

    rule: Rule
    counts: Counts
    severity: Severity
    """The rule's, raised by declared factors; INFO where nothing is violated."""
    cases_violated: int
    reasons: tuple[tuple[str, int], ...]
    """(reason code, occurrences) of those pending or not determinable."""
    ambiguous: int
    """Violated occurrences that another optimal alignment explains otherwise."""
    exposure: float | None
    """Money at stake over the violated occurrences, where the contract names an amount."""
    worst: tuple[Occurrence, ...]
    """The worst violated occurrences, worst first (overrun, then amount, then case, then anchor)."""
    variants_violated: int = 0
    """Distinct variants among the cases violated."""
    raised: tuple[Raised, ...] = ()
    """The factors that raised it above the rule's severity, in the contract's order."""
    explained: tuple[tuple[str, int], ...] = ()
    """(reason code, occurrences) of those that only look like violations, and count as conformant."""
    look_alikes: tuple[Occurrence, ...] = ()
    """The first of them with their evidence, in the order of the worst."""
    warned: tuple[Occurrence, ...] = ()
    """Pending occurrences past a warning threshold ('at_risk' in `reasons`): those nearest to their limit."""
    clusters: tuple[Cluster, ...] = ()
    """The clusters of its pairs with the greatest exposure; `exposure` is then that of all clusters."""
    clusters_total: int = 0

    @property
    def cause(self) -> None:
        """Not determined: the data do not say; an auditor does."""

    @property
    def is_violated(self) -> bool:
        """Whether anything was found."""
        return self.counts.violated > 0


@dataclass(frozen=True)
class CouldNotCheck:
    """A check that could not run, and why: never the same as 'no findings'."""

    family: Family
    kind: str
    reason: str
    """A code: 'field_missing', 'no_limit_given', 'not_in_model', 'no_events', 'calendar_ends'."""
    missing: tuple[str, ...] = ()
    """Columns, attributes or contract entries that are missing."""
    required: bool = False
    """True: the contract requires the check, so the run is inconclusive."""


@dataclass(frozen=True)
class Rate:
    """On-time rate of one row and class of a deadline table."""

    deadline: str
    row: str
    category: str
    limit: float | None
    unit: str
    target: float | None
    counts: Counts
    low: float | None
    """Lower end of the 95 % Wilson score interval of conformant / decided; None without decided cases."""
    high: float | None
    authority: Authority
    planned_per_month: float | None = None
    actual_per_month: float | None = None
    version: str = ""
    """The version of the model that judged these cases, where versions differ in their deadlines."""

    @property
    def rate(self) -> float | None:
        """conformant / decided; None without decided cases."""
        return self.counts.conformant / self.counts.decided if self.counts.decided else None


@dataclass(frozen=True)
class Move:
    """One move of an alignment."""

    kind: str
    """'sync', 'log' (event without task), 'model' (task without event) or 'unseen' (task without event in an
    export that could not show it once more); silent moves are left out."""
    activity: str
    """Activity id; of a log move on an unknown label: the label."""
    position: int | None
    """Index of the event in the trace; None for a task without event."""
    ambiguous: bool = False
    """True: some other optimal alignment does without this deviation."""


@dataclass(frozen=True)
class VariantSummary:
    """Cases that took the same way."""

    id: int
    """From 1, most cases first; ties by the trace's text."""
    trace: tuple[str, ...]
    """Activity ids; unknown labels as they are, marked by `unknown`."""
    unknown: tuple[bool, ...]
    cases: int
    open_cases: int
    mode: str
    """'complete' (closed cases), 'prefix' (open), 'suffix' (began before the window) or 'infix'."""
    cost: int
    """Cost of an optimal alignment: 0 is fitting."""
    exact: bool
    moves: tuple[Move, ...]
    example_case: str


@dataclass(frozen=True)
class CaseFile:
    """One case to walk through: what happened, beside the path of the model it comes nearest to."""

    case_id: str
    variant: int
    status: str
    """'closed' or 'open'."""
    attributes: tuple[tuple[str, str], ...]
    timeline: tuple[SourceRow, ...]
    """All events up to as-of, by time then row_no; includes events outside the flow."""
    moves: tuple[Move, ...]
    truncated: int = 0
    """Events left out of the timeline because the case is very long."""


@dataclass(frozen=True)
class Node:
    """An activity of the discovered map."""

    activity: str
    """Activity id, or the label where it is unknown to the model."""
    known: bool
    events: int
    cases: int


@dataclass(frozen=True)
class Edge:
    """Directly-follows: in how many cases b came next after a, and how long that took."""

    source: str
    """Activity; '' is the start of the case."""
    target: str
    """Activity; '' is the end of the case."""
    count: int
    cases: int
    median_wait_us: int | None
    """None at start and end."""
    mean_wait_us: int | None = None


@dataclass(frozen=True)
class Handover:
    """Handover of work: unit a was followed by unit b within a case."""

    source: str
    target: str
    count: int


@dataclass(frozen=True)
class TreeQuality:
    """How well a mined process tree suits the log, each from 0 to 1; definitions in `mining.quality`."""

    fitness: float | None
    """How much of what was recorded the tree explains. None, as the next two: not computed, the tree has too
    many states."""
    precision: float | None
    """How much of what the tree allows was done."""
    generalization: float | None
    """How well the parts of the tree are borne out by repetition."""
    simplicity: float
    """How few arcs the tree's net has for its nodes."""
    coverage: float
    """Share of cases that the first three were computed on: the most frequent variants, as many as the work
    limit allows."""


@dataclass(frozen=True)
class Discovery:
    """The actual flow, mined from the log."""

    events: int
    cases: int
    variants: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    handovers: tuple[Handover, ...]
    tree: str
    """Process tree of the inductive miner (pm4py), as text; '' if not mined."""
    tree_noise: float
    """Noise threshold it was mined with."""
    tree_coverage: float
    """Share of cases whose variants went into the miner."""
    tree_quality: TreeQuality | None = None
    """None: no tree, or not asked for."""


@dataclass(frozen=True)
class Population:
    """What was judged."""

    events_read: int
    events_judged: int
    events_later: int
    """Events after the as-of instant: ignored and counted."""
    cases: int
    closed: int
    open: int
    began_before_window: int
    cases_with_excluded_rows: int
    cases_with_unknown_activities: int
    variants: int
    first_us: int | None
    last_us: int | None
    exact_share: float
    """Share of cases whose alignment cost is exact."""
    fitting_cases: int
    fitness: float | None
    """Log fitness: 1 - cost / cost of the worst alignment, mean over cases."""
    precision: float | None = None
    """Share of what the model allows next that was done, over all points that cases came to; None where no
    case was seen from its start, or the net is too large. Definition in `mining.quality`."""
    precision_share: float | None = None
    """Share of the cases that `precision` rests on: those seen from their start. None where it was not asked:
    no cases, or the net is too large."""


@dataclass(frozen=True)
class UnknownLabel:
    """A label of the log that is no activity of the model: reported, never fitting."""

    label: str
    events: int
    cases: int
    nearest: tuple[str, ...] = ()
    """Activity ids with the most similar names."""


class Outcome(StrEnum):
    """The run as a whole."""

    CONFORMANT = "conformant"
    VIOLATIONS = "violations"
    UNDECIDED = "undecided"
    """Nothing violated, but something not determinable or a check that could not run."""
    INCONCLUSIVE = "inconclusive"
    """The evidence is not good enough for a verdict on the whole."""


@dataclass(frozen=True)
class Conclusion:
    """The verdict on the run, with its reasons."""

    outcome: Outcome
    reasons: tuple[str, ...] = field(default=())
    """Codes: 'reject_limit', 'required_check', 'no_cases', 'no_known_activity'; of several systems also
    'source_missing', 'source_empty', 'source_stale'."""
    has_violations: bool = False
    """Findings that were made still count, also in an inconclusive run."""
