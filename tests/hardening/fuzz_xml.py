"""Coverage-guided fuzzing of the XML readers: python tests/hardening/fuzz_xml.py (xes|bpmn|nets) [options].

A finding is anything but a value or an InputError: another exception, a hang, memory without bound, an event
unaccounted for. libFuzzer writes the input that makes it to `crash-…`, `timeout-…` or `oom-…` in the current
folder; running the same command with that file as argument does it again. docs/hardening.md says how long.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
from lxml import etree

with atheris.instrument_imports(include=["logs", "reference_models"]):
    import reference_models
    from logs.problems import InputError
    from logs.readers import xes
    from logs.readers.raw import Options
    from logs.sources import open_source
    from logs.store import Store
    from reference_models.bpmn import compile_bpmn
    from reference_models.pnml import read_pnml
    from reference_models.ptml import read_ptml
    from reference_models.soundness import check_soundness

FOLDER = Path(tempfile.mkdtemp(prefix="walkthrough-fuzz-"))
LIBRARY = Path(reference_models.__file__).parent / "library"
LIMITS = ["-timeout=20", "-rss_limit_mb=3000", "-max_len=65536"]
FEW_STATES = 3_000
"""Enough to look at a net; that the cap of the product holds is another test's matter."""

store = Store()


def main() -> None:
    target, mutator, seeds = TARGETS[sys.argv[1]]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"seed{number}").write_bytes(seed)
    files = [each for each in sys.argv[2:] if not each.startswith("-")]
    words = FOLDER / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS), encoding="ascii")
    options = [each for each in sys.argv[2:] if each.startswith("-")]
    arguments = [sys.argv[0], *LIMITS, f"-dict={words}", *options, *(files or [str(corpus)])]
    atheris.Setup(arguments, target, custom_mutator=mutator)
    atheris.Fuzz()


def read_xes(data: bytes) -> None:
    """The reader gives as many rows as the document has events, or refuses it."""
    path = FOLDER / "log.xes"
    path.write_bytes(data)
    try:
        source = open_source(path)
        if source.format != "xes" or source.gzipped:
            return
        raw = xes.load(store, source, 0, Options())
    except InputError as error:
        told(error)
        return
    (rows,) = store.rows(f"SELECT count(*) FROM {raw.table}")[0]
    assert rows == raw.file.rows_read, (rows, raw.file.rows_read)
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    assert rows == sum(1 for _ in root.iter("{*}event")), "an event is unaccounted for"


def read_bpmn(data: bytes) -> None:
    """A drawing is compiled and its states are looked at, or it is refused."""
    try:
        process = compile_bpmn(data, "process.bpmn")
    except InputError as error:
        told(error)
        return
    check_soundness(process.net, FEW_STATES)


def read_net(data: bytes) -> None:
    """A net or a tree is read, or refused."""
    for read in (read_pnml, read_ptml):
        path = FOLDER / "net.xml"
        path.write_bytes(data)
        try:
            read(path, "net.xml")
        except InputError as error:
            told(error)


def told(error: InputError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.what
        assert problem.file
        str(problem).encode()


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the time the tree is changed and not the bytes: most changed bytes are no XML any more."""
    chance = random.Random(seed)
    if chance.random() < 0.4:
        return bytes(atheris.Mutate(data, max_size))
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            _change(root, chance)
        return bytes(etree.tostring(root))[:max_size]
    except (etree.XMLSyntaxError, ValueError):
        return bytes(atheris.Mutate(data, max_size))


def _change(root: etree._Element, chance: random.Random) -> None:
    elements = [each for each in root.iter() if isinstance(each.tag, str)]
    one, other = chance.choice(elements), chance.choice(elements)
    what = chance.randrange(8)
    parent = one.getparent()
    if what == 0 and parent is not None:
        parent.remove(one)
    elif what == 1 and parent is not None and len(elements) < 500:
        parent.insert(chance.randrange(len(parent) + 1), etree.fromstring(etree.tostring(one)))
    elif what == 2 and one not in other.iterancestors() and one is not other and parent is not None:
        other.append(one)
    elif what == 3:
        one.tag, other.tag = other.tag, one.tag
    elif what == 4 and one.attrib and other.attrib:
        key, taken = chance.choice(list(one.attrib)), chance.choice(list(other.attrib.values()))
        one.set(key, taken)
    elif what == 5 and one.attrib:
        del one.attrib[chance.choice(list(one.attrib))]
    elif what == 6 and one.attrib:
        one.set(chance.choice(list(one.attrib)), chance.choice(HOSTILE))
    elif what == 7:
        one.text, other.text = other.text, one.text


HOSTILE = [
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "NaN",
    "9" * 30,
    "PT1H",
    "true",
    "\u202eabc",
    "<x>",
    "a b",
    "x" * 5000,
    "../../x",
    "=1+1",
    "2026-02-30T25:61:00Z",
    "1969-12-31T23:59:59Z",
    "\ufeff",
    "{http://x}y",
]
WORDS = [
    "<event>",
    "</event>",
    "<trace>",
    "</trace>",
    "key=",
    "value=",
    "concept:name",
    "time:timestamp",
    "<!DOCTYPE",
    "<!ENTITY",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "&#55296;",
    "&x;",
    "encoding=",
    "UTF-16",
    "UTF-7",
    "GBK",
    "xmlns=",
    "xmlns:a=",
    "sequenceFlow",
    "sourceRef=",
    "targetRef=",
    "boundaryEvent",
    "attachedToRef=",
    "cancelActivity=",
    "timerEventDefinition",
    "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics",
    "subProcess",
    "triggeredByEvent=",
    "callActivity",
    "calledElement=",
    "inclusiveGateway",
    "eventBasedGateway",
    "parallelGateway",
    "terminateEventDefinition",
    "loopMaximum=",
    "laneSet",
    "flowNodeRef",
    "participant",
    "messageFlow",
]


def xes_seeds() -> list[bytes]:
    event = (
        '<event><string key="concept:name" value="{a}"/><date key="time:timestamp"'
        ' value="2026-03-0{n}T09:00:00.000+08:00"/><string key="org:resource" value="r"/></event>'
    )
    events = "".join(event.format(a=a, n=n) for n, a in enumerate("甲乙丙", 1))
    trace = f'<trace><string key="concept:name" value="001"/>{events}</trace>'
    nested = (
        '<event><list key="l"><values><string key="a" value="b"><int key="n" value="1"/></string></values>'
        "</list></event>"
    )
    head = (
        '<?xml version="1.0" encoding="{}"?>'
        '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">{}</log>'
    )
    scope = (
        '<extension name="Time" prefix="time" uri="http://x"/><global scope="event">'
        '<string key="k" value="v"/></global><classifier name="c" keys="concept:name"/>'
    )
    return [
        head.format("UTF-8", scope + trace * 2).encode(),
        head.format("GBK", trace).encode("gbk"),
        head.format("UTF-16", trace).encode("utf-16"),
        f"<log><trace>{nested}</trace>{event.format(a='x', n=3)}</log>".encode(),
        b'<!DOCTYPE log [<!ENTITY a "b">]>'
        b'<log><trace><event><string key="k" value="&a;"/></event></trace></log>',
    ]


def bpmn_seeds() -> list[bytes]:
    """The library's drawings, and the small ones in the tests of each construct."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "reference_models"))
    import model_files
    import test_bpmn_constructs
    import test_bpmn_gateways
    import test_bpmn_subprocesses

    drawn = [path.read_bytes() for path in sorted(LIBRARY.glob("*/process.bpmn"))]
    modules = (test_bpmn_constructs, test_bpmn_gateways, test_bpmn_subprocesses)
    cases = [case[0] for module in modules for case in getattr(module, "CASES", {}).values()]
    return [*drawn, *(model_files.process(test_bpmn_constructs.ENDS + body) for body in cases)]


def net_seeds() -> list[bytes]:
    net = (
        '<pnml><net id="n" type="http://www.pnml.org/version-2009/grammar/pnmlcoremodel">'
        '<page id="p">'
        '<place id="i"><initialMarking><text>1</text></initialMarking></place><place id="o"/>'
        '<transition id="t"><name><text>A</text></name></transition><arc id="a1" source="i" target="t"/>'
        '<arc id="a2" source="t" target="o"><inscription><text>2</text></inscription></arc></page>'
        '<finalmarkings><marking><place idref="o"><text>2</text></place></marking></finalmarkings>'
        "</net></pnml>"
    )
    tree = (
        '<ptml><processTree id="1" name="x" root="r"><sequence id="r" name=""/><manualTask id="a" name="A"/>'
        '<automaticTask id="b" name=""/><xor id="c" name=""/><parentsNode id="e" sourceId="r" targetId="a"/>'
        '<parentsNode id="f" sourceId="r" targetId="c"/><parentsNode id="g" sourceId="c" targetId="b"/>'
        "</processTree></ptml>"
    )
    return [net.encode(), tree.encode()]


Target = tuple[Callable[[bytes], None], Callable[[bytes, int, int], bytes], Callable[[], list[bytes]]]
TARGETS: dict[str, Target] = {
    "xes": (read_xes, mutated, xes_seeds),
    "bpmn": (read_bpmn, mutated, bpmn_seeds),
    "nets": (read_net, mutated, net_seeds),
}

if __name__ == "__main__":
    main()
