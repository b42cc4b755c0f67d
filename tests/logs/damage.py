"""Reading what may be damaged: rows are accounted for, or the mistakes are told; nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from logs_helpers import accounted

from logs import InputError, Mapping, read


def rows_or_told(path: Path, mapping: Mapping) -> int | None:
    """Rows read, all of them accounted for; None where the file was refused with its mistakes."""
    try:
        with read(path, mapping) as log:
            accounted(log)
            return log.provenance.rows_read
    except InputError as error:
        told = [problem.what for problem in error.problems]
    assert told
    assert all(told)
    return None


@st.composite
def flipped(draw: st.DrawFn, content: bytes) -> bytes:
    """Some bytes of a file replaced by others."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        changed[draw(st.integers(0, len(changed) - 1))] ^= draw(st.integers(1, 255))
    return bytes(changed)
