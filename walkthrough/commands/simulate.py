"""`walkthrough simulate`: sample exports with an answer key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from logs.problems import InputError, Problem
from reference_models import load
from walkthrough.api import instant_us
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
    overwrite: bool,
    override: Path | None = None,
    as_of: str | None = None,
) -> None:
    """Run the whole command."""
    problems = [
        Problem(f"no export '{name}'", mend=f"choose from {', '.join(FORMATS)}")
        for name in formats
        if name not in FORMATS
    ]
    if noise not in LEVELS:
        problems.append(Problem(f"no noise '{noise}'", mend=f"choose from {', '.join(LEVELS)}"))
    problems += _misplaced(out, into, mapping, overwrite=overwrite)
    problems += _idle(
        into,
        {"--mapping": mapping, "--override": override, "--as-of": as_of},
        formats=formats,
        lang=lang,
        noise=noise,
    )
    try:
        reference = load(model, override=override)
        instant = None if as_of is None else datetime.fromtimestamp(instant_us(as_of) / 1e6, UTC)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    make_folder(out)
    if into is not None:
        each_kind = max(1, round(cases * fault_rate))
        planted = plant_into(
            into, reference, out, mapping=mapping, each_kind=each_kind, seed=seed, as_of=instant
        )
        tell(
            f"{planted.planted:,} faults planted into {planted.hosts:,} cases that run as the model wants, "
            f"to be audited with --as-of {planted.as_of.isoformat()}"
        )
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


def _misplaced(out: Path, into: Path | None, mapping: Path | None, *, overwrite: bool) -> Iterator[Problem]:
    """Why nothing may be written there: what is there already would be replaced."""
    if not out.is_dir():
        return
    given = [each for each in (into, mapping) if each is not None]
    if any(each.resolve().parent == out.resolve() for each in given):
        yield Problem("holds the export to plant into", str(out), mend="name another folder with --out")
    elif not overwrite and any(out.iterdir()):
        what = "is not empty: files of the same names would be replaced"
        yield Problem(what, str(out), mend="name a new folder with --out, or say --overwrite")


def _idle(
    into: Path | None, given: Mapping[str, object], *, formats: Sequence[str], lang: str, noise: str
) -> Iterator[Problem]:
    """Options that would do nothing. given: those of planting into an export."""
    for option in (name for name, value in given.items() if into is None and value is not None):
        does = f"{option} says how --into is read" if option == "--mapping" else f"{option} goes with --into"
        yield Problem(does, mend=f"give --into as well, or remove {option}")
    if into is not None:
        asked = {"--export": list(formats) != ["long"], "--lang": lang != "zh", "--noise": noise != "none"}
        for option in (name for name, given in asked.items() if given):
            what = f"{option} does nothing with --into: the export stays as it is, but for the faults"
            yield Problem(what, mend=f"remove {option}")
