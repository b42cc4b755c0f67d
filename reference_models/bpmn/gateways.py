"""Inclusive decisions and joins: which flows are taken together, and what a join waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TypeVar

from reference_models.bpmn.elements import ACTIVITIES, BOUNDARY, CATCH, Flow, Node, Scope

_Item = TypeVar("_Item")


def subsets(items: tuple[_Item, ...], least: int = 0) -> Iterator[tuple[_Item, ...]]:
    """Every choice among the items, the smallest first."""
    return chain.from_iterable(combinations(items, size) for size in range(least, len(items) + 1))


def taken_together(scope: Scope, node: Node) -> list[tuple[Flow, ...]]:
    """The sets of flows that may be taken when a token leaves an activity or inclusive gateway.

    Out of an activity a flow without condition is always taken, one with a condition may be; out of an
    inclusive gateway every flow may be, since most diagrams leave the conditions out. At least one is
    taken, or else the default flow alone.
    """
    out = scope.outgoing(node.id)
    default = tuple(flow for flow in out if flow.id == node.default)
    inclusive = node.kind == "inclusiveGateway"
    if not inclusive and node.kind not in ACTIVITIES:
        return [out]
    free = tuple(flow for flow in out if flow not in default and (inclusive or flow.conditional))
    always = tuple(flow for flow in out if flow not in default and flow not in free)
    if not free and not default:
        return [always]
    found = [(*always, *chosen) for chosen in subsets(free, 1)]
    if default or always:
        found.append((*always, *default))
    return found


@dataclass(frozen=True)
class JoinCase:
    """One way for an inclusive join to go on."""

    filled: tuple[Flow, ...]
    """Incoming flows with a token."""
    before: tuple[str, ...]
    """Ids of nodes and flows that must be empty, since a token there might still reach another flow."""


def join_cases(scope: Scope, gateway: str) -> Iterator[JoinCase]:
    """After BPMN 2.0.2, table 13.3: a join waits for a token that can reach one of its empty incoming flows
    without passing it, unless that token can reach one of the filled ones, too."""
    reach = _reach(scope, gateway)
    incoming = scope.incoming(gateway)
    for filled in subsets(incoming, 1):
        full = {flow.id for flow in filled}
        empty = {flow.id for flow in incoming} - full
        before = (each for each, ahead in reach.items() if ahead & empty and not ahead & full)
        yield JoinCase(filled, tuple(sorted(before)))


def _reach(scope: Scope, gateway: str) -> Mapping[str, frozenset[str]]:
    """Per node and per flow: the gateway's incoming flows that a token there can reach without passing it."""
    before: dict[str, list[str]] = {node: [] for node in scope.nodes}
    waiting: list[tuple[str, str]] = []
    for node, ways in _after(scope).items():
        for flow, target in ways if node != gateway else ():
            if target == gateway:
                waiting.append((node, flow))
            else:
                before[target].append(node)
    reach: dict[str, set[str]] = {node: set() for node in scope.nodes}
    while waiting:
        node, flow = waiting.pop()
        if flow not in reach[node]:
            reach[node].add(flow)
            waiting += [(each, flow) for each in before[node]]
    flows = {flow.id: {flow.id} if flow.target == gateway else reach[flow.target] for flow in scope.flows}
    return {key: frozenset(found) for key, found in {**reach, **flows}.items()}


def _after(scope: Scope) -> Mapping[str, list[tuple[str, str]]]:
    """Where tokens go from each node: flows and targets; over boundary events and links, too."""
    after = {node: [(flow.id, flow.target) for flow in scope.outgoing(node)] for node in scope.nodes}
    for node in scope.nodes.values():
        if node.kind in BOUNDARY and node.attached_to in after:
            after[node.attached_to].append(("", node.id))
        if node.kind == "intermediateThrowEvent" and node.trigger == "link":
            after[node.id] += [("", each.id) for each in caught_links(scope, node)]
    return after


def caught_links(scope: Scope, thrown: Node) -> tuple[Node, ...]:
    """The catch events of a link."""
    return tuple(
        node
        for node in scope.nodes.values()
        if node.kind in CATCH and node.trigger == "link" and node.code == thrown.code
    )
