"""Reference models from the library, from a project's folders, or from a path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from logs.problems import InputError, Problem
from logs.sources import refuse_illegible
from reference_models.bpmn import Process, compile_bpmn
from reference_models.build import build_model
from reference_models.calendars import Calendar, load_calendar
from reference_models.contract import ContractDocument
from reference_models.cross_checks import cross_problems
from reference_models.layers import (
    BPMN,
    CONTRACT,
    LIBRARY,
    Layer,
    compose,
    contract_layers,
    extended,
    read_layer,
    version_layers,
)
from reference_models.model import ReferenceModel
from reference_models.places import Places, Where
from reference_models.soundness import Soundness, check_soundness, soundness_problems
from reference_models.versions import version_problems


@dataclass(frozen=True)
class Loading:
    """A model as far as it could be read: what was found out before a mistake, and every mistake."""

    model: ReferenceModel | None
    process: Process | None
    soundness: Soundness | None
    problems: tuple[Problem, ...]


def library() -> tuple[str, ...]:
    """Ids of the models that come with the tool, sorted."""
    return tuple(sorted(folder.name for folder in _model_folders(LIBRARY)))


def model_folders(folder: Path) -> tuple[Path, ...]:
    """The model folders in a folder, sorted. Raises InputError where there is no such folder."""
    if not folder.is_dir():
        raise InputError(
            Problem("no such folder", str(folder), mend="name the folder that holds your models")
        )
    return tuple(sorted(_model_folders(folder)))


def load(
    reference: str | Path, *, override: str | Path | None = None, folders: Iterable[str | Path] = ()
) -> ReferenceModel:
    """Load a reference model, checked and sound.

    reference: a library id ('circuit-provisioning'), the id of a model in one of the folders, or the path
    of a model folder (`contract.yaml`, and `process.bpmn` unless it extends another model).
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
    layers: list[list[Layer]] = []
    try:
        layers = _versions(folder, shown, override)
    except InputError as error:
        problems += error.problems
    drawing = _drawing(folder, layers)
    bpmn = f"{shown if drawing == folder else f'{drawing.name}/'}{BPMN}"
    process = soundness = None
    try:
        process = compile_bpmn(drawing / BPMN, bpmn)
        soundness = check_soundness(process.net)
        problems = [*soundness_problems(soundness, process.lines, bpmn), *problems]
    except InputError as error:
        if layers or not _may_extend(
            folder
        ):  # else its diagram would be that of the model which is not found
            problems = [*error.problems, *problems]
    models: list[ReferenceModel] = []
    for each in layers:
        model, mistakes = _built(each, process, drawing, location)
        problems += mistakes
        models += [model] if model else []
    if not problems and len(models) > 1:
        problems += version_problems(models, [each[-1 if override is None else -2] for each in layers])
    if problems or not models:
        return Loading(None, process, soundness, tuple(dict.fromkeys(problems)))
    *earlier, newest = models
    return Loading(replace(newest, earlier=tuple(earlier)), process, soundness, ())


def _versions(folder: Path, shown: str, override: Path | None) -> list[list[Layer]]:
    """The layers of every version of a model, the first version first."""
    own = contract_layers(folder, shown)
    later = version_layers(folder, shown, own[-1].id)
    top = [read_layer(override, str(override), override=True)] if override is not None else []
    return [[*own, *later[:number], *top] for number in range(len(later) + 1)]


def _may_extend(folder: Path) -> bool:
    """Whether the contract extends another model, or cannot be read and may."""
    try:
        return "extends" in read_layer(folder / CONTRACT, CONTRACT).value
    except InputError:
        return (folder / CONTRACT).is_file() and not (folder / BPMN).is_file()


def _drawing(folder: Path, layers: list[list[Layer]]) -> Path:
    """The folder of the diagram: the model's own, else that of what it extends."""
    below = [layer.folder for layer in reversed(layers[0]) if not layer.override] if layers else []
    return next((each for each in below if (each / BPMN).is_file()), folder)


def _built(
    layers: list[Layer], process: Process | None, drawing: Path, location: str
) -> tuple[ReferenceModel | None, list[Problem]]:
    """One version of a model, or what is wrong with it."""
    try:
        composed = compose(layers)
    except InputError as error:
        return None, list(error.problems)
    contract = composed.contract
    problems = list(cross_problems(contract, process, composed.places))
    files = _calendar_files(layers)
    calendars, mistakes = _calendars(contract, files, composed.places)
    problems += mistakes
    if problems or process is None:
        return None, problems
    model = build_model(
        contract,
        process,
        bpmn_sha256=_sha256(drawing / BPMN),
        contract_sha256=_sha256(*(layer.path for layer in layers), *files),
        location=location,
        overrides=composed.overrides,
    )
    return replace(model, calendars=calendars, extends=extended(layers), changes=composed.changes), []


def _calendar_files(layers: list[Layer]) -> list[Path]:
    """The user's own calendars: `calendars/*.yaml` beside each contract and beside the override."""
    parents = [layer.folder for layer in layers]
    found = {path.resolve(): path for parent in parents for path in sorted(parent.glob("calendars/*.yaml"))}
    return list(found.values())


def _calendars(
    contract: ContractDocument, files: list[Path], places: Places
) -> tuple[dict[str, Calendar], list[Problem]]:
    """The calendars that the contract names, and what is wrong with them."""
    used: dict[str, Where] = {
        deadline.calendar: ("deadlines", key, "calendar") for key, deadline in contract.deadlines.items()
    }
    used.setdefault(contract.idle_calendar, ("idle_calendar",))
    for section, rules in (
        ("rules", contract.rules),
        ("matches", contract.matches),
        ("reconciliation", contract.reconciliation),
    ):
        for key, rule in rules.items():
            if rule.calendar is not None:
                used.setdefault(rule.calendar, (section, key, "calendar"))
    calendars: dict[str, Calendar] = {}
    problems: list[Problem] = []
    for calendar, where in used.items():
        try:
            calendars[calendar] = load_calendar(calendar, files=files)
        except InputError as error:
            problems += [
                each
                if each.file
                else places.problem(where, f"{'.'.join(map(str, where))}: {each.what}", each.mend)
                for each in error.problems
            ]
    return calendars, list(dict.fromkeys(problems))


def _find(reference: str | Path, folders: list[Path]) -> tuple[Path, str]:
    text = str(reference)
    for parent in folders:
        if isinstance(reference, str) and (parent / reference / CONTRACT).is_file():
            return parent / reference, str(parent / reference)
    if isinstance(reference, str) and reference in library():
        return LIBRARY / reference, "library"
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
        yield from (folder for folder in parent.iterdir() if (folder / CONTRACT).is_file())


def _sha256(*paths: Path) -> str:
    """Hash of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
