"""The simulator's own reading of DECLARE rules: which of them a case breaks.

After the templates' definitions (Pesic & van der Aalst 2006), activation by activation; a case that is over
owes what it owes, an open one what its limits have run out on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reference_models.model import DeclareRule
from walkthrough.simulation.cells import Value, holds
from walkthrough.simulation.counting import Counter


class Seen(NamedTuple):
    """An event of a case."""

    activity: str
    us: int
    in_flow: bool = True


def rests_on_presence(rule: DeclareRule) -> bool:
    """Whether it is broken by what came, not by what did not: unknown labels change nothing then."""
    return rule.template == "absence" or rule.template.startswith("not_")


def breaches(
    rule: DeclareRule,
    events: Sequence[Seen],
    values: Mapping[str, Value],
    *,
    over: bool,
    counter: Counter | None,
    as_of_us: int,
) -> int:
    """How often a case breaks a rule. counter: of the rule's limit, if it has one."""
    if not events or not holds(rule.when, values):
        return 0
    judge = _Judge(rule, events, values, over, counter, as_of_us)
    return judge.alone() if rule.target is None else judge.pair()


class _Judge:
    def __init__(
        self,
        rule: DeclareRule,
        events: Sequence[Seen],
        values: Mapping[str, Value],
        over: bool,
        counter: Counter | None,
        as_of_us: int,
    ) -> None:
        self.rule, self.over, self.counter, self.as_of_us = rule, over, counter, as_of_us
        named = {rule.activity, rule.target}
        self.line = [each for each in events if each.in_flow or each.activity in named]
        a_counts, b_counts = holds(rule.activity_when, values), holds(rule.target_when, values)
        self.a = [i for i, each in enumerate(self.line) if each.activity == rule.activity and a_counts]
        self.b = [i for i, each in enumerate(self.line) if each.activity == rule.target and b_counts]

    def alone(self) -> int:
        """Templates of one activity."""
        rule, n = self.rule, len(self.a)
        if rule.limit is not None:
            begun = self.line[0].us
            n = sum(not self._past(begun, self.line[i].us) for i in self.a)
        due = self.over or (rule.limit is not None and self._past(self.line[0].us, self.as_of_us))
        if rule.template == "existence":
            return int(due and n < rule.times)
        if rule.template == "absence":
            return int(n >= rule.times)
        if rule.template == "exactly":
            return int(n > rule.times or (due and n < rule.times))
        if rule.template == "init":
            return int(0 not in self.a)
        return int(self.over and len(self.line) - 1 not in self.a)

    def pair(self) -> int:
        """Templates of two."""
        template = self.rule.template
        if template.startswith("not_"):
            return self._barred(template)
        if template in ("responded_existence", "co_existence"):
            found = sum(self._lonely(i, self.b) for i in self.a)
            return found + (sum(self._lonely(i, self.a) for i in self.b) if template[0] == "c" else 0)
        found = 0
        if not template.endswith("precedence"):
            found += sum(self._unanswered(n) for n in range(len(self.a)))
        if not template.endswith("response"):
            found += sum(self._unprepared(n) for n in range(len(self.b)))
        return found

    def _past(self, begin: int, end: int) -> bool:
        """Whether more than the limit lies between."""
        if self.rule.limit is None or self.counter is None:
            return False
        return self.counter.less_pauses(begin, end, (), self.rule.limit.value) > self.rule.limit.value

    def _due(self, since: int) -> bool:
        """Whether what is awaited since then should be there."""
        return self.over if self.rule.limit is None else self._past(since, self.as_of_us)

    def _near(self, i: int, j: int) -> bool:
        begin, end = sorted((self.line[i].us, self.line[j].us))
        return not self._past(begin, end)

    def _lonely(self, i: int, others: Sequence[int]) -> bool:
        return not any(self._near(i, j) for j in others) and (self.over or self._due(self.line[i].us))

    def _unanswered(self, n: int) -> bool:
        i = self.a[n]
        after = [j for j in self.b if j > i or (j < i and self.line[j].us == self.line[i].us)]
        if self.rule.template.startswith("chain"):
            after = [j for j in after if j == i + 1]
        if self.rule.template.startswith("alternate") and n + 1 < len(self.a):
            after = [j for j in after if j < self.a[n + 1]]
            if not any(self._near(i, j) for j in after):
                return True
        if any(self._near(i, j) for j in after):
            return False
        if self.rule.template.startswith("chain") and i + 1 < len(self.line):
            return True
        return self._due(self.line[i].us) or (self.over and self.rule.limit is None)

    def _unprepared(self, n: int) -> bool:
        j = self.b[n]
        before = [i for i in self.a if i < j or (i > j and self.line[i].us == self.line[j].us)]
        if self.rule.template.startswith("chain"):
            before = [i for i in before if i == j - 1]
        if self.rule.template.startswith("alternate") and n > 0:
            before = [i for i in before if i > self.b[n - 1]]
        return not any(self._near(i, j) for i in before)

    def _barred(self, template: str) -> int:
        if template == "not_co_existence":
            return sum(any(self._near(i, j) for j in self.b) for i in self.a)
        if template == "not_chain_succession":
            return sum(any(j == i + 1 and self._near(i, j) for j in self.b) for i in self.a)
        return sum(
            any(j > i and self.line[j].us > self.line[i].us and self._near(i, j) for j in self.b)
            for i in self.a
        )
