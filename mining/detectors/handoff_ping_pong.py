"""Ping-pong: the case is pushed back and forth between the same two parties."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir
import pandas as pd

from mining.detection import Detection, Detector, Evidence, Examples
from mining.findings import Family, Verdict
from mining.occurrences import occurrences
from mining.places import places
from mining.returns import Asked, returns_in, some_path_returns
from mining.units import known_units


class HandoffPingPong(Detector):
    """Work pushed back and forth (推诿).

    Meaning: a case goes from party A to B and straight back to A more often than allowed. Parties are the
    roles of the model (units read as roles by the contract, else the lane of the task), or the
    organisational units as logged. Between roles, the returns of the case's own reference path (its loops,
    what runs in parallel) are allowed besides. Consecutive events of one party count as one stay; where
    the log records completions, a start makes no stay of its own.
    Needs: case, activity, time; for units: role.
    Verdicts: per case violated or conformant; not determinable where a unit is asked for and the case names
    none, or where the reference path shown does not allow the returns and another one, with deviations that
    weigh as little and as few events out of place, does: then the case's deviations are told as such. What is
    violated, no such path allows.
    Source: domain.md, 'broken handoff' (推诿); van der Aalst, Reijers & Song 2005 (handover of work).
    Re-perform: copy the case's rows to a sheet of their own (without the start events where there are
    completions), sort by time, and write the party of each row into D (the unit, or its role by a lookup,
    else the lane of the task). Copy D without repetitions of the row before into E. A return is a row
    whose party is that of two rows above: `=SUMPRODUCT(--(E3:E99=E1:E97), --(E3:E99<>""))`. Compare with
    the allowance and, between roles, the returns of the diagram's own ways: of those with as few deviations
    as the case is said to have, the one with the most returns.
    """

    family = Family.HANDOFF
    kinds = ("ping_pong",)

    examples: ClassVar[dict[str, Examples]] = {
        "ping_pong": Examples(  # a failed test goes back to the works: a loop of the model
            conforming="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,采购要求,2024-03-04 14:00
                1,施工,2024-03-05 14:00
                1,测试,2024-03-06 09:00
                1,施工,2024-03-06 14:00
                1,测试,2024-03-07 09:00
            """,
            violating="""
                case,activity,time
                1,受理,2024-03-04 09:00
                1,定方案,2024-03-04 11:00
                1,受理,2024-03-04 12:00
                1,定方案,2024-03-04 13:00
                1,采购要求,2024-03-04 14:00
            """,
            as_of="2024-03-07T12:00+08:00",
        )
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per case."""
        model = evidence.model
        if model.ping_pong is None:
            return Detection(not_checked=(self.could_not("ping_pong", "not_in_model", ("ping_pong",)),))
        between = model.ping_pong.between
        if between == "unit" and "role" not in evidence.bound.fields:
            return Detection(not_checked=(self.could_not("ping_pong", "field_missing", ("role",)),))
        rule = self.rule(
            model,
            "ping_pong",
            between,
            model.ping_pong.authority,
            limit=model.ping_pong.allowed,
            unit="returns",
        )
        allowed = _allowed(evidence, between, model.ping_pong.allowed)
        # Few cases return too often: only their events are put in order and walked through.
        if between == "role":
            acting = _by_role(evidence, _returning_by_place(evidence, allowed))
        else:
            acting = _by_unit(evidence)
            acting = acting.semi_join(_returning(evidence, acting, allowed), "case_id")
        acting = evidence.bound.store("ping_pong_acting", acting)
        bounces = evidence.bound.store("ping_pong_bounces", _bounces(acting))
        per_case = bounces.group_by("case_id").agg(
            returns=bounces.count(), first_us=bounces.t_us.min(), last_us=bounces.t_us.max()
        )
        judged = allowed.inner_join(per_case, "case_id")
        over = judged.filter(judged.returns > judged.allowed)
        evidence_rows = bounces.group_by("case_id").agg(rows=bounces.rows.collect().flatten().unique().sort())
        over = over.inner_join(evidence_rows, "case_id")
        if between == "role":
            over = evidence.bound.store(
                "ping_pong_over", _with_doubt(evidence, over, model.ping_pong.allowed)
            )
        else:
            over = over.mutate(excused=False, doubtful=False)
        table = occurrences(
            over,
            rule_id=rule.id,
            case_id=over.case_id,
            verdict=ibis.ifelse(over.excused, Verdict.NOT_DETERMINABLE.value, Verdict.VIOLATED.value),
            reason=ibis.ifelse(over.excused, "ambiguous", ibis.null("string")),
            ambiguous=over.excused | over.doubtful,
            measure=over.returns,
            limit=over.allowed,
            start_us=over.first_us,
            end_us=over.last_us,
            anchor=between,
            rows=over.rows,
        )
        silent = self._silent(evidence, rule.id) if between == "unit" else None
        parts = [table] if silent is None else [table, silent]
        found = ibis.union(*parts) if len(parts) > 1 else table
        found = evidence.bound.store("ping_pong_found", found)
        counts = evidence.bound.cases.count().name("n")
        n = int(counts.execute()) - int(found.count().execute())
        conformant = evidence.bound.upload(
            "ping_pong_conformant",
            pd.DataFrame({"rule_id": [rule.id], "n": [n]}),
            {"rule_id": "string", "n": "int64"},
        )
        explained = _explained(acting, over.filter(~over.excused))
        return Detection((rule,), found, conformant, explains=explained)

    def _silent(self, evidence: Evidence, rule_id: str) -> ir.Table:
        events, cases = evidence.bound.events, evidence.bound.cases
        named = events.filter(events.role.notnull()).select("case_id").distinct()
        silent = cases.anti_join(named, "case_id")
        return occurrences(
            silent,
            rule_id=rule_id,
            case_id=silent.case_id,
            verdict=Verdict.NOT_DETERMINABLE.value,
            reason="missing_attribute",
            anchor="unit",
            rows=ibis.literal([], type="array<int64>"),
        )


def _with_doubt(evidence: Evidence, over: ir.Table, allowed: int) -> ir.Table:
    """Add `excused`: another optimal reference path of the case has as many returns as it needs; and
    `doubtful`: the model is too large to tell."""
    conformance, model = evidence.conformance, evidence.model
    judged = over.inner_join(conformance.variants.case_variants, "case_id")
    judged = judged.select("case_id", "variant", needed=(judged.returns - allowed).cast("int64"))
    judged = evidence.bound.store("ping_pong_judged", judged)
    distinct = judged.select("variant", "needed").distinct().order_by("variant", "needed").to_pandas()
    asked = []
    for number, needed in distinct.itertuples(index=False):
        variant, alignment = conformance.variants.variants[number - 1], conformance.alignments[number - 1]
        asked.append(Asked(variant, alignment, needed))
    lanes = {activity.id: activity.role for activity in model.activities.values()}
    answers = some_path_returns(model.net, model.costs, lanes, asked)
    told = evidence.bound.upload(
        "ping_pong_doubt",
        distinct.assign(
            excused=[answer is True for answer in answers], doubtful=[answer is None for answer in answers]
        ),
        {"variant": "int64", "needed": "int64", "excused": "boolean", "doubtful": "boolean"},
    )
    told = judged.inner_join(told, ["variant", "needed"]).select("case_id", "excused", "doubtful")
    return over.inner_join(told, "case_id")


def _returning(evidence: Evidence, acting: ir.Table, allowed: ir.Table) -> ir.Table:
    """case_id of cases with more returns than allowed."""
    counted = _counted(evidence, acting, "case_id", ("t_us", "row_no")).inner_join(allowed, "case_id")
    return counted.filter(counted.returns > counted.allowed).select("case_id")


def _returning_by_place(evidence: Evidence, allowed: ir.Table) -> ir.Table:
    """The same between roles: cases in which the usual roles act are judged together, variant by variant."""
    bound, case_variants = evidence.bound, evidence.conformance.variants.case_variants
    placed = _in_flow(evidence, places(evidence))
    placed = placed.mutate(party=_role_of(evidence, placed))
    parties = placed.group_by("variant", "pos", "party").agg(n=placed.n.sum())
    most = ibis.window(group_by=["variant", "pos"], order_by=[ibis.desc("n"), "party"])
    usual = parties.mutate(rank=ibis.row_number().over(most)).filter(ibis._.rank == 0).drop("rank", "n")
    usual = bound.store("ping_pong_usual", usual)
    joined = placed.inner_join(usual.rename(usual="party"), ["variant", "pos"])
    unusual = bound.store(
        "ping_pong_unusual",
        joined.filter(~joined.party.identical_to(joined.usual)).select("variant", "pos", unit=_unit(joined)),
    )
    steps = _in_flow(evidence, bound.steps)
    steps = steps.select("case_id", "pos", unit=_unit(steps))
    # Few places and units are in question: they are sought before each case is asked for its variant.
    steps = steps.semi_join(unusual, ["pos", "unit"]).inner_join(case_variants, "case_id")
    own = bound.store(
        "ping_pong_own", steps.semi_join(unusual, ["variant", "pos", "unit"]).select("case_id").distinct()
    )
    known = usual.filter(usual.party.notnull())
    by_variant = _counted(evidence, known, "variant", ("pos",))
    together = case_variants.anti_join(own, "case_id").inner_join(by_variant, "variant")
    together = together.inner_join(allowed, "case_id")
    together = together.filter(together.returns > together.allowed).select("case_id")
    alone = bound.store("ping_pong_alone", _by_role(evidence, own))
    return ibis.union(together, _returning(evidence, alone, allowed))


def _unit(table: ir.Table) -> ir.StringValue:
    return table.role.fill_null("")


def _counted(evidence: Evidence, acting: ir.Table, key: str, order: tuple[str, ...]) -> ir.Table:
    """key, returns: counted once per distinct sequence of parties."""
    parties = sorted(acting.select("party").distinct().execute()["party"])
    codes = evidence.bound.upload(
        f"parties_of_{key}",
        pd.DataFrame({"name": parties, "code": range(len(parties))}),
        {"name": "string", "code": "int64"},
    )
    coded = acting.inner_join(codes, acting.party == codes.name)
    collected = coded.group_by(key).agg(
        stays=ibis.struct({name: coded[name] for name in (*order, "code")}).collect()
    )
    in_order = collected.stays.sort().map(lambda each: each.code.cast("string"))
    sequences = evidence.bound.store(
        f"party_sequences_of_{key}", collected.select(key, parties=ibis.literal(",").join(in_order))
    )
    distinct = sequences.select("parties").distinct().execute()["parties"]
    returns = evidence.bound.upload(
        f"party_returns_of_{key}",
        pd.DataFrame({"parties": distinct, "returns": [returns_in(text.split(",")) for text in distinct]}),
        {"parties": "string", "returns": "int64"},
    )
    return sequences.inner_join(returns, "parties").select(key, "returns")


def _explained(acting: ir.Table, over: ir.Table) -> ir.Table:
    """row_no of every event in a stay that a case was pushed into and back from."""
    stays = _numbered(acting.semi_join(over, "case_id"))
    order = ibis.window(group_by="case_id", order_by=["stay"])
    parties = stays.select("case_id", "stay", "party").distinct()
    back = parties.mutate(second_last=parties.party.lag(2).over(order))
    back = back.filter(back.second_last == back.party).select("case_id", returned="stay")
    both = stays.inner_join(back, "case_id")
    inside = both.filter((both.stay == both.returned) | (both.stay == both.returned - 1))
    return inside.select("row_no").distinct()


def _by_unit(evidence: Evidence) -> ir.Table:
    """case_id, t_us, row_no and the unit that acted, as party."""
    events = evidence.bound.events
    acting = events.filter(events.role.notnull())
    if "complete" in evidence.bound.lifecycles:  # work that began elsewhere before this ended is no return
        acting = acting.filter(acting.lifecycle.isnull() | (acting.lifecycle != "start"))
    return acting.select("case_id", "t_us", "row_no", party="role")


def _by_role(evidence: Evidence, cases: ir.Table) -> ir.Table:
    """case_id, t_us, row_no and the role that completed a step of the flow, as party, in some cases. Notices
    and pauses lie beside the flow: nobody hands over by them."""
    steps = _in_flow(evidence, evidence.bound.steps.semi_join(cases, "case_id"))
    acting = steps.select("case_id", "t_us", "row_no", party=_role_of(evidence, steps))
    return acting.filter(acting.party.notnull())


def _in_flow(evidence: Evidence, table: ir.Table) -> ir.Table:
    return table.filter(
        table.activity_id.isin([a.id for a in evidence.model.activities.values() if a.in_flow])
    )


def _numbered(acting: ir.Table) -> ir.Table:
    """case_id, row_no, party, stay: consecutive events of one party share a stay."""
    order = ibis.window(group_by="case_id", order_by=["t_us", "row_no"])
    marked = acting.mutate(before=acting.party.lag().over(order))
    begins = (marked.before.isnull() | (marked.before != marked.party)).cast("int64")
    so_far = ibis.rows_window(
        preceding=None, following=0, group_by=marked.case_id, order_by=[marked.t_us, marked.row_no]
    )
    return marked.select("case_id", "row_no", "party", stay=begins.sum().over(so_far))


def _bounces(acting: ir.Table) -> ir.Table:
    """One line per return A→B→A: case_id, t_us of the return, rows of the stay at B and of the return."""
    order = ibis.window(group_by="case_id", order_by=["t_us", "row_no"])
    # Only changes of party matter: a stay begins where the party differs from the one before.
    changed = acting.mutate(before=acting.party.lag().over(order))
    begins = changed.filter(changed.before.isnull() | (changed.before != changed.party))
    stays = begins.select(
        "case_id",
        "t_us",
        "row_no",
        "party",
        previous=begins.party.lag(1).over(order),
        previous_row=begins.row_no.lag(1).over(order),
        second_last=begins.party.lag(2).over(order),
    )
    back = stays.filter(stays.second_last == stays.party)
    return back.select("case_id", "t_us", rows=ibis.array([back.previous_row, back.row_no]))


def _role_of(evidence: Evidence, table: ir.Table) -> ir.StringValue:
    """The role that acted: the unit (`role`) read by the contract, else the lane of `activity_id`."""
    lanes = {a.id: a.role for a in evidence.model.activities.values() if a.role is not None}
    nobody = ibis.null("string")
    lane = table.activity_id.substitute(lanes, else_=nobody) if lanes else nobody
    units = known_units(evidence)
    return ibis.coalesce(table.role.substitute(units, else_=nobody), lane) if units else lane


def _allowed(evidence: Evidence, between: str, allowed: int) -> ir.Table:
    """case_id, allowed: the contract's allowance and, between roles, the returns of the reference path."""
    case_variants = evidence.conformance.variants.case_variants
    if between == "unit":
        return case_variants.select("case_id", allowed=ibis.literal(allowed))
    lanes = {a.id: a.role for a in evidence.model.activities.values()}
    rows = [
        (number, allowed + returns_in([lanes.get(m.activity) for m in moves if m.kind != "log"]))
        for number, moves in enumerate(evidence.conformance.visible, start=1)
    ]
    table = evidence.bound.upload(
        "ping_pong_allowed",
        pd.DataFrame(rows, columns=["variant", "allowed"]),
        {"variant": "int64", "allowed": "int64"},
    )
    return case_variants.inner_join(table, "variant").select("case_id", "allowed")
