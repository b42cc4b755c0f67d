"""Models of the user's own, from `models new` to an audit by versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.schemas import json_schema

LIMIT = "deadlines: {answering: {rows: {all: {limits: {A: 1, B: 1}}}}}\n"


def version(folder: Path, name: str, day: str, text: str) -> None:
    place = folder / "versions" / name
    place.mkdir(parents=True)
    (place / "contract.yaml").write_text(f"version: '{name}'\nin_force_from: {day}\n{text}", encoding="utf-8")


def test_a_new_model_can_be_used_as_it_stands(run) -> None:
    ran = run("models", "new", "our-orders", "--folder", "models", "--from", "2026-01-01")
    assert ran.code == 0
    assert ran.out.split() == [
        f"models/our-orders/{name}" for name in ("contract.yaml", "process.bpmn", "conforming/log.csv")
    ]
    assert "usable" in run("models", "check", "models/our-orders").out
    log = "models/our-orders/conforming/log.csv"
    ran = run("audit", log, "--model", "models/our-orders", "--out", "out", "--as-of", "2026-03-31T18:00")
    assert ran.code == 5, ran.out + ran.err  # nothing violated; without limits not all can be determined
    assert "0 rules violated in 2 cases" in ran.out


def test_nothing_is_overwritten(run) -> None:
    assert run("models", "new", "ours").code == 0
    (run.folder / "ours" / "contract.yaml").write_text("mine", encoding="utf-8")
    run("models", "new", "ours").refused("is there already")
    assert (run.folder / "ours" / "contract.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Our Orders"], "no id of a model"),
        (["../ours"], "no id of a model"),
        (["ours", "--extends", "fault-handlin"], "no reference model 'fault-handlin'"),
        (["ours", "--from", "1 July"], "is no day"),
    ],
)
def test_what_cannot_be_begun_is_refused(run, arguments: list[str], said: str) -> None:
    run("models", "new", *arguments).refused(said)
    assert not (run.folder / "ours").exists()


def test_a_model_that_extends_another_is_listed_and_shown(run) -> None:
    assert run("models", "new", "ours", "--folder", "models", "--extends", "fault-handling").code == 0
    folder = run.folder / "models" / "ours"
    assert [path.name for path in folder.iterdir()] == ["contract.yaml"]
    assert "usable" in run("models", "check", "models/ours").out
    version(folder, "2.0", "2030-01-01", "handoffs: {judge_fault->dispatch_order: {limit: {hours: 1}}}\n")
    listed = json.loads(run("models", "list", "--folder", "models", "--format", "json").out)
    (line,) = (each for each in listed if each["id"] == "ours")
    assert (line["version"], line["extends"], line["versions"]) == (
        "2.0",
        "fault-handling 1.0",
        "1.0, 2.0",
    )
    assert "fault-handling 1.0" in run("models", "list", "--folder", "models").out
    assert "extends" not in run("models", "list").out
    shown = json.loads(run("models", "show", "models/ours", "--format", "json").out)
    assert shown["extends"] == "fault-handling 1.0"
    assert [(each["version"], each["changes"]) for each in shown["versions"]] == [
        ("1.0", ""),
        ("2.0", "handoffs.judge_fault->dispatch_order.limit"),
    ]
    assert "2030-01-01" in run("models", "show", "models/ours").out


def test_an_audit_says_which_version_judged_how_many_cases(run) -> None:
    assert run("models", "new", "ours", "--from", "2026-01-01").code == 0
    version(run.folder / "ours", "2.0", "2026-05-01", LIMIT)
    log = (run.folder / "ours" / "conforming" / "log.csv").read_text(encoding="utf-8")
    _, *rows = log.splitlines()
    later = "\n".join(row.replace("2026-03", "2026-06").replace("1,", "3,", 1) for row in rows[:3])
    later = later.replace("2026-06-03 10", "2026-06-05 10")
    (run.folder / "log.csv").write_text(f"{log}{later}\n", encoding="utf-8")
    asked = (
        "audit",
        "log.csv",
        "--model",
        "ours",
        "--as-of",
        "2026-06-30T18:00",
        "--lang",
        "zh",
        "--lang",
        "en",
    )
    ran = run(*asked)
    assert ran.code == 1, ran.out + ran.err
    assert "version 1.0 of the model, from 2026-01-01: 2 cases" in ran.out
    assert "version 2.0 of the model, from 2026-05-01: 1 cases" in ran.out
    assert "deadline.late:answering/all/A  1 of 1 decided" in ran.out
    document = json.loads((run.folder / "walkthrough-report" / "audit.json").read_text(encoding="utf-8"))
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(document, json_schema())
    assert [(each["version"], each["cases"]) for each in document["model"]["versions"]] == [
        ("1.0", 2),
        ("2.0", 1),
    ]
    (late,) = (each for each in document["findings"] if each["rule_id"] == "deadline.late:answering/all/A")
    assert late["earlier_limits"] == [{"version": "1.0", "limit": None, "unit": "working_days"}]
    for lang, said in (
        ("zh", ("1.0 版（2026-01-01 起）2 例", "此前版本的案例适用其他时限：1.0 版：", "全部（2.0 版）")),
        (
            "en",
            (
                "1.0 from 2026-01-01: 2 cases",
                "Cases of earlier versions had another limit",
                "All (version 2.0)",
            ),
        ),
    ):
        page = (run.folder / "walkthrough-report" / f"report.{lang}.html").read_text(encoding="utf-8")
        for text in said:
            assert text in page
