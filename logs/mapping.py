"""The mapping: which column of an export means what, as a YAML document that people can read and edit."""

from __future__ import annotations

import codecs
import zlib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BeforeValidator, Field, field_validator, model_validator

from logs.documents import Document, load_document
from logs.event_log import CASE_COLUMNS, EVENT_COLUMNS

_NO_TEXT = ("utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined")
"""Codecs of Python that turn bytes into characters but are no encoding of a file."""
_DELIMITER_WORDS = {"tab": "\t", "space": " "}
TIME_WORDS = ("iso", "excel", "epoch_s", "epoch_ms")
STANDARD = ("case", "activity", "time", "start", "resource", "role", "lifecycle", "event_id", "instance")
"""Keys of a mapping that name one heading (activity: one or several)."""

COLUMN_OF = {"case": "case_id", "time": "t_us", "start": "start_us"}
"""Mapping key → column of ours, where the two differ."""


def _as_text(value: object) -> object:
    """YAML reads `case: 1` as a number; a heading, label or date is text whatever it looks like."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Heading = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
PlainText = Annotated[str, BeforeValidator(_as_text)]


class ExportWindow(Document):
    """The stretch of time that the export covers, and how its cases were selected."""

    since: PlainText | None = Field(default=None, alias="from")
    """Date or time (ISO, in the mapping's zone) before which nothing was exported."""
    until: PlainText | None = None
    """Date (its whole day is covered) or time (from then on nothing was exported)."""
    selection: str = ""
    """In the user's words, e.g. 'cases begun in the window'."""


class Mapping(Document):
    """Columns of an export, its times, its window and what of it to use."""

    layout: Literal["long", "wide"] = "long"
    """'long': a row per event; 'wide': a row per case with a column per milestone."""
    case: Heading | None = None
    activity: Heading | tuple[Heading, ...] | None = None
    """Heading of the activity; several headings are joined with ' / '."""
    time: Heading | None = None
    """Completion time, or the only time."""
    start: Heading | None = None
    resource: Heading | None = None
    role: Heading | None = None
    lifecycle: Heading | None = None
    event_id: Heading | None = None
    instance: Heading | None = None
    attributes: dict[Heading, Heading] = Field(default_factory=dict)
    """Our name → heading."""
    milestones: tuple[Heading, ...] | dict[Heading, PlainText] = ()
    """Wide layout: headings of the time columns, or heading → label of the activity."""
    encoding: str | None = None
    """Name of the text encoding; None: decided over the whole file."""
    delimiter: str | None = None
    """One character, or the word tab or space; None: decided from the heading and first rows."""
    sheet: PlainText | None = None
    """Worksheet of an XLSX file; None: the first."""
    object_type: PlainText | None = None
    """Type of the objects of an OCEL that are the cases; None: the only one."""
    time_formats: tuple[PlainText, ...] = ()
    """strptime patterns or the words iso, excel, epoch_s, epoch_ms; empty: decided over all values."""
    zone: str = "Asia/Shanghai"
    """IANA zone of times that state no offset."""
    window: ExportWindow = ExportWindow()
    activities: dict[PlainText, str] = Field(default_factory=dict)
    """Label in the log → activity id, beyond a model's own aliases."""
    filters: tuple[PlainText, ...] = ()
    """Each selects whole cases; see `logs.filters`."""
    reject_limit: float = Field(default=0.01, ge=0, le=1)
    """Share of rows rejected above which a run is inconclusive."""
    drop_repeated_rows: bool = False
    """Merge rows that are equal in all mapped columns (else they are used and flagged)."""
    merge_overlapping_files: bool = False
    """Merge a row that is equal to one of an earlier file (else it is used and flagged)."""
    delta: Literal["event_id", "rows", "milestones"] | None = None
    """Files repeat, overlap or correct earlier ones, in the order named: by what an event is known again."""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # the name of a folder, a name too long
            raise ValueError("no such time zone; IANA names look like Asia/Shanghai") from None
        return zone

    @field_validator("delimiter", mode="before")
    @classmethod
    def _one_character(cls, delimiter: object) -> object:
        for word, character in _DELIMITER_WORDS.items():
            if delimiter in (character, word, repr(character)[1:-1]):
                return word
        if isinstance(delimiter, str) and (
            len(delimiter) != 1 or delimiter in '"\r\n\0' or not delimiter.isascii()
        ):
            raise ValueError("a delimiter is one ASCII character, or the word tab or space")
        return delimiter

    @property
    def delimiter_character(self) -> str | None:
        """The delimiter itself; None: to be found."""
        return _DELIMITER_WORDS.get(self.delimiter, self.delimiter) if self.delimiter else None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        if not encoding:
            return None
        try:
            known = codecs.lookup(encoding).name
            wide = known.startswith(("utf-16", "utf-32"))
            text = wide or codecs.getincrementaldecoder(known)().decode(b"a,1\n") == "a,1\n"
        except (LookupError, TypeError, ValueError, zlib.error):  # some of Python's codecs are no text
            text, known = False, ""
        if not text or known in _NO_TEXT:
            raise ValueError("no such encoding; try utf-8, gb18030 or utf-16")
        return known

    @field_validator("time_formats")
    @classmethod
    def _formats(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for each in formats:
            if each not in TIME_WORDS and "%" not in each:
                raise ValueError(
                    f"'{each}' is neither a pattern such as %Y-%m-%d nor one of {', '.join(TIME_WORDS)}"
                )
        return formats

    @field_validator("attributes")
    @classmethod
    def _free_names(cls, attributes: dict[str, str]) -> dict[str, str]:
        taken = set(EVENT_COLUMNS) | set(CASE_COLUMNS) | {"rowid"}  # the last is the engine's own
        for each in attributes:
            if each.casefold() in taken:
                raise ValueError(f"'{each}' is the name of a standard column; choose another name")
        if any("\x00" in each for each in attributes):
            raise ValueError("a name holds a zero byte")
        if any(each.startswith("_") for each in attributes):
            raise ValueError("names that begin with _ are kept for the tool; choose other names")
        if len({each.casefold() for each in attributes}) < len(attributes):
            raise ValueError("two names differ in upper and lower case only; choose other names")
        return attributes

    @model_validator(mode="after")
    def _complete(self) -> Mapping:
        needed = ("case", "milestones") if self.layout == "wide" else ("case", "activity", "time")
        barred = ("activity", "time", "start") if self.layout == "wide" else ("milestones",)
        missing = [key for key in needed if not getattr(self, key)]
        if missing:
            raise ValueError(f"a {self.layout} export needs {' and '.join(missing)}; name the heading")
        extra = [key for key in barred if getattr(self, key)]
        if extra:
            other = "long" if self.layout == "wide" else "wide"
            raise ValueError(
                f"{' and '.join(extra)} belong to the {other} layout; say layout: {other}, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _delta_fits(self) -> Mapping:
        if self.delta == "event_id" and not self.event_id:
            raise ValueError("delta: event_id needs event_id; name the heading, or say delta: rows")
        if self.delta == "milestones" and self.layout != "wide":
            raise ValueError("delta: milestones belongs to the wide layout; say event_id or rows")
        if self.delta and self.merge_overlapping_files:
            raise ValueError("delta and merge_overlapping_files both merge files; remove the latter")
        return self

    @property
    def activity_headings(self) -> tuple[str, ...]:
        """The headings that make the activity."""
        if self.activity is None:
            return ()
        return (self.activity,) if isinstance(self.activity, str) else self.activity

    @property
    def milestone_labels(self) -> dict[str, str]:
        """Heading → label of the activity; empty in the long layout."""
        if isinstance(self.milestones, dict):
            return self.milestones
        return {heading: heading for heading in self.milestones}

    def headings(self) -> tuple[tuple[str, str], ...]:
        """(key of the mapping, heading) for everything that is mapped."""
        single = [(key, getattr(self, key)) for key in STANDARD if key != "activity" and getattr(self, key)]
        return (
            *single,
            *(("activity", heading) for heading in self.activity_headings),
            *(("milestones", heading) for heading in self.milestone_labels),
            *((f"attributes.{ours}", heading) for ours, heading in self.attributes.items()),
        )


def load_mapping(path: Path | str) -> Mapping:
    """Read a mapping file. Raises InputError with every mistake, each with file and line."""
    return load_document(Path(path), Mapping)


def dump_mapping(mapping: Mapping) -> str:
    """The mapping as canonical YAML: what differs from the defaults, in the order of the format."""
    plain = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    dumped: str = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=110)
    return dumped
