"""Write a simulated sample as the exports that order systems give."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from logs.problems import InputError, Problem
from reference_models.model import AttributeSpec, ReferenceModel
from walkthrough.simulation.generate import Sample
from walkthrough.simulation.scenarios import GOODS

FORMATS = ("long", "wide", "gb18030", "xlsx")
TIME = "%Y-%m-%d %H:%M:%S"
OFFSET_US = 8 * 3_600_000_000
"""Asia/Shanghai has had no summer time since 1991."""
SHEET_ROWS = 1_048_575
WIDE_KINDS = ("repeated", "ping_pong", "resent", "late")
"""Faults that a row with one cell per milestone cannot show (late: of handoffs, as starts are lost)."""


def write_exports(
    sample: Sample,
    model: ReferenceModel,
    folder: Path,
    formats: Collection[str] = ("long",),
    *,
    lang: str = "zh",
) -> list[Path]:
    """Write the sample into a folder; returns what was written.

    Always orders.csv (long: a row per event), whose rows answer_key.csv names, and where the sample has
    limits of its own limits.yaml (to be given to `walkthrough audit --override`). Besides, as asked: wide,
    orders_wide.csv with a row per case and a column per milestone; gb18030, the long export in that
    encoding; xlsx, the long export as a workbook. Raises InputError for more events than a worksheet holds.
    """
    if "xlsx" in formats and len(sample.events) > SHEET_ROWS:
        raise InputError(
            Problem(
                f"a worksheet holds {SHEET_ROWS:,} events, the sample has {len(sample.events):,}",
                mend="ask for fewer cases, or for --export long",
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        table = _export_table(sample, model, lang)
        engine.register("export", table)
        written = [folder / "orders.csv"]
        engine.sql("select * from export").write_csv(str(written[0]))
        if "gb18030" in formats:
            written.append(_gb18030(written[0], folder / "orders_gb18030.csv"))
        if "wide" in formats:
            written.append(_wide(table, model, folder / "orders_wide.csv", lang))
        if "xlsx" in formats:
            written.append(_xlsx(table, folder / "orders.xlsx", sample.as_of))
    key = folder / "answer_key.csv"
    sample.key.to_csv(key, index=False)
    written.append(key)
    if sample.scenario.limits:
        written.append(folder / "limits.yaml")
        written[-1].write_text(_limits(sample), encoding="utf-8")
    return written


def _export_table(sample: Sample, model: ReferenceModel, lang: str) -> pd.DataFrame:
    """The long export under the headings that people see."""
    activities = model.activities
    label = {a.id: a.name.get(lang) for a in activities.values()}
    unit = {a.id: model.roles[a.role].name.get(lang) if a.role else "" for a in activities.values()}
    english = lang == "en"
    events, cases = sample.events, sample.cases
    row = events["case"].to_numpy()
    units = events["activity"].map(unit).fillna("")
    staff = "员工" if not english else "Staff "
    table = pd.DataFrame(
        {
            "Case id" if english else sample.scenario.case_heading: cases["case_id"].to_numpy()[row],
            "Activity" if english else "环节": events["activity"].map(label).fillna(events["activity"]),
            "Start time" if english else "开始时间": _local(events["start_us"]),
            "Completion time" if english else "完成时间": _local(events["t_us"]),
            "Unit" if english else "处理部门": units,
            "Handled by" if english else "处理人": staff + events["resource"].astype(str).str.zfill(3),
        }
    )
    for name in cases.columns.drop("case_id"):
        spec = model.attributes[name]
        values = cases[name].map(_in_english(spec)).fillna(cases[name]) if english else cases[name]
        table[spec.name.get(lang)] = values.to_numpy()[row]
    return table


def _in_english(spec: AttributeSpec) -> dict[str, str]:
    """Spelling → the English one of the same category: its first in ASCII, else its id."""
    return {
        spelling: next((each for each in spellings if each.isascii()), category)
        for category, spellings in spec.values.items()
        for spelling in spellings
    } | GOODS


def _local(us: pd.Series) -> pd.Series:
    return pd.to_datetime((us + OFFSET_US) // 1_000_000 * 1_000_000, unit="us").dt.strftime(TIME)


def _gb18030(source: Path, target: Path) -> Path:
    with (
        source.open(encoding="utf-8", newline="") as read,
        target.open("w", encoding="gb18030", newline="") as out,
    ):
        shutil.copyfileobj(read, out, 1 << 20)
    return target


def _wide(table: pd.DataFrame, model: ReferenceModel, target: Path, lang: str) -> Path:
    """A row per case; a milestone that came twice keeps its first time."""
    case, activity, _, done = table.columns[:4]
    attributes = list(table.columns[6:])
    present, suffix = set(table[activity]), "时间" if lang == "zh" else " time"
    names = [name for a in model.activities.values() if (name := a.name.get(lang)) in present]
    known = table[table[activity].isin(names)]
    cells = known.drop_duplicates([case, activity]).pivot(index=case, columns=activity, values=done)
    wide = known.drop_duplicates(case)[[case, *attributes]].join(cells[names], on=case)
    wide = wide.rename(columns={name: name + suffix for name in names})
    wide.to_csv(target, index=False)
    return target


def _xlsx(table: pd.DataFrame, target: Path, made: datetime) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(
        str(target), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"created": made.replace(tzinfo=None)})  # else the hour of the simulation
        sheet = book.add_worksheet("工单")
        for column, heading in enumerate(table.columns):
            sheet.write_string(0, column, heading)
        for number, row in enumerate(table.itertuples(index=False, name=None), start=1):
            for column, value in enumerate(row):
                if value:
                    sheet.write_string(number, column, value)
    return target


def _limits(sample: Sample) -> str:
    """The sample's own limits of handoffs, as an override of the library's contract."""
    unit = "working_days" if sample.scenario.office else "hours"
    lines = [
        f"# Made up by `walkthrough simulate {sample.scenario.model}` (seed {sample.seed}): limits of single",
        "# handoffs, for which no document gives one. An audit of the sample needs them; your own go here.",
        "handoffs:",
    ]
    for handoff, limit in sample.scenario.limits.items():
        lines.append(f"  {handoff}: {{limit: {{{unit}: {limit:g}}}}}")
    return "\n".join([*lines, ""])
