"""Workbooks: cells as a person reads them, formulas never guessed, damage told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from logs_helpers import LONG, accounted, events, excluded

from logs import InputError, Mapping, read

HEAD = ["case", "activity", "time", "amount"]
MAPPING = LONG.model_copy(update={"attributes": {"amount": "amount"}})


def book(folder: Path, rows: list[list[Any]], sheet: str | None = None) -> Path:
    workbook = openpyxl.Workbook()
    page = workbook.active if sheet is None else workbook.create_sheet(sheet)
    assert page is not None
    for row in rows:
        page.append(row)
    path = folder / "log.xlsx"
    workbook.save(path)
    return path


def test_cells_are_read_as_shown(tmp_path: Path) -> None:
    rows = [
        HEAD,
        [1001, "受理", datetime(2025, 1, 1, 8), 1.5],
        ["007", "派单", datetime(2025, 1, 1, 8, 0, 30), 2.0],
        ["NA", "竣工", "2025-01-01 08:00:00", None],
    ]
    log = read(book(tmp_path, rows), MAPPING)
    table = events(log)
    assert table.case_id.tolist() == ["1001", "007", "NA"]
    assert table.amount.fillna("").tolist() == ["1.5", "2", ""]
    assert table.t_us.tolist() == [1_735_689_600_000_000, 1_735_689_630_000_000, 1_735_689_600_000_000]
    assert log.provenance.files[0].sheet == "Sheet"


def test_blank_rows_between_count_and_those_at_the_end_do_not(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEAD, ["1", "a", "2025-01-01"], [], ["1", "b", "2025-01-02"], [None, " "], []]
    log = read(book(tmp_path, rows), MAPPING.model_copy(update={"attributes": {}}))
    assert excluded(log) == [(3, "blank_line", None)]
    assert accounted(log) == {"blank_line": 1}
    assert events(log).source_row.tolist() == [2, 4]


def test_cells_beyond_the_headings_are_told(tmp_path: Path) -> None:
    log = read(book(tmp_path, [HEAD, ["1", "a", "2025-01-01", 1, "?"], ["1", "a", "2025-01-01", 1]]), MAPPING)
    assert accounted(log) == {"field_count": 1}


def test_a_sheet_is_named(tmp_path: Path) -> None:
    path = book(tmp_path, [HEAD, ["1", "a", "2025-01-01", 1]], "数据")
    assert read(path, MAPPING.model_copy(update={"sheet": "数据"})).provenance.rows_used == 1
    with pytest.raises(InputError, match="no sheet '没有'") as caught:
        read(path, MAPPING.model_copy(update={"sheet": "没有"}))
    assert "数据" in caught.value.problems[0].mend
    with pytest.raises(InputError, match="sheet 'Sheet' is empty"):
        read(path, MAPPING)


def test_formulas_without_a_result_are_told_where_they_matter(tmp_path: Path) -> None:
    path = book(tmp_path, [HEAD, ["1", "a", "2025-01-01", "=1+1"]])
    with pytest.raises(InputError, match=r"first: D2") as caught:
        read(path, MAPPING)
    assert caught.value.problems[0].line == 2
    assert read(path, LONG).provenance.rows_used == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_workbook_is_told(tmp_path: Path, share: float) -> None:
    path = book(tmp_path, [HEAD, *[[str(i), "a", "2025-01-01", i] for i in range(200)]])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="not a whole XLSX workbook"):
        read(path, MAPPING)


def test_text_named_xlsx_and_old_workbooks_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    path.write_text("case,activity,time\n")
    with pytest.raises(InputError, match="not a whole XLSX workbook"):
        read(path, Mapping(case="case", activity="activity", time="time"))
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    with pytest.raises(InputError, match="old format"):
        read(path, MAPPING)
