"""The conforming logs of a library model show all of it."""

import csv
from pathlib import Path

import pytest

import reference_models
from logs.labels import normalise_label
from reference_models import label_index, library, load

LIBRARY = Path(reference_models.__file__).parent / "library"


def recorded(model):
    """Activities that the model's conforming logs record."""
    known = label_index(model)
    for path in (LIBRARY / model.id / "conforming").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            yield from (known[normalise_label(row["activity"])] for row in csv.DictReader(file))


@pytest.mark.parametrize("model_id", library())
def test_every_activity_is_walked_but_those_that_must_not_happen(model_id):
    model = load(model_id)
    barred = {each.activity for each in model.rules if each.template == "absence" and (each.times or 1) == 1}
    assert set(model.activities) - set(recorded(model)) == barred


@pytest.mark.parametrize("model_id", library())
def test_several_kinds_of_findings_are_shown(model_id):
    kinds = {path.stem for path in (LIBRARY / model_id / "violating").glob("*.csv")}
    assert len(kinds) >= 6
    assert {kind.split(".")[0] for kind in kinds} >= {"handoff", "lost"}
