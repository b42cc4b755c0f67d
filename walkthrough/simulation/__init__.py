"""Sample exports of the library's models, with planted faults and the answer key.

Shares no code with the detectors: it plays the net out, gives times on a calendar of its own, and writes
down what it planted.
"""

from walkthrough.simulation.export import FORMATS, write_exports
from walkthrough.simulation.generate import Sample, simulate

__all__ = ["FORMATS", "Sample", "simulate", "write_exports"]
