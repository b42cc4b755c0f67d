"""The benchmark of accuracy itself: who is matched with whom, what is open, and the exit code."""

from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KEY = ["case_id", "family", "kind", "subject", "role", "related_case", "rows"]


@pytest.fixture
def match(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import accuracy_match

    return accuracy_match


@pytest.fixture
def accuracy(match):
    import accuracy

    return accuracy


def key(*rows):
    """(case, 'family.kind', subject, role, rows[, related case])."""
    return pd.DataFrame(
        [
            (case, *kind.partition(".")[::2], subject, role, related[0] if related else "", shown)
            for case, kind, subject, role, shown, *related in rows
        ],
        columns=KEY,
    )


def audit(*occurrences):
    """(case, rule id, rows[, verdict, reason, anchor, related case, files])."""
    made = []
    for case, rule, rows, *more in occurrences:
        verdict, reason, anchor, related, files = (
            *more,
            *("violated", None, "a#1", None, [0] * len(rows))[len(more) :],
        )
        made.append((case, rule, rows, verdict, reason, anchor, related, files, False, None, None))
    columns = [
        "case_id",
        "rule_id",
        "source_rows",
        "verdict",
        "reason",
        "anchor",
        "related_case",
        "source_files",
        "ambiguous",
        "measure",
        "limit",
    ]
    return pd.DataFrame(made, columns=columns)


def errors(counted):
    return [(each.what, each.case, each.kind, each.sort) for each in counted.errors]


def test_what_is_planted_and_told_is_found(match):
    counted = match.compare(
        key(("1", "deviation.inserted", "a", "planted", "7"), ("2", "handoff.dropped", "b", "planted", "")),
        audit(("1", "deviation.inserted:a", [7]), ("2", "handoff.dropped:a->b", [3, 4])),
    )
    assert errors(counted) == []
    assert counted.tallies["deviation.inserted"].recall == counted.tallies["handoff.dropped"].precision == 1


@pytest.mark.parametrize(
    ("kind", "subject", "rows", "rule", "told"),
    [
        ("deviation.inserted", "a", "7", "deviation.inserted:a", [8]),
        ("deviation.inserted", "a", "7", "deviation.inserted:b", [7]),
        ("handoff.dropped", "b", "", "handoff.dropped:b->c", [7]),
        ("handoff.late", "a->b", "7", "handoff.late:a->c", [6, 7]),
        ("handoff.ping_pong", "a->b", "5 6 7", "handoff.ping_pong:role", [5, 6]),
    ],
)
def test_the_same_kind_of_another_subject_or_at_other_rows_is_a_miss_and_a_false_alarm(
    match, kind, subject, rows, rule, told
):
    counted = match.compare(key(("1", kind, subject, "planted", rows)), audit(("1", rule, told)))
    assert [each[0] for each in errors(counted)] == ["miss", "false alarm"]
    assert counted.tallies[kind].recall == counted.tallies[kind].precision == 0


def test_each_row_of_the_key_takes_one_occurrence(match):
    """A second dropped handoff for one missing task is a false alarm; two that are stated are two."""
    told = audit(("1", "handoff.dropped:a->b", [3]), ("1", "handoff.dropped:c->b", [4]))
    once = key(("1", "handoff.dropped", "b", "planted", ""))
    counted = match.compare(once, told)
    assert errors(counted) == [("false alarm", "1", "handoff.dropped", "once more")]
    twice = pd.concat([once, key(("1", "handoff.dropped", "b", "natural", ""))])
    assert errors(match.compare(twice, told)) == []
    assert len(errors(match.compare(pd.concat([twice, once]), told))) == 1


def test_of_two_pairs_each_finds_its_own(match):
    pairs = key(
        ("2", "duplicate.exact", "order", "planted", "9", "1"),
        ("2", "duplicate.exact", "order", "planted", "9", "3"),
    )
    told = [("2", "duplicate.exact:order", [4, 9], "violated", None, "x", other) for other in ("3", "1")]
    assert errors(match.compare(pairs, audit(*told))) == []
    assert errors(match.compare(pairs, audit(told[0], told[0]))) == [
        ("miss", "2", "duplicate.exact", "at other rows"),
        ("false alarm", "2", "duplicate.exact", "instead of duplicate.exact"),
    ]


def test_open_is_only_the_kind_and_subject_that_the_key_leaves_open(match):
    perhaps = key(("1", "handoff.late", "a->b", "undetermined", ""))
    late, other, inserted = (
        ("1", "handoff.late:a->b", [3]),
        ("1", "handoff.late:a->c", [3]),
        ("1", "deviation.inserted:a", [3]),
    )
    counted = match.compare(perhaps, audit(late, other, inserted))
    tally = counted.tallies["handoff.late"]
    assert (tally.open, tally.wrong, tally.undetermined, tally.undetermined_violated) == (1, 1, 1, 1)
    assert counted.tallies["deviation.inserted"].wrong == 1
    unsure = match.compare(perhaps, audit((*late, "not_determinable", "rejected_rows"))).tallies[
        "handoff.late"
    ]
    assert (unsure.open, unsure.undetermined_unsure) == (0, 1)


def test_a_fault_of_order_that_the_log_does_not_show_may_be_told_by_another_kind_of_order(match):
    perhaps = key(("1", "handoff.dropped", "b", "undetermined", ""))
    counted = match.compare(
        perhaps,
        audit(
            ("1", "deviation.inserted:a", [3]), ("1", "rule.told:a", [3]), ("2", "deviation.inserted:a", [5])
        ),
    )
    assert counted.tallies["deviation.inserted"].open == 1
    assert [each[1:3] for each in errors(counted)] == [("1", "rule.told"), ("2", "deviation.inserted")]


def test_a_miss_says_what_the_audit_says_instead(match):
    planted = key(("1", "deviation.skipped", "a", "planted", ""))
    for told, sort in (
        (
            [("1", "deviation.skipped:a", [], "not_determinable", "unknown_activities:x")],
            "not determinable: unknown_activities",
        ),
        ([("1", "handoff.dropped:x->a", [3])], "as handoff.dropped"),
        ([], "silent"),
    ):
        assert match.compare(planted, audit(*told)).errors[0].sort == sort


def test_a_clock_is_the_same_in_every_row_of_its_table_and_a_period_is_named(match):
    stated = key(
        ("1", "deadline.late", "repair", "planted", "8"),
        ("", "rule.per_period", "monthly 2024-05-01", "planted", ""),
        ("2", "lost.vanished", "link", "planted", "4"),
    ).assign(other_rows=["", "", "6"])
    told = audit(
        ("1", "deadline.late:repair/line/A", [2, 9]),
        ("", "rule.per_period:monthly", [], "violated", None, "month 2024-05-01"),
        ("2", "lost.vanished:link", [4, 6], "violated", None, "a#1", None, [0, 1]),
    )
    assert errors(match.compare(stated, told)) == []
    june = audit(("", "rule.per_period:monthly", [], "violated", None, "month 2024-06-01"))
    assert len(errors(match.compare(stated.iloc[1:2], june))) == 2


def test_a_look_alike_is_accused_by_whatever_is_told_of_its_case(match):
    alike = key(("1", ".young", "", "innocent", ""), ("2", ".young", "", "innocent", ""))
    told = audit(("1", "lost.stalled:any", [3]), ("2", "lost.stalled:any", [3], "pending"))
    counted = match.compare(alike, told)
    assert (counted.innocent["young"], counted.accused["young"]) == (2, 1)


@pytest.fixture
def counted_as(accuracy, monkeypatch, tmp_path, capsys):
    """Run the benchmark on one made-up sample; returns its exit code, page and table of errors."""
    export = tmp_path / "orders.csv"
    export.write_text(
        "case,activity,start,time\n1,受理,,2024-03-04 09:00\n1,验收,,2024-03-05 10:00\n", encoding="utf-8"
    )

    def run(stated, told):
        def counted(tasks, levels, workers):
            found = accuracy.Level("clean")
            result = accuracy.compare(stated, told)
            found.add("m", result, 1, accuracy.lines_of("clean", "m 101", result.errors, export))
            return [found]

        monkeypatch.setattr(accuracy, "count", counted)
        page = tmp_path / "accuracy.md"
        code = accuracy.main(
            ["--levels", "clean", "--models", "fault-handling", "--seeds", "1", "--out", str(page)]
        )
        assert page.read_text(encoding="utf-8") in capsys.readouterr().out
        return code, page.read_text(encoding="utf-8"), pd.read_csv(tmp_path / "accuracy_errors.csv")

    return run


def test_the_exit_code_is_1_when_a_bar_is_missed(counted_as):
    planted = [(str(case), "deviation.inserted", "a", "planted", "3") for case in range(200)]
    told = [(case, "deviation.inserted:a", [3]) for case, *_ in planted]
    code, page, table = counted_as(key(*planted), audit(*told))
    assert code == 0
    assert len(table) == 0
    assert "Missed: 0" in page
    assert "deviation.inserted 200" in page  # fewer than asked for, and said
    code, page, table = counted_as(key(*planted), audit(*told[:198]))
    assert (code, len(table)) == (0, 2)
    code, page, table = counted_as(key(*planted), audit(*told[:197]))
    assert (code, len(table)) == (1, 3)
    assert "recall of the planted 0.9850, asked for 0.99" in page


def test_the_page_says_of_each_error_what_the_key_and_the_audit_say(counted_as):
    code, page, table = counted_as(
        key(("1", "deviation.inserted", "a", "planted", "3")),
        audit(("1", "deviation.inserted:b", [2]), ("1", "rule.told:x", [3], "pending", "in_time")),
    )
    assert code == 1
    miss, alarm = table.sort_values("what", ascending=False).to_dict("records")
    assert "planted deviation.inserted a [rows 3 验收 2024-03-05 10:00]" in miss["key_says"]
    assert "deviation.inserted:b violated [rows 2 受理 2024-03-04 09:00]" in alarm["audit_says"]
    assert miss["key_says"] in page


def test_a_kind_in_few_models_has_more_cases(accuracy):
    models = ["fault-handling", "billing", "circuit-provisioning"]
    cases = accuracy.cases_per_model(models)
    assert cases["circuit-provisioning"] > accuracy.CASES  # the only one of them with notices in time
    plants = accuracy.RATE * cases["circuit-provisioning"] * len(accuracy.SEEDS)
    assert plants >= accuracy.LEAST
