"""Checks of deadline tables: every case finds one row at most, and what has no row is declared so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise

from logs.problems import Problem
from reference_models.contract import BandDocument, ContractDocument, DeadlineDocument, RowDocument
from reference_models.places import Places


def table_problems(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    """All mistakes in the deadline tables of a contract.

    Rows may not overlap; numeric bands of rows with otherwise equal conditions may leave no gap between
    whole numbers and none at either end; a category or class without a limit is declared so.
    """
    for deadline_id, deadline in contract.deadlines.items():
        where = ("deadlines", deadline_id)
        yield from _overlaps(deadline, where, places)
        yield from _gaps(deadline, where, places)
        yield from _classes(contract, deadline, where, places)
    yield from _categories(contract, places)


def _overlaps(deadline: DeadlineDocument, where: tuple[str, ...], places: Places) -> Iterator[Problem]:
    for (first, one), (second, other) in combinations(deadline.rows.items(), 2):
        if all(_meet(one.when[name], other.when[name]) for name in one.when.keys() & other.when.keys()):
            yield places.problem(
                (*where, "rows", second, "when"),
                f"rows '{first}' and '{second}' both take some cases",
                f"let the conditions of '{second}' exclude those of '{first}' (bands include both ends)",
            )


def _meet(one: str | BandDocument, other: str | BandDocument) -> bool:
    if isinstance(one, BandDocument) and isinstance(other, BandDocument):
        return _least(one) <= _most(other) and _least(other) <= _most(one)
    return one == other


def _gaps(deadline: DeadlineDocument, where: tuple[str, ...], places: Places) -> Iterator[Problem]:
    families: defaultdict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[str, BandDocument]]] = (
        defaultdict(list)
    )
    for row_id, row in deadline.rows.items():
        for name, band in row.when.items():
            if isinstance(band, BandDocument):
                families[(name, _others(row, name))].append((row_id, band))
    for (name, _), bands in families.items():
        bands.sort(key=lambda item: _least(item[1]))
        for (first, lower), (second, upper) in pairwise(bands):
            if _least(upper) - _most(lower) > 1:
                yield places.problem(
                    (*where, "rows", second, "when", str(name)),
                    f"'{name}' has a gap: no row takes values between {_most(lower):g} ('{first}') "
                    f"and {_least(upper):g} ('{second}')",
                    f"begin '{second}' at {_most(lower) + 1:g}, or add a row with null limits between them",
                )
        yield from _open_ends(str(name), bands, where, places)


def _open_ends(
    name: str, bands: list[tuple[str, BandDocument]], where: tuple[str, ...], places: Places
) -> Iterator[Problem]:
    lowest, highest = bands[0], bands[-1]
    if _least(lowest[1]) > 1:
        yield places.problem(
            (*where, "rows", lowest[0], "when", name),
            f"'{name}' has a gap: no row takes values below {_least(lowest[1]):g}",
            "leave out min in the lowest band, or add a row with null limits",
        )
    if highest[1].max is not None:
        yield places.problem(
            (*where, "rows", highest[0], "when", name),
            f"'{name}' has a gap: no row takes values above {highest[1].max:g}",
            "leave out max in the highest band, or add a row with null limits",
        )


def _others(row: RowDocument, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, repr(value)) for key, value in row.when.items() if key != name))


def _least(band: BandDocument) -> float:
    return float("-inf") if band.min is None else band.min


def _most(band: BandDocument) -> float:
    return float("inf") if band.max is None else band.max


def _classes(
    contract: ContractDocument, deadline: DeadlineDocument, where: tuple[str, ...], places: Places
) -> Iterator[Problem]:
    attribute = contract.attributes.get(deadline.by)
    if attribute is None:
        return
    for row_id, row in deadline.rows.items():
        for named in (row.limits, row.planned_per_month):
            yield from _unknown_classes(named, attribute.values, (*where, "rows", row_id), places)
        for category in attribute.values:
            if category not in row.limits and category not in attribute.without_limit:
                yield places.problem(
                    (*where, "rows", row_id, "limits"),
                    f"row '{row_id}' has no cell for class '{category}'",
                    f"write '{category}: null' if none is given, or put it into without_limit",
                )


def _unknown_classes(
    named: Mapping[str, object], known: Mapping[str, object], where: tuple[str, ...], places: Places
) -> Iterator[Problem]:
    for category in named:
        if category not in known:
            yield places.unknown(where, "class", category, known)


def _categories(contract: ContractDocument, places: Places) -> Iterator[Problem]:
    used: defaultdict[str, set[str]] = defaultdict(set)
    for deadline in contract.deadlines.values():
        for row in deadline.rows.values():
            for name, value in row.when.items():
                used[name].add(value if isinstance(value, str) else "")
    for name, categories in used.items():
        attribute = contract.attributes.get(name)
        if attribute is None or attribute.type != "category":
            continue
        for category in attribute.values:
            if category not in categories and category not in attribute.without_limit:
                yield places.problem(
                    ("attributes", name, "values", category),
                    f"no row of a deadline table takes '{name}' = '{category}'",
                    f"add a row, or name '{category}' in without_limit of '{name}'",
                )
