"""The same log in every format gives the same audit; a report says what delta exports brought."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from command_line import Command

import walkthrough
from logs import load_mapping
from reports.schemas import AUDIT, json_schema

MODEL = "fault-handling"
AS_OF = "2026-06-30T17:00"
TIMES = ("开始时间", "完成时间")
MAPPING = """case: 故障单号
activity: 环节
time: 完成时间
start: 开始时间
role: 处理部门
resource: 处理人
attributes: {service_class: 服务等级, fault_type: 故障类型}
"""
OCEL_MAPPING = (
    MAPPING.replace("case: 故障单号", "case: ocel:oid\nobject_type: ticket")
    .replace("activity: 环节", "activity: ocel:activity")
    .replace("time: 完成时间", "time: ocel:timestamp")
    .replace("服务等级", "case:服务等级")
    .replace("故障类型", "case:故障类型")
)


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    ran = Command(folder)("simulate", MODEL, "--out", folder, "--cases", "100")
    assert ran.code == 0, ran.err
    return folder / "tickets.csv"


def rows(export: Path) -> pd.DataFrame:
    frame = pd.read_csv(export, dtype=str, keep_default_na=False)
    return frame.astype(object).where(frame != "", None)


def to_parquet(frame: pd.DataFrame, path: Path) -> None:
    typed = frame.assign(
        **{each: pd.to_datetime(frame[each]).dt.tz_localize("Asia/Shanghai") for each in TIMES}
    )
    typed.to_parquet(path, row_group_size=100)


def to_json_lines(frame: pd.DataFrame, path: Path) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in frame.to_dict("records"))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def to_ocel(frame: pd.DataFrame, path: Path) -> None:
    ours, theirs = ("服务等级", "故障类型"), ("开始时间", "处理部门", "处理人")
    first = frame.drop_duplicates("故障单号")
    objects = [
        {
            "id": row["故障单号"],
            "type": "ticket",
            "attributes": [
                {"name": a, "time": "1970-01-01T00:00:00Z", "value": row[a]} for a in ours if row[a]
            ],
        }
        for row in first.to_dict("records")
    ]
    events = [
        {
            "id": f"e{number}",
            "type": row["环节"],
            "time": row["完成时间"] and f"{row['完成时间'].replace(' ', 'T')}+08:00",
            "attributes": [{"name": a, "value": row[a]} for a in theirs if row[a]],
            "relationships": [{"objectId": row["故障单号"], "qualifier": ""}],
        }
        for number, row in enumerate(frame.to_dict("records"))
    ]
    kinds = [{"name": kind, "attributes": [{"name": a} for a in theirs]} for kind in frame["环节"].unique()]
    document = {
        "objectTypes": [{"name": "ticket", "attributes": [{"name": a} for a in ours]}],
        "eventTypes": kinds,
        "objects": objects,
        "events": events,
    }
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def verdicts(export: Path, folder: Path, text: str = MAPPING) -> pd.DataFrame:
    mapping = folder / "mapping.yaml"
    mapping.write_text(text, encoding="utf-8")
    audit = walkthrough.audit(export, MODEL, mapping=load_mapping(mapping), as_of=AS_OF)
    table = audit.occurrences[["rule_id", "case_id", "fingerprint", "verdict"]].astype(str)
    return table.sort_values(list(table.columns)).reset_index(drop=True)


@pytest.mark.parametrize(
    ("write", "mapping"),
    [(to_parquet, MAPPING), (to_json_lines, MAPPING), (to_ocel, OCEL_MAPPING)],
    ids=["parquet", "json lines", "ocel"],
)
def test_the_same_log_gives_the_same_verdicts(
    tickets: Path, tmp_path: Path, write: Callable[[pd.DataFrame, Path], None], mapping: str
) -> None:
    path = tmp_path / "log.dat"
    write(rows(tickets), path)
    expected = verdicts(tickets, tmp_path)
    assert len(expected) > 20
    pd.testing.assert_frame_equal(verdicts(path, tmp_path, mapping), expected)


def test_each_command_reads_each_format(tickets: Path, run: Command) -> None:
    to_parquet(rows(tickets), run.folder / "log.parquet")
    to_json_lines(rows(tickets), run.folder / "log.jsonl")
    to_ocel(rows(tickets), run.folder / "log.json")
    for name in ("log.parquet", "log.jsonl", "log.json"):
        ran = run("map", name, "--model", MODEL, "--out", "proposed.yaml", "--overwrite")
        assert ran.code == 0, ran.err
        ran = run("discover", name, "--mapping", "proposed.yaml", "--out", "flow", "--show-persons")
        assert ran.code == 0, ran.err
        found = json.loads(Path("flow/discovery.json").read_text(encoding="utf-8"))
        assert found["input"]["files"][0]["rows_read"] == len(rows(tickets))


def test_a_report_says_what_delta_exports_brought(tickets: Path, run: Command) -> None:
    frame = rows(tickets)
    frame["事件号"] = [f"e{number}" for number in range(len(frame))]
    later = frame.iloc[200:].copy()
    later.iloc[0, later.columns.get_loc("处理部门")] = "营业厅"
    late = frame.iloc[[100]]
    frame.drop(index=100).iloc[:300].to_csv("day1.csv", index=False)
    pd.concat([later, late]).to_csv("day2.csv", index=False)
    Path("m.yaml").write_text(f"{MAPPING}event_id: 事件号\ndelta: event_id\n", encoding="utf-8")
    ran = run.audit(
        "day1.csv", "day2.csv", "--mapping", "m.yaml", "--as-of", AS_OF, "--lang", "en", model=MODEL
    )
    assert "1 rows merged: corrected" in ran.out
    assert "100 rows merged: overlapping_files" in ran.out
    document = json.loads(Path("out/audit.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json_schema(AUDIT))
    first, second = (file["delta"] for file in document["input"]["files"])
    assert (first["new"], first["corrected"]) == (299, 1)
    assert (second["correcting"], second["repeated"], second["new"]) == (1, 100, len(frame) - 300)
    assert second["late"] >= 1
    report = Path("out/report.en.html").read_text(encoding="utf-8")
    assert "1 corrections; 100 repeated" in report
    assert "corrected by a later row" in report
