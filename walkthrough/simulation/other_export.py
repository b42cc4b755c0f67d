"""The other system's export as people see it, and the files by which both are audited together."""

from __future__ import annotations

from dataclasses import dataclass

from logs.key_links import CASE
from walkthrough.simulation.generate import Simulation
from walkthrough.simulation.other_system import BEGINS_US, RECORDED, SYSTEMS, link_of
from walkthrough.simulation.timing import AS_OF


@dataclass(frozen=True)
class OtherHeadings:
    """Headings of the other system's export, and the label of its events."""

    case: str
    activity: str
    time: str
    key: str
    """Empty: the key is the case."""
    label: str


class OtherExport:
    """What the files say of the other system."""

    def __init__(self, simulation: Simulation, lang: str) -> None:
        self.simulation, self.lang = simulation, lang
        self.rule = link_of(simulation.plan).rule

    @property
    def file(self) -> str:
        """Name of its export."""
        system = self.rule.records.system
        return system if system != self.simulation.export else f"{system}_recorded"

    @property
    def headings(self) -> OtherHeadings:
        """In the sample's language."""
        side, model, zh = self.rule.records, self.simulation.model, self.lang == "zh"
        known = model.activities.get(side.activity)
        label = known.name.get(self.lang) if known else "下游登记" if zh else "Recorded downstream"
        spec = model.attributes.get(side.key)
        key = spec.name.get(self.lang) if spec else "上游单号" if zh else "Number of the sender"
        key = "" if side.key == CASE else key
        names = ("登记号", "动作", "登记时间") if zh else ("Record id", "Action", "Recorded at")
        return OtherHeadings(*names, key, label)

    def mapping(self) -> str:
        """How it is read."""
        named = self.headings
        lines = [f"case: {named.case}", f"activity: {named.activity}", f"time: {named.time}"]
        if named.key:
            lines += ["attributes:", f"  {self.rule.records.key}: {named.key}"]
        since = _day(BEGINS_US)
        lines.append(f"window: {{from: {since}, until: {AS_OF:%Y-%m-%dT%H:%M:%S}}}")
        return "\n".join([*lines, ""])

    def sources(self) -> str:
        """Both systems, the process's first."""
        sender, recorder = self.rule.sends.system, self.rule.records.system
        files = {
            sender: (f"{self.simulation.export}.csv", "mapping.yaml"),
            recorder: (f"{self.file}.csv", f"{self.file}_mapping.yaml"),
        }
        lines = ["sources:"]
        for system, (file, mapping) in files.items():
            lines += [f"  {system}:", *self._title(system), f"    files: {file}", f"    mapping: {mapping}"]
            lines.append(f"    as_of: {AS_OF:%Y-%m-%dT%H:%M}")
        return "\n".join([*lines, ""])

    def _title(self, system: str) -> list[str]:
        name = self.simulation.model.systems.get(system)
        zh, en = (name.zh, name.en) if name else SYSTEMS.get(system, (system, system))
        return [f"    title: {{zh: {zh}, en: {en}}}"]


def _day(us: int) -> str:
    from datetime import UTC, datetime, timedelta

    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us, hours=8):%Y-%m-%d}"


__all__ = ["RECORDED", "OtherExport", "OtherHeadings"]
