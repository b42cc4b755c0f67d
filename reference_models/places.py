"""Where a value of a contract was written: in the contract itself or in what is laid over it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from logs.documents import line_of
from logs.problems import Problem

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Places:
    """Lines of all files by key path."""

    file: str
    lines: Mapping[Where, int]
    over: tuple[tuple[str, Mapping[Where, int]], ...] = ()
    """(file, lines) of what is laid over it, the uppermost last."""

    def problem(self, where: Where, what: str, mend: str) -> Problem:
        """A problem at the key path: in the uppermost file that gives the value, else in the contract."""
        for file, lines in reversed(self.over):
            if where in lines:
                return Problem(what, file, lines[where], mend)
        return Problem(what, self.file, line_of(where, dict(self.lines)), mend)

    def uppermost(self, *wheres: Where) -> Where:
        """Of some key paths the one that the uppermost file gives; the last of those in one file."""

        def height(where: Where) -> int:
            return max((n for n, (_, lines) in enumerate(self.over) if where in lines), default=-1)

        return max(reversed(wheres), key=height)

    def unknown(self, where: Where, what: str, name: str, known: Iterable[str]) -> Problem:
        """A problem with a name that nothing bears, told with the nearest that something does."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
        return self.problem(where, f"{'.'.join(map(str, where))}: no {what} '{name}'", hint)
