"""Propose a mapping from headings and content, say why, and ask where it is not sure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from rapidfuzz import fuzz

from logs.event_log import CASE_COLUMNS, EVENT_COLUMNS
from logs.labels import fold_label, normalise_label
from logs.mapping import Mapping
from logs.matching import Matcher
from logs.problems import Problem
from logs.profile import Column, profile, same_partition
from logs.readers import load_raw
from logs.readers.raw import Options, Progress, RawTable
from logs.sources import PathLike, Source, find_sources
from logs.staging import time_columns
from logs.store import Store
from logs.synonyms import XES_TRANSITIONS, names_no_event, strength
from logs.times import detect
from logs.vocabulary import Vocabulary

_SURE = 0.6
"""Strength from which a heading or the content alone decides."""
_COMPARED = 500
"""Characters of a label that are compared with names, none of which is so long."""
_CLOSE = 0.05
"""Candidates this close in strength are rivals."""


@dataclass(frozen=True)
class UnmappedLabel:
    """A label of the log that no activity of the model is known by."""

    label: str
    count: int
    """Rows (wide: cells) that carry it."""
    candidates: tuple[tuple[str, float], ...]
    """(activity id, similarity 0 to 100), nearest first."""


@dataclass(frozen=True)
class Proposal:
    """A mapping that seems to fit, with what speaks for it."""

    mapping: Mapping | None
    """The best guess; None where not even that is possible."""
    confident: bool
    """No question is open."""
    reasons: tuple[str, ...]
    """Why each column was taken, a line each."""
    questions: tuple[Problem, ...]
    """What a person has to decide, naming the candidates."""
    unmapped: tuple[UnmappedLabel, ...] = ()
    """Most frequent first; empty without a vocabulary."""


def propose(
    paths: PathLike | Iterable[PathLike],
    vocabulary: Vocabulary | None = None,
    *,
    progress: Progress | None = None,
) -> Proposal:
    """Propose a mapping for one or several exports of one kind.

    Looks at headings (Chinese and English), at the content of every column, and at the names that a
    reference model knows. Raises InputError where a file cannot be read.
    """
    sources = find_sources(paths)
    store = Store()
    try:
        return propose_from(store, sources, vocabulary, progress or (lambda stage, done, total: None))[0]
    finally:
        store.close()


def propose_from(
    store: Store, sources: Sequence[Source], vocabulary: Vocabulary | None, progress: Progress
) -> tuple[Proposal, tuple[RawTable, ...]]:
    """As `propose`, with the raw tables that were loaded for it (all columns), for use in reading."""
    known = vocabulary or Vocabulary()
    draft = _from_standard(store, sources[0], known)
    given = draft or _Draft(sources[0].name)
    options = Options(
        frozenset(given.headings()) or None,
        object_type=given.object_type,
        zone=str(given.keys.get("zone", "UTC")),
        progress=progress,
    )
    raws = tuple(load_raw(store, source, i, options) for i, source in enumerate(sources))
    draft = draft or _from_columns(store, raws[0], known)
    mapping = draft.mapping()
    if mapping is None:
        return Proposal(None, False, tuple(draft.reasons), tuple(draft.questions)), raws
    if all(h in raw.headings for raw in raws for h in time_columns(mapping)):
        mapping = _with_formats(store, raws, mapping, draft)
    unmapped: tuple[UnmappedLabel, ...] = ()
    if known.activities:
        mapping, unmapped = _with_labels(store, raws, mapping, known, draft)
    questions = tuple(draft.questions)
    return Proposal(mapping, not questions, tuple(draft.reasons), questions, unmapped), raws


@dataclass
class _Draft:
    """A mapping in the making."""

    file: str
    keys: dict[str, object] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)

    def take(self, key: str, heading: str, why: str) -> None:
        self.keys[key] = heading
        self.reasons.append(f"{key}: {heading} ({why})")

    def ask(self, what: str, mend: str) -> None:
        self.questions.append(Problem(what, self.file, None, mend))

    @property
    def object_type(self) -> str | None:
        found = self.keys.get("object_type")
        return found if isinstance(found, str) else None

    def headings(self) -> list[str]:
        named = (value for key, value in self.keys.items() if key not in ("object_type", "zone"))
        return [*(value for value in named if isinstance(value, str)), *self.attributes.values()]

    def mapping(self) -> Mapping | None:
        try:
            return Mapping.model_validate({**self.keys, "attributes": self.attributes})
        except ValidationError as error:
            if not self.questions:
                said = error.errors()[0]["msg"].removeprefix("Value error, ")
                self.ask(f"what its headings propose makes no mapping: {said}", "write a mapping")
            return None


def _from_standard(store: Store, source: Source, vocabulary: Vocabulary) -> _Draft | None:
    """A format that names its parts itself needs no guess; None for one that does not."""
    if source.format == "xes":
        return _from_xes(source, vocabulary)
    return _from_ocel(store, source, vocabulary) if source.format.startswith("ocel") else None


def _from_ocel(store: Store, source: Source, vocabulary: Vocabulary) -> _Draft:
    from logs.readers import ocel

    draft = _Draft(source.name)
    found = ocel.survey(store, source)
    for key, heading in (
        ("case", ocel.OBJECT),
        ("activity", ocel.ACTIVITY),
        ("time", ocel.TIME),
        ("event_id", ocel.EVENT),
    ):
        draft.take(key, heading, "OCEL 2.0")
    best = found.types[0]
    draft.keys["object_type"] = best.name
    draft.reasons.append(
        f"object_type: {best.name} (most events concern one of its {best.objects:,} objects)"
    )
    if len(found.types) > 1:
        shown = ", ".join(f"{each.name} ({each.events:,} events)" for each in found.types)
        draft.ask(
            f"the objects of {len(found.types)} types could each be the case: {shown}",
            "state object_type: one of them in the mapping",
        )
    if found.naive_times:
        draft.keys["zone"] = "UTC"
        draft.reasons.append("zone: UTC (its times state no offset; OCEL writes them in UTC)")
    headings = ocel.headings(found.declared, best.name)
    for kind in headings:
        if kind.startswith(ocel.OTHERS) and kind != ocel.OTHERS + best.name:
            _take_attribute(draft, kind.removeprefix(ocel.OTHERS), kind, "identifiers of the other objects")
    for attribute, names, _ in vocabulary.attributes:
        wanted = {fold_label(name) for name in (attribute, *names)}
        match = next((h for h in headings if fold_label(h.removeprefix(ocel.CASE)) in wanted), None)
        if match:
            _take_attribute(draft, attribute, match, "its name")
    return draft


def _from_xes(source: Source, vocabulary: Vocabulary) -> _Draft:
    from logs.readers.xes import CASE, keys

    draft = _Draft(source.name)
    there = keys(source)
    standard = {
        "case": (f"{CASE}concept:name",),
        "activity": ("concept:name",),
        "time": ("time:timestamp",),
        "resource": ("org:resource",),
        "role": ("org:group", "org:role"),
        "lifecycle": ("lifecycle:transition",),
        "event_id": ("identity:id",),
        "instance": ("concept:instance",),
    }
    for key, options in standard.items():
        found = next((each for each in options if each in there), None)
        if found:
            draft.take(key, found, "XES standard attribute")
        elif key in ("case", "activity", "time"):
            draft.ask(f"no attribute {options[0]} for the {key}", f"name one of: {', '.join(there)}")
    for attribute, names, _ in vocabulary.attributes:
        wanted = {fold_label(name) for name in (attribute, *names)}
        match = next((k for k in there if fold_label(k.removeprefix(CASE)) in wanted), None)
        if match:
            _take_attribute(draft, attribute, match, "its name")
    return draft


def _from_columns(store: Store, raw: RawTable, vocabulary: Vocabulary) -> _Draft:
    columns = profile(store, raw)
    draft = _Draft(raw.file.name)
    activities = _activity_candidates(columns, vocabulary)
    milestones = [c for c in columns if c.is_time and not names_no_event(c.heading)]
    wide = _is_wide(columns, activities, milestones)
    if wide:
        milestones = [c for c in columns if c in milestones or (c.is_time and _is_activity(c, vocabulary))]
        draft.keys["layout"] = "wide"
        draft.reasons.append(f"layout: wide ({len(milestones)} columns of times, a row per case)")
        draft.keys["milestones"] = [c.heading for c in milestones]
        draft.reasons.append(f"milestones: {', '.join(c.heading for c in milestones)} (columns of times)")
        _choose_case(draft, store, raw, columns, wide=True)
    else:
        _choose_case(draft, store, raw, columns, wide=False)
        _choose(draft, "activity", activities, columns)
        _choose_times(draft, milestones)
    left = [c for c in columns if c.is_time and c not in milestones]
    draft.reasons += [f"not an event: {c.heading} (its name speaks of a plan or a limit)" for c in left]
    if not wide:  # in a wide export a person or unit stands beside many milestones: whose it is, is not said
        _choose_rest(draft, columns)
    _choose_attributes(draft, columns, vocabulary)
    return draft


def _is_wide(
    columns: Sequence[Column], activities: Sequence[tuple[float, Column, str]], milestones: Sequence[Column]
) -> bool:
    sure = any(score >= _SURE for score, _, _ in activities)
    if len(milestones) < 2 or (sure and len(milestones) < 3):
        return False
    ids = [c for c in columns if _names_case(c.heading) >= _SURE]
    keys = ids or [c for c in columns if not c.is_time]
    return any(c.filled and c.distinct >= 0.98 * c.filled for c in keys)


def _names_case(heading: str) -> float:
    """How surely a heading alone means the case."""
    return strength("case", heading) or (0.7 if fold_label(heading).endswith(("单号", "编号")) else 0.0)


def _is_activity(column: Column, vocabulary: Vocabulary) -> bool:
    """Whether the model knows an activity of this name: 预约时间 may be its booking, not an appointment."""
    names = {normalise_label(name) for _, names in vocabulary.activities for name in names}
    return normalise_label(column.heading) in names


def _activity_candidates(
    columns: Sequence[Column], vocabulary: Vocabulary
) -> list[tuple[float, Column, str]]:
    """(strength, column, why): by heading, or by how many of its rows carry a name that the model knows.

    Labels come back in many rows; a column in which they do not is a weak candidate.
    """
    names = {normalise_label(name) for _, names in vocabulary.activities for name in names}
    found = []
    for column in columns:
        if column.is_time or not column.labels:
            continue
        rare = column.rows > 20 and not column.repeats
        by_name = strength("activity", column.heading) - (0.5 if rare else 0.0)
        known = sum(count for label, count in column.labels if normalise_label(label) in names)
        share = known / column.filled if column.filled else 0.0
        if share >= 0.3:
            found.append((1.0 + share, column, f"{share:.0%} of its rows carry a name that the model knows"))
        elif by_name > 0:
            found.append((by_name, column, f"its name; {column.distinct:,} different values"))
    return sorted(found, key=lambda each: -each[0])


def _choose_case(
    draft: _Draft, store: Store, raw: RawTable, columns: Sequence[Column], *, wide: bool
) -> None:
    found: list[tuple[float, Column, str]] = []
    named = [c.distinct / c.filled for c in columns if not c.is_time and c.filled and _names_case(c.heading)]
    unique = max(0.9, max(named, default=0.0) - 0.02)  # a row is a case: the order of a bill may come back
    for column in columns:
        by_name = _names_case(column.heading)
        if column.is_time or not by_name or not column.filled:
            continue
        fits = column.distinct >= unique * column.filled if wide else column.repeats or column.rows <= 5
        per_case = column.filled / column.distinct
        why = f"its name; {column.distinct:,} values, {per_case:.1f} rows each"
        found.append((by_name if fits else by_name - 0.5, column, why))
    found.sort(key=lambda each: -each[0])
    best = found[0] if found else None
    rivals = [each for each in found[1:] if best and each[0] >= best[0] - _CLOSE]
    if best and rivals and all(same_partition(store, raw, best[1], each[1]) for each in rivals):
        others = ", ".join(each[1].heading for each in rivals)
        found = [(best[0], best[1], f"{best[2]}; {others} names the same cases")]
    _choose(draft, "case", found, columns)


def _choose(
    draft: _Draft, key: str, found: Sequence[tuple[float, Column, str]], columns: Sequence[Column]
) -> None:
    """Take the strongest candidate; ask where there is none, a weak one, or several as strong."""
    if not found:
        plausible = [c.heading for c in columns if not c.is_time and c.repeats and c.distinct > 1]
        shown = ", ".join(plausible or [c.heading for c in columns])
        mend = f"state {key}: in the mapping; it could be {shown}"
        if key == "activity" and sum(c.is_time for c in columns) > 1:
            mend += "; or, if a row is a case and its columns of times are milestones, state layout: wide"
        draft.ask(f"no column looks like the {key}", mend)
        return
    best = found[0]
    rivals = [each[1].heading for each in found if each[0] >= best[0] - _CLOSE]
    draft.take(key, best[1].heading, best[2])
    if len(rivals) > 1:
        draft.ask(
            f"{' and '.join(rivals)} could each be the {key}", f"state {key}: one of them in the mapping"
        )
    elif best[0] < _SURE:
        draft.ask(
            f"{best[1].heading} may be the {key}, but neither its name nor its values are sure",
            f"state {key}: in the mapping",
        )


def _choose_times(draft: _Draft, times: Sequence[Column]) -> None:
    starts = sorted(
        (c for c in times if strength("start", c.heading) > 0), key=lambda c: -strength("start", c.heading)
    )
    ends = [c for c in times if c not in starts]
    scored = sorted(((strength("time", c.heading), c, "its name, and its values are times") for c in ends),
                    key=lambda each: -each[0])  # fmt: skip
    if len(ends) == 1:
        scored = [(1.0, ends[0], "its values are times")]
    elif not ends and starts:
        scored = [(1.0, starts.pop(0), "the only time")]
    if not scored:
        draft.ask("no column holds times", "state time: in the mapping, and time_formats if they are unusual")
        return
    _choose(draft, "time", scored, times)
    if starts:
        draft.take("start", starts[0].heading, "its name, and its values are times")


def _choose_rest(draft: _Draft, columns: Sequence[Column]) -> None:
    for key in ("resource", "role", "lifecycle", "event_id", "instance"):
        scored = sorted(
            ((strength(key, c.heading), c) for c in columns if c.filled and not c.is_time),
            key=lambda each: -each[0],
        )
        for score, column in scored:
            if score and column.heading not in draft.keys.values() and _fits(key, column):
                draft.take(key, column.heading, "its name")
                break


def _fits(key: str, column: Column) -> bool:
    if key == "lifecycle":
        return bool(column.labels) and all(v.casefold() in XES_TRANSITIONS for v, _ in column.labels)
    return column.unique if key == "event_id" else True


def _choose_attributes(draft: _Draft, columns: Sequence[Column], vocabulary: Vocabulary) -> None:
    """By heading; else the one column whose values are all spellings of the attribute's categories."""
    for attribute, names, values in vocabulary.attributes:
        wanted = {fold_label(name) for name in (attribute, *names)}
        named = next((c for c in columns if fold_label(c.heading) in wanted), None)
        if named:
            _take_attribute(draft, attribute, named.heading, "its name")
            continue
        spellings = {normalise_label(value) for value in values}
        told = [
            c
            for c in columns
            if len(c.labels) > 1 and all(normalise_label(label) in spellings for label, _ in c.labels)
        ]
        if len(told) == 1:
            _take_attribute(draft, attribute, told[0].heading, "its values")


def _take_attribute(draft: _Draft, attribute: str, heading: str, why: str) -> None:
    folded = attribute.casefold()
    if folded in {*EVENT_COLUMNS, *CASE_COLUMNS, "rowid"} or attribute.startswith("_") or "\x00" in attribute:
        return
    if folded in {each.casefold() for each in draft.attributes} - {attribute}:
        return
    draft.attributes[attribute] = heading
    draft.reasons.append(f"attribute {attribute}: {heading} ({why})")


def _with_formats(store: Store, raws: Sequence[RawTable], mapping: Mapping, draft: _Draft) -> Mapping:
    """The mapping with the time formats found over every value, or the question that they leave."""
    from logs.reading import undecided_order

    headings = time_columns(mapping)
    found = detect(store, [(raw.table, raw.value(h)) for raw in raws for h in headings])
    if found.candidates:
        draft.questions += undecided_order(draft.file, ", ".join(headings), found.candidates)
        return mapping
    draft.reasons.append(f"time_formats: {', '.join(found.formats)} (every value looked at)")
    return mapping.model_copy(update={"time_formats": found.formats})


def _with_labels(
    store: Store, raws: Sequence[RawTable], mapping: Mapping, vocabulary: Vocabulary, draft: _Draft
) -> tuple[Mapping, tuple[UnmappedLabel, ...]]:
    """The mapping with the labels that surely mean an activity, each with a reason; the others."""
    known = [
        (ident, {normalise_label(each) for each in (ident, *names)}) for ident, names in vocabulary.activities
    ]
    names = {name for _, each in known for name in each}
    matcher = Matcher(vocabulary.activities, vocabulary.units)
    activities, unmapped = dict(mapping.activities), []
    for label, count in labels_of(store, raws, mapping):
        if label in activities or normalise_label(label) in names:
            continue
        match = matcher.match(label)
        if match is None:
            unmapped.append(UnmappedLabel(label, count, nearest(label, known)))
        else:
            activities[label] = match.activity
            draft.reasons.append(
                f"activities: {label} → {match.activity} ({match.way}, confidence {match.confidence:.2f};"
                f" {count:,} rows)"
            )
    return mapping.model_copy(update={"activities": activities}), tuple(unmapped)


def labels_of(store: Store, raws: Sequence[RawTable], mapping: Mapping) -> list[tuple[str, int]]:
    """Labels of activities with their rows (wide: cells), most frequent first."""
    parts = []
    for raw in raws:
        if any(heading not in raw.headings for heading in mapping.activity_headings):
            continue
        for heading, label in mapping.milestone_labels.items():
            if heading in raw.headings:
                shown = label.replace("'", "''")
                filled = f"{raw.value(heading)} IS NOT NULL"
                parts.append(f"SELECT '{shown}' AS label FROM {raw.table} WHERE {filled}")
        if mapping.activity_headings:
            fields = ", ".join(map(raw.value, mapping.activity_headings))
            parts.append(f"SELECT nullif(concat_ws(' / ', {fields}), '') AS label FROM {raw.table}")
    if not parts:
        return []
    return [
        (label, count)
        for label, count in store.rows(
            f"SELECT label, count(*) AS n FROM ({' UNION ALL '.join(parts)}) WHERE label IS NOT NULL"
            " GROUP BY label ORDER BY n DESC, label"
        )
    ]


def nearest(
    label: str, known: Iterable[tuple[str, set[str]]], most: int = 3
) -> tuple[tuple[str, float], ...]:
    """The activities whose names are most similar to a label, with the similarity (0 to 100)."""
    folded = normalise_label(label[:_COMPARED])
    scored = [
        (ident, round(max(max(fuzz.ratio(folded, n), 0.9 * fuzz.partial_ratio(folded, n)) for n in names), 1))
        for ident, names in known
    ]
    best = sorted(scored, key=lambda each: (-each[1], each[0]))[:most]
    return tuple(each for each in best if each[1] > 0)
