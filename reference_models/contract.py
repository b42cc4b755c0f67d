"""The contract document: what BPMN does not say, as a domain person writes it in YAML.

Things that have an id are keys of a mapping, so that an override file can name them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from logs.documents import Document
from logs.key_links import Spelling
from reference_models.rules import COUNTED, PLACED, RELATED

Standing = Literal["sourced", "inferred", "assumed", "user"]
Unit = Literal["working_days", "days", "hours"]
Written = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Planned = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Bound = Annotated[float, Field(allow_inf_nan=False)] | None


class TextDocument(Document):
    """A name or sentence in both languages."""

    zh: Written
    en: Written


class Stated(Document):
    """Something that somebody set: who, by which source, and why where it is not simply written there."""

    standing: Standing
    source: str = ""
    reason: TextDocument | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Stated:
        _check_reason(self.standing, self.source, self.reason)
        return self


class MaybeStated(Document):
    """Something whose standing is that of what it belongs to, unless it says its own."""

    standing: Standing | None = None
    source: str = ""
    reason: TextDocument | None = None

    @model_validator(mode="after")
    def _says_why(self) -> MaybeStated:
        if self.standing is not None:
            _check_reason(self.standing, self.source, self.reason)
        elif self.source or self.reason:
            raise ValueError("a source or reason needs a standing beside it")
        return self


def _check_reason(standing: str, source: str, reason: TextDocument | None) -> None:
    if standing in ("inferred", "assumed") and reason is None:
        raise ValueError(f"'{standing}' needs a reason in zh and en")
    if standing == "sourced" and not source:
        raise ValueError("'sourced' needs a source")


class LimitDocument(Stated):
    """A limit in time: exactly one of the units."""

    hours: Positive | None = None
    days: Positive | None = None
    working_days: Positive | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> LimitDocument:
        if len(self.given()) != 1:
            raise ValueError("give exactly one of hours, days, working_days")
        return self

    def given(self) -> dict[str, float]:
        """Unit → value of the units that are given."""
        units = {"hours": self.hours, "days": self.days, "working_days": self.working_days}
        return {unit: value for unit, value in units.items() if value is not None}


class LearnDocument(Document):
    """A limit that is learned from the log: a quantile of the waits."""

    quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    unit: Unit


class IdleLimitDocument(LimitDocument):
    """How long an open case may rest: a limit, or how to learn one."""

    learn: LearnDocument | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> IdleLimitDocument:
        if len(self.given()) + (self.learn is not None) != 1:
            raise ValueError("give exactly one of hours, days, working_days, learn")
        return self


class RoleDocument(Stated):
    """A role; its key is the lane's id."""

    name: TextDocument
    units: tuple[Written, ...] = ()


class ActivityDocument(Stated):
    """An activity; its key is the BPMN element's id, or an id of its own outside the flow."""

    name: TextDocument
    aliases: tuple[Written, ...] = ()
    outside_flow: bool = False
    role: str | None = None

    @model_validator(mode="after")
    def _lane_gives_role(self) -> ActivityDocument:
        if self.role is not None and not self.outside_flow:
            raise ValueError("the lane gives the role of an activity in the flow: remove 'role'")
        return self


class AttributeDocument(Document):
    """An attribute that tables and identities speak of."""

    name: TextDocument
    aliases: tuple[Written, ...] = ()
    type: Literal["category", "number", "text"]
    values: dict[str, tuple[Written, ...]] = Field(default_factory=dict)
    without_limit: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _values_of_categories(self) -> AttributeDocument:
        if (self.type == "category") != bool(self.values):
            raise ValueError("a category lists its 'values', a number or text has none")
        return self


class PauseDocument(Document):
    """An interval that stops a clock."""

    start: str
    end: str
    reason: TextDocument


class BandDocument(Document):
    """A numeric band, inclusive at both ends; an end left out is open."""

    min: Bound = None
    max: Bound = None

    @model_validator(mode="after")
    def _in_order(self) -> BandDocument:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class CellDocument(MaybeStated):
    """A cell of a deadline table; a bare number is its limit, null says that none is given."""

    limit: Positive | None = None
    doubtful_from: Positive | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, value: object) -> object:
        return {"limit": value} if value is None or isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _doubt_is_below(self) -> CellDocument:
        if self.doubtful_from is not None and (self.limit is None or self.doubtful_from >= self.limit):
            raise ValueError("doubtful_from is the stricter reading and must lie below the limit")
        return self


class RowDocument(Stated):
    """A row of a deadline table."""

    name: TextDocument
    when: dict[str, str | BandDocument] = Field(default_factory=dict)
    limits: dict[str, CellDocument]
    planned_per_month: dict[str, Positive] = Field(default_factory=dict)
    planned_over: tuple[str, ...] = ()


class WarningDocument(Stated):
    """From when on a running clock is warned of."""

    share: Annotated[float, Field(gt=0, lt=1)]
    """Share of the limit that is used up by then."""


class PromiseDocument(Stated):
    """A promise beside the limits: how many clocks stop within it is shown, and nothing is judged by it."""

    name: TextDocument
    within: Positive
    """In the clock's unit."""
    rows: Annotated[tuple[Written, ...], Field(min_length=1)]


class DeadlineDocument(Stated):
    """A clock with its deadline table."""

    name: TextDocument
    start: str
    stop: str
    unit: Unit
    calendar: str
    pauses: dict[str, PauseDocument] = Field(default_factory=dict)
    by: str
    rows: dict[str, RowDocument]
    target: Annotated[float, Field(gt=0, le=1)] | None = None
    restart_on: tuple[str, ...] = ()
    warning: WarningDocument | None = None
    promises: dict[str, PromiseDocument] = Field(default_factory=dict)


class HandoffDocument(MaybeStated):
    """What is said of a handoff beyond the diagram; its key is 'sender->receiver'."""

    limit: LimitDocument | None = None
    received_by: tuple[str, ...] = ()
    accepted_by: tuple[str, ...] = ()


class ReturnDocument(Stated):
    """A dispatch that must come back as a return order."""

    dispatched_by: str
    returned_by: str

    @model_validator(mode="after")
    def _two_activities(self) -> ReturnDocument:
        if self.dispatched_by == self.returned_by:
            raise ValueError("an activity cannot return what it dispatches: name two")
        return self


class NumberingDocument(Stated):
    """Case numbers that are given in sequence: a prefix and digits."""

    name: TextDocument
    prefix: str = ""
    digits: Annotated[int, Field(ge=1, le=18)] | None = None
    """How many digits follow the prefix; left out: any number of them."""


class ToldDocument(Stated):
    """Rule: after an activity somebody must be told."""

    name: TextDocument
    after: str
    told_by: str
    limit: LimitDocument | None = None


class ConditionDocument(Document):
    """A condition on one attribute; a bare word is the value asked for, a list the values allowed."""

    one_of: tuple[Written, ...] = Field(default=(), alias="is")
    none_of: tuple[Written, ...] = Field(default=(), alias="not")
    min: Bound = None
    max: Bound = None
    above: Bound = None
    below: Bound = None

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, value: object) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"min": value, "max": value}
        if isinstance(value, str | list):
            return {"is": value if isinstance(value, list) else [value]}
        if isinstance(value, dict):
            return {
                key: [each] if key in ("is", "not") and isinstance(each, str) else each
                for key, each in value.items()
            }
        return value

    @model_validator(mode="after")
    def _says_something(self) -> ConditionDocument:
        if not self.one_of and not self.none_of and not self.compares_numbers():
            raise ValueError("give at least one of is, not, min, max, above, below")
        least = [each for each in (self.min, self.above) if each is not None]
        most = [each for each in (self.max, self.below) if each is not None]
        if least and most and max(least) > min(most):
            raise ValueError("no number is that large and that small at once")
        return self

    def compares_numbers(self) -> bool:
        """Whether it sets a bound."""
        return any(each is not None for each in (self.min, self.max, self.above, self.below))


Conditions = dict[str, ConditionDocument]


class RuleDocument(Stated):
    """A rule beside the diagram: a DECLARE template with a limit in time and conditions on data."""

    name: TextDocument
    template: Literal[
        "existence",
        "absence",
        "exactly",
        "init",
        "end",
        "responded_existence",
        "co_existence",
        "response",
        "precedence",
        "succession",
        "alternate_response",
        "alternate_precedence",
        "alternate_succession",
        "chain_response",
        "chain_precedence",
        "chain_succession",
        "not_co_existence",
        "not_succession",
        "not_chain_succession",
    ]
    activity: str
    target: str | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    limit: LimitDocument | None = None
    calendar: str | None = None
    when: Conditions = Field(default_factory=dict)
    activity_when: Conditions = Field(default_factory=dict)
    target_when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_template(self) -> RuleDocument:
        if self.template in RELATED and self.target is None:
            raise ValueError(f"'{self.template}' relates two activities: add 'target'")
        if self.template not in RELATED and (self.target is not None or self.target_when):
            raise ValueError(f"'{self.template}' is of one activity: remove 'target' and 'target_when'")
        if self.target == self.activity:
            raise ValueError("activity and target are the same: name two activities")
        if self.times is not None and self.template not in COUNTED:
            raise ValueError(f"'times' is for {', '.join(COUNTED)} only")
        if self.limit is not None and self.template in PLACED:
            raise ValueError(f"'{self.template}' places an activity in the trace: remove 'limit'")
        if self.calendar is not None and self.limit is None:
            raise ValueError("a calendar without a limit counts nothing: add 'limit' or remove 'calendar'")
        return self


class ToleranceDocument(MaybeStated):
    """How far one attribute may differ: texts by similarity, numbers by a difference."""

    similarity: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    absolute: Positive | None = None
    relative: Annotated[float, Field(gt=0, le=0.5)] | None = None

    @model_validator(mode="after")
    def _text_or_number(self) -> ToleranceDocument:
        number = self.absolute is not None or self.relative is not None
        if (self.similarity is not None) == number:
            raise ValueError("give 'similarity' for a text, or 'absolute', 'relative' or both for a number")
        return self


class NearDocument(Stated):
    """When two orders that differ a little may be one."""

    within_days: Positive | None = None
    differ: Annotated[dict[str, ToleranceDocument], Field(min_length=1)]


class ReplacedDocument(Stated):
    """Look-alike: the first order was cancelled or changed, and another takes its place."""

    cancelled_by: tuple[Written, ...] = ()
    amended_by: tuple[Written, ...] = ()
    within_days: Positive | None = None

    @model_validator(mode="after")
    def _by_something(self) -> ReplacedDocument:
        if not (self.cancelled_by or self.amended_by):
            raise ValueError("give cancelled_by, amended_by or both")
        return self


class RecurringDocument(Stated):
    """Look-alike: the same order at regular intervals."""

    times: Annotated[int, Field(ge=3)] = 3
    least_days: Positive
    slack_days: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SplitDocument(Stated):
    """Look-alike: parts of one order, known by a reference; told apart by their number or by the total."""

    reference: str
    part: str | None = None
    total: str | None = None
    approval_limit: Positive | None = None

    @model_validator(mode="after")
    def _says_what_decides(self) -> SplitDocument:
        if self.part is None and self.total is None:
            raise ValueError("give 'part' or 'total': a reference alone does not tell a part from a repeat")
        return self


class FourEyesDocument(Stated):
    """Rule: no two of these activities of a case are done by the same person."""

    name: TextDocument
    activities: Annotated[tuple[str, ...], Field(min_length=2)]
    when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _different(self) -> FourEyesDocument:
        if len(set(self.activities)) < len(self.activities):
            raise ValueError("an activity is named twice")
        return self


class MatchDocument(Stated):
    """Rule: every one has another and every other has one."""

    name: TextDocument
    one: str
    other: str
    same: tuple[str, ...] = ()
    one_when: Conditions = Field(default_factory=dict)
    other_when: Conditions = Field(default_factory=dict)
    limit: LimitDocument | None = None
    calendar: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> MatchDocument:
        if self.one == self.other:
            raise ValueError("one and other are the same: name two activities")
        if self.calendar is not None and self.limit is None:
            raise ValueError("a calendar without a limit counts nothing: add 'limit' or remove 'calendar'")
        return self


class PeriodDocument(Stated):
    """Rule: how often an activity comes in a day, week, month, quarter or year, over all cases."""

    name: TextDocument
    activity: str
    per: Literal["day", "week", "month", "quarter", "year"]
    at_most: Annotated[int, Field(ge=0)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    activity_when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_limit(self) -> PeriodDocument:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give exactly one of at_most, at_least")
        return self


class PlannedDocument(Stated):
    """Indicator: how often an activity is planned to come in each period, for all or by group."""

    name: TextDocument
    activity: str
    per: Literal["day", "week", "month", "quarter", "year"]
    figure: Planned | None = None
    by: str | None = None
    figures: dict[Written, Planned] = Field(default_factory=dict)
    activity_when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_or_by_group(self) -> PlannedDocument:
        if (self.figure is None) == (not self.figures):
            raise ValueError("give exactly one of figure, figures")
        if (self.by is None) != (not self.figures):
            raise ValueError("figures are by group: give 'by' and 'figures' together")
        return self


class DuplicateDocument(Stated):
    """What makes two orders the same order."""

    name: TextDocument
    activity: str
    same: Annotated[tuple[str, ...], Field(min_length=1)]
    within_days: Positive
    open_until: tuple[str, ...] = ()
    waits_for: str | None = None
    amount: str | None = None
    near: NearDocument | None = None
    replaced: ReplacedDocument | None = None
    recurring: RecurringDocument | None = None
    split: SplitDocument | None = None

    @model_validator(mode="after")
    def _differs_where_it_is_the_same(self) -> DuplicateDocument:
        for name in self.near.differ if self.near else ():
            if name not in self.same:
                raise ValueError(f"near: '{name}' is not among 'same'")
        if self.split and (self.split.total or self.split.approval_limit) and self.amount is None:
            raise ValueError("split: 'total' and 'approval_limit' need an 'amount'")
        return self


class SystemDocument(Document):
    """A system whose export is audited; its key is the name of its source."""

    name: TextDocument


class SideDocument(Document):
    """What one of two systems says of a thing that both must have."""

    system: str
    activity: str
    key: str


class ReconciliationDocument(Stated):
    """What one system hands over, another records."""

    name: TextDocument
    sends: SideDocument
    records: SideDocument
    within: LimitDocument | None = None
    calendar: str | None = None
    normalise: tuple[Literal["width", "blanks", "case", "separators", "leading_zeros"], ...] = ()
    prefixes: tuple[Written, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> ReconciliationDocument:
        if self.calendar is not None and self.within is None:
            raise ValueError("a calendar without a limit counts nothing: add 'within' or remove 'calendar'")
        return self

    @property
    def spelling(self) -> Spelling:
        """What does not tell two keys apart."""
        return Spelling(self.normalise, self.prefixes)


class PingPongDocument(Stated):
    """How often a case may go back to the role it came from."""

    between: Literal["role", "unit"]
    allowed: Annotated[int, Field(ge=0)]


class SeverityFactorDocument(Document):
    """What raises findings above their default severity: exactly one of classes, overrun, exposure."""

    of: Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z_]+(:.+)?)?$")]
    """Findings that it is for, as under `severity`: family, family.kind or rule id."""
    to: Literal["low", "medium", "high"]
    classes: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] | None = None
    """One case attribute and the categories that count."""
    overrun: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?x$")] | None = None
    """Measure in multiples of the limit, e.g. '2x'."""
    exposure: Positive | None = None
    """Money at stake in one occurrence."""

    @model_validator(mode="after")
    def _one_factor(self) -> SeverityFactorDocument:
        if sum(each is not None for each in (self.classes, self.overrun, self.exposure)) != 1:
            raise ValueError("give exactly one of classes, overrun, exposure")
        if self.classes is not None and len(self.classes) != 1:
            raise ValueError("classes names one attribute")
        if self.overrun is not None and float(self.overrun.removesuffix("x")) <= 1:
            raise ValueError("overrun must be more than 1x: whatever is violated is past its limit")
        return self


class ContractDocument(Document):
    """The whole of contract.yaml."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    version: Written
    in_force_from: date
    extends: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] | None = None
    title: TextDocument
    process: str = ""
    sources: dict[str, TextDocument] = Field(default_factory=dict)
    roles: dict[str, RoleDocument] = Field(default_factory=dict)
    activities: dict[str, ActivityDocument]
    texts: dict[str, TextDocument] = Field(default_factory=dict)
    attributes: dict[str, AttributeDocument] = Field(default_factory=dict)
    deadlines: dict[str, DeadlineDocument] = Field(default_factory=dict)
    handoffs: dict[str, HandoffDocument] = Field(default_factory=dict)
    returns: dict[str, ReturnDocument] = Field(default_factory=dict)
    numbering: dict[str, NumberingDocument] = Field(default_factory=dict)
    told: dict[str, ToldDocument] = Field(default_factory=dict)
    rules: dict[str, RuleDocument] = Field(default_factory=dict)
    four_eyes: dict[str, FourEyesDocument] = Field(default_factory=dict)
    matches: dict[str, MatchDocument] = Field(default_factory=dict)
    per_period: dict[str, PeriodDocument] = Field(default_factory=dict)
    planned: dict[str, PlannedDocument] = Field(default_factory=dict)
    duplicates: dict[str, DuplicateDocument] = Field(default_factory=dict)
    systems: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], SystemDocument] = Field(
        default_factory=dict
    )
    reconciliation: dict[str, ReconciliationDocument] = Field(default_factory=dict)
    ping_pong: PingPongDocument | None = None
    idle_calendar: str = "around-the-clock"
    idle_limits: dict[str, IdleLimitDocument | None] = Field(default_factory=dict)
    ends: tuple[str, ...] = ()
    reopened_by: tuple[str, ...] = ()
    severity: dict[str, Literal["info", "low", "medium", "high"]] = Field(default_factory=dict)
    severity_factors: dict[str, SeverityFactorDocument] = Field(default_factory=dict)
    required_checks: tuple[Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$")], ...] = ()
    costs: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    @field_validator("in_force_from", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError("write the day as YYYY-MM-DD")
        return value
