"""What came in: an export becomes one event table, every row accounted for.

`read` is the door; `propose` finds a mapping, `worksheet` writes down which labels it could not place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logs.event_log import EventLog, Provenance, Reason
    from logs.labels import normalise_label
    from logs.mapping import Mapping, dump_mapping, load_mapping
    from logs.problems import InputError, Problem
    from logs.proposal import Proposal, UnmappedLabel, propose
    from logs.reading import read
    from logs.vocabulary import Vocabulary
    from logs.worksheets import worksheet

__all__ = [
    "EventLog",
    "InputError",
    "Mapping",
    "Problem",
    "Proposal",
    "Provenance",
    "Reason",
    "UnmappedLabel",
    "Vocabulary",
    "dump_mapping",
    "load_mapping",
    "normalise_label",
    "propose",
    "read",
    "worksheet",
]

_HOME = {
    "EventLog": "event_log",
    "InputError": "problems",
    "Mapping": "mapping",
    "Problem": "problems",
    "Proposal": "proposal",
    "Provenance": "event_log",
    "Reason": "event_log",
    "UnmappedLabel": "proposal",
    "Vocabulary": "vocabulary",
    "dump_mapping": "mapping",
    "load_mapping": "mapping",
    "normalise_label": "labels",
    "propose": "proposal",
    "read": "reading",
    "worksheet": "worksheets",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that `walkthrough --help` does not wait for an engine."""
    if name not in _HOME:
        raise AttributeError(f"module 'logs' has no attribute '{name}'")
    return getattr(import_module(f"logs.{_HOME[name]}"), name)
