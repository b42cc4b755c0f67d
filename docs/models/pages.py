"""Writes a page and a picture per reference model of the library, in both languages: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from model_picture import picture

from reference_models import ReferenceModel, library, load
from reference_models.model import Authority, Deadline
from reference_models.pool_grid import whole
from reports.catalogue import LANGUAGES, catalogue
from reports.formats import Formats
from reports.view.criteria import (
    PARTS,
    CriterionLine,
    cell_in_words,
    counts_in_words,
    criterion_lines,
    planned_over,
)
from reports.view.names import Names
from reports.view.texts import clock_in_words

_LIBRARY = "../../reference_models/library"
_OTHER = {"zh": "en", "en": "zh"}
_WORDS = {
    "zh": {
        "other": "English",
        "all": "全部模型",
        "force": "版本 {version}，自 {day} 起生效。",
        "standing": "虚线框的环节为假定。",
        "sources": "依据",
        "roles": "角色",
        "steps": "环节",
        "beside": "流程之外的记录",
        "handoffs": "交接",
        "messages": "消息",
        "pools": "灰框的环节为另一方所做，只作图示。",
        "deadlines": "时限",
        "rules": "规则",
        "attributes": "属性",
        "examples": "示例日志",
        "files": "模型文件",
        "name": "名称",
        "units": "单位",
        "role": "角色",
        "aliases": "导出中的写法",
        "rests": "依据",
        "why": "理由",
        "from": "移交",
        "to": "接收",
        "limit": "时限",
        "row": "适用",
        "check": "检查",
        "criterion": "准则",
        "values": "取值",
        "none": "未给出",
        "nothing": "无。",
        "planned": "每月计划",
        "conforming": "符合",
        "violating": "违反",
    },
    "en": {
        "other": "中文",
        "all": "all models",
        "force": "Version {version}, in force from {day}.",
        "standing": "Steps with a dashed border are assumed.",
        "sources": "Sources",
        "roles": "Roles",
        "steps": "Steps",
        "beside": "Recorded beside the flow",
        "handoffs": "Handoffs",
        "messages": "Messages",
        "pools": "Grey ones are another party's, drawn only.",
        "deadlines": "Deadlines",
        "rules": "Rules",
        "attributes": "Attributes",
        "examples": "Example logs",
        "files": "Files",
        "name": "name",
        "units": "units",
        "role": "role",
        "aliases": "exports also say",
        "rests": "standing",
        "why": "why",
        "from": "from",
        "to": "to",
        "limit": "limit",
        "row": "for",
        "check": "check",
        "criterion": "criterion",
        "values": "values",
        "none": "none given",
        "nothing": "None.",
        "planned": "planned a month",
        "conforming": "conforming",
        "violating": "violating",
    },
}


def pages() -> dict[str, str]:
    """File name → text: a page and a picture per model and language, and README.md that lists them."""
    models = sorted(map(load, library()), key=lambda each: (len(each.process), each.process, each.id))
    texts = {"README.md": _index(models)}
    for model in models:
        for lang in LANGUAGES:
            page = _Page(model, lang)
            texts[page.file] = page.text()
            texts[f"{model.id}.{lang}.svg"] = picture(model, page.names)
    return texts


def write() -> None:
    """Write the pages, and remove those whose model is gone."""
    texts = pages()
    for path in (*FOLDER.glob("*.md"), *FOLDER.glob("*.svg")):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _file(model: ReferenceModel, lang: str) -> str:
    return f"{model.id}.md" if lang == "en" else f"{model.id}.{lang}.md"


def _index(models: Sequence[ReferenceModel]) -> str:
    rows = [
        (
            each.process,
            f"[{each.title.en}]({_file(each, 'en')})",
            f"[{each.title.zh}]({_file(each, 'zh')})",
            f"`{each.id}`",
            ", ".join(source for source, _ in each.sources),
        )
        for each in models
    ]
    lines = [
        "# Reference models 参考模型",
        "",
        "What should happen, per process: roles and their units, handoffs, deadlines, rules, and what",
        "each of them rests on. *Sourced*: a document says so. *Inferred*: the documents imply it.",
        "*Assumed*: ours, so that the process can be run; please confirm. Where no source gives a deadline",
        "or a limit of a handoff there is none, and the report says 'not determinable'. `make docs` writes",
        "these pages.",
        "",
        "每个流程应当如何进行：角色与单位、交接、时限、规则，以及各自的依据。*有据*：文献写明；*推断*：文献所隐含；",
        "*假定*：为使流程可运行而设，请确认。来源未给出办理或交接时限之处没有时限，报告写作“无法判定”。",
        "",
        *_table(("process", "model", "模型", "id", "sources 依据"), rows),
        "",
    ]
    return "\n".join(lines)


class _Page:
    """One model in one language."""

    def __init__(self, model: ReferenceModel, lang: str) -> None:
        self.model, self.lang, self.words = model, lang, _WORDS[lang]
        t = catalogue(lang)
        self.names = Names(model, t, Formats(t, "Asia/Shanghai"))
        self.file = _file(model, lang)
        self.lines = criterion_lines(model, self.names)

    def text(self) -> str:
        """The whole page."""
        model, words = self.model, self.words
        title = model.title.get(self.lang)
        parts = {
            "sources": [f"- {source}: {text.get(self.lang)}" for source, text in model.sources],
            "roles": self._roles(),
            "steps": self._steps(),
            "beside": self._beside(),
            "handoffs": self._handoffs(),
            **({"messages": self._messages()} if self.model.diagram.messages else {}),
            "deadlines": self._deadlines(),
            "rules": self._rules(),
            "attributes": self._attributes(),
            "examples": self._examples(),
        }
        lines = [
            f"# {title} ({model.process})",
            "",
            f"[{words['other']}]({_file(model, _OTHER[self.lang])}) · [{words['all']}](README.md) ·"
            f" [`{model.id}`]({_LIBRARY}/{model.id})",
            "",
            words["force"].format(version=model.version, day=model.in_force_from.isoformat()),
            self._counts(),
            "",
            f"![{title}]({model.id}.{self.lang}.svg)",
            "",
        ]
        for part, told in parts.items():
            lines += [f"## {words[part]}", "", *(told or [words["nothing"]]), ""]
        return "\n".join(lines)

    def _counts(self) -> str:
        counts = counts_in_words(self.lines, self.names)
        more = [self.words["pools"]] if self.model.diagram.pools else []
        return ("" if self.lang == "zh" else " ").join([counts, self.words["standing"], *more])

    def _rests(self, authority: Authority | None) -> tuple[str, str]:
        """(standing and source, reason)."""
        if authority is None:
            return "", ""
        source = f" ({authority.source})" if authority.source else ""
        reason = authority.reason.get(self.lang) if authority.reason else ""
        return f"{self.names.t(f'standing.{authority.standing}')}{source}", reason

    def _roles(self) -> list[str]:
        rows = [
            (self.names.role(each.id), self._list(each.units), *self._rests(each.authority))
            for each in self.model.roles.values()
        ]
        return self._named_table(("name", "units", "rests", "why"), rows)

    def _steps(self) -> list[str]:
        rows = [
            (
                each.name.get(self.lang),
                self.names.role(each.role),
                self._list(each.aliases),
                *self._rests(each.authority),
            )
            for each in self.model.activities.values()
            if each.in_flow
        ]
        return self._named_table(("name", "role", "aliases", "rests", "why"), rows)

    def _beside(self) -> list[str]:
        rows = [
            (each.name.get(self.lang), self._list(each.aliases), *self._rests(each.authority))
            for each in self.model.activities.values()
            if not each.in_flow
        ]
        return self._named_table(("name", "aliases", "rests", "why"), rows)

    def _handoffs(self) -> list[str]:
        rows = []
        for each in self.model.handoffs:
            ends = [
                f"{self.names.activity(activity)} ({self.names.role(role)})"
                for activity, role in ((each.sender, each.sender_role), (each.receiver, each.receiver_role))
            ]
            limit = self.names.formats.measure(each.limit.value, each.limit.unit) if each.limit else ""
            rows.append((*ends, limit or self.words["none"], *self._rests(each.authority)))
        limits = [each for each in self._of("handoffs") if each.key.endswith(".limit")]
        return [
            *self._named_table(("from", "to", "limit", "rests", "why"), rows),
            *([""] if limits else []),
            *map(self._item, limits),
        ]

    def _messages(self) -> list[str]:
        """What the pools send each other."""
        diagram = self.model.diagram
        names = {each.id: self.names.element(each.id, each.name) for each in diagram.pools}
        pool_of = {node.id: names[each.id] for each in diagram.pools for node in each.nodes}
        drawn = {node.id: node.name for node in whole(diagram).nodes}
        rows = [
            [f"{self.names.element(end, drawn[end])} ({pool_of[end]})" for end in (each.source, each.target)]
            for each in diagram.messages
        ]
        return self._named_table(("from", "to"), rows)

    def _deadlines(self) -> list[str]:
        lines: list[str] = []
        for clock in self.model.deadlines:
            lines += [f"### {clock.name.get(self.lang)}", "", *self._clock(clock), ""]
            lines += [*_table(*self._limits(clock)), "", *self._beside_limits(clock)]
        return lines[:-1]

    def _clock(self, clock: Deadline) -> list[str]:
        """What the clock counts and on what that rests; pauses and warning."""
        said = [each for each in self._of("deadlines") if each.key == f"deadlines.{clock.id}"]
        rests, reason = self._rests(clock.authority)
        more = [
            each
            for each in self._of("deadlines")
            if each.key.startswith(
                tuple(f"deadlines.{clock.id}.{part}" for part in ("pauses.", "warning", "promises."))
            )
        ]
        sentences = [each.says for each in said] or [clock_in_words(clock, self.names)]
        return [*sentences, f"{rests}: {reason}".strip(" :"), "", *map(self._item, more)]

    def _limits(self, clock: Deadline) -> tuple[list[str], list[tuple[str, ...]]]:
        """The head and the rows of the table of limits."""
        classes = list(dict.fromkeys(name for row in clock.rows for name in row.cells))
        planned = any(row.planned_per_month for row in clock.rows)
        more = [self.words["planned"]] if planned else []
        heads = [self.words["row"], *classes, *more, self.words["rests"], self.words["why"]]
        rows = []
        for row in clock.rows:
            limits = [
                cell_in_words(row.cells[name], clock.unit, self.names) if name in row.cells else ""
                for name in classes
            ]
            figures = self._list(f"{key} {number:g}" for key, number in row.planned_per_month.items())
            over = [f"{figures}{planned_over(row, clock.rows, self.names)}"] if planned else []
            rows.append((row.name.get(self.lang), *limits, *over, *self._rests(row.authority)))
        return heads, rows

    def _beside_limits(self, clock: Deadline) -> list[str]:
        """Cells that rest on something else than their row."""
        at = f"deadlines.{clock.id}.rows."
        cells = [each for each in self._of("deadlines") if each.key.startswith(at) and ".limits." in each.key]
        return [*map(self._item, cells), ""] if cells else []

    def _item(self, line: CriterionLine) -> str:
        rests, reason = self._rests(line.authority)
        colon = "：" if self.lang == "zh" else ": "
        return f"- {line.name}{colon}{line.says} *{rests}*{f'{colon}{reason}' if reason else ''}"

    def _of(self, part: str) -> list[CriterionLine]:
        return [each for each in self.lines if each.key.partition(".")[0] in PARTS[part]]

    def _rules(self) -> list[str]:
        rows = [
            (each.name, f"`{each.check}`" if each.check else "", each.says, *self._rests(each.authority))
            for part in ("rules", "duplicates", "lost", "planned")
            for each in self._of(part)
        ]
        return self._named_table(("name", "check", "criterion", "rests", "why"), rows)

    def _attributes(self) -> list[str]:
        rows = [
            (
                f"{each.name.get(self.lang)} (`{each.id}`)",
                self._list(each.aliases),
                "; ".join(f"{key}: {self._list(own)}" for key, own in each.values.items()),
            )
            for each in self.model.attributes.values()
        ]
        return self._named_table(("name", "aliases", "values"), rows)

    def _examples(self) -> list[str]:
        folder = FOLDER / _LIBRARY / self.model.id
        return [
            f"- {self.words[kind]}: "
            + ", ".join(
                f"[{path.stem}]({_LIBRARY}/{self.model.id}/{kind}/{path.name})"
                for path in sorted((folder / kind).glob("*.csv"))
            )
            for kind in ("conforming", "violating")
        ]

    def _list(self, names: Iterable[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(names)

    def _named_table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
        return _table([self.words[head] for head in heads], rows) if rows else []


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return list(_table_lines(heads, rows))


def _table_lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    write()
