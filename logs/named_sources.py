"""The file that names the sources of one audit: which exports, how each is read, and how they are joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from logs.documents import Document, Where, line_of, parse_yaml, read_text, validate
from logs.key_links import CASE, Spelling
from logs.mapping import Heading, PlainText, load_mapping
from logs.mapping import Mapping as ColumnMapping
from logs.problems import InputError, Problem
from logs.sources import is_url


def _a_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ValueError("names are of a-z, 0-9, - and _, as in the contract; what people read is the title")
    return name


Name = Annotated[str, AfterValidator(_a_name)]
Step = Literal["width", "blanks", "case", "separators", "leading_zeros"]


class Title(Document):
    """What a source is called in reports."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Join(Document):
    """How the events of a source find the cases of the first one."""

    key: Heading
    """Attribute of this source, or the word case."""
    to: Heading = CASE
    """Attribute of the first source, or the word case."""
    normalise: tuple[Step, ...] = ()
    prefixes: tuple[Heading, ...] = ()

    @property
    def spelling(self) -> Spelling:
        """What does not tell two keys apart."""
        return Spelling(self.normalise, self.prefixes)


class SourceEntry(Document):
    """One system's export."""

    title: Title | None = None
    files: Heading | Annotated[tuple[Heading, ...], Field(min_length=1)]
    """Paths and globs, from this file's folder, and addresses of tables."""
    mapping: Heading | None = None
    """Path of a mapping file; None: a confident proposal is used."""
    as_of: PlainText | None = None
    """When the export was taken (ISO, in the mapping's zone)."""
    max_age_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """How old it may be at the instant of judgement before the run is inconclusive."""
    joins: Join | None = None
    """None: the first source; or one that is only compared, and whose events are in no case."""

    @field_validator("as_of")
    @classmethod
    def _an_instant(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                datetime.fromisoformat(value)
            except ValueError:
                raise ValueError("no instant; write it as 2026-06-30T17:00") from None
        return value

    @property
    def named_files(self) -> tuple[str, ...]:
        """`files` as a tuple."""
        return (self.files,) if isinstance(self.files, str) else self.files


class SourcesDocument(Document):
    """The whole of sources.yaml. The first source is that of the process: its cases are audited."""

    sources: Annotated[dict[Name, SourceEntry], Field(min_length=1)]

    @field_validator("sources")
    @classmethod
    def _first_is_joined_to(cls, sources: dict[str, SourceEntry]) -> dict[str, SourceEntry]:
        first = next(iter(sources))
        if sources[first].joins is not None:
            raise ValueError(f"'{first}' comes first, so its cases are audited: remove its 'joins'")
        return sources


@dataclass(frozen=True)
class NamedSource:
    """One source as its reader needs it."""

    name: str
    entry: SourceEntry
    files: tuple[str, ...]
    mapping: str | None
    """Path of the mapping file; None: to be proposed."""
    columns: ColumnMapping | None
    """What stands in it."""


@dataclass(frozen=True)
class NamedSources:
    """A file of sources, with the place of every word in it."""

    file: str
    sources: tuple[NamedSource, ...]
    lines: Mapping[Where, int]

    def problem(self, where: Where, what: str, mend: str) -> Problem:
        """A problem with what stands at a key path."""
        return Problem(what, self.file, line_of(("sources", *where), dict(self.lines)), mend)


def load_sources(path: Path | str) -> NamedSources:
    """Read a file of named sources, and the mapping files that it names.

    Raises InputError with every mistake, each with file and line: unknown keys, a name given twice, mapping
    files that cannot be used, keys of `joins` that a mapping does not have.
    """
    path = Path(path)
    try:
        text = read_text(path, str(path))
    except FileNotFoundError:
        raise InputError(Problem("no such file", str(path), None, "check the path")) from None
    value, lines = parse_yaml(text, str(path))
    document = validate(value, SourcesDocument, str(path), lines)
    problems: list[Problem] = []
    named = []
    for name, entry in document.sources.items():
        mapping = _beside(path, entry.mapping) if entry.mapping else None
        columns = None
        try:
            columns = load_mapping(mapping) if mapping else None
        except InputError as error:
            problems += error.problems
        files = tuple(each if is_url(each) else _beside(path, each) for each in entry.named_files)
        named.append(NamedSource(name, entry, files, mapping, columns))
    found = NamedSources(str(path), tuple(named), lines)
    problems += _join_problems(found)
    if problems:
        raise InputError(problems)
    return found


def _beside(file: Path, named: str) -> str:
    """A path as it stands in a file: from that file's folder."""
    return str(file.parent / named)


def _join_problems(found: NamedSources) -> Iterator[Problem]:
    first = found.sources[0]
    for each in found.sources[1:]:
        if each.entry.joins is None:
            continue
        for part, source, key in (("key", each, each.entry.joins.key), ("to", first, each.entry.joins.to)):
            if key == CASE or source.columns is None or key in source.columns.attributes:
                continue
            known = ", ".join([CASE, *source.columns.attributes])
            yield found.problem(
                (each.name, "joins", part),
                f"'{key}' is no attribute in the mapping of '{source.name}'",
                f"map its heading under 'attributes' in {source.mapping}, or name one of: {known}",
            )
