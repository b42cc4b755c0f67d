"""`walkthrough simulate`: sample exports with an answer key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models import load
from walkthrough.people import make_folder
from walkthrough.simulation import FORMATS, Simulation, write_exports
from walkthrough.simulation.into import plant_into
from walkthrough.simulation.noise import LEVELS
from walkthrough.simulation.timing import AS_OF
from walkthrough.terminal import tell


def run_simulate(
    model: str,
    *,
    out: Path,
    cases: int,
    seed: int,
    fault_rate: float,
    formats: Sequence[str],
    lang: str,
    noise: str,
    into: Path | None,
    mapping: Path | None,
) -> None:
    """Run the whole command."""
    problems = [
        Problem(f"no export '{name}'", mend=f"choose from {', '.join(FORMATS)}")
        for name in formats
        if name not in FORMATS
    ]
    if noise not in LEVELS:
        problems.append(Problem(f"no noise '{noise}'", mend=f"choose from {', '.join(LEVELS)}"))
    try:
        reference = load(model)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    make_folder(out)
    if into is not None:
        each_kind = max(1, round(cases * fault_rate))
        planted = plant_into(into, reference, out, mapping=mapping, each_kind=each_kind, seed=seed)
        tell(f"{planted.planted:,} faults planted into {planted.hosts:,} cases that run as the model wants")
        tell("\n".join(map(str, (planted.events, planted.mapping, planted.key))))
        return
    made = write_exports(
        Simulation(reference, cases, seed, fault_rate, noise=LEVELS[noise]), out, formats, lang=lang
    )
    tell(
        f"{made.events:,} events, {made.cases:,} cases, {made.planted:,} faults planted, "
        f"taken on {AS_OF.isoformat()}"
    )
    tell("\n".join(map(str, made.files)))
