"""Lost between two systems: handed over and not recorded, or recorded and never handed over."""

from __future__ import annotations

from typing import ClassVar

import ibis
import ibis.expr.types as ir

from logs.keys import canonical
from mining.declare.timing import timed
from mining.detection import Detection, Detector, Evidence, Examples, limit_basis
from mining.findings import CouldNotCheck, Family, Rule, Verdict
from mining.occurrences import occurrences, rows_of
from mining.reconciliation import Compared, Party, compare, system_named
from reference_models.model import Reconciliation

_CONFORMANT, _VIOLATED, _PENDING, _UNKNOWN = (
    verdict.value
    for verdict in (Verdict.CONFORMANT, Verdict.VIOLATED, Verdict.PENDING, Verdict.NOT_DETERMINABLE)
)
_NULL = ibis.null("string")


class LostVanished(Detector):
    """A ticket lost between two systems (系统间丢单).

    Meaning: the contract's `reconciliation` says that what one system hands over (`sends`), another records
    (`records`), by a key that both have. *Vanished*: handed over, and the other system has no record of the
    key at the instant of comparison, past the limit. *Recorded late*: it has one, after the limit. *Orphan*:
    it has a record that nobody handed over. Compared is the first event of a key in a case with the first
    one of that key in the other system, at the earlier as-of of the two exports; keys as they are written,
    and without what `normalise` and `prefixes` declare to make no difference.
    Needs: case, activity, time; both systems in one audit (`--sources`); the attributes of the keys.
    Verdicts: vanished: conformant, if there is a record; pending while the limit runs; violated past it.
    Recorded late: of all that is recorded. Orphan: conformant, if it was handed over, else violated. Not
    determinable, before anything is called lost: the key is empty; no limit is given; it is one with another
    key of its own side; it would match if something undeclared were taken out of it, or so many others would
    that the spelling is the question, or no key of the two systems matches at all; the other export began
    after the key was first handed over; there, rows with that key, or with none, could not be read or have no
    key, or the key stands at other activities; the calendar ends.
    Source: domain.md, 'lost ticket' and 'IT systems come apart from the process' (S2, S3); design.md,
    'Findings'.
    Re-perform: filter each export to its activity and put the keys into column A of a sheet each, the times
    into B. In the sender's, `=MINIFS(other!B:B, other!A:A, A2)` is the time of the record; 0 means that there
    is none. Take out of both columns first what is declared, e.g. `=VALUE(SUBSTITUTE(A2,"GZ-",""))`.
    For the limit count as in docs/re-perform-a-deadline.md, from the sending to the record, else to the
    instant of comparison that the report gives. An orphan is a key of the other sheet with
    `=COUNTIF(sender!A:A, A2)` of 0.
    """

    family = Family.LOST
    kinds = ("vanished", "recorded_late", "orphan")
    over_cases = True
    order = 2

    examples: ClassVar[dict[str, Examples]] = {
        # What orders hand over, stores record within four hours.
        "vanished": Examples(
            conforming="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                stores,S1,接单,2024-03-04 10:00,cable
            """,
            violating="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                orders,2,采购要求,2024-03-04 09:30,switch
                stores,S0,到货,2024-03-04 08:00,
                stores,S1,接单,2024-03-04 10:00,cable
            """,
            as_of="2024-03-05T09:00+08:00",
        ),
        "recorded_late": Examples(
            conforming="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                stores,S1,接单,2024-03-04 13:00,cable
            """,
            violating="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                stores,S1,接单,2024-03-04 13:01,cable
            """,
            as_of="2024-03-05T09:00+08:00",
        ),
        "orphan": Examples(
            conforming="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                stores,S1,接单,2024-03-04 10:00,cable
            """,
            violating="""
                system,case,activity,time,item
                orders,1,采购要求,2024-03-04 09:00,cable
                stores,S1,接单,2024-03-04 10:00,cable
                stores,S2,接单,2024-03-04 14:00,switch
            """,
            as_of="2024-03-05T09:00+08:00",
        ),
    }

    def detect(self, evidence: Evidence) -> Detection:
        """One occurrence per case and key that was sent, and per case and key that was recorded."""
        if not evidence.model.reconciliation:
            return Detection(not_checked=tuple(self._could_not("not_in_model", ("reconciliation",))))
        rules: list[Rule] = []
        tables: list[ir.Table] = []
        links = []
        not_checked: list[CouldNotCheck] = []
        for number, each in enumerate(evidence.model.reconciliation):
            if refused := self._refused(evidence, each):
                not_checked += self._could_not(*refused)
                continue
            compared = compare(evidence, each, f"linked_{number}")
            if unseen := _never_seen(compared):
                not_checked += self._could_not("no_events", unseen)
                continue
            links.append(compared.link)
            made = [self._rule(evidence, each, kind) for kind in self.kinds if kind != "recorded_late"]
            sent = evidence.bound.store(f"sent_{number}", _sent(evidence, compared))
            recorded = evidence.bound.store(f"recorded_{number}", _recorded(evidence, compared))
            tables += [_vanished(sent, compared, made[0].id), _orphan(recorded, compared, made[1].id)]
            if each.limit is not None:
                made.append(self._rule(evidence, each, "recorded_late"))
                tables.append(_late(sent, compared, made[-1].id))
            rules += made
        if not tables:
            return Detection(not_checked=tuple(not_checked), links=tuple(links))
        found = evidence.bound.store("between_systems", ibis.union(*tables))
        kept = found.filter(found.verdict == _CONFORMANT)
        return Detection(
            tuple(rules),
            found.filter(found.verdict != _CONFORMANT),
            kept.group_by("rule_id").agg(n=kept.count()),
            tuple(not_checked),
            links=tuple(links),
        )

    def _could_not(self, reason: str, missing: tuple[str, ...]) -> list[CouldNotCheck]:
        return [self.could_not(kind, reason, missing) for kind in self.kinds]

    def _refused(self, evidence: Evidence, rule: Reconciliation) -> tuple[str, tuple[str, ...]] | None:
        """Why the two systems cannot be compared, and what is missing."""
        sides = rule.sends, rule.records
        systems = {side.system: system_named(evidence.bound.log, side.system) for side in sides}
        if missing := tuple(name for name, system in systems.items() if system is None):
            return "source_missing", missing
        present = {name: system for name, system in systems.items() if system is not None}
        if empty := tuple(name for name, system in present.items() if system.facts.empty):
            return "source_empty", empty
        lacking = tuple(
            side.key
            for side in sides
            if side.key != "case" and side.key not in present[side.system].facts.provenance.attributes
        )
        return ("field_missing", lacking) if lacking else None

    def _rule(self, evidence: Evidence, said: Reconciliation, kind: str) -> Rule:
        one, other = (said.records, said.sends) if kind == "orphan" else (said.sends, said.records)
        return self.rule(
            evidence.model,
            kind,
            said.id,
            said.authority,
            activities=(one.activity, other.activity),
            limit=said.limit.value if said.limit and kind != "orphan" else None,
            unit=said.limit.unit if said.limit and kind != "orphan" else "",
            fields=tuple(dict.fromkeys(each.key for each in (one, other) if each.key != "case")),
            systems=(one.system, other.system),
            rests_on=limit_basis(said.limit) if kind != "orphan" else (),
        )


def _never_seen(compared: Compared) -> tuple[str, ...]:
    """Activities that a system does not have at all: its labels are read wrongly, or it keeps them not."""
    sides = (compared.sends, compared.rule.sends), (compared.records, compared.rule.records)
    return tuple(
        side.activity for party, side in sides if not party.later and not int(party.said.count().execute())
    )


def _joined(party: Party, other: Party, keys: ir.Table, compared: Compared) -> ir.Table:
    """What a party said, with its key's fate on the other side: to_us, to_row, to_case, ambiguous, doubtful,
    otherwise, unread."""
    said = party.said.left_join(keys.rename(matched_key="key"), [("key", "matched_key")])
    first = other.first.select(to="key", to_us="us", to_row="row_no", to_case="case_id")
    said = said.left_join(first, [("partner", "to")])
    said = said.mutate(form=canonical(said.key, compared.rule.spelling))
    said = said.left_join(other.otherwise.select(other_form="form"), [("form", "other_form")])
    said = said.left_join(other.unread.select(unread_form="form"), [("form", "unread_form")])
    return said.select(
        "case_id",
        "key",
        "anchor",
        "to_us",
        "to_row",
        "to_case",
        from_us="us",
        from_row="row_no",
        ambiguous=said.ambiguous.fill_null(False),
        doubtful=said.doubtful.fill_null(False),
        otherwise=said.other_form.notnull(),
        unread=said.unread_form.notnull() | ibis.literal(other.hidden),
    )


def _sent(evidence: Evidence, compared: Compared) -> ir.Table:
    table = _joined(compared.sends, compared.records, compared.sent, compared)
    # The record of a key that was handed over before the other export begins lies before it.
    first = compared.sends.first.select(own_key="key", own_first_us="us")
    table = table.left_join(first, [("key", "own_key")]).drop("own_key")
    # What was recorded before it was handed over was not waited for.
    reached = ibis.greatest(ibis.coalesce(table.to_us, ibis.literal(compared.as_of_us)), table.from_us)
    begins = compared.records.system.facts.first_us
    blank = compared.records.blank_until_us
    table = table.mutate(
        reached_us=reached,
        before=ibis.coalesce(table.own_first_us, table.from_us) < (begins or 0),
        blank=(table.from_us <= blank) if blank is not None else ibis.literal(False),
    )
    return timed(evidence, compared.rule, table, "from_us", "reached_us", "wait")


def _recorded(evidence: Evidence, compared: Compared) -> ir.Table:
    table = _joined(compared.records, compared.sends, compared.recorded, compared)
    begins = compared.sends.system.facts.first_us or 0
    blank = compared.sends.blank_from_us
    table = table.mutate(
        begins_us=ibis.literal(begins).cast("int64"),
        blank=(table.from_us >= blank) if blank is not None else ibis.literal(False),
    )
    table = timed(evidence, compared.rule, table, "begins_us", "from_us", "reach")
    return table.mutate(before=(table.from_us < begins) | ~table.reach_past)


_Step = tuple[ir.BooleanValue, str, "ir.StringValue | str"]


def _doubts(table: ir.Table, compared: Compared) -> list[_Step]:
    """Why something that has no partner cannot be called lost."""
    link = compared.link
    everything = ibis.literal(bool(link.doubt))
    return [
        (everything, _UNKNOWN, link.doubt or _NULL),
        (table.doubtful, _UNKNOWN, "key_spelling"),
        (table.before, _UNKNOWN, "before_export"),
        (table.unread, _UNKNOWN, "unread_elsewhere"),
        (table.blank, _UNKNOWN, "blank_elsewhere"),
        (table.otherwise, _UNKNOWN, "known_otherwise"),
    ]


def _vanished(table: ir.Table, compared: Compared, rule_id: str) -> ir.Table:
    limit = compared.rule.limit
    there = table.to_us.notnull()
    steps: list[_Step] = [
        (table.key.isnull(), _UNKNOWN, "missing_key"),
        (there, _CONFORMANT, _NULL),
        (table.ambiguous, _UNKNOWN, "ambiguous_key"),
        (ibis.literal(limit is None), _UNKNOWN, "no_limit"),
        (table.wait_past.isnull(), _UNKNOWN, "calendar_ends"),
        (~table.wait_past, _PENDING, "in_time"),
        *_doubts(table, compared),
    ]
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=table.case_id,
        verdict=_first_of(steps, 1, _VIOLATED),
        reason=_first_of(steps, 2, _NULL),
        measure=ibis.ifelse(table.key.isnull(), ibis.null("float64"), table.wait_measure),
        limit=limit.value if limit else None,
        start_us=table.from_us,
        due_us=table.wait_due_us,
        end_us=table.to_us,
        anchor=table.anchor,
        rows=rows_of(table.from_row, table.to_row),
        related_case=table.to_case,
    )


def _late(table: ir.Table, compared: Compared, rule_id: str) -> ir.Table:
    limit = compared.rule.limit
    there = table.filter(table.key.notnull() & table.to_us.notnull())
    steps: list[_Step] = [
        (there.wait_past.isnull(), _UNKNOWN, "calendar_ends"),
        (~there.wait_past, _CONFORMANT, _NULL),
    ]
    return occurrences(
        there,
        rule_id=rule_id,
        case_id=there.case_id,
        verdict=_first_of(steps, 1, _VIOLATED),
        reason=_first_of(steps, 2, _NULL),
        measure=there.wait_measure,
        limit=limit.value if limit else None,
        start_us=there.from_us,
        due_us=there.wait_due_us,
        end_us=there.to_us,
        anchor=there.anchor,
        rows=rows_of(there.from_row, there.to_row),
        related_case=there.to_case,
    )


def _orphan(table: ir.Table, compared: Compared, rule_id: str) -> ir.Table:
    steps: list[_Step] = [
        (table.key.isnull(), _UNKNOWN, "missing_key"),
        (table.to_us.notnull(), _CONFORMANT, _NULL),
        (table.ambiguous, _UNKNOWN, "ambiguous_key"),
        (ibis.literal(compared.rule.limit is None), _UNKNOWN, "no_limit"),
        (table.reach_past.isnull(), _UNKNOWN, "calendar_ends"),
        *_doubts(table, compared),
    ]
    return occurrences(
        table,
        rule_id=rule_id,
        case_id=table.case_id,
        verdict=_first_of(steps, 1, _VIOLATED),
        reason=_first_of(steps, 2, _NULL),
        start_us=table.from_us,
        anchor=table.anchor,
        rows=rows_of(table.from_row, table.to_row),
        related_case=table.to_case,
    )


def _first_of(steps: list[_Step], at: int, otherwise: ir.StringValue | str) -> ir.StringValue:
    return ibis.cases(*[(step[0], step[at]) for step in steps], else_=otherwise)
