"""Folders and keys that a run needs before it starts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from logs.problems import InputError, Problem
from reports.output import OutputError
from walkthrough.terminal import say

KEY_BYTES = 32
ANOTHER = "name another folder (on the command line with --out)"


def read_key(path: Path) -> bytes:
    """The project's key for the pseudonyms of persons; made, readable by its owner only, if missing.

    Raises InputError for a file that is no such key.
    """
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_key(path)
    except OSError as error:
        raise OutputError(
            Problem(f"the key cannot be written: {error.strerror}", str(path), mend="name another with --key")
        ) from None
    key = secrets.token_hex(KEY_BYTES)
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(key + "\n")
    say(f"{path}: new key for pseudonyms; keep it, or persons cannot be compared between runs")
    return bytes.fromhex(key)


def _kept_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        what = f"the key cannot be read: {error.strerror}"
        raise InputError(Problem(what, str(path), mend="name another with --key")) from None
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise InputError(
            Problem(
                "this is no key",
                str(path),
                1,
                "name the right file with --key, or one that does not exist yet",
            )
        )
    return key


def make_folder(path: Path) -> Path:
    """Make a folder for output and return it. Raises OutputError where nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = "it is a file" if path.is_file() else error.strerror
        raise OutputError(Problem(f"the folder cannot be made: {what}", str(path), mend=ANOTHER)) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise OutputError(Problem("the folder cannot be written to", str(path), mend=ANOTHER))
    return path


def refuse_existing(paths: Iterable[Path | None]) -> None:
    """Raises InputError for files that are there already: people may have filled them in."""
    problems = [
        Problem("is there already", str(path), mend="name another file, or say --overwrite")
        for path in paths
        if path and path.exists()
    ]
    if problems:
        raise InputError(problems)
