"""`walkthrough models check` on BPMN files: which are usable, which are refused, and why."""

import json

import pytest
from model_files import TWO_STEPS, flows, nodes, process, two_steps, write_model
from typer.testing import CliRunner

from reference_models import check_diagram, diagrams
from walkthrough.cli import app

ENDS = nodes(startEvent="s", endEvent="e")
GOOD = process(ENDS + nodes(task="A B") + flows("s>A>B>e"))
REFUSED = process(
    ENDS + '\n<complexGateway id="g"/>\n<adHocSubProcess id="h"/>\n' + nodes(task="A") + flows("s>A>g>h>e")
)
UNSOUND = process(
    ENDS + nodes(task="A B", exclusiveGateway="x", parallelGateway="j") + flows("s>x>A>j>e x>B>j")
)


@pytest.fixture
def folder(tmp_path):
    files = {"好.bpmn": GOOD, "odd.bpmn": REFUSED, "stuck.BPMN": UNSOUND, "cut.bpmn": GOOD[:-20]}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "notes.txt").write_text("not a diagram")
    return tmp_path


def run(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["models", "check", *map(str, arguments)])
    return result.exit_code, result.stdout


def test_a_folder_gives_a_table_of_what_is_usable_and_why_the_rest_is_refused(folder):
    code, text = run(folder)
    assert code == 2
    rows = [line.split(None, 2) for line in text.splitlines()]
    assert [row[:2] for row in rows if len(row) > 1 and row[1] in ("usable", "refused")] == [
        ["cut.bpmn", "refused"],
        ["odd.bpmn", "refused"],
        ["stuck.BPMN", "refused"],
        ["好.bpmn", "usable"],
    ]
    for told in ("complexGateway 'g'", "adHocSubProcess 'h'", "not well-formed", "a case cannot finish"):
        assert told in text
    assert "BPMN files: 4, usable: 1, refused: 3" in text
    assert "notes.txt" not in text


def test_the_same_as_json(folder):
    code, text = run(folder, "--format", "json")
    document = json.loads(text)
    assert (code, document["usable"]) == (2, False)
    files = {each["path"]: each for each in document["files"]}
    assert [each["usable"] for each in files.values()] == [False, False, False, True]
    lines = [problem["line"] for problem in files[str(folder / "odd.bpmn")]["problems"]]
    text = REFUSED.decode().splitlines()
    assert ['id="g"' in text[lines[0] - 1], 'id="h"' in text[lines[1] - 1]] == [True, True]
    assert files[str(folder / "stuck.BPMN")]["can_always_finish"] is False
    assert files[str(folder / "好.bpmn")]["states"] == 3


def test_a_folder_of_usable_files_ends_well(tmp_path):
    (tmp_path / "one.bpmn").write_bytes(GOOD)
    (tmp_path / "two.bpmn").write_bytes(TWO_STEPS)
    assert run(tmp_path)[0] == 0


def test_one_file_is_checked_with_how_to_mend_it(folder):
    code, text = run(folder / "odd.bpmn")
    assert code == 2
    assert "complexGateway 'g'" in text
    assert "→" in text
    assert run(folder / "好.bpmn")[0] == 0
    assert run(folder / "gone.bpmn")[0] == 2


def test_a_model_folder_is_checked_as_a_model(tmp_path):
    write_model(tmp_path, two_steps())
    (tmp_path / "called.bpmn").write_bytes(GOOD)
    assert diagrams(tmp_path) == ()
    code, text = run(tmp_path)
    assert (code, "usable, 3 states" in text) == (0, True)


def test_a_diagram_alone_is_checked_and_makes_no_model(folder):
    result = check_diagram(folder / "好.bpmn")
    assert (result.usable, result.model, result.bounded) == (True, None, True)
    assert check_diagram(folder / "stuck.BPMN").reason.startswith("not sound")
