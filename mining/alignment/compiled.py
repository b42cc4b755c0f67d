"""Numba's part of the engine, where it can be had: what it compiles is kept on disk for the next run."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import NamedTuple


class Compiled(NamedTuple):
    """The modules that hold compiled functions."""

    band: ModuleType
    demand: ModuleType
    exploration: ModuleType


@cache
def load() -> Compiled | None:
    """The compiled part; None where there is no Numba, or no folder in which it may keep what it compiles.

    Loading it takes about as long as NumPy needs for a small log: see `at_hand`.
    """
    try:
        from mining.alignment import band, demand, exploration
    except (ImportError, RuntimeError):
        return None
    return Compiled(band, demand, exploration)


def at_hand() -> Compiled | None:
    """The compiled part if it is loaded already."""
    return load() if "numba" in sys.modules else None
