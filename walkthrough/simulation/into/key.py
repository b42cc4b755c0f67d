"""The answer key of faults planted into an existing export."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reference_models.model import ReferenceModel
from walkthrough.simulation.courses import Plant
from walkthrough.simulation.truth import Fact

HEADINGS = ("case_id", "family", "kind", "subject", "role", "related_case", "rows")
LATE_HANDOFF = ("handoff", "late")
JUDGED = (
    ("deadline", "late"),
    ("deadline", "overdue_and_open"),
    ("deadline", "at_risk"),
    ("lost", "stalled"),
    ("rule", "told"),
    ("rule", "declare"),
    ("rule", "matched"),
    ("rule", "four_eyes"),
)
"""Obligations that the simulator's own truth judges."""


class Kind(NamedTuple):
    """A kind of fault that can be planted."""

    of: str
    """'family.kind'."""
    room: int
    """Cases that could have it."""
    plant: Callable[[], bool]
    """Plants it once more; False: there is no room left."""


class Planted(NamedTuple):
    """A fault that was planted."""

    case: str
    plant: Plant
    related: str
    rows: tuple[int, ...]
    """That show it, in the export's own count."""
    besides: tuple[Fact, ...]
    """What the case breaks since then as well."""
    open: tuple[tuple[str, str], ...]
    """(family, kind) that nobody worked out."""


@dataclass
class IntoKey:
    """What was planted so far."""

    model: ReferenceModel
    planted: list[Planted] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """Cases planted into or taken out, and those that a pair or a gap rests on."""
    whole: list[tuple[str, ...]] = field(default_factory=list)
    """Rows about no single fault."""

    def add(
        self,
        case: str,
        plant: Plant,
        rows: Sequence[int],
        gained: Iterable[Fact] | None,
        *,
        related: str = "",
        retimed: bool = True,
    ) -> None:
        """Note a fault. gained: what the case breaks more than before, the fault itself among it or not;
        None: nobody knows. retimed: its events are others, or at other times."""
        besides = list(gained or ())
        own = next((each for each in besides if each.certain and _is(each, plant)), None)
        if own is not None:
            besides.remove(own)
        left = () if gained is not None else JUDGED
        left = (*left, LATE_HANDOFF) if retimed else left
        self.planted.append(Planted(case, plant, related, tuple(rows), tuple(besides), left))
        self.used |= {case, related} - {""}

    @property
    def count(self) -> int:
        """Faults planted."""
        return len(self.planted) + sum(row[4] == "planted" for row in self.whole)

    def state(self, plant: Plant, role: str, case: str = "", related: str = "") -> None:
        """Note what the whole log shows, of no single case, or of two."""
        self.whole.append((case, plant.family, plant.kind, plant.subject, role, related, ""))

    def write(self, target: Path, line: Mapping[int, int]) -> None:
        """line: row of the export → line of what is written."""
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADINGS)
            for each in sorted(self.planted, key=lambda each: (each.plant.of, each.case)):
                writer.writerows(self._rows(each, line))
            writer.writerows(self.whole)

    def _rows(self, each: Planted, line: Mapping[int, int]) -> Iterator[tuple[str, ...]]:
        plant = each.plant
        places = " ".join(map(str, sorted(line[row] for row in each.rows)))
        yield each.case, plant.family, plant.kind, plant.subject, "planted", each.related, places
        for fact in each.besides:
            role = "consequence" if fact.certain else "undetermined"
            yield each.case, fact.family, fact.kind, fact.subject, role, "", ""
        for dispatch in () if each.related else self._sent_again(plant):
            yield each.case, "handoff", "unreturned", dispatch, "consequence", "", ""
        for family, kind in each.open:
            yield each.case, family, kind, "", "undetermined", "", ""
        for match in self.model.matches:
            if match.same:  # by what the cases share: nobody compares them here
                yield each.case, "rule", "matched", match.id, "undetermined", "", ""

    def _sent_again(self, plant: Plant) -> Iterator[str]:
        """An order placed twice in its case, and returned once, is a dispatch without return as well."""
        activity = next((o.activity for o in self.model.duplicates if o.id == plant.subject), "")
        for pair in self.model.returns:
            if plant.family == "duplicate" and pair.dispatched_by == activity:
                yield f"{pair.dispatched_by}->{pair.returned_by}"


def _is(fact: Fact, plant: Plant) -> bool:
    return (fact.family, fact.kind, fact.subject) == (plant.family, plant.kind, plant.subject)
