"""Hostile values in every free text, through a whole audit: in the reports they are text and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from damage_of_files import HOSTILE, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

import walkthrough
from logs import Mapping, propose, worksheet
from logs.vocabulary import Vocabulary
from mining import examples
from reference_models import load
from reports import Pseudonyms, write_html, write_json

MODEL = Path(examples.__path__[0])
STEPS = ("受理", "定方案", "采购要求", "施工", "测试", "验收")
PLANTED = (
    "<xplant onplant='1'>",
    '"><xplant onplant=1>',
    "' onplant='1' x='",
    '" onplant="1" x="',
    "</script><xplant></xplant><script>plant()</script>",
    "</style><xplant>",
    "</title><xplant>",
    "</textarea></template><xplant>",
    "--><xplant><!--",
    "]]><xplant>",
    "<svg onload=plant()><xplant/></svg>",
    "&lt;xplant onplant=1&gt;",
    "&#60;xplant&#62;",
    "<XPLANT/ONPLANT=1>",
    "\u3008xplant\u3009＜xplant＞",
    "<\x00xplant>",
    "{{ '<xplant>' | safe }}",
    "javascript:plant()",
)
"""Each would leave an element <xplant> or an attribute 'onplant' where it is not escaped."""
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
some = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def export(folder: Path, values: Sequence[str], name: str) -> Path:
    """An export with these values as case, activity, resource, role and attributes, among ordinary cases."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow(["case", "activity", "time", "resource", "role", "grade", "item", "amount", "note"])
    for number in range(4):
        for step, activity in enumerate(STEPS):
            writer.writerow(
                [
                    f"ok{number}",
                    activity,
                    f"2026-03-0{step + 1} 1{number}:00",
                    "张三",
                    "客户经理",
                    "A",
                    "x",
                    "5",
                    "",
                ]
            )
    for number, value in enumerate(values):
        plain = value.replace("\x00", "")  # a row with a zero byte is rejected, which another test shows
        for step, activity in enumerate((*STEPS[:3], plain, STEPS[2])):
            writer.writerow(
                [
                    f"{number}{plain}",
                    activity,
                    f"2026-03-0{step + 1} 10:0{number % 10}",
                    plain,
                    plain,
                    plain,
                    plain,
                    "7",
                    plain,
                ]
            )
    writer.writerow(["bad", "受理", values[0], "", "", "", "", "", ""])
    path = folder / name
    path.write_bytes(target.getvalue().encode("utf-8", "replace"))
    return path


def hostile_model(folder: Path, values: Sequence[str]) -> Path:
    """The example model with hostile titles, names, sources and reasons."""
    folder.mkdir(exist_ok=True)
    contract: Any = yaml.safe_load((MODEL / "contract.yaml").read_text(encoding="utf-8"))
    legal = [value for value in values if _in_yaml(value)]
    taken = iter(legal * 20)

    def spoil(value: Any) -> None:
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if isinstance(each, dict) and set(each) == {"zh", "en"}:
                each["en"] = f"{each['en']} {next(taken)}"
            spoil(each)

    spoil(contract)
    contract["in_force_from"] = "2024-01-01"
    contract["title"] = {"zh": f"标题{legal[0]}", "en": f"Title {legal[1 % len(legal)]}"}
    (folder / "contract.yaml").write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    (folder / "process.bpmn").write_bytes((MODEL / "process.bpmn").read_bytes())
    return folder


def _in_yaml(value: str) -> bool:
    return bool(value.strip()) and yaml.safe_load(yaml.safe_dump(value)) == value and "\x00" not in value


MAPPING = Mapping(
    case="case",
    activity="activity",
    time="time",
    resource="resource",
    role="role",
    attributes={"grade": "grade", "item": "item", "amount": "amount", "note": "note"},
    window={"selection": "<xplant onplant=1> \u202e everything"},  # type: ignore[arg-type]  # validated into a window
)


def harmless(page: bytes) -> None:
    """No planted element, attribute or script; nothing unseen in it; nothing from outside."""
    written = page.decode("utf-8")
    root = html.document_fromstring(written)
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        assert "xplant" not in element.tag.lower()
        for attribute, value in element.attrib.items():
            assert "onplant" not in attribute.lower()
            assert not attribute.lower().startswith("on"), (element.tag, attribute)
            assert not re.match(r"\s*(javascript|data:text)", value, re.IGNORECASE), value[:80]
            if attribute in ("href", "src", "action"):
                assert value.startswith(("#", "data:")) or not re.match(r"[a-z]+:|//", value), value[:80]
    for script in root.iter("script"):
        assert "plant()" not in (script.text or "") or script.get("type") == "application/json"
    found = UNSEEN.search(written)
    assert found is None, (
        found.group().encode("unicode_escape"),
        written[found.start() - 80 : found.start()],
    )


def audited(folder: Path, values: Sequence[str], name: str, mapping: Mapping = MAPPING) -> None:
    """Write every output into a folder below; nothing appears elsewhere, and each is what it claims."""
    source = export(folder, values, name)
    model = load(hostile_model(folder / "model", values))
    out = folder / "out"
    out.mkdir(exist_ok=True)
    before = {path for path in folder.rglob("*") if out not in path.parents}
    audit = walkthrough.audit(source, model, mapping=mapping, as_of="2026-04-01")
    people = Pseudonyms(bytes(32))
    for lang in ("zh", "en"):
        harmless(write_html(audit, out / f"audit.{lang}.html", lang=lang, people=people).read_bytes())
    document = json.loads(write_json(audit, out / "audit.json", people=people).read_bytes())
    assert document["rows"]["read"] == document["rows"]["used"] + sum(
        e["rows"] for e in document["rows"]["excluded"]
    )
    assert before == {path for path in folder.rglob("*") if out not in path.parents}
    assert {path.name for path in out.iterdir()} == {"audit.zh.html", "audit.en.html", "audit.json"}


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    audited(tmp_path, (*PLANTED, *HOSTILE), "<xplant onplant=1>&'\u202e=1+1.csv")


@settings(some, max_examples=1)
@given(values=st.lists(text.filter(str.strip), min_size=2, max_size=6))
def test_any_texts_stay_text(tmp_path: Path, values: list[str]) -> None:
    audited(tmp_path, [each.encode("utf-8", "replace").decode() for each in values], "log.csv")


WORDS = (
    "closed",
    "variant",
    "verdict",
    "rule_id",
    "events_",
    "n",
    "first_us_",
    "began_before",
    "unknown_events",
    "case",
    "time",
    "x y",
    "select",
    "label",
    "ordinal",
    "duration",
    "rows",
    "cases",
    "value",
    "count",
)


def test_attributes_may_be_called_as_our_own_columns(tmp_path: Path) -> None:
    attributes = {**MAPPING.attributes, **dict.fromkeys(WORDS, "note")}
    audited(tmp_path, ["a", "b"], "log.csv", MAPPING.model_copy(update={"attributes": attributes}))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_labels_that_look_like_formulas_are_none_in_the_worksheet(tmp_path: Path, suffix: str) -> None:
    values = [each for each in (*HOSTILE, *PLANTED) if each.strip() and "\x00" not in each]
    log = export(tmp_path, values, "log.csv")
    proposal = propose(log, Vocabulary(activities=(("take_order", ("受理",)),)))
    target = tmp_path / f"labels{suffix}"
    worksheet(proposal, target)
    if suffix == ".csv":
        cells = [
            cell
            for row in csv.reader(io.StringIO(target.read_text(encoding="utf-8-sig"), newline=""))
            for cell in row
        ]
        assert len(cells) > len(HOSTILE)
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
        return
    sheet = openpyxl.load_workbook(target).worksheets[0]
    labels = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert len(labels) > len(HOSTILE) // 2
    assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
