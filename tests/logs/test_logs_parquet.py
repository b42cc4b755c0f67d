"""Parquet: typed values become text without loss, rows keep their number, damage is told."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from damage import flipped, rows_or_told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_helpers import LONG, accounted, events, excluded
from pyarrow import parquet

from logs import InputError, Mapping, propose, read

EIGHT = datetime(2025, 1, 1, 8)
EIGHT_IN_CHINA_US = 1_735_689_600_000_000


def write(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    path = folder / "log.parquet"
    parquet.write_table(pa.table(columns), path, **options)
    return path


def one_event(folder: Path, **columns: Any) -> Path:
    return write(folder, {"case": ["001"], "activity": ["受理"], "time": ["2025-01-01"], **columns})


def attribute(folder: Path, values: pa.Array) -> str | None:
    mapping = LONG.model_copy(update={"attributes": {"x": "x"}})
    log = read(one_event(folder, x=values), mapping)
    found: list[str | None] = events(log).x.astype(object).where(events(log).x.notna(), None).tolist()
    return found[0]


def test_times_with_and_without_zone_become_the_same_instant(tmp_path: Path) -> None:
    china = timezone(timedelta(hours=8))
    for values in (
        pa.array([EIGHT], pa.timestamp("us")),
        pa.array([EIGHT], pa.timestamp("s")),
        pa.array([EIGHT], pa.timestamp("ns")),
        pa.array([EIGHT.replace(tzinfo=china)], pa.timestamp("us", tz="Asia/Shanghai")),
        pa.array([EIGHT.replace(tzinfo=china)], pa.timestamp("ms", tz="UTC")),
        pa.array(["2025-01-01T08:00:00"]),
    ):
        log = read(one_event(tmp_path, time=values), LONG)
        assert events(log).t_us.tolist() == [EIGHT_IN_CHINA_US], values.type


def test_a_typed_time_needs_no_format(tmp_path: Path) -> None:
    path = one_event(tmp_path, time=pa.array([EIGHT.replace(microsecond=123456)], pa.timestamp("us")))
    log = read(path, LONG.model_copy(update={"time_formats": ("%Y年%m月%d日",)}))
    assert events(log).t_us.tolist() == [EIGHT_IN_CHINA_US + 123_456]


def test_a_date_is_the_start_of_its_day(tmp_path: Path) -> None:
    log = read(one_event(tmp_path, time=pa.array([date(2025, 1, 1)])), LONG)
    assert events(log).t_us.tolist() == [EIGHT_IN_CHINA_US - 8 * 3_600_000_000]


def test_times_of_96_bits_are_instants(tmp_path: Path) -> None:
    """Spark writes them in UTC, whatever the zone of its user."""
    columns = {"case": ["1"], "activity": ["a"], "time": pa.array([EIGHT], pa.timestamp("us"))}
    path = write(tmp_path, columns, use_deprecated_int96_timestamps=True)
    assert events(read(path, LONG)).t_us.tolist() == [EIGHT_IN_CHINA_US + 8 * 3_600_000_000]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([9_007_199_254_740_993]), "9007199254740993"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.array([Decimal("1.50")]), "1.50"),
        (pa.array([Decimal(f"{'9' * 20}.{'1' * 18}")]), f"{'9' * 20}.{'1' * 18}"),
        (pa.array([1001.0]), "1001"),
        (pa.array([0.1]), "0.1"),
        (pa.array([float("nan")]), None),
        (pa.array([None], pa.int64()), None),
        (pa.array([True]), "true"),
        (pa.array([b"\xe5\x8f\x97\xe7\x90\x86"]), "受理"),
        (pa.array(["受理"]).dictionary_encode(), "受理"),
        (pa.array([["a", "b"]]), '["a","b"]'),
        (pa.array([{"a": 1, "b": None}]), '{"a":1,"b":null}'),
        (pa.array([None], pa.list_(pa.int64())), None),
    ],
)
def test_values_become_text_without_loss(tmp_path: Path, values: pa.Array, expected: str | None) -> None:
    assert attribute(tmp_path, values) == expected


@given(values=st.lists(st.decimals(-(10**30), 10**30, places=6), min_size=1, max_size=20))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_decimals_keep_every_digit(tmp_path: Path, values: list[Decimal]) -> None:
    columns = {"case": [str(i) for i in range(len(values))], "x": pa.array(values, pa.decimal128(38, 6))}
    path = write(tmp_path, {**columns, "activity": ["a"] * len(values), "time": ["2025-01-01"] * len(values)})
    log = read(path, LONG.model_copy(update={"attributes": {"x": "x"}}))
    assert [Decimal(text) for text in events(log).x] == values


def test_decimals_beyond_the_engine_are_refused_not_garbled(tmp_path: Path) -> None:
    wide = pa.array([Decimal("12345678901234567890123456789012345678901.5")], pa.decimal256(50, 1))
    with pytest.raises(InputError, match="column 'x' holds decimals of 50 digits"):
        attribute(tmp_path, wide)
    assert read(one_event(tmp_path, x=wide), LONG).provenance.rows_used == 1


def test_rows_keep_their_number_over_row_groups(tmp_path: Path) -> None:
    count = 60_000
    columns = {
        "case": pa.array(range(count)),
        "activity": pa.array([None if i % 1000 == 7 else "a" for i in range(count)]),
        "time": pa.array([EIGHT + timedelta(seconds=i) for i in range(count)], pa.timestamp("us")),
    }
    log = read(write(tmp_path, columns, row_group_size=1_000), LONG.model_copy(update={"reject_limit": 1}))
    table = events(log)
    assert (table.source_row == table.case_id.astype(int) + 1).all()
    assert accounted(log) == {"no_activity": 60}
    assert [row for row, _, _ in excluded(log)][:2] == [8, 1008]
    assert log.provenance.files[0].format == "parquet"


def test_headings_that_differ_in_case_only_and_the_engines_own_names(tmp_path: Path) -> None:
    columns = {"Case": ["1"], "case": ["2"], "file_row_number": ["a"], "time": ["2025-01-01"]}
    log = read(write(tmp_path, columns), Mapping(case="case", activity="file_row_number", time="time"))
    assert events(log)[["case_id", "activity", "source_row"]].values.tolist() == [["2", "a", 1]]


def test_bytes_that_are_no_text_are_rejected_with_their_row(tmp_path: Path) -> None:
    columns = {"case": ["1", "2", "3"], "activity": [b"a", b"\xff\xfe", b"c"], "time": ["2025-01-01"] * 3}
    log = read(write(tmp_path, columns), LONG)
    assert [(row, reason) for row, reason, _ in excluded(log)] == [(2, "undecodable")]
    assert accounted(log) == {"undecodable": 1}
    assert events(log).source_row.tolist() == [1, 3]


def test_a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'case'") as caught:
        read(write(tmp_path, {"case_no": ["1"], "activity": ["a"], "time": ["x"]}), LONG)
    assert "case_no" in caught.value.problems[0].mend


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_told(tmp_path: Path, share: float) -> None:
    count = 5_000
    path = write(
        tmp_path,
        {"case": [str(i) for i in range(count)], "activity": ["a"] * count, "time": ["2025-01-01"] * count},
    )
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="not a whole Parquet file") as caught:
        read(path, LONG)
    assert caught.value.problems[0].file == str(path)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_are_told_or_read_but_never_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    path = write(tmp_path, {"case": ["1", "2"] * 50, "activity": ["a"] * 100, "time": [EIGHT] * 100})
    path.write_bytes(data.draw(flipped(path.read_bytes())))
    rows_or_told(path, LONG)


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    empty = pa.array([], pa.string())
    with pytest.raises(InputError, match="holds no rows"):
        read(write(tmp_path, {"case": empty, "activity": empty, "time": empty}), LONG)


def test_gzipped_and_strangely_named_files_are_read(tmp_path: Path) -> None:
    plain = one_event(tmp_path)
    packed = tmp_path / "导出 [1]*.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    odd = plain.rename(tmp_path / "a[b]?'c.dat")
    assert read([packed, odd], LONG).provenance.rows_used == 2


def test_a_mapping_is_proposed(tmp_path: Path) -> None:
    count = 40
    columns = {
        "工单号": pa.array([i // 4 for i in range(count)]),
        "环节": ["受理", "派单", "处理", "回复"] * 10,
        "完成时间": pa.array([datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(count)]),
    }
    path = write(tmp_path, columns)
    proposal = propose(path)
    assert proposal.confident
    assert proposal.mapping is not None
    assert (proposal.mapping.case, proposal.mapping.activity, proposal.mapping.time) == tuple(columns)
    assert events(read(path)).equals(events(read(path, proposal.mapping)))
