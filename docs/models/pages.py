"""Writes a page and a picture per reference model of the library, in both languages: `make docs`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from model_criteria import criteria
from model_picture import picture

from reference_models import ReferenceModel, library, load
from reference_models.model import Authority, Deadline, Pause, Standing
from reports.catalogue import LANGUAGES, catalogue
from reports.formats import Formats
from reports.view.names import Names

_LIBRARY = "../../reference_models/library"
_OTHER = {"zh": "en", "en": "zh"}
_WORDS = {
    "zh": {
        "other": "English",
        "all": "全部模型",
        "force": "版本 {version}，自 {day} 起生效。",
        "standing": "在 {n} 项陈述中：{counts}。虚线框的环节为假定。",
        "sources": "依据",
        "roles": "角色",
        "steps": "环节",
        "beside": "流程之外的记录",
        "handoffs": "交接",
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
        "clock": "从“{start}”到“{stop}”，{unit}（{calendar}）。",
        "target": "目标及时率 {share}。",
        "pause": "“{start}”至“{end}”之间暂停（{reason}）。",
        "doubt": "{limit}（或 {other}，存疑）",
        "nothing": "无。",
        "conforming": "符合",
        "violating": "违反",
        "working_days": "按工作日计",
        "days": "按自然日计",
        "hours": "按小时计",
    },
    "en": {
        "other": "中文",
        "all": "all models",
        "force": "Version {version}, in force from {day}.",
        "standing": "Of {n} statements: {counts}. Steps with a dashed border are assumed.",
        "sources": "Sources",
        "roles": "Roles",
        "steps": "Steps",
        "beside": "Recorded beside the flow",
        "handoffs": "Handoffs",
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
        "clock": "From “{start}” to “{stop}”, {unit} ({calendar}).",
        "target": "Target {share}.",
        "pause": "Paused from “{start}” to “{end}” ({reason}).",
        "doubt": "{limit} (or {other}, in doubt)",
        "nothing": "None.",
        "conforming": "conforming",
        "violating": "violating",
        "working_days": "in working days",
        "days": "in calendar days",
        "hours": "in hours",
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
        "*Assumed*: ours, so that the process can be run; please confirm. Where no source gives a limit",
        "there is none, and the report says 'not determinable'. `make docs` writes these pages.",
        "",
        "每个流程应当如何进行：角色与单位、交接、时限、规则，以及各自的依据。*有据*：文献写明；*推断*：文献所隐含；",
        "*假定*：为使流程可运行而设，请确认。来源未给出时限之处没有时限，报告写作“无法判定”。",
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
        model = self.model
        stated = [each.authority for each in model.roles.values()]
        stated += [each.authority for each in model.activities.values()]
        stated += [row.authority for clock in model.deadlines for row in clock.rows]
        stated += [who for _, _, who in criteria(model, self.names) if who is not None]
        stated += [clock.authority for clock in model.deadlines]
        found = Counter(each.standing for each in stated)
        separator = "，" if self.lang == "zh" else ", "
        counts = separator.join(f"{self._standing(each)} {found[each]}" for each in Standing if found[each])
        return self.words["standing"].format(n=len(stated), counts=counts)

    def _standing(self, standing: Standing) -> str:
        return self.names.t(f"standing.{standing}")

    def _rests(self, authority: Authority | None) -> tuple[str, str]:
        """(standing and source, reason)."""
        if authority is None:
            return "", ""
        source = f" ({authority.source})" if authority.source else ""
        reason = authority.reason.get(self.lang) if authority.reason else ""
        return f"{self._standing(authority.standing)}{source}", reason

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
            rows.append((*ends, limit or self.words["none"], self._rests(each.authority)[0]))
        return self._named_table(("from", "to", "limit", "rests"), rows)

    def _deadlines(self) -> list[str]:
        lines: list[str] = []
        for clock in self.model.deadlines:
            rests, reason = self._rests(clock.authority)
            said = [self._clock(clock), *map(self._pause, clock.pauses), f"{rests}: {reason}".strip(" :")]
            lines += [f"### {clock.name.get(self.lang)}", "", *said, ""]
            classes = list(dict.fromkeys(name for row in clock.rows for name in row.cells))
            heads = (self.words["row"], *classes, self.words["rests"], self.words["why"])
            rows = [
                (
                    row.name.get(self.lang),
                    *(self._cell(clock, row.cells.get(name)) for name in classes),
                    *self._rests(row.authority),
                )
                for row in clock.rows
            ]
            lines += [*_table(heads, rows), ""]
        return lines[:-1]

    def _clock(self, clock: Deadline) -> str:
        text = self.words["clock"].format(
            start=self.names.activity(clock.start),
            stop=self.names.activity(clock.stop),
            unit=self.words[clock.unit],
            calendar=self.names.t.or_else(f"calendar.{clock.calendar}", clock.calendar),
        )
        if clock.target is None:
            return text
        return f"{text} {self.words['target'].format(share=self.names.formats.percent(clock.target))}"

    def _pause(self, pause: Pause) -> str:
        return self.words["pause"].format(
            start=self.names.activity(pause.start),
            end=self.names.activity(pause.end),
            reason=pause.reason.get(self.lang),
        )

    def _cell(self, clock: Deadline, cell: object) -> str:
        limit, other = getattr(cell, "limit", None), getattr(cell, "doubtful_from", None)
        if limit is None:
            return self.words["none"]
        shown = self.names.formats.measure(limit, clock.unit)
        if other is None:
            return shown
        return self.words["doubt"].format(limit=shown, other=self.names.formats.measure(other, clock.unit))

    def _rules(self) -> list[str]:
        rows = [
            (f"`{check}`", criterion, *self._rests(who))
            for check, criterion, who in criteria(self.model, self.names)
        ]
        return self._named_table(("check", "criterion", "rests", "why"), rows)

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
