"""A rate with its confidence interval and its target, small enough for a cell of a table."""

from __future__ import annotations

from markupsafe import Markup

from reports.svg.element import element

_WIDTH, _HEIGHT, _MARGIN = 150.0, 20.0, 4.0


def interval(
    low: float | None, rate: float | None, high: float | None, target: float | None, floor: float, title: str
) -> Markup:
    """A line from `floor` to 100 %: a bar for the interval, a dot for the rate, a tick for the target."""

    def x(share: float) -> float:
        return _MARGIN + (share - floor) / (1 - floor) * (_WIDTH - 2 * _MARGIN)

    middle = _HEIGHT / 2
    parts = [element("line", x1=x(floor), x2=x(1), y1=middle, y2=middle, class_="axis")]
    parts += [
        element("line", x1=x(s), x2=x(s), y1=middle - 2, y2=middle + 2, class_="axis")
        for s in (floor, (1 + floor) / 2, 1)
    ]
    if low is not None and high is not None:
        wide = max(x(high) - x(low), 2.0)
        parts.append(element("rect", x=x(low), y=middle - 4, width=wide, height=8, class_="interval"))
    if target is not None:
        parts.append(element("line", x1=x(target), x2=x(target), y1=2, y2=_HEIGHT - 2, class_="target"))
    if rate is not None:
        parts.append(element("circle", cx=x(rate), cy=middle, r=3.5, class_="rate"))
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"
    return element("svg", element("title", title), *parts, viewBox=box, class_="rate-picture", role="img")
