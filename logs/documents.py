"""YAML documents that people write by hand: read into validated models, mistakes with file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from logs.problems import InputError, Problem
from logs.yaml_size import check_size

Key = str | int
Where = tuple[Key, ...]


class Document(BaseModel):
    """Base of every hand-written document: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


MOST_TEXT = 1 << 20
"""Bytes of a document."""
_SHOWN = 200
"""Characters of a value that a message shows."""
D = TypeVar("D", bound=Document)


_MERGE = "tag:yaml.org,2002:merge"
_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map", "value")
}


_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_ORDINARY = re.compile(r"(?![-+]?\.[infaINFA]).{1,40}")
"""No .inf, .nan, and not hundreds of digits."""


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is given twice; leaves dates and `NA`, `no`, `on` as the text they are."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def parse_yaml(text: str, file: str) -> tuple[Any, dict[Where, int]]:
    """Read one YAML document.

    Returns the plain value and, for every key path in it, the line (from 1) where it stands.
    Raises InputError for text that is not YAML, is empty, gives a key twice, or is larger (references
    counted as what they stand for) or nested deeper than anything that people write.
    """
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise InputError(Problem("the file is empty", file, 1, "write the document, or remove the file"))
        check_size(node, file)
        wrong = [*_unusual(node, file), *_repeated_keys(node, file)]
        if wrong:
            raise InputError(wrong)
        return loader.construct_document(node), dict(_lines(node, ()))
    except RecursionError:
        raise InputError(
            Problem("is nested by the hundred", file, None, "write it as the format's documentation shows")
        ) from None
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
            Problem(f"not valid YAML: {_cut(str(error))}", file, None, "save the file as UTF-8 text")
        ) from None
    except (ValueError, KeyError) as error:  # !!int and !!bool before what is none
        raise InputError(
            Problem(f"not valid YAML: no value of that type: {error}", file, None, "leave the !! out")
        ) from None


def load_document(path: Path, kind: type[D], *, name: str | None = None) -> D:
    """Read a YAML file into a validated document of the given kind.

    Raises InputError with *all* mistakes, each with file and line; an unknown key is told with the
    nearest known one.
    """
    file = name or str(path)
    try:
        text = read_text(path, file)
    except FileNotFoundError:
        raise InputError(Problem("no such file", file, None, "check the path")) from None
    value, lines = parse_yaml(text, file)
    return validate(value, kind, file, lines)


def read_text(path: Path, file: str) -> str:
    """The text of a document. Raises FileNotFoundError, and InputError for what cannot be read, is not UTF-8
    or is too large to have been written by hand.
    """
    try:
        if path.stat().st_size > MOST_TEXT:
            raise InputError(
                Problem(f"is larger than {MOST_TEXT >> 10:,} KiB", file, None, "name the document itself")
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"cannot be read: {error}", file, None, "save it as UTF-8 text")) from None


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
    path = _cut(".".join(map(str, where))) or "the document"
    line = line_of(where, lines)
    if error["type"] == "extra_forbidden":
        known = sorted(_known_keys(kind, where[:-1]))
        near = difflib.get_close_matches(str(where[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return Problem(f"unknown key '{_cut(str(where[-1]))}'", file, line, hint)
    if error["type"] == "missing":
        return Problem(
            f"'{where[-1]}' is missing in {'.'.join(map(str, where[:-1])) or 'the document'}",
            file,
            line,
            f"add '{where[-1]}'",
        )
    what, mend = _told(error)
    if not isinstance(error["input"], dict | list):
        now = f"it says {_cut(repr(error['input']))} now"
        mend = f"{mend}; {now}" if mend else now
    return Problem(f"{path}: {_cut(what)}", file, line, mend)


_PLAINLY = {
    "dict": ("is no mapping", "write 'key: value', a line each, indented below it"),
    "model": ("is no mapping", "write 'key: value', a line each, indented below it"),
    "tuple": ("is no list", "write a list in brackets: [one, two]"),
    "list": ("is no list", "write a list in brackets: [one, two]"),
    "string": ("is no text", 'put it in quotes: "…"'),
    "float": ("is no number", "write a number, without unit and without quotes"),
    "int": ("is no whole number", "write a whole number, without quotes"),
    "bool": ("is neither true nor false", "write true or false"),
    "date": ("is no date", "write it as 2026-01-31"),
}
"""Of values of the wrong type, by the beginning of the name of the error."""
_REMEDIES = ("add ", "give ", "remove ", "name ", "write ", "say ", "choose ", "try ")
"""With which the half of a message begins that says what to do."""
_BOUNDS = {"greater_than": "more than {gt}", "greater_than_equal": "{ge} or more"}
_BOUNDS |= {"less_than": "less than {lt}", "less_than_equal": "{le} or less"}


def _told(error: Any) -> tuple[str, str]:
    """(what is wrong, how to mend it; empty where the first says it as well)."""
    kind, context = str(error["type"]), error.get("ctx", {})
    said = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    if kind in _BOUNDS:
        return said, f"write a number that is {_BOUNDS[kind].format(**context)}"
    if kind == "literal_error":
        return said, "choose one of these"
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length" if kind == "too_short" else "max_length")
        which = "at least" if kind == "too_short" else "at most"
        return f"should have {which} {bound} entries", f"give {which} {bound}"
    plain = _PLAINLY.get(kind.partition("_")[0])
    if plain and kind.partition("_")[2] not in ("pattern_mismatch", "too_short", "too_long"):
        return plain
    what, _, mend = said.rpartition(": " if ": " in said else "; ")
    if what and mend.startswith(_REMEDIES):
        return what, mend
    return said, "it says too little or too much now" if said.startswith(_REMEDIES) else "mend what it says"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


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


def _unusual(node: yaml.Node, file: str) -> Iterator[Problem]:
    """Keys that are no plain text or number, and types that a document has no use for (!!timestamp)."""
    if node.tag not in _TAGS:
        mend = "leave the ! out" if node.tag != _MERGE else "write the keys out"
        shown = _cut(node.tag.removeprefix("tag:yaml.org,2002:"))
        yield Problem(f"the type '{shown}' is not known here", file, node.start_mark.line + 1, mend)
    elif node.tag in _NUMBERS and not _ORDINARY.fullmatch(node.value):
        what = f"'{_cut(node.value)}' is no finite number of ordinary length"
        yield Problem(what, file, node.start_mark.line + 1, "write an ordinary number, or quotes around it")
    if isinstance(node, yaml.ScalarNode) and _NO_CHARACTER.search(node.value):
        what = "a zero byte or half a character is written here"
        yield Problem(what, file, node.start_mark.line + 1, "write the character itself")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                yield Problem("a key is a list or a mapping", file, line, "write a word before the colon")
                continue
            yield from _unusual(key, file)
            yield from _unusual(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _unusual(value, file)


def _repeated_keys(node: yaml.Node, file: str) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in seen:
                yield Problem(
                    f"key '{_cut(key.value)}' is given twice",
                    file,
                    line,
                    f"it stands on line {seen[key.value]} already",
                )
            seen.setdefault(key.value, line)
            yield from _repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value, file)
