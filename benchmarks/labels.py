"""How many labels `walkthrough map` maps right, maps wrong, and asks for; on labels that no model holds.

    python benchmarks/labels.py [--show]

Labels made by rules from the models' names, and labels written by hand against the matcher
(labels_by_hand.yaml, and labels_by_hand_later.yaml, written when its rules stood). Writes results/labels.md
and prints its tables. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import opencc
import yaml
from shares import wilson
from side_by_side import publish, table

from logs import Vocabulary, propose
from logs.labels import normalise_label
from logs.matching import Matcher
from reference_models import library, load, vocabulary
from reference_models.model import Activity, ReferenceModel

HERE = Path(__file__).parent
SETS = {
    "By rule": None,
    "By hand": HERE / "labels_by_hand.yaml",
    "By hand, later": HERE / "labels_by_hand_later.yaml",
}
"""Where the labels are from; None: `labels` makes them."""
OPPOSITES = (
    *(
        ("开", "停"),
        ("升", "降"),
        ("起", "止"),
        ("收", "发"),
        ("签收", "签发"),
        ("提交", "撤回"),
        ("新建", "拆除"),
    ),
    *(
        ("释放", "占用"),
        ("受理", "办结"),
        ("确认", "登记"),
        ("增", "减"),
        ("启", "停"),
        ("订", "退"),
        ("上", "下"),
    ),
    *(("accept", "reject"), ("open", "close"), ("release", "reserve"), ("received", "reserved")),
    *(
        ("cleared", "created"),
        ("order", "offer"),
        ("approve", "refuse"),
        ("launch", "cancel"),
        ("told", "sold"),
    ),
    *(
        ("issue", "void"),
        ("hand", "take"),
        ("confirm", "conform"),
        ("dispatch", "dispute"),
        ("renew", "remove"),
    ),
)
"""Words for their opposites, or for other words that look alike."""
LABELS_PER_EXPORT, ROWS_PER_LABEL = 100, 12
NONE = "-"
"""What a label means that means no activity of the model."""


@dataclass(frozen=True)
class Answer:
    """What was proposed for a label."""

    activity: str
    """Empty: a person is asked."""
    nearest: tuple[str, ...] = ()
    """Activities that the person is shown."""
    way: str = ""
    confidence: float = 0.0


@dataclass(frozen=True)
class Label:
    """A label as an export might spell it."""

    group: str
    text: str
    meant: str
    """Activity id, or NONE."""
    hidden: str = ""
    """Alias that the matcher may not know."""
    model: str = ""


def labels(model: ReferenceModel, others: Sequence[ReferenceModel]) -> Iterator[Label]:
    """All test labels of a model. None equals a name of the model after folding."""
    units = [role.name for role in model.roles.values()]
    for number, activity in enumerate(model.activities.values()):
        unit = units[number % len(units)]
        zh, en = activity.name.zh, activity.name.en
        for alias in activity.aliases:
            yield Label("renamed: an alias held back", alias, activity.id, alias)
        yield from (
            Label("abbreviated", text, activity.id) for text in (*_short_english(en), *_short_chinese(zh))
        )
        yield from (
            Label("mixed scripts", text, activity.id)
            for text in (
                f"{zh} {en}",
                f"{en}（{zh}）",
                f"{zh}/{en}",
                _traditional(zh),
                _wide(en),
                f"{en} {zh[-2:]}",
            )
        )
        yield from (
            Label("decorated", text, activity.id)
            for text in (
                *(f"{number + 1:02}-{zh}", f"步骤{number + 1}：{zh}", f"{zh}环节", f"已{zh}", f"{zh}完成"),
                *(f"{zh}（{unit.zh}）", f"{unit.zh}-{zh}", f"[{zh}]子流程", f"{unit.en}: {en}"),
                *(f"{number + 1}. {en}", f"STEP {number + 1} {en}", f"{en} - done"),
            )
        )
        yield from (Label("slips of the pen", text, activity.id) for text in (*_slips(en), *_slips(zh)))
        yield from (
            Label("another thing: refused, repeated, withdrawn", text, NONE)
            for text in (
                *(
                    f"取消{zh}",
                    f"{zh}失败",
                    f"{zh}退回",
                    f"未{zh}",
                    f"{zh}超时提醒",
                    f"重新{zh}",
                    f"{zh}复核",
                ),
                *(f"{en} rejected", f"{en} cancelled", f"Not {en.lower()}", f"{en} reminder", f"{en} review"),
            )
        )
        yield from (
            Label("the opposite, or a word that looks alike", text, NONE) for text in _opposites(activity)
        )
        yield from (
            Label("undone or done again: a prefix", f"{prefix}{en[0].lower()}{en[1:]}", NONE)
            for prefix in ("Re", "Un", "Dis", "De", "Pre")
        )
    for other in others:
        for activity in other.activities.values():
            for text in (activity.name.zh, activity.name.en):
                yield Label("another process's step", text, NONE)


def _opposites(activity: Activity) -> Iterator[str]:
    for name in (activity.name.zh, activity.name.en.lower(), *activity.aliases):
        yield from (name.lower().replace(one, other) for one, other in OPPOSITES if one in name.lower())


def by_hand(path: Path, model: ReferenceModel) -> Iterator[Label]:
    """Labels of a model from a file: a sort holds labels with their activity, or a list of those without."""
    for sort, written in yaml.safe_load(path.read_text(encoding="utf-8"))[model.id].items():
        meant = written if isinstance(written, dict) else dict.fromkeys(written, NONE)
        yield from (Label(sort.replace("_", " "), text, activity) for text, activity in meant.items())


def _short_english(name: str) -> Iterator[str]:
    words = name.split()
    yield " ".join(word[:4] for word in words)
    yield ". ".join(word[:3] for word in words) + "."
    yield " ".join(word[0] + "".join(c for c in word[1:] if c not in "aeiou") for word in words)


def _short_chinese(name: str) -> Iterator[str]:
    if len(name) >= 4:
        yield name[0::2]
        yield name[0] + name[2:]


def _slips(name: str) -> Iterator[str]:
    """One character left out, two changed places."""
    if len(name) >= 4:
        middle = len(name) // 2
        yield name[:middle] + name[middle + 1 :]
        yield name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]


def _traditional(name: str) -> str:
    return str(opencc.OpenCC("s2t").convert(name))


def _wide(name: str) -> str:
    """Full-width, upper case."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" for c in name.upper())


def tested(model: ReferenceModel, made: Iterable[Label]) -> list[Label]:
    """Labels whose meaning is beyond doubt, and which only a guess can map.

    A step of another process in the very words of a name here ('Waiting orders told', 'Waiting order told')
    is left out, because whether it means the same can be argued either way.
    """
    own = {
        normalise_label(name): each.id
        for each in model.activities.values()
        for name in (each.id, each.name.zh, each.name.en, *each.aliases)
    }
    letters = set(map(_letters, own))
    found: dict[tuple[str, str], Label] = {}
    for label in made:
        known = own.get(normalise_label(label.text))
        if known is None or (label.hidden and normalise_label(label.text) != normalise_label(label.meant)):
            if any(normalise_label(label.text) == normalise_label(n) for n in _names(model, label)):
                continue
            if label.group == "another process's step" and _letters(label.text) in letters:
                continue
            found.setdefault((label.group, unicodedata.normalize("NFKC", label.text).casefold()), label)
    meant: dict[str, set[str]] = {}
    for label in found.values():
        meant.setdefault(normalise_label(label.text), set()).add(label.meant)
    return [each for each in found.values() if len(meant[normalise_label(each.text)]) == 1]


def _letters(text: str) -> str:
    """What two spellings of the same words share: their characters, but for the plural's s."""
    return "".join(sorted(normalise_label(text).replace("帐", "账").replace("s", ""))).strip()


def _names(model: ReferenceModel, label: Label) -> Iterator[str]:
    """Names that the matcher knows when it sees the label."""
    for each in model.activities.values():
        hidden = label.hidden if each.id == label.meant else ""
        yield from (n for n in (each.id, each.name.zh, each.name.en, *each.aliases) if n != hidden)


def proposed(model: ReferenceModel, asked: Sequence[Label], folder: Path) -> dict[Label, Answer]:
    """What `walkthrough map` proposes, in an export per turn of hidden aliases."""
    answers: dict[Label, Answer] = {}
    turns: dict[int, list[Label]] = {}
    for label in asked:
        aliases = model.activities[label.meant].aliases if label.hidden else ()
        turns.setdefault(aliases.index(label.hidden) + 1 if label.hidden else 0, []).append(label)
    for some in turns.values():
        hidden = {(each.meant, each.hidden) for each in some}
        known = replace(
            vocabulary(model),
            activities=tuple(
                (ident, tuple(name for name in names if (ident, name) not in hidden))
                for ident, names in vocabulary(model).activities
            ),
        )
        for begin in range(0, len(some), LABELS_PER_EXPORT):
            answers |= mapped(some[begin : begin + LABELS_PER_EXPORT], known, folder / "export.csv")
    return answers


def mapped(some: Sequence[Label], known: Vocabulary, path: Path) -> dict[Label, Answer]:
    """Write an export with these labels and have it mapped."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("订单号", "环节", "完成时间"))
        rows = [each for each in some for _ in range(ROWS_PER_LABEL)]
        writer.writerows((f"D{n % 3}", each.text, "2026-03-02 09:00:00") for n, each in enumerate(rows))
    proposal = propose(path, known)
    if proposal.mapping is None:
        raise RuntimeError(f"no mapping: {proposal.questions}")
    matcher = Matcher(known.activities, known.units)
    shown = {each.label: tuple(ident for ident, _ in each.candidates) for each in proposal.unmapped}
    answers = {}
    for each in some:
        activity, match = proposal.mapping.activities.get(each.text, ""), matcher.match(each.text)
        if activity and match:
            answers[each] = Answer(activity, (), match.way, match.confidence)
        else:
            answers[each] = Answer("", shown[each.text])
    return answers


def ways(answers: Mapping[Label, Answer]) -> Counter[tuple[str, str]]:
    """(way, right or wrong) of the labels that were mapped."""
    return Counter((each.way, fate(label, each)) for label, each in answers.items() if each.way)


def fate(label: Label, answer: Answer) -> str:
    """'right', 'wrong', or 'asked' where a person is."""
    if not answer.activity:
        return "asked"
    return "right" if answer.activity == label.meant else "wrong"


def group_rows(answers: Mapping[Label, Answer]) -> list[list[str]]:
    """A line per group of labels."""
    fates = Counter((label.group, fate(label, each)) for label, each in answers.items())
    lines = []
    for group in dict.fromkeys(label.group for label in answers):
        of = sum(fates[group, each] for each in ("right", "wrong", "asked"))
        asked = [
            (label, each)
            for label, each in answers.items()
            if label.group == group and not each.activity and label.meant != NONE
        ]
        first = sum(each.nearest[:1] == (label.meant,) for label, each in asked)
        three = sum(label.meant in each.nearest for label, each in asked)
        shares = [
            f"{fates[group, each]:,} ({fates[group, each] / of:.1%})" for each in ("right", "wrong", "asked")
        ]
        hints = [f"{first:,} / {three:,}" if asked else ""]
        lines.append([group, f"{of:,}", *shares, *hints])
    return lines


def way_rows(sets: Mapping[str, Mapping[Label, Answer]]) -> list[list[str]]:
    """A line per way: the share right that it states, each set's with Wilson's bound, and both by hand."""
    stated = {each.way: each.confidence for some in sets.values() for each in some.values() if each.way}
    rule, *hand = sets.values()
    counted = [ways(rule), *map(ways, hand), sum(map(ways, hand), Counter())]
    lines = []
    for way, confidence in sorted(stated.items(), key=lambda each: (-each[1], each[0])):
        cells = []
        for counts in counted:
            right, of = counts[way, "right"], counts[way, "right"] + counts[way, "wrong"]
            low, _ = wilson(right, of)
            cells.append(f"{right:,} of {of:,}: at least {low:.3f}")
        lines.append([way, f"{confidence:.2f}", *cells])
    return lines


def wrong_rows(sets: Mapping[str, Mapping[Label, Answer]]) -> list[list[str]]:
    """A line per label that was mapped wrong."""
    return [
        [name, label.group, label.model, label.text, label.meant, answer.activity, answer.way]
        for name, answers in sets.items()
        for label, answer in answers.items()
        if fate(label, answer) == "wrong"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--show", action="store_true", help="print every label that was not mapped right")
    show = parser.parse_args().show
    models = [load(each) for each in library()]
    sets: dict[str, dict[Label, Answer]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in SETS.items():
            sets[name] = {}
            for model in models:
                others = [each for each in models if each.id != model.id]
                made = by_hand(path, model) if path else labels(model, others)
                answers = proposed(model, tested(model, made), Path(folder))
                sets[name].update({replace(label, model=model.id): each for label, each in answers.items()})
    for label, answer in (pair for some in sets.values() for pair in some.items()) if show else ():
        if fate(label, answer) == "wrong" or (fate(label, answer) == "asked" and label.meant != NONE):
            line = (fate(label, answer), label.model, label.group, label.text, label.meant, str(answer))
            sys.stdout.write(" | ".join(line) + "\n")
    head = ["labels", "number", "right", "wrong", "asked", "asked: right one nearest / among three"]
    wrong = ["set", "labels", "model", "label", "means", "mapped to", "way"]
    parts = [
        *(part for name, some in sets.items() for part in (f"## {name}", table(head, group_rows(some)))),
        "## Ways: right among those mapped",
        table(["way", "confidence stated", *map(str.lower, sets), "by hand, both"], way_rows(sets)),
        "## Mapped wrong",
        table(wrong, wrong_rows(sets)),
    ]
    notes = [
        f"{len(models)} models of the library; every label goes through `walkthrough map`'s proposal. A label"
        " that means no activity of the model is rightly asked for. Renamed by rule: one alias at a time is"
        " taken from the model and comes as a label. By hand: written by one writer who knew the matcher's"
        " ways: the first set while they were made (the five labels mapped wrong then led to narrower rules),"
        " the later one when they stood. At least: Wilson's lower bound, 95 %.",
    ]
    publish("labels", "Labels mapped right, mapped wrong, and asked for", notes, "\n\n".join(parts))


if __name__ == "__main__":
    main()
