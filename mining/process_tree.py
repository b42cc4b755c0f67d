"""Process trees of pm4py's miners as accepting Petri nets."""

from __future__ import annotations

from typing import Any

from reference_models.model import Net, Transition


def net_of_tree(tree: Any) -> Net:
    """The workflow net of a process tree with sequence, choice, parallel and loop nodes.

    A translation of our own, because pm4py's names tasks at random and leaves out silent steps between
    places that are already joined by one. Of a loop the first child is done, then any of the others and the
    first again, as often as one likes (van der Aalst, Buijs & van Dongen 2011). Raises ValueError for
    operators that the inductive miner does not use.
    """
    build = _Translation()
    start, end = build.place(), build.place()
    build.add(tree, start, end)
    places = tuple(f"p{number}" for number in range(build.places))
    return Net(places, tuple(build.transitions), (start,), ((end,),))


class _Translation:
    """Each node takes a token from one place and puts one into another when it is done."""

    def __init__(self) -> None:
        self.places = 0
        self.transitions: list[Transition] = []

    def place(self) -> int:
        self.places += 1
        return self.places - 1

    def fire(self, label: str | None, pre: list[int], post: list[int]) -> None:
        name = f"t{len(self.transitions)}"
        self.transitions.append(Transition(name, label, tuple(pre), tuple(post)))

    def add(self, tree: Any, enter: int, leave: int) -> None:
        operator = tree.operator.name if tree.operator else "LEAF"
        children = list(tree.children)
        if operator == "LEAF":
            self.fire(tree.label, [enter], [leave])
        elif operator == "SEQUENCE":
            stops = [enter, *(self.place() for _ in children[1:]), leave]
            for child, before, after in zip(children, stops, stops[1:], strict=False):
                self.add(child, before, after)
        elif operator == "XOR":
            for child in children:
                self.add(child, enter, leave)
        elif operator == "PARALLEL":
            begins, ends = [self.place() for _ in children], [self.place() for _ in children]
            self.fire(None, [enter], begins)
            for child, begin, end in zip(children, begins, ends, strict=True):
                self.add(child, begin, end)
            self.fire(None, ends, [leave])
        elif operator == "LOOP":
            # Entered by a silent step: else its redo would lead back to before the loop.
            begin, done = self.place(), self.place()
            self.fire(None, [enter], [begin])
            self.add(children[0], begin, done)
            for child in children[1:]:
                self.add(child, done, begin)
            self.fire(None, [done], [leave])
        else:
            raise ValueError(f"no translation of process trees with '{operator}'")
