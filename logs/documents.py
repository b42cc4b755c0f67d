"""YAML documents that people write by hand: read into validated models, mistakes with file and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from logs.problems import InputError, Problem

Key = str | int
Where = tuple[Key, ...]


class Document(BaseModel):
    """Base of every hand-written document: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


D = TypeVar("D", bound=Document)


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is given twice; leaves dates and `NA`, `no`, `on` as the text they are."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", __import__("re").compile("^(?:true|false)$"), list("tf")
)


def parse_yaml(text: str, file: str) -> tuple[Any, dict[Where, int]]:
    """Read one YAML document.

    Returns the plain value and, for every key path in it, the line (from 1) where it stands.
    Raises InputError for text that is not YAML, is empty, or gives a key twice.
    """
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise InputError(Problem("the file is empty", file, 1, "write the document, or remove the file"))
        twice = list(_repeated_keys(node, file))
        if twice:
            raise InputError(twice)
        return loader.construct_document(node), dict(_lines(node, ()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise InputError(
            Problem(
                f"not valid YAML: {error.problem or error.context}",
                file,
                line,
                "mend the indentation or quoting here",
            )
        ) from None
    except yaml.YAMLError as error:
        raise InputError(
            Problem(f"not valid YAML: {error}", file, None, "save the file as UTF-8 text")
        ) from None


def load_document(path: Path, kind: type[D], *, name: str | None = None) -> D:
    """Read a YAML file into a validated document of the given kind.

    Raises InputError with *all* mistakes, each with file and line; an unknown key is told with the
    nearest known one.
    """
    file = name or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(Problem("no such file", file, None, "check the path")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"cannot be read: {error}", file, None, "save it as UTF-8 text")) from None
    value, lines = parse_yaml(text, file)
    return validate(value, kind, file, lines)


def validate(value: Any, kind: type[D], file: str, lines: dict[Where, int]) -> D:
    """Validate a plain value against a document kind; see `load_document`."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise InputError(_problem(kind, each, file, lines) for each in error.errors()) from None


def line_of(where: Where, lines: dict[Where, int]) -> int | None:
    """The line of the nearest enclosing key that stands in the file."""
    for end in range(len(where), -1, -1):
        if where[:end] in lines:
            return lines[where[:end]]
    return None


def _problem(kind: type[BaseModel], error: Any, file: str, lines: dict[Where, int]) -> Problem:
    where: Where = tuple(error["loc"])
    path = ".".join(map(str, where)) or "the document"
    line = line_of(where, lines)
    if error["type"] == "extra_forbidden":
        known = sorted(_known_keys(kind, where[:-1]))
        near = difflib.get_close_matches(str(where[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return Problem(f"unknown key '{where[-1]}'", file, line, hint)
    if error["type"] == "missing":
        return Problem(
            f"'{where[-1]}' is missing in {'.'.join(map(str, where[:-1])) or 'the document'}",
            file,
            line,
            f"add '{where[-1]}'",
        )
    message = error["msg"].removeprefix("Value error, ")
    return Problem(
        f"{path}: {message}",
        file,
        line,
        f"it says {error['input']!r} now"
        if not isinstance(error["input"], dict | list)
        else "see the format's documentation",
    )


def _known_keys(kind: type[BaseModel], where: Where) -> set[str]:
    """Keys of every document kind reachable at this path (annotations are walked loosely)."""
    kinds = {kind}
    for key in where:
        stepped: set[type[BaseModel]] = set()
        for each in kinds:
            field = each.model_fields.get(str(key)) or next(
                (f for f in each.model_fields.values() if f.alias == key), None
            )
            stepped |= set(_models_in(field.annotation)) if field else {each}
        kinds = stepped or kinds
    return {field.alias or name for each in kinds for name, field in each.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _lines(node: yaml.Node, where: Where) -> Iterator[tuple[Where, int]]:
    yield where, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*where, key.value))
            yield (*where, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*where, index))


def _repeated_keys(node: yaml.Node, file: str) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                yield Problem(
                    f"key '{key.value}' is given twice",
                    file,
                    line,
                    f"it stands on line {seen[key.value]} already",
                )
            seen.setdefault(key.value, line)
            yield from _repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value, file)
