"""What a person at a terminal sees: progress, problems, and the exit code they come to."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import typer

from walkthrough.exit_codes import ExitCode


def say(text: str) -> None:
    """A message beside the data: to standard error."""
    typer.echo(text, err=True)


class Stages:
    """Shows the running stage on a terminal, and nothing where standard error is none."""

    def __init__(self) -> None:
        self._progress: object | None = None
        self._task: int = 0

    def __enter__(self) -> Callable[[str], None]:
        if not sys.stderr.isatty():
            return lambda stage: None
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        task = progress.add_task("start", total=None)
        progress.start()
        self._progress = progress
        return lambda stage: progress.update(task, description=stage)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from typing import cast

        if self._progress is not None:
            from rich.progress import Progress

            cast(Progress, self._progress).stop()


def guarded(command: Callable[..., object]) -> int:
    """Run the command and turn whatever happens into an exit code and a message."""
    try:
        command(standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.FAILED
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say("stopped")
        return ExitCode.FAILED
    except BrokenPipeError:  # the reader of our output has left; nobody is there to be told
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # stays open until the process ends
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001  # the one place that may: everything ends here with a code
        return _explain(error)
    return ExitCode.CONFORMANT


def _explain(error: Exception) -> int:
    import click

    if isinstance(error, click.ClickException):
        error.show()
        return ExitCode.BAD_INPUT
    from logs.problems import InputError

    if isinstance(error, InputError):
        from reports.output import OutputError

        for problem in error.problems:
            say(str(problem))
        return ExitCode.FAILED if isinstance(error, OutputError) else ExitCode.BAD_INPUT
    with tempfile.NamedTemporaryFile(
        "w", prefix="walkthrough-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        traceback.print_exception(error, file=report)
    say(f"walkthrough failed: {type(error).__name__}: {error}")
    say(f"  → this is a mistake in the tool; please report it with {report.name}")
    return ExitCode.FAILED
