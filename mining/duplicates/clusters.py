"""Clusters: orders that repeat one another, directly or through others, and what is at stake in them."""

from __future__ import annotations

import ibis.expr.types as ir
import networkx as nx
import pandas as pd

from mining.bound_log import BoundLog
from mining.cells import number
from mining.duplicates.pairs import at_stake
from mining.findings import Cluster

CASES = 10
"""Cases that a cluster names."""


def component_table(bound: BoundLog, name: str, pairs: ir.Table, orders: ir.Table) -> ir.Table:
    """The orders of violated pairs with their cluster.

    `pairs`: rule_id, row_no, first_row. Returns rule_id, row_no, cluster (row_no of its first order by
    reading), case_id, t_us, amount (what is at stake of it).
    """
    edges = pairs.select("rule_id", "row_no", "first_row").to_pandas()
    rows: list[tuple[str, int, int]] = []
    for rule_id, chosen in edges.groupby("rule_id", sort=True):
        graph: nx.Graph[int] = nx.Graph()
        graph.add_edges_from(zip(chosen["first_row"].tolist(), chosen["row_no"].tolist(), strict=True))
        for component in nx.connected_components(graph):
            first = min(component)
            rows += [(str(rule_id), row, first) for row in sorted(component)]
    schema = {"rule_id": "string", "row_no": "int64", "cluster": "int64"}
    members = bound.upload(f"{name}_members", pd.DataFrame(rows, columns=list(schema)), schema)
    facts = orders.select("row_no", "case_id", "t_us", amount=at_stake(orders), ordered=orders.amount)
    return bound.store(f"{name}_clusters", members.inner_join(facts, "row_no"))


def clusters_of(components: ir.Table) -> dict[str, tuple[Cluster, ...]]:
    """Per rule id its clusters: greatest exposure first, then most orders, then the first in time.

    The first order is taken for the need; whatever follows may be bought again.
    """
    keys = ["rule_id", "cluster"]
    members = components.order_by(*keys, "t_us", "row_no").to_pandas()
    later = members.groupby(keys).cumcount() > 0
    grouped = members.assign(repeated=members["amount"].where(later)).groupby(keys, sort=True)
    facts = grouped.agg(orders=("row_no", "size"), first_us=("t_us", "first"), last_us=("t_us", "last"))
    facts["total"] = grouped["ordered"].sum(min_count=1)
    facts["exposure"] = grouped["repeated"].sum(min_count=1)
    cases = members.drop_duplicates([*keys, "case_id"])
    facts["cases_total"] = cases.groupby(keys).size()
    named = cases[cases.groupby(keys).cumcount() < CASES]
    facts["cases"] = named.groupby(keys)["case_id"].agg(tuple)
    found: dict[str, list[Cluster]] = {}
    for record in facts.reset_index().to_dict("records"):
        cluster = Cluster(
            orders=int(record["orders"]),
            cases=record["cases"],
            cases_total=int(record["cases_total"]),
            first_us=int(record["first_us"]),
            last_us=int(record["last_us"]),
            total=number(record["total"]),
            exposure=number(record["exposure"]),
        )
        found.setdefault(str(record["rule_id"]), []).append(cluster)
    return {rule_id: tuple(sorted(each, key=_gravest)) for rule_id, each in found.items()}


def _gravest(cluster: Cluster) -> tuple[float, int, int, tuple[str, ...]]:
    return -(cluster.exposure or 0.0), -cluster.orders, cluster.first_us, cluster.cases
