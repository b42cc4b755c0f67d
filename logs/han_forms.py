"""Chinese names of two-character words: the same words turned, a character for each word, slips of the pen.

One character in the place of another is another word ('签收', '签发'), and so is a name without one of its
words ('离网登记' is no '离网原因登记'): neither is taken for a slip or an abbreviation.
"""

from __future__ import annotations

from logs.process_words import DESCRIBING_ZH, OBJECTS_ZH, VERBS_ZH

_WORDS = VERBS_ZH | OBJECTS_ZH


def pairs(name: str) -> tuple[str, ...]:
    """The words of a name, if it is made of words of two characters (an even number of characters)."""
    return tuple(name[i : i + 2] for i in range(0, len(name), 2)) if len(name) % 2 == 0 else ()


def turned(label: str, name: str) -> bool:
    """Verb and object have changed places: '受理订单' and '订单受理'. '确认客户' is not '客户确认'."""
    words = pairs(name)
    if len(words) != 2 or pairs(label) != words[::-1]:
        return False
    return any(one in VERBS_ZH - DESCRIBING_ZH and other in OBJECTS_ZH for one, other in (words, words[::-1]))


def abbreviates(label: str, name: str, known: frozenset[str]) -> bool:
    """Of some words only the first character is left, and no other known word or usual verb begins so."""
    words = pairs(name)
    if len(words) < 2 or not len(words) <= len(label) < len(name) or label in _WORDS:
        return False
    rest = label
    for word in words:
        if rest.startswith(word):
            rest = rest[2:]
        elif rest.startswith(word[0]) and not any(
            each[0] == word[0] and each != word for each in known | VERBS_ZH
        ):
            rest = rest[1:]
        else:
            return False
    return not rest


def slipped(label: str, name: str) -> bool:
    """A character typed twice, or the last of a word and the first of the next changed places."""
    if len(label) == len(name) + 1:
        return any(
            label[:i] + label[i + 1 :] == name and label[i] == label[i - 1] for i in range(1, len(label))
        )
    words = pairs(name)
    if len(words) < 2 or len(label) != len(name) or _WORDS & set(pairs(label)) - set(words):
        return False
    return any(
        label == name[: i - 1] + name[i] + name[i - 1] + name[i + 1 :] != name for i in range(2, len(name), 2)
    )
