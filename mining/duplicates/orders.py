"""The orders of one identity, with all that pairs of them are judged by."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from mining.detection import Evidence
from mining.duplicates.normal import as_number, folded, normalised
from mining.occurrences import anchor_of
from reference_models.duplicates import DuplicateIdentity, Recurring

DAY_US = 86_400_000_000
_SEPARATOR = "\x1f"


def orders_of(evidence: Evidence, identity: DuplicateIdentity) -> ir.Table:
    """One line per placed order.

    row_no, case_id, t_us, anchor, excluded_rows, unknown_events (of its case); identity (null: incomplete);
    comparable (all attributes can be compared with tolerances); amount; per attribute number i of the
    identity raw_i, key_i (normalised) and num_i (of numbers); changed ('cancelled', 'amended' or null) and
    changed_us: the next change in its case before another order of it; series, in_run, out_run: the series of
    regular intervals that end and begin with it; reference, part, total, parts_sum (of its reference so far).
    """
    orders = _with_values(evidence, identity)
    orders = _with_changes(evidence, identity, orders)
    orders = _with_series(orders, identity, identity.recurring)
    name = f"orders_{identity.id}".replace("-", "_")
    return evidence.bound.store(name, orders)


def is_number(evidence: Evidence, name: str) -> bool:
    """Whether an attribute of the contract is a number."""
    return evidence.model.attributes[name].type == "number"


def key_of(orders: ir.Table, columns: list[str]) -> ir.StringValue:
    """Columns as one key; null where one of them is null."""
    if not columns:
        return ibis.literal("")
    parts = [orders[each].cast("string") for each in columns]
    complete = parts[0].notnull()
    for part in parts[1:]:
        complete = complete & part.notnull()
    whole = ibis.literal(_SEPARATOR).join([part.fill_null("") for part in parts])
    return ibis.ifelse(complete, whole, ibis.null("string"))


def _with_values(evidence: Evidence, identity: DuplicateIdentity) -> ir.Table:
    values = _values(evidence, identity)
    placed = evidence.bound.completed.filter(ibis._.activity_id == identity.activity)
    own = placed.select(
        "row_no",
        "case_id",
        "t_us",
        "event_id",
        **{f"own_{key}": placed[name] for key, name in values.items()},
    )
    cases = evidence.bound.cases
    of_case = cases.select(
        case_key="case_id",
        excluded_rows=cases.excluded_rows,
        unknown_events=cases.unknown_events,
        **{f"case_{key}": cases[name] for key, name in values.items()},
    )
    joined = own.inner_join(of_case, own.case_id == of_case.case_key)
    value = {key: ibis.coalesce(joined[f"own_{key}"], joined[f"case_{key}"]) for key in values}
    columns: dict[str, ir.Value] = {}
    for at, name in enumerate(identity.same):
        text = value[f"same_{at}"]
        number = is_number(evidence, name)
        columns[f"raw_{at}"] = folded(text)
        columns[f"num_{at}"] = as_number(text) if number else ibis.null("float64")
        columns[f"key_{at}"] = as_number(text).cast("string") if number else normalised(text)
    nothing = ibis.null("string")
    for key in ("reference", "part"):
        columns[key] = normalised(value[key]) if key in value else nothing
    for key in ("amount", "total"):
        columns[key] = as_number(value[key]) if key in value else ibis.null("float64")
    in_case = ibis.window(group_by=joined.case_id, order_by=[joined.t_us, joined.row_no])
    ordinal = ibis.row_number().over(in_case) + 1
    orders = joined.mutate(**columns).mutate(
        anchor=anchor_of(joined.event_id, ibis.literal(identity.activity), ordinal)
    )
    exact = [f"{'num' if is_number(evidence, name) else 'raw'}_{at}" for at, name in enumerate(identity.same)]
    near = [f"key_{at}" for at in range(len(identity.same))]
    so_far = ibis.window(group_by="reference", order_by=["t_us", "row_no"], following=0)
    return orders.select(
        *("row_no", "case_id", "t_us", "anchor", "excluded_rows", "unknown_events"),
        *columns,
        identity=key_of(orders, exact),
        comparable=key_of(orders, near).notnull(),
        parts_sum=orders.amount.sum().over(so_far),
    )


def _values(evidence: Evidence, identity: DuplicateIdentity) -> dict[str, str]:
    """Our name → attribute, for those that the log has."""
    wanted: dict[str, str | None] = {f"same_{at}": name for at, name in enumerate(identity.same)}
    wanted["amount"] = identity.amount
    if identity.split:
        wanted |= {
            "reference": identity.split.reference,
            "part": identity.split.part,
            "total": identity.split.total,
        }
    return {key: name for key, name in wanted.items() if name and name in evidence.bound.fields}


def _with_changes(evidence: Evidence, identity: DuplicateIdentity, orders: ir.Table) -> ir.Table:
    """A change concerns the last order placed before it in its case."""
    said = identity.replaced
    if said is None:
        return orders.mutate(changed=ibis.null("string"), changed_us=ibis.null("int64"))
    events = evidence.bound.completed
    chosen = events.filter(events.activity_id.isin([*said.cancelled_by, *said.amended_by]))
    what = ibis.ifelse(chosen.activity_id.isin([*said.cancelled_by]), "cancelled", "amended")
    changes = chosen.select("row_no", "case_id", "t_us", what=what)
    placed = orders.select("row_no", "case_id", "t_us", what=ibis.null("string"))
    line = ibis.union(changes, placed)
    order = ibis.window(group_by="case_id", order_by=["t_us", "row_no"])
    followed = line.mutate(changed=line.what.lead().over(order), after_us=line.t_us.lead().over(order))
    followed = followed.filter(followed.what.isnull()).select(
        "row_no",
        "changed",
        changed_us=ibis.ifelse(followed.changed.notnull(), followed.after_us, ibis.null("int64")),
    )
    return orders.inner_join(followed, "row_no")


def _with_series(orders: ir.Table, identity: DuplicateIdentity, said: Recurring | None) -> ir.Table:
    """A run: consecutive intervals, none too short, each of about the length of the one before it."""
    if said is None:
        empty = ibis.null("int64")
        return orders.mutate(series=ibis.null("string"), in_run=empty, out_run=empty)
    orders = orders.mutate(series=key_of(orders, _series_columns(orders, identity)))
    line = ibis.window(group_by="series", order_by=["t_us", "row_no"])
    orders = orders.mutate(gap=orders.t_us - orders.t_us.lag().over(line))
    before = orders.gap.lag().over(line)
    least, slack = round(said.least_days * DAY_US), round(said.slack_days * DAY_US)
    goes_on = (orders.gap >= least) & (before >= least) & ((orders.gap - before).abs() <= slack)
    orders = orders.mutate(begins=ibis.ifelse(goes_on.fill_null(False), 0, 1))
    so_far = ibis.window(group_by="series", order_by=["t_us", "row_no"], following=0)
    orders = orders.mutate(run=orders.begins.sum().over(so_far))
    orders = orders.mutate(
        intervals=(orders.gap >= least).fill_null(False).sum().over(group_by=["series", "run"])
    )
    long = orders.series.notnull() & (orders.gap >= least) & (orders.intervals >= said.times - 1)
    orders = orders.mutate(in_run=ibis.ifelse(long, orders.run, ibis.null("int64")))
    return orders.mutate(out_run=orders.in_run.lead().over(line)).drop("gap", "begins", "run", "intervals")


def _series_columns(orders: ir.Table, identity: DuplicateIdentity) -> list[str]:
    """Texts as normalised; numbers unless they may differ: the amount of a regular order varies."""
    tolerances = identity.near.tolerances if identity.near else ()
    differ = {each.attribute for each in tolerances if each.similarity is None}
    return [f"key_{at}" for at, name in enumerate(identity.same) if name not in differ]
