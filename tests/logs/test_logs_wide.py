"""Wide exports: a row per order, a column per milestone."""

from __future__ import annotations

from pathlib import Path

from logs_helpers import accounted, events, excluded, read_text

from logs import Mapping, propose

TEXT = """工单号,经办人,客户等级,当前环节,受理时间,派单时间,竣工时间,要求完成时间
A1,张,C,归档,2025-01-01 08:00,2025-01-02 08:00,2025-01-03 08:00,2025-01-04 08:00
A2,张,B,派单,2025-01-01 08:00,未派,,2025-01-04 08:00
A3,张,B,派单,,,,2025-01-04 08:00
,张,B,派单,2025-01-01 08:00,,,2025-01-04 08:00
A4,张,B,派单,乱,,,2025-01-04 08:00
"""
MAPPING = Mapping(
    layout="wide",
    case="工单号",
    milestones={"受理时间": "受理", "派单时间": "派单", "竣工时间": "竣工"},
    attributes={"grade": "客户等级"},
    reject_limit=0.5,
)


def test_rows_and_cells_are_accounted_for(tmp_path: Path) -> None:
    log = read_text(tmp_path, TEXT, MAPPING)
    table = events(log)
    assert list(
        zip(table.case_id, table.activity, table.source_row, table.row_no, table.grade, strict=True)
    ) == [
        ("A1", "受理", 2, 1, "C"),
        ("A1", "派单", 2, 2, "C"),
        ("A1", "竣工", 2, 3, "C"),
        ("A2", "受理", 3, 4, "B"),
    ]
    assert accounted(log) == {"no_milestone": 1, "no_case": 1, "bad_time": 1}
    assert (log.provenance.rows_read, log.provenance.rows_used, log.provenance.cells_rejected) == (5, 2, 1)
    assert excluded(log) == [
        (3, "bad_time", "未派"),
        (4, "no_milestone", None),
        (5, "no_case", None),
        (6, "bad_time", "乱"),
    ]


def test_a_wide_export_is_recognised(tmp_path: Path) -> None:
    read_text(tmp_path, TEXT, MAPPING)
    proposal = propose(tmp_path / "log.csv")
    assert proposal.mapping is not None
    assert proposal.mapping.layout == "wide"
    assert proposal.mapping.case == "工单号"
    assert tuple(proposal.mapping.milestone_labels) == ("受理时间", "派单时间", "竣工时间")
    assert proposal.mapping.resource is None  # one person beside many milestones did not do them all
    assert any("要求完成时间" in reason for reason in proposal.reasons)


def test_milestones_may_be_a_plain_list(tmp_path: Path) -> None:
    log = read_text(tmp_path, TEXT, MAPPING.model_copy(update={"milestones": ("受理时间",)}))
    assert set(events(log).activity) == {"受理时间"}


def test_a_case_number_of_its_own_makes_a_wide_export_beside_a_number_that_comes_back(tmp_path: Path) -> None:
    rows = [
        f"JF{n:03},NW-{n // 2:03},2M,2025-01-01 08:{n:02},2025-01-02 08:{n:02},2025-01-03 08:{n:02}"
        for n in range(40)
    ]
    path = tmp_path / "bills.csv"
    text = "\n".join(["计费单号,订单号,业务类型,订单竣工时间,出帐时间,收款时间", *rows]) + "\n"
    path.write_text(text, encoding="utf-8")
    proposal = propose(path)
    assert proposal.confident, proposal.questions
    assert proposal.mapping is not None
    assert (proposal.mapping.layout, proposal.mapping.case) == ("wide", "计费单号")


def test_who_must_name_the_activity_is_told_of_the_wide_layout(tmp_path: Path) -> None:
    rows = [f"D{n // 2:03},2M,2025-01-01 08:{n:02},2025-01-02 08:{n:02}" for n in range(40)]
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(["订单号,业务种类,装机时间,验收时间", *rows]) + "\n", encoding="utf-8")
    mends = [question.mend for question in propose(path).questions]
    assert any("layout: wide" in mend for mend in mends), mends
