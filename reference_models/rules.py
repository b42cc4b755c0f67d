"""Rules of a contract beside its diagram: what they say, as the detectors read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_models.authority import Authority, Text

if TYPE_CHECKING:
    from reference_models.model import Limit

COUNTED = ("existence", "absence", "exactly")
"""DECLARE templates of one activity that count it."""
PLACED = ("init", "end")
"""DECLARE templates of one activity that place it in the trace."""
RELATED = (
    "responded_existence",
    "co_existence",
    "response",
    "precedence",
    "succession",
    "alternate_response",
    "alternate_precedence",
    "alternate_succession",
    "chain_response",
    "chain_precedence",
    "chain_succession",
    "not_co_existence",
    "not_succession",
    "not_chain_succession",
)
"""DECLARE templates of two activities."""
TEMPLATES = (*COUNTED, *PLACED, *RELATED)


@dataclass(frozen=True)
class Comparison:
    """A condition on one attribute; all that is given must hold."""

    attribute: str
    one_of: tuple[str, ...] = ()
    """Categories or texts, of which it is one; empty: any."""
    none_of: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class DeclareRule:
    """A DECLARE template over one or two activities, with a limit in time and conditions on data."""

    id: str
    name: Text
    template: str
    """One of TEMPLATES."""
    activity: str
    """The template's first activity, A."""
    target: str | None
    """The template's second activity, B; None for templates of one activity."""
    times: int
    """existence: at least so often; absence: less often than that; exactly: so often."""
    limit: Limit | None
    """Between the two events; for one activity, from the first event of the case."""
    calendar: str
    """Calendar in which the limit runs."""
    when: tuple[Comparison, ...]
    """On the case: only such cases are judged."""
    activity_when: tuple[Comparison, ...]
    """On events of the first activity: only such events count as A."""
    target_when: tuple[Comparison, ...]
    """On events of the second activity: only such events count as B."""
    authority: Authority

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes that it speaks of, each once."""
        conditions = (*self.when, *self.activity_when, *self.target_when)
        return tuple(dict.fromkeys(each.attribute for each in conditions))


@dataclass(frozen=True)
class FourEyes:
    """Rule: no two of these activities of a case are done by the same person."""

    id: str
    name: Text
    activities: tuple[str, ...]
    when: tuple[Comparison, ...]
    """On the case: only such cases are judged."""
    authority: Authority


@dataclass(frozen=True)
class Match:
    """Rule: every one has another and every other has one (provisioned ⇔ billed)."""

    id: str
    name: Text
    one: str
    other: str
    """Activities."""
    same: tuple[str, ...]
    """Attributes in which the two events agree, whatever their cases; empty: they are of one case."""
    one_when: tuple[Comparison, ...]
    other_when: tuple[Comparison, ...]
    """On the events: only such events count."""
    limit: Limit | None
    """Between the two."""
    calendar: str
    """Calendar in which the limit runs."""
    authority: Authority

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes that it speaks of, each once."""
        conditions = (*self.one_when, *self.other_when)
        return tuple(dict.fromkeys((*self.same, *(each.attribute for each in conditions))))


@dataclass(frozen=True)
class PlannedFigure:
    """Indicator: how often an activity is planned to come in each period; never a limit."""

    id: str
    name: Text
    activity: str
    per: str
    """As of a PeriodLimit."""
    by: str
    """Attribute id, or 'unit' (the organisational unit as logged): a figure per group; empty: one for all."""
    figures: Mapping[str, float]
    """Group → planned number; the only one under '' where it is not by group."""
    activity_when: tuple[Comparison, ...]
    """On the events: only such events count."""
    authority: Authority


@dataclass(frozen=True)
class PeriodLimit:
    """Rule: how often an activity comes in each period, over all cases."""

    id: str
    name: Text
    activity: str
    per: str
    """'day', 'week' (from Monday), 'month', 'quarter' or 'year', in the zone of the model's calendar."""
    at_most: int | None
    at_least: int | None
    """Exactly one of the two is given."""
    activity_when: tuple[Comparison, ...]
    """On the events: only such events count."""
    authority: Authority
