"""Files go out whole or not at all."""

from __future__ import annotations

import errno
import gc
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from logs.problems import InputError, Problem


class OutputError(InputError):
    """A report that could not be written; nothing half-written is left behind."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without Python's search for cycles, which takes half of the time in which millions of small objects are
    made and none of them goes in circles."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def write_atomically(path: Path, content: bytes | Iterable[bytes]) -> Path:
    """Write under a temporary name in the target's folder, then rename; `content` may come piece by piece.

    Returns the path. Raises OutputError where the folder is missing, not writable or full.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise OutputError(_problem(path, error)) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(_problem(path, error)) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    """The process's file mode mask (it can be read only by setting it)."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _problem(path: Path, error: OSError) -> Problem:
    mends = {
        errno.ENOENT: "create the folder first, or name another one",
        errno.EACCES: "ask for the right to write there, or name another folder",
        errno.EPERM: "ask for the right to write there, or name another folder",
        errno.EROFS: "the disk is read-only: name a folder elsewhere",
        errno.ENOSPC: "free some space on the disk, or name a folder elsewhere",
        errno.EDQUOT: "your quota is used up: free some space, or name a folder elsewhere",
        errno.ENOTDIR: "a part of the path is a file: name another folder",
        errno.EISDIR: "the name is that of a folder: name a file",
        errno.ENAMETOOLONG: "choose a shorter file name",
    }
    why = os.strerror(error.errno) if error.errno else str(error)
    return Problem(
        f"the report could not be written: {why}; nothing was left half-written",
        str(path),
        None,
        mends.get(error.errno or 0, "name another folder"),
    )
