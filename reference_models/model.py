"""A reference model as every later room sees it: a process net, who does what, and the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from reference_models.authority import Authority as Authority
from reference_models.authority import Standing as Standing
from reference_models.authority import Text as Text
from reference_models.calendars import Calendar
from reference_models.duplicates import DuplicateIdentity as DuplicateIdentity
from reference_models.reconciliation import Reconciliation as Reconciliation
from reference_models.reconciliation import Side as Side
from reference_models.rules import Comparison as Comparison
from reference_models.rules import DeclareRule as DeclareRule
from reference_models.rules import FourEyes as FourEyes
from reference_models.rules import Match as Match
from reference_models.rules import PeriodLimit as PeriodLimit
from reference_models.rules import PlannedFigure as PlannedFigure


@dataclass(frozen=True)
class Role:
    """A role of the process: a lane of the diagram."""

    id: str
    name: Text
    units: tuple[str, ...]
    """Organisational units that fill it, as exports spell them."""
    authority: Authority


@dataclass(frozen=True)
class Activity:
    """Something an export may record: a task of the BPMN, or an accompanying event outside its flow."""

    id: str
    """The BPMN element's id, or the contract's own id for an event outside the flow."""
    name: Text
    aliases: tuple[str, ...]
    """Further spellings found in exports."""
    role: str | None
    """Role id (lane); None for events outside the flow that name none."""
    in_flow: bool
    """False: recorded beside the process (pauses, notices); never a log move."""
    authority: Authority


@dataclass(frozen=True)
class Transition:
    """A transition of the net."""

    id: str
    label: str | None
    """Activity id, or None for a silent one."""
    pre: tuple[int, ...]
    """Input places (indices; a place occurs once per arc weight)."""
    post: tuple[int, ...]


@dataclass(frozen=True)
class Net:
    """A labelled accepting Petri net with numbered places."""

    places: tuple[str, ...]
    transitions: tuple[Transition, ...]
    initial: tuple[int, ...]
    """Marked places, one entry per token."""
    finals: tuple[tuple[int, ...], ...]
    """Accepting markings, each sorted, one entry per token."""
    bookkeeping: frozenset[int] = frozenset()
    """Places whose tokens count or remember, and carry no work: a token that is taken together with others
    comes from those."""


@dataclass(frozen=True)
class Limit:
    """A limit in time."""

    value: float
    unit: str
    """'working_days', 'days' (calendar days) or 'hours' (hours that the clock's calendar counts)."""
    authority: Authority


@dataclass(frozen=True)
class Handoff:
    """Work changes lane: the sender's token reaches the receiver through silent transitions only."""

    id: str
    """'sender->receiver' by activity ids."""
    sender: str
    receiver: str
    sender_role: str
    receiver_role: str
    limit: Limit | None
    """Time the receiver has to receive and accept; None: nobody gave one."""
    received_by: tuple[str, ...]
    """Activities outside the flow that record receipt by the receiver."""
    accepted_by: tuple[str, ...]
    authority: Authority


@dataclass(frozen=True)
class Pause:
    """An interval that stops a clock, between two recorded events."""

    start: str
    """Activity id that begins it."""
    end: str
    reason: Text


@dataclass(frozen=True)
class Band:
    """A numeric band, inclusive at both ends; None is open."""

    least: float | None
    most: float | None


@dataclass(frozen=True)
class LimitCell:
    """One cell of a deadline table."""

    limit: float | None
    """In the table's unit; None: no limit given (not determinable, not 'in time')."""
    doubtful_from: float | None = None
    """Where the source can be read two ways, the stricter reading: at most this is in time, more than
    `limit` is late, in between is not determinable."""
    authority: Authority | None = None
    """On what this cell rests; None: on what its row rests."""


@dataclass(frozen=True)
class DeadlineRow:
    """One row of a deadline table: the cases it is for, and a limit per class."""

    id: str
    name: Text
    when: Mapping[str, str | Band]
    """Attribute → category, or numeric band; all must hold."""
    cells: Mapping[str, LimitCell]
    """Class (value of the table's `by` attribute) → limit."""
    authority: Authority
    planned_per_month: Mapping[str, float] = field(default_factory=dict)
    """Class → planned number of orders a month: an indicator, never a cap."""
    planned_over: tuple[str, ...] = ()
    """Ids of the rows that the planned numbers count together, this one included; empty: this row alone."""

    def authority_of(self, category: str) -> Authority:
        """On what the limit of one class rests."""
        cell = self.cells.get(category)
        return cell.authority if cell and cell.authority else self.authority


@dataclass(frozen=True)
class DeadlineWarning:
    """From when on a running clock is warned of."""

    share: float
    """Share of the limit that is used up by then, between 0 and 1."""
    authority: Authority


@dataclass(frozen=True)
class Promise:
    """A promise beside the limits of a deadline table: an indicator, never a verdict."""

    id: str
    name: Text
    within: float
    """In the clock's unit."""
    rows: tuple[str, ...]
    """Ids of the rows whose cases it is for."""
    authority: Authority


@dataclass(frozen=True)
class Deadline:
    """A clock with its deadline table."""

    id: str
    name: Text
    start: str
    """Activity whose (first) completion starts the clock."""
    stop: str
    """Activity whose (last, after the start) completion stops it."""
    unit: str
    """'working_days', 'days' or 'hours'."""
    calendar: str
    """Calendar id; 'around-the-clock' counts every hour."""
    pauses: tuple[Pause, ...]
    by: str
    """Attribute that selects the column (class)."""
    rows: tuple[DeadlineRow, ...]
    target: float | None
    """Share of cases that should be on time, 0 to 1."""
    restart_on: tuple[str, ...]
    """Activities after which the clock starts anew; empty: a reopened case resumes its clock."""
    authority: Authority
    warning: DeadlineWarning | None = None
    """None: nobody gave a threshold, and no case is at risk."""
    promises: tuple[Promise, ...] = ()
    """Shown beside its rates."""


@dataclass(frozen=True)
class DispatchReturn:
    """Every dispatch comes back as a return order (派单 → 返单)."""

    id: str
    dispatched_by: str
    """Activity that sends the order out."""
    returned_by: str
    """Activity, in the flow or beside it, that records its return."""
    authority: Authority


@dataclass(frozen=True)
class Numbering:
    """Case numbers that are given in sequence, so that a gap means a case that was never entered."""

    id: str
    name: Text
    prefix: str
    digits: int | None
    """Digits after the prefix; None: any number of them."""
    authority: Authority


@dataclass(frozen=True)
class Told:
    """Rule: after an activity, somebody must be told within a limit (closed loop)."""

    id: str
    name: Text
    after: str
    told_by: str
    """Activity (usually outside the flow) that records the notice."""
    limit: Limit | None
    authority: Authority


@dataclass(frozen=True)
class PingPong:
    """How often a case may go back to the role it just came from."""

    between: str
    """'role' (lanes, units mapped to roles) or 'unit' (organisational units as logged)."""
    allowed: int
    """Returns allowed beyond those of the case's reference path (between roles) or in all (units)."""
    authority: Authority


@dataclass(frozen=True)
class LearnedLimit:
    """How to learn a limit from the log."""

    quantile: float
    """Share of the waits that stay within it."""
    confidence: float
    """Of the interval that is stated with it."""
    unit: str
    """'working_days', 'days' or 'hours'."""
    authority: Authority


@dataclass(frozen=True)
class IdleLimit:
    """How long an open case may rest after an activity."""

    after: str | None
    """Activity id; None: the default for all others."""
    limit: Limit | None
    learn: LearnedLimit | None = None
    """Instead of a limit: learn it from the log."""


@dataclass(frozen=True)
class AttributeSpec:
    """An attribute that the contract's tables and identities speak of."""

    id: str
    name: Text
    aliases: tuple[str, ...]
    """Headings under which exports carry it."""
    type: str
    """'category', 'number' or 'text'."""
    values: Mapping[str, tuple[str, ...]]
    """Category → spellings in exports."""
    without_limit: tuple[str, ...]
    """Categories declared to have no limit."""


@dataclass(frozen=True)
class SeverityFactor:
    """What makes a violation graver than its rule's default severity."""

    id: str
    of: str
    """Rule id, or 'family' or 'family.kind': the findings that it may raise."""
    factor: str
    """'class' (the case is of one of `categories`), 'overrun' (the measure is at least `least` times the
    limit) or 'exposure' (the money at stake is at least `least`)."""
    to: str
    """Severity of a finding of which a violated occurrence meets it: 'low', 'medium' or 'high'."""
    attribute: str = ""
    """Of a class: the case attribute."""
    categories: tuple[str, ...] = ()
    least: float | None = None

    def speaks_of(self, rule_id: str) -> bool:
        """Whether it may raise findings of this rule."""
        return rule_id == self.of or rule_id.startswith((f"{self.of}.", f"{self.of}:"))


@dataclass(frozen=True)
class Timer:
    """A timer event of the diagram: documentation of a limit; deadlines are judged by the contract."""

    id: str
    name: str
    attached_to: str | None
    duration: str
    interrupting: bool


@dataclass(frozen=True)
class FlowNode:
    """A BPMN node for drawing."""

    id: str
    kind: str
    """'task', 'subProcess', 'callActivity'; 'startEvent', 'endEvent', 'boundaryEvent', 'boundaryTimer',
    'intermediateTimer', 'intermediateCatchEvent', 'intermediateThrowEvent'; 'exclusiveGateway',
    'parallelGateway', 'inclusiveGateway', 'eventBasedGateway'."""
    name: str
    role: str | None
    attached_to: str | None = None


@dataclass(frozen=True)
class SequenceFlow:
    """A BPMN sequence flow for drawing."""

    id: str
    source: str
    target: str
    name: str = ""


@dataclass(frozen=True)
class Pool:
    """One of several parties of a drawing, with what it does."""

    id: str
    name: str
    nodes: tuple[FlowNode, ...]
    flows: tuple[SequenceFlow, ...]
    lanes: tuple[str, ...]


@dataclass(frozen=True)
class Diagram:
    """The process as drawn, in lane order; layout is the renderer's."""

    nodes: tuple[FlowNode, ...]
    flows: tuple[SequenceFlow, ...]
    lanes: tuple[str, ...]
    """Role ids from top to bottom."""
    pools: tuple[Pool, ...] = ()
    """Where it exchanges messages with other pools: its own and theirs, from top to bottom. What others do is
    drawn and not judged."""
    messages: tuple[SequenceFlow, ...] = ()
    """Message flows between the nodes of two pools."""


@dataclass(frozen=True)
class ReferenceModel:
    """What should happen: net, roles, handoffs and contract of one process. Identified by its content."""

    id: str
    version: str
    in_force_from: date
    title: Text
    process: str
    """The process it models, e.g. 'P3'."""
    sources: tuple[tuple[str, Text], ...]
    net: Net
    diagram: Diagram
    roles: Mapping[str, Role]
    activities: Mapping[str, Activity]
    handoffs: tuple[Handoff, ...]
    timers: tuple[Timer, ...]
    attributes: Mapping[str, AttributeSpec]
    deadlines: tuple[Deadline, ...]
    told: tuple[Told, ...]
    duplicates: tuple[DuplicateIdentity, ...]
    ping_pong: PingPong | None
    idle_limits: tuple[IdleLimit, ...]
    idle_calendar: str
    """Calendar in which idle limits and handoff limits run."""
    ends: tuple[str, ...]
    """Activities after which a case is closed."""
    reopened_by: tuple[str, ...]
    """Activities that open a closed case again."""
    severity: Mapping[str, str]
    """Rule id, or 'family' or 'family.kind' → default severity."""
    costs: Mapping[str, int]
    """Activity id → cost of a deviation on it; 1 where not named."""
    bpmn_sha256: str
    contract_sha256: str
    location: str
    """Where it was loaded from: 'library' or a path as the user named it."""
    required_checks: frozenset[str] = frozenset()
    """'family.kind' of checks without which a run is inconclusive."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    """The calendars that its clocks run in, by id."""
    overrides: tuple[str, ...] = ()
    """What was laid over a contract (by a model that extends another, a later version, the user's override
    file), one dotted key each."""
    texts: Mapping[str, Text] = field(default_factory=dict)
    """Names in both languages of gateways, events and flows, by element id, where the contract gives them."""
    returns: tuple[DispatchReturn, ...] = ()
    """Dispatches and their return orders."""
    numbering: tuple[Numbering, ...] = ()
    """Forms of case numbers that are given in sequence."""
    severity_factors: tuple[SeverityFactor, ...] = ()
    """What raises a finding above its default severity."""
    rules: tuple[DeclareRule, ...] = ()
    """Rules beside the diagram."""
    four_eyes: tuple[FourEyes, ...] = ()
    matches: tuple[Match, ...] = ()
    per_period: tuple[PeriodLimit, ...] = ()
    planned: tuple[PlannedFigure, ...] = ()
    """Planned figures: indicators."""
    systems: Mapping[str, Text] = field(default_factory=dict)
    """Systems that it speaks of, by the names of their sources."""
    reconciliation: tuple[Reconciliation, ...] = ()
    extends: tuple[str, ...] = ()
    """'id version' of the models that it is laid over, the lowest first."""
    earlier: tuple[ReferenceModel, ...] = ()
    """Its earlier versions, in the order in which they came in force, none of which has any in turn."""
    changes: tuple[str, ...] = ()
    """Dotted keys that its own file sets over what lies below it: a version over the one before."""

    @property
    def sha256(self) -> str:
        """Hash of diagram and contract together."""
        import hashlib

        return hashlib.sha256((self.bpmn_sha256 + self.contract_sha256).encode()).hexdigest()
