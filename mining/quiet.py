"""pm4py greets on import and draws progress bars; standard output belongs to the user's data."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_pm4py() -> Iterator[None]:
    """Keep whatever pm4py writes off standard output and standard error."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
