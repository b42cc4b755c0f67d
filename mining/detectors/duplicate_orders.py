"""Duplicate purchase orders: the same order placed again."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples
from mining.duplicates.clusters import clusters_of, component_table
from mining.duplicates.matches import matched
from mining.duplicates.orders import DAY_US, orders_of
from mining.duplicates.pairs import pair_occurrences, paired, undecided, with_explanation
from mining.findings import Cluster, CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import occurrences, rows_of
from reference_models.duplicates import DuplicateIdentity


class DuplicateOrders(Detector):
    """A purchase order or request placed twice (重复采购).

    Meaning: two orders with the same identity (all attributes that the contract names are equal) within the
    contract's number of days. *Resent*: the first was still open when the second came, the pattern of money
    that arrived late (资金未到位). *Exact*: the first was settled by then, or the log cannot show whether it
    was. Each order is paired with the one before it of its identity, so a waived pair cannot hide a third;
    where that pair only looks like a duplicate (reissued, amended, split, recurring: see `DuplicateNear`), it
    is also paired with the latest order before it with which it does not. The exposure is that of all orders
    of a cluster but the first, an order that was cancelled not counted.
    Needs: case, activity, time, and the attributes of the identity; for *resent*, events that settle orders.
    Verdicts: per order violated (it repeats one) or conformant (alone, or explained: with the reason);
    pending while the contract still lets the first be cancelled; not determinable where an attribute of its
    identity is empty (in its row and in all others of its case: the case's first value stands in), or where
    rejected rows of the first order's case may hold what cancelled it. Exact copies of a row are orders too:
    each is flagged as a pair.
    Source: domain.md, 'duplicate purchase order' (S2); design.md, table of findings (what is recognised and
    explained).
    Re-perform: sort the orders by their identity's attributes and then by time; the two rows named lie one
    under the other. `=AND(D3=D2, E3=E2, C3-C2<=within)` holds for them, attribute by attribute; look up
    whether a row of the first case settled the order between the two times (resent: none did).
    """

    family = Family.DUPLICATE
    kinds = ("exact", "resent")
    over_cases = True

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
        """One occurrence per order; two where the pair with the order before it is explained, another not."""
        model = evidence.model
        if not model.duplicates:
            missing = tuple(self.could_not(kind, "not_in_model", ("duplicates",)) for kind in self.kinds)
            return Detection(not_checked=missing)
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        refused: list[CouldNotCheck] = []
        clusters: dict[str, tuple[Cluster, ...]] = {}
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
            table, found = self._judge(evidence, identity)
            tables.append(table)
            clusters |= found
        if not tables:
            return Detection(not_checked=tuple(refused))
        found_all = ibis.union(*tables) if len(tables) > 1 else tables[0]
        # An order that repeats none conforms to both rules.
        alone = found_all.filter(
            (found_all.verdict == Verdict.CONFORMANT.value) & found_all.related_case.isnull()
        )
        counted = alone.group_by(rule_id=alone.rule_id.replace("duplicate.exact:", "duplicate.resent:")).agg(
            n=alone.count()
        )
        violated = found_all.filter(found_all.verdict == Verdict.VIOLATED.value)
        explains = violated.select(row_no=violated.rows[violated.rows.length() - 1])
        return Detection(tuple(rules), found_all, counted, tuple(refused), explains, clusters)

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

    def _judge(
        self, evidence: Evidence, identity: DuplicateIdentity
    ) -> tuple[ir.Table, dict[str, tuple[Cluster, ...]]]:
        bound, name = evidence.bound, identity.id.replace("-", "_")
        orders = orders_of(evidence, identity)
        chain = _chain(orders, identity)
        pairs = with_explanation(
            paired(orders, chain.filter(chain.repeats).select("row_no", "first_row")), identity
        )
        if identity.replaced or identity.split or identity.recurring:
            pairs = ibis.union(pairs, _behind_explained(orders, pairs, identity))
        pairs = _with_state(evidence, identity, pairs)
        repeated = pair_occurrences(
            evidence,
            identity,
            pairs,
            rule_id=ibis.literal("duplicate.") + pairs.kind + f":{identity.id}",
            within_days=identity.within_days,
            reason=pairs.waited,
            matched=matched(evidence, identity, pairs, None),
        )
        alone = chain.filter(~chain.repeats)
        single = occurrences(
            alone,
            rule_id=f"duplicate.exact:{identity.id}",
            case_id=alone.case_id,
            verdict=Verdict.CONFORMANT.value,
            limit=identity.within_days,
            end_us=alone.t_us,
            anchor=alone.anchor,
            rows=rows_of(alone.row_no),
        )
        partial = orders.filter(orders.identity.isnull())
        unclear = undecided(partial, f"duplicate.exact:{identity.id}", "identity_incomplete")
        table = bound.store(f"duplicates_{name}", ibis.union(repeated, single, unclear))
        bad = table.filter(table.verdict == Verdict.VIOLATED.value)
        edges = bad.select("rule_id", row_no=bad.rows[1], first_row=bad.rows[0])
        return table, clusters_of(component_table(bound, f"exact_{name}", edges, orders))


def _chain(orders: ir.Table, identity: DuplicateIdentity) -> ir.Table:
    """The complete orders, each with the one before it of its identity: first_row, repeats (in time)."""
    same = ibis.window(group_by="identity", order_by=["t_us", "row_no"])
    complete = orders.filter(orders.identity.notnull())
    before = complete.mutate(
        first_row=complete.row_no.lag().over(same), before_us=complete.t_us.lag().over(same)
    )
    gap = before.t_us - before.before_us
    return before.mutate(repeats=before.first_row.notnull() & (gap <= round(identity.within_days * DAY_US)))


def _behind_explained(orders: ir.Table, pairs: ir.Table, identity: DuplicateIdentity) -> ir.Table:
    """For orders whose pair is explained the latest earlier order with which they are an unexplained one."""
    explained = pairs.filter(pairs.explained.notnull()).select("row_no", "identity", "t_us")
    earlier = orders.select(first_row="row_no", first_identity="identity", first_us="t_us")
    further = explained.inner_join(
        earlier,
        [
            explained.identity == earlier.first_identity,
            (earlier.first_us < explained.t_us)
            | ((earlier.first_us == explained.t_us) & (earlier.first_row < explained.row_no)),
            explained.t_us - earlier.first_us <= round(identity.within_days * DAY_US),
        ],
    ).select("row_no", "first_row")
    every = with_explanation(paired(orders, further), identity)
    open_ones = every.filter(every.explained.isnull())
    latest = ibis.window(group_by="row_no", order_by=[ibis.desc("first_t_us"), ibis.desc("first_row")])
    ranked = open_ones.mutate(rank=ibis.row_number().over(latest))
    return ranked.filter(ranked["rank"] == 0).drop("rank").select(*pairs.columns)


def _with_state(evidence: Evidence, identity: DuplicateIdentity, pairs: ir.Table) -> ir.Table:
    """Add `kind` ('resent' while the first was open) and `waited` (its money had not arrived)."""
    seen = evidence.bound.activities_seen
    settled = _settlements(evidence, identity)
    closing = (
        pairs.select("row_no", "first_row", "t_us", "first_t_us", "first_case_id")
        .left_join(settled, [ibis._.first_case_id == settled.settled_case, settled.settled_us < ibis._.t_us])
        .group_by("row_no", "first_row")
        .agg(
            settled=(ibis._.settles & (ibis._.settled_us >= ibis._.first_t_us)).any(),
            arrived=ibis._.arrived.any(),
        )
    )
    pairs = pairs.inner_join(closing, ["row_no", "first_row"])
    can_tell = bool(seen & set(identity.open_until))
    resent = ~pairs.settled.fill_null(False) if can_tell else ibis.literal(False)
    late_money = resent & ~pairs.arrived.fill_null(False) & ibis.literal(identity.waits_for in seen)
    return pairs.mutate(
        kind=ibis.ifelse(resent, "resent", "exact"),
        waited=ibis.ifelse(late_money, "money_not_arrived", ibis.null("string")),
    )


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
