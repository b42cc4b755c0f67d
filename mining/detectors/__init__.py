"""The detectors: one file each, found by walking this package. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from mining.detection import Detector
from mining.findings import Family


@cache
def detectors() -> tuple[Detector, ...]:
    """All detectors, in the order of families (and within a family by `order`, then by name)."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    families = list(Family)
    found = sorted(
        Detector.__subclasses__(), key=lambda kind: (families.index(kind.family), kind.order, kind.__name__)
    )
    return tuple(kind() for kind in found)
