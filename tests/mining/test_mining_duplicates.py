"""Duplicate orders: tolerances to the last cent and day, look-alikes, clusters, and no pair left out."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

import ibis
import pandas as pd
import pytest
import workbench
from hypothesis import given, settings
from hypothesis import strategies as st
from workbench import audit_text, example_model, read_text, us

from mining.bound_log import bind
from mining.detection import Evidence
from mining.detectors.duplicate_near import DuplicateNear
from mining.detectors.duplicate_orders import DuplicateOrders
from mining.duplicates import candidates
from mining.duplicates.candidates import near_pairs
from mining.duplicates.normal import as_number, normalised
from mining.duplicates.orders import orders_of
from reference_models.duplicates import (
    DuplicateIdentity,
    NearDuplicate,
    Recurring,
    Replaced,
    Split,
    Tolerance,
)
from reference_models.model import Activity, AttributeSpec, Authority, ReferenceModel, Standing, Text

SURE = Authority(Standing.SOURCED, "example")
AS_OF = "2024-12-31T12:00+08:00"
HEAD = "case,activity,time,item,amount,ref,part,total"
BESIDE = {"cancel": "撤销", "change": "变更"}


def identity(**more: object) -> DuplicateIdentity:
    """Requests for material, near by item (0.8) and amount (two per cent)."""
    given = example_model().duplicates[0]
    return replace(given, **more)


def near(within_days: float = 30, **tolerances: dict[str, float]) -> NearDuplicate:
    return NearDuplicate(within_days, tuple(Tolerance(k, SURE, **v) for k, v in tolerances.items()), SURE)


def model_with(said: DuplicateIdentity) -> ReferenceModel:
    model = example_model()
    texts = {name: Text(name, name) for name in ("ref", "part", "total", *BESIDE)}
    kinds = {"ref": "text", "part": "text", "total": "number"}
    attributes = {name: AttributeSpec(name, texts[name], (), kind, {}, ()) for name, kind in kinds.items()}
    beside = {id: Activity(id, Text(name, id), (), None, False, SURE) for id, name in BESIDE.items()}
    return replace(
        model,
        duplicates=(said,),
        attributes={**model.attributes, **attributes},
        activities={**model.activities, **beside},
    )


@dataclass(frozen=True)
class Judged:
    """What both detectors found, without an audit around them."""

    table: pd.DataFrame
    clusters: dict[str, tuple[object, ...]]
    conformant: dict[str, int]

    def of(self, verdict: str) -> list[tuple[str, str, str]]:
        """(kind, earlier case, later case) of pairs, sorted."""
        chosen = self.table[(self.table["verdict"] == verdict) & self.table["related_case"].notna()]
        kinds = chosen["rule_id"].str.extract(r"\.(\w+):")[0]
        return sorted(zip(kinds, chosen["related_case"], chosen["case_id"], strict=True))

    def why(self, verdict: str = "conformant") -> dict[tuple[str, str], str]:
        """(earlier, later) → reason."""
        chosen = self.table[(self.table["verdict"] == verdict) & self.table["reason"].notna()]
        pairs = zip(chosen["related_case"], chosen["case_id"], chosen["reason"], strict=True)
        return {(first, second): why for first, second, why in pairs}


@pytest.fixture(autouse=True)
def _more_attributes(monkeypatch):
    monkeypatch.setattr(workbench, "ATTRIBUTES", ("grade", "lines", "item", "amount", "ref", "part", "total"))


def judge(said: DuplicateIdentity, *rows: str, as_of: str = AS_OF, **mapping: object) -> Judged:
    """Rows are 'case,activity,time,…' or, for an order, 'case,time,…'."""
    lines = [row if row.split(",")[1] in BESIDE.values() else _order(row) for row in rows]
    with read_text(_csv(lines), **mapping) as log:
        evidence = Evidence(bind(log, model_with(said), us(as_of)), None)  # type: ignore[arg-type]  # not aligned
        frames, clusters, alone = [], {}, {}
        for detector in (DuplicateOrders(), DuplicateNear()):
            detection = detector.detect(evidence)
            if detection.occurrences is not None:
                frames.append(detection.occurrences.to_pandas())
                clusters |= detection.clusters
                counted = detection.conformant.to_pandas()
                alone |= dict(zip(counted["rule_id"], counted["n"], strict=True))
        return Judged(pd.concat(frames, ignore_index=True), clusters, alone)


def _csv(lines: Iterable[str]) -> str:
    fields = HEAD.count(",")
    return "\n".join([HEAD, *(line + "," * (fields - line.count(",")) for line in lines)])


def _order(row: str) -> str:
    case, rest = row.split(",", 1)
    return ",".join([case, "采购要求", rest])


def test_amounts_within_the_tolerance_are_near_and_one_cent_more_is_not():
    said = identity(near=near(amount={"relative": 0.02, "absolute": 5}))
    found = judge(
        said,
        "a,2024-03-04 09:00,cable,100",
        "b,2024-03-05 09:00,cable,105",
        "c,2024-03-06 09:00,wire,100",
        "d,2024-03-07 09:00,wire,105.01",
        "e,2024-03-08 09:00,duct,9800",
        "f,2024-03-09 09:00,duct,10000",
        "g,2024-03-10 09:00,pole,9799.99",
        "h,2024-03-11 09:00,pole,10000",
        "i,2024-03-12 09:00,mast,0",
        "j,2024-03-13 09:00,mast,-5",
    )
    assert found.of("violated") == [("near", "a", "b"), ("near", "e", "f"), ("near", "i", "j")]
    assert found.conformant["duplicate.near:material"] == 7


def test_the_last_microsecond_of_the_window_counts():
    said = identity(near=near(2, amount={"absolute": 5}))
    found = judge(
        said,
        "a,2024-03-04 09:00:00,cable,100",
        "b,2024-03-06 09:00:00,cable,101",
        "c,2024-03-08 09:00:01,cable,102",
    )
    assert found.of("violated") == [("near", "a", "b")]


def test_texts_are_near_at_the_stated_similarity_and_not_below():
    said = identity(near=near(item={"similarity": 0.8}))
    found = judge(
        said,
        "a,2024-03-04 09:00,abcdefghij,100",
        "b,2024-03-05 09:00,abcdefghxy,100",  # 16 of 20 characters are common: 0.8
        "c,2024-03-06 09:00,klmnpqrst,7",
        "d,2024-03-07 09:00,klmnpqrxy,7",  # 14 of 18: 0.78
    )
    assert found.of("violated") == [("near", "a", "b")]
    (pair,) = found.table.loc[found.table["verdict"] == "violated", "matched"]
    told = [(m["field"], m["how"], m["first"], m["second"], m["measure"], m["limit"]) for m in pair]
    assert told[0][:4] == ("item", "similar", "abcdefghij", "abcdefghxy")
    assert told[0][4:] == pytest.approx((0.8, 0.8))
    assert told[1] == ("amount", "equal", "100", "100", None, None)
    assert told[2] == ("", "date", None, None, 1.0, 30.0)


SAME = [
    ("ＧＹＴＡ－０１２", "gyta-012"),
    ("GYTA O12", "GYTA-012"),
    ("PO-0012/3", "po 12／3"),
    ("光缆（24芯）", "光缆(24芯)"),
    ("合同 007", "合同7"),
]
OTHER = [("1.5mm", "15mm"), ("DN50", "DN5"), ("1.05", "1.5"), ("光缆", "电缆")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_text_compare_equal(one, other):
    assert _normal(one) == _normal(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_two_sizes_stay_two(one, other):
    assert _normal(one) != _normal(other)


def test_nothing_but_punctuation_is_no_value():
    assert _normal(" ——（ ）") is None
    assert ibis.duckdb.connect().execute(as_number(ibis.literal("￥１，０００．５０"))) == 1000.5


def _normal(text: str) -> str | None:
    found = ibis.duckdb.connect().execute(normalised(ibis.literal(text)))
    return found if isinstance(found, str) else None


def test_other_spelling_alone_is_a_near_pair_that_says_so():
    said = identity(near=near(amount={"relative": 0.02}))
    found = judge(said, "a,2024-03-04 09:00,ＧＹＴＡ－12,100", "b,2024-03-05 09:00,gyta O12,100")
    assert found.of("violated") == [("near", "a", "b")]
    (pair,) = found.table.loc[found.table["verdict"] == "violated", "matched"]
    assert [m["how"] for m in pair] == ["spelling", "equal", "date"]


REPLACED = Replaced(("cancel",), ("change",), 3, SURE)


def test_cancelled_before_is_reissued_and_cancelled_in_time_after_is_amended():
    said = identity(near=near(amount={"relative": 0.05}), replaced=REPLACED)
    found = judge(
        said,
        *("a,2024-03-04 09:00,cable,100", "a,撤销,2024-03-05 08:00", "b,2024-03-05 09:00,cable,101"),
        *("c,2024-03-04 09:00,wire,100", "d,2024-03-05 09:00,wire,101", "c,撤销,2024-03-08 09:00"),
        *("e,2024-03-04 09:00,duct,100", "f,2024-03-05 09:00,duct,101", "e,撤销,2024-03-08 09:01"),
        *("g,2024-03-04 09:00,pole,100", "g,变更,2024-03-05 08:00", "h,2024-03-05 09:00,pole,100"),
    )
    assert found.of("violated") == [("near", "e", "f")]
    assert found.why() == {("a", "b"): "reissued", ("c", "d"): "amended", ("g", "h"): "amended"}


def test_a_pair_is_pending_while_the_first_may_still_be_cancelled():
    said = identity(near=near(amount={"relative": 0.05}), replaced=REPLACED)
    rows = ("a,2024-03-04 09:00,cable,100", "b,2024-03-05 09:00,cable,101")
    assert judge(said, *rows, as_of="2024-03-08T08:59+08:00").of("pending") == [("near", "a", "b")]
    assert judge(said, *rows, as_of="2024-03-08T09:00+08:00").of("violated") == [("near", "a", "b")]


def test_a_cancellation_that_was_not_read_leaves_the_pair_undecided():
    said = identity(replaced=REPLACED)
    found = judge(
        said,
        *("a,2024-03-04 09:00,cable,100", "a,撤销,someday", "b,2024-03-05 09:00,cable,100"),
        reject_limit=1,
        time_formats=("%Y-%m-%d %H:%M",),
    )
    assert found.why("not_determinable") == {("a", "b"): "excluded_rows"}


def test_a_cancelled_order_between_two_hides_neither():
    """The first and the third are alive: that the second was cancelled in between excuses nothing."""
    said = identity(replaced=REPLACED)
    found = judge(
        said,
        "a,2024-03-04 09:00,cable,100",
        *("b,2024-03-05 09:00,cable,100", "b,撤销,2024-03-06 09:00", "c,2024-03-07 09:00,cable,100"),
    )
    assert found.why() == {("b", "c"): "reissued"}
    assert [(first, second) for _, first, second in found.of("violated")] == [("a", "b"), ("a", "c")]
    (cluster,) = found.clusters["duplicate.exact:material"]
    assert (cluster.orders, cluster.total, cluster.exposure) == (3, 300.0, 100.0)


RECURRING = Recurring(3, 20, 2, SURE)


def test_a_regular_series_is_explained_and_one_that_breaks_it_is_not():
    said = identity(within_days=90, near=near(90, amount={"relative": 0.05}), recurring=RECURRING)
    found = judge(
        said,
        *(f"{n},2024-0{n}-01 09:00,rent,{100 + n}" for n in (1, 2, 3, 4)),
        "x,2024-04-04 09:00,rent,104",
        *("p,2024-01-01 09:00,tape,10", "q,2024-02-01 09:00,tape,10"),  # two are no series
        *(
            "r,2024-01-01 09:00,glue,7",
            "s,2024-01-31 09:00,glue,7",
            "t,2024-03-04 09:01,glue,7",
        ),  # 30, 33 days
    )
    regular = {(str(a), str(b)) for a, b in combinations((1, 2, 3, 4), 2) if b - a < 3}
    assert {pair for pair, why in found.why().items() if why == "recurring"} == regular
    violated = {(first, second) for _, first, second in found.of("violated")}
    assert violated == {("4", "x"), ("3", "x"), ("2", "x"), ("p", "q"), ("r", "s"), ("s", "t")}


SPLIT = Split("ref", "part", "total", 190, SURE)


def test_parts_of_one_order_are_innocent_until_they_exceed_the_whole():
    said = identity(near=near(amount={"relative": 0.1}), split=SPLIT)
    found = judge(
        said,
        "a,2024-03-04 09:00,cable,100,PO-1,1,200",
        "b,2024-03-05 09:00,cable,100,PO 01,2,200",
        "c,2024-03-06 09:00,cable,100,PO1,3,200",  # 300 of 200
        "d,2024-03-07 09:00,wire,50,PO2,1,200",
        "e,2024-03-08 09:00,wire,50,PO2,1,200",  # the same part again
        "f,2024-03-09 09:00,duct,50,,1,",
        "g,2024-03-10 09:00,duct,50,,2,",  # no reference
    )
    assert found.why() == {("a", "b"): "split"}
    pairs = [(first, second) for _, first, second in found.of("violated")]
    assert pairs == [("b", "c"), ("d", "e"), ("f", "g")]


def test_parts_that_only_together_reach_the_approval_limit_are_told_as_such():
    said = identity(near=near(amount={"relative": 0.1}), split=SPLIT)
    found = judge(
        said,
        *("a,2024-03-04 09:00,cable,95", "b,2024-03-05 09:00,cable,96"),
        *("c,2024-03-04 09:00,wire,94", "d,2024-03-05 09:00,wire,95"),
        *("e,2024-03-04 09:00,duct,190", "f,2024-03-05 09:00,duct,191"),
    )
    assert len(found.of("violated")) == 3
    assert found.why("violated") == {("a", "b"): "split_under_limit"}


def test_an_order_in_several_pairs_counts_once_in_the_exposure():
    text = "\n".join(
        [
            "case,activity,time,item,amount",
            "a,采购要求,2024-03-04 09:00,cable,100",
            "b,采购要求,2024-03-05 09:00,cable,101",
            "c,采购要求,2024-03-06 09:00,cable,102",
            "d,采购要求,2024-03-06 09:00,power supply,50",
        ]
    )
    result = audit_text(text, AS_OF)
    (finding,) = [each for each in result.findings if each.rule.kind == "near"]
    assert finding.counts.violated == 3
    assert finding.counts.conformant == 2
    assert finding.exposure == 203
    (cluster,) = finding.clusters
    assert (cluster.orders, cluster.cases, cluster.total) == (3, ("a", "b", "c"), 303.0)
    pairs = result.occurrences[result.occurrences["rule_id"] == "duplicate.near:material"]
    assert pairs["fingerprint"].nunique() == 3


def test_a_chain_of_near_orders_is_one_cluster_though_its_ends_are_no_pair():
    said = identity(near=near(amount={"absolute": 5}))
    found = judge(said, *(f"{n},2024-03-0{n} 09:00,cable,{100 + 4 * n}" for n in (1, 3, 2)))
    assert found.of("violated") == [("near", "1", "2"), ("near", "2", "3")]
    (cluster,) = found.clusters["duplicate.near:material"]
    assert (cluster.orders, cluster.exposure) == (3, 220.0)


def test_look_alikes_are_listed_with_their_reason_and_not_counted():
    said = identity(near=near(amount={"relative": 0.05}), replaced=REPLACED)
    rows = ("a,采购要求,2024-03-04 09:00,cable,100", "a,撤销,2024-03-05 08:00")
    text = _csv([*rows, "b,采购要求,2024-03-05 09:00,cable,101"])
    result = audit_text(text, AS_OF, model_with(said))
    (finding,) = [each for each in result.findings if each.rule.kind == "near"]
    assert (finding.counts.violated, finding.explained) == (0, (("reissued", 1),))
    (shown,) = finding.look_alikes
    assert (shown.related_case, shown.case_id) == ("a", "b")
    assert [match.how for match in shown.matched] == ["equal", "within", "date"]
    assert set(shown.rows) <= result.evidence.keys()
    listed = result.occurrences[result.occurrences["rule_id"] == "duplicate.near:material"]
    assert listed["verdict"].tolist() == ["conformant"]


def test_an_order_that_cannot_be_compared_is_not_determinable():
    said = identity(near=near(amount={"relative": 0.05}))
    found = judge(said, "a,2024-03-04 09:00,（）,100", "b,2024-03-04 09:00,cable,many")
    near_rule = found.table[found.table["rule_id"] == "duplicate.near:material"]
    assert sorted(near_rule["case_id"]) == ["a", "b"]
    assert set(near_rule["verdict"]) == {"not_determinable"}
    assert set(near_rule["reason"]) == {"identity_incomplete"}


def test_too_many_alike_are_told_and_the_others_still_compared(monkeypatch):
    monkeypatch.setattr(candidates, "MOST_PAIRS", 5)
    said = identity(near=near(amount={"relative": 0.1}))
    found = judge(
        said,
        *(f"c{n},2024-03-04 09:00,cable,{100 + n}" for n in range(5)),
        *("a,2024-03-04 09:00,wire,100", "b,2024-03-05 09:00,wire,101"),
    )
    assert found.of("violated") == [("near", "a", "b")]
    undecided = found.table[found.table["reason"] == "too_many_alike"]
    assert sorted(undecided["case_id"]) == [f"c{n}" for n in range(5)]


# ---- every pair, against the slow and obvious count


def _slow_normal(text: str) -> str:
    half = unicodedata.normalize("NFKC", text).upper().replace("O", "0")
    out, at = "", 0
    while at < len(half):
        before = half[at - 1] if at else ""
        if half[at] == "0" and not (before.isdigit() or before == "."):
            end = at
            while end < len(half) and half[end] == "0":
                end += 1
            at = end if end < len(half) and half[end].isdigit() else end - 1
        out += half[at]
        at += 1
    kept = "".join(c for c in out if c.isalnum() or c == ".")
    return "".join(
        c
        for at, c in enumerate(kept)
        if c != "." or (0 < at < len(kept) - 1 and kept[at - 1].isdigit() and kept[at + 1].isdigit())
    )


def _common(a: str, b: str) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        row = _next(row, x, b)
    return row[-1]


def _next(row: list[int], x: str, b: str) -> list[int]:
    new = [0]
    for j, y in enumerate(b):
        new.append(row[j] + 1 if x == y else max(row[j + 1], new[j]))
    return new


def _similarity(a: str, b: str) -> float:
    return 2 * _common(a, b) / (len(a) + len(b))


WORDS = ["光缆", "GYTA", "gyta", "ＧＹＴＡ", "O", "0", "01", "1.5", "-", " ", "电", "x", "12"]


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    similarity=st.sampled_from([None, 0.5, 0.75, 0.8, 0.95]),
    absolute=st.sampled_from([None, 0.5, 3, 100]),
    relative=st.sampled_from([None, 0.01, 0.1, 0.5]),
    days=st.sampled_from([0.01, 1, 7, 400]),
)
def test_no_pair_within_the_tolerances_is_left_out(seed, similarity, absolute, relative, days):
    if similarity is None and absolute is None and relative is None:
        absolute = 1
    rng = random.Random(seed)
    orders = []
    for number in range(70):
        item = "".join(rng.choices(WORDS, k=rng.randrange(1, 7)))
        base = rng.choice([0, 1, 100, 100, 10_000, -100])
        amount = round(base * rng.choice([1, 1, 1.01, 0.99, 1.1, 0.5]) + rng.choice([0, 0, 0.5, -3, 100]), 2)
        at = datetime(2024, 3, 1) + timedelta(
            minutes=rng.choice([0, 1, 14, 15, 1440, 2880]) * rng.randrange(20)
        )
        orders.append((f"c{number}", at, item, amount))
    tolerances = {}
    if similarity is not None:
        tolerances["item"] = {"similarity": similarity}
    if absolute is not None or relative is not None:
        tolerances["amount"] = {"absolute": absolute, "relative": relative}
    said = identity(near=near(days, **tolerances))
    text = _csv(f"{c},采购要求,{at:%Y-%m-%d %H:%M},{item},{a}" for c, at, item, a in orders)
    with read_text(text) as log:
        evidence = Evidence(bind(log, model_with(said), us(AS_OF)), None)  # type: ignore[arg-type]  # not aligned
        table = orders_of(evidence, said)
        found = near_pairs(evidence.bound, said, said.near, table).pairs.to_pandas()
        cases = dict(table.select("row_no", "case_id").to_pandas().itertuples(index=False, name=None))
    pairs = {
        frozenset((cases[a], cases[b])) for a, b in zip(found["row_no"], found["first_row"], strict=True)
    }
    assert len(pairs) == len(found)
    expected = set()
    for (c1, t1, i1, a1), (c2, t2, i2, a2) in combinations(orders, 2):
        n1, n2 = _slow_normal(i1), _slow_normal(i2)
        if not (n1 and n2) or (i1.strip(), a1) == (i2.strip(), a2):
            continue
        alike = n1 == n2 or (similarity is not None and _similarity(n1, n2) >= similarity - 1e-12)
        most = max(absolute or 0, (relative or 0) * max(abs(a1), abs(a2)))
        close = abs(a1 - a2) <= most + 1e-9 * max(abs(a1), abs(a2))
        if alike and close and abs(t1 - t2) <= timedelta(days=days):
            expected.add(frozenset((c1, c2)))
    assert pairs == expected
