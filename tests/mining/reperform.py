"""A second pair of eyes: the obligations of the example model re-performed by hand from CSV text.

Slow and obvious on purpose: loops over rows, dates counted one by one, no code of `mining/`. Only the
contract (`reference_models`) and the public holidays (`chinese_calendar`) are shared with what is being
checked. What an alignment decides (which plan answers which order, the way a case should have gone) is done
for cases that follow the model so far; of the others it says nothing.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import chinese_calendar

from reference_models import ReferenceModel

CHINA = timezone(timedelta(hours=8))
ROUTE = ["take_order", "plan", "request_material", "build", "test", "accept"]
LANE = dict(zip(ROUTE, ["sales", "network", "works", "works", "network", "sales"], strict=True))


@dataclass(frozen=True)
class Row:
    """A row of the export that could be read."""

    row_no: int
    case: str
    label: str
    at: datetime
    began: datetime | None
    unit: str
    fields: dict[str, str]
    activity: str | None


@dataclass
class Judged:
    """verdict and what goes with it of one obligation."""

    verdict: str
    reason: str | None = None
    measure: float | None = None
    due: datetime | None = None
    rows: list[int] = field(default_factory=list)


def fold(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


class Reperformance:
    """All obligations of a log by (family.kind or rule id, case, anchor)."""

    def __init__(self, text: str, model: ReferenceModel, as_of: datetime) -> None:
        self.model, self.as_of = model, as_of
        names = {
            fold(name): activity.id
            for activity in model.activities.values()
            for name in (activity.id, activity.name.zh, activity.name.en, *activity.aliases)
        }
        self.rows: list[Row] = []
        self.rejected: set[str] = set()
        every: list[Row] = []
        for number, line in enumerate(csv.DictReader(io.StringIO(text)), start=1):
            try:
                at = datetime.strptime(line["time"], "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)
            except ValueError:
                self.rejected.add(line["case"])
                continue
            began = line.get("start") or ""
            row = Row(
                row_no=number,
                case=line["case"],
                label=line["activity"],
                at=at,
                began=datetime.strptime(began, "%Y-%m-%d %H:%M").replace(tzinfo=CHINA) if began else None,
                unit=line.get("role") or "",
                fields=line,
                activity=names.get(fold(line["activity"])),
            )
            every.append(row)
        self.has_start = "start" in text.splitlines()[0].split(",")
        self.seen = {row.activity for row in every}
        self.all_rows = every
        self.rows = [row for row in every if row.at <= as_of]
        self.cases: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: (row.at, row.row_no)):
            self.cases.setdefault(row.case, []).append(row)
        self.found: dict[tuple[str, str, str], Judged] = {}
        for case, rows in self.cases.items():
            self._deadline(case, rows)
            self._told(case, rows)
            self._stalled(case, rows)
            self._ping_pong(case, rows)
            self._handoff(case, rows)
            self._misrouted(case, rows)
            self._unreturned(case, rows)
        self._duplicates()

    # ---- facts of a case

    def closed(self, rows: list[Row]) -> bool:
        return any(row.activity in self.model.ends for row in rows)

    def absence(self, case: str) -> tuple[str, str | None]:
        """The verdict where something is missing."""
        if case in self.rejected:
            return "not_determinable", "excluded_rows"
        if any(row.activity is None for row in self.cases[case]):
            return "not_determinable", "unknown_activity"
        return "violated", None

    def attribute(self, case: str, name: str) -> str:
        values = [row.fields.get(name, "").strip() for row in self.all_rows if row.case == case]
        return next((value for value in values if value), "")

    def pauses(self, rows: list[Row]) -> list[tuple[datetime, datetime]]:
        """Union of [wait, next go_on); an open one runs to as-of."""
        spans: list[tuple[datetime, datetime]] = []
        for number, row in enumerate(rows):
            if row.activity != "wait":
                continue
            ends = [later.at for later in rows[number:] if later.activity == "go_on"]
            spans.append((row.at, ends[0] if ends else self.as_of))
        merged: list[tuple[datetime, datetime]] = []
        for begin, end in sorted(spans):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    # ---- time

    def days_until(self, begin: date, end: date) -> int:
        """Working days after `begin` up to and with `end`."""
        days = (begin + timedelta(days=n) for n in range(1, (end - begin).days + 1))
        return sum(chinese_calendar.is_workday(day) for day in days)

    def nth_day(self, begin: date, n: int) -> datetime:
        """The end of the n-th working day after `begin`."""
        day = begin
        while n:
            day += timedelta(days=1)
            n -= chinese_calendar.is_workday(day)
        return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1)

    def day_count(self, begin: datetime, end: datetime) -> int:
        """Days used by a clock that ends on `end`; a day off belongs to the working day after it."""
        off = not chinese_calendar.is_workday(end.date())
        return self.days_until(begin.date(), end.date()) + off

    def hours_until(self, begin: datetime, end: datetime) -> float:
        """Hours of working days, minute by minute would be the same: here day by day."""
        total, day = 0.0, begin.date()
        while day <= end.date():
            midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
            if chinese_calendar.is_workday(day):
                low, high = max(begin, midnight), min(end, midnight + timedelta(days=1))
                total += max((high - low).total_seconds(), 0) / 3600
            day += timedelta(days=1)
        return total

    # ---- obligations

    def _deadline(self, case: str, rows: list[Row]) -> None:
        starts = [row for row in rows if row.activity == "take_order"]
        closed = self.closed(rows)
        if not starts and not closed:
            return
        stops = [row for row in rows if row.activity == "accept" and starts and row.at >= starts[0].at]
        kind = "late" if stops or closed else "overdue_and_open"
        grade = {fold("A"): "A", fold("特殊应急"): "A", fold("C"): "C", fold("普通"): "C"}
        category = grade.get(fold(self.attribute(case, "grade")))
        lines_text = self.attribute(case, "lines").replace(",", "")
        lines = float(lines_text) if re.fullmatch(r"\d+(\.\d+)?", lines_text) else None
        row = None if lines is None else "few" if lines <= 10 else "many" if lines >= 11 else None
        placed = row is not None and category is not None
        rule = f"deadline.{kind}:delivery/" + (f"{row}/{category}" if placed else "-/-")
        key = (rule, case, "take_order#1")
        if not starts:
            self.found[key] = Judged("not_determinable", "no_start_event")
            return
        evidence = [starts[0].row_no, *([stops[-1].row_no] if stops else [])]
        warned = (rule.replace(f".{kind}:", ".at_risk:"), case, "take_order#1")
        if closed and not stops:
            why = "excluded_rows" if case in self.rejected else "ended_without_stop"
            self.found[key] = Judged("not_determinable", why, rows=evidence)
            return
        if not placed:
            blank = not self.attribute(case, "grade") or not self.attribute(case, "lines")
            why = "missing_attribute" if blank else "no_such_category" if category is None else "no_row"
            self.found[key] = Judged("not_determinable", why, rows=evidence)
            return
        limit = {"few": {"A": 3, "C": 10}, "many": {"A": 20, "C": 20}}[row][category]
        doubtful = 5 if (row, category) == ("many", "A") else None
        begin = starts[0].at
        end = stops[-1].at if stops else self.as_of
        moved, standing = 0, end
        for low, high in self.pauses(rows):
            low, high = max(low, begin), min(high, end)
            if low >= high or low >= self.nth_day(begin.date(), limit + moved):
                continue
            if high == end:  # the clock stands still at the end: it shows what it showed when the pause began
                standing = low
            else:
                moved += self.days_until(low.date(), high.date())
        due = self.nth_day(begin.date(), limit + moved)
        if standing is end:
            used = self.day_count(begin, end) - moved
        else:
            used = self.days_until(begin.date(), standing.date()) - moved
            due = None  # it moves on while the pause lasts
        late = used > limit
        if late and stops:
            judged = Judged("violated", None, used, due, evidence)
        elif late:
            judged = Judged(*self.absence(case), used, due, evidence)
        elif doubtful is not None and used > doubtful:
            judged = Judged("not_determinable", "doubtful_limit", used, due, evidence)
        elif not stops and used > 0.6 * limit:
            key, judged = warned, Judged("pending", "at_risk", used, due, evidence)
        elif not stops:
            judged = Judged("pending", "in_time", used, due, evidence)
        else:
            judged = Judged("conformant", None, used, due, evidence)
        self.found[key] = judged

    def _told(self, case: str, rows: list[Row]) -> None:
        if "told" not in self.seen:
            return
        tests = [row for row in rows if row.activity == "test"]
        for number, test in enumerate(tests, start=1):
            notices = [row for row in rows if row.activity == "told" and row.at >= test.at]
            due = self.nth_day(test.at.date(), 1)
            key = ("rule.told:told_after_test", case, f"test#{number}")
            reached = notices[0].at if notices else self.as_of
            evidence = [test.row_no, *([notices[0].row_no] if notices else [])]
            measure = self.day_count(test.at, reached)
            if reached < due:
                judged = Judged("conformant") if notices else Judged("pending", "in_time")
            else:
                judged = Judged("violated") if notices else Judged(*self.absence(case))
            judged.measure, judged.due, judged.rows = measure, due, evidence
            self.found[key] = judged

    def _stalled(self, case: str, rows: list[Row]) -> None:
        if self.closed(rows):
            self.found["lost.stalled:any", case, ""] = Judged("conformant")
            return
        last = rows[-1]
        same = [row for row in rows if row.label == last.label]
        key = ("lost.stalled:any", case, f"{last.activity or last.label}#{len(same)}")
        due = self.nth_day(last.at.date(), 5)
        judged = Judged("pending", "in_time") if self.as_of < due else Judged(*self.absence(case))
        judged.measure, judged.due, judged.rows = self.day_count(last.at, self.as_of), due, [last.row_no]
        self.found[key] = judged

    def _duplicates(self) -> None:
        counters: dict[str, int] = {}
        known: dict[tuple[str, float], tuple[Row, str]] = {}
        for row in sorted(self.rows, key=lambda row: (row.at, row.row_no)):
            if row.activity != "request_material":
                continue
            counters[row.case] = counters.get(row.case, 0) + 1
            anchor = f"request_material#{counters[row.case]}"
            item = row.fields["item"].strip() or self.attribute(row.case, "item")
            amount = row.fields["amount"].strip() or self.attribute(row.case, "amount")
            amount = re.sub(r"[\s,￥¥]", "", amount)
            if not item or not re.fullmatch(r"\d+(\.\d+)?", amount):
                key = ("duplicate.exact:material", row.case, anchor)
                self.found[key] = Judged("not_determinable", "identity_incomplete", rows=[row.row_no])
                self.found["duplicate.near:material", row.case, anchor] = self.found[key]
                continue
            # No two of these items or amounts are near each other.
            self.found["duplicate.near:material", row.case, anchor] = Judged("conformant")
            before = known.get((item, float(amount)))
            known[item, float(amount)] = (row, anchor)
            if before is None or row.at - before[0].at > timedelta(days=30):
                self.found["duplicate.exact:material", row.case, anchor] = Judged("conformant")
                continue
            first, first_anchor = before
            of_first = self.cases[first.case]
            goods = [r for r in of_first if r.activity == "goods" and first.at <= r.at < row.at]
            funds = [r for r in of_first if r.activity == "funds" and r.at < row.at]
            resent = not goods and "goods" in self.seen
            late_money = resent and not funds and "funds" in self.seen
            rule = f"duplicate.{'resent' if resent else 'exact'}:material"
            days = (row.at - first.at).total_seconds() / 86400
            self.found[rule, row.case, f"{anchor}~{first.case}/{first_anchor}"] = Judged(
                "violated",
                "money_not_arrived" if late_money else None,
                days,
                rows=[first.row_no, row.row_no],
            )

    # ---- what follows the model so far

    def follows(self, rows: list[Row]) -> list[Row] | None:
        """The events in the flow, if the case took the model's way so far and to the end, if closed."""
        flow = [row for row in rows if row.activity is None or row.activity in LANE]
        steps = [row.activity for row in flow]
        if not steps or steps[0] != "take_order":
            return None
        allowed = set(pairwise(ROUTE)) | {("test", "build")}
        if any(pair not in allowed for pair in pairwise(steps)):
            return None
        return flow

    def _handoff(self, case: str, rows: list[Row]) -> None:
        flow = self.follows(rows)
        if flow is None:
            return
        key = ("handoff.late:take_order->plan", case, "take_order#1")
        sent = flow[0]
        plan = flow[1] if len(flow) > 1 else None
        marks = [
            row
            for row in rows
            if row.activity == "received" and row.at >= sent.at and (plan is None or row.at <= plan.at)
        ]
        recorded = self.has_start or "received" in self.seen
        taken = marks[0].at if marks else None
        if taken is None and plan is not None and plan.began is not None:
            taken = max(plan.began, sent.at)
        end = taken or (plan.at if plan else self.as_of)
        paused, run_out = 0.0, False
        for low, high in self.pauses(rows):
            low, high = max(low, sent.at), min(high, end)
            if low < high and not run_out:
                run_out = self.hours_until(sent.at, low) - paused > 8
                paused += 0 if run_out else self.hours_until(low, high)
        used = self.hours_until(sent.at, end) - paused
        if used <= 8:
            waiting = taken is None and plan is None
            judged = Judged("pending", "in_time") if waiting else Judged("conformant")
        elif taken is not None:
            judged = Judged("violated")
        elif not recorded:
            judged = Judged("not_determinable", "acceptance_not_recorded")
        else:
            judged = Judged(*self.absence(case))
        judged.measure = used
        judged.rows = [sent.row_no, *([marks[0].row_no] if marks else []), *([plan.row_no] if plan else [])]
        self.found[key] = judged

    def units(self) -> dict[str, str]:
        """Folded unit or role name → role."""
        return {
            fold(u): r.id for r in self.model.roles.values() for u in (r.id, r.name.zh, r.name.en, *r.units)
        }

    def _misrouted(self, case: str, rows: list[Row]) -> None:
        flow = self.follows(rows) or []
        units, times = self.units(), dict.fromkeys(LANE, 0)
        for number, sent in enumerate(flow):
            times[sent.activity] += 1
            done = flow[number + 1] if number + 1 < len(flow) else None
            for handoff in self.model.handoffs:
                if handoff.sender != sent.activity or (done and done.activity != handoff.receiver):
                    continue
                if done is None:
                    judged = Judged("pending", "still_open")
                elif not done.unit:
                    judged = Judged("not_determinable", "no_unit")
                elif fold(done.unit) not in units:
                    judged = Judged("not_determinable", "unknown_unit")
                else:
                    right = units[fold(done.unit)] == LANE[done.activity]
                    judged = Judged("conformant" if right else "violated")
                judged.rows = [sent.row_no, *([done.row_no] if done else [])]
                anchor = f"{sent.activity}#{times[sent.activity]}"
                self.found[f"handoff.misrouted:{handoff.id}", case, anchor] = judged

    def _unreturned(self, case: str, rows: list[Row]) -> None:
        if self.follows(rows) is None:
            return
        waiting: list[tuple[int, Row]] = []
        sent = 0
        for row in sorted(rows, key=lambda row: (row.at, row.activity == "goods", row.row_no)):
            if row.activity == "request_material":
                sent += 1
                waiting.append((sent, row))
            elif row.activity == "goods" and waiting:
                waiting.pop(0)
        for number, row in waiting:
            judged = Judged(*self.absence(case)) if self.closed(rows) else Judged("pending", "still_open")
            judged.rows = [row.row_no]
            rule = "handoff.unreturned:request_material->goods"
            self.found[rule, case, f"request_material#{number}"] = judged

    def _ping_pong(self, case: str, rows: list[Row]) -> None:
        flow = self.follows(rows)
        if flow is None:
            return
        unit = self.units()
        acted = [unit.get(fold(row.unit), LANE[row.activity]) for row in flow]
        returns, allowed = bounces(acted), bounces([LANE[row.activity] for row in flow])
        key = ("handoff.ping_pong:role", case, "role")
        verdict = "violated" if returns > allowed else "conformant"
        stays = [n for n in range(len(acted)) if n == 0 or acted[n - 1] != acted[n]]
        back = [n for n in range(2, len(stays)) if acted[stays[n]] == acted[stays[n - 2]]]
        evidence = {flow[stays[n - side]].row_no for n in back for side in (0, 1)}
        self.found[key] = Judged(verdict, measure=returns, rows=sorted(evidence))


def bounces(parties: list[str]) -> int:
    """How often it goes from A to B and straight back to A."""
    stays = [party for number, party in enumerate(parties) if number == 0 or parties[number - 1] != party]
    return sum(stays[n] == stays[n + 2] for n in range(len(stays) - 2))
