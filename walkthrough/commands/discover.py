"""`walkthrough discover`: the actual flow, without a reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from logs import read
from mining.discovery import discover_log
from reports import Pseudonyms, discovery_json, write_discovery_html
from reports.output import write_atomically
from walkthrough.people import make_folder, read_key
from walkthrough.terminal import tell


def run_discover(
    logs: Sequence[str],
    *,
    out: Path,
    mapping: Path | None,
    languages: Sequence[str],
    filters: Sequence[str],
    key: Path | None,
    stage: Callable[[str], None],
) -> None:
    """Run the whole command."""
    make_folder(out)
    people = Pseudonyms(read_key(key)) if key else Pseudonyms.plain()
    stage("read")
    with read(logs, mapping, filters=filters) as log:
        stage("discover")
        found, provenance = discover_log(log), log.provenance
    stage("write")
    document = discovery_json(found, provenance, people)
    files = [write_atomically(out / "discovery.json", document.encode("utf-8"))]
    files += [
        write_discovery_html(found, provenance, out / f"discovery.{lang}.html", lang, people)
        for lang in dict.fromkeys(languages)
    ]
    tell(f"{found.events:,} events, {found.cases:,} cases, {found.variants:,} variants")
    tell("\n".join(map(str, files)))
