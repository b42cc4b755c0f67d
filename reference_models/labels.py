"""The names of a model as plain data: how labels, headings and values of exports lead to its ids."""

from __future__ import annotations

from logs.labels import normalise_label
from logs.vocabulary import Vocabulary
from reference_models.model import Activity, AttributeSpec, ReferenceModel


def label_index(model: ReferenceModel) -> dict[str, str]:
    """Normalised label → activity id, for the ids, names in both languages and aliases of all activities."""
    return {
        normalise_label(name): activity.id
        for activity in model.activities.values()
        for name in (activity.id, *_names(activity))
    }


def category_index(spec: AttributeSpec) -> dict[str, str]:
    """Normalised spelling → category, for the categories of an attribute and their spellings."""
    return {
        normalise_label(spelling): category
        for category, spellings in spec.values.items()
        for spelling in (category, *spellings)
    }


def category_of(spec: AttributeSpec, text: str | None) -> str | None:
    """The category that a text spells; None where it spells none (or there is none)."""
    return None if text is None else category_index(spec).get(normalise_label(text))


def role_index(model: ReferenceModel) -> dict[str, str]:
    """Normalised organisational unit or role name → role id."""
    return {
        normalise_label(name): role.id
        for role in model.roles.values()
        for name in (role.id, role.name.zh, role.name.en, *role.units)
    }


def vocabulary(model: ReferenceModel) -> Vocabulary:
    """The names under which exports may carry the model's activities and attributes."""
    return Vocabulary(
        activities=tuple((each.id, _names(each)) for each in model.activities.values()),
        attributes=tuple(
            (
                each.id,
                (each.name.zh, each.name.en, *each.aliases),
                tuple(spelling for spellings in each.values.values() for spelling in spellings),
            )
            for each in model.attributes.values()
        ),
        units=tuple(
            name for role in model.roles.values() for name in (role.name.zh, role.name.en, *role.units)
        ),
    )


def _names(activity: Activity) -> tuple[str, ...]:
    return (activity.name.zh, activity.name.en, *activity.aliases)
