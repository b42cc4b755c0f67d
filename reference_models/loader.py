"""Reference models from the library, from a project's folders, or from a path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from logs.documents import parse_yaml, read_text, validate
from logs.problems import InputError, Problem
from logs.sources import refuse_illegible
from reference_models.bpmn import Process, compile_bpmn
from reference_models.build import build_model
from reference_models.calendars import Calendar, load_calendar
from reference_models.contract import ContractDocument
from reference_models.cross_checks import cross_problems
from reference_models.merge import merge
from reference_models.model import ReferenceModel
from reference_models.places import Places
from reference_models.soundness import Soundness, check_soundness, soundness_problems

_LIBRARY = Path(__file__).parent / "library"
_BPMN, _CONTRACT = "process.bpmn", "contract.yaml"


@dataclass(frozen=True)
class Loading:
    """A model as far as it could be read: what was found out before a mistake, and every mistake."""

    model: ReferenceModel | None
    process: Process | None
    soundness: Soundness | None
    problems: tuple[Problem, ...]


def library() -> tuple[str, ...]:
    """Ids of the models that come with the tool, sorted."""
    return tuple(sorted(folder.name for folder in _model_folders(_LIBRARY)))


def load(
    reference: str | Path, *, override: str | Path | None = None, folders: Iterable[str | Path] = ()
) -> ReferenceModel:
    """Load a reference model, checked and sound.

    reference: a library id ('circuit-provisioning'), the id of a model in one of the folders, or the path
    of a model folder (`process.bpmn` and `contract.yaml`).
    override: a YAML file with a part of a contract, laid over the model's own by id; what it gives has
    standing 'user' (see `reference_models.merge`).
    folders: folders of the user's own models; they are searched before the library.

    Raises InputError with all mistakes at once, each with file, line and how to mend it.
    """
    folder, location = _find(reference, [Path(each) for each in folders])
    loading = read_model(folder, location, Path(override) if override is not None else None)
    if loading.model is None:
        raise InputError(loading.problems)
    return loading.model


def read_model(folder: Path, location: str, override: Path | None = None) -> Loading:
    """Read a model folder as far as it goes; see `load`. Raises nothing for mistakes in the files."""
    problems: list[Problem] = []
    shown = f"{location}/" if location != "library" else f"{folder.name}/"
    process = soundness = None
    try:
        process = compile_bpmn(folder / _BPMN, shown + _BPMN)
        soundness = check_soundness(process.net)
        problems += soundness_problems(soundness, process.lines, shown + _BPMN)
    except InputError as error:
        problems += error.problems
    contract: ContractDocument | None = None
    overrides: tuple[str, ...] = ()
    try:
        contract, places, overrides = _read_contract(folder / _CONTRACT, shown + _CONTRACT, override)
        problems += cross_problems(contract, process, places)
    except InputError as error:
        problems += error.problems
    calendar_files = _calendar_files(folder, override)
    calendars: dict[str, Calendar] = {}
    if contract is not None:
        calendars, mistakes = _calendars(contract, calendar_files, shown + _CONTRACT)
        problems += mistakes
    if problems or contract is None or process is None:
        return Loading(None, process, soundness, tuple(problems))
    model = build_model(
        contract,
        process,
        bpmn_sha256=_sha256(folder / _BPMN),
        contract_sha256=_sha256(folder / _CONTRACT, *([override] if override else []), *calendar_files),
        location=location,
        overrides=overrides,
    )
    return Loading(replace(model, calendars=calendars), process, soundness, ())


def _calendar_files(folder: Path, override: Path | None) -> list[Path]:
    """The user's own calendars: `calendars/*.yaml` beside the contract and beside the override."""
    parents = [folder, *([override.parent] if override else [])]
    found = {path.resolve(): path for parent in parents for path in sorted(parent.glob("calendars/*.yaml"))}
    return list(found.values())


def _calendars(
    contract: ContractDocument, files: list[Path], name: str
) -> tuple[dict[str, Calendar], list[Problem]]:
    """The calendars that the contract names, and what is wrong with them."""
    used = {deadline.calendar: f"deadlines.{key}.calendar" for key, deadline in contract.deadlines.items()}
    used.setdefault(contract.idle_calendar, "idle_calendar")
    for section, rules in (
        ("rules", contract.rules),
        ("matches", contract.matches),
        ("reconciliation", contract.reconciliation),
    ):
        for key, rule in rules.items():
            if rule.calendar is not None:
                used.setdefault(rule.calendar, f"{section}.{key}.calendar")
    calendars: dict[str, Calendar] = {}
    problems: list[Problem] = []
    for calendar, where in used.items():
        try:
            calendars[calendar] = load_calendar(calendar, files=files)
        except InputError as error:
            problems += [
                each if each.file else Problem(f"{where}: {each.what}", name, None, each.mend)
                for each in error.problems
            ]
    return calendars, list(dict.fromkeys(problems))


def _find(reference: str | Path, folders: list[Path]) -> tuple[Path, str]:
    text = str(reference)
    for parent in folders:
        if isinstance(reference, str) and (parent / reference / _CONTRACT).is_file():
            return parent / reference, str(parent / reference)
    if isinstance(reference, str) and reference in library():
        return _LIBRARY / reference, "library"
    path = Path(reference)
    if path.is_dir():
        refuse_illegible(path)
        return path, text
    known = sorted({*library(), *(each.name for parent in folders for each in _model_folders(parent))})
    near = difflib.get_close_matches(text, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"models: {', '.join(known)}; or give a model folder"
    raise InputError(Problem(f"no reference model '{text}', and no such folder", mend=hint))


def _model_folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from (folder for folder in parent.iterdir() if (folder / _CONTRACT).is_file())


def _read_contract(
    path: Path, file: str, override: Path | None
) -> tuple[ContractDocument, Places, tuple[str, ...]]:
    value, lines = _plain(path, file)
    contract = validate(value, ContractDocument, file, lines)
    if override is None:
        return contract, Places(file, lines), ()
    name = str(override)
    given, given_lines = _plain(override, name)
    _refuse_in_override(given, given_lines, contract.id, name)
    merged, changed = merge(value, given, override.name)
    places = Places(file, lines, name, given_lines)
    # The contract alone is valid, so whatever is wrong now the override brought in.
    return validate(merged, ContractDocument, name, given_lines), places, changed


def _plain(path: Path, file: str) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    try:
        text = read_text(path, file)
    except FileNotFoundError:
        raise InputError(Problem("no such file", file, None, "check the path, or write the file")) from None
    value, lines = parse_yaml(text, file)
    if not isinstance(value, dict):
        raise InputError(Problem("not a mapping of keys to values", file, 1, "begin with 'id: …'"))
    return value, lines


def _refuse_in_override(
    given: dict[str, Any], lines: dict[tuple[str | int, ...], int], model_id: str, file: str
) -> None:
    problems = [
        Problem("an override is always of standing 'user'", file, line, "remove 'standing'")
        for where, line in lines.items()
        if where and where[-1] == "standing"
    ]
    if given.get("id", model_id) != model_id:
        mend = f"remove 'id', or load the model '{given['id']}'"
        problems.append(
            Problem(f"the override is for another model than '{model_id}'", file, lines.get(("id",)), mend)
        )
    if problems:
        raise InputError(problems)


def _sha256(*paths: Path) -> str:
    """Hash of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
