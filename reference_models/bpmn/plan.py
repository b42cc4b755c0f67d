"""What the construction of a net has put down so far: steps, regions, and who catches what is thrown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from logs.problems import Problem
from reference_models.bpmn.reduction import Step


@dataclass
class Region:
    """Places that are emptied together: a process, a subprocess, or an activity with its instances."""

    name: str
    element: str
    """The BPMN element, for messages."""
    parent: Region | None
    entry: tuple[str, ...] = ()
    """Tokens in it when it begins."""
    enter: str = ""
    """Id of the step that puts them there; empty: the process itself."""
    places: dict[str, None] = field(default_factory=dict)
    """In order; those of regions within it included."""

    def hold(self, *places: str) -> None:
        """Take places in, here and in every region around."""
        region: Region | None = self
        while region is not None:
            region.places.update(dict.fromkeys(places))
            region = region.parent

    def is_within(self, other: Region) -> bool:
        """Whether this is the other region or lies in it."""
        region: Region | None = self
        while region is not None:
            if region is other:
                return True
            region = region.parent
        return False


@dataclass
class Plan:
    """Steps of the net, in the order of the drawing, with the regions that they speak of."""

    file: str
    steps: list[Step] = field(default_factory=list)
    regions: dict[str, Region] = field(default_factory=dict)
    """By name; a region stands after those within it."""
    bookkeeping: set[str] = field(default_factory=set)
    """Places whose tokens count or remember, and carry no work."""
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int | None] = field(default_factory=dict)

    def refuse(self, element: str, what: str, mend: str) -> None:
        """Note that an element cannot be compiled exactly."""
        problem = Problem(f"'{element}': {what}", self.file, self.lines.get(element), mend)
        if problem not in self.problems:
            self.problems.append(problem)

    def work(self, places: Iterable[str]) -> frozenset[str]:
        """The places among these that carry work."""
        return frozenset(place for place in places if place not in self.bookkeeping)


@dataclass(frozen=True)
class Catch:
    """An event that catches what is thrown within its activity or scope."""

    event: str
    """Id of the boundary event or of the start event of an event subprocess."""
    code: str
    clears: str
    """Region that it interrupts; empty: none."""
    post: tuple[str, ...]
    """Tokens of its path."""


@dataclass
class Frame:
    """What catches errors and escalations at one level; levels further out follow in `outer`."""

    catches: dict[str, list[Catch]] = field(default_factory=dict)
    """'error' or 'escalation' → events."""
    outer: Frame | None = None
    thrown_to: set[str] = field(default_factory=set)
    """Events to which something drawn within throws; shared by all levels."""

    def inside(self) -> Frame:
        """A further level within this one."""
        return Frame(outer=self, thrown_to=self.thrown_to)

    def catch(self, kind: str, code: str) -> Catch | None:
        """Who catches it: the nearest level, there the event of the same code before one that names none."""
        level: Frame | None = self
        while level is not None:
            for wanted in dict.fromkeys((code, "")):
                for each in level.catches.get(kind, ()):
                    if each.code == wanted:
                        self.thrown_to.add(each.event)
                        return each
            level = level.outer
        return None
