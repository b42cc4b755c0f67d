"""JSON read strictly: numbers keep their digits, a key given twice is an error, NaN is a missing value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from logs.limits import DEEPEST


class RepeatedKeyError(ValueError):
    """A key stands twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key '{key}' is given twice")
        self.key = key


class Number(str):
    """A number with a fraction or an exponent, as it is written: 1.10 stays 1.10."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise RepeatedKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _constant(literal: str) -> Number | None:
    return None if literal == "NaN" else Number(literal)


decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_constant=_constant)
"""Python writes NaN for what is missing; that is no JSON, but what it means is plain."""


def decode(text: str) -> Any:
    """A JSON text as a value. Raises ValueError for what is no JSON, or nested too deep to be worked with."""
    value = decoder.decode(text)
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError(f"lists and objects lie in each other more than {DEEPEST} deep")
    return value


def _depth(value: Any) -> int:
    """How deep lists and objects lie in each other, found level by level."""
    depth, level = 0, [value] if isinstance(value, dict | list) else []
    while level:
        depth += 1
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for several in inner for each in several if isinstance(each, dict | list)]
    return depth


def as_text(value: Any) -> str | None:
    """A value as text; null and the empty text are missing, an object or a list is JSON."""
    if value is None or isinstance(value, str):
        return value or None
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value) if isinstance(value, int) else dump(value)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def dump(value: Any) -> str:
    """A value as compact JSON, its numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(key)}:{dump(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
