"""Lets the tests of this room import what they share, and gives them a command line."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command_line import Command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line, in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path)
