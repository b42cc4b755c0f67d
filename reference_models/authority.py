"""Who set a criterion, in both languages of the reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Who set a criterion (`docs/domain`): without an author there is no finding worth the name."""

    SOURCED = "sourced"
    """A document says so."""
    INFERRED = "inferred"
    """The documents imply it; order or reading is ours."""
    ASSUMED = "assumed"
    """Ours, so that the process can be run; a user must confirm it. A deviation from it is at most 'low'."""
    USER = "user"
    """Given by the user, who overrides or completes the library model."""


@dataclass(frozen=True)
class Text:
    """A name or sentence in both languages of the reports."""

    zh: str
    en: str

    def get(self, lang: str) -> str:
        """The text in 'zh' or 'en'."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Authority:
    """On what a criterion rests."""

    standing: Standing
    source: str = ""
    """Document or domain page, e.g. 'S1'."""
    reason: Text | None = None
    """Why this reading; required of everything inferred or assumed."""
