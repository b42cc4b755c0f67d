"""What may be written differently in keys of two systems, and how far a key between them carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CASE = "case"
"""What a key is called that is the number of the case."""
STEPS = ("width", "blanks", "case", "separators", "prefixes", "leading_zeros")
"""What may be taken out of keys, in the order in which it is done."""


@dataclass(frozen=True)
class Spelling:
    """Which differences of writing do not tell two keys apart."""

    steps: tuple[str, ...] = ()
    """Of STEPS, in that order. 'width': full-width characters; 'blanks': white space; 'case': capitals;
    'separators': - _ . / and the like; 'prefixes': one of `prefixes`; 'leading_zeros': zeros before the first
    other digit."""
    prefixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        steps = {*self.steps, *(["prefixes"] if self.prefixes else [])}
        object.__setattr__(self, "steps", tuple(step for step in STEPS if step in steps))

    def adding(self, *steps: str, prefixes: Sequence[str] = ()) -> Spelling:
        """With more taken out."""
        together = tuple(dict.fromkeys((*self.prefixes, *prefixes)))
        return Spelling((*self.steps, *steps), together)


@dataclass(frozen=True)
class KeyComparison:
    """How many keys two sides share when they are compared in one way."""

    spelling: Spelling
    """Empty: as written."""
    declared: bool
    """Whether the user said that keys are to be compared so."""
    matched: int
    """Keys of one side with exactly one of the other."""
    ambiguous: int
    """Keys, of both sides together, that find a partner but are one with another key of their own side."""


@dataclass(frozen=True)
class KeyLink:
    """A key between two systems, and how far it carries."""

    id: str
    """Id of the reconciliation, or name of the system that is joined."""
    kind: str
    """'reconciliation' or 'join'."""
    systems: tuple[str, str]
    """Of a reconciliation: the one that sends, the one that records; of a join: joined, the log's own."""
    keys: tuple[str, str]
    """'case' or name of the attribute, per system."""
    distinct: tuple[int, int]
    """Different keys, per system."""
    blank: tuple[int, int]
    """Events without a key, per system."""
    comparisons: tuple[KeyComparison, ...]
    """As written; as declared, if anything is; then with each step besides, and with all of them."""
    matched: int
    """Keys that match as declared: what the verdicts rest on."""
    doubt: str = ""
    """Why nothing that did not match may be called lost: 'key_spelling' (many more match if something
    undeclared is taken out) or 'no_key_matches'; empty: no doubt."""
    mend: Spelling = Spelling()
    """The least that would have to be declared to match all that can be matched; empty: nothing."""
    as_of_us: int | None = None
    """The instant of comparison: the earlier as-of of the two systems."""
    later: tuple[int, int] = (0, 0)
    """Events of the link after that instant, per system: left out."""


def mend_of(link: KeyLink) -> str:
    """What to declare so that all keys match that can, as it is written in YAML."""
    steps = [step for step in link.mend.steps if step != "prefixes"]
    said = [f"normalise: [{', '.join(steps)}]"] if steps else []
    if link.mend.prefixes:
        said.append(f"prefixes: [{', '.join(map(repr, link.mend.prefixes))}]")
    return ", ".join(said) or "name another key"
