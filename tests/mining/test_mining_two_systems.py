"""Two systems compared: each verdict, and the whole against a slow and obvious count."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from workbench import example_model, us

from logs import dump_mapping
from logs.key_links import Spelling
from logs.mapping import Mapping
from logs.systems import read_systems
from mining.audit import audit
from mining.findings import Outcome
from reference_models.model import Limit

SEND, RECORD = "采购要求", "接单"
DAY = "2024-03-04"
ONE, OTHER = "orders", "stores"


def row(case, label, hour, key=""):
    """One line of an export; `hour` counts from midnight of DAY, None is no time."""
    time = "bad" if hour is None else f"2024-03-{4 + hour // 24:02d} {hour % 24:02d}:00"
    return f"{case},{label},{time},{key}"


def hour(count):
    return us(f"{DAY}T00:00+08:00") + count * 3_600_000_000


def open_systems(
    orders, stores, *, reach=(72, 72), begins=(0, 0), joins="", attributes=("item",), swap=False
):
    """A log of two systems from their lines; `reach`, `begins`: the hours that each export spans."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        lines = ["sources:"]
        for at, (name, rows) in enumerate(((ONE, orders), (OTHER, stores))):
            (place / f"{name}.csv").write_text("\n".join(["case,activity,time,item", *rows, ""]), "utf-8")
            window = {} if begins[at] is None else {"from": row("", "", begins[at]).split(",")[2]}
            said = Mapping(
                case="case",
                activity="activity",
                time="time",
                attributes={each: each for each in attributes},
                window=window,
                time_formats=("iso",),
                reject_limit=1,
            )
            (place / f"{name}.yaml").write_text(dump_mapping(said), "utf-8")
            as_of = row("", "", reach[at]).split(",")[2]
            lines.append(
                f"  {name}: {{files: {name}.csv, mapping: {name}.yaml, as_of: '{as_of}'{joins * at}}}"
            )
        lines[1:] = reversed(lines[1:]) if swap else lines[1:]
        (place / "sources.yaml").write_text("\n".join(lines), "utf-8")
        return read_systems(place / "sources.yaml")


def judged(orders, stores, model=None, **options):
    with open_systems(orders, stores, **options) as log:
        return audit(log, model or example_model(), tool_version="test")


def model_with(**changes):
    (rule,) = example_model().reconciliation
    return replace(example_model(), reconciliation=(replace(rule, **changes),))


def verdicts(result, kind):
    """case → (verdict, reason) of what is not conformant."""
    table = result.occurrences
    of_kind = table[table["rule_id"].str.startswith(f"lost.{kind}:")]
    return {
        row["case_id"]: (row["verdict"], row["reason"] if isinstance(row["reason"], str) else None)
        for row in of_kind.to_dict("records")
    }


BOTH = [row("1", SEND, 9, "A1"), row("2", SEND, 9, "A2")], [row("S1", RECORD, 10, "A1")]


def test_past_the_limit_it_is_vanished_and_before_pending():
    assert verdicts(judged(*BOTH), "vanished") == {"2": ("violated", None)}
    assert verdicts(judged(*BOTH, reach=(13, 13)), "vanished") == {"2": ("pending", "in_time")}


def test_compared_at_the_earlier_as_of_and_what_comes_later_is_counted():
    stores = [*BOTH[1], row("S2", RECORD, 20, "A2")]
    result = judged(BOTH[0], stores, reach=(72, 13))
    assert verdicts(result, "vanished") == {"2": ("pending", "in_time")}
    (link,) = result.links
    assert (link.as_of_us, link.later) == (hour(13), (0, 1))
    assert judged(BOTH[0], stores, reach=(15, 72)).links[0].as_of_us == hour(15)


def test_a_record_after_the_limit_is_late_and_not_vanished():
    result = judged(BOTH[0], [*BOTH[1], row("S2", RECORD, 20, "A2")])
    assert verdicts(result, "vanished") == {}
    assert verdicts(result, "recorded_late") == {"2": ("violated", None)}
    (late,) = result.occurrences[result.occurrences["rule_id"].str.startswith("lost.recorded_late")].to_dict(
        "records"
    )
    assert (late["measure"], late["limit"], late["related_case"]) == (11.0, 4.0, "S2")
    assert list(zip(late["source_files"], late["source_rows"], strict=True)) == [(0, 3), (1, 3)]


def test_vanished_and_late_are_one_occurrence_to_the_history():
    before = judged(*BOTH).occurrences
    after = judged(BOTH[0], [*BOTH[1], row("S2", RECORD, 20, "A2")]).occurrences
    one = before.loc[before["rule_id"].str.startswith("lost.vanished"), "fingerprint"].tolist()
    assert after.loc[after["rule_id"].str.startswith("lost.recorded_late"), "fingerprint"].tolist() == one


def test_an_orphan_bears_the_number_and_the_source_of_its_own_system():
    orders, stores = [row("1", SEND, 9, "A1")], [row("1", RECORD, 10, "A1"), row("2", RECORD, 30, "B9")]
    result = judged(orders, stores)
    (finding,) = [each for each in result.findings if each.rule.kind == "orphan"]
    assert finding.rule.systems == (OTHER, ONE)
    (worst,) = finding.worst
    assert worst.case_id == "2"
    assert result.evidence[worst.rows[0]].file.endswith("stores.csv")
    assert result.evidence[worst.rows[0]].activity_id == "received"
    assert (finding.cases_violated, finding.variants_violated) == (1, 0)
    assert "2" not in result.case_files


def test_either_system_may_be_that_of_the_process():
    orders = [row("1", SEND, 9, "A1"), row("2", SEND, 9, "A2")]
    stores = [row("1", RECORD, 10, "A1"), row("2", RECORD, 40, "B9")]
    result = judged(orders, stores, swap=True)
    assert [each.name for each in result.systems] == [OTHER, ONE]
    vanished, orphan = (
        next(each for each in result.findings if each.rule.kind == kind) for kind in ("vanished", "orphan")
    )
    assert (result.foreign(vanished.rule), result.foreign(orphan.rule)) == (True, False)
    assert [each.case_id for each in (*vanished.worst, *orphan.worst)] == ["2", "2"]
    assert result.evidence[vanished.worst[0].rows[0]].file.endswith("orders.csv")
    assert (vanished.variants_violated, orphan.variants_violated) == (0, 1)
    assert judged(orders, stores).occurrences["fingerprint"].isin(result.occurrences["fingerprint"]).any()


def test_systems_with_one_fingerprint_each_for_the_same_case_and_key():
    """Case 7 of one system is not case 7 of the other."""
    result = judged(
        [row("1", SEND, 9, "A1"), row("7", SEND, 9, "X")],
        [row("S", RECORD, 10, "A1"), row("7", RECORD, 40, "Y")],
    )
    own = result.occurrences[result.occurrences["rule_id"].str.contains("material_recorded")]
    assert own["case_id"].tolist() == ["7", "7"]
    assert own["fingerprint"].nunique() == 2


@pytest.mark.parametrize(
    ("orders", "stores", "reason"),
    [
        ([], [row("S2", RECORD, None, "A2")], "unread_elsewhere"),
        ([], [row("S2", RECORD, None, "")], "unread_elsewhere"),
        ([], [row("S2", RECORD, 12, "")], "blank_elsewhere"),
        ([], [row("S2", "到货", 12, "A2")], "known_otherwise"),
        ([], [row("S2", "不明", 12, "A2")], "known_otherwise"),
        ([], [row("S2", RECORD, 12, "a2")], "key_spelling"),
        ([row("3", SEND, 9, "")], [], None),
    ],
)
def test_nothing_is_called_lost_that_may_only_be_unread(orders, stores, reason):
    many = [str(number) for number in range(30)]
    sent = [row(f"m{each}", SEND, 9, f"M{each}") for each in many]
    got = [row(f"n{each}", RECORD, 10, f"M{each}") for each in many]
    result = judged([*BOTH[0], *orders, *sent], [*BOTH[1], *stores, *got])
    expected = ("not_determinable", reason) if reason else ("violated", None)
    assert verdicts(result, "vanished")["2"] == expected


def test_rows_that_say_they_are_something_else_leave_no_doubt():
    result = judged(BOTH[0], [*BOTH[1], row("S2", "到货", None, ""), row("S0", RECORD, 8, "")])
    assert verdicts(result, "vanished")["2"] == ("violated", None)


def test_an_empty_key_is_an_obligation_that_nobody_can_check():
    result = judged([*BOTH[0], row("3", SEND, 9, "")], BOTH[1])
    assert verdicts(result, "vanished")["3"] == ("not_determinable", "missing_key")


def test_what_was_sent_before_the_other_export_begins_is_not_called_lost():
    result = judged(*BOTH, begins=(0, 10))
    assert verdicts(result, "vanished")["2"] == ("not_determinable", "before_export")
    unstated = judged(*BOTH, begins=(0, None))  # then it begins with its first event
    assert verdicts(unstated, "vanished")["2"] == ("not_determinable", "before_export")


def test_a_key_first_sent_before_the_other_export_begins_may_be_recorded_there():
    """A monthly order comes again under the number under which it was recorded long ago."""
    orders = [*BOTH[0], row("8", SEND, 8, "B"), row("9", SEND, 12, "B"), row("10", SEND, 12, "C")]
    vanished = verdicts(judged(orders, BOTH[1], begins=(0, 9)), "vanished")
    assert vanished["8"] == vanished["9"] == ("not_determinable", "before_export")
    assert vanished["10"] == ("violated", None)


def test_a_record_that_may_have_been_sent_before_the_export_is_no_orphan():
    stores = [*BOTH[1], row("S8", RECORD, 9, "B8"), row("S9", RECORD, 20, "B9")]
    orphans = verdicts(judged(BOTH[0], stores, begins=(8, 0)), "orphan")
    assert orphans == {"S8": ("not_determinable", "before_export"), "S9": ("violated", None)}


def test_keys_written_otherwise_are_reported_before_anything_is_called_lost():
    orders = [row(f"{n}", SEND, 9, f"PR-{n:04d}") for n in range(1, 20)]
    stores = [row(f"S{n}", RECORD, 10, n) for n in range(1, 19)]
    result = judged(orders, stores)
    (link,) = result.links
    assert (link.distinct, link.matched, link.doubt) == ((19, 18), 0, "key_spelling")
    assert link.mend == Spelling(("leading_zeros",), ("PR-",))
    assert set(verdicts(result, "vanished").values()) == {("not_determinable", "key_spelling")}
    assert set(verdicts(result, "orphan").values()) == {("not_determinable", "key_spelling")}
    declared = judged(orders, stores, model_with(spelling=link.mend))
    assert verdicts(declared, "vanished") == {"19": ("violated", None)}
    assert verdicts(declared, "orphan") == {}


def test_two_keys_that_become_one_are_not_decided():
    orders = [*BOTH[0], row("3", SEND, 9, "07"), row("4", SEND, 9, "7")]
    stores = [*BOTH[1], row("S7", RECORD, 10, "007")]
    result = judged(orders, stores, model_with(spelling=Spelling(("leading_zeros",))))
    assert {case: verdicts(result, "vanished")[case][1] for case in "34"} == dict.fromkeys(
        "34", "ambiguous_key"
    )


def test_without_a_limit_nothing_is_lost():
    result = judged(*BOTH, model_with(limit=None))
    assert verdicts(result, "vanished") == {"2": ("not_determinable", "no_limit")}
    assert not [each for each in result.findings if each.rule.kind == "recorded_late"]


def test_working_days_of_the_calendar_count():
    """Monday evening to Wednesday: one working day is over at the end of Tuesday."""
    limit = Limit(1, "working_days", example_model().reconciliation[0].authority)
    model = model_with(limit=limit, calendar="cn-working-days")
    assert verdicts(judged(*BOTH, model, reach=(47, 47)), "vanished")["2"] == ("pending", "in_time")
    assert verdicts(judged(*BOTH, model, reach=(49, 49)), "vanished")["2"] == ("violated", None)


def unchecked(result):
    return {
        (each.kind, each.reason, each.missing)
        for each in result.not_checked
        if each.kind in ("vanished", "orphan")
    }


def test_a_missing_system_makes_the_run_inconclusive():
    with open_systems(*BOTH) as log:
        alone = replace(log, systems=log.systems[:1])
        result = audit(alone, example_model(), tool_version="test")
    assert unchecked(result) == {(kind, "source_missing", (OTHER,)) for kind in ("vanished", "orphan")}
    assert result.conclusion.outcome is Outcome.INCONCLUSIVE
    assert "source_missing" in result.conclusion.reasons


def test_an_empty_export_makes_the_run_inconclusive():
    result = judged(BOTH[0], [])
    assert unchecked(result) == {(kind, "source_empty", (OTHER,)) for kind in ("vanished", "orphan")}
    assert "source_empty" in result.conclusion.reasons
    assert result.conclusion.outcome is Outcome.INCONCLUSIVE


def test_a_key_column_that_is_not_mapped_is_named():
    result = judged(*BOTH, attributes=())
    assert ("vanished", "field_missing", ("item", "item")) in unchecked(result)


def test_an_activity_that_a_system_never_has_is_no_loss():
    result = judged(BOTH[0], [row("S1", "到货", 10, "A1")])
    assert ("vanished", "no_events", ("received",)) in unchecked(result)


def test_events_of_both_systems_are_judged_in_one_case_and_reconciled():
    orders = [row("1", "受理", 8), row("1", "定方案", 9), row("1", SEND, 10, "A1")]
    stores = [row("S1", RECORD, 11, "1"), row("S1", "施工", 12, "1")]
    (rule,) = example_model().reconciliation
    model = model_with(sends=replace(rule.sends, key="case"))
    result = judged(orders, stores, model, joins=", joins: {key: item}")
    assert result.population.cases == 1
    (variant,) = result.variants
    assert variant.trace == ("take_order", "plan", "request_material", "build")
    assert [each.kind for each in result.links] == ["join", "reconciliation"]
    assert result.links[1].matched == 1
    assert {each.part for each in result.systems} == {"cases", "joined"}


def test_the_same_input_gives_the_same_audit():
    first, second = judged(*BOTH), judged(*BOTH)
    assert first.links == second.links
    assert first.occurrences.astype(str).equals(second.occurrences.astype(str))


@dataclass(frozen=True)
class Line:
    case: str
    label: str
    hour: int | None
    key: str

    @property
    def text(self):
        return row(self.case, self.label, self.hour, self.key)


LINES = st.builds(
    Line,
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from([SEND, RECORD, "到货", "不明"]),
    st.one_of(st.none(), st.integers(0, 20)) | st.integers(0, 20),
    st.sampled_from(["", "k1", "K1", "k2", "k3", "k4", "k5", "k6", "k7"]),
)  # fmt: skip
KEPT = [Line("9", SEND, 3, "kept"), Line("9", RECORD, 4, "kept")]


def first_sent(own, key):
    return min(each.hour for each in own if each.key == key)


def slow(mine, theirs, label, other_label, reach, begins, fold, sending):
    """Verdicts of one side: a list of (case, key, verdict, reason), one loop after the other."""

    def form(key):
        return key.lower() if fold else key

    def used(lines, of):
        return [each for each in lines if each.hour is not None and each.label == of and each.hour <= reach]

    own, other = used(mine, label), used(theirs, other_label)
    own_keys, other_keys = ({each.key for each in lines if each.key} for lines in (own, other))

    def partner(key):
        if key in other_keys:
            return key
        twins = [each for each in own_keys if form(each) == form(key)]
        found = [each for each in other_keys if form(each) == form(key)]
        return found[0] if len(twins) == len(found) == 1 else None

    def shared(fold_too):
        def fold_key(key):
            return key.lower() if fold_too else key

        count = 0
        for group in {fold_key(each) for each in own_keys} & {fold_key(each) for each in other_keys}:
            a = [each for each in own_keys if fold_key(each) == group]
            b = [each for each in other_keys if fold_key(each) == group]
            count += 1 if len(a) == len(b) == 1 else len(set(a) & set(b))
        return count

    now, best = shared(fold), max(shared(fold), shared(True))
    doubt = None
    if best > now and best - now >= 0.05 * min(len(own_keys), len(other_keys)):
        doubt = "key_spelling"
    unread = [each for each in theirs if each.hour is None]
    hidden = any(not each.key and each.label in (other_label, "不明") for each in unread)
    blank = [each.hour for each in other if not each.key]
    elsewhere = {
        form(each.key) for each in theirs
        if each.hour is not None and each.label != other_label and each.hour <= reach and each.key
    }  # fmt: skip
    told = []
    for line in own:
        same = [each for each in own if (each.case, each.key) == (line.case, line.key)]
        if line.key and line is not min(same, key=lambda each: (each.hour, mine.index(each))):
            continue
        found = [
            each.hour for each in other if partner(line.key) is not None and each.key == partner(line.key)
        ]
        ambiguous = any(form(each) == form(line.key) for each in other_keys)
        past = reach - line.hour > 4
        if not line.key:
            verdict = ("not_determinable", "missing_key")
        elif found:
            verdict = ("conformant", None)
        elif ambiguous:
            verdict = ("not_determinable", "ambiguous_key")
        elif sending and not past:
            verdict = ("pending", "in_time")
        elif doubt:
            verdict = ("not_determinable", doubt)
        elif any(each.lower() == line.key.lower() for each in other_keys):
            verdict = ("not_determinable", "key_spelling")
        elif first_sent(own, line.key) < begins if sending else line.hour <= begins + 4:
            verdict = ("not_determinable", "before_export")
        elif hidden or form(line.key) in {form(each.key) for each in unread if each.key}:
            verdict = ("not_determinable", "unread_elsewhere")
        elif blank and (line.hour <= max(blank) if sending else line.hour >= min(blank)):
            verdict = ("not_determinable", "blank_elsewhere")
        elif form(line.key) in elsewhere:
            verdict = ("not_determinable", "known_otherwise")
        else:
            verdict = ("violated", None)
        late = bool(line.key and found) and min(found) - line.hour > 4
        told.append((line.case, *verdict, late))
    return told


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(LINES, max_size=8),
    st.lists(LINES, max_size=8),
    st.tuples(st.integers(8, 24), st.integers(8, 24)),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.booleans(),
)
def test_equal_to_the_slow_count(orders, stores, reach, begins, fold):
    orders = [*dict.fromkeys([KEPT[0], *orders])]
    stores = [*dict.fromkeys([KEPT[1], *stores])]
    model = model_with(spelling=Spelling(("case",)) if fold else Spelling())
    result = judged([e.text for e in orders], [e.text for e in stores], model, reach=reach, begins=begins)
    instant = min(reach)
    sent = slow(orders, stores, SEND, RECORD, instant, begins[1], fold, True)
    got = slow(stores, orders, RECORD, SEND, instant, begins[0], fold, False)
    table = result.occurrences
    for kind, expected in (("vanished", sent), ("orphan", got)):
        rows = table[table["rule_id"].str.startswith(f"lost.{kind}:")]
        found = sorted(
            (r["case_id"], r["verdict"], r["reason"] if isinstance(r["reason"], str) else "")
            for r in rows.to_dict("records")
        )
        assert found == sorted((c, v, r or "") for c, v, r, _ in expected if v != "conformant"), kind
        (counts,) = [each.counts for each in result.findings if each.rule.kind == kind]
        assert counts.conformant == sum(v == "conformant" for _, v, _, _ in expected)
    late = table[table["rule_id"].str.startswith("lost.recorded_late:")]
    assert sorted(late["case_id"]) == sorted(case for case, _, _, late in sent if late)
