"""What the answer key states of a case that still goes on when the export is taken."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reference_models import load
from walkthrough.simulation.courses import plain
from walkthrough.simulation.edits import Editor
from walkthrough.simulation.groups import Group
from walkthrough.simulation.key import Key
from walkthrough.simulation.plan import plan_of


@pytest.mark.parametrize(("shown", "stated"), [(0, set()), (1, {"planted"})])
def test_a_task_of_another_unit_is_stated_once_its_row_is_there(shown, stated):
    """However the case goes on: the row alone shows it."""
    plan = plan_of(load("network-resource-allocation"))
    course = plain(plan.runs[0][0])
    editor = Editor(plan, [course])
    at, edited = next(
        (at, edited)
        for at in range(1, len(course.items) - 1)
        for edited in editor.misrouted(course, at, np.random.default_rng(1))
    )
    seen = at + shown
    table = pd.DataFrame(
        {
            "case": 0,
            "item": range(seen),
            "faulty": [item.faulty for item in edited.items[:seen]],
            "t_us": range(seen),
        }
    )
    key = Key([Group(edited, 1, [])], np.zeros(1, dtype=np.int64), table, [], set())
    rows = key.rows(np.ones(1, dtype=bool), SimpleNamespace(plan=plan, key=[]))
    assert {role for *_, kind, _, role, _ in rows if kind == "misrouted"} == stated
