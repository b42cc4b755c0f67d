"""A sample with planted faults beside what the audit found in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import walkthrough
from mining.audit_result import Audit
from reference_models import load
from walkthrough.simulation import Sample, Simulation, write_exports
from walkthrough.simulation.noise import NONE, Noise
from walkthrough.simulation.timing import AS_OF

CASES = 600
SCENARIOS = ("circuit-provisioning", "fault-handling", "in-sales-procurement")
BETWEEN_SYSTEMS = ("vanished", "orphan", "recorded_late")
SUBJECT_OF = {
    "handoff.dropped": lambda rule, subject: rule.endswith(f"->{subject}"),
    "handoff.unsent": lambda rule, subject: f":{subject}->" in rule,
    "handoff.late": lambda rule, subject: rule.endswith(f":{subject}"),
    "handoff.misrouted": lambda rule, subject: rule.endswith(f"->{subject}"),
    "handoff.unreturned": lambda rule, subject: rule.endswith(f":{subject}"),
    "deviation.swapped": lambda rule, subject: rule.partition(":")[2] in subject.split("|"),
    **{
        f"deviation.{kind}": lambda rule, subject: rule.endswith(f":{subject}")
        for kind in ("inserted", "repeated", "unknown")
    },
}
"""Whether a rule speaks of what was planted; rules of other kinds name no activity in their id."""


@dataclass(frozen=True)
class Exam:
    """A simulated sample with its exports."""

    model: str
    folder: Path
    sample: Sample
    name: str
    """Of its exports."""
    key: pd.DataFrame
    """answer_key.csv, and the family.kind as `fk`."""

    def export(self, ending: str = ".csv") -> Path:
        """The long export, or with another ending another one."""
        return self.folder / f"{self.name}{ending}"

    def audit(self, ending: str = ".csv", *, mapped: bool = False) -> Audit:
        """Audit an export as a user would: with the proposed mapping (or the sample's) and its limits."""
        limits = self.folder / "limits.yaml"
        override = limits if limits.exists() else None
        mapping = self.folder / "mapping.yaml" if mapped else None
        return walkthrough.audit(
            self.export(ending), self.model, mapping=mapping, override=override, as_of=AS_OF
        )

    @property
    def planted(self) -> pd.DataFrame:
        """What one log alone shows of what was planted."""
        return self.key[(self.key["role"] == "planted") & ~self.key["kind"].isin(BETWEEN_SYSTEMS)]


def exam(
    model: str,
    seed: int,
    folder: Path,
    formats: tuple[str, ...] = ("long",),
    lang: str = "zh",
    noise: Noise = NONE,
) -> Exam:
    """Simulate and export."""
    simulation = Simulation(load(model), CASES, seed, noise=noise)
    write_exports(simulation, folder, formats, lang=lang)
    key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
    return Exam(
        model,
        folder,
        simulation.sample(),
        simulation.export,
        key.assign(fk=key["family"] + "." + key["kind"]),
    )


def violated(audit: Audit) -> pd.DataFrame:
    """Violated occurrences, and warnings, with family.kind as `fk` and their source rows as a set."""
    warned = audit.occurrences["reason"] == "at_risk"
    found = audit.occurrences[(audit.occurrences["verdict"] == "violated") | warned]
    rows = [set(map(int, rows)) for rows in found["source_rows"]]
    kinds = [rule.partition(":")[0] for rule in found["rule_id"]]
    return found.assign(fk=kinds, found_rows=rows)


def missed(exam: Exam, found: pd.DataFrame) -> list[str]:
    """Planted faults of which no occurrence has the same case, kind, subject, pair and rows."""
    there = {key: list(group.itertuples()) for key, group in found.groupby(["case_id", "fk"])}
    return [
        f"{planted.case_id} {planted.fk} {planted.subject} rows {planted.rows}"
        for planted in exam.planted.itertuples()
        if not any(_answers(planted, each) for each in there.get((planted.case_id, planted.fk), []))
    ]


def surplus(exam: Exam, found: pd.DataFrame) -> list[str]:
    """Occurrences that were neither planted nor declared as a consequence of what was."""
    allowed = set(zip(exam.key["case_id"], exam.key["fk"], strict=True))
    return [
        f"{each.case_id} {each.rule_id} {each.anchor}"
        for each in found.itertuples()
        if (each.case_id, each.fk) not in allowed
    ]


def _answers(planted, occurrence) -> bool:
    fits = SUBJECT_OF.get(planted.fk, lambda rule, subject: True)
    if not fits(occurrence.rule_id, planted.subject):
        return False
    if planted.related_case and occurrence.related_case != planted.related_case:
        return False
    rows = {int(row) for row in planted.rows.split()}
    if planted.family == "deadline":  # evidence is where the clock began and ended, not what took so long
        past = occurrence.measure > occurrence.limit
        return past == (planted.kind != "at_risk")
    if planted.kind == "swapped":  # of two events in the wrong order, one is told as moved
        return bool(rows & occurrence.found_rows)
    return rows <= occurrence.found_rows
