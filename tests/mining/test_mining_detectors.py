"""Every detector finds its violating example, and nothing in its conforming one."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from workbench import audit_text, judged_alone

from mining.detection import Detector
from mining.detectors import detectors
from mining.findings import Family, Verdict

CASES = [
    pytest.param(detector, kind, id=f"{detector.family}.{kind}")
    for detector in detectors()
    for kind in detector.kinds
]


@cache
def verdicts(detector: Detector, text: str, as_of: str) -> Counter[tuple[str, str]]:
    """Occurrences per (rule id, verdict).

    What a detector finds by itself is seen without a whole audit; deviations need what others explain.
    """
    if detector.family is not Family.DEVIATION:
        return judged_alone(detector, text, as_of)
    return _whole(text, as_of)


@cache
def _whole(text: str, as_of: str) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (each.rule.id, verdict.value): getattr(each.counts, verdict.value)
            for each in audit_text(text, as_of).findings
            for verdict in Verdict
        }
    )


@pytest.mark.parametrize(("detector", "kind"), CASES)
def test_violating_example_is_found(detector, kind):
    example = detector.examples[kind]
    of_kind = f"{detector.family}.{kind}:"
    seen = verdicts(detector, example.violating, example.as_of)
    found = [
        n for (rule, verdict), n in seen.items() if rule.startswith(of_kind) and verdict == example.found
    ]
    assert sum(found) == example.violations


@pytest.mark.parametrize(("detector", "kind"), CASES)
def test_conforming_example_is_clean(detector, kind):
    example = detector.examples[kind]
    of_kind = f"{detector.family}.{kind}:"
    seen = verdicts(detector, example.conforming, example.as_of)
    found = [
        n for (rule, verdict), n in seen.items() if rule.startswith(of_kind) and verdict == example.found
    ]
    assert sum(found) == 0
    warning = example.found is Verdict.PENDING  # what is not warned of is an obligation of another kind
    whose = f"{detector.family}." if warning else of_kind
    met = (Verdict.CONFORMANT, Verdict.PENDING)
    looked_at = sum(n for (rule, verdict), n in seen.items() if rule.startswith(whose) and verdict in met)
    assert looked_at or kind == "unknown", "the conforming example must hold an obligation of the kind"


def test_a_detector_by_itself_finds_what_an_audit_finds():
    (detector,) = [each for each in detectors() if "late" in each.kinds and each.family is Family.HANDOFF]
    example = detector.examples["late"]
    alone = judged_alone(detector, example.violating, example.as_of)
    whole = _whole(example.violating, example.as_of)
    assert +alone == Counter({key: n for key, n in whole.items() if key[0].startswith("handoff.late:") and n})


@pytest.mark.parametrize("detector", detectors(), ids=lambda d: type(d).__name__)
def test_docstring_has_the_parts_an_auditor_reads(detector):
    text = type(detector).__doc__
    assert all(f"{part}:" in text for part in ("Verdicts", "Needs", "Source"))
    assert "Meaning" in text
