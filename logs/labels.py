"""Labels as people spell them, folded so that two spellings of one name compare equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BESIDE_CJK = re.compile(f"(?<=[{_CJK}]) | (?=[{_CJK}])")
_TRAILING_TIME = re.compile(
    rf"(?:(?<=[{_CJK}])(?:的?时间|的?日期|时刻)|(?<=[^ ]) (?:timestamp|datetime|time|date))$"
)


@lru_cache(maxsize=100_000)
def normalise_label(text: str) -> str:
    """Fold a label for comparison: width (NFKC), case, white space, punctuation, a closing 'time'.

    '派单 时间', '派單' stay two words of two scripts, but '派单时间' and '派单' are equal, and so are
    'Order-Accepted', 'order accepted' and 'ORDER_ACCEPTED date'. White space and punctuation become one
    space (none beside Chinese characters); symbols such as '+' stay. A text of nothing but punctuation
    is kept, so that no two of those are taken for one.
    """
    plain = fold_label(text)
    return _TRAILING_TIME.sub("", plain) or plain


@lru_cache(maxsize=100_000)
def fold_label(text: str) -> str:
    """As `normalise_label`, but a closing 'time' or 'date' stays: for headings of columns."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(map(_fold, folded)).split()
    return _SPACE_BESIDE_CJK.sub("", " ".join(words)) or folded.strip()


def _fold(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # zero-width marks
        return ""
    return " " if category[0] in "PZC" else character
