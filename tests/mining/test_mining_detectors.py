"""Every detector finds its violating example, and nothing in its conforming one."""

from __future__ import annotations

import pytest
from workbench import audit_text, found

from mining.detectors import detectors
from mining.findings import Verdict

CASES = [
    pytest.param(detector, kind, id=f"{detector.family}.{kind}")
    for detector in detectors()
    for kind in detector.kinds
]


@pytest.mark.parametrize(("detector", "kind"), CASES)
def test_violating_example_is_found(detector, kind):
    example = detector.examples[kind]
    result = audit_text(example.violating, example.as_of)
    of_kind = [
        rule for rule, _ in found(result, example.found) if rule.startswith(f"{detector.family}.{kind}:")
    ]
    assert len(of_kind) == example.violations


@pytest.mark.parametrize(("detector", "kind"), CASES)
def test_conforming_example_is_clean(detector, kind):
    example = detector.examples[kind]
    result = audit_text(example.conforming, example.as_of)
    seen = found(result, example.found)
    assert [rule for rule, _ in seen if rule.startswith(f"{detector.family}.{kind}:")] == []
    warning = example.found is Verdict.PENDING  # what is not warned of is an obligation of another kind
    counts = [
        f.counts
        for f in result.findings
        if f.rule.family is detector.family and (f.rule.kind == kind or warning)
    ]
    looked_at = sum(c.conformant + c.pending for c in counts)
    assert looked_at or kind == "unknown", "the conforming example must hold an obligation of the kind"


@pytest.mark.parametrize("detector", detectors(), ids=lambda d: type(d).__name__)
def test_docstring_has_the_parts_an_auditor_reads(detector):
    text = type(detector).__doc__
    assert all(f"{part}:" in text for part in ("Verdicts", "Needs", "Source"))
    assert "Meaning" in text
