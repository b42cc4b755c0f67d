"""Damaged exports of every kind: read with every row accounted for, or refused by name; nothing else.

Where a damaged file still parses in an obvious, slow way, the number of its rows must agree, and every value
used must stand in the file.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import odd_files
import pyarrow as pa
import slow_counts
from damage_of_files import damaged, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logs import EventLog, InputError, Mapping, propose, read

LONG = Mapping(case="case", activity="activity", time="time")
WIDE = Mapping(layout="wide", case="case", milestones=("first", "second"))
XES = Mapping(case="case:concept:name", activity="concept:name", time="time:timestamp")
OCEL = Mapping(case="ocel:oid", activity="ocel:activity", time="ocel:timestamp", object_type="order")
some = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

LINES = [
    f"{case},{activity},2026-03-0{n}T09:00:00"
    for n, (case, activity) in enumerate(
        [("001", "受理"), ("001", '"a, ""b"""'), ("NA", "开通"), ("\u3000x", "<b>"), ("2", "=1")], 1
    )
]
TABLE = odd_files.text(*LINES).encode()
WIDE_TABLE = b"case,first,second\n001,2026-03-01 09:00,2026-03-02 09:00\nNA,2026-03-03 09:00,\n2,,\n"
WORKBOOK = odd_files.workbook(odd_files.dated)()
LOG = odd_files.xes(
    odd_files.trace(odd_files.event("受理"), odd_files.event("开通"), name="001"),
    odd_files.trace(odd_files.event(more=odd_files.NESTED), name="NA"),
)()
JSON_LINES = odd_files.lines(
    odd_files.obj(), odd_files.obj(', "n": 1.10', '"001"'), odd_files.obj(case="null")
)()
PARQUET = odd_files.table({"case": ["001", "NA", None], "n": pa.array([1.5, None, 2.0])})()
OBJECTS = odd_files.as_json(
    lambda d: d["events"][0]["relationships"].append({"objectId": "9", "qualifier": "of"})
)()
DATABASE = odd_files.as_sqlite()()
Oracle = Callable[[bytes, EventLog], slow_counts.Counted | None]


def accounted(path: Path, mapping: Mapping | None, content: bytes, oracle: Oracle) -> None:
    """Read the file, and hold what comes out against the file itself."""
    path.write_bytes(content)
    try:
        with read(path, mapping) as log:
            sums_hold(log)
            counted = oracle(content, log)
            if counted is not None:
                rows, values = counted
                assert log.provenance.rows_read == rows, "rows differ from the slow count"
                found = log.events.select("case_id", "activity").distinct().to_pandas()
                strange = {*found.case_id, *found.activity} - values
                assert not strange, "values that the file does not hold"
    except InputError as error:
        told(error, path)


def sums_hold(log: EventLog) -> None:
    provenance = log.provenance
    assert provenance.rows_read == provenance.rows_used + sum(each.rows for each in provenance.excluded)
    assert provenance.rows_read == sum(each.rows_read for each in provenance.files)
    listed = log.excluded.count().execute()
    if provenance.layout == "long":  # wide: a row may be left out by its cells
        assert listed == sum(each.rows for each in provenance.excluded)
    events = log.events.select("row_no", "case_id", "activity", "t_us").to_pandas()
    assert not events.isna().any().any()
    assert events.row_no.is_unique
    if provenance.layout == "long":
        assert len(events) == provenance.rows_used


def told(error: InputError, *paths: Path) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.what
        assert problem.mend
        assert problem.file in map(str, paths)
        assert len(str(problem)) < 5_000
        str(problem).encode()


def of_csv(content: bytes, log: EventLog) -> slow_counts.Counted | None:
    file = log.provenance.files[0]
    if file.format != "csv" or log.provenance.layout == "wide":
        return None
    return slow_counts.of_csv(content, file.encoding, file.delimiter)


def unread(content: bytes, log: EventLog) -> None:
    return None


@settings(some, max_examples=37)
@given(content=damaged(TABLE, [*map(str.encode, LINES), b'"', b"\n", b'""']))
def test_csv(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.csv", LONG, content, of_csv)


@settings(some, max_examples=10)
@given(
    content=damaged(TABLE),
    encoding=st.sampled_from(
        ("utf-8", "gb18030", "utf-16", "big5", "hz", "cp1252", "iso2022_jp", "utf-32", "shift_jis")
    ),
)
def test_csv_in_an_encoding_that_the_mapping_names(tmp_path: Path, content: bytes, encoding: str) -> None:
    mapping = Mapping.model_validate({**LONG.model_dump(by_alias=True), "encoding": encoding})
    accounted(tmp_path / "log.csv", mapping, content, unread)


@settings(some, max_examples=15)
@given(
    rows=st.lists(st.tuples(text, text, st.one_of(st.just("2026-03-01"), text)), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(("\n", "\r\n", "\r")),
)
def test_hostile_values_in_csv_come_back_as_they_are(
    tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str, end: str
) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    written = (
        end.join(delimiter.join(map(quoted, row)) for row in [("case", "activity", "time"), *rows]) + end
    )
    accounted(tmp_path / "log.csv", LONG, written.encode(), of_csv)


@settings(some, max_examples=10)
@given(content=damaged(WIDE_TABLE))
def test_wide_csv(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.csv", WIDE, content, unread)


@settings(some, max_examples=10)
@given(content=damaged(WORKBOOK))
def test_xlsx(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.xlsx", LONG, content, lambda data, log: slow_counts.of_xlsx(data))


@settings(some, max_examples=10)
@given(
    data=st.data(),
    part=st.sampled_from(("sheet1.xml", "workbook.xml", "sharedStrings.xml", "styles.xml", ".rels")),
)
def test_a_damaged_part_of_xlsx(tmp_path: Path, data: st.DataObject, part: str) -> None:
    """The archive is whole: the damage comes through to what reads the parts."""
    content = odd_files.rezipped(
        lambda name, content: data.draw(damaged(content, XLSX_PIECES)) if name.endswith(part) else content
    )
    accounted(tmp_path / "log.xlsx", LONG, content, lambda data, log: slow_counts.of_xlsx(data))


XLSX_PIECES = (
    b'<c r="ZZZ9"><v>1</v></c>',
    b'<row r="500">',
    b'<c t="s"><v>-1</v></c>',
    b'<c t="e"><v>#REF!</v></c>',
    b'<c t="d"><v>2026-01-01</v></c>',
    b'<c t="n"><v>1e999</v></c>',
    b'<c t="b"><v>x</v></c>',
    b"<c><f>1+1</f></c>",
    b'<c s="99"><v>46000.5</v></c>',
    b"<v>99999999999</v>",
)


@settings(some, max_examples=20)
@given(
    content=damaged(LOG, (b"<event/>", b"</trace>", b"<trace>", b"<event>", b"&#1;", b"&x;", b"<!DOCTYPE x>"))
)
def test_xes(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.xes", XES, content, lambda data, log: slow_counts.of_xes(data))


@settings(some, max_examples=20)
@given(content=damaged(JSON_LINES, (b'"case": 1, ', b"NaN", b"\\ud800", b"\n", b"{", b"[", b"1e5", b"null")))
def test_json_lines(tmp_path: Path, content: bytes) -> None:
    accounted(
        tmp_path / "log.jsonl",
        LONG,
        content,
        lambda data, log: slow_counts.of_json_lines(data, log.provenance.files[0].encoding),
    )


@settings(some, max_examples=15)
@given(content=damaged(PARQUET))
def test_parquet(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.parquet", LONG, content, lambda data, log: slow_counts.of_parquet(data))


@settings(some, max_examples=15)
@given(content=damaged(OBJECTS, (b'"id": "1", ', b"[", b"{}", b"null, ", b'"9"', b'"time": 1,')))
def test_ocel_json(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.json", OCEL, content, lambda data, log: slow_counts.of_ocel(data, "order"))


@settings(some, max_examples=15)
@given(content=damaged(DATABASE))
def test_ocel_sqlite(tmp_path: Path, content: bytes) -> None:
    accounted(tmp_path / "log.sqlite", OCEL, content, unread)


EXPORTS = {
    "log.csv": (TABLE, LONG),
    "log.xes": (LOG, XES),
    "log.jsonl": (JSON_LINES, LONG),
    "log.json": (OBJECTS, OCEL),
    "log.parquet": (PARQUET, LONG),
    "log.sqlite": (DATABASE, OCEL),
}


@settings(some, max_examples=15)
@given(data=st.data(), name=st.sampled_from(sorted(EXPORTS)), outside=st.booleans())
def test_packed_exports(tmp_path: Path, data: st.DataObject, name: str, outside: bool) -> None:
    content, mapping = EXPORTS[name]
    packed = gzip.compress(content if outside else data.draw(damaged(content)), mtime=0)
    accounted(tmp_path / f"{name}.gz", mapping, data.draw(damaged(packed)) if outside else packed, unread)


@settings(some, max_examples=15)
@given(data=st.data(), name=st.sampled_from((*sorted(EXPORTS), "log.xlsx")))
def test_without_a_mapping_it_is_read_or_asked_about(tmp_path: Path, data: st.DataObject, name: str) -> None:
    content = WORKBOOK if name == "log.xlsx" else EXPORTS[name][0]
    damage = data.draw(damaged(content))
    accounted(tmp_path / name, None, damage, unread)
    try:
        proposal = propose(tmp_path / name)
        assert proposal.confident == (not proposal.questions)
    except InputError as error:
        told(error, tmp_path / name)


def exports(content: bytes) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.one_of(st.just(content), damaged(content)), min_size=2, max_size=3)


@settings(some, max_examples=10)
@given(
    contents=exports(TABLE.replace(b"case,", b"id,case,").replace(b"\n", b"\nx,")[:-2]),
    by=st.sampled_from(("rows", "event_id")),
)
def test_delta_exports(tmp_path: Path, contents: Sequence[bytes], by: str) -> None:
    """Several files, some damaged: the counts of each file add up, too."""
    mapping = Mapping.model_validate({**LONG.model_dump(by_alias=True), "delta": by, "event_id": "id"})
    merged(tmp_path, mapping, contents)


@settings(some, max_examples=10)
@given(contents=exports(WIDE_TABLE))
def test_delta_exports_of_milestones(tmp_path: Path, contents: Sequence[bytes]) -> None:
    merged(tmp_path, WIDE.model_copy(update={"delta": "milestones"}), contents)


def merged(folder: Path, mapping: Mapping, contents: Sequence[bytes]) -> None:
    paths = [folder / f"{number}.csv" for number, _ in enumerate(contents)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    try:
        with read(paths, mapping) as log:
            sums_hold(log)
            for file in log.provenance.files:
                delta = file.delta
                assert delta is not None
                assert delta.late <= delta.new
                told_of = delta.new + delta.correcting + delta.repeated + delta.corrected
                if mapping.layout == "long":
                    assert told_of <= file.rows_read
    except InputError as error:
        told(error, *paths)
