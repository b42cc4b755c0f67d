"""A drawing of swimlanes cut into strips that fit a page, lanes without tasks in a strip made slim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reference_models.lane_grid import Box, LaneBand, LaneGrid, Point

_SLIM = 34.0
_MARGIN = 24.0
_LEAST = 80.0
_GAP = 12.0
_NAME, _RATHER = 50.0, 260.0


@dataclass(frozen=True)
class Strip:
    """A part of a drawing, from `begin` to `end`."""

    begin: float
    end: float
    top: float
    bottom: float
    lanes: tuple[LaneBand, ...]
    """From the first to the last lane that has something here."""
    nodes: Mapping[str, Box]
    """The nodes whose middle lies here."""
    tracks: Mapping[str, tuple[Point, ...]]
    """All flows of the drawing, in the strip's heights."""

    def passing(self) -> dict[str, tuple[Point, ...]]:
        """The flows that have a part here."""
        return {id: track for id, track in self.tracks.items() if _touches(track, self.begin, self.end)}


def strips(
    grid: LaneGrid, most: float, name_height: Callable[[str], float], names: Sequence[float] = ()
) -> tuple[Strip, ...]:
    """Cut between columns, so that no node is cut, into parts at most so wide and about equally wide.

    `name_height` tells how high the lane of a role must be at least, for its name; `names` where names of
    flows begin: better no cut goes through them.
    """
    return tuple(_strip(grid, begin, end, name_height) for begin, end in pairwise(_cuts(grid, most, names)))


def _cuts(grid: LaneGrid, most: float, names: Sequence[float]) -> list[float]:
    left = min((box.x for box in grid.nodes.values()), default=0.0) - _MARGIN
    right = max((box.x + box.width for box in grid.nodes.values()), default=most) + _MARGIN
    parts = max(1, -(-int(right - left) // int(most)))
    free = _free(grid, left, right)
    cuts = [left]
    while cuts[-1] < right:
        ideal = left + (right - left) * len(cuts) / parts
        fitting = [x for x in free if cuts[-1] + _LEAST < x <= cuts[-1] + most]
        if right - cuts[-1] <= most or not fitting:
            cuts.append(right)
        else:
            cuts.append(min(fitting, key=lambda x: (abs(x - ideal) + _pinched(x, names), x)))
    return cuts


def _pinched(x: float, names: Sequence[float]) -> float:
    """How far from the ideal a cut may rather lie than run through the name of a flow."""
    return _RATHER if any(0 <= x - begin < _NAME for begin in names) else 0.0


def _free(grid: LaneGrid, left: float, right: float) -> list[float]:
    """A place in every gap between columns, as far as can be from flows that run upright there."""
    upright = sorted({a[0] for track in grid.edges.values() for a, b in pairwise(track) if a[0] == b[0]})
    places: list[float] = []
    reach = left
    for begin, end in sorted((box.x, box.x + box.width) for box in grid.nodes.values()):
        if begin - reach >= _GAP:
            marks = [reach, *(x for x in upright if reach < x < begin), begin]
            low, high = max(pairwise(marks), key=lambda pair: pair[1] - pair[0])
            places.append((low + high) / 2)
        reach = max(reach, end)
    return [place for place in places if left < place < right]


def _strip(grid: LaneGrid, begin: float, end: float, name_height: Callable[[str], float]) -> Strip:
    boxes = {id: box for id, box in grid.nodes.items() if begin <= box.middle[0] < end}
    lanes = _lanes(grid, boxes.values(), begin, end)
    moved, height_at = _slimmed(lanes, boxes.values(), name_height)
    return Strip(
        begin,
        end,
        min((lane.y for lane in moved), default=0.0),
        max((lane.y + lane.height for lane in moved), default=grid.height),
        moved,
        {id: replace(box, y=height_at(box.y)) for id, box in boxes.items()},
        {id: tuple((x, height_at(y)) for x, y in track) for id, track in grid.edges.items()},
    )


def _lanes(grid: LaneGrid, boxes: Iterable[Box], begin: float, end: float) -> tuple[LaneBand, ...]:
    """The lanes from the first to the last that has a node or a flow in the strip."""
    reach = [(box.y, box.y + box.height) for box in boxes]
    for track in grid.edges.values():
        inside = [pair for pair in pairwise(track) if _touches(pair, begin, end)]
        reach += [(min(a[1], b[1]), max(a[1], b[1])) for a, b in inside]
    used = [at for at, lane in enumerate(grid.lanes) if any(_meets(lane, low, high) for low, high in reach)]
    return grid.lanes[used[0] : used[-1] + 1] if used else grid.lanes


def _slimmed(
    lanes: Sequence[LaneBand], boxes: Iterable[Box], name_height: Callable[[str], float]
) -> tuple[tuple[LaneBand, ...], Callable[[float], float]]:
    """Lanes without a node made slim, and the heights of old places in the new drawing."""
    spans = [(box.y, box.y + box.height) for box in boxes]
    moved: list[LaneBand] = []
    y = lanes[0].y if lanes else 0.0
    for lane in lanes:
        slim = max(_SLIM, name_height(lane.role))
        busy = any(_meets(lane, low, high) for low, high in spans)
        moved.append(replace(lane, y=y, height=lane.height if busy else min(lane.height, slim)))
        y += moved[-1].height
    pairs = list(zip(lanes, moved, strict=True))

    def height_at(old: float) -> float:
        for was, now in pairs:
            if old <= was.y + was.height:
                return now.y + (old - was.y) * now.height / was.height if old >= was.y else old
        return old - sum(was.height - now.height for was, now in pairs)

    return tuple(moved), height_at


def _meets(lane: LaneBand, low: float, high: float) -> bool:
    return low < lane.y + lane.height and high > lane.y


def _touches(track: Sequence[Point], begin: float, end: float) -> bool:
    xs = [x for x, _ in track]
    return min(xs) <= end and max(xs) >= begin
