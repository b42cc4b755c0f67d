"""The Audit: everything a report needs, computed once; renderers only read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logs.event_log import Provenance, SystemFacts
from logs.key_links import KeyLink
from mining.by_version import VersionUse
from mining.findings import (
    CaseFile,
    Conclusion,
    CouldNotCheck,
    Discovery,
    Finding,
    Population,
    Rate,
    Rule,
    SourceRow,
    UnknownLabel,
    VariantSummary,
)
from mining.planned import Indicator
from mining.promises import PromiseKept
from reference_models.model import ReferenceModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True)
class Audit:
    """One log judged against one reference model at one instant."""

    tool_version: str
    as_of_us: int
    """The instant of judgement, microseconds since the epoch, UTC."""
    as_of_basis: str
    """'given', 'window_end' (the export says how far it reaches) or 'latest_event' of the log; of several
    systems also 'stated' or, where they reach to different instants, 'earliest_source'."""
    model: ReferenceModel
    provenance: Provenance
    population: Population
    conclusion: Conclusion
    findings: tuple[Finding, ...]
    """One per rule that could be checked and has occurrences; gravest first, then most violated, then id."""
    not_checked: tuple[CouldNotCheck, ...]
    rates: tuple[Rate, ...]
    """In the order of the contract's tables."""
    discovery: Discovery
    variants: tuple[VariantSummary, ...]
    """The most frequent ones and all that an example case of a finding took; see `variants_shown_cases`."""
    variants_shown_cases: int
    """Cases that the listed variants cover, of population.cases."""
    unknown_labels: tuple[UnknownLabel, ...]
    occurrences: pd.DataFrame
    """OCCURRENCE_COLUMNS, source_files and source_rows (`mining.cited`): all that are not conformant, and
    conformant ones with a reason (they only look like violations), sorted by rule_id, case_id, anchor."""
    case_files: Mapping[str, CaseFile]
    """By case id: the cases of the worst occurrences."""
    evidence: Mapping[int, SourceRow]
    """By row_no: the source rows of the worst occurrences and of the look-alikes shown."""
    excluded_examples: tuple[tuple[str, int, str, str, str], ...]
    """(file, row, reason, column, value) of rows not used: the first ones per reason."""
    indicators: tuple[Indicator, ...] = ()
    """Planned figures beside the actual ones, in the contract's order."""
    promises: tuple[PromiseKept, ...] = ()
    """What became of promises beside the limits, in the contract's order."""
    systems: tuple[SystemFacts, ...] = ()
    """Where several systems were audited together: each, that of the process first."""
    links: tuple[KeyLink, ...] = ()
    """The keys between them: how events were joined, then what was reconciled."""

    versions: tuple[VersionUse, ...] = ()
    """Where the model has versions: how many cases each of them judged, the first one first."""

    def foreign(self, rule: Rule) -> bool:
        """Whether a rule's cases are those of another system than the audited log's."""
        return bool(rule.systems) and rule.systems[0] != self.systems[0].name
