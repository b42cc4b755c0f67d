"""Near duplicates: orders that differ a little and may still be one."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from mining.detection import Detection, Detector, Evidence, Examples, weakest
from mining.duplicates.candidates import near_pairs
from mining.duplicates.clusters import clusters_of, component_table
from mining.duplicates.matches import matched
from mining.duplicates.orders import orders_of
from mining.duplicates.pairs import pair_occurrences, paired, undecided, with_explanation
from mining.findings import Basis, Cluster, CouldNotCheck, Family, Rule, Verdict
from reference_models.duplicates import DuplicateIdentity, NearDuplicate


class DuplicateNear(Detector):
    """Two orders that differ a little in amount, date or text (近似重复).

    Meaning: two orders of one identity that agree in every attribute, within the contract's tolerances
    where it gives any and exactly elsewhere, but not in all exactly; sent within its number of days. Texts
    are compared after normalisation (width, case, white space, punctuation, O and 0, leading zeros) by
    normalised Indel similarity; numbers by difference, the wider of an absolute and a relative tolerance.
    Every such pair is told, field by field, so a waived pair cannot hide a third order. Not counted but
    listed, with the reason: *reissued* (the first was cancelled before the second was sent), *amended* (the
    first was changed, or cancelled in time after), *split* (parts of one order by the reference that the
    contract names, whose numbers differ and which together do not exceed the whole, as far as it names
    these two), *recurring* (both in a series of regular intervals). Parts without a common reference that
    are each below an approval limit and together reach it are told as such. The exposure is that of all
    orders of a cluster (pairs joined through common orders) but the first, each order once, one that was
    cancelled not counted.
    Needs: case, activity, time, the attributes of the identity; for look-alikes the contract's activities and
    attributes: without them nothing is explained.
    Verdicts: per pair violated, conformant (explained), or pending while the first may still be cancelled in
    time; per order that is the later one of no pair conformant; not determinable where an attribute is empty,
    where rejected rows of the first order's case may hold its cancellation, and where so many orders agree in
    all that must be equal that they cannot be compared.
    Source: domain.md, 'duplicate purchase order' (S2); the comparison by field, the look-alikes and 'all but
    the first' after audit practice for duplicate payments; the tolerances are the contract's.
    Re-perform: put the two rows named one under the other and compare field by field with what the finding
    says: amounts by `=ABS(E3-E2)`, which may be the absolute tolerance or the relative one times
    `=MAX(ABS(E2), ABS(E3))`; dates by `=ABS(C3-C2)`. Of texts, write what normalisation leaves of them into
    D, strike the fewest characters out of both until they are alike, and compare
    `=1-struck/(LEN(D2)+LEN(D3))` with the least similarity.
    """

    family = Family.DUPLICATE
    kinds = ("near",)
    over_cases = True
    order = 1

    examples: ClassVar[dict[str, Examples]] = {
        "near": Examples(  # one sign and one yuan differ; another item, and an amount beyond two per cent
            conforming="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆 GYTA-012,100
                2,采购要求,2024-03-05 09:00,电源 PS-100,100
                3,采购要求,2024-03-06 09:00,光缆 GYTA-012,103
            """,
            violating="""
                case,activity,time,item,amount
                1,采购要求,2024-03-04 09:00,光缆 GYTA-012,100
                2,采购要求,2024-03-08 09:00,光缆ＧＹＴＡ－O12,101
            """,
            as_of="2024-03-12T12:00+08:00",
        ),
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per pair; orders that are the later one of no pair are only counted."""
        if not any(identity.near for identity in evidence.model.duplicates):
            entry = "near" if evidence.model.duplicates else "duplicates"
            return Detection(not_checked=(self.could_not("near", "not_in_model", (entry,)),))
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        conformant: list[ir.Table] = []
        refused: list[CouldNotCheck] = []
        clusters: dict[str, tuple[Cluster, ...]] = {}
        for identity in evidence.model.duplicates:
            if identity.near is None:
                continue
            if missing := [name for name in identity.same if name not in evidence.bound.fields]:
                refused.append(self.could_not("near", "field_missing", missing))
                continue
            if identity.activity not in evidence.bound.activities_seen:
                refused.append(self.could_not("near", "no_events", (identity.activity,)))
                continue
            rule = self._rule(evidence, identity, identity.near)
            table, counted, found = _judge(evidence, identity, identity.near, rule.id)
            rules.append(rule)
            tables.append(table)
            conformant.append(counted)
            clusters |= found
        if not tables:
            return Detection(not_checked=tuple(refused))
        occurrences = ibis.union(*tables) if len(tables) > 1 else tables[0]
        counts = ibis.union(*conformant) if len(conformant) > 1 else conformant[0]
        violated = occurrences.filter(occurrences.verdict == Verdict.VIOLATED.value)
        explains = violated.select(row_no=violated.rows[1]).distinct()
        return Detection(tuple(rules), occurrences, counts, tuple(refused), explains, clusters)

    def _rule(self, evidence: Evidence, identity: DuplicateIdentity, near: NearDuplicate) -> Rule:
        rests_on = (
            Basis("identity", identity.authority),
            Basis("near", near.authority),
            *(Basis(f"tolerance:{each.attribute}", each.authority) for each in near.tolerances),
        )
        return self.rule(
            evidence.model,
            "near",
            identity.id,
            weakest(*(each.authority for each in rests_on)),
            activities=(identity.activity,),
            limit=near.within_days,
            unit="days",
            fields=identity.same,
            rests_on=rests_on,
        )


def _judge(
    evidence: Evidence, identity: DuplicateIdentity, near: NearDuplicate, rule_id: str
) -> tuple[ir.Table, ir.Table, dict[str, tuple[Cluster, ...]]]:
    """The occurrences, the number of conformant orders, the clusters."""
    bound, name = evidence.bound, f"near_{identity.id}".replace("-", "_")
    orders = orders_of(evidence, identity)
    found = near_pairs(bound, identity, near, orders)
    pairs = bound.store(f"{name}_explained", with_explanation(paired(orders, found.pairs), identity))
    told = pair_occurrences(
        evidence,
        identity,
        pairs,
        rule_id=rule_id,
        within_days=near.within_days,
        reason=None,
        matched=matched(evidence, identity, pairs, near),
    )
    partial = orders.filter(~orders.comparable)
    crowded = orders.semi_join(found.crowded, "row_no")
    table = bound.store(
        f"{name}_found",
        ibis.union(
            told,
            undecided(partial, rule_id, "identity_incomplete"),
            undecided(crowded, rule_id, "too_many_alike"),
        ),
    )
    bad = table.filter(table.verdict == Verdict.VIOLATED.value)
    edges = bad.select("rule_id", row_no=bad.rows[1], first_row=bad.rows[0])
    components = component_table(bound, name, edges, orders)
    if identity.split and identity.split.approval_limit:
        table = _with_suspicion(table, components, identity.split.approval_limit)
    alone = orders.filter(orders.comparable).anti_join(pairs, "row_no").anti_join(crowded, "row_no")
    counted = bound.store(f"{name}_alone", alone.agg(rule_id=ibis.literal(rule_id), n=alone.count()))
    return table, counted, clusters_of(components)


def _with_suspicion(table: ir.Table, components: ir.Table, approval_limit: float) -> ir.Table:
    """The reason 'split_under_limit' for pairs of clusters of which only the whole reaches the limit."""
    whole = components.group_by("cluster").agg(most=components.amount.max(), together=components.amount.sum())
    suspicious = whole.filter((whole.most < approval_limit) & (whole.together >= approval_limit))
    members = components.semi_join(suspicious, "cluster").select(member="row_no")
    marked = table.mutate(later=table.rows[table.rows.length() - 1]).left_join(
        members, ibis._.later == members.member
    )
    split = (marked.verdict == Verdict.VIOLATED.value) & marked.member.notnull()
    reason = ibis.ifelse(split, "split_under_limit", marked.reason)
    return marked.mutate(reason=reason).select(*table.columns)
