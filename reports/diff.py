"""Two audits compared: which occurrences are new, gone or changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logs.problems import InputError, Problem
from reports.canonical import JsonObject, JsonValue, canonical
from reports.catalogue import catalogue

DIFF_FORMAT = "walkthrough-diff/1"
AUDIT_FORMAT = "walkthrough-audit/1"
COMPARED = (
    "rule_id",
    "verdict",
    "reason",
    "measure",
    "limit",
    "start_us",
    "due_us",
    "end_us",
    "related_case",
    "amount",
    "ambiguous",
)


@dataclass(frozen=True)
class AuditRef:
    """Which audit is compared."""

    model: str
    model_version: str
    model_sha256: str
    as_of: str
    """ISO 8601, UTC."""
    outcome: str
    occurrences: int


@dataclass(frozen=True)
class Difference:
    """One obligation in one case whose state is not the same in both audits."""

    fingerprint: str
    rule_id: str
    """In the later audit, or in the earlier one where it is gone."""
    case_id: str
    before: str | None
    """Verdict in the earlier audit; None: not listed there (conformant, or not there at all)."""
    after: str | None
    """Verdict in the later audit; None: not listed there."""
    fields: tuple[str, ...] = ()
    """What changed, of COMPARED."""


@dataclass(frozen=True)
class AuditDiff:
    """What became of the occurrences that are not conformant, matched by fingerprint."""

    a: AuditRef
    b: AuditRef
    new: tuple[Difference, ...]
    gone: tuple[Difference, ...]
    changed: tuple[Difference, ...]
    unchanged: int
    cautions: tuple[str, ...]
    """Codes of what limits the comparison: 'other_model', 'model_changed', 'checks_not_run', 'inconclusive',
    'earlier_as_of'."""

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical(
            {
                "format": DIFF_FORMAT,
                "a": dict(vars(self.a)),
                "b": dict(vars(self.b)),
                "new": [_difference(each) for each in self.new],
                "gone": [_difference(each) for each in self.gone],
                "changed": [_difference(each) for each in self.changed],
                "unchanged": self.unchanged,
                "cautions": list(self.cautions),
            }
        )

    def to_text(self, lang: str, most: int = 20) -> str:
        """For a terminal: counts, cautions and the first of each kind."""
        t = catalogue(lang)
        lines = [
            t("diff.head", a=f"{self.a.model} {self.a.as_of}", b=f"{self.b.model} {self.b.as_of}"),
            *(t(f"diff.caution.{code}") for code in self.cautions),
        ]
        for name, each in (("new", self.new), ("gone", self.gone), ("changed", self.changed)):
            lines.append(t(f"diff.{name}", n=f"{len(each):,}"))
            lines += [f"  {_line(difference, lang)}" for difference in each[:most]]
            if len(each) > most:
                lines.append(f"  {t('diff.more', n=f'{len(each) - most:,}')}")
        lines.append(t("diff.unchanged", n=f"{self.unchanged:,}"))
        return "\n".join(lines) + "\n"


def diff_audits(a: JsonObject, b: JsonObject) -> AuditDiff:
    """Compare an earlier audit with a later one, both as read from `walkthrough-audit/1` JSON.

    Occurrences match by fingerprint; of several with one fingerprint (kinds of one obligation), those of the
    same rule match first. Raises InputError for a document that is not such an audit.
    """
    problems = [*_problems(a, "A"), *_problems(b, "B")]
    if problems:
        raise InputError(problems)
    new: list[Difference] = []
    gone: list[Difference] = []
    changed: list[Difference] = []
    unchanged = 0
    before, after = _by_fingerprint(a), _by_fingerprint(b)
    for fingerprint in sorted(before.keys() | after.keys()):
        for old, now in _matched(before.get(fingerprint, []), after.get(fingerprint, [])):
            fields = tuple(name for name in COMPARED if old.get(name) != now.get(name)) if old and now else ()
            if old and now and not fields:
                unchanged += 1
                continue
            kind = changed if old and now else new if now else gone
            kind.append(_between(fingerprint, old, now, fields))
    key = _order
    return AuditDiff(
        _ref(a),
        _ref(b),
        tuple(sorted(new, key=key)),
        tuple(sorted(gone, key=key)),
        tuple(sorted(changed, key=key)),
        unchanged,
        tuple(_cautions(a, b)),
    )


def _problems(document: JsonObject, name: str) -> Iterator[Problem]:
    if not isinstance(document, dict) or document.get("format") != AUDIT_FORMAT:
        yield Problem(
            f"{name} is not an audit of the format '{AUDIT_FORMAT}'",
            mend="compare two JSON files that 'walkthrough audit' wrote",
        )
    elif not isinstance(document.get("occurrences"), list):
        yield Problem(f"{name} has no occurrences", mend="write the audit's JSON anew")


def _objects(value: JsonValue) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _by_fingerprint(document: JsonObject) -> dict[str, list[JsonObject]]:
    found: dict[str, list[JsonObject]] = defaultdict(list)
    for each in _objects(document["occurrences"]):
        found[str(each.get("fingerprint"))].append(each)
    return found


def _matched(
    before: Sequence[JsonObject], after: Sequence[JsonObject]
) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Pairs of one fingerprint; the empty object stands for 'not listed'."""
    rest, old_rest = list(after), []
    for old in before:
        twin = next((each for each in rest if each.get("rule_id") == old.get("rule_id")), None)
        if twin is None:
            old_rest.append(old)
        else:
            rest.remove(twin)
            yield old, twin
    for at in range(max(len(old_rest), len(rest))):
        yield (old_rest[at] if at < len(old_rest) else {}), (rest[at] if at < len(rest) else {})


def _between(fingerprint: str, old: JsonObject, now: JsonObject, fields: tuple[str, ...]) -> Difference:
    shown = now or old
    return Difference(
        fingerprint,
        str(shown.get("rule_id")),
        str(shown.get("case_id")),
        str(old["verdict"]) if old else None,
        str(now["verdict"]) if now else None,
        fields,
    )


def _order(difference: Difference) -> tuple[str, str, str]:
    return difference.rule_id, difference.case_id, difference.fingerprint


def _ref(document: JsonObject) -> AuditRef:
    model, as_of = _object(document.get("model")), _object(document.get("as_of"))
    return AuditRef(
        str(model.get("id")),
        str(model.get("version")),
        str(model.get("sha256")),
        str(as_of.get("utc")),
        str(_object(document.get("conclusion")).get("outcome")),
        len(_objects(document["occurrences"])),
    )


def _cautions(a: JsonObject, b: JsonObject) -> Iterator[str]:
    first, second = _ref(a), _ref(b)
    if first.model != second.model:
        yield "other_model"
    elif first.model_sha256 != second.model_sha256:
        yield "model_changed"
    if _checks(a) != _checks(b):
        yield "checks_not_run"
    if "inconclusive" in (first.outcome, second.outcome):
        yield "inconclusive"
    if second.as_of < first.as_of:
        yield "earlier_as_of"


def _checks(document: JsonObject) -> set[tuple[str, str]]:
    checks = _objects(document.get("not_checked"))
    return {(str(each.get("family")), str(each.get("kind"))) for each in checks}


def _difference(difference: Difference) -> JsonObject:
    return {**vars(difference), "fields": list(difference.fields)}


def _line(difference: Difference, lang: str) -> str:
    t = catalogue(lang)
    verdicts = " → ".join(
        t(f"verdict.{verdict}") if verdict else t("diff.unlisted")
        for verdict in (difference.before, difference.after)
    )
    fields = f" ({', '.join(difference.fields)})" if difference.fields else ""
    return f"{difference.case_id}  {difference.rule_id}  {verdicts}{fields}  {difference.fingerprint}"
