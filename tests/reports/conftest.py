"""Shared by the tests of the reports."""

from __future__ import annotations

import pytest
from sample_audit import sample

from mining.audit_result import Audit
from reports.pseudonyms import Pseudonyms


@pytest.fixture(scope="session")
def audit() -> Audit:
    """The rich audit."""
    return sample()


@pytest.fixture(scope="session")
def people() -> Pseudonyms:
    """Pseudonyms by a fixed key."""
    return Pseudonyms(b"a key for tests")
