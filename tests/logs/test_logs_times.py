"""Times: formats are told from every value, and what cannot be told is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from logs_helpers import LONG, accounted, events, read_text

from logs import InputError, Mapping, propose

HEAD = "case;activity;time\n"
AT = {"delimiter": ";", "zone": "UTC"}


def times(folder: Path, values: list[str], **more: object) -> list[str]:
    mapping = Mapping.model_validate({"case": "case", "activity": "activity", "time": "time", **AT, **more})
    log = read_text(folder, HEAD + "".join(f'1;a;"{value}"\n' for value in values), mapping)
    assert accounted(log) == {}
    return [datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S") for us in events(log).t_us]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2025-03-04", "2025-03-04 00:00:00"),
        ("2025/3/4 5:06", "2025-03-04 05:06:00"),
        ("2025-03-04T05:06:07.123456789+01:00", "2025-03-04 04:06:07"),
        ("2025.03.04 05:06:07", "2025-03-04 05:06:07"),
        ("20250304050607", "2025-03-04 05:06:07"),
        ("20250304", "2025-03-04 00:00:00"),
        ("2025年3月4日 5时6分7秒", "2025-03-04 05:06:07"),
        ("2025年03月04日", "2025-03-04 00:00:00"),
        ("2025/3/4 下午 5:06:07", "2025-03-04 17:06:07"),
        ("13/03/2025 05:06", "2025-03-13 05:06:00"),
        ("03/13/2025 5:06 PM", "2025-03-13 17:06:00"),
        ("04-Mar-2025 05:06:07", "2025-03-04 05:06:07"),
        ("March 4, 2025", "2025-03-04 00:00:00"),
        ("1741064767", "2025-03-04 05:06:07"),
        ("1741064767000", "2025-03-04 05:06:07"),
        ("45720.5", "2025-03-04 12:00:00"),
    ],
)
def test_spellings_of_a_time(tmp_path: Path, value: str, meant: str) -> None:
    assert times(tmp_path, [value]) == [meant]


def test_one_value_late_in_the_file_tells_day_from_month(tmp_path: Path) -> None:
    values = ["03/04/2025"] * 9_000 + ["25/04/2025"]
    assert times(tmp_path, values)[0] == "2025-04-03 00:00:00"
    assert times(tmp_path, ["03/04/2025"] * 9_000 + ["04/25/2025 10:00"])[0] == "2025-03-04 00:00:00"


def test_day_and_month_that_cannot_be_told_are_asked(tmp_path: Path) -> None:
    text = HEAD + "1;a;03/04/2025\n1;b;04/05/2025\n"
    with pytest.raises(InputError, match=r"%d/%m/%Y and as %m/%d/%Y") as caught:
        read_text(tmp_path, text, LONG.model_copy(update={"delimiter": ";"}))
    assert "time_formats" in caught.value.problems[0].mend
    proposal = propose(tmp_path / "log.csv")
    assert not proposal.confident
    assert "%d/%m/%Y and as %m/%d/%Y" in proposal.questions[0].what
    assert times(tmp_path, ["03/04/2025"], time_formats=["%m/%d/%Y"]) == ["2025-03-04 00:00:00"]


def test_stated_formats_are_the_only_ones(tmp_path: Path) -> None:
    mapping = Mapping.model_validate(
        {"case": "case", "activity": "activity", "time": "time", **AT, "time_formats": ["iso"]}
    )
    log = read_text(tmp_path, HEAD + "1;a;2025-01-01\n1;a;01.02.2025\n", mapping)
    assert accounted(log) == {"bad_time": 1}


def test_a_pattern_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'%Q' is not a pattern"):
        times(tmp_path, ["2025-01-01"], time_formats=["%Q"])


@pytest.mark.parametrize(
    "value", ["epoch", "infinity", "0000-00-00 00:00:00", "2025-02-30", "2025-01-01 25:00"]
)
def test_words_and_impossible_dates_are_no_times(tmp_path: Path, value: str) -> None:
    log = read_text(tmp_path, HEAD + f"1;a;2025-01-01\n1;a;2025-01-02\n1;a;{value}\n", LONG)
    assert accounted(log) == {"bad_time": 1}


RANGE = {
    "1969-12-31 23:59:59": 0,
    "1970-01-01 00:00:00": 1,
    "2099-12-31": 1,
    "2100-01-01": 0,
    "250000-01-01": 0,
}


@pytest.mark.parametrize(("value", "kept"), RANGE.items())
def test_the_range_of_times(tmp_path: Path, value: str, kept: int) -> None:
    log = read_text(
        tmp_path, HEAD + f"1;a;2025-01-01\n1;a;{value}\n", LONG.model_copy(update={"zone": "UTC"})
    )
    assert log.provenance.rows_used == 1 + kept
    assert accounted(log) == ({} if kept else {"time_out_of_range": 1})


def test_daylight_saving_is_followed(tmp_path: Path) -> None:
    assert times(tmp_path, ["2025-01-01 12:00", "2025-07-01 12:00"], zone="Europe/Berlin") == [
        "2025-01-01 11:00:00",
        "2025-07-01 10:00:00",
    ]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"])
def test_local_times_are_those_of_the_zone_in_every_year(tmp_path: Path, zone: str) -> None:
    """Also around changes of the offset: China kept summer time from 1986 to 1991."""
    local = [datetime(1970, 2, 1, 12) + timedelta(days=17 * n) for n in range(2_700)]
    meant = [t.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") for t in local]
    assert times(tmp_path, [f"{t:%Y-%m-%d %H:%M:%S}" for t in local], zone=zone) == meant
    assert times(tmp_path, [f"{t:%Y/%m/%d %H:%M}" for t in local], zone=zone) == meant
