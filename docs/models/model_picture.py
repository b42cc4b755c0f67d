"""The reference process as one SVG file that stands alone: no scripts, no fonts, nothing from outside."""

from __future__ import annotations

import re

from reference_models.model import ReferenceModel, Standing
from reference_models.pool_grid import whole
from reports.svg.swimlanes import LaneTexts, Overlay, swimlanes
from reports.view.names import Names

_BETWEEN, _BORDER = 14, 6
_STYLE = """
text { font-family: sans-serif; fill: #1d2630; }
.lane { fill: #fff; stroke: #d5dbe1; } .lane-head { fill: #f3f6f8; stroke: #d5dbe1; }
.lane-name { font-size: 11.5px; text-anchor: middle; fill: #56616e; }
.task rect { fill: #eef3f6; stroke: #1f6f8b; stroke-width: 1.2; }
.task.assumed rect { fill: #fff; stroke-dasharray: 5 3; }
.task.other rect { fill: #fff; stroke: #9aa5b1; }
.name { font-size: 11.5px; text-anchor: middle; }
.caption { font-size: 10px; text-anchor: middle; fill: #56616e; }
.flow { fill: none; stroke: #7d8a99; stroke-width: 1.3; } .head { fill: #56616e; }
.flow.message { stroke-dasharray: 6 4; stroke: #56616e; } .message-end { fill: #fff; stroke: #56616e; }
.pool { fill: none; stroke: #56616e; stroke-width: 1.4; }
.pool-name { font-size: 11.5px; text-anchor: middle; }
.flow-name { font-size: 10px; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
.flow-name.middle { text-anchor: middle; }
.gateway, .event { fill: #fff; stroke: #1d2630; stroke-width: 1.3; } .event.last { stroke-width: 3; }
.event-inner, .gateway-mark { fill: none; stroke: #1d2630; stroke-width: 1.3; }
"""


def picture(model: ReferenceModel, names: Names) -> str:
    """The strips of the report's own picture, one below the other."""
    assumed = frozenset(
        id for id, each in model.activities.items() if each.authority.standing is Standing.ASSUMED
    )
    drawn = whole(model.diagram).nodes
    others = frozenset(node.id for node in drawn) - model.activities.keys()
    texts = LaneTexts(
        model.title.get(names.t.lang),
        names.role,
        lambda node: names.element(node.id, node.name),
        lambda flow: names.element(flow.id, flow.name),
        lambda pool: names.element(pool.id, pool.name),
    )
    strips = swimlanes(model.diagram, texts, Overlay({}, {}, assumed, others))
    placed, wide, below = [], 0, _BORDER
    for strip in map(str, strips):
        width, height = (int(each) for each in re.findall(r' (?:width|height)="(\d+)"', strip.split(">")[0]))
        placed.append(strip.replace("<svg ", f'<svg x="{_BORDER}" y="{below}" ', 1))
        wide, below = max(wide, width), below + height + _BETWEEN
    size = f'width="{wide + 2 * _BORDER}" height="{below - _BETWEEN + _BORDER}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", paper, *placed, "</svg>", ""])
