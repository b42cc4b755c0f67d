"""Walkthrough 流程穿越: where work breaks between departments, found in event logs.

For notebooks: `walkthrough.audit("orders.csv", model="circuit-provisioning")` returns the Audit that the
command line renders. Everything else is imported on first use, so that importing this package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logs.problems import InputError
    from mining.audit_result import Audit
    from walkthrough.api import audit, write_reports

__version__ = "0.1.0"
__all__ = ["Audit", "InputError", "__version__", "audit", "write_reports"]

_HOME = {
    "Audit": "mining.audit_result",
    "InputError": "logs.problems",
    "audit": "walkthrough.api",
    "write_reports": "walkthrough.api",
}


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'walkthrough' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
