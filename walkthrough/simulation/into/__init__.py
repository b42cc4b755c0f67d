"""Plant faults into an existing export: `plant_into`; `plant.py` is where it begins."""

from walkthrough.simulation.into.plant import PlantedInto, plant_into

__all__ = ["PlantedInto", "plant_into"]
