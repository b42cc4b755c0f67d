"""BPMN 2.0 process diagrams, read strictly and compiled to an accepting Petri net."""

from reference_models.bpmn.called import bpmn_files
from reference_models.bpmn.compiler import Process, compile_bpmn

__all__ = ["Process", "bpmn_files", "compile_bpmn"]
