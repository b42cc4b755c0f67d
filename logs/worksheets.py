"""The worksheet of unmapped labels: people fill in which activity each one is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from logs.problems import InputError, Problem
from logs.proposal import Proposal

HEADINGS = ("label", "rows", "activity", "candidate 1", "similarity 1", "candidate 2", "similarity 2",
            "candidate 3", "similarity 3")  # fmt: skip
"""`activity` is empty: it is what people fill in and carry to `activities:` of the mapping."""


def worksheet(proposal: Proposal, path: Path | str) -> None:
    """Write the unmapped labels with their nearest candidates: CSV (UTF-8 with mark) or XLSX, by suffix.

    Labels come from the log and may be made to look like formulas: none is written as one. The file appears
    whole or not at all. Raises InputError where it cannot be written.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    write = _write_xlsx if target.suffix.lower() == ".xlsx" else _write_csv
    try:
        write(partial, list(_lines(proposal)))
        partial.replace(target)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            Problem(f"cannot be written: {error}", str(path), None, "choose another folder")
        ) from None


def _lines(proposal: Proposal) -> Iterator[tuple[str | float, ...]]:
    for each in proposal.unmapped:
        candidates: list[str | float] = [part for candidate in each.candidates for part in candidate]
        yield (each.label, each.count, "", *candidates, *[""] * (6 - len(candidates)))


def _write_csv(path: Path, lines: list[tuple[str | float, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows([harmless(cell) for cell in line] for line in lines)


def _write_xlsx(path: Path, lines: list[tuple[str | float, ...]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("labels")
        sheet.write_row(0, 0, HEADINGS)
        for row, line in enumerate(lines, 1):
            for column, cell in enumerate(line):
                write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                write(row, column, cell)
        sheet.set_column(0, 0, 40)
        sheet.set_column(2, 7, 24)


def harmless(cell: str | float) -> str | float:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell
