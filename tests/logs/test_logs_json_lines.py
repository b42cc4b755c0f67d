"""JSON lines: every line is used or told, numbers keep their digits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from damage import rows_or_told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_helpers import LONG, accounted, events, excluded

from logs import EventLog, InputError, propose, read

GOOD = '{"case":"1","activity":"a","time":"2025-01-01"}'


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "log.jsonl"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return path


def attribute(folder: Path, literal: str) -> str | None:
    line = f'{{"case":"1","activity":"a","time":"2025-01-01","x":{literal}}}'
    log = read(write(folder, line), LONG.model_copy(update={"attributes": {"x": "x"}}))
    found = events(log).x.astype(object)
    return None if found.isna()[0] else str(found[0])


def tolerant(path: Path) -> EventLog:
    return read(path, LONG.model_copy(update={"reject_limit": 1}))


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ('"001"', "001"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1.10", "1.10"),
        ("12345678901234567890.123", "12345678901234567890.123"),
        ("1E5", "1E5"),
        ("true", "true"),
        ("null", None),
        ('""', None),
        ("NaN", None),
        ('{"a": [1.50, "受理", null]}', '{"a":[1.50,"受理",null]}'),
        ('"\\u53d7\\u7406"', "受理"),
    ],
)
def test_values_become_text_without_loss(tmp_path: Path, literal: str, expected: str | None) -> None:
    assert attribute(tmp_path, literal) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"case":"1","activity":', "not_json"),
        (GOOD + GOOD, "not_json"),
        ("case,activity,time", "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"case":' + "1" * 5_000 + "}", "not_json"),
        ("[1, 2]", "not_an_object"),
        ("null", "not_an_object"),
        ('{"case":"1","case":"2","activity":"a","time":"2025-01-01"}', "repeated_key"),
        ('{"case":"1","x":{"y":1,"y":2},"activity":"a","time":"2025-01-01"}', "repeated_key"),
        ('{"case":"\\ud800","activity":"a","time":"2025-01-01"}', "undecodable"),
        ('{"case":"1\\u0000","activity":"a","time":"2025-01-01"}', "undecodable"),
        ("  ", "blank_line"),
        ('{"activity":"a","time":"2025-01-01"}', "no_case"),
        ("{}", "no_case"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_others_are_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    log = tolerant(write(tmp_path, GOOD, line, GOOD))
    assert [(row, why) for row, why, _ in excluded(log)] == [(2, reason)]
    assert accounted(log) == {reason: 1}
    assert events(log).source_row.tolist() == [1, 3]


def test_bytes_of_another_encoding_are_told_and_a_whole_file_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    chinese = '{"case":"1","activity":"受理工单","time":"2025-01-01"}\n'
    path.write_bytes(chinese.encode() * 3 + chinese.encode("gb18030"))
    assert [(row, why) for row, why, _ in excluded(tolerant(path))] == [(4, "undecodable")]
    path.write_bytes(chinese.encode("gb18030"))
    log = read(path, LONG)
    assert events(log).activity.tolist() == ["受理工单"]
    assert log.provenance.files[0].encoding == "gb18030"


def test_a_mark_at_the_start_and_a_line_without_end_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + f"{GOOD}\r\n{GOOD}".encode())
    log = read(path, LONG)
    assert (log.provenance.rows_read, log.provenance.rows_used) == (2, 2)


def test_keys_may_come_late_and_in_any_order(tmp_path: Path) -> None:
    lines = [GOOD] * 30_000 + ['{"amount":7,"time":"2025-01-02","activity":"b","case":"2"}']
    log = read(write(tmp_path, *lines), LONG.model_copy(update={"attributes": {"amount": "amount"}}))
    last = events(log).iloc[-1]
    assert (last.case_id, last.activity, last.amount, last.source_row) == ("2", "b", "7", 30_001)


def test_a_key_that_no_line_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'time'") as caught:
        read(write(tmp_path, '{"case":"1","activity":"a","times":"2025-01-01"}'), LONG)
    assert "times" in caught.value.problems[0].mend


def test_a_gzipped_file_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "log.dat"
    path.write_bytes(gzip.compress(f"{GOOD}\n{GOOD}\n".encode()))
    log = read(path, LONG)
    assert log.provenance.files[0].format == "jsonl"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="truncated"):
        read(path, LONG)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (json.dumps([json.loads(GOOD)]), "one JSON list"),
        (json.dumps([json.loads(GOOD)], indent=2), "one JSON list"),
        (json.dumps(json.loads(GOOD), indent=2), "one JSON document over several lines"),
        ('{"ocel:global-log": {}}', "OCEL of version 1.0"),
    ],
)
def test_other_json_is_told(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(InputError, match=what):
        read(path, LONG)


def test_keys_that_are_values_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 2,000 different keys"):
        read(write(tmp_path, *(f'{{"case":"1","key{i}":1}}' for i in range(2_500))), LONG)


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
objects = st.dictionaries(
    st.text(min_size=1, max_size=5), scalars | st.lists(scalars, max_size=3), max_size=4
)
lines = st.one_of(
    objects.map(lambda each: json.dumps({"case": "1", "activity": "a", "time": "2025-01-01"} | each)),
    objects.map(lambda each: json.dumps(each, ensure_ascii=False)),
    st.text(max_size=40).map(lambda text: text.replace("\n", " ").replace("\r", " ")),
)


@given(st.lists(lines, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_is_lost(tmp_path: Path, text: list[str]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes("".join(f"{line}\n" for line in [GOOD, *text]).encode("utf-8", "surrogatepass"))
    mapping = LONG.model_copy(update={"reject_limit": 1})
    assert rows_or_told(path, mapping) in (len(text) + 1, None)


def test_a_mapping_is_proposed(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"工单号": f"{i // 4:03}", "环节": label, "完成时间": f"2025-01-{i % 28 + 1:02} 08:00"}
        for i, label in enumerate(["受理", "派单", "处理", "回复"] * 10)
    ]
    path = write(tmp_path, *(json.dumps(row, ensure_ascii=False) for row in rows))
    proposal = propose(path)
    assert proposal.confident
    assert proposal.mapping is not None
    assert proposal.mapping.case == "工单号"
    assert events(read(path)).case_id.tolist()[:5] == ["000"] * 4 + ["001"]
