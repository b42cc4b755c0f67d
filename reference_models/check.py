"""Is a model folder, or a BPMN file, usable, and if not, why?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models.bpmn import bpmn_files, compile_bpmn
from reference_models.loader import read_model
from reference_models.model import ReferenceModel
from reference_models.soundness import Soundness, check_soundness, soundness_problems


@dataclass(frozen=True)
class CheckResult:
    """What checking a model folder or a BPMN file found."""

    path: str
    problems: tuple[Problem, ...]
    """Every mistake; empty: usable."""
    model: ReferenceModel | None
    """The model, where it is a usable model folder; a BPMN file alone makes none."""
    states: int | None
    """Reachable markings; None where the diagram could not be compiled."""
    bounded: bool | None
    """Whether tokens cannot pile up without end; None where it is not known."""
    dead: tuple[str, ...]
    """Tasks that can never happen."""
    can_always_finish: bool | None
    """Whether every reachable state can finish; None where it is not known."""

    @property
    def usable(self) -> bool:
        """Whether the model can be audited against."""
        return not self.problems

    @property
    def reason(self) -> str:
        """Why it is refused, in one line; empty where it is usable."""
        if self.usable:
            return ""
        more = len(self.problems) - 1
        return f"{self.problems[0].what} (and {more} more)" if more else self.problems[0].what


def check(path: str | Path) -> CheckResult:
    """Check a model folder (`process.bpmn` and `contract.yaml`). Raises nothing for mistakes in it."""
    folder = Path(path)
    if not folder.is_dir():
        problem = Problem(
            "no such folder", str(path), None, "give a folder with process.bpmn and contract.yaml"
        )
        return CheckResult(str(path), (problem,), None, None, None, (), None)
    loading = read_model(folder, str(path))
    return _result(str(path), loading.problems, loading.model, loading.soundness)


def diagrams(path: str | Path) -> tuple[Path, ...]:
    """The BPMN files to check at a path: the file itself, or those of a folder that is no model folder.

    A folder with a `contract.yaml`, or with `process.bpmn` as its only diagram, is a model folder.
    """
    place = Path(path)
    if place.suffix.lower() == ".bpmn" and not place.is_dir():
        return (place,)
    if not place.is_dir() or (place / "contract.yaml").exists():
        return ()
    files = tuple(bpmn_files(place))
    return () if [each.name for each in files] == ["process.bpmn"] else files


def check_diagram(path: str | Path) -> CheckResult:
    """Check that a BPMN file can be compiled and is sound. Raises nothing for mistakes in it."""
    try:
        process = compile_bpmn(Path(path), str(path))
    except InputError as error:
        return _result(str(path), error.problems, None, None)
    facts = check_soundness(process.net)
    return _result(str(path), tuple(soundness_problems(facts, process.lines, str(path))), None, facts)


def _result(
    path: str, problems: tuple[Problem, ...], model: ReferenceModel | None, facts: Soundness | None
) -> CheckResult:
    known = facts is not None and not facts.capped
    return CheckResult(
        path=path,
        problems=problems,
        model=model,
        states=facts.states if facts else None,
        bounded=not facts.unbounded if facts and known else None,
        dead=facts.dead if facts else (),
        can_always_finish=facts.stuck is None and not facts.unbounded if facts and known else None,
    )
