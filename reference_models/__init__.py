"""What should happen: reference models made of a BPMN process and a contract."""

from reference_models.bpmn import Process, compile_bpmn
from reference_models.check import CheckResult, check, check_diagram, diagrams
from reference_models.labels import category_index, category_of, label_index, role_index, vocabulary
from reference_models.loader import library, load
from reference_models.model import ReferenceModel

__all__ = [
    "CheckResult",
    "Process",
    "ReferenceModel",
    "category_index",
    "category_of",
    "check",
    "check_diagram",
    "compile_bpmn",
    "diagrams",
    "label_index",
    "library",
    "load",
    "role_index",
    "vocabulary",
]
