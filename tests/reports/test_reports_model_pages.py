"""The page of every library model says what the model says, in both languages, with a picture that opens."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from lxml import etree

from reference_models import library, load

SCRIPT = Path(__file__).parents[2] / "docs" / "models" / "pages.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_pages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(script: ModuleType) -> dict[str, str]:
    return dict(script.pages())


def test_the_pages_of_the_models_are_current(pages: dict[str, str]) -> None:
    files = (*SCRIPT.parent.glob("*.md"), *SCRIPT.parent.glob("*.svg"))
    written = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert sorted(written) == sorted(pages), "run `make docs`"
    assert [name for name in pages if written[name] != pages[name]] == [], "run `make docs`"


@pytest.mark.parametrize("model_id", library())
def test_a_page_names_every_role_step_handoff_limit_and_reason(model_id: str, pages: dict[str, str]) -> None:
    model = load(model_id)
    for lang, page in (("en", pages[f"{model_id}.md"]), ("zh", pages[f"{model_id}.zh.md"])):
        for each in (*model.roles.values(), *model.activities.values()):
            assert each.name.get(lang) in page
            assert each.authority.reason is None or each.authority.reason.get(lang) in page
        rows = sum(line.count("| ") for line in page.splitlines() if " (" in line)
        assert rows >= 2 * len(model.handoffs)
        for clock in model.deadlines:
            assert clock.name.get(lang) in page
        assert "–" not in re.sub(r"\d–\d", "", page), "a text misses a value"


@pytest.mark.parametrize("model_id", library())
def test_a_picture_is_whole_and_loads_nothing(model_id: str, pages: dict[str, str]) -> None:
    model = load(model_id)
    for lang in ("en", "zh"):
        root = etree.fromstring(pages[f"{model_id}.{lang}.svg"].encode())
        titles = {each.text for each in root.iter("{http://www.w3.org/2000/svg}title")}
        assert {each.name.get(lang) for each in model.activities.values() if each.in_flow} <= titles
        links = [name for each in root.iter() for name in each.attrib if name.endswith(("href", "src"))]
        assert links == []
