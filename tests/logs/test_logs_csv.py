"""Delimited exports: values stay what they are, and every row is used or listed with its reason."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_helpers import LONG, accounted, events, excluded, read_text

import logs.readers.delimited as delimited
from logs import InputError, Mapping, read, reading, store

HEAD = "case,activity,time\n"
ROW = "1,a,2025-01-01 08:00:00\n"


def test_cases_that_look_like_missing_values_stay(tmp_path: Path) -> None:
    cases = ["NA", "null", "001", "None", "nan", "1e5", "0", "-"]
    log = read_text(tmp_path, HEAD + "".join(f"{case},a,2025-01-01\n" for case in cases))
    assert list(events(log).case_id) == cases
    assert accounted(log) == {}


def test_row_numbers_and_columns(tmp_path: Path) -> None:
    log = read_text(tmp_path, HEAD + ROW + "\n" + "2, b ,2025-01-02\n")
    assert list(events(log).row_no) == [1, 3]
    assert list(events(log).source_row) == [2, 4]
    assert list(events(log).activity) == ["a", "b"]
    assert excluded(log) == [(3, "blank_line", None)]
    assert accounted(log) == {"blank_line": 1}


def test_naive_times_are_shanghai_and_offsets_are_honoured(tmp_path: Path) -> None:
    rows = "1,a,2025-01-01 08:00:00\n1,b,2025-01-01T00:00:00Z\n1,c,2024-12-31T19:00:00.000-05:00\n"
    log = read_text(tmp_path, HEAD + rows)
    assert set(events(log).t_us) == {1_735_689_600_000_000}


def test_rejected_rows_are_listed_with_reason_and_value(tmp_path: Path) -> None:
    text = (
        "case,activity,start,time\n"
        ",a,,2025-01-01\n"
        "1, ,,2025-01-01\n"
        "1,a,,\n"
        "1,a,,soon\n"
        "1,a,,1948-10-01\n"
        "1,a,2025-01-02,2025-01-01\n"
        "1,a,2025-01-01,2099-01-01\n"
        "1,a,2025-01-01\n"
        "1,a,2025-01-01,2025-01-01,more\n"
    )
    log = read_text(tmp_path, text, Mapping(case="case", activity="activity", time="time", start="start"))
    assert excluded(log) == [
        (2, "no_case", None),
        (3, "no_activity", None),
        (4, "no_time", None),
        (5, "bad_time", "soon"),
        (6, "time_out_of_range", "1948-10-01"),
        (7, "end_before_start", "2025-01-02 > 2025-01-01"),
        (9, "field_count", "3 of 4 fields: 1,a,2025-01-01"),
        (10, "field_count", "5 of 4 fields: 1,a,2025-01-01,2025-01-01,more"),
    ]
    assert log.provenance.rows_used == 1
    assert sum(accounted(log).values()) == 8
    case = log.cases.to_pandas().iloc[0]
    assert case.first_us == case.last_us == 4_070_880_000_000_000  # 1948 has not shifted it, 2099 stays
    assert case.excluded_rows == 7


def test_identical_rows_are_used_and_flagged(tmp_path: Path) -> None:
    log = read_text(tmp_path, HEAD + ROW + "1,b,2025-01-01\n" + ROW + ROW)
    table = events(log)
    assert len(table) == 4
    assert table.copy_of_row.fillna(0).tolist() == [0, 0, 1, 1]


def test_identical_rows_are_merged_where_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = LONG.model_copy(update={"drop_repeated_rows": True})
    log = read_text(tmp_path, HEAD + ROW + ROW, mapping)
    assert accounted(log) == {"repeated_row": 1}
    assert log.provenance.reject_share == 0


def test_an_event_id_that_repeats_is_one_event(tmp_path: Path) -> None:
    rows = ["1,A,x,2025-01-01", "1,A,x,2025-01-01", "1,B,x,2025-01-01", ",A,y,2025-01-02", ",A,y,2025-01-02"]
    text = "\n".join(["id,case,activity,time", *rows]) + "\n"
    log = read_text(tmp_path, text, LONG.model_copy(update={"event_id": "id"}))
    assert accounted(log) == {"same_event_id": 1}
    assert list(events(log).case_id) == ["A", "B", "A", "A"]


def test_files_make_one_log_and_overlap_is_flagged_or_merged(tmp_path: Path) -> None:
    (tmp_path / "a1.csv").write_text(HEAD + ROW + "1,b,2025-01-02\n")
    (tmp_path / "a2.csv").write_text("time,case,activity\n2025-01-02,1,b\n2025-01-03,1,c\n")
    log = read(tmp_path / "a*.csv", LONG)
    table = events(log)
    assert table.activity.tolist() == ["a", "b", "b", "c"]
    assert table.row_no.tolist() == [1, 2, 3, 4]
    assert table.file_no.tolist() == [0, 0, 1, 1]
    assert table.copy_of_row.fillna(0).tolist() == [0, 0, 2, 0]
    merged = read(
        [tmp_path / "a1.csv", tmp_path / "a2.csv"], LONG.model_copy(update={"merge_overlapping_files": True})
    )
    assert accounted(merged) == {"overlapping_files": 1}


def test_a_cell_of_ten_thousand_characters_is_kept(tmp_path: Path) -> None:
    long = "字" * 10_000
    mapping = LONG.model_copy(update={"attributes": {"note": "note"}})
    log = read_text(tmp_path, f"case,activity,time,note\n1,a,2025-01-01,{long}\n1,b,{long},x\n", mapping)
    assert events(log).note.tolist() == [long]
    assert excluded(log) == [(3, "bad_time", long[:200])]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        (HEAD, "has a heading but no rows"),
        ("case\n1\n", "only one column"),
        ("case activity time\n1 a 2025\n", "only one column"),
        (HEAD.replace("time", "zeit") + ROW, "no column 'time'"),
        (HEAD + '1,"a,2025-01-01\n2,b,2025-01-01\n', "a quote is opened here and never closed"),
        (HEAD + '1,"a,2025-01-01\n2,"b",2025-01-01\n', "inside a field"),
        (HEAD + "1,a,\n2,,2025-01-01\n", "no row can be used"),
        (HEAD + "1,a,never\n2,b,soon\n", "do not look like times"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_text(tmp_path, text)
    assert all(problem.file.endswith("log.csv") and problem.mend for problem in caught.value.problems)


def test_open_quote_names_the_line_where_it_opens(tmp_path: Path) -> None:
    text = HEAD + ROW + '1,"a\nb",2025-01-01\n' + '1,"c,2025-01-01\n' + ROW * 3
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, text)
    assert caught.value.problems[0].line == 5


def test_wrong_delimiter_names_the_one_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not hold the delimiter ';'; it does hold ','"):
        read_text(tmp_path, HEAD + ROW, LONG.model_copy(update={"delimiter": ";"}))


def test_missing_columns_are_all_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_text(
            tmp_path,
            "工单编号,环节名称,完成时间\n1,a,2025\n",
            Mapping(case="工单号", activity="环节", time="时间"),
        )
    assert [p.what for p in caught.value.problems] == [
        "no column '工单号' (case in the mapping)",
        "no column '时间' (time in the mapping)",
        "no column '环节' (activity in the mapping)",
    ]
    assert "'工单编号'" in caught.value.problems[0].mend


def test_no_such_file_and_folder_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read([tmp_path / "no.csv", tmp_path], LONG)
    assert [p.what for p in caught.value.problems] == ["no such file", "is a folder"]


def test_a_quote_inside_an_unquoted_field_is_text(tmp_path: Path) -> None:
    log = read_text(tmp_path, HEAD + '1,5" pipe,2025-01-01\n2,b,2025-01-01\n')
    assert list(events(log).activity) == ['5" pipe', "b"]


def test_the_same_heading_twice_is_told_apart(tmp_path: Path) -> None:
    log = read_text(
        tmp_path, "case,activity,time,time\n1,a,x,2025-01-01\n", LONG.model_copy(update={"time": "time#2"})
    )
    assert log.provenance.rows_used == 1


def test_several_headings_make_one_activity(tmp_path: Path) -> None:
    mapping = Mapping(case="case", activity=["step", "part"], time="time")
    log = read_text(tmp_path, "case,step,part,time\n1,a,x,2025-01-01\n1,b,,2025-01-01\n", mapping)
    assert list(events(log).activity) == ["a / x", "b"]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    text = HEAD + "".join(f"{i % 7},{'abc'[i % 3]},2025-01-{1 + i % 28:02}\n" for i in range(500))
    first, second = read_text(tmp_path, text), read_text(tmp_path, text)
    assert events(first).equals(events(second))
    assert first.cases.to_pandas().equals(second.cases.to_pandas())
    assert first.provenance == second.provenance


def test_rows_of_large_files_keep_their_numbers(tmp_path: Path) -> None:
    """Streamed by several threads, in several groups of rows, from two files; some rows left out."""
    files = []
    for file in range(2):
        rows = (
            f"{i % 977},{file}.{i},{'soon' if i % 50_000 == 7 else '2025-01-01 08:00:00'}\n"
            for i in range(300_000)
        )
        files.append(tmp_path / f"{file}.csv")
        files[-1].write_text(HEAD + "".join(rows), encoding="utf-8")
    log = read(files, LONG)
    assert accounted(log) == {"bad_time": 12}
    table = events(log)
    assert len(table) == 600_000 - 12
    told = table.activity.str.split(".", expand=True).astype(int)
    assert (told[0] == table.file_no).all()
    assert (told[1] + 2 == table.source_row).all()
    assert (told[0] * 300_000 + told[1] + 1 == table.row_no).all()
    assert excluded(log)[0] == (9, "bad_time", "soon")
    log.close()


def test_a_view_that_misses_rows_gives_way_to_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should DuckDB's reader ever see other rows than the survey counted, the file is read exactly."""
    query = delimited._query
    monkeypatch.setattr(delimited, "_query", lambda *given: f"{query(*given)} LIMIT 1")
    log = read_text(tmp_path, HEAD + ROW + "2,b,2025-01-02\n")
    assert list(events(log).case_id) == ["1", "2"]
    assert list(events(log).source_row) == [2, 3]
    assert accounted(log) == {}


def test_an_export_too_large_for_memory_goes_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = read_text(tmp_path, HEAD + ROW)
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    large = read_text(tmp_path, HEAD + ROW)
    places = [
        log.backend.con.execute("SELECT path FROM duckdb_databases()").fetchall() for log in (small, large)
    ]
    assert [any(path for (path,) in each) for each in places] == [False, True]
    assert events(small).equals(events(large))


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('",;\t\n\r '), max_size=12)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.text("aNA0工单 ", max_size=4), CELL, CELL), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    way=st.sampled_from(["streamed", "loaded", "exactly"]),
)
def test_random_tables_read_back(
    tmp_path: Path,
    rows: list[tuple[str, str, str]],
    delimiter: str,
    encoding: str,
    newline: str,
    quoting: int,
    way: str,
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # older writers leave a lone carriage return unquoted: it ends the row
        rows = [(case, note.replace("\r", ""), more.replace("\r", "")) for case, note, more in rows]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerow(["case", "note", "activity", "time", "更多"])
    writer.writerows([case, note, "做", "2025-01-01", more] for case, note, more in rows)
    writer.writerow(["last", "", "做", "2025-01-01", ""])
    path = tmp_path / "random.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    mapping = Mapping(
        case="case",
        activity="activity",
        time="time",
        attributes={"note": "note", "more": "更多"},
        delimiter="tab" if delimiter == "\t" else delimiter,
        encoding=encoding,
    )
    with pytest.MonkeyPatch.context() as patch:
        if way != "streamed":
            patch.setattr(reading, "_can_stream", lambda *_: False)
        if way == "exactly":
            patch.setattr(delimited, "_load_fast", lambda *_: None)
        log = read(path, mapping)
    accounted(log)
    table = events(log)
    used = [row for row in rows if row[0].strip()] + [("last", "", "")]
    assert table.case_id.tolist() == [case.strip() for case, _, _ in used]
    for column, place in (("note", 1), ("more", 2)):
        read_back = table[column].fillna("").tolist()
        assert read_back == [row[place] if row[place].strip(" \t\r\n\u3000\u00a0") else "" for row in used]
    log.close()


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\u3000", "\u00a0"])
@pytest.mark.parametrize("place", ["{blank}1", "1{blank}", '"{blank}1"', '"1{blank}"'])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_one_blank_at_the_edge_of_a_field_is_stripped(tmp_path, blank, place, column):
    """Nothing is stripped where the bytes show no outer blank: they must show each."""
    rows = [["c1", "a 1", "2026-03-01 09:00"] for _ in range(5)]
    value = place.replace("1", rows[3][column]).format(blank=blank)
    rows[3][column] = value
    text = "case,activity,time\n" + "".join(",".join(row) + "\n" for row in rows)
    with read_text(tmp_path, text) as log:
        assert not accounted(log)
        assert set(events(log).case_id) == {"c1"}
        assert set(events(log).activity) == {"a 1"}
        assert events(log).t_us.nunique() == 1
