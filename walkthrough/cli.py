"""The command line. Data goes to standard output, everything else to standard error.

Heavy imports stay inside the commands: `walkthrough --help` imports no engine.
"""

from __future__ import annotations

import signal
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

import walkthrough
from walkthrough.terminal import guarded, stages

app = typer.Typer(
    name="walkthrough",
    help="Walkthrough 流程穿越: where work breaks between departments, found in event logs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="Reference models: list, show, check and begin them.", no_args_is_help=True)
app.add_typer(models_app, name="models")


class Language(StrEnum):
    """Languages of the reports."""

    ZH = "zh"
    EN = "en"


class Format(StrEnum):
    """Forms of what goes to standard output."""

    TABLE = "table"
    JSON = "json"


LOGS = typer.Argument(
    help="Export files or globs: CSV, TSV, XLSX, XES, Parquet, JSON lines, OCEL 2.0 (also .gz); or"
    " postgresql://user@host/database?table=schema.table."
)
Logs = Annotated[list[str], LOGS]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="Mapping file (YAML); default: proposed.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for what is written (made if missing).")]
Form = Annotated[Format, typer.Option("--format", help="Form of standard output.")]
Languages = Annotated[
    list[Language] | None, typer.Option("--lang", help="Language of the report; repeatable; default: zh.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", help="Whole cases: 'column=value,value' or 'period=2026-01-01..2026-03-31'."),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(walkthrough.__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def audit(
    model: Annotated[str, typer.Option("--model", help="Id of a library model, or a model folder.")],
    logs: Annotated[list[str] | None, LOGS] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            "--sources", help="Instead of exports: file (YAML) that names several systems' exports."
        ),
    ] = None,
    mapping: MappingFile = None,
    out: OutFolder = Path("walkthrough-report"),
    lang: Languages = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Instant of judgement; default: end of window or latest event."),
    ] = None,
    override: Annotated[
        Path | None, typer.Option("--override", help="Contract values of your own (YAML).")
    ] = None,
    filters: Filters = None,
    reject_limit: Annotated[
        float | None,
        typer.Option(
            "--reject-limit",
            min=0,
            max=1,
            help="More rejected rows than this share: inconclusive; default: the mapping's, or 0.01.",
        ),
    ] = None,
    worst: Annotated[int, typer.Option("--worst", min=1, max=1000, help="Examples per finding.")] = 10,
    key: Annotated[
        Path, typer.Option("--key", help="Key of the pseudonyms of persons; made if missing. Keep it secret.")
    ] = Path("walkthrough.key"),
    show_persons: Annotated[
        bool, typer.Option("--show-persons", help="Names instead of pseudonyms.")
    ] = False,
    form: Form = Format.TABLE,
) -> None:
    """Audit exported logs against a reference model; write report.<lang>.html and audit.json.

    Exit code: 0 conformant · 1 violations · 2 bad input · 3 inconclusive · 4 failed · 5 undecided.
    """
    from walkthrough.commands.audit import run_audit

    with stages() as stage:
        run_audit(
            logs or [],
            sources=sources,
            model=model,
            mapping=mapping,
            out=out,
            languages=[each.value for each in lang or [Language.ZH]],
            as_of=as_of,
            override=override,
            filters=filters or [],
            reject_limit=reject_limit,
            worst=worst,
            key=None if show_persons else key,
            as_json=form is Format.JSON,
            stage=stage,
        )


@app.command(name="map")
def map_(
    logs: Logs,
    model: Annotated[
        str | None, typer.Option("--model", help="Model whose names the labels may match.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the mapping here; default: standard output.")
    ] = None,
    worksheet: Annotated[
        Path | None, typer.Option("--worksheet", help="Write labels without activity here (.csv or .xlsx).")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace these files where they are there already.")
    ] = False,
) -> None:
    """Propose a mapping of columns and labels, and say why.

    Exit code: 0 confident · 2 uncertain (the questions are printed, the best guess still written).
    """
    from walkthrough.commands.map import run_map

    run_map(logs, model=model, out=out, worksheet=worksheet, overwrite=overwrite)


@app.command()
def discover(
    logs: Logs,
    out: OutFolder = Path("walkthrough-discovery"),
    mapping: MappingFile = None,
    lang: Languages = None,
    filters: Filters = None,
    key: Annotated[Path, typer.Option("--key", help="Key of the pseudonyms of persons.")] = Path(
        "walkthrough.key"
    ),
    show_persons: Annotated[
        bool, typer.Option("--show-persons", help="Names instead of pseudonyms.")
    ] = False,
) -> None:
    """Mine the actual flow of a log without a reference: map and model as HTML and JSON."""
    from walkthrough.commands.discover import run_discover

    with stages() as stage:
        run_discover(
            logs,
            out=out,
            mapping=mapping,
            languages=[each.value for each in lang or [Language.ZH]],
            filters=filters or [],
            key=None if show_persons else key,
            stage=stage,
        )


@app.command()
def align(
    logs: Logs,
    model: Annotated[Path, typer.Option("--model", help="Model file: .bpmn, .pnml or .ptml.")],
    mapping: MappingFile = None,
    filters: Filters = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            min=0,
            help="Time for a model too large for the exact method; what it cannot do gets bounds.",
        ),
    ] = 60,
    form: Form = Format.TABLE,
) -> None:
    """Align every case of a log with a model of any tool; labels are compared as spelled.

    Exit code: 0 aligned, whether cases deviate or not · 2 bad input · 4 failed.
    """
    from walkthrough.commands.align import run_align

    with stages() as stage:
        run_align(
            logs,
            model=model,
            mapping=mapping,
            filters=filters or [],
            seconds=seconds,
            as_json=form is Format.JSON,
            stage=stage,
        )


@app.command()
def simulate(
    model: Annotated[str, typer.Argument(help="Id of a library model, or a model's folder.")],
    out: OutFolder = Path("sample"),
    cases: Annotated[int, typer.Option("--cases", min=100, help="Number of cases, from 100.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same sample.")] = 1,
    fault_rate: Annotated[
        float,
        typer.Option(
            "--fault-rate", min=0, max=0.04, help="Share of the cases per kind of fault, up to 0.04."
        ),
    ] = 0.01,
    formats: Annotated[
        list[str] | None, typer.Option("--export", help="long, wide, gb18030, xlsx; repeatable.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language of labels and headings.")] = Language.ZH,
    noise: Annotated[
        str, typer.Option("--noise", help="none, or export: gaps, ties, copies, spellings, a window.")
    ] = "none",
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Plant into this export instead; --mapping says how to read it."),
    ] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="With --into: its mapping file.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write into a folder that holds something already.")
    ] = False,
    override: Annotated[
        Path | None, typer.Option("--override", help="With --into: contract values of your own (YAML).")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="With --into: instant of judgement; default: the full hour after its end."
        ),
    ] = None,
) -> None:
    """Make sample exports of a reference model with planted faults, and their answer key."""
    from walkthrough.commands.simulate import run_simulate

    run_simulate(
        model,
        out=out,
        cases=cases,
        seed=seed,
        fault_rate=fault_rate,
        formats=formats or ["long"],
        lang=lang.value,
        noise=noise,
        into=into,
        mapping=mapping,
        overwrite=overwrite,
        override=override,
        as_of=as_of,
    )


@app.command()
def demo(
    out: OutFolder = Path("demo"),
    cases: Annotated[int, typer.Option("--cases", min=100, help="Cases per model.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the samples.")] = 1,
) -> None:
    """Make a sample export of every library model, audit it, and say where the reports lie."""
    from walkthrough.commands.demo import run_demo

    with stages() as stage:
        run_demo(out, cases=cases, seed=seed, stage=stage)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="audit.json of the earlier run.")],
    after: Annotated[Path, typer.Argument(help="audit.json of the later run.")],
    lang: Annotated[Language, typer.Option("--lang", help="Language of the text.")] = Language.EN,
    form: Form = Format.TABLE,
) -> None:
    """Compare two audits: occurrences that are new, gone or changed.

    Exit code: 0 nothing more is violated · 1 something is violated that was not.
    """
    from walkthrough.commands.diff import run_diff

    run_diff(before, after, lang=lang.value, as_json=form is Format.JSON)


@app.command()
def doctor(form: Form = Format.TABLE) -> None:
    """Check that everything an audit needs works here. Exit code 4 if something does not."""
    from walkthrough.commands.doctor import run_doctor

    run_doctor(as_json=form is Format.JSON)


@models_app.command(name="list")
def models_list(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder that holds models of your own, to list besides.")
    ] = None,
    form: Form = Format.TABLE,
) -> None:
    """List the library's models, with their versions and what they extend."""
    from walkthrough.commands.models import list_models

    list_models(folder, as_json=form is Format.JSON)


@models_app.command(name="new")
def models_new(
    model: Annotated[str, typer.Argument(metavar="ID", help="Id of the new model, e.g. kunming-faults.")],
    folder: Annotated[Path, typer.Option("--folder", help="Folder that holds models of your own.")] = Path(),
    extends: Annotated[
        str | None, typer.Option("--extends", help="Model whose values it overrides, instead of its own.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Day from which it is in force; default: today.")
    ] = None,
) -> None:
    """Begin a model of your own: a folder that can be used as it stands. Never overwrites."""
    from walkthrough.commands.models import new_model

    new_model(model, folder, extends=extends, since=since)


@models_app.command(name="show")
def models_show(
    model: Annotated[str, typer.Argument(help="Id of a library model, or a model folder.")],
    lang: Annotated[Language, typer.Option("--lang", help="Language of the names.")] = Language.EN,
    form: Form = Format.TABLE,
) -> None:
    """Show a model: activities, handoffs, deadlines and rules, each with its standing."""
    from walkthrough.commands.models import show_model

    show_model(model, lang=lang.value, as_json=form is Format.JSON)


@models_app.command(name="check")
def models_check(
    path: Annotated[Path, typer.Argument(help="Model folder, BPMN file, or folder of BPMN files.")],
    form: Form = Format.TABLE,
) -> None:
    """Check a model folder or BPMN files and name every mistake. Exit code 2 if one cannot be used."""
    from walkthrough.commands.models import check_model

    check_model(path, as_json=form is Format.JSON)


def main() -> None:
    """Run the command line; inputs that cannot be used end with their problems, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character shows its number
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop cleans up like Ctrl-C
    sys.exit(guarded(app))


__all__ = ["app", "main"]
