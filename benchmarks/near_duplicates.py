"""Near duplicates found by an audit beside splink's probabilistic linkage, on the same simulated orders.

    python benchmarks/near_duplicates.py --splink PYTHON [--cases 4000] [--seeds 101 202 303]

PYTHON: an interpreter with splink 5 and pandas. Writes results/near_duplicates.md. See README.md here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path

MODEL, ACTIVITY = "in-sales-procurement", "采购要求"
HEADINGS = {
    "项目单号": "case_id",
    "完成时间": "sent",
    "项目": "project",
    "物料": "item",
    "数量": "quantity",
    "金额": "amount",
}
IDENTITY = ("project", "item", "quantity", "amount")
RATE = 0.05
"""Share of the cases that each kind of fault is planted in."""
Pairs = set[frozenset[str]]


def orders(seed: int, cases: int, folder: Path) -> tuple[Path, Pairs, Pairs]:
    """An export's orders as a table; the pairs planted as near duplicates, and those that do not differ."""
    import pandas as pd

    from reference_models import load
    from walkthrough.simulation import Simulation, write_exports

    write_exports(Simulation(load(MODEL), cases, seed, RATE), folder)
    events = pd.read_csv(folder / "projects.csv", dtype=str, keep_default_na=False)
    table = events[events["环节"] == ACTIVITY].rename(columns=HEADINGS)[[*HEADINGS.values()]]
    table.insert(0, "unique_id", range(len(table)))
    table.to_csv(folder / "orders.csv", index=False)
    key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
    key = key[(key["family"] == "duplicate") & (key["kind"] == "near")]
    near = {frozenset(pair) for pair in zip(key["case_id"], key["related_case"], strict=True)}
    alike = table.groupby([name for name in IDENTITY if name in table])["case_id"].agg(list)
    equal = {frozenset(pair) for cases in alike for pair in combinations(cases, 2)}
    return folder / "orders.csv", near, equal


def by_audit(folder: Path) -> Pairs:
    """Pairs that the audit calls near duplicates."""
    import walkthrough
    from walkthrough.simulation.timing import AS_OF

    limits = folder / "limits.yaml"
    found = walkthrough.audit(
        folder / "projects.csv", MODEL, override=limits if limits.exists() else None, as_of=AS_OF
    ).occurrences
    found = found[(found["verdict"] == "violated") & found["rule_id"].str.startswith("duplicate.near")]
    return {frozenset(pair) for pair in zip(found["case_id"], found["related_case"], strict=True)}


def by_splink(table: Path, python: str) -> dict[frozenset[str], float]:
    """Pairs with the probability that splink gives them."""
    done = subprocess.run(
        [python, __file__, "--child", str(table)], check=True, stdout=subprocess.PIPE, text=True
    )
    return {frozenset(pair): chance for *pair, chance in json.loads(done.stdout.splitlines()[-1])}


def child(path: str) -> None:
    """splink as its documentation uses it: u by sampling, m by expectation maximisation, two blockings."""
    import pandas as pd
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    frame = pd.read_csv(path, dtype={"project": str, "item": str, "quantity": str, "case_id": str})
    frame["sent"] = frame["sent"].str[:10]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.ExactMatch("project"),
            cl.JaroWinklerAtThresholds("item", [0.98, 0.92, 0.85]),
            cl.ExactMatch("quantity"),
            cl.CustomComparison(
                output_column_name="amount",
                comparison_levels=[
                    {"sql_condition": "amount_l is null or amount_r is null", "label_for_charts": "null",
                     "is_null_level": True},
                    {"sql_condition": "amount_l = amount_r", "label_for_charts": "equal"},
                    {"sql_condition": "abs(amount_l - amount_r) <= 0.02 * greatest(amount_l, amount_r)",
                     "label_for_charts": "within two per cent"},
                    {"sql_condition": "ELSE", "label_for_charts": "else"},
                ],
            ),
            cl.AbsoluteDateDifferenceAtThresholds(
                "sent", input_is_string=True, metrics=["day", "day"], thresholds=[30, 90]
            ),
        ],
        blocking_rules_to_generate_predictions=[block_on("project"), block_on("item", "quantity")],
    )  # fmt: skip
    api = DuckDBAPI()
    linker = Linker(api.register(frame), settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("project", "item", "quantity")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("project"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("item", "quantity"))
    pairs = linker.inference.predict(threshold_match_probability=0.001).as_pandas_dataframe()
    case = dict(zip(frame["unique_id"], frame["case_id"], strict=True))
    found = [
        (case[a], case[b], float(chance))
        for a, b, chance in zip(
            pairs["unique_id_l"], pairs["unique_id_r"], pairs["match_probability"], strict=True
        )
    ]
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def scores(found: Pairs, near: Pairs, equal: Pairs) -> tuple[int, int, int, float, float, float]:
    """Found, right and planted; precision, recall and F1. Pairs that do not differ count for nobody."""
    found = {pair for pair in found if len(pair) == 2} - equal
    right = len(found & near)
    precision = right / len(found) if found else 0.0
    recall = right / len(near)
    total = precision + recall
    return len(found), right, len(near), precision, recall, 2 * precision * recall / total if total else 0.0


def line(name: str, result: tuple[int, int, int, float, float, float]) -> list[str]:
    found, right, planted, *shares = result
    return [name, str(planted), str(found), str(right), *(f"{share:.4f}" for share in shares)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splink", metavar="PYTHON")
    parser.add_argument("--cases", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 202, 303])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    if not arguments.splink:
        parser.error("--splink: name an interpreter that has splink")
    from side_by_side import publish, table

    near: Pairs = set()
    equal: Pairs = set()
    ours: Pairs = set()
    theirs: dict[frozenset[str], float] = {}
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            path, own_near, own_equal = orders(seed, arguments.cases, folder)

            def of_seed(pairs: Pairs, seed: int = seed) -> Pairs:
                return {frozenset(f"{seed}:{case}" for case in pair) for pair in pairs}

            near |= of_seed(own_near)
            equal |= of_seed(own_equal)
            ours |= of_seed(by_audit(folder))
            for pair, chance in by_splink(path, arguments.splink).items():
                (key,) = of_seed({pair})
                theirs[key] = max(chance, theirs.get(key, 0.0))
    levels = sorted({round(chance, 4) for chance in theirs.values()} | {0.5, 0.95})
    at = {
        level: scores({p for p, chance in theirs.items() if chance >= level}, near, equal) for level in levels
    }
    best = max(levels, key=lambda level: at[level][-1])
    lines = [
        line("walkthrough audit", scores(ours, near, equal)),
        line("splink, probability 0.5", at[0.5]),
        line("splink, probability 0.95", at[0.95]),
        line(f"splink, at its best threshold ({best:.4f})", at[best]),
    ]
    head = ["", "planted", "found", "right", "precision", "recall", "F1"]
    notes = [
        f"{MODEL}, {len(arguments.seeds)} samples of {arguments.cases:,} cases, clean. Pairs of orders of two"
        " cases; those equal in all fields (duplicates, parts, monthly orders …) count for nobody. splink"
        " learns without labels, and its best threshold is chosen by the answers: no user could do better. It"
        " says how probable a pair is; the audit says in which fields it agrees and by how much it differs.",
    ]
    publish("near_duplicates", "Near duplicates beside splink", notes, table(head, lines))


if __name__ == "__main__":
    main()
