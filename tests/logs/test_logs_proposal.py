"""A mapping is proposed where headings and content are sure, and asked for where they are not."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from logs import InputError, Proposal, Vocabulary, dump_mapping, load_mapping, propose, read, worksheet

VOCABULARY = Vocabulary(
    activities=(
        ("accept", ("受理", "Order accepted")),
        ("dispatch", ("派单", "Dispatch")),
        ("close", ("竣工", "Close")),
    ),
    attributes=(("service", ("业务类型",), ("DDN", "FR")), ("grade", ("客户等级",), ("A", "B", "C"))),
)


def text_of(heading: str, steps: str = "受理 派单 竣工", cases: int = 20) -> str:
    lines = [heading]
    for case in range(cases):
        for day, step in enumerate(steps.split(), 1):
            date = f"2025-01-{day:02}"
            lines.append(f"GD{case:03},O{case // 2},{step},{date} 08:00,{date} 09:00,U{day},部{day},DDN")
    return "\n".join(lines) + "\n"


def proposed(folder: Path, text: str, vocabulary: Vocabulary | None = None) -> Proposal:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return propose(path, vocabulary)


@pytest.mark.parametrize(
    "heading",
    [
        "工单号,网点,环节,开始时间,完成时间,处理人,部门,类别",
        "Ticket No.,site,Activity,Start Time,End Time,Resource,Org:Group,kind",
        "case_id,x,task_name,start_timestamp,time:timestamp,user,department,kind",
    ],
)
def test_headings_in_both_languages(tmp_path: Path, heading: str) -> None:
    proposal = proposed(tmp_path, text_of(heading))
    assert proposal.confident, proposal.questions
    names = heading.split(",")
    mapping = proposal.mapping
    assert mapping is not None
    assert (mapping.case, mapping.activity, mapping.start, mapping.time) == (
        names[0],
        names[2],
        names[3],
        names[4],
    )
    assert (mapping.resource, mapping.role) == (names[5], names[6])
    assert any(reason.startswith(f"case: {names[0]} (") for reason in proposal.reasons)
    log = read(tmp_path / "log.csv")
    assert log.provenance.mapping_origin == "proposed"
    assert log.provenance.mapping_reasons == proposal.reasons


def test_two_columns_that_could_be_the_case_are_asked(tmp_path: Path) -> None:
    text = text_of("工单号,订单号,环节,开始时间,完成时间,处理人,部门,类别")
    proposal = proposed(tmp_path, text)
    assert not proposal.confident
    assert proposal.questions[0].what == "工单号 and 订单号 could each be the case"
    with pytest.raises(InputError, match="工单号 and 订单号 could each be the case"):
        read(tmp_path / "log.csv")


def test_two_names_of_the_same_cases_are_no_question(tmp_path: Path) -> None:
    text = text_of("工单号,订单号,环节,开始时间,完成时间,处理人,部门,类别")
    lines = [line.replace(f",O{line[2:5]}", "") for line in text.splitlines()]
    same = [lines[0], *(f"{line[:5]},X{line[2:5]}{line[line.index(',', 6) :]}" for line in lines[1:])]
    assert proposed(tmp_path, "\n".join(same) + "\n").confident


def test_columns_that_say_nothing_are_asked(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, text_of("f1,f2,f3,f4,f5,f6,f7,f8"))
    assert not proposal.confident
    whats = " ".join(problem.what for problem in proposal.questions)
    assert "no column looks like the case" in whats
    assert "no column looks like the activity" in whats
    assert all("f1" in p.mend for p in proposal.questions[:2])


def test_a_column_of_labels_that_never_come_back_is_asked_about_and_still_taken(tmp_path: Path) -> None:
    rows = [f"GD{row // 7:03},第{row}号动作甲,2026-03-02 09:{row:02}:00" for row in range(49)]
    text = "\n".join(["工单号,环节,完成时间", *rows]) + "\n"
    proposal = proposed(tmp_path, text, VOCABULARY)
    assert proposal.mapping is not None
    assert proposal.mapping.activity == "环节"
    assert [question.what for question in proposal.questions] == [
        "环节 may be the activity, but neither its name nor its values are sure"
    ]
    assert len(proposal.unmapped) == 49, "the worksheet lists them"


def test_a_state_that_never_comes_back_is_no_activity(tmp_path: Path) -> None:
    rows = [f"GD{row // 7:03},说明{row},2026-03-02 09:{row:02}:00" for row in range(49)]
    proposal = proposed(tmp_path, "\n".join(["工单号,状态,完成时间", *rows]) + "\n", VOCABULARY)
    assert proposal.mapping is None
    assert [question.what for question in proposal.questions] == ["no column looks like the activity"]


def test_a_vocabulary_finds_activities_and_attributes_by_content(tmp_path: Path) -> None:
    text = text_of("工单号,x,f3,开始时间,完成时间,处理人,部门,f8", "受理 派单 竣 测试").replace(
        ",DDN", ",DDN", 1
    )
    text = text.replace("DDN\n", "FR\n", 3)
    proposal = proposed(tmp_path, text, VOCABULARY)
    assert proposal.confident
    assert proposal.mapping is not None
    assert proposal.mapping.activity == "f3"
    assert proposal.mapping.attributes == {"service": "f8"}
    assert [(u.label, u.count) for u in proposal.unmapped] == [("测试", 20), ("竣", 20)]
    assert proposal.unmapped[1].candidates[0][0] == "close"


def test_the_proposal_can_be_saved_and_used(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, text_of("工单号,x,环节,开始时间,完成时间,处理人,部门,类别"))
    assert proposal.mapping is not None
    path = tmp_path / "mapping.yaml"
    path.write_text(dump_mapping(proposal.mapping), encoding="utf-8")
    assert load_mapping(path) == proposal.mapping
    given, found = read(tmp_path / "log.csv", path).provenance, read(tmp_path / "log.csv").provenance
    assert given.mapping_sha256 == found.mapping_sha256


def test_the_worksheet_holds_no_formulas(tmp_path: Path) -> None:
    text = text_of("工单号,x,环节,开始时间,完成时间,处理人,部门,类别", "受理 =cmd() @x 竣工时间")
    proposal = proposed(tmp_path, text, VOCABULARY)
    assert [u.label for u in proposal.unmapped] == ["=cmd()", "@x"]
    worksheet(proposal, tmp_path / "labels.csv")
    data = (tmp_path / "labels.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    assert rows[0][:3] == ["label", "rows", "activity"]
    assert [row[0] for row in rows[1:]] == ["'=cmd()", "'@x"]
    worksheet(proposal, tmp_path / "labels.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "labels.xlsx").active
    assert sheet is not None
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=cmd()", "s")


def test_the_worksheet_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, text_of("工单号,x,环节,开始时间,完成时间,处理人,部门,类别"), VOCABULARY)
    for name in ("labels.csv", "labels.xlsx"):
        with pytest.raises(InputError, match="cannot be written"):
            worksheet(proposal, tmp_path / "no" / name)


def test_what_was_loaded_for_a_proposal_is_not_counted_twice(tmp_path: Path) -> None:
    """A filter names a column that the proposal left out, so the file is read again."""
    path = tmp_path / "log.csv"
    labels = ["受理", "派单", "处理", "回复"] * 10
    lines = [f"{i // 4:03},{label},2025-01-{i % 28 + 1:02} 08:00,昆明" for i, label in enumerate(labels)]
    path.write_text("\n".join(["工单号,环节,完成时间,分公司", *lines[:20], "", *lines[20:]]) + "\n")
    with read(path, filters=["分公司=昆明"], limit=1) as log:
        assert [(count.reason, count.rows) for count in log.provenance.excluded] == [("blank_line", 1)]
        assert log.provenance.rows_read == log.provenance.rows_used + 1 == 41
