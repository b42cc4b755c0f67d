"""Where on a flow a name or a badge can stand without naming another flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from reference_models.lane_grid import Point

_SHORT = 12.0

Stretch = tuple[Point, Point]


def own_stretch(id: str, tracks: Mapping[str, Sequence[Point]], *, upright: bool = False) -> Stretch:
    """A stretch of a flow that no other flow runs along: the first one, or the longest upright one.

    Flows of one gateway share their first stretches; a label or badge there would name the wrong flow.
    """
    others = [track for other, track in tracks.items() if other != id]
    pieces = [piece for each in pairwise(tracks[id]) for piece in _pieces(*each, others)]
    stretches = [each for each in pieces if length(each) >= _SHORT] or pieces
    free = [each for each in stretches if not any(_on(between(*each), track) for track in others)]
    free = free or stretches
    if not upright:
        return free[0]
    return max([each for each in free if is_upright(each)] or free, key=length)


def length(stretch: Stretch) -> float:
    """Length of a level or upright stretch."""
    (x, y), (x2, y2) = stretch
    return abs(x2 - x) + abs(y2 - y)


def is_upright(stretch: Stretch) -> bool:
    """Whether it runs up or down rather than across."""
    (x, y), (x2, y2) = stretch
    return abs(y2 - y) > abs(x2 - x)


def between(a: Point, b: Point) -> Point:
    """The middle."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _pieces(a: Point, b: Point, others: Sequence[Sequence[Point]]) -> Iterator[Stretch]:
    """A stretch, cut where another flow turns on it."""
    turns = {point for track in others for point in track if _on(point, (a, b))}
    along = sorted({a, b, *turns}, key=lambda point: length((a, point)))
    yield from pairwise(along)


def _on(point: Point, track: Sequence[Point]) -> bool:
    """Whether a point lies on a rectangular track, give or take two pixels."""
    x, y = point
    return any(
        min(a[0], b[0]) - 2 <= x <= max(a[0], b[0]) + 2 and min(a[1], b[1]) - 2 <= y <= max(a[1], b[1]) + 2
        for a, b in pairwise(track)
    )
