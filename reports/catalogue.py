"""Texts of the reports in two languages, from the Babel catalogues in `locale/`."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")


class _Blanks(dict[str, object]):
    """A placeholder without a value shows as a dash, never as an error."""

    def __missing__(self, key: str) -> str:
        return "–"


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language. Message ids are stable keys ('section.name')."""

    lang: str
    texts: Mapping[str, tuple[str, ...]]
    """Key → the text, or one text per plural form."""
    plural: Callable[[int], int]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key with its placeholders filled. Raises KeyError for a key without text."""
        return self.texts[key][0].format_map(_Blanks(values))

    def count(self, key: str, n: int, /, **values: object) -> str:
        """The text of a key in the plural form for n; `{n}` is shown with thousands separated."""
        forms = self.texts[key]
        form = forms[min(self.plural(n), len(forms) - 1)]
        return form.format_map(_Blanks(values, n=f"{n:,}"))

    def amount(self, key: str, value: float, /, **values: object) -> str:
        """The text of a key in the plural form for a measure: '1 day', '1.5 days'."""
        forms = self.texts[key]
        whole = int(value) if float(value).is_integer() else 2
        return forms[min(self.plural(whole), len(forms) - 1)].format_map(_Blanks(values))

    def or_else(self, key: str, fallback: str) -> str:
        """The text of a key, or the fallback where the catalogue does not know it (codes of tomorrow)."""
        return self.texts[key][0] if key in self.texts else fallback

    def nearest(self, *keys: str) -> str:
        """The first key that has a text. Raises KeyError if none has."""
        for key in keys:
            if key in self.texts:
                return key
        raise KeyError(keys)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: str) -> Catalogue:
    """The catalogue of 'zh' or 'en'. Raises ValueError for another language."""
    if lang not in LANGUAGES:
        raise ValueError(f"no catalogue for language '{lang}'; there are: {', '.join(LANGUAGES)}")
    catalog = read_catalogue(lang)
    texts = {_key(message.id): _forms(message.string) for message in catalog if message.id}
    return Catalogue(lang, texts, gettext.c2py(catalog.plural_expr))


def read_catalogue(lang: str) -> Catalog:
    """The catalogue as Babel reads it."""
    source = files("reports").joinpath("locale", lang, "LC_MESSAGES", "messages.po")
    with source.open("rb") as file:
        return read_po(file, locale=lang)


def _key(id: str | tuple[str, ...] | list[str]) -> str:
    return id if isinstance(id, str) else id[0]


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ("",))
