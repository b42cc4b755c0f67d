"""Place/transition nets from PNML (ISO/IEC 15909-2), with the conventions of ProM that pm4py shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logs.problems import InputError, Problem
from reference_models.model import Net, Transition
from reference_models.xml_files import children, parse_xml, spelled, tag

MOST_TOKENS = 254
"""More tokens than this on one place, or taken by one arc, are taken for a slip."""

_PLAIN = "export it as a plain place/transition net"
_ASIDE = frozenset({"name", "graphics", "toolspecific", "readVariable", "writeVariable", "variables"})
"""Elements that say nothing about the flow of tokens; the names of transitions are read apart."""
_INVISIBLE = "$invisible$"
"""In ProM's own part of a silent transition, after a name where it has one."""
_START_HERE = "add <initialMarking><text>1</text></initialMarking> to the place where a case begins"
_END_HERE = (
    'add <finalmarkings><marking><place idref="…"><text>1</text></place></marking></finalmarkings> to '
    "the net, with the id of the place where a case ends"
)


@dataclass(frozen=True)
class _Arc:
    id: str
    source: str
    target: str
    weight: int
    line: int | None


@dataclass
class _Reading:
    """What has been read so far, with every mistake."""

    file: str
    line_of: dict[str, int | None] = field(default_factory=dict)
    """Line of every place, transition and arc."""
    tokens: dict[str, int] = field(default_factory=dict)
    """Place → tokens at the start."""
    labels: dict[str, str | None] = field(default_factory=dict)
    """Transition → label; None is silent."""
    arcs: list[_Arc] = field(default_factory=list)
    finals: list[tuple[dict[str, int], int | None]] = field(default_factory=list)
    """Place → tokens at the end, and the line."""
    not_understood: set[tuple[str, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, line: int | None, mend: str) -> None:
        self.problems.append(Problem(what, self.file, line, mend))


def read_pnml(path: Path, file: str) -> tuple[Net, tuple[str, ...]]:
    """Read the one net of a PNML file; also what was assumed because the file does not say it.

    Labels are the transitions' names. A transition is silent if its name is missing or empty, if ProM marks
    it `$invisible$`, or if the property `invisible` of a stochastic net says so. Accepting markings stand in
    `finalmarkings`. Where a marking is not stated, it is one token in the only place that no arc enters
    (initial) or leaves (final).

    Raises InputError with everything that is wrong or not a plain place/transition net, by id and line.
    """
    root = parse_xml(path, file)
    nets = [each for each in children(root) if tag(each) == "net"] if tag(root) == "pnml" else []
    if len(nets) != 1:
        what = f"{len(nets)} nets in the file" if nets else f"no net: the file begins with '{tag(root)}'"
        line = nets[1].sourceline if nets else root.sourceline
        raise InputError(Problem(what, file, line, "export one net as PNML"))
    reading = _Reading(file)
    _read_net(nets[0], reading)
    _check_ends(reading)
    if not reading.labels:
        reading.problem("the net has no transition", nets[0].sourceline, "draw its tasks")
    assumed = tuple(_complete(reading, nets[0].sourceline)) if not reading.problems else ()
    if reading.problems:
        raise InputError(reading.problems)
    return _net(reading), assumed


def _read_net(net: Any, reading: _Reading) -> None:
    readers = {"place": _read_place, "transition": _read_transition, "arc": _read_arc}
    pages = [net]
    for page in pages:  # grows while pages hold pages
        for element in children(page):
            if tag(element) in readers:
                readers[tag(element)](element, reading)
            elif tag(element) == "page":
                pages.append(element)
            elif tag(element) == "finalmarkings":
                _read_finals(element, reading)
            elif tag(element) not in _ASIDE:
                what = f"{tag(element)} '{element.get('id', '')}' is not supported"
                reading.problem(what, element.sourceline, f"{_PLAIN} without references between pages")


def _known(element: Any, reading: _Reading) -> str:
    """The id of a node or arc; a missing or repeated one is a mistake."""
    identifier = str(element.get("id", ""))
    if not identifier:
        reading.problem(f"a {tag(element)} has no id", element.sourceline, "give it an id")
    elif identifier in reading.line_of:
        mend = f"it stands on line {reading.line_of[identifier]} already"
        reading.problem(f"id '{identifier}' is given twice", element.sourceline, mend)
    reading.line_of.setdefault(identifier, element.sourceline)
    return identifier


def _told(element: Any, reading: _Reading) -> Iterator[Any]:
    """What stands inside a node or arc and concerns the flow of tokens."""
    for child in children(element):
        if tag(child) in _ASIDE:
            continue
        if tag(child) in ("initialMarking", "inscription", "arctype", "type"):
            yield child
        elif (tag(element), tag(child)) not in reading.not_understood:
            reading.not_understood.add((tag(element), tag(child)))
            what = f"{tag(element)} '{element.get('id', '')}': '{tag(child)}' is not supported"
            reading.problem(f"{what}; it may change what the net allows", child.sourceline, _PLAIN)


def _read_place(element: Any, reading: _Reading) -> None:
    place = _known(element, reading)
    reading.tokens[place] = 0
    for child in _told(element, reading):
        if tag(child) == "initialMarking":
            reading.tokens[place] = _number(child, f"place '{place}': initial marking", 0, reading)
        else:
            what = f"place '{place}': '{tag(child)}' is not supported"
            reading.problem(what, child.sourceline, _PLAIN)


def _read_transition(element: Any, reading: _Reading) -> None:
    transition = _known(element, reading)
    reading.labels[transition] = None if _silent(element) else _name(element) or None
    if element.get("guard"):
        what = f"transition '{transition}': guards (conditions on data) are not supported"
        reading.problem(what, element.sourceline, "remove the guard; the net then allows more")
    for child in _told(element, reading):
        what = f"transition '{transition}': '{tag(child)}' is not supported"
        reading.problem(what, child.sourceline, _PLAIN)


def _read_arc(element: Any, reading: _Reading) -> None:
    arc, weight = _known(element, reading), 1
    for child in _told(element, reading):
        if tag(child) == "inscription":
            weight = _number(child, f"arc '{arc}': weight", 1, reading)
        else:
            kind = _text(child) or str(child.get("value", ""))
            if kind != "normal":
                what = f"arc '{arc}': arcs of type '{kind}' are not supported"
                reading.problem(what, child.sourceline, "draw it with plain arcs")
    source, target = element.get("source", ""), element.get("target", "")
    reading.arcs.append(_Arc(arc, source, target, weight, element.sourceline))


def _read_finals(element: Any, reading: _Reading) -> None:
    for marking in children(element):
        tokens: dict[str, int] = {}
        for place in children(marking):
            name = str(place.get("idref", ""))
            tokens[name] = _number(place, f"final marking: place '{name}'", 0, reading)
        reading.finals.append((tokens, marking.sourceline))


def _name(element: Any) -> str:
    return next((_text(child) for child in children(element) if tag(child) == "name"), "")


def _silent(element: Any) -> bool:
    for child in children(element):
        tool = child.get("tool", "") if tag(child) == "toolspecific" else ""
        if "ProM" in tool and _INVISIBLE in child.get("activity", ""):
            return True
        if "StochasticPetriNet" in tool:
            told = {each.get("key"): spelled(each.text).lower() for each in children(child)}
            if told.get("invisible") == "true":
                return True
    return False


def _text(element: Any) -> str:
    """What a PNML label says: its `text`, or `value` in files of the first drafts."""
    found = (child.text for child in children(element) if tag(child) in ("text", "value"))
    return spelled(next(found, ""))


def _number(element: Any, what: str, least: int, reading: _Reading) -> int:
    text = _text(element)
    if text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= MOST_TOKENS:
        return int(text)
    mend = f"write <text> with a whole number from {least} to {MOST_TOKENS}"
    reading.problem(f"{what}: '{text}' is no such number", element.sourceline, mend)
    return least


def _check_ends(reading: _Reading) -> None:
    """Arcs join places and transitions, final markings speak of places."""
    for arc in reading.arcs:
        unknown = [end for end in (arc.source, arc.target) if end not in reading.line_of]
        for end in unknown:
            what = f"arc '{arc.id}': no place or transition '{end}'"
            reading.problem(what, arc.line, "draw the arc again")
        if not unknown and (arc.source in reading.tokens) == (arc.target in reading.tokens):
            what = f"arc '{arc.id}' does not join a place and a transition"
            reading.problem(what, arc.line, "draw the arc again")
    for tokens, line in reading.finals:
        for place in tokens:
            if place not in reading.tokens:
                reading.problem(f"final marking: no place '{place}'", line, "name a place of the net")


def _complete(reading: _Reading, line: int | None) -> Iterator[str]:
    """Put in the markings that the file does not state; gives a sentence for each."""
    entered, left = {arc.target for arc in reading.arcs}, {arc.source for arc in reading.arcs}
    if not any(reading.tokens.values()):
        sources = [place for place in reading.tokens if place not in entered and place in left]
        if len(sources) == 1:
            place = sources[0]
            reading.tokens[place] = 1
            yield f"initial marking (not stated): one token in '{place}', the only place that no arc enters"
        else:
            what = f"no initial marking, and {_how_many(sources)} that no arc enters"
            reading.problem(what, line, _START_HERE)
    if not reading.finals:
        sinks = [place for place in reading.tokens if place not in left and place in entered]
        if len(sinks) == 1:
            place = sinks[0]
            reading.finals.append(({place: 1}, line))
            yield f"final marking (not stated): one token in '{place}', the only place that no arc leaves"
        else:
            reading.problem(f"no final marking, and {_how_many(sinks)} that no arc leaves", line, _END_HERE)


def _how_many(places: list[str]) -> str:
    if not places:
        return "there is no place"
    named = ", ".join(f"'{place}'" for place in places[:5])
    return f"there are {len(places)} places ({named}{', …' if len(places) > 5 else ''})"


def _net(reading: _Reading) -> Net:
    number = {place: index for index, place in enumerate(reading.tokens)}
    pre: dict[str, list[int]] = {transition: [] for transition in reading.labels}
    post: dict[str, list[int]] = {transition: [] for transition in reading.labels}
    for arc in reading.arcs:
        if arc.target in pre:
            pre[arc.target] += [number[arc.source]] * arc.weight
        else:
            post[arc.source] += [number[arc.target]] * arc.weight
    return Net(
        places=tuple(reading.tokens),
        transitions=tuple(
            Transition(name, label, tuple(sorted(pre[name])), tuple(sorted(post[name])))
            for name, label in reading.labels.items()
        ),
        initial=_marking(reading.tokens, number),
        finals=tuple(dict.fromkeys(_marking(tokens, number) for tokens, _ in reading.finals)),
    )


def _marking(tokens: dict[str, int], number: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted(Counter({number[place]: count for place, count in tokens.items()}).elements()))
