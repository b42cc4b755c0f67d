"""Where message flows run when pools lie one below the other: through the gap between two neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from reference_models.lane_grid import Box, LaneGrid, Point

_OFFSETS = (0.0, 16.0, -16.0, 32.0, -32.0)
"""How far from the middle of a node a message may leave or enter it, best first."""
_APART = 5.0
"""Least distance of two lines that run beside each other."""


@dataclass(frozen=True)
class Message:
    """A message flow: from a node of one pool to a node of another."""

    id: str
    source: str
    target: str


def message_lines(
    upper: LaneGrid, lower: LaneGrid, messages: Sequence[Message], gap: float
) -> Mapping[str, tuple[Point, ...]]:
    """Waypoints of the messages between two pools, of which the lower lies `gap` pixels below the upper.

    Coordinates are the upper pool's. Each line leaves its node upright, runs along a track of its own in
    the gap, and enters the other node upright; none passes through a node. A message for which there is
    no such way is left out.
    """
    below = upper.height + gap
    feet = [_Foot(upper, upper.height), _Foot(lower, 0.0)]
    ends: dict[str, tuple[float, float]] = {}
    for each in messages:
        high, low = (each.source, each.target) if each.source in upper.nodes else (each.target, each.source)
        at = feet[0].column(high), feet[1].column(low)
        if at[0] is not None and at[1] is not None:
            ends[each.id] = at[0], at[1]
    drawn = [each for each in messages if each.id in ends]
    tracks = _tracks(ends)
    lines: dict[str, tuple[Point, ...]] = {}
    for each in drawn:
        y = upper.height + gap * (tracks[each.id] + 1) / (len(drawn) + 1)
        down = each.source in upper.nodes
        top = upper.nodes[each.source if down else each.target]
        bottom = lower.nodes[each.target if down else each.source]
        x, other = ends[each.id]
        line = ((x, top.y + top.height), (x, y), (other, y), (other, bottom.y + below))
        lines[each.id] = line if down else line[::-1]
    return lines


class _Foot:
    """The pool on one side of the gap, and which columns of it are taken by messages."""

    def __init__(self, grid: LaneGrid, edge: float) -> None:
        self.grid = grid
        self.edge = edge
        """y of the border that faces the gap."""
        self.taken: list[tuple[float, float, float]] = []
        """x, upper and lower end of the upright stretches."""

    def column(self, node: str) -> float | None:
        """x of a free upright stretch from the node to the gap."""
        box = self.grid.nodes.get(node)
        if box is None:
            return None
        span = sorted((box.y if self.edge < box.y else box.y + box.height, self.edge))
        others = [each for name, each in self.grid.nodes.items() if name != node]
        for offset in _OFFSETS:
            x = box.middle[0] + offset
            if box.x < x < box.x + box.width and self._free(x, span[0], span[1], others):
                self.taken.append((x, span[0], span[1]))
                return x
        return None

    def _free(self, x: float, top: float, bottom: float, boxes: Iterable[Box]) -> bool:
        for box in boxes:
            if box.x <= x <= box.x + box.width and box.y < bottom and box.y + box.height > top:
                return False
        return not any(
            abs(other - x) < _APART and begins < bottom and ends > top
            for other, begins, ends in (*self.taken, *self._upright())
        )

    def _upright(self) -> Iterator[tuple[float, float, float]]:
        for line in self.grid.edges.values():
            for (x, y), (other, end) in pairwise(line):
                if x == other:
                    yield x, min(y, end), max(y, end)


def _tracks(ends: Mapping[str, tuple[float, float]]) -> dict[str, int]:
    """Track of each message, from the top: from left to right or the other way, whichever crosses less."""
    ordered = sorted(ends, key=lambda each: (min(ends[each]), each))
    ways = [{each: at for at, each in enumerate(way)} for way in (ordered, ordered[::-1])]
    return min(ways, key=lambda way: _crossings(way, ends))


def _crossings(tracks: Mapping[str, int], ends: Mapping[str, tuple[float, float]]) -> int:
    def crosses(one: str, other: str) -> int:
        """How often the uprights of one run through the track of the other."""
        left, right = sorted(ends[other])
        x = ends[one][0] if tracks[one] > tracks[other] else ends[one][1]
        return left < x < right

    return sum(crosses(one, other) + crosses(other, one) for one, other in combinations(tracks, 2))
