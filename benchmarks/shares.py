"""Shares with their interval."""

from __future__ import annotations

from math import sqrt

_Z = 1.959964


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927); without anything counted, all of it."""
    if not of:
        return 0.0, 1.0
    share = hits / of
    centre, half = share + _Z**2 / (2 * of), _Z * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return (centre - half) / (1 + _Z**2 / of), (centre + half) / (1 + _Z**2 / of)
