"""An override file laid over a contract: what the user gives wins, and is marked as the user's."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel

from reference_models.contract import (
    BandDocument,
    CellDocument,
    ConditionDocument,
    ContractDocument,
    IdleLimitDocument,
    LimitDocument,
    ToleranceDocument,
)

Where = tuple[str | int, ...]

_WHOLE: tuple[type[BaseModel], ...] = (
    CellDocument,
    LimitDocument,
    IdleLimitDocument,
    BandDocument,
    ConditionDocument,
    ToleranceDocument,
)
"""Values that are replaced as one: a limit in hours must not keep the days of the limit it replaces."""

_SPELLINGS = frozenset({"aliases", "units", "values"})
"""Lists to which an override adds: a branch's own spellings do not undo the usual ones."""


def merge(
    contract: dict[str, Any], override: dict[str, Any], source: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Lay an override over a contract, both as plain values.

    Mappings are merged key by key; a limit, a cell or a band is replaced whole; spellings are added; any
    other list is replaced. Whatever states a standing and is given a value has standing 'user' then, with
    the override file as its source.
    Returns the merged value and the dotted keys that the override sets.
    """
    changed: list[str] = []
    merged = _merge(contract, override, ContractDocument, source, (), changed)
    return merged, tuple(changed)


def _merge(base: Any, over: Any, annotation: Any, source: str, where: Where, changed: list[str]) -> Any:
    model = _model_in(annotation)
    if model is CellDocument and get_origin(annotation) is not dict and not isinstance(over, dict):
        over = {"limit": over}
    if model in _WHOLE and get_origin(annotation) is not dict and isinstance(over, dict):
        changed.append(".".join(map(str, where)))
        return _stamped(over, over, source) if _states(model) else over
    if isinstance(over, dict) and (model or get_origin(annotation) is dict):
        return _merge_mapping(base, over, annotation, source, where, changed)
    changed.append(".".join(map(str, where)))
    if isinstance(over, list) and isinstance(base, list) and _SPELLINGS.intersection(map(str, where[-2:])):
        return [*base, *(each for each in over if each not in base)]
    return over


def _merge_mapping(
    base: Any, over: dict[str, Any], annotation: Any, source: str, where: Where, changed: list[str]
) -> dict[str, Any]:
    model = None if get_origin(annotation) is dict else _model_in(annotation)
    merged = dict(base) if isinstance(base, dict) else {}
    own = False
    for key, value in over.items():
        inner = _inner(annotation, model, key)
        merged[key] = _merge(merged.get(key), value, inner, source, (*where, key), changed)
        own = own or not _states(_model_in(inner))
    return _stamped(merged, over, source) if own and _states(model) else merged


def _stamped(value: dict[str, Any], over: dict[str, Any], source: str) -> dict[str, Any]:
    kept = {key: each for key, each in value.items() if key not in ("standing", "source", "reason")}
    said: dict[str, Any] = {key: over[key] for key in ("source", "reason") if key in over}
    return {**kept, "standing": "user", "source": source, **said}


def _states(model: type[BaseModel] | None) -> bool:
    return model is not None and "standing" in model.model_fields


def _inner(annotation: Any, model: type[BaseModel] | None, key: str) -> Any:
    if model is not None:
        field = model.model_fields.get(key)
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[1] if len(arguments) == 2 else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The document kind within an annotation such as `X | None` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
