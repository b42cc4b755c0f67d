"""What a model does not say and its samples look better for: data only, and optional."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from logs.documents import Document, load_document
from reference_models.model import ReferenceModel

_OURS = Path(__file__).parent / "hints"
NAME = "simulation.yaml"
"""Of the file beside a user's contract."""
Positive = Annotated[float, Field(gt=0)]


class Hints(Document):
    """Hints on one model."""

    prefix: str = ""
    """Of case numbers."""
    case_heading: str = "工单号"
    export: str = "events"
    """What the rows of its exports are: their file's name."""
    hours_per_step: Positive | None = None
    """Mean hours of a step where no deadline says otherwise."""
    weights: Mapping[str, Positive] = Field(default_factory=dict)
    """How likely activities are where the run has a choice (default 1)."""
    handoff_limits: Mapping[str, Positive] = Field(default_factory=dict)
    """Handoff → limit of the sample, in working days or hours as the model counts."""
    per_round: tuple[str, ...] = ()
    """Attributes that differ between the orders of one case."""
    texts: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    """Attribute → what it may say, and the same in English; else it is a code of its own in each case."""
    numbers: Mapping[str, tuple[Positive, Positive]] = Field(default_factory=dict)
    """Attribute → least and most."""
    with_activity: Mapping[str, Mapping[str, tuple[str, ...]]] = Field(default_factory=dict)
    """Activity → attribute → the categories of cases whose run holds it; no other case is of those."""


def hints_of(model: ReferenceModel) -> Hints:
    """The hints on a model: ours for the library's, else `simulation.yaml` in its folder, else none."""
    for path in (_OURS / f"{model.id}.yaml", Path(model.location) / NAME):
        if path.is_file():
            return load_document(path, Hints)
    return Hints(prefix="".join(part[0] for part in model.id.split("-") if part).upper())
