"""JSON with one way to write it: the same content gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import orjson

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


@dataclass(frozen=True)
class Entries:
    """A long list that is made entry by entry as it is written.

    Every number in it is known to be finite: the faster encoder that writes it would write null for others.
    """

    of: Callable[[], Iterator[JsonValue]]


Document = Mapping[str, JsonValue | Entries]
_TOGETHER = 10_000
"""Entries that are written at once."""


def canonical(document: Document) -> str:
    """Keys sorted, no spaces, no escapes that UTF-8 does not need, LF; one entry of a list to a line.

    Raises ValueError for a number that JSON cannot write (NaN, infinity).
    """
    return "".join(pieces(document))


def pieces(document: Document) -> Iterator[str]:
    """`canonical`, piece by piece."""
    yield "{\n"
    for number, key in enumerate(sorted(document)):
        yield (",\n" if number else "") + _dump(key) + ":"
        value = document[key]
        if isinstance(value, Entries):
            yield from _list(map(_quickly, value.of()))
        elif isinstance(value, list):
            yield from _list(map(_dump, value))
        else:
            yield _dump(value)
    yield "\n}\n"


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate (from an undecodable file name) becomes its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def _list(lines: Iterator[str]) -> Iterator[str]:
    before = "[\n"
    while some := ",\n".join(islice(lines, _TOGETHER)):
        yield before + some
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"


def _quickly(value: JsonValue) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # a lone surrogate, an integer beyond 64 bits
        return _dump(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _dump(value: JsonValue) -> str:
    return _ENCODER.encode(value)
