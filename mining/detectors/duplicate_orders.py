"""Duplicate purchase orders: the same order placed again."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.deadlines import finite
from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import anchor_of, occurrences, rows_of
from reference_models.model import DuplicateIdentity

DAY_US = 86_400_000_000


class DuplicateOrders(Detector):
    """A purchase order or request placed twice (重复采购).

    Meaning: two orders with the same identity (all attributes that the contract names are equal) within the
    contract's number of days. *Resent*: the first was still open when the second came, the pattern of money
    that arrived late (资金未到位). *Exact*: the first was settled by then, or the log cannot show whether it
    was. Each order is paired with the one before it of its identity, so a waived pair cannot hide a third.
    Needs: case, activity, time, and the attributes of the identity; for *resent*, events that settle orders.
    Verdicts: per order violated (it repeats one) or conformant; not determinable where an attribute of its
    identity is empty (in its row and in all others of its case: the case's first value stands in). Exact
    copies of a row are orders too: each is flagged as a pair.
    Source: domain.md, 'duplicate purchase order' (S2).
    """

    family = Family.DUPLICATE
    kinds = ("exact", "resent")

    examples: ClassVar[dict[str, Examples]] = {
        "resent": Examples(  # the first order's goods had not come when the second was placed
            conforming="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆,100
                1,到货,2024-03-11 09:00,光缆,100
                2,采购要求,2024-03-05 09:00,电源,100
            """,
            violating="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆,100
                2,采购要求,2024-03-08 09:00,光缆,100.00
                1,到货,2024-03-11 09:00,光缆,100
            """,
            as_of="2024-03-12T12:00+08:00",
        ),
        "exact": Examples(  # settled before; more than thirty days apart is a new order
            conforming="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆,100
                1,到货,2024-03-11 09:00,光缆,100
                2,采购要求,2024-05-06 09:00,光缆,100
            """,
            violating="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆,100
                1,到货,2024-03-11 09:00,光缆,100
                2,采购要求,2024-03-12 09:00,光缆,100
            """,
            as_of="2024-05-07T12:00+08:00",
        ),
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per order."""
        model = evidence.model
        if not model.duplicates:
            missing = tuple(self.could_not(kind, "not_in_model", ("duplicates",)) for kind in self.kinds)
            return Detection(not_checked=missing)
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        refused: list[CouldNotCheck] = []
        for identity in model.duplicates:
            missing_fields = [name for name in identity.same if name not in evidence.bound.fields]
            if missing_fields:
                refused += [self.could_not(kind, "field_missing", missing_fields) for kind in self.kinds]
                continue
            if identity.activity not in evidence.bound.activities_seen:
                refused += [self.could_not(kind, "no_events", (identity.activity,)) for kind in self.kinds]
                continue
            if not evidence.bound.activities_seen & set(identity.open_until):
                refused.append(self.could_not("resent", "no_events", identity.open_until))
            rules += [self._rule(evidence, identity, kind) for kind in self.kinds]
            tables.append(self._judge(evidence, identity))
        if not tables:
            return Detection(not_checked=tuple(refused))
        found = ibis.union(*tables) if len(tables) > 1 else tables[0]
        # An order that repeats none conforms to both rules.
        both = found.filter(found.verdict == Verdict.CONFORMANT.value)
        counted = both.group_by(rule_id=both.rule_id.replace("duplicate.exact:", "duplicate.resent:")).agg(
            n=both.count()
        )
        violated = found.filter(found.verdict == Verdict.VIOLATED.value)
        explains = violated.select(row_no=violated.rows[violated.rows.length() - 1])
        return Detection(tuple(rules), found, counted, tuple(refused), explains)

    def _rule(self, evidence: Evidence, identity: DuplicateIdentity, kind: str) -> Rule:
        return self.rule(
            evidence.model,
            kind,
            identity.id,
            identity.authority,
            activities=(identity.activity,),
            limit=identity.within_days,
            unit="days",
            fields=identity.same,
        )

    def _judge(self, evidence: Evidence, identity: DuplicateIdentity) -> ir.Table:
        orders = evidence.bound.store(f"orders_{identity.id}".replace("-", "_"), _orders(evidence, identity))
        settled = _settlements(evidence, identity)
        same = ibis.window(group_by=["identity"], order_by=["t_us", "row_no"])
        complete = orders.filter(orders.identity.notnull())
        chained = complete.mutate(
            first_us=complete.t_us.lag().over(same),
            first_row=complete.row_no.lag().over(same),
            first_case=complete.case_id.lag().over(same),
            first_anchor=complete.anchor.lag().over(same),
        )
        gap = chained.t_us - chained.first_us
        repeats = chained.first_us.notnull() & (gap <= round(identity.within_days * DAY_US))
        closing = (
            chained.left_join(
                settled, [chained.first_case == settled.settled_case, settled.settled_us < chained.t_us]
            )
            .group_by("row_no")
            .agg(
                settled=(ibis._.settles & (ibis._.settled_us >= ibis._.first_us)).any(),
                arrived=ibis._.arrived.any(),
            )
        )
        judged = chained.mutate(repeats=repeats).inner_join(closing, "row_no")
        can_tell = bool(evidence.bound.activities_seen & set(identity.open_until))
        resent = ~judged.settled.fill_null(False) if can_tell else ibis.literal(False)
        days = (judged.t_us - judged.first_us) / DAY_US
        kind = ibis.ifelse(judged.repeats & resent, "resent", "exact")
        amount = judged.amount if identity.amount else None
        waits = identity.waits_for if identity.waits_for in evidence.bound.activities_seen else None
        late_money = judged.repeats & resent & ~judged.arrived.fill_null(False)
        decided = occurrences(
            judged,
            rule_id=ibis.literal("duplicate.") + kind + ":" + identity.id,
            case_id=judged.case_id,
            verdict=ibis.ifelse(judged.repeats, Verdict.VIOLATED.value, Verdict.CONFORMANT.value),
            reason=ibis.ifelse(late_money, "money_not_arrived", ibis.null("string")) if waits else None,
            measure=ibis.ifelse(judged.repeats, days, ibis.null("float64")),
            limit=identity.within_days,
            start_us=ibis.ifelse(judged.repeats, judged.first_us, ibis.null("int64")),
            end_us=judged.t_us,
            anchor=ibis.ifelse(
                judged.repeats,
                judged.anchor + "~" + judged.first_case + "/" + judged.first_anchor,
                judged.anchor,
            ),
            rows=ibis.ifelse(
                judged.repeats, rows_of(judged.first_row, judged.row_no), rows_of(judged.row_no)
            ),
            related_case=ibis.ifelse(judged.repeats, judged.first_case, ibis.null("string")),
            amount=amount,
        )
        partial = orders.filter(orders.identity.isnull())
        undecided = occurrences(
            partial,
            rule_id=f"duplicate.exact:{identity.id}",
            case_id=partial.case_id,
            verdict=Verdict.NOT_DETERMINABLE.value,
            reason="identity_incomplete",
            end_us=partial.t_us,
            anchor=partial.anchor,
            rows=rows_of(partial.row_no),
        )
        return evidence.bound.store(
            f"duplicates_{identity.id}".replace("-", "_"), ibis.union(decided, undecided)
        )


def _orders(evidence: Evidence, identity: DuplicateIdentity) -> ir.Table:
    """Placed orders: row_no, case_id, t_us, anchor, identity (null if incomplete), amount."""
    bound, model = evidence.bound, evidence.model
    placed = bound.completed
    orders = placed.filter(placed.activity_id == identity.activity)
    case_values = bound.cases.select(
        case_key="case_id", **{f"case_{name}": bound.cases[name] for name in _wanted(identity)}
    )
    joined = orders.inner_join(case_values, orders.case_id == case_values.case_key)
    values = {name: ibis.coalesce(joined[name], joined[f"case_{name}"]) for name in _wanted(identity)}
    parts = [
        as_number(values[name]).cast("string")
        if model.attributes[name].type == "number"
        else folded(values[name])
        for name in identity.same
    ]
    complete = ibis.literal(True)
    for part in parts:
        complete = complete & part.notnull()
    key = ibis.literal("\x1f").join([part.fill_null("") for part in parts])
    in_case = ibis.window(group_by=joined.case_id, order_by=[joined.t_us, joined.row_no])
    ordinal = ibis.row_number().over(in_case) + 1
    return joined.select(
        "row_no",
        "case_id",
        "t_us",
        anchor=anchor_of(joined.event_id, ibis.literal(identity.activity), ordinal),
        identity=ibis.ifelse(complete, key, ibis.null("string")),
        amount=as_number(values[identity.amount]) if identity.amount in values else ibis.null("float64"),
    )


def _wanted(identity: DuplicateIdentity) -> tuple[str, ...]:
    names = (*identity.same, identity.amount) if identity.amount else identity.same
    return tuple(dict.fromkeys(names))


def folded(text: ir.StringValue) -> ir.StringValue:
    """Text without outer white space; null if nothing is left. Case and width are kept: exact is exact."""
    return text.strip().nullif("")


def as_number(text: ir.StringValue) -> ir.FloatingValue:
    """A number as exports write it ('1,000.00', '￥1000'); null if it is none."""
    return finite(text.re_replace(r"[\s,，¥￥$]", ""))


def _settlements(evidence: Evidence, identity: DuplicateIdentity) -> ir.Table:
    """Events that settle an order or bring its money: settled_case, settled_us, settles, arrived."""
    events = evidence.bound.completed
    wanted = (*identity.open_until, *((identity.waits_for,) if identity.waits_for else ()))
    chosen = events.filter(events.activity_id.isin(wanted or ("",)))
    settles = chosen.activity_id.isin(identity.open_until or ("",))
    return chosen.select(
        settled_case=chosen.case_id,
        settled_us=chosen.t_us,
        settles=settles,
        arrived=chosen.activity_id == (identity.waits_for or ""),
    )
