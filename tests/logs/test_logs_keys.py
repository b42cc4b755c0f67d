"""Keys of two systems: what matches as written, as declared, and what else would."""

from __future__ import annotations

import re
import unicodedata

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logs.key_links import STEPS, Spelling
from logs.keys import match_keys


def match(first, second, declared=None):
    """Match two lists of keys; (matched, per side {key: (partner, ambiguous, doubtful)})."""
    backend = ibis.duckdb.connect()
    sides = [
        backend.create_table(name, pd.DataFrame({"key": keys}), schema={"key": "string"})
        for name, keys in (("a", first), ("b", second))
    ]
    matched = match_keys(backend, "keys", *sides, declared or Spelling())
    fates = [
        {
            row["key"]: (row["partner"] if isinstance(row["partner"], str) else None,
                         bool(row["ambiguous"]), bool(row["doubtful"]))
            for row in table.to_pandas().to_dict("records")
        }
        for table in (matched.first, matched.second)
    ]  # fmt: skip
    return matched, fates


@pytest.mark.parametrize(
    ("first", "second", "step"),
    [
        (["0012", "0013"], ["12", "13"], "leading_zeros"),
        (["GZ-0012"], ["GZ-12"], "leading_zeros"),
        (["gz-12", "Gz-13"], ["GZ-12", "GZ-13"], "case"),
        (["１２", "１３"], ["12", "13"], "width"),
        (["GZ 12", "GZ\u300013"], ["GZ12", "GZ13"], "blanks"),
        (["2024-12", "2024-13"], ["202412", "202413"], "separators"),
    ],
)
def test_a_difference_of_writing_is_told_and_mends_when_it_is_declared(first, second, step):
    before, fates = match(first, second)
    assert before.matched == 0
    assert before.doubt == "key_spelling"
    assert before.mend == Spelling((step,))
    assert all(doubtful for _, _, doubtful in fates[0].values())
    after, (ours, theirs) = match(first, second, before.mend)
    assert after.matched == len(first)
    assert after.doubt == ""
    assert [ours[key][0] for key in first] == second
    assert [theirs[key][0] for key in second] == first


def test_a_prefix_of_one_side_is_found_and_named():
    before, _ = match(["GZ-12", "GZ-13", "KM-14"], ["12", "13", "15"])
    assert before.mend == Spelling(prefixes=("GZ-",))
    after, (ours, _) = match(["GZ-12", "GZ-13", "KM-14"], ["12", "13", "15"], before.mend)
    assert after.matched == 2
    assert ours["KM-14"] == (None, False, False)


def test_a_prefix_that_both_sides_use_tells_keys_apart():
    """Order 14 of Kunming is not order 14 of Guangzhou."""
    matched, (ours, _) = match(["GZ-12", "KM-14"], ["GZ-12", "GZ-14", "KM-15"])
    assert matched.doubt == ""
    assert ours["KM-14"] == (None, False, False)


def test_keys_that_become_one_are_ambiguous_but_what_is_written_alike_matches():
    matched, (ours, theirs) = match(["12", "012", "5"], ["012", "05"], Spelling(("leading_zeros",)))
    assert ours == {
        "12": (None, True, False),
        "012": ("012", False, False),
        "5": ("05", False, False),
    }
    assert theirs["05"] == ("5", False, False)
    assert [(each.matched, each.ambiguous) for each in matched.comparisons[:2]] == [(1, 0), (2, 1)]


def test_a_few_odd_keys_are_doubtful_alone():
    many = [str(number) for number in range(100, 200)]
    matched, (ours, _) = match([*many, "0300", "900"], [*many, "300"])
    assert matched.doubt == ""
    assert matched.mend == Spelling(("leading_zeros",))
    assert ours["0300"] == (None, False, True)
    assert ours["900"] == (None, False, False)


def test_keys_of_which_none_matches_are_no_keys():
    assert match(["A", "B"], ["7", "8"])[0].doubt == "no_key_matches"
    assert match(["A"], [])[0].doubt == ""


def plain(key: str, spelling: Spelling) -> str:
    """What is left of a key, step by step."""
    for step in spelling.steps:
        if step == "width":
            key = "".join(unicodedata.normalize("NFKC", c) if "！" <= c <= "～" else c for c in key)
        elif step == "case":
            key = key.lower()
        elif step == "prefixes":
            earlier = Spelling(spelling.steps[: spelling.steps.index("prefixes")])
            for prefix in sorted({plain(p, earlier) for p in spelling.prefixes}, key=lambda p: (-len(p), p)):
                if key.startswith(prefix) and key != prefix:
                    key = key[len(prefix) :]
                    break
        else:
            pattern = {"blanks": r"\s+", "separators": "[-_/.]+", "leading_zeros": r"^(\D*)0+(?=\d)"}[step]
            key = re.sub(pattern, r"\1" if step == "leading_zeros" else "", key) or key
    return key


KEYS = st.lists(
    st.sampled_from(["1", "01", "001", "a1", "A1", "A-1", "a01", "１", "A 1", "2", "02", "x"]), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(KEYS, KEYS, st.sets(st.sampled_from([step for step in STEPS if step != "prefixes"])))
def test_equal_to_the_plain_definition(first, second, steps):
    spelling = Spelling(tuple(steps), ("A-",) if "case" in steps else ())
    matched, fates = match(first, second, spelling)
    for mine, others, fate in ((set(first), set(second), fates[0]), (set(second), set(first), fates[1])):
        for key in mine:
            form = plain(key, spelling)
            twins = [each for each in mine if plain(each, spelling) == form]
            found = [each for each in others if plain(each, spelling) == form]
            partner = key if key in others else found[0] if len(twins) == len(found) == 1 else None
            assert fate[key][:2] == (partner, partner is None and bool(found)), key
    assert matched.matched == sum(partner is not None for partner, *_ in fates[0].values())
