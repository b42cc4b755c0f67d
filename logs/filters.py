"""Filters select whole cases: `heading=value,value` or `period=2026-01-01..2026-03-31`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from logs.problems import InputError, Problem
from logs.store import name, text, texts
from logs.times import instant

COLUMNS = ("case_id", "activity", "resource", "role", "lifecycle", "instance")
"""Standard columns that a filter may name (`case` is `case_id`)."""


@dataclass(frozen=True)
class CaseFilter:
    """One condition on cases."""

    line: str
    """As the user wrote it: shown in reports, and the reason of rows left out."""
    column: str
    """Column of the event table; 'period' for the time of the case's first event."""
    values: tuple[str, ...] = ()
    """Any row of the case has one of these."""
    from_us: int | None = None
    until_us: int | None = None

    def cases(self, table: str) -> str:
        """SQL for the ids of the cases that hold, from a table with a `_reason` for unusable rows."""
        if self.column != "period":
            return f"SELECT case_id FROM {table} WHERE trim({name(self.column)}) IN ({texts(self.values)})"
        bounds = []
        if self.from_us is not None:
            bounds.append(f"min(t_us) >= {self.from_us}")
        if self.until_us is not None:
            bounds.append(f"min(t_us) < {self.until_us}")
        held = " AND ".join(bounds)
        return f"SELECT case_id FROM {table} WHERE _reason IS NULL GROUP BY case_id HAVING {held}"


def parse_filters(lines: Iterable[str], zone: str, file: str = "") -> tuple[CaseFilter, ...]:
    """Read filters as written, in `file` if in one. Raises InputError for all that cannot be read."""
    filters: list[CaseFilter] = []
    problems: list[Problem] = []
    for line in dict.fromkeys(each.strip() for each in lines):
        try:
            filters.append(_parse(line, zone, file))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(filters)


def _parse(line: str, zone: str, file: str) -> CaseFilter:
    key, equals, rest = (part.strip() for part in line.partition("="))
    values = tuple(value.strip() for value in rest.split(",") if value.strip())
    if not (key and equals and values) or "\x00" in line:
        raise InputError(
            Problem(f"filter '{line}' cannot be read", file, None,
                    "write heading=value or period=2026-01-01..2026-03-31")
        )  # fmt: skip
    if key != "period":
        return CaseFilter(line, "case_id" if key == "case" else key, values)
    since, dots, until = (part.strip() for part in rest.partition(".."))
    if not dots or not (since or until):
        raise InputError(
            Problem(f"filter '{line}' is not a period", file, None, "write period=2026-01-01..2026-03-31")
        )
    where = f"filter '{line}'"
    return CaseFilter(
        line,
        "period",
        from_us=instant(since, zone, where) if since else None,
        until_us=instant(until, zone, where, whole_day=True) if until else None,
    )


def leave_out(filters: Iterable[CaseFilter], table: str) -> str:
    """SQL for (case_id, line): the cases with a usable row that fail a filter, with the first one failed."""
    failed = " ".join(
        f"WHEN case_id NOT IN (SELECT case_id FROM ({each.cases(table)}) WHERE case_id IS NOT NULL)"
        f" THEN {text(each.line)}"
        for each in filters
    )
    usable = f"SELECT DISTINCT case_id FROM {table} WHERE _reason IS NULL"
    return f"SELECT * FROM (SELECT case_id, CASE {failed} END AS line FROM ({usable})) WHERE line IS NOT NULL"
