"""Write a simulated sample as the exports that order systems give."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from logs.problems import InputError, Problem
from walkthrough.simulation.courses import UNKNOWN_IN_ENGLISH, UNKNOWN_LABEL
from walkthrough.simulation.generate import Simulation
from walkthrough.simulation.noise import NONE, noisy
from walkthrough.simulation.other_export import OtherExport, OtherHeadings
from walkthrough.simulation.override import override_text, own_sections
from walkthrough.simulation.rows import FIRST_ATTRIBUTE, export_rows

FORMATS = ("long", "wide", "gb18030", "xlsx")
OFFSET_US = 8 * 3_600_000_000
"""Asia/Shanghai has had no summer time since 1991."""
SHEET_ROWS = 1_048_575
ENGINE_MEMORY = "1GB"
"""What the engine may hold while it sorts; the rest it keeps on disk."""


@dataclass(frozen=True)
class Written:
    """What was written, and how much of it there is."""

    files: tuple[Path, ...]
    """The long export first."""
    events: int
    cases: int
    planted: int
    """Faults planted."""


def write_exports(
    simulation: Simulation, folder: Path, formats: Collection[str] = ("long",), *, lang: str = "zh"
) -> Written:
    """Simulate, and write the exports into a folder.

    Always the long export, a row per event by time (orders.csv, tickets.csv … by what the cases are), whose
    rows answer_key.csv names, mapping.yaml to read it, and what no document gives in limits.yaml
    (to be given to `walkthrough audit --override`); another system's export, its mapping and sources.yaml,
    which names both (for `--sources`). Besides, as asked: wide, orders_wide.csv with a row per
    case and a column per milestone; gb18030, the long export in that encoding; xlsx, it as a workbook.

    Blocks of cases lie in the folder for temporary files until they are sorted, so that memory does not grow
    with their number. Raises InputError for more events than a worksheet holds.
    """
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as engine:
        engine.execute(f"set memory_limit = '{ENGINE_MEMORY}'")
        engine.execute("set enable_progress_bar = false")
        engine.execute(f"set temp_directory = {_quoted(scratch)}")
        exports = _Exports(simulation, Path(scratch), engine, lang)
        events, cases = exports.make(SHEET_ROWS if "xlsx" in formats else None)
        folder.mkdir(parents=True, exist_ok=True)
        name = simulation.export
        files = [exports.long(folder / f"{name}.csv")]
        if "gb18030" in formats:
            files.append(_gb18030(files[0], folder / f"{name}_gb18030.csv"))
        if "wide" in formats:
            files.append(exports.wide(folder / f"{name}_wide.csv"))
        if "xlsx" in formats:
            files.append(_xlsx(files[0], folder / f"{name}.xlsx", simulation.as_of))
        other = OtherExport(simulation, lang)
        files.append(exports.other_system(folder / f"{other.file}.csv", other.headings))
        files.append(exports.answer_key(folder / "answer_key.csv"))
        files.append(folder / "mapping.yaml")
        files[-1].write_text(mapping_text(simulation, exports.headings, lang), encoding="utf-8")
        texts = {f"{other.file}_mapping.yaml": other.mapping(), "sources.yaml": other.sources()}
        if sections := own_sections(simulation):
            texts["limits.yaml"] = override_text(simulation, sections)
        for file, text in texts.items():
            files.append(folder / file)
            files[-1].write_text(text, encoding="utf-8")
        return Written(tuple(files), events, cases, exports.planted())


class _Exports:
    """A sample on its way from blocks through sorted rows to files; the engine does the work."""

    def __init__(
        self, simulation: Simulation, scratch: Path, engine: duckdb.DuckDBPyConnection, lang: str
    ) -> None:
        self.simulation, self.scratch, self.engine, self.lang = simulation, scratch, engine, lang
        self.headings: tuple[str, ...] = ()
        self.rows = f"read_parquet({_quoted(scratch / 'rows.parquet')}, file_row_number = true)"
        """The rows in the order of the export; file_row_number counts from 0."""
        self.records = f"read_parquet({_quoted(scratch / 'records.parquet')}, file_row_number = true)"
        """Those of the other system, in the same way."""
        self.key = f"read_parquet({_quoted(scratch / 'key_*.parquet')})"

    def make(self, most: int | None) -> tuple[int, int]:
        """Simulate and sort; returns the numbers of events and cases."""
        events = cases = 0
        for number, block in enumerate(self.simulation.blocks()):
            events, cases = events + len(block.events), cases + len(block.cases)
            if most is not None and events > most:
                raise InputError(
                    Problem(
                        f"a worksheet holds {most:,} events, the sample has more",
                        mend="ask for fewer cases, or for --export long",
                    )
                )
            rows = export_rows(block, self.simulation, self.lang)
            self.headings = tuple(rows.columns)
            rows = rows.assign(
                _number=rows.index, _faulty=block.events["faulty"], _order=block.events["t_us"]
            )
            key = block.key
            if (noise := self.simulation.noise) != NONE:
                rng = np.random.default_rng([self.simulation.seed, number, 0])
                ids = block.events["activity"].to_numpy()
                firsts = self.simulation.plan.firsts
                overlaid = noisy(rows, key, self.simulation.plan.model, noise, ids, firsts, rng)
                rows, key = overlaid.rows, overlaid.key
            if self.lang == "en":
                key = key.assign(subject=key["subject"].replace(UNKNOWN_LABEL, UNKNOWN_IN_ENGLISH))
            self._keep(rows, f"block_{number:05d}")
            self._keep(key.reset_index(names="_number"), f"key_{number:05d}")
            self._keep(block.records.reset_index(names="_number"), f"record_{number:05d}")
        blocks = f"read_parquet({_quoted(self.scratch / 'block_*.parquet')})"
        self._copy(f"* from {blocks} order by _order, _number", self.scratch / "rows.parquet")
        blocks = f"read_parquet({_quoted(self.scratch / 'record_*.parquet')})"
        self._copy(f"* from {blocks} order by t_us, case_id", self.scratch / "records.parquet")
        return events, cases

    def _keep(self, table: pd.DataFrame, name: str) -> None:
        self.engine.register("kept", table)
        self._copy("* from kept", self.scratch / f"{name}.parquet")
        self.engine.unregister("kept")

    def long(self, target: Path) -> Path:
        """A row per event."""
        times = self.headings[2:4]
        texts = (_local(f'"{each}"', each) if each in times else f'"{each}"' for each in self.headings)
        return self._copy(f"{', '.join(texts)} from {self.rows}", target)

    def wide(self, target: Path) -> Path:
        """A row per case; a milestone that came twice keeps its first time."""
        case, activity, _, done = (f'"{heading}"' for heading in self.headings[:4])
        suffix = "时间" if self.lang == "zh" else " time"
        present = {row[0] for row in self._fetch(f"distinct {activity} from {self.rows}")}
        named = [each.name.get(self.lang) for each in self.simulation.plan.model.activities.values()]
        milestones = [name for name in named if name in present]
        cells = [
            *(f'any_value("{heading}") as "{heading}"' for heading in self.headings[FIRST_ATTRIBUTE:]),
            *(
                _local(f"min({done}) filter ({activity} = {_quoted(name)})", name + suffix)
                for name in milestones
            ),
        ]
        return self._copy(
            f"{', '.join([case, *cells])} from {self.rows}"
            f" where {activity} in ({', '.join(map(_quoted, milestones))})"
            f" group by {case} order by min(file_row_number)",
            target,
        )

    def other_system(self, target: Path, headings: OtherHeadings) -> Path:
        """A row per record of the other system."""
        key = f', key as "{headings.key}"' if headings.key else ""
        return self._copy(
            f'case_id as "{headings.case}", {_quoted(headings.label)} as "{headings.activity}",'
            f" {_local('t_us', headings.time)}{key} from {self.records}",
            target,
        )

    def answer_key(self, target: Path) -> Path:
        """`rows`: rows of the long export (heading = 1) with the events that show a planted fault;
        `other_rows`: those of the other system's export.

        Separated by blanks; empty where the fault is that an event is missing.
        """
        numbers = "string_agg(file_row_number + 2, ' ' order by file_row_number)"
        case = f'"{self.headings[0]}"'
        shown = f"select {case} as case_id, {numbers} as rows from {self.rows} where _faulty group by {case}"
        there = f"select of as case_id, {numbers} as others from {self.records} where faulty group by of"
        return self._copy(
            "case_id, nullif(family, '') as family, kind, nullif(subject, '') as subject, role,"
            " nullif(related_case, '') as related_case, case when role = 'planted' then rows end as rows,"
            " case when role = 'planted' then others end as other_rows"
            f" from {self.key} as k left join ({shown}) using (case_id) left join ({there}) using (case_id)"
            " order by k.family, kind, case_id, _number",
            target,
        )

    def planted(self) -> int:
        """How many faults were planted."""
        return int(self._fetch(f"count(*) from {self.key} where role = 'planted'")[0][0])

    def _copy(self, selected: str, target: Path) -> Path:
        form = "csv, header" if target.suffix == ".csv" else "parquet"
        self.engine.execute(f"copy (select {selected}) to {_quoted(target)} (format {form})")
        return target

    def _fetch(self, selected: str) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = self.engine.execute(f"select {selected}").fetchall()
        return rows


def _quoted(value: object) -> str:
    """As a string in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _local(us: str, heading: str) -> str:
    """Microseconds UTC as the text that exports show."""
    return f"""strftime(make_timestamp({us} + {OFFSET_US}), '%Y-%m-%d %H:%M:%S') as "{heading}\""""


def _gb18030(source: Path, target: Path) -> Path:
    with (
        source.open(encoding="utf-8", newline="") as read,
        target.open("w", encoding="gb18030", newline="") as out,
    ):
        shutil.copyfileobj(read, out, 1 << 20)
    return target


def _xlsx(source: Path, target: Path, made: datetime) -> Path:
    import xlsxwriter

    with (
        source.open(encoding="utf-8", newline="") as read,
        xlsxwriter.Workbook(
            str(target), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        ) as book,
    ):
        book.set_properties({"created": made.replace(tzinfo=None)})  # else the hour of the simulation
        sheet = book.add_worksheet("工单")
        for number, row in enumerate(csv.reader(read)):
            for column, value in enumerate(row):
                if value:
                    sheet.write_string(number, column, value)
    return target


def mapping_text(simulation: Simulation, headings: Sequence[str], lang: str) -> str:
    """How the long export is read."""
    fields = ("case", "activity", "start", "time", "role", "resource")
    lines = [f"{field}: {heading}" for field, heading in zip(fields, headings, strict=False)]
    attributes = [f"  {spec.id}: {spec.name.get(lang)}" for spec in simulation.model.attributes.values()]
    lines += ["attributes:", *attributes] if attributes else []
    if simulation.noise.repeated_rows:
        lines.append("drop_repeated_rows: true")
    if simulation.noise.window:
        until = f"{simulation.as_of:%Y-%m-%dT%H:%M:%S}"
        lines.append(f"window: {{from: {simulation.noise.window}, until: {until}}}")
    return "\n".join([*lines, ""])
