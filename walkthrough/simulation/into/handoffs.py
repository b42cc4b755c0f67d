"""Handoffs of an existing export's cases: who handed over to whom, and when it was taken up."""

from __future__ import annotations

from collections.abc import Sequence

from walkthrough.simulation.into.log import Export, Step
from walkthrough.simulation.playout import Run
from walkthrough.simulation.truth import Pair


def shows_acceptance(export: Export) -> bool:
    """Whether the log says when work was begun, and in one way only: by the beginning of each step."""
    signs = [sign for each in export.plan.model.handoffs for sign in (*each.received_by, *each.accepted_by)]
    begun = [us for us, each in zip(export.start_us, export.ids, strict=True) if each]
    return None not in begun and not any(export.lifecycle) and not set(signs) & set(export.ids)


def handed_over(export: Export, run: Run, steps: Sequence[Step]) -> list[Pair]:
    """The handoffs with a limit of a case that took this run, with these times.

    Of several senders the last one decides.
    """
    done = [each for each in steps if each.activity in export.flow]
    found = []
    for receiver, senders in enumerate(run.senders):
        sender = max(senders, default=-1)
        handoff = export.plan.handoffs.get((run.activities[sender], run.activities[receiver]))
        if sender >= 0 and handoff and handoff.id in export.plan.handoff_limits:
            at = done[receiver]
            begun = export.start_us[at.row] or 0  # a step is moved as a whole
            taken = begun + at.us - export.t_us[at.row]
            found.append(Pair(handoff.id, 0, done[sender].us, taken, True))
    return found
