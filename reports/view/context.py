"""What every view needs: the audit, the words of the language, and how persons are shown."""

from __future__ import annotations

from dataclasses import dataclass

from mining.audit_result import Audit
from reports.catalogue import Catalogue, catalogue
from reports.formats import Formats
from reports.pseudonyms import Persons, Pseudonyms
from reports.view.names import Names


@dataclass(frozen=True)
class Context:
    """Passed to the builders of views."""

    audit: Audit
    t: Catalogue
    formats: Formats
    names: Names
    persons: Persons

    def place(self, file: str, row: int) -> str:
        """A source row as 'file:row'."""
        return f"{self.file(file)}:{row}"

    def file(self, name: str) -> str:
        """A file's name, with its folder only where two files share a name."""
        names = [_base(each.name) for each in self.audit.provenance.files]
        return name if names.count(_base(name)) > 1 else _base(name)


def _base(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def context(audit: Audit, lang: str, people: Pseudonyms) -> Context:
    """The context of one report."""
    t = catalogue(lang)
    formats = Formats(t, audit.provenance.zone)
    return Context(audit, t, formats, Names(audit.model, t, formats), Persons(audit, people))
