"""A rich audit built by hand: every family, every verdict, both scripts, hostile values, persons."""

from __future__ import annotations

import hashlib
import json
import math
import random
from dataclasses import replace

import pandas as pd
from sample_model import ASSUMED, FACTORS, HANDOFFS, INFERRED, SOURCED, TASKS, model

from logs.event_log import Provenance, RowCount, SourceFile, Window
from mining.audit_result import Audit
from mining.findings import (
    CaseFile,
    ClockInterval,
    Cluster,
    Conclusion,
    CouldNotCheck,
    Counts,
    Discovery,
    Edge,
    Family,
    FieldMatch,
    Finding,
    Handover,
    Move,
    Node,
    Occurrence,
    Outcome,
    Population,
    Raised,
    Rate,
    Rule,
    Severity,
    SourceRow,
    UnknownLabel,
    VariantSummary,
    Verdict,
)
from reports.audit_json import to_json
from reports.canonical import JsonObject
from reports.pseudonyms import Pseudonyms

DAY = 86_400_000_000
HOUR = DAY // 24
T0 = 1_709_251_200_000_000  # 2024-03-01 08:00 in Shanghai
AS_OF = T0 + 60 * DAY

HOSTILE = (
    "<script>alert(1)</script>",
    '"onload="alert(1)',
    "</script><img src=x onerror=alert(1)>",
    "\u202eevil\u202c",
    "tab\tand\x07bell",
    '=HYPERLINK("http://evil.example","x")',
    "{{ 7*7 }}",
)
PERSONS = ("张三丰", "李四光", "王小明", "O'Neil, <Mary>", "王强")
FILE = "开通工单_2024.csv"
V, P, N = Verdict.VIOLATED, Verdict.PENDING, Verdict.NOT_DETERMINABLE


def fingerprint(*parts: object) -> str:
    """Sixteen hexadecimal digits."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]


def case_name(number: int) -> str:
    """Case ids as an order system gives them; a few are hostile."""
    return HOSTILE[number - 1] if number <= 3 else f"DL202403-{number:06d}"


TRACES = (
    (
        "accept",
        "book",
        "confirm",
        "dispatch",
        "station_a",
        "station_b",
        "configure",
        "test",
        "acceptance",
        "bill",
        "file",
    ),
    ("accept", "book", "confirm", "dispatch", "station_a", "configure", "test", "acceptance", "bill", "file"),
    (
        "accept",
        "book",
        "confirm",
        "build",
        "dispatch",
        "station_b",
        "station_a",
        "configure",
        "test",
        "dispatch",
        "station_a",
        "station_b",
        "configure",
        "test",
        "acceptance",
        "bill",
        "file",
    ),
    (
        "accept",
        "confirm",
        "book",
        "dispatch",
        "station_a",
        "station_b",
        "configure",
        "acceptance",
        "bill",
        "file",
    ),
    ("accept", "book", "confirm", "dispatch", "dispatch", "station_a", HOSTILE[0]),
    (
        "accept",
        "book",
        "confirm",
        "催单",
        "confirm",
        "dispatch",
        "station_a",
        "station_b",
        "configure",
        "test",
    ),
)


def _moves(trace: tuple[str, ...]) -> tuple[Move, ...]:
    """Moves as an aligner would give them for the traces above (by hand, not optimal by proof)."""
    moves: list[Move] = []
    for at, activity in enumerate(trace):
        known = activity in TASKS
        again = at > 0 and activity in trace[:at] and "build" not in trace
        if activity == "test" and "station_b" not in trace:
            moves.append(Move("model", "station_b", None))
        if activity == "acceptance" and "test" not in trace:
            moves.append(Move("model", "test", None, ambiguous=True))
        moves.append(Move("sync" if known and not again else "log", activity, at))
    return tuple(moves)


VARIANTS = tuple(
    VariantSummary(
        at + 1,
        trace,
        tuple(step not in TASKS for step in trace),
        cases,
        open_cases,
        mode,
        sum(move.kind != "sync" for move in _moves(trace)),
        True,
        _moves(trace),
        case_name(at + 1),
    )
    for at, (trace, cases, open_cases, mode) in enumerate(
        zip(
            TRACES,
            (612, 201, 88, 40, 31, 17),
            (0, 0, 0, 0, 31, 17),
            ("complete", "complete", "complete", "suffix", "prefix", "prefix"),
            strict=True,
        )
    )
)


def _case_file(number: int) -> CaseFile:
    variant = VARIANTS[(number - 1) % len(VARIANTS)]
    name = case_name(number)
    rows: list[SourceRow] = []
    for at, step in enumerate(variant.trace):
        known = step in TASKS
        label = TASKS[step][0] if known else step
        rows.append(
            SourceRow(
                number * 100 + at,
                FILE,
                number * 40 + at + 2,
                name,
                label,
                step if known else None,
                T0 + number * HOUR + at * 7 * HOUR,
                PERSONS[(number + at) % len(PERSONS)],
                ("昆明大客户部", "运维部/传输班", "调度中心")[at % 3],
                "complete",
            )
        )
        if step == "dispatch":
            rows.append(
                SourceRow(
                    number * 100 + 60 + at,
                    FILE,
                    number * 40 + 20 + at,
                    name,
                    "等待客户",
                    "wait",
                    rows[-1].t_us + HOUR,
                    PERSONS[0],
                    None,
                    None,
                )
            )
    attributes = (
        ("service", "ddn"),
        ("service_class", "A"),
        ("lines", "4"),
        ("manager", PERSONS[number % 5]),
        ("备注", HOSTILE[number % len(HOSTILE)]),
    )
    status = "open" if variant.mode == "prefix" else "closed"
    return CaseFile(name, variant.id, status, attributes, tuple(rows), variant.moves, 3 if number == 6 else 0)


CASE_FILES = {case_name(number): _case_file(number) for number in range(1, 13)}

LEDGER = (
    ClockInterval("running", T0, T0 + 2 * DAY, 2.0),
    ClockInterval("off", T0 + 2 * DAY, T0 + 4 * DAY, 0.0),
    ClockInterval("paused", T0 + 4 * DAY, T0 + 5 * DAY, 0.0),
    ClockInterval("running", T0 + 5 * DAY, T0 + 9 * DAY, 4.0),
)


def _rule(
    family: Family, kind: str, subject: str, severity: Severity = Severity.MEDIUM, **more: object
) -> Rule:
    return Rule(f"{family}.{kind}:{subject}", family, kind, more.pop("authority", INFERRED), severity, **more)  # type: ignore[arg-type]  # tests name the fields


def _plans() -> tuple[tuple[Rule, dict[str, int], str | None, Severity], ...]:
    """(rule, occurrences per verdict, reason of the undecided, severity of the finding)."""
    high, medium, low, info = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
    handoff, duplicate, lost, deadline, rule, deviation = Family
    return (
        (
            _rule(
                deadline,
                "late",
                "provisioning/ddn_10/A",
                high,
                activities=("accept", "acceptance"),
                deadline="provisioning",
                row="ddn_10",
                category="A",
                limit=3.0,
                unit="working_days",
                authority=SOURCED,
            ),
            {"ok": 211, "v": 37, "p": 4, "n": 9},
            "missing_attribute",
            high,
        ),
        (
            _rule(
                deadline,
                "overdue_and_open",
                "provisioning/ddn_10/A",
                high,
                activities=("accept", "acceptance"),
                deadline="provisioning",
                row="ddn_10",
                category="A",
                limit=3.0,
                unit="working_days",
                authority=SOURCED,
            ),
            {"ok": 0, "v": 6, "p": 0, "n": 0},
            None,
            high,
        ),
        (
            _rule(
                handoff,
                "dropped",
                "dispatch->station_b",
                activities=("dispatch", "station_b"),
                roles=("dispatch", "station"),
            ),
            {"ok": 780, "v": 201, "p": 12, "n": 5},
            "still_open",
            high,
        ),
        (
            _rule(
                handoff,
                "late",
                "confirm->dispatch",
                activities=("confirm", "dispatch"),
                roles=("oam", "dispatch"),
                limit=8.0,
                unit="hours",
                authority=ASSUMED,
            ),
            {"ok": 700, "v": 44, "p": 3, "n": 0},
            "in_time",
            low,
        ),
        (
            _rule(handoff, "late", "book->confirm", activities=("book", "confirm"), roles=("account", "oam")),
            {"ok": 0, "v": 0, "p": 0, "n": 989},
            "no_limit",
            info,
        ),
        (
            _rule(handoff, "ping_pong", "role", medium, limit=0.0, unit="returns"),
            {"ok": 950, "v": 17, "p": 0, "n": 0},
            None,
            medium,
        ),
        (
            _rule(
                duplicate,
                "exact",
                "purchase",
                high,
                activities=("order_kit",),
                limit=30.0,
                unit="days",
                fields=("supplier", "item"),
            ),
            {"ok": 300, "v": 5, "p": 0, "n": 2},
            "identity_incomplete",
            high,
        ),
        (
            _rule(
                duplicate,
                "resent",
                "purchase",
                high,
                activities=("order_kit", "funds"),
                limit=30.0,
                unit="days",
                fields=("supplier", "item"),
            ),
            {"ok": 300, "v": 3, "p": 1, "n": 0},
            "still_open",
            high,
        ),
        (
            _rule(
                lost,
                "stalled",
                "dispatch",
                medium,
                activities=("dispatch",),
                limit=72.0,
                unit="hours",
                authority=ASSUMED,
            ),
            {"ok": 20, "v": 11, "p": 8, "n": 1},
            "in_time",
            low,
        ),
        (
            _rule(rule, "told", "told", medium, activities=("test", "told"), limit=1.0, unit="working_days"),
            {"ok": 610, "v": 95, "p": 6, "n": 40},
            "excluded_rows",
            medium,
        ),
        (
            _rule(deviation, "skipped", "test", low, activities=("test",), authority=ASSUMED),
            {"ok": 900, "v": 40, "p": 0, "n": 2},
            "before_window",
            low,
        ),
        (
            _rule(deviation, "swapped", "book,confirm", low, activities=("book", "confirm")),
            {"ok": 0, "v": 40, "p": 0, "n": 0},
            None,
            low,
        ),
        (
            _rule(deviation, "repeated", "dispatch", low, activities=("dispatch",)),
            {"ok": 0, "v": 31, "p": 0, "n": 0},
            None,
            low,
        ),
        (
            _rule(deviation, "unknown", HOSTILE[0], low, label=HOSTILE[0]),
            {"ok": 0, "v": 31, "p": 0, "n": 0},
            None,
            low,
        ),
        (
            _rule(deviation, "unknown", "催单", low, label="催单"),
            {"ok": 0, "v": 17, "p": 0, "n": 0},
            None,
            low,
        ),
        (
            _rule(deviation, "inserted", "confirm", low, activities=("confirm",)),
            {"ok": 0, "v": 0, "p": 0, "n": 17},
            "a_code_of_tomorrow",
            info,
        ),
        (
            _rule(rule, "kind_of_tomorrow", "x", low, activities=("bill", "file")),
            {"ok": 5, "v": 1, "p": 0, "n": 0},
            None,
            low,
        ),
    )


def _occurrence(
    rule: Rule, number: int, verdict: Verdict, reason: str | None, chance: random.Random
) -> Occurrence:
    case = case_name(number)
    start = T0 + number * HOUR + chance.randrange(0, 30 * 1440) * 60_000_000
    timed = rule.unit in ("working_days", "days", "hours") and rule.family in (
        Family.DEADLINE,
        Family.HANDOFF,
        Family.RULE,
        Family.LOST,
    )
    measure = (
        round(rule.limit + chance.expovariate(0.4), 2) if timed and rule.limit and verdict is V else None
    )
    if rule.kind == "ping_pong":
        measure = float(chance.randrange(1, 5))
    step = HOUR if rule.unit == "hours" else DAY
    due = start + int(rule.limit * step) if timed and rule.limit else None
    end = start + int(measure * step) if measure and timed and rule.kind == "late" else None
    amount = round(chance.uniform(5e3, 4e5), 2) if rule.family is Family.DUPLICATE else None
    return Occurrence(
        fingerprint(rule.family, rule.id, case, number),
        rule.id,
        case,
        verdict,
        reason,
        measure,
        rule.limit if timed else None,
        start if timed else None,
        due,
        end,
        f"{rule.activities[-1] if rule.activities else rule.label}#1",
        (number * 100 + 2, number * 100 + 3),
        verdict is V and rule.family is Family.DEVIATION and number % 9 == 0,
        case_name(number + 1) if rule.family is Family.DUPLICATE else None,
        amount,
        matched=MATCHED if rule.family is Family.DUPLICATE else (),
    )


MATCHED = (
    FieldMatch("supplier", "spelling", "ＡＣＭＥ", "acme", 1.0, 0.8),
    FieldMatch("item", "similar", "光缆 <b>GYTA</b>", "光缆 GYTS", 0.875, 0.8),
    FieldMatch("amount", "within", "100", "101.5", 1.5, 2.03),
    FieldMatch("", "date", None, None, 4.0, 30.0),
)
"""Why a pair of orders matched, in every way that there is."""
CLUSTER = Cluster(3, (case_name(1), case_name(2)), 3, T0, T0 + 4 * DAY, 301.5, 201.5)


def _look_alike(rule: Rule) -> Occurrence:
    chance = random.Random(7)
    return _occurrence(rule, 900, Verdict.CONFORMANT, "reissued", chance)


def _occurrences(rule: Rule, plan: dict[str, int], reason: str | None, seed: int) -> list[Occurrence]:
    chance = random.Random(seed)
    out: list[Occurrence] = []
    number = 1
    for key, verdict in (("v", V), ("p", P), ("n", N)):
        for _ in range(plan[key]):
            out.append(_occurrence(rule, number, verdict, None if verdict is V else reason, chance))
            number += 1
    return out


def _finding(
    rule: Rule, plan: dict[str, int], severity: Severity, occurrences: list[Occurrence], reason: str | None
) -> Finding:
    violated = [each for each in occurrences if each.verdict is V]
    violated.sort(key=lambda each: (-(each.measure or 0), -(each.amount or 0), each.case_id, each.anchor))
    reachable = [each for each in violated if each.case_id in CASE_FILES][:6] or violated[:3]
    worst = tuple(
        replace(each, ledger=LEDGER if rule.family is Family.DEADLINE else ()) for each in reachable
    )
    undecided = plan["p"] + plan["n"]
    return Finding(
        rule,
        Counts(plan["ok"], plan["v"], plan["p"], plan["n"]),
        severity,
        plan["v"],
        ((reason, undecided),) if reason and undecided else (),
        sum(each.ambiguous for each in violated),
        sum(each.amount or 0 for each in violated) if rule.family is Family.DUPLICATE else None,
        worst,
        min(plan["v"], 4),
        tuple(
            Raised(each, severity, plan["v"] // 3 + at)
            for at, each in enumerate(FACTORS)
            if severity > rule.severity and each.speaks_of(rule.id)
        ),
        explained=(("reissued", 1),) if rule.kind == "exact" else (),
        look_alikes=(_look_alike(rule),) if rule.kind == "exact" else (),
        clusters=(CLUSTER,) if rule.family is Family.DUPLICATE else (),
        clusters_total=2 if rule.family is Family.DUPLICATE else 0,
    )


def _place(row_no: int) -> tuple[int, int]:
    """Where a row stands in the input: the first file as in the case files, a few in the second."""
    case, at = divmod(row_no, 100)
    return (1, case + at) if case % 10 == 7 and case > 12 else (0, case * 40 + at + 2)


def frame(occurrences: list[Occurrence]) -> pd.DataFrame:
    """The occurrence table with the kinds of nulls that an engine gives."""
    rows = [{key: value for key, value in vars(each).items() if key != "ledger"} for each in occurrences]
    table = pd.DataFrame(rows).sort_values(["rule_id", "case_id", "anchor", "fingerprint"], ignore_index=True)
    table["verdict"] = [str(value) for value in table["verdict"]]
    table["rows"] = [list(each) for each in table["rows"]]
    table["matched"] = [[vars(entry) for entry in each] or None for each in table["matched"]]
    table["source_files"] = [[_place(row)[0] for row in rows] for rows in table["rows"]]
    table["source_rows"] = [[_place(row)[1] for row in rows] for rows in table["rows"]]
    for column in ("start_us", "due_us", "end_us"):
        table[column] = pd.array([None if pd.isna(v) else int(v) for v in table[column]], dtype="Int64")
    return table


def _provenance() -> Provenance:
    return Provenance(
        files=(
            SourceFile(
                FILE, "0f" * 32, 4_812_000, "csv", "gb18030", "valid GB18030, not UTF-8", ",", "", 11_302
            ),
            SourceFile("second <b>file</b>.xlsx", "1e" * 32, 99_000, "xlsx", "", "", "", "Sheet1", 700),
        ),
        mapping_text="case: 工单号\nactivity: 环节\ntime: 完成时间\nfilters:\n- 处理人 != 王强\n",
        mapping_sha256="2d" * 32,
        mapping_origin="proposed",
        mapping_reasons=(
            "工单号: unique per order, repeated over rows",
            "环节: 14 labels, 12 known to the model",
        ),
        zone="Asia/Shanghai",
        window=Window(T0, None, "all orders accepted in March 2024"),
        layout="long",
        filters=("branch = 昆明", "处理人 != 王强"),
        rows_read=12_002,
        rows_used=11_880,
        excluded=(
            RowCount("rejected", "bad_time", 61),
            RowCount("rejected", "no_case", 9),
            RowCount("filtered", "branch = 昆明", 40),
            RowCount("merged", "same_event_id", 12),
        ),
        cells_rejected=0,
        reject_limit=0.01,
        fields=frozenset({"case_id", "activity", "t_us", "resource", "role", "lifecycle"}),
        attributes=("service", "service_class", "lines", "manager", "备注"),
        headings=(("case_id", "工单号"), ("activity", "环节"), ("t_us", "完成时间"), ("resource", "处理人")),
    )


def _discovery() -> Discovery:
    nodes = [Node(id, True, 980 - 31 * at, 960 - 31 * at) for at, id in enumerate(TASKS)]
    nodes += [Node("wait", True, 120, 110), Node(HOSTILE[0], False, 31, 31), Node("催单", False, 40, 17)]
    pairs: dict[tuple[str, str], int] = {}
    for variant in VARIANTS:
        for a, b in zip(("", *variant.trace), (*variant.trace, ""), strict=True):
            pairs[a, b] = pairs.get((a, b), 0) + variant.cases
    edges = tuple(
        Edge(a, b, count, count, None if "" in (a, b) else int(HOUR * (1 + math.sqrt(count))), None)
        for (a, b), count in sorted(pairs.items())
    )
    handovers = tuple(Handover(TASKS[a][2], TASKS[b][2], 500 + len(a)) for a, b, _ in HANDOFFS)
    return Discovery(
        10_880, 989, 214, tuple(nodes), edges, handovers, "->( 'accept', X( 'book', tau ) )", 0.2, 0.93
    )


def _rates() -> tuple[Rate, ...]:
    def rate(
        row: str, category: str, limit: float | None, counts: Counts, low: float | None, high: float | None
    ) -> Rate:
        planned = 9.0 if category == "A" else None
        return Rate(
            "provisioning",
            row,
            category,
            limit,
            "working_days",
            0.98,
            counts,
            low,
            high,
            SOURCED,
            planned,
            11.5 if planned else None,
        )

    return (
        rate("ddn_10", "C", 10.0, Counts(402, 3, 2, 0), 0.978, 0.997),
        rate("ddn_10", "B", 5.0, Counts(188, 9, 1, 1), 0.915, 0.976),
        rate("ddn_10", "A", 3.0, Counts(211, 43, 4, 9), 0.779, 0.873),
        rate("ddn_20", "A", 4.0, Counts(3, 1, 0, 0), 0.30, 0.954),
        rate("phone", "C", 10.0, Counts(0, 0, 5, 0), None, None),
        rate("phone", "A", None, Counts(0, 0, 0, 64), None, None),
    )


def sample() -> Audit:
    """The audit with some thousand obligations, 1,700 of them not conformant."""
    findings: list[Finding] = []
    every: list[Occurrence] = []
    for seed, (rule, plan, reason, severity) in enumerate(_plans()):
        occurrences = _occurrences(rule, plan, reason, seed)
        every += occurrences
        findings.append(_finding(rule, plan, severity, occurrences, reason))
        every += findings[-1].look_alikes
    findings.sort(key=lambda each: (-each.severity, -each.counts.violated, each.rule.id))
    evidence = {row.row_no: row for case in CASE_FILES.values() for row in case.timeline}
    return Audit(
        tool_version="0.1.0",
        as_of_us=AS_OF,
        as_of_basis="latest_event",
        model=model(),
        provenance=_provenance(),
        population=Population(
            11_880, 11_871, 9, 989, 941, 48, 40, 21, 48, 214, T0, AS_OF, 0.997, 612, 0.941, 0.873, 0.959
        ),
        conclusion=Conclusion(Outcome.VIOLATIONS, (), True),
        findings=tuple(findings),
        not_checked=(
            CouldNotCheck(Family.HANDOFF, "misrouted", "field_missing", ("role",)),
            CouldNotCheck(Family.LOST, "vanished", "not_in_model", (), True),
            CouldNotCheck(Family.DEVIATION, "early_end", "reason_of_tomorrow", ("x",)),
        ),
        rates=_rates(),
        discovery=_discovery(),
        variants=VARIANTS,
        variants_shown_cases=989,
        unknown_labels=(UnknownLabel(HOSTILE[0], 31, 31), UnknownLabel("催单", 40, 17, ("confirm", "told"))),
        occurrences=frame(every),
        case_files=CASE_FILES,
        evidence=evidence,
        excluded_examples=(
            (FILE, 17, "bad_time", "完成时间", "2024-02-30 08:00"),
            (FILE, 40, "no_case", "工单号", ""),
            (FILE, 55, "bad_time", "处理人", "王小明"),
            (FILE, 61, "bad_time", "", "DL1,受理,王小明,xx"),
            ("second <b>file</b>.xlsx", 9, "branch = 昆明", "分局", "曲靖"),
        ),
    )


def blown_up(audit: Audit, size: int) -> Audit:
    """The same audit with `size` occurrences: every rule keeps its share."""
    chance = random.Random(7)
    plans = [plan for plan in _plans() if plan[1]["v"] + plan[1]["p"] + plan[1]["n"]]
    every: list[Occurrence] = []
    for number in range(size):
        rule, plan, reason, _ = plans[number % len(plans)]
        verdict = V if plan["v"] and number % 5 else P if plan["p"] else N if plan["n"] else V
        every.append(_occurrence(rule, 10 + number // 3, verdict, None if verdict is V else reason, chance))
    unique = [replace(each, fingerprint=fingerprint(at)) for at, each in enumerate(every)]
    return replace(audit, occurrences=frame(unique))


def parsed(audit: Audit, people: Pseudonyms) -> JsonObject:
    """The audit's JSON, read again."""
    document: JsonObject = json.loads(to_json(audit, people))
    return document
