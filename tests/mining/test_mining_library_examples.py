"""The library's own logs: what must be found is found, and nothing where all is well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ibis
import pytest
from workbench import us

import reference_models
from logs import EventLog, Mapping, read
from mining.audit import audit
from mining.audit_result import Audit
from mining.bound_log import bind
from mining.conformance import conformance
from mining.detection import Evidence
from mining.detectors import detectors
from mining.findings import Family, Verdict
from reference_models import ReferenceModel, library, load

LIBRARY = Path(reference_models.__file__).parent / "library"
AS_OF = "2026-09-30T18:00+08:00"
"""Long after the last event of all of them."""


def opened(model: ReferenceModel, path: Path) -> EventLog:
    attributes = {name: name for name in model.attributes}
    mapping = Mapping(
        case="case", activity="activity", time="time", role="role", resource="resource", attributes=attributes
    )
    return read(path, mapping)


def audit_of(model_id: str, path: Path, as_of: str = AS_OF) -> Audit:
    model = load(model_id)
    with opened(model, path) as log:
        return audit(log, model, tool_version="test", as_of_us=us(as_of))


def violated_by_its_detector(model_id: str, path: Path) -> set[str]:
    """What the detector of the kind that a log is named after finds: a fraction of a whole audit's time."""
    family, _, kind = path.stem.partition(".")
    own = next(each for each in detectors() if each.family == family and kind in each.kinds)
    # What handoffs and duplicates explain is no deviation besides.
    before = [each for each in detectors() if each.family in (Family.HANDOFF, Family.DUPLICATE)]
    model = load(model_id)
    with opened(model, path) as log:
        bound = bind(log, model, us(AS_OF))
        evidence = Evidence(bound, conformance(bound))
        for number, each in enumerate(before if family == Family.DEVIATION else ()):
            explains = each.detect(evidence).explains
            if explains is not None:
                kept = bound.store(f"explained_{number}", explains.select("row_no"))
                kept = kept if evidence.explained is None else ibis.union(evidence.explained, kept)
                evidence = replace(evidence, explained=kept)
        found = own.detect(evidence).occurrences
        assert found is not None
        violated = found.filter(found.verdict == Verdict.VIOLATED.value).rule_id.execute()
    return {str(rule).partition(":")[0] for rule in violated}


def logs(folder: str) -> list[object]:
    return [
        pytest.param(model_id, path, id=f"{model_id}/{path.stem}")
        for model_id in library()
        for path in sorted((LIBRARY / model_id / folder).glob("*.csv"))
    ]


@pytest.mark.parametrize(("model_id", "path"), logs("violating"))
def test_what_a_violating_log_is_named_after_is_found(model_id: str, path: Path) -> None:
    assert path.stem in violated_by_its_detector(model_id, path)


@pytest.mark.parametrize(("model_id", "path"), logs("conforming"))
def test_nothing_is_found_in_a_conforming_log(model_id: str, path: Path) -> None:
    result = audit_of(model_id, path)
    assert [f.rule.id for f in result.findings if f.is_violated] == []
    assert sum(f.counts.conformant for f in result.findings) > 20


def test_the_same_part_of_the_same_request_is_a_duplicate_for_all_its_reference(tmp_path: Path) -> None:
    parts = LIBRARY / "in-sales-procurement" / "conforming" / "bought_in_parts.csv"
    path = tmp_path / "duplicate.resent.csv"
    path.write_text(parts.read_text(encoding="utf-8").replace("Z2026-07,2", "Z2026-07,1"), encoding="utf-8")
    assert "duplicate.resent" in violated_by_its_detector("in-sales-procurement", path)
