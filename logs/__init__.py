"""What came in: an export becomes one event table, every row accounted for."""

from __future__ import annotations
