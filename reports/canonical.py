"""JSON with one way to write it: the same content gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable

import orjson

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


class Finite(list[JsonValue]):
    """A long list in which every number is known to be finite: a faster encoder, which would write null for
    one that is not, may write it."""


def canonical(document: JsonObject) -> str:
    """Keys sorted, no spaces, no escapes that UTF-8 does not need, LF; one entry of a list to a line.

    Raises ValueError for a number that JSON cannot write (NaN, infinity).
    """
    lines = (f"{_dump(key)}:{_member(document[key])}" for key in sorted(document))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate (from an undecodable file name) becomes its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def _member(value: JsonValue) -> str:
    if isinstance(value, list) and value:
        lines = map(_quickly, value) if isinstance(value, Finite) else _dumps(value)
        return "[\n" + ",\n".join(lines) + "\n]"
    return _dump(value)


def _dumps(values: Iterable[JsonValue]) -> Iterable[str]:
    return map(_ENCODER.encode, values)


def _quickly(value: JsonValue) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # a lone surrogate, an integer beyond 64 bits
        return _dump(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _dump(value: JsonValue) -> str:
    return _ENCODER.encode(value)
