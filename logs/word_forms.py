"""English words: forms of one verb, short forms, slips of the pen. Each test is narrow: in doubt, no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from logs.process_words import NOUNS, SHORT_FORMS, VERBS

_ENDINGS = (
    ("ed", ("", "e")),
    ("ing", ("", "e")),
    ("es", ("",)),
    ("ation", ("", "e", "ate")),
    ("ion", ("", "e")),
    ("ance", ("", "e")),
    ("ment", ("",)),
    ("val", ("ve",)),
    ("sal", ("se",)),
    ("wal", ("w",)),
)
"""Endings of verb forms, and what stands in their place in the verb."""
_VERB_FORMS = ("ance", "ment", "ing", "ion", "ed", "val", "sal", "wal")
_IDLE = frozenset({"the", "of"})
_PARTICLES = frozenset({"over", "up", "out", "back"})
_SMALL = _IDLE | {"a", "an", "to", "for", "at", "on", "in", "by", "with", "and"}
_SLIP_FROM = 6
"""Letters that a word needs before a slip in it is told from another word."""


def same_words(label: Sequence[str], name: Sequence[str]) -> bool:
    """Whether a label says a name's words with the verb in another form, which may stand behind its object.

    'Accepting the order', 'Acceptance of order' and 'Orders accepted' say 'Accept order'. 'Accept customer'
    does not say 'Customer acceptance', nor 'Open bill' 'Open billing': only the verb changes, and where no
    form tells a verb ('Order book'), it stays where it is.
    """
    here, there = _content(label), _content(name)
    if len(here) != len(there):
        return False
    if len(here) == 1:
        return here[0].endswith("ed") and there[0] in VERBS and kin(here[0], there[0])
    if _all_same(here, there):
        return True
    participle = _is_form(there[-1]) and there[-1].endswith("ed")  # 'Order accepted'
    return _verb_last(here, there) or (not participle and _verb_first(here, there))


def _verb_last(here: Sequence[str], there: Sequence[str]) -> bool:
    if there[-1].endswith("ing") or not (_is_form(there[-1]) and _is_form(here[-1])):
        return False
    return kin(here[-1], there[-1]) and _all_same(here[:-1], there[:-1])


def _verb_first(here: Sequence[str], there: Sequence[str]) -> bool:
    verb = 2 if len(there) > 2 and there[1] in _PARTICLES else 1
    if there[0].endswith("ing"):
        return False
    if kin(here[0], there[0]) and _all_same(here[1:], there[1:]):
        return True
    moved = here[-verb:]
    return (
        moved[0] != there[0]
        and _is_form(moved[0])
        and kin(moved[0], there[0])
        and _all_same([*moved[1:], *here[:-verb]], there[1:])
    )


def _is_form(word: str) -> bool:
    """Whether a word looks like a verb's form: 'booked', not 'need'."""
    return word.endswith(_VERB_FORMS) and not word.endswith("eed") and len(word) > 4


def _content(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in _IDLE]


def _all_same(here: Sequence[str], there: Sequence[str]) -> bool:
    return len(here) == len(there) and all(
        a == b or _number(a) == _number(b) for a, b in zip(here, there, strict=True)
    )


def _number(word: str) -> str:
    """Without the plural's s."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@cache
def kin(one: str, other: str) -> bool:
    """Whether two words may be forms of one: 'accepted', 'acceptance' and 'accepting'."""
    return not _bases(one).isdisjoint(_bases(other))


@cache
def _bases(word: str) -> frozenset[str]:
    """What the word may be a form of, itself among it."""
    found = {word, _number(word)}
    for one in tuple(found):
        for ending, added in _ENDINGS:
            root = one.removesuffix(ending)
            if root != one and len(root) >= 3:
                found |= {root + each for each in added}
                if root[-1] == root[-2] and ending in ("ed", "ing"):
                    found.add(root[:-1])
    return frozenset(found)


def abbreviates(label: Sequence[str], name: Sequence[str], known: frozenset[str]) -> bool:
    """Word for word, each is its word, or a short form of it and of no other word that is known.

    Small words of the name may be left out. A word that is known itself is no short form: 'bill' is not
    'billing'.
    """
    words = list(name) if len(label) == len(name) else [word for word in name if word not in _SMALL]
    if len(label) != len(words) or list(label) == words or (len(label) == 1 and len(label[0]) < 4):
        return False
    return all(a == b or _shortens(a, b, known) for a, b in zip(label, words, strict=True))


def _shortens(short: str, word: str, known: frozenset[str]) -> bool:
    if short in SHORT_FORMS:
        return kin(SHORT_FORMS[short], word)
    if not _is_short(short, word) or short in known or short in VERBS or short in NOUNS:
        return False
    rivals = known | (NOUNS if _bases(word).isdisjoint(VERBS) else VERBS)
    return all(kin(each, word) for each in rivals if _is_short(short, each))


@cache
def _is_short(short: str, word: str) -> bool:
    """The word's beginning, or its consonants behind the first letter."""
    if len(short) >= 3 and len(word) >= min(len(short), 4) + (len(short) == 3) + 1 and word.startswith(short):
        return True
    return len(short) >= 2 and len(word) >= len(short) + 1 and short == skeleton(word) and short != word


def skeleton(word: str) -> str:
    """The first letter, and the consonants."""
    return word[:1] + "".join(letter for letter in word[1:] if letter not in "aeiou")


def slipped(label: Sequence[str], name: Sequence[str], known: frozenset[str]) -> bool:
    """One word of the name has one slip within, and what stands there is no known word, nor a slip of one."""
    if len(label) != len(name):
        return False
    other = [(a, b) for a, b in zip(label, name, strict=True) if a != b]
    if len(other) != 1:
        return False
    typed, meant = other[0]
    if not is_slip(typed, meant) or typed in known or typed in _inflected():
        return False
    rivals = {each for each in (*known, *_inflected()) if is_slip(typed, each)}
    return all(kin(each, meant) for each in rivals)


def is_slip(typed: str, meant: str) -> bool:
    """Two inner letters changed places, one is missing, or one was typed twice."""
    if len(meant) < _SLIP_FROM or typed[:1] != meant[:1] or typed[-1:] != meant[-1:] or typed == meant:
        return False
    if len(typed) == len(meant):
        odd = [i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b]
        return (
            len(odd) == 2
            and odd[1] == odd[0] + 1
            and typed[odd[0]] == meant[odd[1]]
            and typed[odd[1]] == meant[odd[0]]
        )
    if len(typed) == len(meant) - 1:
        return any(meant[:i] + meant[i + 1 :] == typed for i in range(1, len(meant) - 1))
    if len(typed) == len(meant) + 1:
        return any(
            typed[:i] + typed[i + 1 :] == meant and typed[i] == typed[i - 1] for i in range(1, len(typed))
        )
    return False


@cache
def _inflected() -> frozenset[str]:
    """The process words with their usual endings."""
    return frozenset(_inflections(VERBS | NOUNS))


def _inflections(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        yield from (word, f"{word}s", f"{word}er", f"{word}ing", f"{word}ed")
        if word.endswith("e"):
            yield from (f"{word}d", f"{word}r", f"{word[:-1]}ing")
        if word.endswith("y"):
            yield from (f"{word[:-1]}ies", f"{word[:-1]}ied")
