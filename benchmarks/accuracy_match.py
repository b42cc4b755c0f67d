"""An answer key and the occurrences of an audit, matched one to one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

import pandas as pd

TRUE = ("planted", "consequence", "natural")
"""Roles of the key that say: this is so."""
OF_ORDER = frozenset(
    {
        *(f"handoff.{kind}" for kind in ("dropped", "unsent", "misrouted", "ping_pong", "unreturned")),
        *(f"deviation.{kind}" for kind in ("skipped", "inserted", "repeated", "swapped", "early_end")),
    }
)
"""Kinds by which one and the same trace can be told: where the log does not show which of them it is (the
window cut the beginning off), it shows of none of them that it is not."""
WARNED = ("deadline.at_risk", "at_risk")
"""(kind, reason) of a warning."""


class Stated(NamedTuple):
    """A row of the key."""

    case: str
    kind: str
    """'family.kind'."""
    subject: str
    role: str
    related: str
    rows: frozenset[int] = frozenset()
    """Of the process's export, as a spreadsheet counts them."""
    other_rows: frozenset[int] = frozenset()
    """Of the other system's."""


class Told(NamedTuple):
    """An occurrence."""

    case: str
    kind: str
    subject: str
    """What comes after the colon of its rule's id."""
    verdict: str
    reason: str
    related: str
    anchor: str
    rows: tuple[int, ...] = ()
    other_rows: tuple[int, ...] = ()
    ambiguous: bool = False
    measure: float | None = None
    limit: float | None = None

    @property
    def violated(self) -> bool:
        """Whether it is called a breach, or warned of: that is pending, under a kind of its own."""
        return self.verdict == "violated" or (self.kind, self.reason) == WARNED


T = TypeVar("T", Stated, Told)


class Error(NamedTuple):
    """A miss or a false alarm."""

    what: str
    """'miss' (of what was planted), 'miss (consequence)', 'miss (natural)', 'false alarm'."""
    case: str
    kind: str
    subject: str
    sort: str
    """Which sort it is of, by the rules of `sort_of_miss` and `sort_of_alarm`."""
    stated: tuple[Stated, ...]
    """Of a miss the row of the key; of a false alarm all that the key says of the case."""
    told: tuple[Told, ...]
    """Of a miss all that the audit says of the case; of a false alarm the occurrence."""


@dataclass
class Tally:
    """What became of one kind."""

    planted: int = 0
    found: int = 0
    besides: int = 0
    """True as a consequence of a plant, or by nature."""
    besides_found: int = 0
    wrong: int = 0
    """Violated and not true."""
    open: int = 0
    """Violated where the log does not show whether it is."""
    undetermined: int = 0
    """Rows of the key of which the log does not show whether they are true, and what the audit says there:"""
    undetermined_violated: int = 0
    undetermined_unsure: int = 0
    """Not determinable, or pending."""

    @property
    def right(self) -> int:
        """Violated and true: as many as found, one to one."""
        return self.found + self.besides_found

    @property
    def recall(self) -> float | None:
        """Of what was planted."""
        return self.found / self.planted if self.planted else None

    @property
    def recall_of_all(self) -> float | None:
        """Of all that is true."""
        true = self.planted + self.besides
        return self.right / true if true else None

    @property
    def precision(self) -> float | None:
        """Of what was called violated and can be decided."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    def add(self, other: Tally) -> None:
        """Count another sample's as well."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass
class Counted:
    """What came of one sample."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    errors: list[Error] = field(default_factory=list)
    innocent: Counter[str] = field(default_factory=Counter)
    accused: Counter[str] = field(default_factory=Counter)
    """Look-alikes in whose case there is a false alarm, of whatever kind."""


def compare(key: pd.DataFrame, occurrences: pd.DataFrame) -> Counted:
    """Match a key with the occurrences of an audit.

    key: as `write_exports` and `plant_into` write it, texts; occurrences: those of an Audit whose first file
    is the process's export. A true row of the key and a violated occurrence belong together if case, kind,
    subject, the other case of a pair and the rows agree, as far as both have them (`fits`); each is used
    once. What is left of the key is missed. What is left of the occurrences is open if the key calls the
    same kind and subject of the case undetermined (`is_open`), else a false alarm.
    """
    counted = Counted()
    stated, told = _by_case(_stated(key)), _by_case(_told(occurrences))
    for case in sorted({*stated, *told}):
        _count_case(counted, stated.get(case, []), told.get(case, []))
    return counted


def _count_case(counted: Counted, stated: Sequence[Stated], told: Sequence[Told]) -> None:
    true = sorted((each for each in stated if each.role in TRUE), key=lambda each: TRUE.index(each.role))
    perhaps = [each for each in stated if each.role == "undetermined"]
    left = [each for each in told if each.violated]
    missed = []
    for each in true:
        answer = next((one for one in left if fits(each, one)), None)
        if answer is not None:
            left.remove(answer)
        else:
            missed.append(each)
        _count_true(counted.tallies[each.kind], each.role == "planted", answer is not None)
    wrong = [one for one in left if not is_open(one, perhaps)]
    for one in left:
        tally = counted.tallies[one.kind]
        tally.wrong, tally.open = tally.wrong + (one in wrong), tally.open + (one not in wrong)
    for each in perhaps:
        _count_perhaps(counted.tallies[each.kind], each, told)
    for each in missed:
        what = "miss" if each.role == "planted" else f"miss ({each.role})"
        sort = sort_of_miss(each, told, wrong)
        counted.errors.append(Error(what, each.case, each.kind, each.subject, sort, (each,), tuple(told)))
    for one in wrong:
        sort = sort_of_alarm(one, true, missed)
        error = Error("false alarm", one.case, one.kind, one.subject, sort, tuple(stated), (one,))
        counted.errors.append(error)
    for each in stated:
        if each.role == "innocent":
            name = each.kind.partition(".")[2]
            counted.innocent[name] += 1
            counted.accused[name] += bool(wrong)


def _count_true(tally: Tally, planted: bool, found: bool) -> None:
    if planted:
        tally.planted, tally.found = tally.planted + 1, tally.found + found
    else:
        tally.besides, tally.besides_found = tally.besides + 1, tally.besides_found + found


def _count_perhaps(tally: Tally, each: Stated, told: Sequence[Told]) -> None:
    said = {one.violated for one in told if one.kind == each.kind and _same_subject(each, one)}
    tally.undetermined += 1
    tally.undetermined_violated += True in said
    tally.undetermined_unsure += said == {False}


def fits(each: Stated, one: Told) -> bool:
    """Whether an occurrence is what a row of the key states."""
    return (
        (each.case, each.kind) == (one.case, one.kind)
        and _same_subject(each, one)
        and (not each.related or each.related == one.related)
        and _shows(each, one)
    )


def is_open(one: Told, perhaps: Sequence[Stated]) -> bool:
    """Whether the key leaves open what an occurrence calls violated."""
    return any(
        (each.kind == one.kind and (not each.subject or _same_subject(each, one)))
        or (one.kind in OF_ORDER and _is_of_order(each))
        for each in perhaps
    )


def _is_of_order(each: Stated) -> bool:
    """An order placed again within its own case is a surplus event of the trace as well."""
    again = each.kind in ("duplicate.exact", "duplicate.resent") and not each.related
    return again or each.kind in OF_ORDER


def _shows(each: Stated, one: Told) -> bool:
    """Whether an occurrence rests on the rows that show the fault.

    A clock's evidence is where it began and ended, not what took so long, and a case has one clock of a
    table; of two events in the wrong order, one is told as moved.
    """
    if each.kind.startswith("deadline."):
        return True
    if each.kind == "deviation.swapped" and each.rows:
        return bool(each.rows & set(one.rows))
    return each.rows <= set(one.rows) and each.other_rows <= set(one.other_rows)


def _same_subject(each: Stated, one: Told) -> bool:
    same = SUBJECTS.get(each.kind)
    return same(each.subject, one) if same else each.subject == one.subject


SUBJECTS: dict[str, Callable[[str, Told], bool]] = {
    # The key names the task that is missing or went wrong, the rule the whole handoff.
    "handoff.dropped": lambda subject, one: one.subject.endswith(f"->{subject}"),
    "handoff.unsent": lambda subject, one: one.subject.startswith(f"{subject}->"),
    "handoff.misrouted": lambda subject, one: one.subject.endswith(f"->{subject}"),
    "deviation.swapped": lambda subject, one: one.subject in subject.split("|"),
    # The rule names the row and the class of the table as well.
    **{
        f"deadline.{kind}": lambda subject, one: one.subject.partition("/")[0] == subject
        for kind in ("late", "overdue_and_open", "at_risk")
    },
    # One obligation per case, whatever it is called; the rows say where.
    "handoff.ping_pong": lambda subject, one: True,
    "lost.stalled": lambda subject, one: True,
    # The anchor says which period: 'week 2024-04-22'.
    "rule.per_period": lambda subject, one: subject == f"{one.subject} {one.anchor.split()[-1]}",
}
"""Where it is not simply the same: (subject of the key, occurrence) → whether they are one."""


def sort_of_miss(each: Stated, told: Sequence[Told], wrong: Sequence[Told]) -> str:
    """What became of something missed, the first that holds.

    'not determinable: REASON' or 'pending: REASON': the same kind and subject, with that verdict. 'at other
    rows': the same kind and subject, a false alarm. 'of another subject': the same kind, a false alarm. 'as
    KIND': another kind, a false alarm in the case. 'silent': none of these.
    """
    same = [one for one in told if one.kind == each.kind and _same_subject(each, one)]
    for one in same:
        if not one.violated:
            return f"{one.verdict.replace('_', ' ')}: {one.reason.partition(':')[0] or '-'}"
    if any(one in wrong for one in same):
        return "at other rows"
    if any(one.kind == each.kind for one in wrong):
        return "of another subject"
    return f"as {min(one.kind for one in wrong)}" if wrong else "silent"


def sort_of_alarm(one: Told, true: Sequence[Stated], missed: Sequence[Stated]) -> str:
    """What stands behind a false alarm, the first that holds.

    'instead of KIND': something of the case was missed. 'once more': the key states this kind and subject,
    and each of them was found. 'beside KIND': the key states something else. 'in a case without fault'.
    """
    if missed:
        return f"instead of {min(each.kind for each in missed)}"
    if any(each.kind == one.kind and _same_subject(each, one) for each in true):
        return "once more"
    return f"beside {min(each.kind for each in true)}" if true else "in a case without fault"


def _stated(key: pd.DataFrame) -> Iterator[Stated]:
    each: Any
    for each in key.itertuples(index=False):
        rows, others = (
            frozenset(map(int, str(getattr(each, name, "")).split())) for name in ("rows", "other_rows")
        )
        kind = f"{each.family}.{each.kind}"
        yield Stated(each.case_id, kind, each.subject, each.role, each.related_case, rows, others)


def _told(occurrences: pd.DataFrame) -> Iterator[Told]:
    """Those that say something else than conformant."""
    kept = occurrences[occurrences["verdict"] != "conformant"]
    each: Any
    for each in kept.itertuples(index=False):
        kind, _, subject = each.rule_id.partition(":")
        reason, related = ("" if pd.isna(text) else str(text) for text in (each.reason, each.related_case))
        measure, limit = (None if pd.isna(n) else float(n) for n in (each.measure, each.limit))
        places = sorted(zip(map(int, each.source_files), map(int, each.source_rows), strict=True))
        yield Told(
            each.case_id,
            kind,
            subject,
            each.verdict,
            reason,
            related,
            each.anchor,
            tuple(row for file, row in places if file == 0),
            tuple(row for file, row in places if file > 0),
            bool(each.ambiguous),
            measure,
            limit,
        )


def _by_case(things: Iterator[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for each in things:
        found[each.case].append(each)
    return found
