"""`models show`: tolerances, look-alikes and planned figures, with who set them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mining

PLANNED = """
planned:
  orders:
    name: {zh: 受理计划, en: Orders planned}
    activity: take_order
    per: month
    by: grade
    figures: {A: 6, C: 12.5}
    standing: sourced
    source: example
"""


def test_show_names_tolerances_and_planned_figures(run, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(Path(mining.__file__).parent / "examples", model)
    with (model / "contract.yaml").open("a", encoding="utf-8") as file:
        file.write(PLANNED)
    shown = json.loads(run("models", "show", model, "--format", "json").out)
    duplicates = {line["what"]: line["value"] for line in shown["duplicates"]}
    assert duplicates["same"] == "item, amount; within 30 days"
    assert duplicates["near: item"] == "similarity at least 0.8"
    assert duplicates["near: amount"] == "by a share of at most 0.02"
    planned = [(line["per"], line["group"], line["figure"], line["standing"]) for line in shown["planned"]]
    assert planned == [("month", "grade = A", "6", "sourced"), ("month", "grade = C", "12.5", "sourced")]
    assert {line["warned_at"] for line in shown["deadlines"]} == {"60%"}
    text = run("models", "show", model).out
    assert "similarity at least 0.8" in text
    assert "grade = C" in text
