"""Filters select whole cases, and every row of the others is counted under the filter's text."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs_helpers import LONG, accounted, read_text

from logs import EventLog, InputError, read

TEXT = """case,activity,time,branch
1,a,2026-01-31 23:00,north
1,b,2026-04-01 08:00,
2,a,2026-02-01 08:00,south
2,b,never,south
3,a,2025-12-31 08:00,north
3,b,2026-02-01 08:00,north
4,a,never,east
"""


def filtered(folder: Path, *filters: str) -> EventLog:
    read_text(folder, TEXT).close()
    return read(folder / "log.csv", LONG, filters=filters)


def cases(log: EventLog) -> list[str]:
    return log.cases.to_pandas().case_id.tolist()


def test_by_a_column_of_the_file(tmp_path: Path) -> None:
    log = filtered(tmp_path, "branch=north, east")
    assert cases(log) == ["1", "3"]
    assert accounted(log) == {"branch=north, east": 2, "bad_time": 1}
    assert log.provenance.filters == ("branch=north, east",)
    assert "branch=north, east" in log.provenance.mapping_text
    assert log.provenance.rows_rejected == 1


def test_by_the_time_of_the_first_event_with_whole_last_day(tmp_path: Path) -> None:
    log = filtered(tmp_path, "period=2026-01-01..2026-01-31")
    assert cases(log) == ["1"]
    assert accounted(log) == {"period=2026-01-01..2026-01-31": 4, "bad_time": 1}


def test_open_periods_and_several_filters(tmp_path: Path) -> None:
    assert cases(filtered(tmp_path, "period=2026-01-01..")) == ["1", "2"]
    log = filtered(tmp_path, "period=2026-01-01..", "activity=b")
    assert cases(log) == ["1", "2"]
    assert cases(filtered(tmp_path, "branch=north", "period=..2025-12-31")) == ["3"]


@pytest.mark.parametrize("text", ["north", "branch=", "period=2026", "period=..", "period=soon..later"])
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        filtered(tmp_path, text)


def test_a_filter_that_leaves_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row can be used"):
        filtered(tmp_path, "branch=west")


def test_a_filter_on_no_column_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'brunch'"):
        filtered(tmp_path, "brunch=west")
