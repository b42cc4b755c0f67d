"""XML files of other tools, parsed strictly: no entities, no network, and a truncated file is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from logs.problems import InputError, Problem

_MOST_BYTES = 64 << 20
OUTER_SPACE = " \t\r\n\u3000\u00a0"
"""White space around a name; `logs` strips the same from the labels of an export."""


def parse_xml(source: Path | bytes, file: str) -> Any:
    """The root element of an XML document.

    source: a file or its bytes; file: its name for messages.
    Raises InputError where it cannot be read, is empty, not well-formed, or carries a DOCTYPE.
    """
    data = source if isinstance(source, bytes) else _bytes(source, file)
    if not data.strip():
        raise InputError(Problem("not well-formed XML: the file is empty", file, 1, "export the model again"))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        what = f"not well-formed XML: {error.msg}"
        mend = "it may be cut off or edited by hand: export the model again"
        raise InputError(Problem(what, file, error.lineno or None, mend)) from None
    if root.getroottree().docinfo.doctype:
        what = "a DOCTYPE is refused: it could define entities"
        raise InputError(Problem(what, file, 1, "remove the DOCTYPE line"))
    return root


def _bytes(path: Path, file: str) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            what = f"is larger than {_MOST_BYTES >> 20} MiB, too large for a drawing"
            raise InputError(Problem(what, file, None, "name the model itself"))
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            Problem("no such file", file, None, "check the path, or put the file there")
        ) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(Problem(what, file, None, "check the path and its rights")) from None


def children(element: Any) -> Iterator[Any]:
    """Child elements of the same namespace; what other tools put in under theirs is passed over."""
    namespace = etree.QName(element).namespace
    return (child for child in element if etree.QName(child).namespace == namespace)


def tag(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def spelled(text: str | None) -> str:
    """A name as the file spells it, without white space around it."""
    return (text or "").strip(OUTER_SPACE)
