"""The rows of a long export, as people see them: headings, labels and units in one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from reference_models.model import AttributeSpec
from walkthrough.simulation.block import Sample
from walkthrough.simulation.courses import UNKNOWN_IN_ENGLISH, UNKNOWN_LABEL
from walkthrough.simulation.generate import Simulation
from walkthrough.simulation.orders import in_english

FIRST_ATTRIBUTE = 6
"""Columns before: case, activity, start and completion (microseconds UTC), unit, person."""


def export_rows(block: Sample, simulation: Simulation, lang: str) -> pd.DataFrame:
    """A row per event in the order of the block, attributes of its case last."""
    model, english = simulation.plan.model, lang == "en"
    label = {a.id: a.name.get(lang) for a in model.activities.values()}
    label |= {UNKNOWN_LABEL: UNKNOWN_IN_ENGLISH} if english else {}
    unit = {role.id: role.name.get(lang) for role in model.roles.values()}
    events, cases = block.events, block.cases
    row = events["case"].to_numpy() - cases.index[0]
    staff = "Staff " if english else "员工"
    table = pd.DataFrame(
        {
            "Case id" if english else simulation.plan.hints.case_heading: cases["case_id"].to_numpy()[row],
            "Activity" if english else "环节": events["activity"].map(label).fillna(events["activity"]),
            "Start time" if english else "开始时间": events["start_us"],
            "Completion time" if english else "完成时间": events["t_us"],
            "Unit" if english else "处理部门": events["role"].map(unit).fillna(""),
            "Handled by" if english else "处理人": staff + events["resource"].astype(str).str.zfill(3),
        }
    )
    for name in cases.columns.drop("case_id"):
        spec = model.attributes[name]
        texts = simulation.plan.hints.texts.get(name)
        values = cases[name].map(_english(spec, texts)) if english else cases[name]
        shown = values.to_numpy()[row]
        if name in simulation.plan.per_round:
            later = events["round"].to_numpy() > 0
            shown[later] = [
                _in_round(value, number, spec.type, texts)
                for value, number in zip(shown[later], events["round"].to_numpy()[later], strict=True)
            ]
        table[spec.name.get(lang)] = shown
    return table


def _in_round(value: str, number: int, form: str, texts: Mapping[str, str] | None) -> str:
    """What a later order of the same case says."""
    for known in (list(texts), list(texts.values())) if texts else ():
        if value in known:
            return known[(known.index(value) + number) % len(known)]
    if form == "number" and value:
        return f"{float(value) * (1 + 0.15 * number):.2f}"
    return f"{value}-{number + 1}"


def _english(spec: AttributeSpec, texts: Mapping[str, str] | None) -> Callable[[str], str]:
    """Spelling → the English one of the same category: its first in ASCII, else its id."""
    known = {
        spelling: next((each for each in spellings if each.isascii()), category)
        for category, spellings in spec.values.items()
        for spelling in spellings
    }
    return lambda spelling: known.get(spelling) or in_english(spelling, texts)
