"""The library's own logs: what must be found is found, and nothing where all is well."""

from __future__ import annotations

from pathlib import Path

import pytest
from workbench import us

import reference_models
from logs import Mapping, read
from mining.audit import audit
from mining.audit_result import Audit
from reference_models import library, load

LIBRARY = Path(reference_models.__file__).parent / "library"
AS_OF = "2026-09-30T18:00+08:00"
"""Long after the last event of all of them."""


def audit_of(model_id: str, path: Path, as_of: str = AS_OF) -> Audit:
    model = load(model_id)
    attributes = {name: name for name in model.attributes}
    mapping = Mapping(
        case="case", activity="activity", time="time", role="role", resource="resource", attributes=attributes
    )
    with read(path, mapping) as log:
        return audit(log, model, tool_version="test", as_of_us=us(as_of))


def logs(folder: str) -> list[object]:
    return [
        pytest.param(model_id, path, id=f"{model_id}/{path.stem}")
        for model_id in library()
        for path in sorted((LIBRARY / model_id / folder).glob("*.csv"))
    ]


@pytest.mark.parametrize(("model_id", "path"), logs("violating"))
def test_what_a_violating_log_is_named_after_is_found(model_id: str, path: Path) -> None:
    violated = {f"{f.rule.family}.{f.rule.kind}" for f in audit_of(model_id, path).findings if f.is_violated}
    assert path.stem in violated


@pytest.mark.parametrize(("model_id", "path"), logs("conforming"))
def test_nothing_is_found_in_a_conforming_log(model_id: str, path: Path) -> None:
    result = audit_of(model_id, path)
    assert [f.rule.id for f in result.findings if f.is_violated] == []
    assert sum(f.counts.conformant for f in result.findings) > 20
