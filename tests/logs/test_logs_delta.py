"""Delta exports: files that repeat, overlap, correct and come late are one log; every decision is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_helpers import LONG, accounted, events
from ocel_samples import sample, write_json

from logs import EventLog, InputError, Mapping, read
from logs.event_log import DeltaCounts

BY_ROWS = LONG.model_copy(update={"attributes": {"unit": "unit"}, "delta": "rows", "time_formats": ("iso",)})
BY_ID = BY_ROWS.model_copy(update={"event_id": "id", "delta": "event_id"})
HEAD = "id,case,activity,time,unit\n"


def export(folder: Path, *files: str, head: str = HEAD) -> list[Path]:
    """One CSV per text, oldest first."""
    paths = []
    for number, text in enumerate(files, 1):
        path = folder / f"day{number}.csv"
        path.write_text(head + text)
        paths.append(path)
    return paths


def used(log: EventLog) -> list[tuple[str, str]]:
    """Activities with the file and row that they come from, in the order of time."""
    table = events(log).sort_values(["t_us", "row_no"])
    return [(row.activity, f"{row.file_no + 1}:{row.source_row}") for row in table.itertuples()]


def left_out(log: EventLog) -> list[tuple[str, str, str]]:
    table = log.excluded.order_by(["file_no", "source_row"]).to_pandas()
    return [
        (f"{r.file_no + 1}:{r.source_row}", f"{r.disposition} {r.reason}", r.value)
        for r in table.itertuples()
    ]


def brought(log: EventLog) -> list[DeltaCounts | None]:
    return [file.delta for file in log.provenance.files]


def test_a_later_file_corrects_repeats_and_adds(tmp_path: Path) -> None:
    paths = export(
        tmp_path,
        "e1,1,a,2025-01-01,north\ne2,1,b,2025-01-02,north\ne3,1,c,2025-01-05,north\n",
        "e2,1,b,2025-01-02,south\ne3,1,c,2025-01-05,north\ne4,1,d,2025-01-03,north\ne5,1,e,2025-01-09,x\n",
    )
    log = read(paths, BY_ID)
    assert used(log) == [("a", "1:2"), ("b", "2:2"), ("d", "2:4"), ("c", "1:4"), ("e", "2:5")]
    assert left_out(log) == [
        ("1:3", "merged corrected", "e2 → day2.csv:2"),
        ("2:3", "merged overlapping_files", "e3 → day1.csv:4"),
    ]
    assert accounted(log) == {"corrected": 1, "overlapping_files": 1}
    assert brought(log) == [
        DeltaCounts(new=2, late=0, correcting=0, repeated=0, corrected=1),
        DeltaCounts(new=2, late=1, correcting=1, repeated=1, corrected=0),
    ]


def test_what_is_taken_back_counts_as_it_is_said_last(tmp_path: Path) -> None:
    paths = export(
        tmp_path,
        "e1,1,a,2025-01-01,north\n",
        "e1,1,a,2025-01-01,south\n",
        "e1,1,a,2025-01-01,north\n",
        "e1,1,a,2025-01-01,north\n",
    )
    log = read(paths, BY_ID)
    assert used(log) == [("a", "3:2")]
    assert [what for _, what, _ in left_out(log)] == ["merged corrected"] * 2 + ["merged overlapping_files"]


def test_an_event_may_move_to_another_case_and_time(tmp_path: Path) -> None:
    paths = export(tmp_path, "e1,1,a,2025-01-01,x\ne2,1,b,2025-01-02,x\n", "e1,2,A,2024-12-31,x\n")
    table = events(read(paths, BY_ID))
    assert table[["case_id", "activity"]].values.tolist() == [["1", "b"], ["2", "A"]]


def test_one_file_may_correct_itself(tmp_path: Path) -> None:
    paths = export(tmp_path, "e1,1,a,2025-01-01,x\ne1,1,a,2025-01-01,y\ne1,1,a,2025-01-01,y\n")
    log = read(paths, BY_ID)
    assert used(log) == [("a", "1:3")]
    assert accounted(log) == {"corrected": 1, "same_event_id": 1}


def test_start_and_completion_may_share_an_id(tmp_path: Path) -> None:
    head = "id,case,activity,time,unit,lifecycle\n"
    paths = export(tmp_path, "e1,1,a,2025-01-01,x,start\ne1,1,a,2025-01-02,x,complete\n", head=head)
    log = read(paths, BY_ID.model_copy(update={"lifecycle": "lifecycle"}))
    assert (log.provenance.rows_used, accounted(log)) == (2, {})


def test_a_reject_that_a_later_file_mends_is_no_reject(tmp_path: Path) -> None:
    paths = export(tmp_path, "e1,1,a,soon,x\ne2,1,b,2025-01-02,x\n", "e1,1,a,2025-01-01,x\n")
    log = read(paths, BY_ID)
    assert used(log) == [("a", "2:2"), ("b", "1:3")]
    assert left_out(log) == [("1:2", "merged corrected", "e1 → day2.csv:2")]
    assert log.provenance.rows_rejected == 0
    assert log.cases.to_pandas().excluded_rows.tolist() == [0]


def test_a_correction_that_cannot_be_read_is_told_and_the_case_marked(tmp_path: Path) -> None:
    paths = export(tmp_path, "e1,1,a,2025-01-01,x\n", "e1,1,a,soon,y\n", "e1,1,a,soon,y\n")
    log = read(paths, BY_ID.model_copy(update={"reject_limit": 1}))
    assert used(log) == [("a", "1:2")]
    assert [what for _, what, _ in left_out(log)] == ["rejected bad_time", "merged overlapping_files"]
    assert log.cases.to_pandas().excluded_rows.tolist() == [1]


def test_rows_without_an_id_are_known_by_all_columns(tmp_path: Path) -> None:
    paths = export(
        tmp_path, ",1,a,2025-01-01,x\n,1,b,2025-01-02,x\n", ",1,a,2025-01-01,x\n,1,b,2025-01-02,y\n"
    )
    log = read(paths, BY_ID)
    assert used(log) == [("a", "1:2"), ("b", "1:3"), ("b", "2:3")]
    assert accounted(log) == {"overlapping_files": 1}


def test_as_many_equal_rows_stay_as_one_file_has(tmp_path: Path) -> None:
    """Two equal rows of one file may be an order that was sent again: overlap must not hide it."""
    row = "e,1,a,2025-01-01,x\n"
    log = read(export(tmp_path, row * 2, row * 3, row), BY_ROWS)
    assert used(log) == [("a", "1:2"), ("a", "1:3"), ("a", "2:4")]
    assert accounted(log) == {"overlapping_files": 3}
    assert events(log).copy_of_row.notna().sum() == 2
    assert brought(log) == [
        DeltaCounts(2, 0, 0, 0, 0),
        DeltaCounts(1, 0, 0, 2, 0),
        DeltaCounts(0, 0, 0, 1, 0),
    ]


def test_a_milestone_is_corrected_and_others_are_added(tmp_path: Path) -> None:
    wide = Mapping(layout="wide", case="case", milestones=("accepted", "sent", "done"), delta="milestones")
    head = "case,accepted,sent,done\n"
    paths = export(
        tmp_path,
        "1,2025-01-01,2025-01-02,\n2,2025-01-01,,\n",
        "1,2025-01-01,2025-01-03,2025-01-04\n",
        head=head,
    )
    log = read(paths, wide)
    assert used(log) == [("accepted", "1:2"), ("accepted", "1:3"), ("sent", "2:2"), ("done", "2:2")]
    assert accounted(log) == {}
    assert [what for _, what, _ in left_out(log)] == ["merged corrected", "merged overlapping_files"]


def test_an_ocel_event_of_two_orders_is_not_corrected_by_itself(tmp_path: Path) -> None:
    later = sample()
    later["events"] = later["events"][1:2]
    later["events"][0]["attributes"][0]["value"] = "王五"
    paths = [write_json(sample(), tmp_path / "a.json"), write_json(later, tmp_path / "b.json")]
    mapping = Mapping(
        case="ocel:oid", activity="ocel:activity", time="ocel:timestamp", event_id="ocel:eid",
        object_type="order", resource="resource", delta="event_id",
    )  # fmt: skip
    table = events(read(paths, mapping))
    assert table[["case_id", "resource"]].values.tolist() == [
        ["001", "张三"],
        ["001", "王五"],
        ["002", "王五"],
    ]


def test_filters_see_what_counts_now(tmp_path: Path) -> None:
    paths = export(
        tmp_path, "e1,1,a,2025-01-01,north\ne2,2,a,2025-01-01,north\n", "e1,1,a,2025-01-01,south\n"
    )
    log = read(paths, BY_ID, filters=["unit=north"])
    assert events(log).case_id.tolist() == ["2"]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"delta": "event_id"}, "delta: event_id needs event_id"),
        ({"delta": "milestones"}, "belongs to the wide layout"),
        ({"delta": "rows", "merge_overlapping_files": True}, "both merge files"),
        ({"delta": "all"}, "delta"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told(tmp_path: Path, changes: dict[str, object], what: str) -> None:
    path = tmp_path / "mapping.yaml"
    lines = {"case": "case", "activity": "activity", "time": "time", **changes}
    path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()).replace("True", "true"))
    with pytest.raises(InputError, match=what):
        read(export(tmp_path, "e1,1,a,2025-01-01,x\n"), path)


ROWS = st.tuples(
    st.sampled_from(["", "e1", "e2", "e3"]),
    st.sampled_from("12"),
    st.sampled_from("ab"),
    st.sampled_from(["2025-01-01", "2025-01-02", "soon", ""]),
    st.sampled_from("xy"),
)
FILES = st.lists(st.lists(ROWS, min_size=1, max_size=6), min_size=1, max_size=4)


@given(FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_are_merged_as_a_slow_obvious_reading_does(
    tmp_path: Path, files: list[list[tuple[str, ...]]]
) -> None:
    paths = export(
        tmp_path, "e9,9,z,2025-01-09,z\n", *("".join(",".join(row) + "\n" for row in file) for file in files)
    )
    log = read(paths, BY_ID.model_copy(update={"reject_limit": 1}))
    accounted(log)
    last: dict[str, tuple[str, ...]] = {}
    unnamed: Counter[tuple[str, ...]] = Counter()
    for file in files:
        readable = [row for row in file if row[3].startswith("2025")]
        last |= {row[0]: row for row in readable if row[0]}
        unnamed |= Counter(row for row in readable if not row[0])  # the union: the larger of both counts
    found = Counter(
        (row.event_id if isinstance(row.event_id, str) else "", row.case_id, row.activity, row.unit)
        for row in events(log).itertuples()
        if row.case_id != "9"
    )
    expected = Counter([*last.values(), *unnamed.elements()])
    assert found == Counter((row[0], row[1], row[2], row[4]) for row in expected.elements())
    counts = [file.delta for file in log.provenance.files]
    assert sum(each.new + each.correcting for each in counts if each) == log.provenance.rows_used


@given(FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_merged_as_a_slow_obvious_reading_does(
    tmp_path: Path, files: list[list[tuple[str, ...]]]
) -> None:
    paths = export(
        tmp_path, "e9,9,z,2025-01-09,z\n", *("".join(",".join(row) + "\n" for row in file) for file in files)
    )
    log = read(paths, BY_ROWS.model_copy(update={"reject_limit": 1}))
    accounted(log)
    expected: Counter[tuple[str, ...]] = Counter()
    for file in files:
        expected |= Counter(row[1:] for row in file if row[3].startswith("2025"))
    found = Counter(
        (row.case_id, row.activity, row.unit) for row in events(log).itertuples() if row.case_id != "9"
    )
    assert found == Counter((row[0], row[1], row[3]) for row in expected.elements())
