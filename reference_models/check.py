"""Is a model folder usable, and if not, why?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logs.problems import Problem
from reference_models.loader import read_model
from reference_models.model import ReferenceModel


@dataclass(frozen=True)
class CheckResult:
    """What checking a model folder found."""

    path: str
    problems: tuple[Problem, ...]
    """Every mistake; empty: usable."""
    model: ReferenceModel | None
    """The model, where it is usable."""
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
    facts = loading.soundness
    known = facts is not None and not facts.capped
    return CheckResult(
        path=str(path),
        problems=loading.problems,
        model=loading.model,
        states=facts.states if facts else None,
        bounded=not facts.unbounded if facts and known else None,
        dead=facts.dead if facts else (),
        can_always_finish=facts.stuck is None and not facts.unbounded if facts and known else None,
    )
