"""What goes wrong with files: strategies for damaged bytes, hostile texts and changed documents."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!-- --><![CDATA[ ]]>",
    "&lt;b&gt; &amp; &#60;i&#62; &quot;",
    "\"' onmouseover='alert(3)",
    "javascript:alert(4)",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\con",
    "a\x00b",
    "a\x07\x1b[2J\x1b]0;owned\x07",
    "line\r\nbreak\u2028and\u2029more\x85",
    "\u202egnp.exe",
    "\u2066\u2069\u200f\u061c",
    "\ufeffmark",
    "a\u200bb\u00adc",
    "\U0001f600\U000e0041",
    "e\u0301\u0301\u0301",
    "'; DROP TABLE events; --",
    "%s %n %d {0} {x}",
    "NA",
    "null",
    "None",
    "nan",
    "-0",
    "1e999",
    "9" * 50,
    "x" * 3_000,
    "--help",
    "~/.ssh",
    "$(id) `id` | id",
    "\\",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\ufffd",
    "\ufffe\uffff",
)
"""Texts that make trouble where they are not treated as text."""

hostile = st.sampled_from(HOSTILE)
text = st.one_of(hostile, st.text(st.characters(codec="utf-8"), max_size=20))


@st.composite
def damaged(draw: st.DrawFn, content: bytes, pieces: Sequence[bytes] = ()) -> bytes:
    """Bytes flipped, cut out, doubled, put in, moved, cut off or written in another encoding."""
    for _ in range(draw(st.integers(1, 3))):
        if not content:
            break
        start = draw(st.integers(0, len(content) - 1))
        end = min(len(content), start + draw(st.sampled_from((1, 2, 3, 8, 40, 400))))
        what = draw(st.sampled_from(("flip", "cut", "double", "insert", "move", "off", "encode")))
        if what == "flip":
            flipped = bytes(each ^ draw(st.integers(1, 255)) for each in content[start : min(end, start + 4)])
            content = content[:start] + flipped + content[start + len(flipped) :]
        elif what == "cut":
            content = content[:start] + content[end:]
        elif what == "double":
            content = content[:end] + content[start:]
        elif what == "insert":
            put = draw(st.one_of(st.sampled_from((*pieces, *PIECES)), st.binary(max_size=6)))
            content = content[:start] + put + content[start:]
        elif what == "move":
            rest = content[:start] + content[end:]
            at = draw(st.integers(0, len(rest)))
            content = rest[:at] + content[start:end] + rest[at:]
        elif what == "off":
            content = content[:start]
        else:
            content = encoded(content, draw(st.sampled_from(ENCODINGS)))
    return content


PIECES = (
    b"\x00",
    b"\r",
    b"\n\n",
    b'"',
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\\",
    b"\x1a",
    b"\xe2\x80\xae",
    b"<",
    b"&",
    b"]]>",
    b"{",
    b"[",
    b",,,",
    b"\t",
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "gb18030", "utf-32", "latin-1", "cp037")


def encoded(content: bytes, encoding: str) -> bytes:
    """UTF-8 bytes in another encoding; what is not UTF-8, or has no place there, as it is."""
    try:
        return content.decode("utf-8").encode(encoding)
    except UnicodeError:
        return content


scalars = st.one_of(
    hostile,
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.sampled_from((0, -1, 1, 2**31, 2**63, 2**64, 10**18, 1e308, 5e-324, 0.1)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(("2026-03-01", "9999-12-31", "0001-01-01", "P5D", "24:00", "iso", "%Q", "%", "2x", "")),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
    max_leaves=8,
)


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """A document with keys dropped, renamed or moved and values replaced, somewhere inside."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        if (isinstance(holder, dict) and key not in holder) or (
            isinstance(holder, list) and key >= len(holder)
        ):
            continue
        what = draw(st.sampled_from(("drop", "rename", "value", "value", "value", "swap", "copy")))
        other, there = draw(st.sampled_from(places))
        if what == "drop":
            del holder[key]
        elif what == "rename" and isinstance(holder, dict):
            holder[draw(text)] = holder.pop(key)
        elif what == "value":
            holder[key] = draw(values)
        elif what in ("swap", "copy"):
            try:
                taken = copy.deepcopy(other[there])
            except (KeyError, IndexError):
                continue
            if what == "swap":
                other[there] = copy.deepcopy(holder[key])
            holder[key] = taken
    return document


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found.append((value, key))
        found += _places(each)
    return found
