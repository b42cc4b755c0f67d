"""Several systems read as one log, and the file that names them."""

from __future__ import annotations

import pytest

from logs.named_sources import load_sources
from logs.problems import InputError
from logs.systems import read_systems

ORDERS = """单号,环节,时间,工单
1,受理,2024-03-04 09:00,
1,派单,2024-03-04 10:00,T1
2,受理,2024-03-04 09:30,
2,派单,2024-03-04 11:00,T2
"""
FAULTS = """编号,环节,时间,订单,地点
T1,建单,2024-03-04 10:30,1,东
T1,完成,2024-03-04 12:00,1,东
T2,建单,2024-03-04 11:30,2,西
T9,建单,2024-03-04 11:40,9,西
T8,建单,2024-03-04 11:50,,西
"""
FILES = {
    "orders.csv": ORDERS,
    "faults.csv": FAULTS,
    "orders.yaml": "case: 单号\nactivity: 环节\ntime: 时间\nattributes: {ticket: 工单}\n",
    "faults.yaml": "case: 编号\nactivity: 环节\ntime: 时间\nattributes: {order_no: 订单, place: 地点}\n",
    "sources.yaml": """sources:
  orders:
    title: {zh: 订单系统, en: Order system}
    files: orders.csv
    mapping: orders.yaml
    as_of: 2024-03-05T09:00
  faults:
    files: [faults.csv]
    mapping: faults.yaml
    as_of: 2024-03-05T08:00
    joins: {key: order_no}
""",
}


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        """The folder's sources.yaml; `changes`: name with _ for the dot → text, or (old, new)."""
        for name, text in FILES.items():
            change = changes.get(name.replace(".", "_"))
            if isinstance(change, tuple):
                assert change[0] in text
                text = text.replace(*change)
            (tmp_path / name).write_text(change if isinstance(change, str) else text, encoding="utf-8")
        return tmp_path / "sources.yaml"

    return write


def mistakes(file):
    with pytest.raises(InputError) as caught:
        read_systems(file)
    return [(each.file.rsplit("/", 1)[-1], each.line, each.what, each.mend) for each in caught.value.problems]


def test_events_of_another_system_stand_in_the_case_they_belong_to(write):
    with read_systems(write()) as log:
        events = log.events.order_by("t_us", "row_no").to_pandas()
        cases = log.cases.to_pandas().set_index("case_id")
        assert events.loc[events["case_id"] == "1", "activity"].tolist() == ["受理", "派单", "建单", "完成"]
        assert cases.loc["1", ["events", "ticket", "place"]].tolist() == [4, "T1", "东"]
        assert cases.loc["2", "events"] == 3
        assert list(cases.index) == ["1", "2"]
        assert log.provenance.attributes == ("ticket", "order_no", "place")


def test_every_row_of_every_system_is_accounted_for(write):
    with read_systems(write(faults_csv=("T9,建单,2024-03-04", "T9,建单,bad"))) as log:
        told = log.provenance
        assert (told.rows_read, told.rows_used) == (9, 8)
        assert [(each.source, each.rows_read) for each in told.files] == [("orders", 4), ("faults", 5)]
        faults = log.systems[1].facts
        assert [(each.reason, each.rows) for each in faults.apart] == [("no_key", 1)]
        assert faults.provenance.rows_rejected == 1
        rows = log.every_row.to_pandas()
        assert sorted(rows["row_no"]) == sorted(set(rows["row_no"]))
        assert set(zip(rows["file_no"], rows["source_row"], strict=True)) == {
            *((0, row) for row in (2, 3, 4, 5)),
            *((1, row) for row in (2, 3, 4, 6)),
        }


def test_rows_not_used_count_against_the_case_they_join(write):
    with read_systems(write(faults_csv=("T1,完成,2024-03-04 12:00", "T1,完成,bad"))) as log:
        assert log.cases.to_pandas().set_index("case_id")["excluded_rows"].to_dict() == {"1": 1, "2": 0}


def test_a_case_older_than_a_joined_export_may_lack_what_it_did_there(write):
    windowed = FILES["faults.yaml"] + "window: {from: '2024-03-04 09:10'}\n"
    with read_systems(write(faults_yaml=windowed)) as log:
        cases = log.cases.to_pandas().set_index("case_id")
        assert cases["excluded_rows"].to_dict() == {"1": 1, "2": 0}
        assert cases["_older"].to_dict() == {"1": 1, "2": 0}


def test_the_log_is_judged_as_of_the_source_that_reaches_least_far(write):
    with read_systems(write()) as log:
        assert [each.facts.as_of_basis for each in log.systems] == ["stated", "stated"]
        assert log.as_of == (log.systems[1].facts.as_of_us, "earliest_source")
    with read_systems(write(), as_of_us=log.systems[1].facts.as_of_us - 1) as log:
        assert {each.facts.as_of_basis for each in log.systems} == {"given"}
        assert log.as_of == (log.systems[1].facts.as_of_us, "given")


def test_a_source_may_be_too_old(write):
    old = ("as_of: 2024-03-05T08:00", "as_of: 2024-03-05T08:00\n    max_age_hours: {}")
    for hours, stale in ((0.5, True), (1, False)):
        with read_systems(write(sources_yaml=(old[0], old[1].format(hours)))) as log:
            assert log.systems[1].facts.stale is stale


def test_a_label_that_two_systems_read_differently_keeps_them_apart(write):
    stated = FILES["faults.yaml"] + "activities: {派单: dispatch_fault}\n"
    with read_systems(write(faults_yaml=stated, faults_csv=("T1,建单", "T1,派单"))) as log:
        labels = set(log.events.to_pandas()["activity"])
        assert {"派单", "faults: 派单"} <= labels
        assert dict(log.labels) == {"faults: 派单": "dispatch_fault"}
        assert "派单" in set(log.systems[1].events.to_pandas()["activity"])


def test_an_export_without_rows_is_told_as_empty(write):
    with read_systems(write(faults_csv=FAULTS.splitlines()[0] + "\n")) as log:
        assert [each.facts.empty for each in log.systems] == [False, True]
        assert log.events.count().execute() == 4


def test_a_join_that_would_match_if_keys_were_written_alike_is_refused(write):
    zeros = FAULTS.replace(",1,东", ",001,东").replace(",2,西", ",002,西")
    ((file, line, what, mend),) = mistakes(write(faults_csv=zeros))
    assert (file, line) == ("sources.yaml", 11)
    assert "0 of 3 keys match, 2 would" in what
    assert "normalise: [leading_zeros]" in mend
    declared = ("key: order_no", "key: order_no, normalise: [leading_zeros]")
    with read_systems(write(faults_csv=zeros, sources_yaml=declared)) as log:
        assert log.cases.to_pandas()["events"].tolist() == [4, 3]
        assert log.systems[1].join.matched == 2


@pytest.mark.parametrize(
    ("changes", "file", "line", "what", "mend"),
    [
        ({"sources_yaml": ("  faults:", "  orders:")}, "sources.yaml", 7, "given twice", "line 2"),
        ({"sources_yaml": ("    mapping: faults.yaml", "    maping: faults.yaml")}, "sources.yaml", 9,
         "unknown key 'maping'", "did you mean 'mapping'?"),
        ({"sources_yaml": ("order_no", "order_nr")}, "sources.yaml", 11,
         "'order_nr' is no attribute in the mapping of 'faults'", "order_no"),
        ({"sources_yaml": ("[faults.csv]", "[gone.csv]")}, "gone.csv", None, "no such file", "path"),
        ({"sources_yaml": ("mapping: faults", "mapping: gone")}, "gone.yaml", None, "no such file", "path"),
        ({"sources_yaml": ("2024-03-05T08:00", "yesterday")}, "sources.yaml", 10, "no instant", "yesterday"),
        ({"sources_yaml": ("{key: order_no}", "{key: order_no, normalise: [zeros]}")}, "sources.yaml", 11,
         "leading_zeros", "zeros"),
        ({"faults_yaml": ("订单", "订单号")}, "faults.csv", 1, "no column '订单号'", "订单"),
        ({"sources_yaml": ("  faults:", "  故障:")}, "sources.yaml", 7, "of a-z, 0-9", "故障"),
        ({"sources_yaml": "sources: {}\n"}, "sources.yaml", 1, "at least 1", ""),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_place_and_mend(write, changes, file, line, what, mend):
    told = mistakes(write(**changes))
    assert any((file, line) == each[:2] and what in each[2] and mend in each[3] for each in told), told


def test_the_first_source_joins_nothing(write):
    told = mistakes(write(sources_yaml=("  faults:\n", "    joins: {key: ticket}\n  faults:\n")))
    assert "'orders' comes first" in told[0][2]


def test_all_mistakes_at_once(write):
    bad = FILES["sources.yaml"].replace("orders.csv", "no1.csv").replace("faults.csv", "no2.csv")
    assert [each[0] for each in mistakes(write(sources_yaml=bad))] == ["no1.csv", "no2.csv"]


def test_a_source_without_mapping_is_proposed_like_any_export(write):
    sources = load_sources(write(sources_yaml=("    mapping: orders.yaml\n", "")))
    assert sources.sources[0].mapping is None
