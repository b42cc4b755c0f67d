"""Texts and numbers of orders as exports write them, folded so that two ways to write one compare equal."""

from __future__ import annotations

import ibis.expr.types as ir

from mining.deadlines import finite

_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_NARROW = "".join(map(chr, range(0x21, 0x7F))) + " "


def folded(text: ir.StringValue) -> ir.StringValue:
    """Text without outer white space; null if nothing is left. Case and width are kept: exact is exact."""
    return text.strip().nullif("")


def as_number(text: ir.StringValue) -> ir.FloatingValue:
    """A number as exports write it ('1,000.00', '￥1000', '１００'); null if it is none."""
    return finite(text.translate(_WIDE, _NARROW).re_replace(r"[\s,，¥￥$]", ""))


def normalised(text: ir.StringValue) -> ir.StringValue:
    """Text for near comparison; null if nothing is left.

    Full width becomes half width and small letters capitals; the letter O becomes the digit 0; leading
    zeros of a number go (not those after a decimal point); white space, punctuation and symbols go, except a
    point between digits: 1.5 and 15 stay two sizes.
    """
    upper = text.translate(_WIDE, _NARROW).upper().replace("O", "0")
    short = upper.re_replace(r"(^|[^0-9.])0+([0-9])", r"\1\2")
    kept = short.re_replace(r"[^\p{L}\p{N}.]", "")
    return kept.re_replace(r"\.([^0-9]|$)", r"\1").re_replace(r"(^|[^0-9])\.", r"\1").nullif("")
