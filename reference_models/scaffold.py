"""The beginning of a model of the user's own: a folder that can be used as it stands."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models.layers import BPMN, CONTRACT
from reference_models.loader import load

TEMPLATE = Path(__file__).parent / "template"
_FILES = (CONTRACT, BPMN, "conforming/log.csv")
_ID = re.compile(r"[a-z][a-z0-9-]*")
_EXTENDING = """# What this model changes of '{base}'. Everything else, the diagram too, is taken from there.
# What stands here has standing 'user'; spellings are added, other values replaced.
# After each change: walkthrough models check FOLDER
id: {id}
version: "1.0"
in_force_from: {day}
extends: {base}

# For example (ids are those that 'walkthrough models show {base}' prints):
# handoffs:
#   sender->receiver: {{limit: {{hours: 4, source: your rule}}}}
#
# A later version is a file of its own, versions/2.0/contract.yaml, with what changes then:
#   version: "2.0"
#   in_force_from: {next}
"""


def scaffold(model_id: str, parent: Path, *, extends: str | None = None, day: date) -> tuple[Path, ...]:
    """Write the folder of a new model into `parent`, and say what was written.

    With `extends` it is a contract that changes nothing yet; else two lanes, a contract and a log to try.
    `day`: from when on the model is in force. Raises InputError for an id that no model can have, a folder
    that is there already, and a model to extend that there is not.
    """
    folder = parent / model_id
    problems = []
    if not _ID.fullmatch(model_id):
        mend = "small letters, digits and '-', a letter first: circuit-provisioning"
        problems.append(Problem(f"'{model_id}' is no id of a model", mend=mend))
    elif folder.exists():
        mend = "choose another id or folder; nothing was written"
        problems.append(Problem("is there already", str(folder), mend=mend))
    if problems:
        raise InputError(problems)
    if extends is not None:
        load(extends, folders=[parent])
    texts = _extending(model_id, extends, day) if extends is not None else _whole(model_id, day)
    try:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        mend = "name another folder with --folder"
        raise InputError(Problem(f"cannot be written: {error.strerror}", str(folder), mend=mend)) from None
    return tuple(folder / name for name in texts)


def _extending(model_id: str, base: str, day: date) -> dict[str, str]:
    later = day.replace(year=day.year + 1, month=1, day=1)
    return {CONTRACT: _EXTENDING.format(id=model_id, base=base, day=day, next=later)}


def _whole(model_id: str, day: date) -> dict[str, str]:
    texts = {name: (TEMPLATE / name).read_text(encoding="utf-8") for name in _FILES}
    texts[CONTRACT] = texts[CONTRACT].replace("2026-01-01", day.isoformat(), 1)
    return {name: text.replace("my-process", model_id) for name, text in texts.items()}
