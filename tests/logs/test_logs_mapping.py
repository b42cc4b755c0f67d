"""Mapping files: mistakes with file, line and mend, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs_helpers import read_text

from logs import InputError, Mapping, dump_mapping, load_mapping

TEXT = """case: 工单号
activity: [环节, 子环节]
time: 完成时间
attributes: {class: 等级}
time_formats: ['%d/%m/%Y %H:%M', iso]
delimiter: tab
window: {from: 2026-01-01, until: 2026-03-31, selection: 一季度受理}
activities: {派工: dispatch}
"""


def problems(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_mapping(path)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [(p.line, p.what, p.mend) for p in caught.value.problems]


def test_a_whole_mapping_and_back(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(TEXT, encoding="utf-8")
    mapping = load_mapping(path)
    assert mapping.activity_headings == ("环节", "子环节")
    assert mapping.window.since == "2026-01-01"
    assert mapping.delimiter_character == "\t"
    path.write_text(dump_mapping(mapping), encoding="utf-8")
    assert load_mapping(path) == mapping


def test_unknown_keys_are_told_with_line_and_nearest(tmp_path: Path) -> None:
    found = problems(tmp_path, TEXT + "rolle: 部门\nzone: Asia/Beijing\n")
    assert (9, "unknown key 'rolle'", "did you mean 'role'?") in found
    assert any(line == 10 and "no such time zone" in what for line, what, _ in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case: a\nactivity: b\n", "needs time"),
        ("layout: wide\ncase: a\n", "needs milestones"),
        ("layout: wide\ncase: a\nmilestones: [b]\ntime: c\n", "time belong to the long"),
        ("case: a\nactivity: b\ntime: c\nattributes: {Events: d}\n", "name of a standard column"),
        ("case: a\nactivity: b\ntime: c\ntime_formats: [yyyy-mm-dd]\n", "neither a pattern"),
        ("case: a\nactivity: b\ntime: c\ndelimiter: '||'\n", "one ASCII character"),
        ("case: a\nactivity: b\ntime: c\nencoding: klingon\n", "no such encoding"),
        ("case: a\nactivity: b\ntime: c\nreject_limit: 2\n", "less than or equal to 1"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in what for _, what, _ in problems(tmp_path, text))


def test_the_window_reaches_the_log(tmp_path: Path) -> None:
    mapping = Mapping.model_validate(
        {
            "case": "case",
            "activity": "activity",
            "time": "time",
            "window": {"from": "2025-01-01", "until": "2025-01-31"},
        }
    )
    window = read_text(tmp_path, "case,activity,time\n1,a,2025-01-01\n", mapping).provenance.window
    assert window.from_us == 1_735_660_800_000_000  # midnight in Shanghai
    assert window.until_us == window.from_us + 31 * 86_400_000_000


def test_labels_reach_the_log(tmp_path: Path) -> None:
    mapping = Mapping(case="case", activity="activity", time="time", activities={"a": "accept"})
    assert read_text(tmp_path, "case,activity,time\n1,a,2025-01-01\n", mapping).labels == (("a", "accept"),)
