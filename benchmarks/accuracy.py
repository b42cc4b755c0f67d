"""Precision and recall per kind of finding, against planted and natural truth.

    python benchmarks/accuracy.py [--cases 600] [--models ID …] [--levels clean export] [--seconds 3000]

Simulates every library model with five seeds that the tests do not use, clean and with the noise of exports,
audits the exports and compares with the answer keys. Writes accuracy.md and prints its tables. What the log
cannot show ('undetermined' in the key) is neither a miss nor a false alarm; it is counted.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from shares import wilson

import walkthrough
from mining.audit_result import Audit
from reference_models import load
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.noise import EXPORT, NONE, Noise
from walkthrough.simulation.timing import AS_OF

SEEDS = (101, 202, 303, 404, 505)
RATE = 0.04
"""Share of the cases that each kind of fault is planted in."""
LEVELS: dict[str, Noise] = {"clean": NONE, "export noise": EXPORT}
REAL = "planted into public logs"
REAL_SEEDS, EACH_KIND = 2, 60
BARS = {"clean": 0.99, "export noise": 0.95, REAL: 0.95}
LIBRARY = Path(__file__).parents[1] / "reference_models" / "library"
TRUE = ("planted", "consequence", "natural")
LISTED = 60
"""Misses and false alarms listed at most, per level."""
TIED = ("cross-network-acceptance", "leaving-and-retention", "new-product-development", "after-sales-service")
_TIE = (
    "the simulator's: dispatch and return change places and fall into one minute, at which a dispatch comes "
    "before its return; since then such swaps are not planted"
)
_PATH = (
    "the audit's: the returns allowed are those of one of several equally good reference paths, here of one "
    "with fewer; the swap is then owned by the ping-pong, and neither is marked ambiguous"
)
EXPLAINED: tuple[tuple[str, str, str], ...] = (
    ("*", "handoff.unreturned", _TIE),
    *((model, "deviation.swapped", _TIE) for model in TIED),
    ("*", "deviation.swapped", _PATH),
    ("*", "handoff.ping_pong", _PATH),
)
"""(model, kind, why) of what is missed or found wrongly."""


@dataclass
class Tally:
    """What became of one kind."""

    planted: int = 0
    found: int = 0
    besides: int = 0
    """True as a consequence or by nature."""
    besides_found: int = 0
    right: int = 0
    wrong: int = 0
    undetermined: int = 0
    """Violated occurrences of which the log does not show whether they are true."""

    @property
    def recall(self) -> float | None:
        """Of what was planted."""
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Of what was called violated and can be decided."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


@dataclass
class Level:
    """One level of noise."""

    name: str
    tallies: dict[str, Tally] = field(default_factory=dict)
    errors: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    """(miss or false alarm, sample, case, kind, subject)."""
    samples: int = 0
    cases: int = 0
    innocent: Counter[str] = field(default_factory=Counter)
    accused: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str) -> Tally:
        """The tally of a kind."""
        return self.tallies.setdefault(kind, Tally())


def compare(level: Level, sample: str, key: pd.DataFrame, found: pd.DataFrame) -> None:
    """Count one sample.

    key: the answer key; found: the violated occurrences with `fk` ('family.kind').
    """
    key = key.assign(fk=key["family"] + "." + key["kind"])
    true = key[key["role"].isin(TRUE)]
    shown: dict[tuple[str, str], list[set[int]]] = {}
    for case, kind, rows in zip(found["case_id"], found["fk"], found["source_rows"], strict=True):
        shown.setdefault((case, kind), []).append(set(map(int, rows)))
    related = set(zip(found["case_id"], found["fk"], found["related_case"].fillna(""), strict=True))
    for each in true.itertuples():
        rows = {int(row) for row in each.rows.split()}
        there = any(_shows(each.fk, rows, of) for of in shown.get((each.case_id, each.fk), []))
        if each.family == "duplicate" and each.related_case:
            there = (each.case_id, each.fk, each.related_case) in related
        tally = level.of(each.fk)
        if each.role == "planted":
            tally.planted, tally.found = tally.planted + 1, tally.found + there
            if not there:
                level.errors.append(("miss", sample, each.case_id, each.fk, each.subject))
        else:
            tally.besides, tally.besides_found = tally.besides + 1, tally.besides_found + there
            if not there:
                level.errors.append((f"miss ({each.role})", sample, each.case_id, each.fk, each.subject))
    right = set(zip(true["case_id"], true["fk"], strict=True))
    open_rows = key[key["role"] == "undetermined"]
    undecided = set(open_rows["case_id"]) if sample.endswith(EXPORTED) else set()
    perhaps = set(zip(open_rows["case_id"], open_rows["fk"], strict=True))
    level.undecided.update(open_rows["fk"])
    for case, kind, rule in found[["case_id", "fk", "rule_id"]].itertuples(index=False):
        tally = level.of(kind)
        if (case, kind) in right:
            tally.right += 1
        elif (case, kind) in perhaps or case in undecided:
            tally.undetermined += 1
        else:
            tally.wrong += 1
            level.errors.append(("false alarm", sample, case, kind, rule.partition(":")[2]))
    innocent = key[key["role"] == "innocent"]
    level.innocent.update(innocent["kind"])
    level.accused.update(innocent.loc[innocent["case_id"].isin(_blamed(found, right)), "kind"])


EXPORTED = "noise"
"""Ends the name of a sample with noise: what is undetermined there concerns the whole case."""


def _shows(kind: str, planted: set[int], found: set[int]) -> bool:
    """Whether an occurrence rests on the rows that show the fault.

    A clock's evidence is where it began and ended; of two events in the wrong order, one is told as moved.
    """
    if kind.startswith("deadline."):
        return True
    return bool(planted & found) or not planted if kind == "deviation.swapped" else planted <= found


def _blamed(found: pd.DataFrame, right: set[tuple[str, str]]) -> set[str]:
    """Cases with something found that is not true."""
    pairs = zip(found["case_id"], found["fk"], strict=True)
    return {case for case, kind in pairs if (case, kind) not in right}


def violated(audit: Audit) -> pd.DataFrame:
    """The violated occurrences with their family and kind."""
    found = audit.occurrences[audit.occurrences["verdict"] == "violated"]
    return found.assign(fk=[rule.partition(":")[0] for rule in found["rule_id"]])


def run(level: Level, noise: Noise, model: str, seed: int, cases: int) -> None:
    """Simulate, audit and count one sample."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        simulation = Simulation(load(model), cases, seed, RATE, noise=noise)
        written = write_exports(simulation, folder)
        key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
        limits = folder / "limits.yaml"
        audit = walkthrough.audit(
            written.files[0],
            model,
            mapping=folder / "mapping.yaml",
            override=limits if limits.exists() else None,
            as_of=AS_OF,
        )
        compare(level, f"{model} {seed} {level.name.split()[-1]}", key, violated(audit))
        level.samples, level.cases = level.samples + 1, level.cases + written.cases


def report(levels: list[Level], seconds: float, models: list[str]) -> Iterator[str]:
    """The page."""
    yield "# Accuracy against planted truth\n"
    yield (
        "Written by `make accuracy` (`benchmarks/accuracy.py`). Samples of the simulator ([decision 0018]"
        "(../docs/decisions/0018-the-simulator-derives-and-plays-its-cases.md)), audited with the sample's "
        "mapping and limits. *Besides*: true as a consequence of a plant or by nature. *Open*: called "
        "violated where the log does not show whether it is; neither right nor wrong. "
        "Intervals: Wilson, 95 %.\n"
    )
    yield (
        f"Models: {', '.join(models)}. Seeds: {', '.join(map(str, SEEDS))}, as far as the samples "
        f"counted below went. {seconds:.0f} s.\n"
    )
    for level in levels:
        yield f"## {level.name}: {level.samples} samples, {level.cases:,} cases\n"
        yield "| kind | planted | found | recall | besides | found | violated | wrong | open | precision | |"
        yield "|---|--:|--:|---|--:|--:|--:|--:|--:|---|---|"
        for kind, tally in sorted(level.tallies.items()):
            yield _line(level.name, kind, tally)
        yield ""
        yield "Innocent look-alikes (accused / all): " + ", ".join(
            f"{kind} {level.accused[kind]} / {n}" for kind, n in sorted(level.innocent.items())
        )
        yield ""
        yield "Not determinable in the key: " + (
            ", ".join(f"{kind} {n}" for kind, n in sorted(level.undecided.items())) or "none"
        )
        yield ""
        yield from _errors(level)


def _line(level: str, kind: str, tally: Tally) -> str:
    bar = BARS.get(level, 0.0)
    decided = tally.right + tally.wrong
    met = all(share is None or share >= bar for share in (tally.recall, tally.precision))
    return (
        f"| {kind} | {tally.planted} | {tally.found} | {_share(tally.found, tally.planted)} "
        f"| {tally.besides} | {tally.besides_found} | {decided} | {tally.wrong} | {tally.undetermined} "
        f"| {_share(tally.right, decided)} | {'' if met else 'below the bar'} |"
    )


def _share(good: int, n: int) -> str:
    if not n:
        return "–"
    low, high = wilson(good, n)
    return f"{good / n:.4f} ({low:.3f}–{high:.3f})"


def _errors(level: Level) -> Iterator[str]:
    if not level.errors:
        yield "No misses, no false alarms.\n"
        return
    yield f"### Misses and false alarms: {len(level.errors)}, the first {min(LISTED, len(level.errors))}\n"
    yield "| what | sample | case | kind | subject | why |"
    yield "|---|---|---|---|---|---|"
    for what, sample, case, kind, subject in level.errors[:LISTED]:
        model = sample.split()[0]
        why = next((text for of, k, text in EXPLAINED if of in ("*", model) and k == kind), "to be explained")
        yield f"| {what} | {sample} | {case} | {kind} | {subject} | {why} |"
    yield ""


def run_real(level: Level, begun: float, levels: list[Level], counts: Path | None) -> None:
    """Plant into the public logs, where they are."""
    from accuracy_real import LOGS, SHARED, planted

    for log in LOGS:
        if not (SHARED / log).exists():
            sys.stdout.write(f"skipped: {log} is not there\n")
            continue
        for seed in SEEDS[:REAL_SEEDS]:
            key, new, hosts = planted(log, seed, EACH_KIND)
            compare(level, f"{log} {seed} real", key, new)
            level.samples, level.cases = level.samples + 1, level.cases + hosts
            _tell(f"{log} {seed}", begun, levels, counts)


def _tell(what: str, begun: float, levels: list[Level], counts: Path | None) -> None:
    """Say what is done, and keep the counts."""
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{seconds:6.0f} s {what}\n")
    sys.stdout.flush()
    if counts:
        counts.write_text(json.dumps({"seconds": seconds, "levels": [_plain(each) for each in levels]}))


def _plain(level: Level) -> dict[str, object]:
    """For the file of counts."""
    return {**vars(level), "tallies": {kind: vars(tally) for kind, tally in level.tallies.items()}}


def _kept(file: Path) -> list[Level]:
    """Levels counted before."""
    levels = []
    for each in json.loads(file.read_text())["levels"]:
        level = Level(each["name"], samples=each["samples"], cases=each["cases"])
        level.tallies = {kind: Tally(**tally) for kind, tally in each["tallies"].items()}
        level.errors = [tuple(error) for error in each["errors"]]
        for name in ("innocent", "accused", "undecided"):
            getattr(level, name).update(each[name])
        levels.append(level)
    return levels


def main() -> None:
    """Run everything, or what fits into the time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument(
        "--models", nargs="*", default=sorted(p.name for p in LIBRARY.iterdir() if p.is_dir())
    )
    parser.add_argument("--levels", nargs="*", default=[*LEVELS, REAL])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no sample after so long")
    parser.add_argument("--counts", type=Path, help="keep the counts here; with --seconds 0 only render them")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "accuracy.md")
    asked = parser.parse_args()
    models = [each for each in asked.models if (LIBRARY / each / "contract.yaml").exists()]
    begun = time.monotonic()
    levels = [Level(name) for name in asked.levels]
    if asked.counts and not asked.seconds:
        levels, begun = _kept(asked.counts), begun - json.loads(asked.counts.read_text())["seconds"]
    simulated = [level for level in levels if level.name in LEVELS]
    for seed in SEEDS[: asked.seeds]:
        for model in models:
            for level in simulated:
                if time.monotonic() - begun < asked.seconds:
                    run(level, LEVELS[level.name], model, seed, asked.cases)
                    _tell(f"{model} {seed} {level.name}", begun, levels, asked.counts)
    for level in levels:
        if level.name == REAL and asked.seconds:
            run_real(level, begun, levels, asked.counts)
    text = "\n".join(report(levels, time.monotonic() - begun, models))
    asked.out.write_text(text.rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
