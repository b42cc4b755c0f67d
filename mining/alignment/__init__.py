"""Optimal alignments of variants with a reference model's net."""

from mining.alignment.bounds import align_net
from mining.alignment.exact import Aligner, align
from mining.alignment.interface import Alignment, Mode, Step, Variant
from mining.alignment.reachability import (
    ReachabilityGraph,
    TooLargeError,
    next_activities,
    reachability_graph,
    repeatable,
)

__all__ = [
    "Aligner",
    "Alignment",
    "Mode",
    "ReachabilityGraph",
    "Step",
    "TooLargeError",
    "Variant",
    "align",
    "align_net",
    "next_activities",
    "reachability_graph",
    "repeatable",
]
