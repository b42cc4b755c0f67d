"""`walkthrough demo`: samples of three library models, audited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reference_models import load
from reports import Pseudonyms
from walkthrough.api import audit, write_reports
from walkthrough.people import make_folder, read_key
from walkthrough.simulation import Simulation, write_exports
from walkthrough.terminal import say, tell

MODELS = ("circuit-provisioning", "fault-handling", "in-sales-procurement")


def run_demo(out: Path, *, cases: int, seed: int, stage: Callable[[str], None]) -> None:
    """Run the whole command. The samples hold violations on purpose: the exit code is 0 all the same."""
    make_folder(out)
    people = Pseudonyms(read_key(out / "walkthrough.key"))
    for model in MODELS:
        folder = out / model
        stage(f"{model}: sample")
        sample = Simulation(load(model), cases, seed)
        files = write_exports(sample, folder, ("long", "wide", "gb18030", "xlsx")).files
        limits = next((file for file in files if file.name == "limits.yaml"), None)
        result = audit(
            files[0],
            model,
            override=limits,
            as_of=sample.as_of,
            progress=lambda each, model=model: stage(f"{model}: {each}"),  # type: ignore[misc]  # the default binds the loop's model
        )
        violated = sum(finding.counts.violated for finding in result.findings)
        reports = write_reports(result, folder, languages=("zh", "en"), people=people)
        tell(f"{model}: {result.population.cases:,} cases, {violated:,} violated obligations")
        for path in reports:
            tell(f"  {path}")
    say("Open a report in a browser. Beside each lies answer_key.csv: what was planted in the sample.")
