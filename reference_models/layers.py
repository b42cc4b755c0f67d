"""A contract in layers: what it extends, the contract itself, its later versions, and an override on top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from logs.documents import line_of, parse_yaml, read_text, validate
from logs.problems import InputError, Problem
from reference_models.contract import ContractDocument
from reference_models.merge import merge
from reference_models.places import Places, Where

LIBRARY = Path(__file__).parent / "library"
_ID = re.compile(r"[a-z][a-z0-9-]*")
CONTRACT, BPMN, VERSIONS = "contract.yaml", "process.bpmn", "versions"
_OWN = ("id", "version", "in_force_from", "extends", "title", "process")
"""Keys that say which model it is, and override nothing."""


@dataclass(frozen=True)
class Layer:
    """One file of a contract."""

    path: Path
    file: str
    """As it is shown."""
    value: Mapping[str, Any]
    lines: Mapping[Where, int]
    id: str
    """Of the model that it belongs to; of an override: ''."""
    override: bool = False

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.path.parent

    @property
    def source(self) -> str:
        """Who gives what it gives: an override's file name, else the model and its version."""
        return self.path.name if self.override else f"{self.id} {self.value.get('version')}"

    def problem(self, key: str, what: str, mend: str) -> Problem:
        """A problem at one of its keys."""
        return Problem(what, self.file, line_of((key,), dict(self.lines)), mend)


@dataclass(frozen=True)
class Composed:
    """The contract that its layers make together."""

    contract: ContractDocument
    places: Places
    overrides: tuple[str, ...]
    """Dotted keys that layers above the first set."""
    changes: tuple[str, ...] = ()
    """Those that the uppermost layer sets, an override file left aside."""


def read_layer(path: Path, file: str, model_id: str = "", *, override: bool = False) -> Layer:
    """Read one file. Raises InputError where it is missing, or no mapping of keys."""
    try:
        text = read_text(path, file)
    except FileNotFoundError:
        raise InputError(Problem("no such file", file, None, "check the path, or write the file")) from None
    value, lines = parse_yaml(text, file)
    if not isinstance(value, dict):
        raise InputError(Problem("not a mapping of keys to values", file, 1, "begin with 'id: …'"))
    return Layer(path, file, value, lines, model_id or str(value.get("id", "")), override)


def contract_layers(folder: Path, shown: str, above: tuple[Path, ...] = ()) -> list[Layer]:
    """The contract of a model folder and what it extends, the lowest first; `above`: folders that extend it.

    Raises InputError for a file that cannot be read, a model to extend that there is not, and a circle.
    """
    layer = read_layer(folder / CONTRACT, f"{shown}{CONTRACT}")
    if "extends" not in layer.value:
        return [layer]
    name = str(layer.value["extends"])
    base, prefix = _base(name, layer)
    way = (*above, folder)
    if base.resolve() in {each.resolve() for each in way}:
        circle = " → ".join(each.name for each in (*way, base))
        raise InputError(
            layer.problem("extends", f"extends itself: {circle}", "let one of them extend nothing")
        )
    below = contract_layers(base, prefix, way)
    return [*below, *version_layers(base, prefix, below[-1].id), layer]


def _base(name: str, layer: Layer) -> tuple[Path, str]:
    """The folder of the model that a layer extends: beside its own, else in the library."""
    own = layer.folder
    if not _ID.fullmatch(name):
        mend = "give its id: small letters, digits and '-'"
        raise InputError(layer.problem("extends", f"'{name}' is no id of a model", mend))
    beside = own.parent / name
    if (beside / CONTRACT).is_file() and (beside.resolve() != own.resolve() or not (LIBRARY / name).is_dir()):
        return beside, f"{beside}/"
    if (LIBRARY / name / CONTRACT).is_file() and own.parent.resolve() != LIBRARY.resolve():
        return LIBRARY / name, f"{name}/"
    known = sorted(
        {each.parent.name for place in (own.parent, LIBRARY) for each in place.glob(f"*/{CONTRACT}")}
        - {own.name}
    )
    raise InputError(
        layer.problem("extends", f"no model '{name}' to extend", f"models: {', '.join(known) or 'none'}")
    )


def version_layers(folder: Path, shown: str, model_id: str) -> list[Layer]:
    """Later versions of a model, `versions/*/contract.yaml`, in the order in which they came in force.

    Raises InputError for what a version may not say: another id, a model to extend, a diagram of its own;
    and for what lies among the versions and is none.
    """
    lost = list(_no_versions(folder / VERSIONS, f"{shown}{VERSIONS}/"))
    if lost:
        raise InputError(lost)
    paths = sorted((folder / VERSIONS).glob(f"*/{CONTRACT}"))
    layers = [
        read_layer(path, f"{shown}{VERSIONS}/{path.parent.name}/{CONTRACT}", model_id) for path in paths
    ]
    problems = [problem for layer in layers for problem in _version_problems(layer, model_id)]
    if problems:
        raise InputError(problems)
    return sorted(layers, key=lambda each: str(each.value.get("in_force_from")))


def _no_versions(folder: Path, shown: str) -> Iterator[Problem]:
    """What lies in the folder of versions and would never be read as one."""
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if each.is_dir() and not each.name.startswith((".", "__")) and not (each / CONTRACT).is_file():
            what = f"a version without '{CONTRACT}'"
            yield Problem(what, f"{shown}{each.name}", None, f"write it, or name its file '{CONTRACT}'")
        elif each.suffix in (".yaml", ".yml"):
            mend = f"move it to {shown}{each.stem}/{CONTRACT}"
            yield Problem("a version lies in a folder of its own", f"{shown}{each.name}", None, mend)


def _version_problems(layer: Layer, model_id: str) -> Iterator[Problem]:
    if layer.value.get("id", model_id) != model_id:
        yield layer.problem("id", f"a version of '{model_id}' with another id", "remove 'id'")
    if "extends" in layer.value:
        what = "a version changes the version before it and extends nothing besides"
        yield layer.problem("extends", what, "remove 'extends'")
    if (layer.folder / BPMN).exists():
        what = f"'{BPMN}': all versions of a model share its diagram"
        mend = "remove it; a process with other steps is a model of its own, with an id of its own"
        yield Problem(what, layer.file.removesuffix(CONTRACT) + BPMN, None, mend)


def compose(layers: Sequence[Layer]) -> Composed:
    """Lay each layer over those below it; what an upper one gives has standing 'user'.

    Raises InputError with the mistakes of the lowest layer that has any.
    """
    lowest, *upper = layers
    value: dict[str, Any] = dict(lowest.value)
    contract = validate(value, ContractDocument, lowest.file, dict(lowest.lines))
    changed: list[str] = []
    changes: list[str] = []
    for layer in upper:
        _refuse_above(layer, contract)
        said = dict(layer.value)
        value, keys = merge(value, said, layer.source)
        # What lies below is valid, so whatever is wrong now this layer brought in.
        contract = validate(value, ContractDocument, layer.file, dict(layer.lines))
        if not layer.override:
            keys = tuple(key for key in keys if key.partition(".")[0] not in _OWN)
            changes = list(dict.fromkeys(keys))
        changed += keys
    over = tuple((layer.file, layer.lines) for layer in upper)
    places = Places(lowest.file, lowest.lines, over)
    return Composed(contract, places, tuple(dict.fromkeys(changed)), tuple(changes))


def _refuse_above(layer: Layer, below: ContractDocument) -> None:
    what = "an override" if layer.override else "what is laid over another contract"
    problems = [
        Problem(f"{what} is always of standing 'user'", layer.file, line, "remove 'standing'")
        for where, line in layer.lines.items()
        if where and where[-1] == "standing"
    ]
    given = layer.value.get("id", below.id)
    if layer.override:
        what = "an override lies over the values of a model, and is none"
        own = [key for key in ("version", "in_force_from", "extends") if key in layer.value]
        problems += [layer.problem(key, f"'{key}': {what}", f"remove '{key}'") for key in own]
    if layer.override and given != below.id:
        mend = f"remove 'id', or load the model '{given}'"
        problems.append(layer.problem("id", f"the override is for another model than '{below.id}'", mend))
    if not layer.override:
        needed = ("version", "in_force_from", *(["id"] if "extends" in layer.value else []))
        problems += [
            Problem(f"'{key}' is missing: it has one of its own", layer.file, 1, f"add '{key}'")
            for key in needed
            if key not in layer.value
        ]
    if problems:
        raise InputError(problems)


def extended(layers: Iterable[Layer]) -> tuple[str, ...]:
    """'id version' of what a model extends, and what that extends, the lowest first."""
    return tuple(below.source for below, over in pairwise(layers) if "extends" in over.value)
