"""`walkthrough models`: list, show, check and begin reference models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

import typer

from logs.problems import InputError, Problem
from reference_models import CheckResult, ReferenceModel, check, check_diagram, diagrams, library, load
from reference_models.loader import model_folders
from reference_models.model import Limit
from reference_models.scaffold import scaffold
from walkthrough.commands.model_lines import Line, duplicate_lines, planned_lines
from walkthrough.commands.model_lines import standing as _standing
from walkthrough.exit_codes import ExitCode
from walkthrough.terminal import say, tell


def list_models(folder: Path | None, *, as_json: bool) -> None:
    """One line per model of the library, and per model of a folder of the user's own."""
    models = [*map(load, library()), *map(load, model_folders(folder) if folder else ())]
    rows = [
        {
            "id": model.id,
            "version": model.version,
            "process": model.process,
            "title_zh": model.title.zh,
            "title_en": model.title.en,
            "activities": str(len(model.activities)),
            "handoffs": str(len(model.handoffs)),
            "extends": ", ".join(reversed(model.extends)),
            "versions": ", ".join(each.version for each in (*model.earlier, model)) if model.earlier else "",
        }
        for model in models
    ]
    if as_json:
        tell(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    used = [name for name in rows[0] if any(row[name] for row in rows)]
    tell(_table([{name: row[name] for name in used} for row in rows]))


def new_model(model_id: str, folder: Path, *, extends: str | None, since: str | None) -> None:
    """Write the folder of a new model, and say what lies in it."""
    try:
        day = date.today() if since is None else date.fromisoformat(since)
    except ValueError:
        raise InputError(Problem(f"'{since}' is no day", mend="write it as 2026-07-01")) from None
    for path in scaffold(model_id, folder, extends=extends, day=day):
        tell(str(path))
    say(f"Change it, and check it: walkthrough models check {folder / model_id}")


def show_model(reference: str, *, lang: str, as_json: bool) -> None:
    """Everything a model states, with who set it."""
    model = load(reference)
    parts = {
        "activities": _activities(model, lang),
        "handoffs": _handoffs(model, lang),
        "deadlines": _deadlines(model, lang),
        "rules": _rules(model, lang),
        "duplicates": duplicate_lines(model, lang),
        "planned": planned_lines(model, lang),
        "severity_factors": _severity_factors(model),
    }
    head = {"id": model.id, "version": model.version, "title": model.title.get(lang), "sha256": model.sha256}
    if model.extends:
        head["extends"] = ", ".join(reversed(model.extends))
    if model.earlier:
        parts = {"versions": _versions(model), **parts}
    if as_json:
        tell(json.dumps({**head, **parts}, ensure_ascii=False, indent=2))
        return
    tell("\n".join(f"{name}: {value}" for name, value in head.items()))
    for name, rows in parts.items():
        tell(f"\n{name}\n{_table(rows) if rows else '  none'}")


def _versions(model: ReferenceModel) -> list[Line]:
    """A line per version, with what it changes of the one before."""
    return [
        {
            "version": each.version,
            "in_force_from": each.in_force_from.isoformat(),
            "changes": ", ".join(each.changes) if number else "",
        }
        for number, each in enumerate((*model.earlier, model))
    ]


def check_model(path: Path, *, as_json: bool) -> None:
    """Whether a model folder, a BPMN file or a folder of BPMN files is usable, and every mistake in it."""
    files = diagrams(path)
    if files and path.is_dir():
        _check_diagrams(path, [check_diagram(file) for file in files], as_json=as_json)
    result = check_diagram(path) if files else check(path)
    if as_json:
        tell(json.dumps(_facts(result), ensure_ascii=False, indent=2))
    elif result.usable:
        tell(f"{path}: usable, {result.states} states, every case can finish")
    else:
        tell("\n".join(map(str, result.problems)))
    raise typer.Exit(_exit_code(result))


def _check_diagrams(path: Path, results: Sequence[CheckResult], *, as_json: bool) -> NoReturn:
    if as_json:
        usable = all(result.usable for result in results)
        document = {"path": str(path), "usable": usable, "files": [_facts(each) for each in results]}
        tell(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        refused = sum(not result.usable for result in results)
        tell(_table([line for result in results for line in _diagram_lines(result)]))
        tell(f"\nBPMN files: {len(results)}, usable: {len(results) - refused}, refused: {refused}")
    raise typer.Exit(max(map(_exit_code, results)))


def _diagram_lines(result: CheckResult) -> Iterator[Line]:
    """A line per file, or per mistake in it."""
    name = Path(result.path).name
    if result.usable:
        told = f"{result.states} states, every case can finish"
        yield {"file": name, "verdict": "usable", "line": "", "why": told}
    for number, problem in enumerate(result.problems):
        other = Path(problem.file).name
        yield {
            "file": "" if number else name,
            "verdict": "" if number else "refused",
            "line": str(problem.line or ""),
            "why": problem.what if other == name else f"in {other}: {problem.what}",
        }


def _facts(result: CheckResult) -> dict[str, object]:
    return {
        "path": result.path,
        "usable": result.usable,
        "problems": [vars(problem) for problem in result.problems],
        "states": result.states,
        "bounded": result.bounded,
        "dead": list(result.dead),
        "can_always_finish": result.can_always_finish,
    }


def _exit_code(result: CheckResult) -> ExitCode:
    return ExitCode.CONFORMANT if result.usable else ExitCode.BAD_INPUT


def _activities(model: ReferenceModel, lang: str) -> list[Line]:
    return [
        {
            "id": each.id,
            "name": each.name.get(lang),
            "role": model.roles[each.role].name.get(lang) if each.role else "",
            "in_flow": "yes" if each.in_flow else "no",
            **_standing(each.authority),
        }
        for each in model.activities.values()
    ]


def _handoffs(model: ReferenceModel, lang: str) -> list[Line]:
    return [
        {"id": each.id, "limit": _limit(each.limit), **_standing(each.authority)} for each in model.handoffs
    ]


def _deadlines(model: ReferenceModel, lang: str) -> list[Line]:
    return [
        {
            "deadline": deadline.id,
            "row": row.name.get(lang),
            "class": category,
            "limit": "none given" if cell.limit is None else f"{cell.limit:g} {deadline.unit}",
            "doubt": "" if cell.doubtful_from is None else f"or {cell.doubtful_from:g}",
            "warned_at": f"{deadline.warning.share:.0%}" if deadline.warning else "",
            **_standing(row.authority_of(category)),
        }
        for deadline in model.deadlines
        for row in deadline.rows
        for category, cell in row.cells.items()
    ]


def _rules(model: ReferenceModel, lang: str) -> list[Line]:
    rules: list[Line] = [
        {
            "rule": each.id,
            "name": each.name.get(lang),
            "limit": _limit(each.limit),
            **_standing(each.authority),
        }
        for each in model.told
    ]
    rules += [
        {
            "rule": f"{each.template} {each.id}",
            "name": each.name.get(lang),
            "limit": _limit(each.limit) if each.limit else "",
            **_standing(each.authority),
        }
        for each in model.rules
    ]
    rules += [
        {
            "rule": f"four eyes {each.id}",
            "name": each.name.get(lang),
            "limit": "",
            **_standing(each.authority),
        }
        for each in model.four_eyes
    ]
    rules += [
        {
            "rule": f"matched {each.id}",
            "name": each.name.get(lang),
            "limit": _limit(each.limit) if each.limit else "",
            **_standing(each.authority),
        }
        for each in model.matches
    ]
    rules += [
        {
            "rule": f"per {each.per} {each.id}",
            "name": each.name.get(lang),
            "limit": f"at least {each.at_least}" if each.at_most is None else f"at most {each.at_most}",
            **_standing(each.authority),
        }
        for each in model.per_period
    ]
    rules += [
        {
            "rule": f"between {each.sends.system} and {each.records.system}: {each.id}",
            "name": each.name.get(lang),
            "limit": _limit(each.limit) if each.limit else "",
            **_standing(each.authority),
        }
        for each in model.reconciliation
    ]
    if model.ping_pong:
        allowed = f"{model.ping_pong.allowed} returns"
        rules.append(
            {"rule": "ping_pong", "name": "", "limit": allowed, **_standing(model.ping_pong.authority)}
        )
    rules += [
        {
            "rule": f"idle after {each.after or 'any'}",
            "name": "",
            "limit": f"learned: {each.learn.quantile:g} quantile" if each.learn else _limit(each.limit),
            **_standing(said.authority if (said := each.learn or each.limit) else None),
        }
        for each in model.idle_limits
    ]
    rules += [
        {
            "rule": f"returned {each.dispatched_by} -> {each.returned_by}",
            "name": "",
            "limit": "",
            **_standing(each.authority),
        }
        for each in model.returns
    ]
    rules += [
        {"rule": f"numbered {each.id}", "name": each.name.get(lang), "limit": "", **_standing(each.authority)}
        for each in model.numbering
    ]
    return rules


def _severity_factors(model: ReferenceModel) -> list[Line]:
    lines: list[Line] = []
    for each in model.severity_factors:
        words = {
            "class": f"{each.attribute} is {' or '.join(each.categories)}",
            "overrun": f"at least {each.least or 0:g} times the limit",
            "exposure": f"worth at least {each.least or 0:g}",
        }
        lines.append({"id": each.id, "of": each.of, "where": words[each.factor], "to": each.to})
    return lines


def _limit(limit: Limit | None) -> str:
    return "none given" if limit is None else f"{limit.value:g} {limit.unit}"


def _table(rows: Iterable[Line]) -> str:
    """Columns as wide as their widest cell, Chinese characters counting two."""
    from rich.cells import cell_len

    lines = [list(row.values()) for row in rows]
    head = list(next(iter(rows)).keys())
    widths = [max(cell_len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in [head, *lines]
    )
