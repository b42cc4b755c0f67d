"""Problems in what a user brought in: each says where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in an input."""

    what: str
    """What is wrong, in one sentence."""

    file: str = ""
    """The file as the user named it; empty where no file is concerned."""

    line: int | None = None
    """Line or row number in the file, counted from 1."""

    mend: str = ""
    """What the user can do about it."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}\n  → {self.mend}" if self.mend else text


class InputError(Exception):
    """An input that cannot be used as it is. Carries all problems found, not only the first."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class NoRowsError(InputError):
    """An export that is whole and holds no rows."""
