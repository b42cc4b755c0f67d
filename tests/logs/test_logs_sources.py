"""Formats are told by content; what is not read is told by name, with what to do."""

from __future__ import annotations

import bz2
import lzma
from pathlib import Path

import pyarrow as pa
import pytest
from logs_helpers import LONG
from pyarrow import feather, orc

from logs import InputError, Mapping, read

TABLE = pa.table({"case": ["1"] * 9, "activity": ["受理"] * 9, "time": ["2025-01-01"] * 9})
CSV = "case,activity,time\n1,受理,2025-01-01\n".encode()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (bz2.compress(CSV), "compressed with bzip2"),
        (lzma.compress(CSV), "compressed with xz"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "compressed with zstd"),
        (b"%PDF-1.7\n\xb5\xb5", "a PDF"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
        (
            b'<?xml version="1.0"?><log><object-types><object-type name="order"/></object-types></log>',
            "an OCEL in XML",
        ),
    ],
)
def test_what_is_not_read_is_told_with_a_way_out(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"is {what}") as caught:
        read(path, LONG)
    assert caught.value.problems[0].mend


def test_columnar_files_of_other_kinds_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.bin"
    feather.write_feather(TABLE, path)
    with pytest.raises(InputError, match="is an Arrow"):
        read(path, LONG)
    orc.write_table(TABLE, path)
    with pytest.raises(InputError, match="is an ORC file"):
        read(path, LONG)


def test_a_heading_that_begins_like_another_format_is_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("ORC,环节,time\n1,a,2025-01-01\n")
    assert read(path, Mapping(case="ORC", activity="环节", time="time")).provenance.rows_used == 1
    path.write_text("[case],{activity},time\n1,a,2025-01-01\n")
    assert read(path, Mapping(case="[case]", activity="{activity}", time="time")).provenance.rows_used == 1
