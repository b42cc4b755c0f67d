"""Sample exports of the library's models, with planted faults and the answer key.

Shares no code with the detectors: it plays the net out, gives times on a calendar of its own, and writes
down what it planted.
"""

from walkthrough.simulation.block import Sample
from walkthrough.simulation.export import FORMATS, Written, write_exports
from walkthrough.simulation.generate import Simulation, simulate

__all__ = ["FORMATS", "Sample", "Simulation", "Written", "simulate", "write_exports"]
