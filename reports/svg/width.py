"""How wide a text is, without knowing the font: a CJK character is an em, Latin letters about half."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import islice

_NARROW = frozenset("iljtfrI.,:;'|!()[]·- ")
_WIDE = frozenset("mwMW@%<>→")
_CLOSING = frozenset("，。、；：！？）】》”’")


def em(character: str) -> float:
    """Width of one character in em, rather too wide than too narrow."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _NARROW:
        return 0.35
    if character in _WIDE:
        return 0.9
    return 0.68 if character.isupper() else 0.57


def width(text: str, size: float) -> float:
    """Width of a text in the unit of the font size."""
    return size * sum(map(em, text))


def wrap(text: str, most: float, size: float, lines: int) -> list[str]:
    """Break a text into at most so many lines of at most that width; what is cut ends in '…'.

    Latin words stay whole where they fit on a line; CJK may break anywhere but before closing punctuation.
    """
    wrapped = list(islice(_lines(text, most, size), lines + 1))  # a text may have millions of characters
    if len(wrapped) <= lines:
        return wrapped
    last = wrapped[lines - 1]
    while last and width(last + "…", size) > most:
        last = last[:-1]
    return [*wrapped[: lines - 1], last.rstrip() + "…"]


def _lines(text: str, most: float, size: float) -> Iterator[str]:
    line = ""
    for piece in _pieces(text, most, size):
        if line and width((line + piece).rstrip(), size) > most and piece not in _CLOSING:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line.strip():
        yield line.rstrip()


def _pieces(text: str, most: float, size: float) -> Iterator[str]:
    """Parts that stay together: a CJK character, a Latin word with the space after it, or a part of one."""
    piece = ""
    for character in text:
        if em(character) == 1.0 or width(piece + character, size) > most:
            if piece:
                yield piece
            piece = ""
        piece += character
        if em(character) == 1.0 or character in " -/_":
            yield piece
            piece = ""
    if piece:
        yield piece
