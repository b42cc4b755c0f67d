"""Labels that no model knows as they stand: which activity they mean, how surely, and when to ask instead.

A label is compared in ways that take more and more liberties: without decoration (numbers, '环节', 'task'),
its parts one by one, its words with the verb in another form, as an abbreviation, as a slip of the pen. A
name is always taken whole: a word too many, a word too few and another word are another thing ('取消派单',
'离网登记' for '离网原因登记', 'Reissue bill'). A way's confidence stays below the share that it gets right
on labels, those written by hand against it among them (`benchmarks/labels.py`); below `ASK_BELOW` nothing is
guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import opencc

from logs import han_forms, word_forms
from logs.labels import normalise_label

ASK_BELOW = 0.95
"""Confidence below which a person is asked."""
_COMPARED = 200
"""Characters of a label that are looked at; no name is so long."""
_HAN = "\u3400-\u9fff\uf900-\ufaff"
_ITEM = re.compile(r"^\s*(?:[(（]?[一二三四五六七八九十]{1,3}[)）、.．]|第[0-9一二三四五六七八九十]{1,3}步)")
_BETWEEN = re.compile(
    r"\s*[()\[\]【】{}<>《》/\\|:;,、—–]+\s*|\s+-+\s*|\s*-+\s+|(?<![A-Za-z])-|-(?![A-Za-z])"
)
_STRETCH = re.compile(f"[{_HAN}]+|(?:[A-Za-z0-9_. ]|(?<=[A-Za-z])[-'’](?=[A-Za-z]))+")
_NUMBER = re.compile(
    r"^(?:(?:步骤|环节|节点|阶段|工序|step|task|no) ?)?[0-9]{1,2}(?:[. ][0-9]{1,2})* ?(?=[^0-9 ])"
)
_STEP = re.compile(
    r"^(?:task|step|activity) (?=.)|(?<=.) (?:task|step|activity|stage|phase)$"
    r"|(?:环节|节点|步骤|阶段|工序|任务|工作|操作|子流程)$"
)
_DONE = re.compile(r"(?<=.) (?:done|completed?)$|(?:已?完成|完毕|完)$")
_ALREADY = (re.compile("^(?:已经?|进行)"), re.compile("(?<=.)已(?=.)"))
_STATE = re.compile(
    r"^(?:等|待|挂起|暂停)|未|(?:挂起|等待|储备|缓装|不上|不在)$|\b(?:wait(?:ing)?|hold|not|reserve|unreachable)\b"
)
"""Names of states: 'completed' would mean that they are over."""


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
            for text in (name.text, _joined(name.text)):
                self._exact.setdefault(text, set()).add(name.activity)
        self._known = frozenset(
            word
            for name in self._names
            for word in (han_forms.pairs(name.text) if _is_han(name.text) else name.words)
        )

    def match(self, label: str) -> Match | None:
        """The activity that a label means as surely as `ASK_BELOW` asks; None: ask a person."""
        best = self.best(label)
        return best if best and best.confidence >= ASK_BELOW else None

    def best(self, label: str) -> Match | None:
        """The first way that names one activity, whatever its confidence."""
        if len(label) > _COMPARED:
            return None
        label = _ITEM.sub("", label)
        text = _plain(label)
        for way, confidence, look in self._ways():
            found = self._by_parts(label) if look is None else look(text)
            if len(found) == 1:
                return Match(found.pop(), confidence, way)
            if len(found) > 1:
                return None
        return None

    def _ways(self) -> tuple[tuple[str, float, Callable[[str], set[str]] | None], ...]:
        return (
            ("the same but for decoration", 0.96, self._undecorated),
            ("a part of it is a name", 0.95, None),
            ("the same words", 0.96, self._by_words),
            ("an abbreviation", 0.96, self._abbreviated),
            ("a slip of the pen", 0.96, self._misspelt),
        )

    def _undecorated(self, text: str) -> set[str]:
        """The first that is a name: as it stands, without its number, without what says only 'step', 'done'.

        Beside it what a longer name of another activity holds in full: 'Peer work done' may be 'Peer's work
        done' as well as 'Peer work', done.
        """
        for bare in _ever_barer(text):
            found = self._exact.get(bare, ()) or self._exact.get(_joined(bare), ())
            if found:
                return set(found) if bare == text else set(found) | self._holding(text)
        return set()

    def _holding(self, text: str) -> set[str]:
        """Activities with a name that says all of the text, and more between."""
        if _is_han(text):
            return {name.activity for name in self._names if _in_order(text, name.text)}
        return {name.activity for name in self._names if _in_order(_words(text), name.words)}

    def _by_parts(self, label: str) -> set[str]:
        """A name beside units, beside other names of the same activity, or beside words of these."""
        parts = _parts(label, self._units)
        if len(parts) < 2:
            return set()
        units = [part for part in parts if part in self._units]
        named = {part: self._undecorated(part) for part in parts if part not in self._units}
        found = set().union(*named.values())
        if len(found) != 1:
            return found
        own = [name.text for name in self._names if name.activity in found]
        if any(not where and not any(_within(part, text) for text in own) for part, where in named.items()):
            return set()
        for part in (part for part, where in named.items() if where):
            for unit in units:  # '对端大客户部-派单' may be '对端派单'
                found |= self._undecorated_with(unit, part)
        return found

    def _undecorated_with(self, unit: str, part: str) -> set[str]:
        pieces = (
            {unit[i:j] for i in range(len(unit)) for j in range(i + 2, len(unit) + 1)}
            if _is_han(unit)
            else {unit}
        )
        texts = (text for piece in pieces for text in (_joined(piece + part), _joined(part + piece)))
        return set().union(*(self._exact.get(text, ()) for text in texts))

    def _by_words(self, text: str) -> set[str]:
        bare = _ever_barer(text)[-1]
        if _is_han(bare):
            return {each.activity for each in self._names if han_forms.turned(bare, each.text)}
        words = _words(bare)
        return {each.activity for each in self._latin(bare) if word_forms.same_words(words, each.words)}

    def _abbreviated(self, text: str) -> set[str]:
        bare = _ever_barer(text)[-1]
        if _is_han(bare):
            found = {
                name.activity
                for name in self._names
                if _is_han(name.text) and han_forms.abbreviates(bare, name.text, self._known)
            }
            return found | self._holding(bare) if found else found
        words = _words(bare)
        return {
            name.activity
            for name in self._latin(bare)
            if word_forms.abbreviates(words, name.words, self._known)
        }

    def _misspelt(self, text: str) -> set[str]:
        bare = _ever_barer(text)[-1]
        if _is_han(bare):
            return {each.activity for each in self._names if han_forms.slipped(bare, each.text)}
        words = _words(bare)
        return {
            name.activity for name in self._latin(bare) if word_forms.slipped(words, name.words, self._known)
        }

    def _latin(self, text: str) -> list[_Name]:
        """Names that are all English words, if the text is."""
        return [name for name in self._names if _is_latin(name.text)] if _is_latin(text) else []


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _plain(label: str) -> str:
    """Normalised, in simplified characters; 帐 and 账 are one."""
    folded = normalise_label(label)
    return (
        str(_simplifier().convert(folded)).replace("帐", "账") if re.search(f"[{_HAN}]", folded) else folded
    )


def _joined(text: str) -> str:
    """Without spaces: 'acceptorder'."""
    return text.replace(" ", "")


def _ever_barer(text: str) -> list[str]:
    """The text, then without its number, then without one decoration after the other."""
    found = [text]
    for pattern in (_NUMBER, _STEP, _DONE, _STEP, *_ALREADY):
        barer = pattern.sub("", found[-1], count=1).strip()
        if barer != found[-1] and len(barer) >= 2 and not (pattern is _DONE and _STATE.search(barer)):
            found.append(barer)
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", text))


def _parts(label: str, units: frozenset[str]) -> list[str]:
    """Units and stretches of one script between punctuation, each as `_plain` has it.

    None where anything else stands, such as '×'.
    """
    found = []
    for piece in _BETWEEN.split(unicodedata.normalize("NFKC", label)):
        if (unit := _plain(piece)) in units:
            found.append(unit)
            continue
        if any(unicodedata.category(each)[0] not in "PZC" for each in _STRETCH.sub("", piece)):
            return []
        found += [_plain(each.strip()) for each in _STRETCH.findall(piece)]
    return [part for part in found if part]


def _in_order(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether all of a part stands in the whole, in its order."""
    left = iter(whole)
    return bool(part) and all(each in left for each in part)


def _within(part: str, name: str) -> bool:
    """Whether a part says nothing that the name does not say."""
    return part in name if _is_han(part) else bool(part) and set(_words(part)) <= set(_words(name))


def _is_han(text: str) -> bool:
    return bool(re.fullmatch(f"[{_HAN}]+", text))


def _is_latin(text: str) -> bool:
    return bool(re.fullmatch("[a-z0-9 ]+", text))
