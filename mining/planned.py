"""Planned figures beside the actual ones: indicators, never a cap and never a breach."""

from __future__ import annotations

from dataclasses import dataclass

from reference_models.model import PlannedFigure


@dataclass(frozen=True)
class PlannedPeriod:
    """One period, and one group where the figures are by group."""

    period: str
    """Its first day, ISO 8601, in the zone of the model's calendar."""
    from_us: int
    until_us: int
    """Microseconds since the epoch, UTC; the end excluded."""
    group: str
    """The group that the figure is for; empty: all, or what belongs to no group that has a figure."""
    planned: float | None
    """None: what belongs to no group that has a figure."""
    actual: int
    """Events counted in it, up to as-of."""
    cut: bool
    """The log begins within it: it is incomplete, and no share can be stated."""
    running: bool
    """As-of lies within it: the figure is for the whole period, the count goes up to as-of."""
    doubt: str | None
    """Why there may have been more (or, of a group, others): the reason codes of occurrences; None: none."""

    @property
    def difference(self) -> float | None:
        """Actual less planned; None without a figure, or where the period is cut."""
        return None if self.planned is None or self.cut else self.actual - self.planned

    @property
    def share(self) -> float | None:
        """Actual / planned; None where there is no difference, or nothing was planned."""
        return self.actual / self.planned if self.planned and self.difference is not None else None


@dataclass(frozen=True)
class Indicator:
    """A planned figure with what became of it, period by period."""

    plan: PlannedFigure
    periods: tuple[PlannedPeriod, ...]
    """By time, then in the contract's order of groups, what has no figure last."""
    not_counted: str | None = None
    """Why nothing could be counted: 'field_missing' or 'no_events'; None: it was."""
    missing: tuple[str, ...] = ()
    """Columns, attributes or activities that are missing."""
