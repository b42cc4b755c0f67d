"""Spellings of one name compare equal; different names do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.labels import normalise_label


@pytest.mark.parametrize(
    "spellings",
    [
        ("派单", "派单时间", " 派 单 ", "派单日期", "派单 时间", "【派单】"),
        ("order accepted", "Order-Accepted", "ORDER_ACCEPTED", "order accepted date", "Order　Accepted time"),
        ("ddn开通", "ＤＤＮ开通", "DDN 开通", "ddn-开通时间"),
    ],
)
def test_spellings_of_one_name_are_equal(spellings: tuple[str, ...]) -> None:
    assert len({normalise_label(each) for each in spellings}) == 1


@pytest.mark.parametrize(
    "pair", [("受理", "接受"), ("step 1", "step 11"), ("runtime", "run"), ("-", "?"), ("a+b", "a b")]
)
def test_different_names_stay_different(pair: tuple[str, str]) -> None:
    assert normalise_label(pair[0]) != normalise_label(pair[1])


def test_a_name_that_is_only_time_stays() -> None:
    assert normalise_label("时间") == "时间"
    assert normalise_label("Time") == "time"


@given(st.text(max_size=30))
def test_folding_ends_in_something_unless_blank(text: str) -> None:
    folded = normalise_label(text)
    assert folded or not text.strip()
