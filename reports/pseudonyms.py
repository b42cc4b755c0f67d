"""Persons under stable pseudonyms, by a key that the project keeps."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mining.audit_result import Audit

DIGITS = 10


@dataclass(frozen=True)
class Pseudonyms:
    """Turns the name or number of a person into what a report may show."""

    key: bytes | None
    """Secret of the project; None: names are shown as they are."""

    @classmethod
    def plain(cls) -> Pseudonyms:
        """Show names."""
        return cls(None)

    @property
    def hidden(self) -> bool:
        """Whether names are replaced."""
        return self.key is not None

    def of(self, person: str) -> str:
        """'P-' and ten hexadecimal digits of HMAC-SHA256 (RFC 2104) over the name, or the name itself.

        Forty bits: among a thousand persons two share a pseudonym once in two million projects.
        """
        if self.key is None:
            return person
        digest = hmac.new(self.key, person.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"P-{digest.hexdigest()[:DIGITS]}"


class Persons:
    """What of one audit names a person, and how it is shown.

    Persons are the resources of the log and attributes that the contract types as 'person'. A value that
    equals a known person's name is replaced wherever it stands, so that no other column gives it away.
    """

    def __init__(self, audit: Audit, people: Pseudonyms) -> None:
        self.people = people
        self._typed = frozenset(id for id, spec in audit.model.attributes.items() if spec.type == "person")
        self._known = frozenset(_names(audit, self._typed)) if people.hidden else frozenset()
        self._columns = _person_columns(audit, self._typed)
        self._units_are_persons = "role" not in audit.provenance.fields

    def resource(self, name: str | None) -> str | None:
        """A resource of the log."""
        return None if name is None else self.people.of(name)

    def unit(self, name: str) -> str:
        """A unit of the handover network: a person where the log has no units."""
        return self.people.of(name) if self._units_are_persons and name else self.value(name)

    def attribute(self, name: str, value: str) -> str:
        """A value of an attribute of a case."""
        return self.people.of(value) if name in self._typed else self.value(value)

    def value(self, value: str) -> str:
        """A value of any other column."""
        return self.people.of(value) if value in self._known else value

    def rejected_value(self, column: str, value: str) -> str | None:
        """A value of a rejected row; None where it may hold a whole row, and so a person."""
        if not self.people.hidden:
            return value
        if not column:
            return None if value else ""
        return self.people.of(value) if column in self._columns else self.value(value)

    def text(self, text: str) -> str:
        """A text of the user's (filters, mapping), with the known persons' names replaced as whole words."""
        for name in sorted(self._known, key=lambda name: (-len(name), name)):
            if len(name) > 1 and name in text:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w|\s*:)", self.people.of(name), text)
        return text


def _names(audit: Audit, typed: frozenset[str]) -> Iterator[str]:
    for row in audit.evidence.values():
        if row.resource:
            yield row.resource
    for case in audit.case_files.values():
        yield from (row.resource for row in case.timeline if row.resource)
        yield from (value for name, value in case.attributes if name in typed and value)


def _person_columns(audit: Audit, typed: frozenset[str]) -> frozenset[str]:
    ours = typed | {"resource"}
    return ours | {heading for column, heading in audit.provenance.headings if column in ours}
