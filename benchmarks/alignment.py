"""Optimal alignments beside pm4py's A*, r4pm and token replay, on the same variants and nets, on one core.

    python benchmarks/alignment.py [--limit 60] [--r4pm INTERPRETER] [--data FOLDER]

Writes results/alignment.md and prints its tables. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_by_side import DATA, machine, peak_mb, publish, table

if TYPE_CHECKING:
    from reference_models.model import Net

SHARED = Path(__file__).parents[2] / "shared" / "data"
NOISES = (0.0, 0.2, 0.5)
LIBRARY = ("circuit-provisioning", "fault-handling", "in-sales-procurement")
CASES = 3_000
"""Simulated cases per library model."""
BRANCHES = (*range(2, 10), 12)
"""Parallel branches of three tasks each."""
SEED = 20_261
REPEATS = 3
"""Of what takes less than a few seconds; the median counts."""


@dataclass(frozen=True)
class Task:
    """Variants and a net, as a file that every contender reads."""

    name: str
    path: Path


# -- what is aligned


def prepare(data: Path) -> list[Task]:
    """Make the tasks that are missing, each in a process of its own."""
    names = []
    for log in ("receipt.xes.gz", "bpic2013_incidents.xes.gz", "m1.xes.gz"):
        if (SHARED / log).exists():
            names += [f"{log}@{noise}" for noise in NOISES]
    if (SHARED / "m1.pnml").exists():
        names.append("m1.xes.gz@m1.pnml")
    for model in LIBRARY:
        names += [f"{model}@given", f"{model}@0.0", f"{model}@0.2", f"{model}@0.5"]
    names.append("fault-handling, 4,000 noisy variants@given")
    folder = data / "alignment"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = []
    for name in names:
        path = folder / (name.replace("@", "_").replace(" ", "_").replace(",", "") + ".json")
        if not path.exists():
            _child("prepare", name, str(path))
        tasks.append(Task(name.replace("@", " @ "), path))
    return tasks


def child_prepare(name: str, path: str) -> None:
    """Write variants (in a shuffled order) and the net of one task."""
    log, _, model = name.partition("@")
    if log in LIBRARY:
        traces = _simulated(log)
    elif "noisy" in log:
        traces = _noisy(log.partition(",")[0])
    else:
        traces = _public(log)
    if model == "given":
        from reference_models import load

        net = load(log.partition(",")[0]).net
    elif model.endswith(".pnml"):
        from reference_models.net_files import load_net

        net = load_net(SHARED / model)
    else:
        net = _mined(traces, float(model))
    variants = sorted({tuple(trace) for trace in traces})
    random.Random(SEED).shuffle(variants)
    document = {
        "variants": variants,
        "net": {
            "places": len(net.places),
            "transitions": [[t.label, list(t.pre), list(t.post)] for t in net.transitions],
            "initial": list(net.initial),
            "final": list(net.finals[0]),
        },
    }
    Path(path).write_text(json.dumps(document), encoding="utf-8")


def _public(log: str) -> list[tuple[str, ...]]:
    import pm4py

    frame = pm4py.read_xes(str(SHARED / log))
    grouped = frame.groupby("case:concept:name", sort=False)["concept:name"]
    return [tuple(trace) for trace in grouped.agg(list)]


def _simulated(model: str) -> list[tuple[str, ...]]:
    from reference_models import load
    from walkthrough.simulation import simulate

    reference = load(model)
    events = simulate(reference, cases=CASES, seed=SEED).events
    beside = {a.id for a in reference.activities.values() if not a.in_flow}
    kept = events[~events["activity"].isin(beside)].sort_values(["case", "t_us"], kind="stable")
    return [tuple(trace) for trace in kept.groupby("case", sort=False)["activity"].agg(list)]


def _noisy(model: str) -> list[tuple[str, ...]]:
    """Long walks through a model, one run after the other, with events lost and put in: all distinct."""
    from mining.alignment import reachability_graph
    from reference_models import load

    graph = reachability_graph(load(model).net)
    labels = sorted({t.label for t in graph.net.transitions if t.label})
    onward: dict[int, list[tuple[int, str | None]]] = {}
    for source, target, fired in zip(
        graph.source.tolist(), graph.target.tolist(), graph.transition.tolist(), strict=True
    ):
        onward.setdefault(source, []).append((target, graph.net.transitions[fired].label))
    chance, found = random.Random(SEED), set()
    while len(found) < 4_000:
        state, trace = graph.initial, []
        while len(trace) < 65:
            state, label = chance.choice(onward.get(state) or [(graph.initial, None)])
            if label is None or chance.random() < 0.05:
                continue
            trace += [chance.choice(labels), label] if chance.random() < 0.05 else [label]
        found.add(tuple(trace))
    return sorted(found)


def _mined(traces: list[tuple[str, ...]], noise: float) -> Net:
    """The net of the inductive miner (IMf; at noise 0 plain IM)."""
    from collections import Counter

    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
    from pm4py.objects.conversion.process_tree.converter import apply

    from reference_models.model import Net, Transition

    parameters = {"noise_threshold": noise, "multiprocessing": False}
    tree = IMFUVCL(parameters).apply(IMDataStructureUVCL(Counter(traces)), parameters)
    net, initial, final = apply(tree)  # pm4py's own, which is what its users align with
    place = {each: n for n, each in enumerate(sorted(net.places, key=lambda each: each.name))}
    transitions = [
        Transition(each.name, each.label, *(tuple(sorted(place[p] for p in ends)) for ends in (
            [arc.source for arc in each.in_arcs], [arc.target for arc in each.out_arcs])))
        for each in sorted(net.transitions, key=lambda each: (each.label or "", each.name))
    ]  # fmt: skip
    markings = [tuple(sorted(place[p] for p in marking.elements())) for marking in (initial, final)]
    return Net(tuple(each.name for each in place), tuple(transitions), markings[0], (markings[1],))


# -- contenders; each prints one line of JSON


def _read(path: str) -> tuple[list[tuple[str, ...]], dict[str, Any]]:
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    return [tuple(each) for each in document["variants"]], document["net"]


def _median(run: Callable[[], int]) -> tuple[float, int]:
    """Seconds of CPU, median, and what the run gives."""
    seconds: list[float] = []
    while len(seconds) < REPEATS and sum(seconds) < 10:
        began = time.process_time()
        result = run()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), result


def child_ours(path: str, done: str) -> None:
    """From the net to all alignments with moves; the same with doubt; besides, of the first variants only.

    `done`: how many A* finished. Of the one that it was busy with when its time was up we count all of ours.
    """
    from mining.alignment import Variant, align_net, compiled, reachability_graph
    from mining.alignment.bounds import WHOLE
    from mining.alignment.near import QUICK, graph_near
    from mining.alignment.reduction import reduced
    from reference_models.model import Net, Transition

    variants, spec = _read(path)
    transitions = tuple(
        Transition(f"t{n}", label, tuple(pre), tuple(post))
        for n, (label, pre, post) in enumerate(spec["transitions"])
    )
    places = tuple(f"p{n}" for n in range(spec["places"]))
    net = Net(places, transitions, tuple(spec["initial"]), (tuple(spec["final"]),))
    began = time.process_time()
    compiled.load()
    loading = time.process_time() - began

    def run(chosen: list[tuple[str, ...]], doubt: bool = False) -> int:
        return sum(each.cost for each in align_net(net, [Variant(trace) for trace in chosen], doubt=doubt))

    run(variants[:2])  # whatever is loaded on first use
    seconds, cost = _median(lambda: run(variants))
    doubt_seconds, _ = _median(lambda: run(variants, doubt=True))
    sample_seconds, _ = _median(lambda: run(variants[: int(done) + 1]))
    sample_cost = run(variants[: int(done)])
    graph = reachability_graph(net)
    searched, smaller = graph, reduced(net)
    if graph.states > WHOLE:
        whole = reachability_graph(smaller.net)
        every, silent = [Variant(trace) for trace in variants], smaller.silent
        near = graph_near(smaller.net, every, work=QUICK, silent=silent) if whole.states > WHOLE else None
        searched = near or whole
    _tell(
        seconds=seconds,
        doubt_seconds=doubt_seconds,
        cost=cost,
        sample_seconds=sample_seconds,
        sample_cost=sample_cost,
        loading=loading,
        states=graph.states,
        searched=searched.states,
        variants=len(variants),
        events=sum(map(len, variants)),
    )


def _pm4py_net(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    from collections import Counter

    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    net = PetriNet("net")
    places = [PetriNet.Place(f"p{n}") for n in range(spec["places"])]
    net.places.update(places)
    for n, (label, pre, post) in enumerate(spec["transitions"]):
        transition = PetriNet.Transition(f"t{n}", label)
        net.transitions.add(transition)
        for place, weight in Counter(pre).items():
            add_arc_from_to(places[place], transition, net, weight)
        for place, weight in Counter(post).items():
            add_arc_from_to(transition, places[place], net, weight)
    markings = (Marking(Counter(places[p] for p in spec[name])) for name in ("initial", "final"))
    return net, *markings


def _pm4py_trace(trace: tuple[str, ...]) -> Any:
    from pm4py.objects.log.obj import Event, Trace

    return Trace([Event({"concept:name": activity}) for activity in trace])


def child_pm4py(path: str, limit: str) -> None:
    """pm4py's A* (its default), one variant after the other until the limit."""
    from pm4py.algo.conformance.alignments.petri_net import algorithm

    variants, spec = _read(path)
    net, initial, final = _pm4py_net(spec)
    cost, done, seconds = 0, 0, 0.0
    for trace in variants:
        given = _pm4py_trace(trace)
        left = float(limit) - seconds
        began = time.process_time()
        found = algorithm.apply(
            given, net, initial, final, parameters={"show_progress_bar": False, "max_align_time_trace": left}
        )
        seconds += time.process_time() - began
        if found is None:
            break
        cost += int(found["cost"]) // 10_000
        done += 1
        if seconds > float(limit):
            break
    _tell(seconds=seconds, cost=cost, done=done)


def child_replay(path: str, limit: str) -> None:
    """pm4py's token replay of every variant."""
    from pm4py.algo.conformance.tokenreplay import algorithm
    from pm4py.objects.log.obj import EventLog

    variants, spec = _read(path)
    net, initial, final = _pm4py_net(spec)
    log = EventLog([_pm4py_trace(trace) for trace in variants])
    seconds, _ = _median(
        lambda: len(algorithm.apply(log, net, initial, final, parameters={"show_progress_bar": False}))
    )
    _tell(seconds=seconds)


def child_r4pm(path: str, limit: str) -> None:
    """r4pm, one variant after the other until the limit."""
    import uuid

    from r4pm import bindings

    variants, spec = _read(path)
    ids = [str(uuid.UUID(int=n + 1)) for n in range(spec["places"] + len(spec["transitions"]))]
    places = ids[: spec["places"]]
    arcs, transitions = [], {}
    for n, (label, pre, post) in enumerate(spec["transitions"]):
        own = ids[spec["places"] + n]
        transitions[own] = {"id": own, "label": label}
        for sort, ends in (("PlaceTransition", pre), ("TransitionPlace", post)):
            for place in sorted(set(ends)):
                nodes = [places[place], own] if sort == "PlaceTransition" else [own, places[place]]
                arcs.append({"from_to": {"type": sort, "nodes": nodes}, "weight": ends.count(place)})
    marking = {
        name: {places[p]: spec[name].count(p) for p in set(spec[name])} for name in ("initial", "final")
    }
    net = {
        "places": {place: {"id": place} for place in places},
        "transitions": transitions,
        "arcs": arcs,
        "initial_marking": marking["initial"],
        "final_markings": [marking["final"]],
    }
    cost, done, began = 0, 0, time.process_time()
    for trace in variants:
        try:
            cost += int(bindings.align_trace(net, list(trace))["cost"])
        except TypeError:  # its way to say that a search was given up
            break
        done += 1
        if time.process_time() - began > float(limit):
            break
    _tell(seconds=time.process_time() - began, cost=cost, done=done)


def child_growth(branches: str, path: str) -> None:
    """A net of parallel branches of three tasks, and fifty traces with a deviation or two."""
    from mining.alignment import Aligner, TooLargeError, Variant, align_net, band, reachability_graph
    from mining.alignment.near import graph_near
    from reference_models.model import Net, Transition

    width = int(branches)
    places, fork, join = 2, [], []
    transitions = []
    for branch in range(width):
        at = places
        places += 4
        fork.append(at)
        join.append(at + 3)
        transitions += [
            Transition(f"{branch}.{n}", f"{branch}.{n}", (at + n,), (at + n + 1,)) for n in range(3)
        ]
    transitions += [Transition("fork", None, (0,), tuple(fork)), Transition("join", None, tuple(join), (1,))]
    net = Net(tuple(map(str, range(places))), tuple(transitions), (0,), ((1,),))
    chance, variants = random.Random(SEED), []
    for _ in range(50):
        left = dict.fromkeys(range(width), 0)
        trace = []
        while left:
            branch = chance.choice(sorted(left))
            trace.append(f"{branch}.{left[branch]}")
            left[branch] += 1
            if left[branch] == 3:
                del left[branch]
        trace.pop(chance.randrange(len(trace)))
        variants.append(Variant(tuple(trace)))
    Aligner(reachability_graph(Net(("i", "o"), (Transition("t", "a", (0,), (1,)),), (0,), ((1,),))),
            search=band.search).align([Variant(("a",))])  # fmt: skip
    before = peak_mb(resource.getrusage(resource.RUSAGE_SELF))
    began = time.process_time()
    try:
        graph = reachability_graph(net)
    except TooLargeError:
        graph_seconds, began = time.process_time() - began, time.process_time()
        found = align_net(net, variants)
        assert all(each.cost == 1 and each.exact for each in found)
        seconds = time.process_time() - began
        near = graph_near(net, variants)
        explored = near.states if near else 0
        _tell(states=0, near=explored, graph=graph_seconds, align=seconds, megabytes=_grown(before))
        return
    built = time.process_time() - began
    found = Aligner(graph, search=band.search).align(variants)
    assert all(each.cost == 1 for each in found)
    align = time.process_time() - began - built
    _tell(states=graph.states, graph=built, align=align, megabytes=_grown(before))


def _grown(before: float) -> float:
    return peak_mb(resource.getrusage(resource.RUSAGE_SELF)) - before


def _tell(**facts: float) -> None:
    sys.stdout.write("\n" + json.dumps(facts) + "\n")


CHILDREN: dict[str, Callable[[str, str], None]] = {
    "prepare": child_prepare,
    "ours": child_ours,
    "pm4py": child_pm4py,
    "replay": child_replay,
    "r4pm": child_r4pm,
    "growth": child_growth,
}


def _child(
    kind: str, first: str, second: str, interpreter: str = sys.executable, limit: float = 900
) -> dict[str, float] | None:
    """Run a child on one core; None if it did not end in time."""
    sys.stderr.write(f"{kind}: {first}\n")
    command = [interpreter, str(Path(__file__).resolve()), "--child", kind, first, second]
    alone = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env=os.environ | alone, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    last = done.stdout.strip().rpartition("\n")[2]
    return json.loads(last) if last.startswith("{") else {}


# -- the tables


def compare(task: Task, limit: float, r4pm: str | None) -> tuple[list[str], dict[str, float]]:
    """One line of the table, and the ratios to ours."""
    path = str(task.path)
    theirs = _child("pm4py", path, str(limit), limit=limit * 3) or {"seconds": limit, "cost": 0, "done": 0}
    ours = _child("ours", path, str(int(theirs["done"])))
    replay = _child("replay", path, str(limit))
    rust = _child("r4pm", path, str(limit), r4pm, limit=limit * 2) if r4pm else None
    assert ours is not None
    variants = int(ours["variants"])
    if theirs["cost"] != ours["sample_cost"]:
        raise SystemExit(
            f"{task.name}: costs differ from pm4py's on {theirs['done']} variants: {theirs} {ours}"
        )
    finished = rust is not None and int(rust["done"]) == variants
    if rust is not None and finished and rust["cost"] != ours["cost"]:
        raise SystemExit(f"{task.name}: costs differ from r4pm's: {rust['cost']} {ours['cost']}")
    ratios = {"pm4py": theirs["seconds"] / ours["sample_seconds"]}
    if replay is not None:
        ratios["replay"] = replay["seconds"] / ours["seconds"]
    rust_seconds = limit * 2 if rust is None else rust["seconds"]
    gave_up = rust is not None and not finished and rust_seconds < limit
    if r4pm and not gave_up:
        ratios["r4pm"] = rust_seconds / ours["seconds"]
    more = "" if finished else "> "
    beyond = "" if int(theirs["done"]) == variants else ">"
    rust_columns = [f"{more}{rust_seconds:.2f}", f"{more}{ratios['r4pm']:,.0f}"] if "r4pm" in ratios else [
        "gave up" if gave_up else "–", "–"
    ]  # fmt: skip
    line = [
        task.name,
        f"{variants:,} / {int(ours['events']):,}",
        f"{int(ours['states']):,} → {int(ours['searched']):,}",
        f"{int(ours['cost']):,}",
        f"{ours['seconds']:.4f}",
        f"{ours['doubt_seconds']:.4f}",
        f"{int(theirs['done']):,}: {ours['sample_seconds']:.4f} / {beyond}{theirs['seconds']:.1f}",
        f"{beyond}{ratios['pm4py']:,.0f}",
        *rust_columns,
        "–" if replay is None else f"{replay['seconds']:.2f}",
        "–" if replay is None else f"{ratios['replay']:,.0f}",
    ]
    return line, ratios


def main() -> None:
    """Prepare, compare, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds for pm4py's A* and for r4pm per line"
    )
    parser.add_argument("--r4pm", help="Python interpreter with r4pm; without it that column stays empty")
    parser.add_argument("--only", default="", help="lines whose name holds this text")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
        kind, first, second = arguments.child
        CHILDREN[kind](first, second)
        return
    lines, ratios = [], []
    for task in prepare(arguments.data):
        if arguments.only in task.name:
            line, found = compare(task, arguments.limit, arguments.r4pm)
            lines.append(line)
            ratios.append(found)
    summary = []
    for name in ("pm4py", "r4pm", "replay"):
        known = [each[name] for each in ratios if name in each and not math.isnan(each[name])]
        if known:
            mean = math.exp(sum(map(math.log, known)) / len(known))
            summary.append(f"{name}: geometric mean {mean:,.0f}, least {min(known):,.1f} times ours.")
    growth = [
        [f"{width} × 3",
         f"{int(g['states']):,}" if g["states"] else f"beyond the cap, {int(g['near']):,} explored",
         f"{g['graph']:.2f}", f"{g['align']:.2f}", f"{g['megabytes']:,.0f}"]
        for width in BRANCHES
        if (g := _child("growth", str(width), "-")) is not None
    ]  # fmt: skip
    head = ["variants @ model", "variants / events", "states → explored", "cost", "ours s", "with doubt s",
            "sample: ours / A* s", "A* ÷ ours", "r4pm s", "÷ ours", "replay s", "÷ ours"]  # fmt: skip
    body = table(head, lines) + "\n\n" + table(
        ["parallel branches", "states", "graph s", "align 50 variants s", "memory grown MB"], growth
    )  # fmt: skip
    notes = [
        f"Seconds of CPU on one core; {machine()}; A* and r4pm limited to {arguments.limit:.0f} s per line"
        " ('>': stopped there; the variant that A* was busy with is among ours). Equal costs wherever both"
        " finished. Ours: net to alignments with moves;"
        " compiled code loaded before.",
        *summary,
    ]
    publish("alignment", "Optimal alignments", notes, body)


if __name__ == "__main__":
    main()
