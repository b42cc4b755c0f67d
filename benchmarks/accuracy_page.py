"""The page of `accuracy.py`: tables, each bar missed, and every miss and false alarm with its evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from accuracy_match import TRUE, Counted, Error, Stated, Tally, Told
from shares import wilson

REAL = "planted into public logs"
BARS = {"clean": 0.99, "export noise": 0.95, REAL: 0.95}
"""Level → least recall and precision, as point estimates, of each kind."""
LEAST = 400
"""Plants that each kind should have."""
LISTED = 60
"""Misses and false alarms up to which the page lists them all."""
OPEN = "undetermined"
DECISIONS = "../docs/decisions"
ROWS, TOLD = 8, 4
"""Rows and occurrences named per line, at most."""


class Line(NamedTuple):
    """A miss or false alarm, as people read it."""

    level: str
    sample: str
    what: str
    case: str
    kind: str
    subject: str
    sort: str
    key_says: str
    audit_says: str


@dataclass
class Level:
    """What was counted of one level of noise."""

    name: str
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    sources: set[str] = field(default_factory=set)
    samples: int = 0
    cases: int = 0
    innocent: Counter[str] = field(default_factory=Counter)
    accused: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    planted: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Model or log → kind → plants."""

    def add(self, source: str, counted: Counted, cases: int, lines: Sequence[Line]) -> None:
        """Count a sample."""
        for kind, tally in counted.tallies.items():
            self.tallies[kind].add(tally)
            self.planted[source][kind] += tally.planted
        self.sources.add(source)
        self.samples, self.cases = self.samples + 1, self.cases + cases
        self.innocent.update(counted.innocent)
        self.accused.update(counted.accused)
        self.lines.extend(lines)


@dataclass(frozen=True)
class Run:
    """How it was counted."""

    command: str
    commit: str
    seeds: Sequence[int]
    rate: float
    cases: dict[str, int]
    """Model → cases of a sample."""
    together: Sequence[int]
    """Seeds whose samples are audited together with the other system's export."""
    absent: Sequence[str]
    """Public logs that are not there."""
    seconds: float
    workers: int


def bars_missed(levels: Sequence[Level]) -> list[str]:
    """Every share of a kind that is below the bar of its level."""
    found = []
    for level in levels:
        for kind, tally in sorted(level.tallies.items()):
            shares = {
                "recall of the planted": tally.recall,
                "recall of all that is true": tally.recall_of_all,
                "precision": tally.precision,
            }
            found += [
                f"{level.name}: {kind}, {name} {share:.4f}, asked for {BARS[level.name]}"
                for name, share in shares.items()
                if share is not None and share < BARS[level.name]
            ]
    return found


def too_few(levels: Sequence[Level]) -> Iterator[str]:
    """Kinds with fewer plants than asked for: over all levels together, then per level."""
    each = {level.name: Counter({kind: tally.planted for kind, tally in _judged(level)}) for level in levels}
    pooled: Counter[str] = Counter()
    for planted in each.values():
        pooled.update(planted)
    for name, planted in {"over all levels": pooled, **each}.items():
        few = [f"{kind} {n}" for kind, n in sorted(planted.items()) if n < LEAST]
        yield f"- {name}: {', '.join(few) or 'none'}"


def lines_of(level: str, sample: str, errors: Sequence[Error], export: Path) -> list[Line]:
    """Every error with what the key and the audit say, and the rows that they name."""
    if not errors:
        return []
    table = pd.read_csv(export, dtype=str, keep_default_na=False)
    times = [name for name in table.columns if name in ("time", "完成时间", "Completed")] or [
        table.columns[3]
    ]
    activity = "activity" if "activity" in table else table.columns[1]
    rows = _Rows(table[activity].tolist(), table[times[0]].tolist())
    return [
        Line(
            level,
            sample,
            each.what,
            each.case,
            each.kind,
            each.subject,
            each.sort,
            "; ".join(map(rows.key_says, _worth(each))) or "nothing of this case",
            "; ".join(map(rows.audit_says, _relevant(each))) or "nothing of this case",
        )
        for each in errors
    ]


def _worth(each: Error) -> list[Stated]:
    """What is true or innocent, and what is open of something named."""
    named = [one for one in each.stated if one.role != OPEN or one.subject]
    return [one for one in named if one.role in (*TRUE, OPEN, "innocent")]


def _relevant(each: Error) -> list[Told]:
    """The same kind first, then what is called violated."""
    named = [one for one in each.told if one.kind == each.kind or one.violated]
    return sorted(named, key=lambda one: (one.kind != each.kind, not one.violated))[:TOLD]


class _Rows:
    """Rows of an export in words."""

    def __init__(self, activities: list[str], times: list[str]) -> None:
        self.activities, self.times = activities, times

    def key_says(self, each: Stated) -> str:
        """A row of the key."""
        other = f" beside {each.related}" if each.related else ""
        return f"{each.role} {each.kind} {each.subject}{other}{self._rows(sorted(each.rows))}"

    def audit_says(self, one: Told) -> str:
        """An occurrence."""
        reason = f" ({one.reason})" if one.reason else ""
        measure = f" {one.measure:g} of {one.limit:g}" if one.measure is not None and one.limit else ""
        other = f" beside {one.related}" if one.related else ""
        doubt = ", ambiguous" if one.ambiguous else ""
        verdict = one.verdict.replace("_", " ")
        return f"{one.kind}:{one.subject} {verdict}{reason}{measure}{doubt}{other}{self._rows(one.rows)}"

    def _rows(self, rows: Sequence[int]) -> str:
        if not rows:
            return ""
        named = [f"{row} {self.activities[row - 2]} {self.times[row - 2][:16]}" for row in rows[:ROWS]]
        more = f" and {len(rows) - ROWS} more" if len(rows) > ROWS else ""
        return f" [rows {', '.join(named)}{more}]"


def errors_table(levels: Sequence[Level]) -> pd.DataFrame:
    """All misses and false alarms."""
    lines = sorted(line for level in levels for line in level.lines)
    return pd.DataFrame(lines, columns=list(Line._fields))


def page(levels: Sequence[Level], run: Run, errors_file: str) -> Iterator[str]:
    """The page, line by line."""
    yield "# Accuracy against planted truth\n"
    yield from _how(run, errors_file)
    yield "## Bars\n"
    missed = bars_missed(levels)
    asked = ", ".join(f"{BARS[level.name]} {level.name}" for level in levels)
    yield f"Recall and precision of each kind, as point estimates: at least {asked}. Missed: {len(missed)}.\n"
    yield from (f"- {each}" for each in missed)
    yield f"\nKinds with fewer than {LEAST} plants:\n"
    yield from too_few(levels)
    yield ""
    for level in levels:
        yield from _level(level)
    yield from _errors([line for level in levels for line in level.lines], errors_file)


def _how(run: Run, errors_file: str) -> Iterator[str]:
    how = f"{run.workers} processes, {run.seconds:.0f} s"
    yield f"Counted by `{run.command}` on commit {run.commit}: {how}.\n"
    yield (
        f"Samples of the simulator ([decision 0018]({DECISIONS}/0018-the-simulator-derives-and-plays-its-"
        "cases.md); the key, rule by rule: "
        f"[decision 0022]({DECISIONS}/0022-what-the-answer-key-leaves-open.md)), audited with the sample's "
        "mapping and limits, and public logs with faults planted into them. A row of the key and an "
        "occurrence belong together if case, kind, subject and rows agree, each used once. *Besides*: true "
        "as a consequence of a plant or by nature. *Open*: called violated where the log does not show "
        "whether it is; neither right nor wrong. A clock at risk is no breach: found is the pending "
        f"occurrence of that kind ([decision 0016]({DECISIONS}/0016-a-warning-is-no-breach.md)). "
        "Intervals: Wilson, 95 %.\n"
    )
    by_number: dict[int, list[str]] = defaultdict(list)
    for model, cases in run.cases.items():
        by_number[cases].append(model)
    seeds = ", ".join(map(str, run.seeds))
    yield f"Seeds: {seeds}. Cases of a sample, each kind planted in {run.rate:.0%} of them:\n"
    for cases, models in sorted(by_number.items()):
        yield f"- {cases:,}: {', '.join(models)}"
    yield "\nA model has more where it is one of few in which a kind can be planted. What stands between two "
    yield f"systems is counted with the seeds {', '.join(map(str, run.together))}.\n"
    for log in run.absent:
        yield f"**Left out: the public log `{log}` was not there.**\n"


def _by_log(level: Level) -> Iterator[str]:
    logs = sorted(level.planted)
    yield (
        "\nPlants per log. A log has room for a kind only where its mined model asks for it and cases that "
        "run as it wants show it beyond doubt. In the receipts nobody sees when work was begun (no late "
        "handoffs) and one person does all (no four eyes); the incidents know four activities in nearly any "
        "order (hardly any order to break), no numbers in sequence and no two that keep apart; of the "
        "purchases there are 608. What two systems would have to be compared for, none of them has.\n"
    )
    yield f"| kind | {' | '.join(logs)} |"
    yield f"|---|{'--:|' * len(logs)}"
    for kind in sorted({kind for log in logs for kind, n in level.planted[log].items() if n}):
        yield f"| {kind} | {' | '.join(str(level.planted[log][kind]) for log in logs)} |"


def _level(level: Level) -> Iterator[str]:
    yield f"## {level.name}: {level.samples} samples of {len(level.sources)}, {level.cases:,} cases\n"
    yield "| kind | planted | found | recall | besides | found | wrong | open | precision | |"
    yield "|---|--:|--:|---|--:|--:|--:|--:|---|---|"
    bar = BARS[level.name]
    for kind, tally in _judged(level):
        yield _line(kind, tally, bar)
    if level.name == REAL:
        yield from _by_log(level)
    yield "\nInnocent look-alikes (with a false alarm in their case / all): " + (
        ", ".join(f"{kind} {level.accused[kind]} / {n}" for kind, n in sorted(level.innocent.items()))
        or "none"
    )
    yield "\nWhat the key calls undetermined, and what the audit says of it:\n"
    yield "| kind | in the key | violated | not determinable or pending | nothing |"
    yield "|---|--:|--:|--:|--:|"
    for kind, tally in sorted(level.tallies.items()):
        if tally.undetermined:
            said = (tally.undetermined_violated, tally.undetermined_unsure)
            counts = (tally.undetermined, *said, tally.undetermined - sum(said))
            yield f"| {kind} | {' | '.join(map(str, counts))} |"
    yield ""


def _judged(level: Level) -> list[tuple[str, Tally]]:
    """Kinds of which something is stated or told, not only left open."""
    return sorted(
        (kind, tally)
        for kind, tally in level.tallies.items()
        if tally.planted + tally.besides + tally.wrong + tally.open
    )


def _line(kind: str, tally: Tally, bar: float) -> str:
    shares = (tally.recall, tally.recall_of_all, tally.precision)
    below = any(share is not None and share < bar for share in shares)
    remarks = ["below the bar"] * below + [f"fewer than {LEAST}"] * (tally.planted < LEAST)
    return (
        f"| {kind} | {tally.planted} | {tally.found} | {_share(tally.found, tally.planted)} "
        f"| {tally.besides} | {tally.besides_found} | {tally.wrong} | {tally.open} "
        f"| {_share(tally.right, tally.right + tally.wrong)} | {'; '.join(remarks)} |"
    )


def _share(good: int, n: int) -> str:
    if not n:
        return "–"
    low, high = wilson(good, n)
    return f"{good / n:.4f} ({low:.3f}–{high:.3f})"


def _errors(lines: Sequence[Line], errors_file: str) -> Iterator[str]:
    yield f"## Misses and false alarms: {len(lines)}\n"
    if not lines:
        return
    yield (
        f"All of them, with what the key says and what the audit says: [{errors_file}]({errors_file}). By "
        "sort (the rules: `sort_of_miss` and `sort_of_alarm` in accuracy_match.py):\n"
    )
    yield "| level | what | kind | sort | n | models |"
    yield "|---|---|---|---|--:|---|"
    sorts: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for line in lines:
        sorts[line.level, line.what, line.kind, line.sort].append(line.sample.split()[0])
    for (level, what, kind, sort), models in sorted(sorts.items()):
        yield f"| {level} | {what} | {kind} | {sort} | {len(models)} | {', '.join(sorted(set(models)))} |"
    yield ""
    if len(lines) <= LISTED:
        yield "| level, sample | what | case | kind | key | audit |"
        yield "|---|---|---|---|---|---|"
        for line in sorted(lines):
            cells = (f"{line.level}: {line.sample}", line.what, line.case, f"{line.kind} {line.subject}")
            yield "| " + " | ".join(_cell(each) for each in (*cells, line.key_says, line.audit_says)) + " |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
