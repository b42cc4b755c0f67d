"""OCEL 2.0 as one JSON document; it is read into memory as a whole."""

from __future__ import annotations

import json
from typing import Any

from logs.encoding import has_foreign
from logs.problems import InputError, Problem
from logs.readers.json_values import RepeatedKeyError, as_text, decode
from logs.readers.ocel import flatten
from logs.readers.ocel_tables import OcelTables, OcelTypes, refuse
from logs.readers.raw import Options, RawTable
from logs.sources import Source, unpack
from logs.store import Store, memory

_MEMORY_PER_BYTE = 24
"""Bytes of memory that a byte of a document takes at worst: an empty object is two characters."""
_PARTS = ("eventTypes", "objectTypes", "events", "objects")
_AGAIN = "export it again as OCEL 2.0 (ocel-standard.org)"


def load(store: Store, source: Source, file_no: int, options: Options) -> RawTable:
    """Fill a raw table with the events of one object type.

    Raises InputError for a document that breaks off or is not of the form of OCEL 2.0.
    """
    tables, types = fill(store, source, file_no)
    return flatten(tables, types, source, file_no, options)


def fill(store: Store, source: Source, file_no: int) -> tuple[OcelTables, OcelTypes]:
    """The document's tables and types; see `load`."""
    document = _document(store, source, file_no)
    reader = _Reader(OcelTables(store, file_no), source.name)
    types = OcelTypes(
        reader.types(document["eventTypes"], "event type"),
        reader.types(document["objectTypes"], "object type"),
    )
    for position, event in enumerate(document["events"], 1):
        reader.event(position, event, types.events)
    for position, each in enumerate(document["objects"], 1):
        reader.object(position, each, types.objects)
    refuse(reader.problems, source.name)
    reader.tables.finish()
    return reader.tables, types


def _document(store: Store, source: Source, file_no: int) -> dict[str, Any]:
    path = unpack(source, store.folder / f"{file_no}.unpacked") if source.gzipped else source.path
    most = memory() // _MEMORY_PER_BYTE
    if path.stat().st_size > most:
        what = f"is an OCEL in JSON of more than {most >> 20:,} MiB, too large for this machine's memory"
        raise InputError(
            Problem(what, source.name, None, "write it as OCEL 2.0 in SQLite, which is streamed")
        )
    try:
        document = decode(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(Problem("is not UTF-8 throughout", source.name, None, _AGAIN)) from None
    except RepeatedKeyError as repeated:
        raise InputError(Problem(str(repeated), source.name, None, "keep one of them")) from None
    except json.JSONDecodeError as error:
        what = f"is no JSON, or it breaks off: {error.msg}"
        raise InputError(Problem(what, source.name, error.lineno, "copy or export it again")) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            Problem(f"is no JSON that can be read: {error}", source.name, None, _AGAIN)
        ) from None
    if not isinstance(document, dict):
        raise InputError(Problem("is JSON, but no OCEL 2.0: it is no object", source.name, None, _AGAIN))
    wrong = [part for part in _PARTS if not isinstance(document.get(part), list)]
    if wrong:
        what = f"is JSON, but no OCEL 2.0: it has no list {', '.join(wrong)}"
        raise InputError(Problem(what, source.name, None, _AGAIN))
    return document


class _Reader:
    """Takes the document apart and notes what is not of the form."""

    def __init__(self, tables: OcelTables, file: str) -> None:
        self.tables, self.file = tables, file
        self.problems: list[Problem] = []

    def _fault(self, place: str, what: str) -> None:
        self.problems.append(Problem(f"{place}: {what}", self.file, None, _AGAIN))

    def types(self, listed: list[Any], kind: str) -> dict[str, tuple[str, ...]]:
        """Attribute names by type."""
        found: dict[str, tuple[str, ...]] = {}
        for number, each in enumerate(listed, 1):
            place = f"{kind} {number:,}"
            title = self._text(each, "name", place)
            if title is None:
                continue
            if title in found:
                self._fault(place, f"'{title}' is declared twice")
            names = [self._text(a, "name", place) for a in self._list(each, "attributes", place)]
            found[title] = tuple(dict.fromkeys(each for each in names if each))
        return found

    def event(self, position: int, event: Any, types: dict[str, tuple[str, ...]]) -> None:
        """One event with its values and relations. A missing time is left to be told as of any other row."""
        place = f"event {position:,}"
        identifier, kind = self._text(event, "id", place), self._text(event, "type", place)
        if identifier is None or kind is None:
            return
        self.tables.add("event", position, identifier, kind, self._optional(event, "time", place))
        for attribute in self._list(event, "attributes", place):
            title = self._declared(attribute, place, kind, types)
            if title is not None:
                self.tables.add("event_value", position, title, as_text(attribute.get("value")))
        for relation in self._list(event, "relationships", place):
            target = self._text(relation, "objectId", place)
            if target is not None:
                self.tables.add("relation", position, target, self._optional(relation, "qualifier", place))

    def object(self, position: int, each: Any, types: dict[str, tuple[str, ...]]) -> None:
        """One object with its values over time and the objects it is related to."""
        place = f"object {position:,}"
        identifier, kind = self._text(each, "id", place), self._text(each, "type", place)
        if identifier is None or kind is None:
            return
        self.tables.add("object", identifier, kind)
        for attribute in self._list(each, "attributes", place):
            title = self._declared(attribute, place, kind, types)
            if title is not None:
                time = self._text(attribute, "time", f"{place}, attribute '{title}'")
                self.tables.add("object_value", identifier, title, time, as_text(attribute.get("value")))
        for relation in self._list(each, "relationships", place):
            target = self._text(relation, "objectId", place)
            if target is not None:
                self.tables.add("related", identifier, target)

    def _declared(
        self, attribute: Any, place: str, kind: str, types: dict[str, tuple[str, ...]]
    ) -> str | None:
        title = self._text(attribute, "name", place)
        if title is not None and kind in types and title not in types[kind]:
            self._fault(place, f"attribute '{title}' is not declared for type '{kind}'")
            return None
        value = attribute.get("value") if title is not None else None
        if isinstance(value, str) and has_foreign([value]):
            self._fault(place, f"the value of '{title}' holds half a character or a zero byte")
            return None
        return title

    def _text(self, holder: Any, key: str, place: str) -> str | None:
        """A text that must be there."""
        found = self._optional(holder, key, place)
        if found is None and isinstance(holder, dict) and holder.get(key) in (None, ""):
            self._fault(place, f"'{key}' is missing")
        return found

    def _optional(self, holder: Any, key: str, place: str) -> str | None:
        if not isinstance(holder, dict):
            self._fault(place, "is no object")
            return None
        value = holder.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or has_foreign([value]):
            self._fault(place, f"'{key}' is no text")
            return None
        return value

    def _list(self, holder: Any, key: str, place: str) -> list[Any]:
        value = holder.get(key) if isinstance(holder, dict) else None
        if value is not None and not isinstance(value, list):
            self._fault(place, f"'{key}' is no list")
        return value if isinstance(value, list) else []
