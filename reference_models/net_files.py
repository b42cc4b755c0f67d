"""Process models in files of other tools (BPMN, PNML, PTML) as labelled accepting Petri nets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models.bpmn import compile_bpmn
from reference_models.model import Net
from reference_models.pnml import read_pnml
from reference_models.ptml import read_ptml

SUFFIXES = (".bpmn", ".pnml", ".ptml")
"""Files that can be read; the suffix tells the format."""


@dataclass(frozen=True)
class NetFile:
    """A net as a file gives it."""

    net: Net
    """Its labels are names as the file spells them, not activity ids."""
    assumed: tuple[str, ...]
    """What the file does not state and was taken, a sentence each."""


def load_net(path: str | Path) -> Net:
    """The net of a model file; see `read_net_file`, which also says what was assumed."""
    return read_net_file(path).net


def read_net_file(path: str | Path) -> NetFile:
    """Read a model of one process as a net whose labels are names as spelled there (outer space aside).

    BPMN is compiled by `reference_models.bpmn.compile_bpmn` (several tasks may have the same name), PNML is
    read by `reference_models.pnml.read_pnml`, PTML by `reference_models.ptml.read_ptml`.

    Raises InputError with all mistakes, each with file, line and how to mend it.
    """
    path, file = Path(path), str(path)
    suffix = path.suffix.lower()
    if suffix == ".bpmn":
        return NetFile(_compiled(path, file), ())
    if suffix == ".pnml":
        return NetFile(*read_pnml(path, file))
    if suffix == ".ptml":
        return NetFile(read_ptml(path, file), ())
    what = f"a model file ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, not in '{path.suffix}'"
    raise InputError(Problem(what, file, None, "export the model as BPMN 2.0, PNML or PTML"))


def _compiled(path: Path, file: str) -> Net:
    process = compile_bpmn(path, file)
    unnamed = [task for task, name in process.tasks.items() if not name]
    if unnamed:
        raise InputError(
            Problem(f"task '{task}' has no name", file, process.lines.get(task), "name it as the log does")
            for task in unnamed
        )
    named = (
        replace(each, label=process.tasks[each.label]) if each.label is not None else each
        for each in process.net.transitions
    )
    return replace(process.net, transitions=tuple(named))
