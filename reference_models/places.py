"""Where a value of a contract was written: in the contract itself or in the user's override."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from logs.documents import line_of
from logs.problems import Problem

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Places:
    """Lines of both files by key path."""

    file: str
    lines: Mapping[Where, int]
    override_file: str = ""
    override_lines: Mapping[Where, int] = field(default_factory=dict)

    def problem(self, where: Where, what: str, mend: str) -> Problem:
        """A problem at the key path: in the override where it gives the value, else in the contract."""
        if where in self.override_lines:
            return Problem(what, self.override_file, self.override_lines[where], mend)
        return Problem(what, self.file, line_of(where, dict(self.lines)), mend)

    def unknown(self, where: Where, what: str, name: str, known: Iterable[str]) -> Problem:
        """A problem with a name that nothing bears, told with the nearest that something does."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
        return self.problem(where, f"{'.'.join(map(str, where))}: no {what} '{name}'", hint)
