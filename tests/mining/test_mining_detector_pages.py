"""The page of every detector says what its docstring says, and how one occurrence is re-performed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mining.detectors import detectors

SCRIPT = Path(__file__).parents[2] / "docs" / "detectors" / "pages.py"
_SPEC = importlib.util.spec_from_file_location("detector_pages", SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
detector_pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(detector_pages)


def test_the_pages_are_current():
    written = {path.name: path.read_text(encoding="utf-8") for path in SCRIPT.parent.glob("*.md")}
    expected = detector_pages.pages()
    assert sorted(written) == sorted(expected), "run `make docs`"
    assert [name for name in expected if written[name] != expected[name]] == [], "run `make docs`"


@pytest.mark.parametrize("detector", detectors(), ids=lambda each: type(each).__name__)
def test_a_page_has_all_that_an_auditor_needs(detector):
    title, parts = detector_pages.parts_of(detector)
    assert title.endswith((".", "）."))
    assert list(parts) == list(detector_pages.HEADINGS)
    long = ("Meaning", "Verdicts", "Re-perform")
    assert [part for part in long if len(parts[part]) < 100] == [], "a part says nothing"
    assert set(detector.examples) == set(detector.kinds)
