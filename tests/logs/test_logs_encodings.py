"""Encodings are decided over the whole file and reported; a line in another one is listed, not lost."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from logs_helpers import accounted, events, excluded

from logs import InputError, Mapping, read

TEXT = "工单号,环节,时间\n" + "".join(
    f"{i:03},{'受理派单竣工'[i % 3 * 2 :][:2]},2025-01-01 08:00:00\n" for i in range(30)
)
MAPPING = Mapping(case="工单号", activity="环节", time="时间")


@pytest.mark.parametrize(
    ("encoding", "name", "reason"),
    [
        ("utf-8", "utf-8", "valid UTF-8"),
        ("utf-8-sig", "utf-8", "byte order mark"),
        ("gb18030", "gb18030", "valid GB18030, not UTF-8"),
        ("gbk", "gb18030", "valid GB18030, not UTF-8"),
        ("utf-16", "utf-16-le", "byte order mark"),
        ("utf-16-le", "utf-16-le", "zero bytes as in UTF-16"),
        ("utf-16-be", "utf-16-be", "zero bytes as in UTF-16"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_are_found(tmp_path: Path, encoding: str, name: str, reason: str, packed: bool) -> None:
    path = tmp_path / ("log.csv.gz" if packed else "log.csv")
    data = TEXT.encode(encoding)
    path.write_bytes(gzip.compress(data) if packed else data)
    log = read(path, MAPPING)
    assert (log.provenance.files[0].encoding, log.provenance.files[0].encoding_reason) == (name, reason)
    assert log.provenance.rows_used == 30
    assert list(events(log).activity[:3]) == ["受理", "派单", "竣工"]
    assert events(log).case_id[1] == "001"


@pytest.mark.parametrize(("most", "other"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_lines_in_another_encoding_are_listed(tmp_path: Path, most: str, other: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(TEXT.encode(most) + "031,装维工程师接单,2025-01-01\n".encode(other))
    log = read(path, MAPPING)
    assert accounted(log) == {"undecodable": 1}
    assert log.provenance.rows_used == 30
    assert log.provenance.files[0].encoding == most
    ((row, reason, value),) = excluded(log)
    assert (row, reason) == (32, "undecodable")
    assert value is not None
    assert "\\x" in value or most == "gb18030"


def test_a_damaged_byte_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(TEXT.encode().replace("000,受".encode(), b"000,\xe5\x8f", 1))
    assert accounted(read(path, MAPPING)) == {"undecodable": 1}


def test_zero_bytes_cost_their_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(TEXT.encode() + b"\x00" * 40 + b"\n")
    assert accounted(read(path, MAPPING)) == {"undecodable": 1}


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(TEXT.encode("gb18030"))
    log = read(path, MAPPING.model_copy(update={"encoding": "gb18030"}))
    assert log.provenance.files[0].encoding_reason == "mapping"
    assert log.provenance.rows_used == 30


def test_a_broken_utf16_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(TEXT.encode("utf-16")[:-1])
    with pytest.raises(InputError, match="breaks off inside a character"):
        read(path, MAPPING)


def test_a_truncated_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    data = gzip.compress(TEXT.encode())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"is truncated; .* could be unpacked"):
        read(path, MAPPING)
