"""A project's own models: what they extend, and versions with the day from which each is in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from logs.problems import InputError
from reference_models import check, load
from reference_models.model import ReferenceModel, Standing
from reference_models.versions import versions_in_force

OURS = """id: kunming-provisioning
version: "1.0"
in_force_from: 2026-01-01
extends: circuit-provisioning
title: {zh: 昆明电路开通, en: Provisioning in Kunming}
activities:
  accept_order: {aliases: [受理登记]}
deadlines:
  provisioning: {rows: {ddn_fr_up_to_10: {limits: {C: 8}}}}
handoffs:
  accept_order->book_order: {limit: {hours: 4, source: 昆明维护规程}}
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    return folder


def cell(model: ReferenceModel, row: str, category: str) -> tuple[float | None, Standing]:
    (found,) = (each for each in model.deadlines[0].rows if each.id == row)
    return found.cells[category].limit, found.authority_of(category).standing


def problems(folder: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(InputError) as refusal:
        load(folder)
    return [(Path(each.file).name, each.line, each.what) for each in refusal.value.problems]


def test_a_model_overrides_what_it_extends_without_copying_it(tmp_path: Path) -> None:
    model = load(write(tmp_path / "kunming-provisioning", OURS))
    base = load("circuit-provisioning")
    assert (model.id, model.version, model.title.en) == (
        "kunming-provisioning",
        "1.0",
        "Provisioning in Kunming",
    )
    assert model.in_force_from == date(2026, 1, 1)
    assert model.extends == ("circuit-provisioning 1.0",)
    assert (model.net, model.bpmn_sha256) == (base.net, base.bpmn_sha256)
    assert cell(model, "ddn_fr_up_to_10", "C") == (8, Standing.USER)
    assert cell(model, "ddn_fr_up_to_10", "B") == (5, Standing.SOURCED)
    (handoff,) = (each for each in model.handoffs if each.limit)
    assert (handoff.limit.value, handoff.limit.authority.source) == (4, "昆明维护规程")
    assert {"受理", "受理登记"} <= set(model.activities["accept_order"].aliases)
    assert model.overrides == (
        "activities.accept_order.aliases",
        "deadlines.provisioning.rows.ddn_fr_up_to_10.limits.C",
        "handoffs.accept_order->book_order.limit",
    )
    assert model.sha256 != base.sha256
    assert check(tmp_path / "kunming-provisioning").usable


def test_an_override_lies_on_top_of_all(tmp_path: Path) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    ours = tmp_path / "limits.yaml"
    ours.write_text(
        "deadlines: {provisioning: {rows: {ddn_fr_up_to_10: {limits: {C: 7}}}}}", encoding="utf-8"
    )
    assert cell(load(folder, override=ours), "ddn_fr_up_to_10", "C")[0] == 7


def test_a_model_may_extend_one_that_extends_another(tmp_path: Path) -> None:
    write(tmp_path / "kunming-provisioning", OURS)
    text = "id: north\nversion: '1'\nin_force_from: 2026-02-01\nextends: kunming-provisioning\n"
    text += "deadlines: {provisioning: {rows: {ddn_fr_up_to_10: {limits: {B: 4}}}}}\n"
    model = load(write(tmp_path / "north", text))
    assert model.extends == ("circuit-provisioning 1.0", "kunming-provisioning 1.0")
    assert [cell(model, "ddn_fr_up_to_10", each)[0] for each in "CBA"] == [8, 4, 3]
    (clock,) = model.deadlines
    assert clock.rows[2].authority_of("B").source == "north 1"
    assert clock.rows[2].authority_of("C").source == "kunming-provisioning 1.0"


def test_a_folder_may_bear_the_name_of_what_it_extends(tmp_path: Path) -> None:
    text = OURS.replace("kunming-provisioning", "circuit-provisioning")
    model = load("circuit-provisioning", folders=[write(tmp_path / "circuit-provisioning", text).parent])
    assert cell(model, "ddn_fr_up_to_10", "C")[0] == 8


def test_a_circle_is_refused(tmp_path: Path) -> None:
    text = "version: '1'\nin_force_from: 2026-02-01\n"
    write(tmp_path / "a", f"id: a\n{text}extends: b\n")
    write(tmp_path / "b", f"id: b\n{text}extends: a\n")
    assert problems(tmp_path / "a") == [("contract.yaml", 4, "extends itself: a → b → a")]
    write(tmp_path / "c", f"id: c\n{text}extends: c\n")
    assert problems(tmp_path / "c") == [("contract.yaml", 4, "extends itself: c → c")]


def test_what_there_is_not_cannot_be_extended(tmp_path: Path) -> None:
    text = OURS.replace("extends: circuit-provisioning", "extends: circuit-provisionin")
    assert problems(write(tmp_path / "ours", text)) == [
        ("contract.yaml", 4, "no model 'circuit-provisionin' to extend")
    ]


def test_a_path_is_no_model_to_extend(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "secret", OURS)
    text = OURS.replace("extends: circuit-provisioning", "extends: ../elsewhere/secret")
    assert problems(write(tmp_path / "models" / "ours", text)) == [
        ("contract.yaml", 4, "'../elsewhere/secret' is no id of a model")
    ]


def test_what_is_missing_or_wrong_is_told_with_the_line_of_the_file_that_says_it(tmp_path: Path) -> None:
    text = "id: ours\nextends: circuit-provisioning\nends: [closed]\nrules:\n"
    text += "  x: {standing: assumed}\n"
    assert problems(write(tmp_path / "ours", text)) == [
        ("contract.yaml", 5, "what is laid over another contract is always of standing 'user'"),
        ("contract.yaml", 1, "'version' is missing: it has one of its own"),
        ("contract.yaml", 1, "'in_force_from' is missing: it has one of its own"),
    ]
    text = (
        "id: ours\nversion: '1'\nin_force_from: 2026-01-01\nextends: circuit-provisioning\nends: [closed]\n"
    )
    ((file, line, what),) = problems(write(tmp_path / "ours", text))
    assert (file, line) == ("contract.yaml", 5)
    assert "closed" in what


def version(folder: Path, name: str, day: str, text: str) -> None:
    write(folder / "versions" / name, f"version: '{name}'\nin_force_from: {day}\n{text}")


FASTER = "deadlines: {provisioning: {rows: {ddn_fr_up_to_10: {limits: {C: 6}}}}}\n"


def test_each_version_changes_the_one_before_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    version(folder, "3.0", "2026-07-01", "idle_limits: {default: {working_days: 3}}\n")
    version(folder, "2.0", "2026-04-01", FASTER)
    model = load(folder)
    assert [each.version for each in (*model.earlier, model)] == ["1.0", "2.0", "3.0"]
    assert [cell(each, "ddn_fr_up_to_10", "C")[0] for each in (*model.earlier, model)] == [8, 6, 6]
    assert len({each.contract_sha256 for each in (*model.earlier, model)}) == 3
    days = {"2025-01-01": "1.0", "2026-03-31": "1.0", "2026-04-01": "2.0", "2027-01-01": "3.0"}
    assert {day: versions_in_force(model, date.fromisoformat(day))[-1].version for day in days} == days


def test_versions_share_the_diagram_and_what_is_judged_over_several_cases(tmp_path: Path) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    version(
        folder,
        "2.0",
        "2026-04-01",
        "ends: [open_billing]\nmatches: {provisioned_and_billed: {limit: {days: 3}}}\n",
    )
    assert problems(folder) == [
        ("contract.yaml", 3, "versions may not differ in 'ends' (what closes a case)"),
        ("contract.yaml", 4, "versions may not differ in 'matches' (matches, which may be of several cases)"),
    ]
    (folder / "versions" / "2.0" / "process.bpmn").write_text("<x/>", encoding="utf-8")
    assert problems(folder) == [
        ("process.bpmn", None, "'process.bpmn': all versions of a model share its diagram")
    ]


def test_versions_come_in_force_one_after_the_other(tmp_path: Path) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    version(folder, "1.0", "2026-01-01", FASTER)
    assert [what for _, _, what in problems(folder)] == [
        "version 1.0 is in force no later than version 1.0",
        "two versions are called '1.0'",
    ]


@pytest.mark.parametrize(
    "text", ["id: ours\n\textends: billing\n", "id: ours\nid: ours\n", "id: &a ours\nversion: [\n"]
)
def test_of_a_contract_that_cannot_be_read_no_diagram_is_missed(tmp_path: Path, text: str) -> None:
    told = problems(write(tmp_path / "ours", text))
    assert [file for file, _, _ in told] == ["contract.yaml"]


def test_what_is_no_name_cannot_be_extended(tmp_path: Path) -> None:
    text = "id: ours\nversion: '1'\nin_force_from: 2026-02-01\nextends: 5\n"
    assert problems(write(tmp_path / "ours", text)) == [("contract.yaml", 4, "'5' is no id of a model")]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("2.0/contract.yml", "a version without 'contract.yaml'"),
        ("2.0/notes.txt", "a version without 'contract.yaml'"),
        ("2.0.yaml", "a version lies in a folder of its own"),
    ],
)
def test_a_version_that_would_not_be_read_is_told(tmp_path: Path, name: str, what: str) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    lost = folder / "versions" / name
    lost.parent.mkdir(parents=True)
    lost.write_text("version: '2.0'\nin_force_from: 2026-07-01\n", encoding="utf-8")
    (problem,) = check(folder).problems
    assert problem.what == what
    assert problem.file.endswith(f"versions/{name.split('/')[0]}")
    assert problem.mend


def test_a_note_beside_the_versions_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "kunming-provisioning", OURS)
    (folder / "versions").mkdir()
    (folder / "versions" / "README.md").write_text("Ours.", encoding="utf-8")
    assert check(folder).usable
