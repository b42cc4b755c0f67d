"""The conforming logs of a library model show all of it."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import reference_models
from logs.labels import normalise_label
from reference_models import label_index, library, load
from reference_models.bpmn import compile_bpmn

LIBRARY = Path(reference_models.__file__).parent / "library"


def traces(model):
    """Per case of the model's conforming logs the activities that it records, in order."""
    known = label_index(model)
    for path in sorted((LIBRARY / model.id / "conforming").glob("*.csv")):
        found = defaultdict(list)
        with path.open(encoding="utf-8", newline="") as file:
            for row in sorted(csv.DictReader(file), key=lambda each: each["time"]):
                found[row["case"]].append(known[normalise_label(row["activity"])])
        yield from found.values()


def way(net, trace):
    """Transitions of a shortest way through the net that shows the trace."""
    start = (net.initial, 0)
    came_by = {start: None}
    level = [start]
    while level:
        reached = []
        for state in level:
            marking, done = state
            if done == len(trace) and marking in net.finals:
                return back(came_by, state)
            for step in net.transitions:
                fits = step.label is None or trace[done : done + 1] == [step.label]
                if not fits or Counter(step.pre) - Counter(marking):
                    continue
                left = Counter(marking) - Counter(step.pre) + Counter(step.post)
                after = (tuple(sorted(left.elements())), done + (step.label is not None))
                if after not in came_by:
                    came_by[after] = (step.id, state)
                    reached.append(after)
        level = reached
    raise AssertionError(f"no way for {trace}")


def back(came_by, state):
    while came_by[state] is not None:
        step, state = came_by[state]
        yield step


@pytest.mark.parametrize("model_id", library())
def test_every_activity_is_walked_but_those_that_must_not_happen(model_id):
    model = load(model_id)
    recorded = {activity for trace in traces(model) for activity in trace}
    barred = {each.activity for each in model.rules if each.template == "absence" and (each.times or 1) == 1}
    assert set(model.activities) - recorded == barred


@pytest.mark.parametrize("model_id", library())
def test_every_branch_is_walked(model_id):
    model = load(model_id)
    net = compile_bpmn(LIBRARY / model_id / "process.bpmn", model_id).full_net
    walked = set()
    for trace in traces(model):
        walked.update(way(net, [each for each in trace if model.activities[each].in_flow]))
    assert {step.id for step in net.transitions} - walked == set()


@pytest.mark.parametrize("model_id", library())
def test_several_kinds_of_findings_are_shown(model_id):
    kinds = {path.stem for path in (LIBRARY / model_id / "violating").glob("*.csv")}
    assert len(kinds) >= 6
    assert {kind.split(".")[0] for kind in kinds} >= {"handoff", "lost"}
