"""`walkthrough audit --sources`: the README's two systems, from the command line to the reports."""

from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from command_line import Command

import walkthrough
from reports import json_schema

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
STATIONS = "工单,环节,时间,故障单\n"


def shown(word):
    """The README's YAML block that holds a word."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", README, re.S | re.M)
    return next(each for each in blocks if word in each)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The README's files, the lost and the late ticket: tickets of a simulation, stations that miss some."""
    folder = tmp_path_factory.mktemp("two")
    assert Command(folder)("simulate", "fault-handling", "--out", folder, "--cases", "100").code == 0
    rows = list(csv.DictReader((folder / "tickets.csv").read_text(encoding="utf-8-sig").splitlines()))
    sent: dict[str, datetime] = {}
    for row in rows:
        if row["环节"] in ("派单", "故障派单", "调度派单"):
            when = datetime.fromisoformat(row["完成时间"])
            sent[row["故障单号"]] = min(when, sent.get(row["故障单号"], when))
    numbers = sorted(sent, key=lambda each: (sent[each], each))
    lost, late = numbers[10], numbers[20]
    lines = [f"W0,调度,{sent[numbers[0]] - timedelta(days=1):%Y-%m-%d %H:%M:%S},\n"]
    for at, number in enumerate(numbers):
        when = sent[number] + timedelta(minutes=30 if number != late else 300)
        if number != lost:
            lines.append(f"W{at},工位建单,{when:%Y-%m-%d %H:%M:%S},{number.replace('GZ', '').lstrip('0')}\n")
    lines.append("W999,工位建单,2026-01-05 10:00:00,777777\n")
    (folder / "stations-1.csv").write_text(STATIONS + "".join(lines), encoding="utf-8")
    (folder / "tickets.yaml").write_text(
        "case: 故障单号\nactivity: 环节\ntime: 完成时间\nstart: 开始时间\nrole: 处理部门\nresource: 处理人\n"
        "attributes: {service_class: 服务等级, fault_type: 故障类型, cause: 故障原因}\n",
        encoding="utf-8",
    )
    (folder / "stations.yaml").write_text(
        "case: 工单\nactivity: 环节\ntime: 时间\nattributes: {ticket_no: 故障单}\nactivities: {调度: '-'}\n",
        encoding="utf-8",
    )
    sources = shown("sources:").replace(
        "normalise: [leading_zeros]", "normalise: [leading_zeros], prefixes: [GZ]"
    )
    (folder / "sources.yaml").write_text(sources, encoding="utf-8")
    contract = shown("reconciliation:") + "    prefixes: [GZ]\n"
    (folder / "ours.yaml").write_text(contract, encoding="utf-8")
    return folder, lost, late


@pytest.fixture
def two(run, made):
    """A command line in a folder with a copy of these files."""
    folder, run.lost, run.late = made
    shutil.copytree(folder, run.folder, dirs_exist_ok=True)
    return run


def audit(run, *more):
    return run(
        "audit", "--sources", "sources.yaml", "--model", "fault-handling", "--override", "ours.yaml",
        "--show-persons", *more,
    )  # fmt: skip


def alone(run):
    """Stations stand beside the tickets: nothing is joined."""
    text = Path("sources.yaml").read_text(encoding="utf-8")
    Path("sources.yaml").write_text(re.sub(r"\n    joins:.*", "", text), encoding="utf-8")
    return run


def test_two_systems_from_the_command_line_to_the_reports(two):
    ran = audit(two, "--lang", "zh", "--lang", "en", "--out", "out")
    assert ran.code == 1, ran.err
    ran.speaks_plainly()
    assert "stations (joined)" in ran.out
    document = json.loads(Path("out/audit.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json_schema())
    found = {
        (each["rule_id"], each["case_id"]) for each in document["occurrences"]
        if each["verdict"] == "violated" and "dispatches_arrive" in each["rule_id"]
    }  # fmt: skip
    assert found == {
        ("lost.vanished:dispatches_arrive", two.lost),
        ("lost.recorded_late:dispatches_arrive", two.late),
        ("lost.orphan:dispatches_arrive", "W999"),
    }
    assert [each["part"] for each in document["systems"]] == ["cases", "joined"]
    assert {each["source"] for each in document["input"]["files"]} == {"tickets", "stations"}
    assert sum(each["rows"]["read"] for each in document["systems"]) == document["rows"]["read"]
    assert [(each["kind"], each["doubt"]) for each in document["links"]] == [
        ("join", ""),
        ("reconciliation", ""),
    ]
    (orphan,) = [
        each for each in document["occurrences"] if each["case_id"] == "W999" and "orphan" in each["rule_id"]
    ]
    (place,) = orphan["sources"]
    assert document["input"]["files"][place["file"]]["name"].endswith("stations-1.csv")
    lines = Path("stations-1.csv").read_text(encoding="utf-8").splitlines()
    assert lines[place["row"] - 1].startswith("W999,")
    for language, words in {
        "zh": ("各系统", "工位系统 (stations)", "系统间消失：派单到达工位系统", "工位系统：W999", "按声明"),
        "en": ("Systems", "Station system (stations)", "Vanished between", "Station system: W999", "777777",
               "as declared"),
    }.items():  # fmt: skip
        page = Path(f"out/report.{language}.html").read_text(encoding="utf-8")
        for word in words:
            assert word in page, word
        assert f"{Path('stations-1.csv').name}:{place['row']}" in page


def test_without_the_declaration_nothing_is_lost_and_the_report_says_what_to_declare(two):
    alone(two)
    Path("ours.yaml").write_text(shown("reconciliation:").replace("normalise: [leading_zeros]", ""), "utf-8")
    ran = audit(two, "--format", "json", "--out", "out", "--lang", "en")
    told = json.loads(ran.out)
    assert [(each["matched"], each["doubt"]) for each in told["keys"]] == [(0, "key_spelling")]
    counts = told["findings"]["lost.vanished:dispatches_arrive"]
    assert counts["violated"] == 0
    assert counts["not_determinable"] > 20
    page = Path("out/report.en.html").read_text(encoding="utf-8")
    assert "normalise: [leading_zeros], prefixes: [&#39;GZ&#39;]" in page
    assert "prefixes: ['GZ']" in audit(two, "--out", "out").out


def test_a_join_that_needs_a_declaration_is_refused_with_it(two):
    text = Path("sources.yaml").read_text(encoding="utf-8")
    Path("sources.yaml").write_text(text.replace(", prefixes: [GZ]", ""), encoding="utf-8")
    audit(two).refused("sources.yaml:", "would if they were written alike", "prefixes: ['GZ']")


def test_a_source_that_the_contract_calls_otherwise_is_refused(two):
    text = Path("sources.yaml").read_text(encoding="utf-8")
    Path("sources.yaml").write_text(text.replace("  stations:", "  station:"), encoding="utf-8")
    audit(two).refused("sources.yaml:3", "no system 'station'", "did you mean 'stations'?")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "system: stations, activity",
            "system: station, activity",
            ("ours.yaml", "no system 'station'", "stations"),
        ),
        ("activity: station_order, key", "activity: station_orders, key", ("no activity 'station_orders'",)),
        ("key: ticket_no", "key: ticket_nr", ("no attribute 'ticket_nr'", "ticket_no")),
        ("system: stations, activity", "system: tickets, activity", ("with itself", "matches")),
        ("normalise: [leading_zeros]", "normalise: [zeros]", ("leading_zeros",)),
        ("within: {hours: 1}", "within: {minutes: 1}", ("unknown key 'minutes'",)),
    ],
)
def test_mistakes_in_the_contract_are_told_with_their_place(run, old, new, parts):
    contract = shown("reconciliation:")
    assert old in contract
    Path("ours.yaml").write_text(contract.replace(old, new), encoding="utf-8")
    Path("sources.yaml").write_text(shown("sources:"), encoding="utf-8")
    for name in ("tickets", "stations"):
        Path(f"{name}.yaml").write_text(
            "case: a\nactivity: b\ntime: c\nattributes: {ticket_no: d}\n", "utf-8"
        )
    ran = audit(run)
    ran.refused("ours.yaml:", *parts)


def test_an_export_without_rows_makes_the_run_inconclusive(two):
    alone(two)
    Path("stations-1.csv").write_text(STATIONS, encoding="utf-8")
    ran = audit(two, "--out", "out")
    assert ran.code == 3
    assert "source_empty" in ran.out
    assert "lost.orphan: source_empty (stations)" in ran.out


def test_a_stale_export_makes_the_run_inconclusive(two):
    alone(two)
    text = Path("sources.yaml").read_text(encoding="utf-8")
    Path("sources.yaml").write_text(
        text.replace("T16:00 ", "T16:00\n    max_age_hours: 26 "), encoding="utf-8"
    )
    ran = audit(two, "--out", "out", "--as-of", "2026-07-03T16:00")
    assert ran.code == 3
    assert "because: source_stale" in ran.out
    assert "stations (beside)" in ran.out


def test_a_missing_system_leaves_its_check_undone(two):
    text = Path("sources.yaml").read_text(encoding="utf-8")
    Path("sources.yaml").write_text(text.partition("  stations:")[0], encoding="utf-8")
    ran = audit(two, "--out", "out")
    assert ran.code == 3
    assert "lost.vanished: source_missing (stations)" in ran.out


def test_exports_and_mappings_stand_in_the_file_of_sources(two):
    audit(two, "tickets.csv").refused("sources.yaml", "beside the file of sources")
    audit(two, "--mapping", "tickets.yaml").refused("sources.yaml", "a mapping is given beside")
    two("audit", "--model", "fault-handling").refused("no file was named")


def test_in_a_notebook(two):
    result = walkthrough.audit(model="fault-handling", sources="sources.yaml", override="ours.yaml")
    assert [each.name for each in result.systems] == ["tickets", "stations"]
    assert {link.id: link.doubt for link in result.links} == {"stations": "", "dispatches_arrive": ""}


def test_the_same_exports_give_the_same_bytes(two):
    for folder in ("one", "two"):
        audit(two, "--out", folder, "--lang", "en")
    for name in ("audit.json", "report.en.html"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
