"""The pools around the process, for the drawing: what other parties do is drawn, and never judged."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree

from logs.problems import InputError
from reference_models.bpmn.drawing import draw
from reference_models.bpmn.elements import Definition
from reference_models.bpmn.reader import read_bpmn
from reference_models.bpmn.reading import local, name_of, open_bpmn
from reference_models.model import Diagram, Pool, SequenceFlow


def with_partners(diagram: Diagram, definition: Definition, source: Path | bytes, file: str) -> Diagram:
    """The diagram with the pools that it exchanges messages with, and these messages.

    A pool that holds nothing, or something that cannot be read, is left out: it is not what is judged.
    """
    if not definition.messages:
        return diagram
    root = open_bpmn(source, file).root
    pools = [
        pool
        for participant in root.iter("{*}participant")
        if (pool := _pool(participant, root, definition, diagram, file)) is not None
    ]
    home = {node.id: pool.id for pool in pools for node in pool.nodes}
    messages = tuple(
        SequenceFlow(id, sender, receiver, name)
        for id, sender, receiver, name in definition.messages
        if home.get(sender, "") != home.get(receiver, "") and sender in home and receiver in home
    )
    met = {home[end] for each in messages for end in (each.source, each.target)}
    kept = tuple(pool for pool in pools if pool.id in met)
    return replace(diagram, pools=kept, messages=messages) if messages else diagram


def _pool(participant: Any, root: Any, own: Definition, diagram: Diagram, file: str) -> Pool | None:
    process = local(participant.get("processRef"))
    if process == own.id:
        drawn = diagram
    else:
        try:
            drawn = draw(read_bpmn(etree.tostring(_chosen(root, process)), file))
        except InputError:
            return None
    id = participant.get("id", "")
    return Pool(id, name_of(participant) or id, drawn.nodes, drawn.flows, drawn.lanes)


def _chosen(root: Any, process: str) -> Any:
    """The file as if another of its processes were the one."""
    copy = deepcopy(root)
    for each in copy.iter("{*}process"):
        each.set("isExecutable", str(each.get("id") == process).lower())
    return copy
