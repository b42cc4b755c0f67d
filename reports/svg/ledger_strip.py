"""A clock's ledger as a strip: running dark, paused hatched, outside the calendar light."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from mining.findings import ClockInterval
from reports.svg.element import element

_WIDTH, _HEIGHT = 520.0, 14.0


def ledger_strip(ledger: Sequence[ClockInterval], due_us: int | None, title: str) -> Markup:
    """The strip, with a tick where the obligation was due."""
    first, last = ledger[0].from_us, ledger[-1].until_us
    span = max(last - first, 1)
    parts = [
        element(
            "rect",
            x=(each.from_us - first) / span * _WIDTH,
            y=2,
            width=max((each.until_us - each.from_us) / span * _WIDTH, 0.5),
            height=_HEIGHT - 4,
            class_=f"clock-{each.state if each.state in ('running', 'paused', 'off') else 'off'}",
        )
        for each in ledger
    ]
    if due_us is not None and first <= due_us <= last:
        x = (due_us - first) / span * _WIDTH
        parts.append(element("line", x1=x, x2=x, y1=0, y2=_HEIGHT, class_="clock-due"))
    return element(
        "svg",
        element("title", title),
        *parts,
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        class_="strip",
        role="img",
    )
