"""Labels that no model knows as they stand: which activity they mean, how surely, and when to ask instead.

A label is compared in ways that take more and more liberties: without decoration (numbers, '环节', 'task'),
its parts one by one, its words in any order and form, as an abbreviation, as a slip of the pen. A word too
many is never overlooked: '取消派单' holds '派单' and means its opposite. A way's confidence is the lower
bound of the share that it gets right (`benchmarks/labels.py`); below `ASK_BELOW` nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import opencc
from rapidfuzz.distance import OSA, LCSseq

from logs.labels import normalise_label

ASK_BELOW = 0.95
"""Confidence below which a person is asked."""
_COMPARED = 200
"""Characters of a label that are looked at; no name is so long."""
_HAN = "\u3400-\u9fff\uf900-\ufaff"
_NUMBER = re.compile(
    r"^(?:步骤|环节|节点|阶段|step|task|stage|no|[a-z])? ?[0-9]+(?:[. ][0-9]+)* ?(?=[^0-9 ])"
)
_DECORATION_ZH = re.compile(
    r"^(?:已经?|进行)|(?:环节|节点|步骤|阶段|工序|任务|工作|操作|完成|完毕|结束|已完成|完)$"
)
_DECORATION_EN = frozenset(
    re.findall(
        r"\w+",
        "task step stage node activity phase work item done complete completed finished ended"
        " was has been is the a an of to for at by in on with and",
    )
)
_TURNS_ZH = re.compile(
    "取消|撤|未|不|无|没|非|拒|驳|退|失败|异常|重新|再次|重派|改派|催|超时|提醒|作废|终止|暂停|恢复|补|二次"
)
_TURNS_EN = frozenset(
    re.findall(
        r"\w+",
        "not no non un re cancel cancelled canceled withdraw withdrawn reject rejected refuse refused fail"
        " failed return returned again repeat repeated remind reminder reminded overdue escalate escalated"
        " suspend suspended resume resumed void undo pending",
    )
)
"""Words that make another thing of a step."""


@dataclass(frozen=True)
class Match:
    """An activity that a label probably means."""

    activity: str
    confidence: float
    """Lower bound (Wilson, 95 %) of the share that the way gets right."""
    way: str
    """In words, for people who check it."""


@dataclass(frozen=True)
class _Name:
    activity: str
    text: str
    words: tuple[str, ...]


class Matcher:
    """Compares labels with the names of a model's activities."""

    def __init__(self, activities: Iterable[tuple[str, Sequence[str]]], units: Iterable[str] = ()) -> None:
        """`activities`: (id, names in any language). `units`: who takes part; that a label names one of them
        changes nothing."""
        self._units = frozenset(map(_plain, units))
        self._names = [
            _Name(ident, text, _words(text))
            for ident, names in activities
            for text in dict.fromkeys(_plain(each) for each in (ident, *names))
            if text
        ]
        self._exact: dict[str, set[str]] = {}
        for name in self._names:
            for text in (name.text, _bare(name.text)):
                self._exact.setdefault(text, set()).add(name.activity)

    def match(self, label: str) -> Match | None:
        """The activity that a label means as surely as `ASK_BELOW` asks; None: ask a person."""
        best = self.best(label)
        return best if best and best.confidence >= ASK_BELOW else None

    def best(self, label: str) -> Match | None:
        """The first way that names one activity, whatever its confidence."""
        text, parts = _plain(label[:_COMPARED]), _parts(label[:_COMPARED])
        for way, confidence, look in self._ways():
            found = self._by_parts(parts) if look is None else look(text)
            if len(found) == 1:
                return Match(found.pop(), confidence, way)
            if len(found) > 1:
                return None
        return None

    def _ways(self) -> tuple[tuple[str, float, Callable[[str], set[str]] | None], ...]:
        return (
            ("the same but for decoration", 0.99, self._undecorated),
            ("a part of it is a name", 0.99, None),
            ("the same words", 0.95, self._by_words),
            ("an abbreviation", 0.98, self._abbreviated),
            ("a slip of the pen", 0.95, self._misspelt),
        )

    def _undecorated(self, text: str) -> set[str]:
        return set(self._exact.get(text, ()) or self._exact.get(_bare(text), ()))

    def _by_parts(self, parts: Sequence[str]) -> set[str]:
        """All parts together: a name beside a unit, or beside another name of the same activity."""
        if len(parts) < 2:
            return set()
        found = [self._of_part(part) for part in parts if part not in self._units]
        return set().union(*found) if all(found) else set()

    def _of_part(self, part: str) -> set[str]:
        return self._undecorated(part) or self._by_words(part) or self._abbreviated(part)

    def _by_words(self, text: str) -> set[str]:
        words = _words(_bare(text))
        stems = _stems(words)
        if len(stems) < 2:
            return set()
        names = [name for name in self._names if _stems(name.words) == stems]
        if not _TURNS_EN.isdisjoint(words):  # 'not customer ready' is no 'customer not ready'
            names = [name for name in names if list(map(_stem, name.words)) == list(map(_stem, words))]
        return {name.activity for name in names}

    def _abbreviated(self, text: str) -> set[str]:
        bare = _bare(text)
        if _is_han(bare):
            return self._shortened(bare)
        words = [word for word in _words(bare) if word not in _DECORATION_EN]
        return {
            name.activity
            for name in self._names
            if name.words and _abbreviates(words, [w for w in name.words if w not in _DECORATION_EN])
        }

    def _shortened(self, text: str) -> set[str]:
        """Chinese: characters of the name in its order, from its first word to its last."""
        if len(text) < 2:
            return set()
        return {
            name.activity
            for name in self._names
            if _is_han(name.text)
            and len(text) < len(name.text) <= 2 * len(text) + 1
            and name.text[0] == text[0]
            and text[-1] in name.text[-2:]
            and LCSseq.similarity(text, name.text) == len(text)
        }

    def _misspelt(self, text: str) -> set[str]:
        """One slip (in a long text two): a character more, less, other, or two that changed places."""
        bare = _bare(text)
        slips = (len(bare) >= 4) + (len(bare) >= 12)
        distances: dict[str, int] = {}
        for name in self._names:
            if slips and not _turned(bare, name.text):
                distance = OSA.distance(bare, name.text, score_cutoff=slips + 1)
                distances[name.activity] = min(distances.get(name.activity, distance), distance)
        near = {activity for activity, distance in distances.items() if distance <= slips}
        rivals = {activity for activity, distance in distances.items() if distance <= slips + 1}
        return near if len(rivals) == 1 else rivals


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _plain(label: str) -> str:
    """Normalised, in simplified characters; 帐 and 账 are one."""
    folded = normalise_label(label)
    return (
        str(_simplifier().convert(folded)).replace("帐", "账") if re.search(f"[{_HAN}]", folded) else folded
    )


@lru_cache(maxsize=100_000)
def _bare(text: str) -> str:
    """Without leading numbers and words that only say that something is a step or is done."""
    bare = _NUMBER.sub("", text).strip()
    while (shorter := _DECORATION_ZH.sub("", bare)) != bare and len(shorter) >= 2:
        bare = shorter.strip()
    if not re.search(f"[{_HAN}]", bare):
        words = [word for word in bare.split() if word not in _DECORATION_EN]
        bare = " ".join(words) or bare
    return bare or text


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", text))


def _parts(label: str) -> list[str]:
    """Stretches of one script between punctuation, each as `_plain` has it."""
    folded = unicodedata.normalize("NFKC", label)
    stretches = re.findall(f"[{_HAN}]+|(?:[A-Za-z0-9_. ]|(?<=[A-Za-z])-(?=[A-Za-z]))+", folded)
    return [plain for plain in map(_plain, map(str.strip, stretches)) if plain]


def _is_han(text: str) -> bool:
    return bool(re.fullmatch(f"[{_HAN}]+", text))


def _turns(text: str) -> bool:
    return bool(_TURNS_ZH.search(text)) or not _TURNS_EN.isdisjoint(_words(text))


def _turned(text: str, name: str) -> bool:
    """One of the two has a word that turns the meaning, and the other has not."""
    here, there = sorted(_TURNS_ZH.findall(text)), sorted(_TURNS_ZH.findall(name))
    return here != there or _TURNS_EN & set(_words(text)) != _TURNS_EN & set(_words(name))


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_stem(word) for word in words if word not in _DECORATION_EN)


def _stem(word: str) -> str:
    """Enough for 'accepted', 'accept', 'acceptance' and 'accepting' to be one."""
    for ending in (
        "ations",
        "ation",
        "ances",
        "ance",
        "ments",
        "ment",
        "ings",
        "ing",
        "ions",
        "ion",
        "ed",
        "es",
        "s",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _abbreviates(short: Sequence[str], words: Sequence[str]) -> bool:
    """Word for word, each begins like its word and has its letters in order; together well shorter."""
    if not short or len(short) != len(words) or "".join(short) == "".join(words):
        return False
    return all(
        len(a) >= 2 and a[0] == b[0] and len(a) <= len(b) and LCSseq.similarity(a, b) == len(a)
        for a, b in zip(short, words, strict=True)
    )
