"""`walkthrough align`: any log with any model."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from command_line import Command

import reference_models
from reports.schemas import ALIGNMENT, json_schema

SHARED = Path(__file__).parents[3] / "shared" / "data"
LIBRARY = Path(reference_models.__file__).parent / "library"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ONE = "<initialMarking><text>1</text></initialMarking>"
NET = f"""<pnml><net id="n">
<place id="p">{ONE}</place><place id="q"/><place id="r"/>
<transition id="t"><name><text>A</text></name></transition>
<transition id="u"><name><text>B</text></name></transition>
<transition id="v"><name><text>B</text></name></transition>
<arc id="a1" source="p" target="t"/><arc id="a2" source="t" target="q"/>
<arc id="a3" source="q" target="u"/><arc id="a4" source="u" target="r"/>
<arc id="a5" source="r" target="v"/><arc id="a6" source="v" target="q"/>
</net></pnml>"""
"""A, then B as often as you like, an odd number of times."""
END = '<finalmarkings><marking><place idref="r"><text>1</text></place></marking></finalmarkings></net>'
SOUND = NET.replace("</net>", END)


def log(*traces, lifecycle=()):
    """A CSV export; a trace is the labels of a case, separated by blanks."""
    rows = ["case,activity,time" + (",lifecycle" if lifecycle else "")]
    for number, trace in enumerate(traces, 1):
        for at, label in enumerate(trace.split()):
            more = f",{lifecycle[number - 1]}" if lifecycle else ""
            rows.append(f"C{number},{label},2026-03-02 {8 + at:02d}:00:00{more}")
    return "\n".join(rows) + "\n"


MAPPING = "case: case\nactivity: activity\ntime: time\n"


@pytest.fixture
def align(run):
    """Align a small log, mapped, with a small net; JSON is read."""

    def call(export, model=SOUND, *more, name="m.pnml", mapping=MAPPING):
        (run.folder / "log.csv").write_text(export, encoding="utf-8")
        (run.folder / "m.yaml").write_text(mapping, encoding="utf-8")
        if model is not None:
            (run.folder / name).write_bytes(model.encode() if isinstance(model, str) else model)
        ran = run("align", "log.csv", "--model", name, "--mapping", "m.yaml", *more)
        ran.speaks_plainly()
        return ran

    return call


def read(ran):
    assert ran.code == 0, ran.err
    assert ran.err == ""
    document = json.loads(ran.out)
    jsonschema.Draft202012Validator(json_schema(ALIGNMENT)).validate(document)
    return document


def deviations(variant):
    return [(m["kind"], m["activity"], m["position"]) for m in variant["moves"] if m["kind"] != "sync"]


def test_costs_moves_and_totals(align):
    told = read(align(log("A B", "A B", "A", "A B B B", "B A X B"), SOUND, "--format", "json"))
    assert (told["cases"], told["variants"]) == (5, 4)
    assert (told["total_cost"], told["total_lower_bound"]) == (3, 3)
    assert (told["deviating_cases"], told["undecided_cases"], told["exact_share"]) == (2, 0, 1.0)
    assert told["unknown_labels"] == ["X"]
    assert told["rows"] == {"read": 13, "used": 13, "excluded": []}
    by_trace = {" ".join(each["trace"]): each for each in told["per_variant"]}
    first = told["per_variant"][0]
    assert (first["variant"], first["cases"], first["trace"]) == (1, 2, ["A", "B"])
    assert {key: first[key] for key in ("cost", "lower_bound", "exact", "mode")} == {
        "cost": 0,
        "lower_bound": 0,
        "exact": True,
        "mode": "complete",
    }
    assert [(m["kind"], m["transition"]) for m in first["moves"]] == [("sync", "t"), ("sync", "u")]
    assert [m["transition"] for m in by_trace["A B B B"]["moves"]] == ["t", "u", "v", "u"]
    assert deviations(by_trace["A"]) == [("model", "B", None)]
    assert deviations(by_trace["B A X B"]) == [("log", "B", 0), ("log", "X", 2)]
    # Worst: all events aside, and the shortest run (A B) alone.
    assert told["fitness"] == pytest.approx((1 + 1 + (1 - 1 / 3) + 1 + (1 - 2 / 6)) / 5)
    assert 0 < told["precision"] <= 1
    assert {"read", "model", "variants", "graph", "align", "precision", "total"} == set(told["seconds"])


def test_the_schema_knows_every_property_and_no_other(align):
    """What `read` validates by cannot pass by leaving things open."""
    document = read(align(log("A B", "A"), SOUND, "--format", "json"))
    strict = jsonschema.Draft202012Validator(json_schema(ALIGNMENT))
    places = (document, document["rows"], document["seconds"], document["per_variant"][0])
    for place in (*places, document["per_variant"][1]["moves"][1]):
        place["guess"] = 1
        assert [error.validator for error in strict.iter_errors(document)] == ["additionalProperties"]
        del place["guess"]
        name, value = place.popitem()
        assert [error.validator for error in strict.iter_errors(document)] == ["required"], name
        place[name] = value


def test_doubt_is_told(align):
    told = read(align(log("A B B"), SOUND, "--format", "json"))
    (variant,) = told["per_variant"]
    assert variant["cost"] == 1
    assert [m["ambiguous"] for m in variant["moves"]].count(True) == 1
    certain = read(align(log("B"), SOUND, "--format", "json"))["per_variant"][0]
    assert [m["ambiguous"] for m in certain["moves"]] == [False, False]


def test_the_table_tells_the_same(align):
    out = align(log("A B", "A B", "A", "B A X B")).out
    for text in (
        "rows            9 used, 0 not used",
        "cases           4, 2 deviating",
        "total cost      3",
        "exact           1.0000 of the cases",
        "unknown labels  X",
    ):
        assert text in out
    assert re.search(r"^ +1 +2 +0$", out, re.M)
    assert re.search(r"^ +\d +1 +1  -B$", out, re.M)
    assert re.search(r"^ +\d +1 +2  \+B; \+X$", out, re.M)


def test_the_table_is_short_and_harmless(align):
    out = align(log(*(f"A {'B ' * n}" for n in range(1, 15)), "A \x1b[31mred B")).out
    assert "… 5 further variants" in out
    assert "\x1b" not in out
    assert "\\u001b[31mred" in out


def test_only_completions_count_and_no_case_is_left_out(align):
    mapping = MAPPING + "lifecycle: lifecycle\n"
    export = log("A B", "A", lifecycle=("complete", "start"))
    told = read(align(export, SOUND, "--format", "json", mapping=mapping))
    assert (told["cases"], told["variants"], told["total_cost"]) == (2, 2, 2)
    assert [each["trace"] for each in told["per_variant"]] == [["A", "B"], []]


def test_a_marking_that_was_taken_is_told(align):
    plain = re.sub(r'<transition id="v">.*\n|<arc id="a[56]".*\n', "", NET)
    told = read(align(log("A B"), plain, "--format", "json"))
    assert told["total_cost"] == 0
    assert told["notes"] == [
        "final marking (not stated): one token in 'r', the only place that no arc leaves"
    ]
    assert "note            final marking" in align(log("A B"), plain).out


def test_a_final_marking_that_cannot_be_taken_says_what_to_add(align):
    ran = align(log("A B"), NET)
    ran.refused("m.pnml:1: no final marking", "add <finalmarkings>")


def test_a_tree_and_a_diagram_do_as_well(align, run):
    tree = """<ptml><processTree root="s"><sequence id="s" name=""/><manualTask id="a" name="A"/>
<manualTask id="b" name="B"/><parentsNode sourceId="s" targetId="a"/><parentsNode sourceId="s" targetId="b"/>
</processTree></ptml>"""
    assert read(align(log("A B", "B A"), tree, "--format", "json", name="m.ptml"))["total_cost"] == 2
    body = (LIBRARY / "fault-handling" / "process.bpmn").read_bytes()
    told = read(
        align(log("故障受理记录 故障判断 网管处理 回复客户", "派单"), body, "--format", "json", name="m.bpmn")
    )
    assert [each["cost"] > 0 for each in told["per_variant"]].count(True) >= 1
    assert told["unknown_labels"] == []


def test_mapped_activities_are_not_applied_and_that_is_told(align):
    mapping = MAPPING + "activities: {X: '-'}\n"
    told = read(align(log("A X B"), SOUND, "--format", "json", mapping=mapping))
    assert told["total_cost"] == 1
    assert "labels are compared as they are spelled" in told["notes"][0]


def test_the_same_input_gives_the_same_answer(align):
    export = log("A B", "B A", "A A", "B", "B B A")
    first, second = (read(align(export, SOUND, "--format", "json")) for _ in range(2))
    del first["seconds"], second["seconds"]
    assert first == second


def test_a_model_beyond_the_exact_method_gets_bounds_and_no_case_is_lost(align):
    """Place z may gather tokens without end."""
    more = """<place id="z"/><transition id="s"/><transition id="d"/><arc id="b1" source="p" target="s"/>
<arc id="b2" source="s" target="p"/><arc id="b3" source="s" target="z"/><arc id="b4" source="z" target="d"/>
<finalmarkings>"""
    pump = SOUND.replace("<finalmarkings>", more)
    told = read(align(log("A B", "A B", "B"), pump, "--format", "json", "--seconds", "4"))
    assert told["states"] is None
    assert told["precision"] is None
    assert (told["cases"], told["variants"]) == (3, 2)
    assert any("too many markings" in note for note in told["notes"])
    for each in told["per_variant"]:
        assert each["lower_bound"] <= each["cost"]
        assert each["exact"] == (each["lower_bound"] == each["cost"])
    assert told["total_lower_bound"] <= told["total_cost"]


# -- refused


def test_a_net_whose_end_cannot_be_reached(align):
    stuck = SOUND.replace('idref="r"><text>1<', 'idref="r"><text>2<')
    align(log("A B"), stuck).refused("m.pnml: not sound: no accepting marking can be reached")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.xml", SOUND, "m.xml: a model file ends in .bpmn, .pnml or .ptml"),
        ("m.pnml", SOUND[:-30], "not well-formed XML"),
        ("m.bpmn", SOUND, "m.bpmn:1: not a BPMN 2.0 file"),
        ("m.ptml", SOUND, "m.ptml:1: no tree"),
        ("m.pnml", None, "m.pnml: no such file"),
    ],
)
def test_models_that_cannot_be_read(align, name, content, said):
    align(log("A B"), content, name=name).refused(said)


def test_a_model_is_read_before_a_large_log_is(run):
    run("align", "none.csv", "--model", "none.pnml").refused("none.pnml: no such file")


def test_a_log_that_cannot_be_read(run):
    (run.folder / "m.pnml").write_text(SOUND)
    run("align", "none.csv", "--model", "m.pnml").refused("none.csv: no such file")


def test_the_help_names_the_exit_codes(run):
    helped = " ".join(run("align", "--help").out.split())
    for word in ("0 aligned", "2 bad input", "4 failed", "--seconds"):
        assert word in helped


def test_nothing_heavy_is_loaded_for_the_help():
    code = (
        "import sys, walkthrough.cli; print(sorted({'lxml', 'duckdb', 'numpy', 'pm4py'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_the_readme_shows_works(run):
    (line,) = re.findall(r"^walkthrough align .*$", README, re.M)
    words = shlex.split(line)[1:]
    events = "".join(
        f'<event><string key="concept:name" value="{name}"/>'
        f'<date key="time:timestamp" value="2026-03-02T0{at}:00:00Z"/></event>'
        for at, name in enumerate("AB", 1)
    )
    trace = f'<trace><string key="concept:name" value="1"/>{events}</trace>'
    (run.folder / words[1]).write_text(f'<log xes.version="1.0">{trace}</log>')
    (run.folder / words[words.index("--model") + 1]).write_text(SOUND)
    ran = run(*words)
    assert ran.code == 0, ran.err
    assert "cases           1, 0 deviating" in ran.out


# -- published figures


@pytest.mark.skipif(not (SHARED / "m1.pnml").is_file(), reason="the public benchmark M1 is not here")
def test_m1_costs_what_others_measured(tmp_path):
    ran = Command(tmp_path)("align", SHARED / "m1.xes.gz", "--model", SHARED / "m1.pnml", "--format", "json")
    told = read(ran)
    assert (told["total_cost"], told["deviating_cases"]) == (2585, 451)
    assert (told["cases"], told["variants"], told["exact_share"]) == (500, 453, 1.0)
