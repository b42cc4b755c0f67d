"""Model files of other tools become nets, or are refused with the place and the way to mend it."""

from pathlib import Path

import pytest
from model_files import HEAD, flows, language, nodes, process

from logs.problems import InputError
from reference_models.net_files import load_net, read_net_file

PNML = "http://www.pnml.org/version-2009/grammar/pnml"
INVISIBLE = '<toolspecific tool="ProM" version="6.4" activity="skip\\n$invisible$"/>'
ONE = "<initialMarking><text>1</text></initialMarking>"


def place(name, inside=""):
    return f'<place id="{name}">{inside}</place>'


def transition(name, label="", inside=""):
    named = f"<name><text>{label}</text></name>" if label else ""
    return f'<transition id="{name}">{named}{inside}</transition>'


def arcs(text, inside=""):
    """Arcs from 'p>t>q' like text: chains separated by blanks."""
    pairs = [p for chain in text.split() for p in zip(chain.split(">"), chain.split(">")[1:], strict=False)]
    return "\n".join(f'<arc id="{a}-{b}" source="{a}" target="{b}">{inside}</arc>' for a, b in pairs)


def finals(*markings):
    inside = "".join(
        "<marking>"
        + "".join(f'<place idref="{p}"><text>{n}</text></place>' for p, n in each.items())
        + "</marking>"
        for each in markings
    )
    return f"<finalmarkings>{inside}</finalmarkings>"


def pnml(*parts, end="", head=f'<pnml xmlns="{PNML}">'):
    body = "\n".join(parts)
    return f'{head}\n<net id="n" type="t">\n<page id="pg">\n{body}\n</page>{end}\n</net>\n</pnml>'


PLAIN = (place("p", ONE), transition("t", "A"), place("q"), arcs("p>t>q"))


def put(folder: Path, content, name="model.pnml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def loaded(folder, *parts, **more):
    return load_net(put(folder, pnml(*parts, **more)))


def refused(path, *parts):
    """All problems of a file as one text; each has the file, all have a way to mend."""
    with pytest.raises(InputError) as raised:
        load_net(path)
    for problem in raised.value.problems:
        assert problem.file == str(path)
        assert problem.mend
    text = str(raised.value)
    for part in parts:
        assert part in text
    return raised.value.problems


# -- PNML


@pytest.mark.parametrize("head", [f'<pnml xmlns="{PNML}">', "<pnml>"])
def test_a_net_is_read_with_and_without_namespace(tmp_path, head):
    net = loaded(tmp_path, *PLAIN, head=head)
    assert net.places == ("p", "q")
    assert [(t.id, t.label, t.pre, t.post) for t in net.transitions] == [("t", "A", (0,), (1,))]
    assert (net.initial, net.finals) == ((0,), ((1,),))


def test_what_the_file_does_not_state_is_told(tmp_path):
    told = read_net_file(put(tmp_path, pnml(place("p"), *PLAIN[1:]))).assumed
    assert "initial marking (not stated): one token in 'p'" in told[0]
    assert "final marking (not stated): one token in 'q'" in told[1]
    assert read_net_file(put(tmp_path, pnml(*PLAIN, end=finals({"q": 1})))).assumed == ()


def test_weights_and_several_tokens(tmp_path):
    two = "<inscription><text>2</text></inscription>"
    parts = (place("p", ONE), transition("t", "A"), place("q"), transition("u", "B"), place("r"))
    net = loaded(tmp_path, *parts, arcs("t>q", two), arcs("q>u", two), arcs("p>t u>r"))
    assert net.transitions[0].post == (1, 1)
    assert net.transitions[1].pre == (1, 1)
    assert language(net, 3) == {"A B"}
    net = loaded(tmp_path, *PLAIN[:3], arcs("p>t"), arcs("t>q", two), end=finals({"q": 2}))
    assert net.finals == ((1, 1),)


def test_several_final_markings_and_places_without_token(tmp_path):
    parts = (*PLAIN, transition("u", "B"), place("r"), arcs("q>u>r"))
    net = loaded(tmp_path, *parts, end=finals({"q": 1, "r": 0}, {"r": 1}))
    assert net.finals == ((1,), (2,))
    assert language(net, 3) == {"A", "A B"}
    assert loaded(tmp_path, *parts, end=finals({"q": 0})).finals == ((),)


@pytest.mark.parametrize(
    "silent",
    [
        transition("t"),
        '<transition id="t"><name><text> </text></name></transition>',
        transition("t", "skip", INVISIBLE),
        transition(
            "t",
            "skip",
            '<toolspecific tool="StochasticPetriNet" version="0.2"><property key="invisible">true</property>'
            "</toolspecific>",
        ),
    ],
)
def test_silent_transitions(tmp_path, silent):
    assert loaded(tmp_path, PLAIN[0], silent, *PLAIN[2:]).transitions[0].label is None


@pytest.mark.parametrize("name", ["tau", "skip_1", "invisible"])
def test_no_name_makes_a_transition_silent(tmp_path, name):
    other_tool = '<toolspecific tool="ProM" version="6.4" activity="invisible"/>'
    net = loaded(tmp_path, PLAIN[0], transition("t", name, other_tool), *PLAIN[2:])
    assert net.transitions[0].label == name


def test_labels_are_spelled_as_in_the_file(tmp_path):
    net = loaded(tmp_path, PLAIN[0], transition("t", "\n  Check  In&amp;Out\u3000"), *PLAIN[2:])
    assert net.transitions[0].label == "Check  In&Out"


def test_nodes_on_several_pages(tmp_path):
    net = loaded(tmp_path, *PLAIN[:2], f'<page id="inner">{PLAIN[2]}{PLAIN[3]}</page>')
    assert language(net, 2) == {"A"}


@pytest.mark.parametrize("kind", ["inhibitor", "reset"])
def test_other_arcs_are_refused_by_id(tmp_path, kind):
    typed = f"<arctype><text>{kind}</text></arctype>"
    path = put(tmp_path, pnml(*PLAIN[:3], arcs("p>t", typed), arcs("t>q", typed)))
    problems = refused(path, f"arc 'p-t': arcs of type '{kind}'", f"arc 't-q': arcs of type '{kind}'")
    assert [problem.line for problem in problems] == [7, 8]


def test_a_plain_arc_may_say_so(tmp_path):
    assert language(loaded(tmp_path, *PLAIN[:3], arcs("p>t>q", "<arctype><text>normal</text></arctype>")), 2)


def test_every_mistake_is_named_at_once(tmp_path):
    parts = (
        place("p", "<initialMarking><text>many</text></initialMarking>"),
        place("p"),
        place("", ONE),
        '<transition id="t" guard="x&gt;1"/>',
        '<place id="c"><capacity><value>3</value></capacity></place>',
        '<referencePlace id="ref" ref="p"/>',
        arcs("p>c t>x"),
        arcs("p>t", "<inscription><text>0</text></inscription>"),
    )
    path = put(tmp_path, pnml(*parts, end=finals({"z": 1})))
    problems = refused(
        path,
        "place 'p': initial marking: 'many'",
        "id 'p' is given twice",
        "a place has no id",
        "transition 't': guards",
        "place 'c': 'capacity' is not supported",
        "referencePlace 'ref' is not supported",
        "arc 'p-c' does not join a place and a transition",
        "arc 't-x': no place or transition 'x'",
        "arc 'p-t': weight: '0'",
        "final marking: no place 'z'",
    )
    assert all(problem.line for problem in problems)
    assert len(problems) == 10


def test_a_tool_s_own_elements_are_told_once(tmp_path):
    own = "".join(place(f"x{i}", "<capacity/>") for i in range(5))
    assert len(refused(put(tmp_path, pnml(*PLAIN, own)))) == 1


def test_markings_that_cannot_be_guessed_say_what_to_add(tmp_path):
    path = put(tmp_path, pnml(place("p"), place("o"), *PLAIN[1:], place("r"), arcs("o>t>r")))
    problems = refused(
        path,
        "no initial marking, and there are 2 places ('p', 'o') that no arc enters",
        "<initialMarking><text>1</text></initialMarking>",
        "no final marking, and there are 2 places ('q', 'r') that no arc leaves",
        '<finalmarkings><marking><place idref="…"><text>1</text></place></marking></finalmarkings>',
    )
    assert [problem.line for problem in problems] == [2, 2]
    ring = pnml(place("p", ONE), transition("t", "A"), arcs("p>t>p"))
    refused(put(tmp_path, ring), "no final marking, and there is no place that no arc leaves")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pnml(*PLAIN)[:-40], "not well-formed XML"),
        ("", "not well-formed XML"),
        ('<!DOCTYPE pnml [<!ENTITY x "y">]>' + pnml(*PLAIN), "DOCTYPE"),
        (HEAD + "</definitions>", "no net: the file begins with 'definitions'"),
        ("<pnml/>", "no net"),
        ('<pnml><net id="a"/><net id="b"/></pnml>', "2 nets"),
        (pnml(place("p", ONE), end=finals({"p": 1})), "the net has no transition"),
    ],
)
def test_files_that_are_no_net(tmp_path, content, said):
    refused(put(tmp_path, content), said)


def test_files_that_cannot_be_read(tmp_path):
    refused(tmp_path / "none.pnml", "no such file")
    (tmp_path / "folder.ptml").mkdir()
    refused(tmp_path / "folder.ptml", "cannot be read")
    refused(put(tmp_path, "x", "model.xml"), "ends in .bpmn, .pnml or .ptml, not in '.xml'")


# -- PTML


def ptml(tree, root="0"):
    """A file from a tree of (tag, label or children)."""
    lines, waiting, count = [], [(tree, None)], 0
    for (kind, content), parent in waiting:
        name, count = str(count), count + 1
        lines.append(f'<{kind} id="{name}" name="{content if isinstance(content, str) else ""}"/>')
        if parent is not None:
            lines.append(f'<parentsNode id="e{name}" sourceId="{parent}" targetId="{name}"/>')
        if not isinstance(content, str):
            waiting += [(child, name) for child in content]
    body = "\n".join(lines)
    return f'<ptml>\n<processTree id="t" name="" root="{root}">\n{body}\n</processTree>\n</ptml>'


A, B, C = (("manualTask", name) for name in "ABC")
TAU = ("automaticTask", "")


@pytest.mark.parametrize(
    ("tree", "spoken"),
    [
        (A, {"A"}),
        (TAU, {""}),
        (("sequence", [A, B, C]), {"A B C"}),
        (("xor", [A, TAU, ("sequence", [B, C])]), {"A", "", "B C"}),
        (("and", [A, B]), {"A B", "B A"}),
        (("and", [A, A]), {"A A"}),
        (("or", [A, B]), {"A", "B", "A B", "B A"}),
        (("xorLoop", [A, B, C]), {"A C", "A B A C"}),
        (("xorLoop", [A, B]), {"A", "A B A"}),
        (("xorLoop", [A, TAU, TAU]), {"A", "A A", "A A A", "A A A A"}),
        (("xor", [("xorLoop", [A, B]), C]), {"A", "A B A", "C"}),
        (("xorLoop", [("xorLoop", [A, B]), C]), {"A", "A B A", "A C A"}),
        (
            ("xorLoop", [A, ("xor", [B, TAU]), ("xorLoop", [C, B])]),
            {"A C", "A A C", "A A A C", "A B A C", "A C B C"},
        ),
    ],
)
def test_trees_speak_their_language(tmp_path, tree, spoken):
    assert language(load_net(put(tmp_path, ptml(tree), "m.ptml")), 4) == spoken


def test_a_deep_tree_is_no_trouble(tmp_path):
    tree = A
    for _ in range(3000):
        tree = ("sequence", [tree])
    assert language(load_net(put(tmp_path, ptml(tree), "m.ptml")), 2) == {"A"}


def test_mistakes_in_a_tree(tmp_path):
    good = ptml(("sequence", [A, B]))
    for old, new, said in [
        ('<manualTask id="1"', '<placeholder id="1"', "placeholder '1': this element is not supported"),
        ('name="A"', 'name=""', "manualTask '1' has no name"),
        ('root="0"', 'root="9"', "no node '9' for the root"),
        ('root="0"', 'root="1"', "the root '1' has a parent, '0'"),
        ('<manualTask id="2"', '<manualTask id="1"', "id '1' is given twice"),
        ('sourceId="0" targetId="2"', 'sourceId="0" targetId="7"', "parentsNode: no node '7'"),
        ('sourceId="0" targetId="2"', 'sourceId="0" targetId="1"', "manualTask '1' has two parents"),
        ('sourceId="0" targetId="2"', 'sourceId="2" targetId="2"', "manualTask '2' is not part of the tree"),
        ('sourceId="0" targetId="2"', 'sourceId="1" targetId="2"', "manualTask '1' has children"),
    ]:
        assert old in good
        for problem in refused(put(tmp_path, good.replace(old, new), "m.ptml"), said):
            assert problem.line
    refused(put(tmp_path, ptml(("xorLoop", [A])), "m.ptml"), "xorLoop '0' has 1 children")
    refused(put(tmp_path, ptml(("xor", [])), "m.ptml"), "xor '0' has no children")
    refused(put(tmp_path, "<ptml/>", "m.ptml"), "no tree")
    refused(put(tmp_path, good[:-30], "m.ptml"), "not well-formed XML")


# -- what pm4py writes


def test_pm4py_s_files_mean_the_same(tmp_path):
    from mining.quiet import quiet_pm4py

    with quiet_pm4py():
        import pm4py

        text = "->('A', *(X('B', tau), 'C'), +('D', 'A'))"
        tree = pm4py.parse_process_tree(text)
        pm4py.write_ptml(tree, str(tmp_path / "m.ptml"))
        net, initial, final = pm4py.convert_to_petri_net(tree)
        pm4py.write_pnml(net, initial, final, str(tmp_path / "m.pnml"))
    spoken = language(load_net(tmp_path / "m.pnml"), 5)
    assert {"A D A", "A A D", "A B A D", "A C D A", "A B C A D"} <= spoken
    assert language(load_net(tmp_path / "m.ptml"), 5) == spoken
    assert read_net_file(tmp_path / "m.pnml").assumed == ()


# -- BPMN


def test_bpmn_tasks_are_labelled_by_their_names_even_twice(tmp_path):
    body = nodes(startEvent="s", endEvent="e", exclusiveGateway="g h")
    body += '<task id="t1" name="受理"/><task id="t2" name="受理"/><task id="t3" name="派单"/>'
    body += flows("s>g>t1>h g>t3>t2>h h>e")
    net = load_net(put(tmp_path, process(body), "m.bpmn"))
    assert language(net, 3) == {"受理", "派单 受理"}


def test_a_bpmn_task_without_name_is_refused(tmp_path):
    body = nodes(startEvent="s", endEvent="e") + '\n<task id="t1"/>'
    body += flows("s>t1>e")
    assert refused(put(tmp_path, process(body), "m.bpmn"), "task 't1' has no name")[0].line
