"""The report of a log without a reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

from logs.event_log import Provenance
from mining.findings import Discovery
from reports.catalogue import catalogue
from reports.formats import Formats
from reports.pseudonyms import Pseudonyms
from reports.view.discovered import DiscoveredView, discovered_view
from reports.view.scope import InputView, input_view


@dataclass(frozen=True)
class DiscoveryPage:
    """A report on the actual flow alone."""

    title: str
    zone: str
    discovered: DiscoveredView
    input: InputView
    mapping: str
    mapping_sha256: str


def discovery_page(discovery: Discovery, log: Provenance, lang: str, people: Pseudonyms) -> DiscoveryPage:
    """Build the texts of the report."""
    t = catalogue(lang)
    formats = Formats(t, log.zone)

    def unit(name: str) -> str:
        return name if "role" in log.fields else people.of(name)

    # Without a reference there is nothing that an activity could be unknown to.
    nodes = tuple(replace(node, known=True) for node in discovery.nodes)
    discovery = replace(discovery, nodes=nodes)
    return DiscoveryPage(
        t("discovery.title"),
        t("page.zone", zone=log.zone),
        discovered_view(discovery, t, formats, str, unit),
        input_view(log, t, formats, {}, log.filters),
        log.mapping_text,
        log.mapping_sha256,
    )
