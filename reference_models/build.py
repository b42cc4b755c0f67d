"""A valid contract and its compiled diagram, made into the frozen model that the other rooms read."""

from __future__ import annotations

from collections.abc import Iterator

from reference_models.bpmn import Process
from reference_models.contract import (
    BandDocument,
    Conditions,
    ContractDocument,
    DeadlineDocument,
    DuplicateDocument,
    HandoffDocument,
    IdleLimitDocument,
    LimitDocument,
    MatchDocument,
    MaybeStated,
    PeriodDocument,
    PlannedDocument,
    ReconciliationDocument,
    RowDocument,
    RuleDocument,
    SeverityFactorDocument,
    Stated,
    TextDocument,
)
from reference_models.duplicates import NearDuplicate, Recurring, Replaced, Split, Tolerance
from reference_models.model import (
    Activity,
    AttributeSpec,
    Authority,
    Band,
    Comparison,
    Deadline,
    DeadlineRow,
    DeadlineWarning,
    DeclareRule,
    DispatchReturn,
    DuplicateIdentity,
    FourEyes,
    Handoff,
    IdleLimit,
    LearnedLimit,
    Limit,
    LimitCell,
    Match,
    Numbering,
    Pause,
    PeriodLimit,
    PingPong,
    PlannedFigure,
    Promise,
    Reconciliation,
    ReferenceModel,
    Role,
    SeverityFactor,
    Side,
    Standing,
    Text,
    Told,
)

_WEAKEST_FIRST = (Standing.ASSUMED, Standing.INFERRED, Standing.USER, Standing.SOURCED)


def build_model(
    contract: ContractDocument,
    process: Process,
    *,
    bpmn_sha256: str,
    contract_sha256: str,
    location: str,
    overrides: tuple[str, ...] = (),
) -> ReferenceModel:
    """The reference model of a contract that passed its checks and a process that is sound."""
    activities = {
        key: Activity(
            key,
            _text(each.name),
            each.aliases,
            each.role if each.outside_flow else process.lane_of.get(key),
            not each.outside_flow,
            _authority(each),
        )
        for key, each in contract.activities.items()
    }
    return ReferenceModel(
        id=contract.id,
        version=contract.version,
        in_force_from=contract.in_force_from,
        title=_text(contract.title),
        process=contract.process,
        sources=tuple((key, _text(each)) for key, each in contract.sources.items()),
        net=process.net,
        diagram=process.diagram,
        roles={
            key: Role(key, _text(each.name), each.units, _authority(each))
            for key, each in contract.roles.items()
        },
        activities=activities,
        handoffs=tuple(_handoffs(contract, process, activities)),
        timers=process.timers,
        attributes={
            key: AttributeSpec(
                key, _text(each.name), each.aliases, each.type, dict(each.values), each.without_limit
            )
            for key, each in contract.attributes.items()
        },
        deadlines=tuple(_deadline(key, each) for key, each in contract.deadlines.items()),
        told=tuple(
            Told(key, _text(each.name), each.after, each.told_by, _limit(each.limit), _authority(each))
            for key, each in contract.told.items()
        ),
        numbering=tuple(
            Numbering(key, _text(each.name), each.prefix, each.digits, _authority(each))
            for key, each in contract.numbering.items()
        ),
        returns=tuple(
            DispatchReturn(key, each.dispatched_by, each.returned_by, _authority(each))
            for key, each in contract.returns.items()
        ),
        rules=tuple(_rule(key, each, contract.idle_calendar) for key, each in contract.rules.items()),
        four_eyes=tuple(
            FourEyes(key, _text(each.name), each.activities, _comparisons(each.when), _authority(each))
            for key, each in contract.four_eyes.items()
        ),
        matches=tuple(_match(key, each, contract.idle_calendar) for key, each in contract.matches.items()),
        per_period=tuple(_per_period(key, each) for key, each in contract.per_period.items()),
        planned=tuple(_planned(key, each) for key, each in contract.planned.items()),
        systems={key: _text(each.name) for key, each in contract.systems.items()},
        reconciliation=tuple(
            _reconciliation(key, each, contract.idle_calendar)
            for key, each in contract.reconciliation.items()
        ),
        duplicates=tuple(_duplicates(contract)),
        ping_pong=_ping_pong(contract),
        idle_limits=tuple(
            _idle_limit(None if key == "default" else key, each) for key, each in contract.idle_limits.items()
        ),
        idle_calendar=contract.idle_calendar,
        ends=contract.ends,
        reopened_by=contract.reopened_by,
        severity=dict(contract.severity),
        severity_factors=tuple(_factor(key, each) for key, each in contract.severity_factors.items()),
        costs=dict(contract.costs),
        required_checks=frozenset(contract.required_checks),
        bpmn_sha256=bpmn_sha256,
        contract_sha256=contract_sha256,
        location=location,
        overrides=overrides,
        texts={key: _text(each) for key, each in contract.texts.items()},
    )


def _text(document: TextDocument) -> Text:
    return Text(document.zh, document.en)


def _authority(stated: Stated | MaybeStated) -> Authority:
    reason = _text(stated.reason) if stated.reason else None
    return Authority(Standing(stated.standing or "assumed"), stated.source, reason)


def _limit(document: LimitDocument | None) -> Limit | None:
    if document is None:
        return None
    ((unit, value),) = document.given().items()
    return Limit(value, unit, _authority(document))


def _idle_limit(after: str | None, document: IdleLimitDocument | None) -> IdleLimit:
    if document is None or document.learn is None:
        return IdleLimit(after, _limit(document))
    learn = document.learn
    return IdleLimit(
        after, None, LearnedLimit(learn.quantile, learn.confidence, learn.unit, _authority(document))
    )


def _handoffs(
    contract: ContractDocument, process: Process, activities: dict[str, Activity]
) -> Iterator[Handoff]:
    for sender, receiver in process.handoffs:
        key = f"{sender}->{receiver}"
        said = contract.handoffs.get(key) or HandoffDocument()
        yield Handoff(
            key,
            sender,
            receiver,
            process.lane_of[sender],
            process.lane_of[receiver],
            _limit(said.limit),
            said.received_by,
            said.accepted_by,
            _authority(said) if said.standing else _weaker(activities[sender], activities[receiver]),
        )


def _weaker(sender: Activity, receiver: Activity) -> Authority:
    """A handoff of which the contract says nothing rests on the weaker of its two steps."""
    return min(sender.authority, receiver.authority, key=lambda each: _WEAKEST_FIRST.index(each.standing))


def _deadline(key: str, document: DeadlineDocument) -> Deadline:
    return Deadline(
        id=key,
        name=_text(document.name),
        start=document.start,
        stop=document.stop,
        unit=document.unit,
        calendar=document.calendar,
        pauses=tuple(Pause(each.start, each.end, _text(each.reason)) for each in document.pauses.values()),
        by=document.by,
        rows=tuple(_row(row_id, row) for row_id, row in document.rows.items()),
        target=document.target,
        restart_on=document.restart_on,
        authority=_authority(document),
        warning=DeadlineWarning(document.warning.share, _authority(document.warning))
        if document.warning
        else None,
        promises=tuple(
            Promise(name, _text(each.name), each.within, each.rows, _authority(each))
            for name, each in document.promises.items()
        ),
    )


def _row(key: str, document: RowDocument) -> DeadlineRow:
    when = {
        name: Band(value.min, value.max) if isinstance(value, BandDocument) else value
        for name, value in document.when.items()
    }
    cells = {
        name: LimitCell(cell.limit, cell.doubtful_from, _authority(cell) if cell.standing else None)
        for name, cell in document.limits.items()
    }
    return DeadlineRow(
        key,
        _text(document.name),
        when,
        cells,
        _authority(document),
        dict(document.planned_per_month),
        document.planned_over,
    )


def _rule(key: str, document: RuleDocument, calendar: str) -> DeclareRule:
    return DeclareRule(
        id=key,
        name=_text(document.name),
        template=document.template,
        activity=document.activity,
        target=document.target,
        times=document.times or 1,
        limit=_limit(document.limit),
        calendar=document.calendar or calendar,
        when=_comparisons(document.when),
        activity_when=_comparisons(document.activity_when),
        target_when=_comparisons(document.target_when),
        authority=_authority(document),
    )


def _match(key: str, document: MatchDocument, calendar: str) -> Match:
    return Match(
        id=key,
        name=_text(document.name),
        one=document.one,
        other=document.other,
        same=document.same,
        one_when=_comparisons(document.one_when),
        other_when=_comparisons(document.other_when),
        limit=_limit(document.limit),
        calendar=document.calendar or calendar,
        authority=_authority(document),
    )


def _reconciliation(key: str, document: ReconciliationDocument, calendar: str) -> Reconciliation:
    sends, records = document.sends, document.records
    return Reconciliation(
        id=key,
        name=_text(document.name),
        sends=Side(sends.system, sends.activity, sends.key),
        records=Side(records.system, records.activity, records.key),
        limit=_limit(document.within),
        calendar=document.calendar or calendar,
        spelling=document.spelling,
        authority=_authority(document),
    )


def _per_period(key: str, document: PeriodDocument) -> PeriodLimit:
    return PeriodLimit(
        id=key,
        name=_text(document.name),
        activity=document.activity,
        per=document.per,
        at_most=document.at_most,
        at_least=document.at_least,
        activity_when=_comparisons(document.activity_when),
        authority=_authority(document),
    )


def _planned(key: str, document: PlannedDocument) -> PlannedFigure:
    return PlannedFigure(
        id=key,
        name=_text(document.name),
        activity=document.activity,
        per=document.per,
        by=document.by or "",
        figures=dict(document.figures) if document.figure is None else {"": document.figure},
        activity_when=_comparisons(document.activity_when),
        authority=_authority(document),
    )


def _comparisons(conditions: Conditions) -> tuple[Comparison, ...]:
    return tuple(
        Comparison(name, each.one_of, each.none_of, each.min, each.max, each.above, each.below)
        for name, each in conditions.items()
    )


def _duplicates(contract: ContractDocument) -> Iterator[DuplicateIdentity]:
    for key, each in contract.duplicates.items():
        yield DuplicateIdentity(
            id=key,
            name=_text(each.name),
            activity=each.activity,
            same=each.same,
            within_days=each.within_days,
            open_until=each.open_until,
            waits_for=each.waits_for,
            amount=each.amount,
            authority=_authority(each),
            near=_near(each),
            replaced=_replaced(each),
            recurring=_recurring(each),
            split=_split(each),
        )


def _near(document: DuplicateDocument) -> NearDuplicate | None:
    said = document.near
    if said is None:
        return None
    tolerances = tuple(
        Tolerance(
            name,
            _authority(each if each.standing else said),
            each.similarity,
            each.absolute,
            each.relative,
        )
        for name, each in said.differ.items()
    )
    return NearDuplicate(said.within_days or document.within_days, tolerances, _authority(said))


def _replaced(document: DuplicateDocument) -> Replaced | None:
    said = document.replaced
    if said is None:
        return None
    return Replaced(said.cancelled_by, said.amended_by, said.within_days, _authority(said))


def _recurring(document: DuplicateDocument) -> Recurring | None:
    said = document.recurring
    return Recurring(said.times, said.least_days, said.slack_days, _authority(said)) if said else None


def _split(document: DuplicateDocument) -> Split | None:
    said = document.split
    if said is None:
        return None
    return Split(said.reference, said.part, said.total, said.approval_limit, _authority(said))


def _ping_pong(contract: ContractDocument) -> PingPong | None:
    said = contract.ping_pong
    return PingPong(said.between, said.allowed, _authority(said)) if said else None


def _factor(key: str, document: SeverityFactorDocument) -> SeverityFactor:
    if document.classes is not None:
        ((attribute, categories),) = document.classes.items()
        return SeverityFactor(key, document.of, "class", document.to, attribute, categories)
    if document.overrun is not None:
        times = float(document.overrun.removesuffix("x"))
        return SeverityFactor(key, document.of, "overrun", document.to, least=times)
    return SeverityFactor(key, document.of, "exposure", document.to, least=document.exposure)
