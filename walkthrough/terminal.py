"""What a person at a terminal sees: progress, problems, and the exit code they come to."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from logs.problems import InputError, Problem
from walkthrough.exit_codes import ExitCode

INTERRUPTED = 130
"""Exit code of an interrupted command, by the custom of shells."""
USAGE_ERROR = typer.BadParameter.__mro__[1]
"""UsageError of the click that Typer works with: its own copy, or in older versions the package."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, colour text or turn its direction; not tab and newline."""
ENGINE_INTERRUPTED = "Query interrupted"
"""What DuckDB says where a key was pressed to stop it."""
ENGINE_OUT_OF_ROOM = ("OutOfMemoryException", "IOException")
"""What DuckDB raises where memory or the disk for its tables runs out (by name: it is not imported here)."""


def tell(text: str) -> None:
    """Data: to standard output."""
    typer.echo(harmless(text))


def say(text: str) -> None:
    """A message beside the data: to standard error."""
    typer.echo(harmless(text), err=True)


def harmless(text: str) -> str:
    """The text with control characters, which an export may hold, as escapes that JSON knows too."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """Gives a function that shows the running stage on a terminal, and nothing where there is none."""
    if not sys.stderr.isatty():
        yield lambda stage: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("start", total=None)
        yield lambda stage: progress.update(task, description=escape(stage))


def guarded(command: Callable[..., object], arguments: Sequence[str] | None = None) -> int:
    """Run a Typer application and turn whatever happens into an exit code and a message.

    `arguments`: instead of those that the process was started with.
    """
    try:
        code = command(args=arguments, prog_name="walkthrough", standalone_mode=False)
    except (BrokenPipeError, SystemExit):  # the reader of our output has left: nobody is there to be told
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # open until the process ends
        return ExitCode.FAILED
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # Typer takes the end of any file for that of its input
            return _explain(error.__cause__)
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the one place that may: everything ends here with a code
        if str(error) != ENGINE_INTERRUPTED:
            return _explain(error)
        code = INTERRUPTED
    if code == INTERRUPTED:
        say("stopped; no report is half-written")
    return code if isinstance(code, int) else ExitCode.CONFORMANT


def _explain(error: Exception) -> int:
    """Say what went wrong and how to mend it; returns the exit code."""
    if isinstance(error, USAGE_ERROR):
        error.show()  # type: ignore[attr-defined]  # a click UsageError
        return ExitCode.BAD_INPUT
    if isinstance(error, InputError):
        from reports.output import OutputError

        for problem in error.problems:
            say(str(problem))
        return ExitCode.FAILED if isinstance(error, OutputError) else ExitCode.BAD_INPUT
    if isinstance(error, MemoryError) or type(error).__name__ in ENGINE_OUT_OF_ROOM:
        say(f"the engine has no memory or disk left: {error}")
        say(f"  → give more room (tables are kept in {tempfile.gettempdir()}; TMPDIR names another folder)")
        return ExitCode.FAILED
    if isinstance(error, OSError) and error.strerror:
        say(
            str(
                Problem(
                    error.strerror, str(error.filename or ""), mend="check the path, its rights and the disk"
                )
            )
        )
        return ExitCode.FAILED
    report = _kept_trace(error)
    say(f"walkthrough failed: {type(error).__name__}: {error}")
    say(f"  → this is a mistake in the tool; please report it{f' with {report}' if report else ''}")
    return ExitCode.FAILED


def _kept_trace(error: Exception) -> str:
    """Where the traceback was written; empty where not even that was possible."""
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="walkthrough-",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as report:
            traceback.print_exception(error, file=report)
    except OSError:
        return ""
    return report.name
