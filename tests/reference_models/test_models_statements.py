"""Everything that a contract states is listed, with who set it and why."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import yaml

from reference_models import library, load
from reference_models.statements import statements


def _stated(value: Any, *keys: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(keys joined by dots, what is written there) of everything with a standing."""
    if isinstance(value, dict):
        if "standing" in value:
            yield ".".join(keys), value
        for key, each in value.items():
            yield from _stated(each, *keys, str(key))


@pytest.mark.parametrize("model_id", library())
def test_every_standing_of_a_contract_is_a_statement(model_id: str) -> None:
    folder = files("reference_models").joinpath("library", model_id, "contract.yaml")
    written = dict(_stated(yaml.safe_load(folder.read_text(encoding="utf-8"))))
    said = {each.key: each.authority for each in statements(load(model_id))}
    assert len(written) > 10
    for key, each in written.items():
        authority = said[key]
        assert authority is not None, key
        assert (authority.standing, authority.source) == (each["standing"], each.get("source", "")), key
        reason = {"zh": authority.reason.zh, "en": authority.reason.en} if authority.reason else None
        assert reason == each.get("reason"), key


@pytest.mark.parametrize("model_id", library())
def test_no_statement_is_listed_twice(model_id: str) -> None:
    keys = [each.key for each in statements(load(model_id))]
    assert len(keys) == len(set(keys))
