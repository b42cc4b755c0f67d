"""What a reference model knows by name, as plain data: `logs` itself knows no process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """Names under which exports may carry the activities and attributes of a process."""

    activities: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(activity id, its names and aliases in any language)."""
    attributes: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    """(attribute id, headings under which exports carry it, spellings of its values)."""
    units: tuple[str, ...] = ()
    """Names of the organisational units that take part."""
