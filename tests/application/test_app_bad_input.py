"""Bad input, as a person meets it at the command line.

Refused with its place and how to mend it, or judged with every row accounted for.
"""

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from command_line import HEADINGS, MODEL, STEPS, export, lines

import reference_models


def put(run, name, content, encoding="utf-8"):
    """Write a file into the current folder; returns its name."""
    (run.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return name


def workbook(run, name="log.xlsx", rows=None):
    with xlsxwriter.Workbook(str(run.folder / name)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADINGS, *(rows or lines(20))]):
            sheet.write_row(number, 0, row.split(","))
    return name


def xes(*, head="", name="DD0001"):
    events = "".join(
        f'<event><string key="concept:name" value="{activity}"/>'
        f'<date key="time:timestamp" value="2026-03-02T{9 + step:02d}:00:00+08:00"/></event>'
        for step, (activity, _) in enumerate(STEPS)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<log xes.version="1.0">'
        f'<trace><string key="concept:name" value="{name}"/>{events}</trace></log>'
    )


MAPPING = "case: 订单号\nactivity: 环节\ntime: 完成时间\nrole: 处理部门\n"


# -- files that are no table


def test_an_empty_file_is_refused(run):
    run.audit(put(run, "empty.csv", "")).refused("empty.csv: the file is empty")
    run.wrote_nothing()


def test_a_heading_without_rows_is_refused(run):
    run.audit(put(run, "head.csv", export())).refused("head.csv:1: has a heading but no rows")
    run.wrote_nothing()


def test_an_unusual_delimiter_is_found(run):
    piped = put(run, "piped.csv", export(*lines(20)).replace(",", "|"))
    assert run.audit(piped).code == 5
    document = run.audited()
    assert document["rows"]["used"] == 200
    assert document["input"]["files"][0]["delimiter"] == "|"


def test_a_wrong_delimiter_in_the_mapping_is_told_with_the_right_one(run):
    put(run, "m.yaml", MAPPING + "delimiter: ';'\n")
    refused = run.audit(put(run, "log.csv", export(*lines())), "--mapping", "m.yaml")
    refused.refused("log.csv:1:", "';'", "it does hold ','", "say delimiter: ','")
    run.wrote_nothing()


def test_an_open_quote_is_told_with_its_line(run):
    rows = [*lines(1), 'DD9,"资源确认,2026-03-02 09:00:00,x', *lines(1, start=20)]
    refused = run.audit(put(run, "log.csv", export(*rows)))
    refused.refused("log.csv:12: a quote is opened here and never closed", "to line 22", "close the quote")
    run.wrote_nothing()


def test_blank_lines_are_counted(run):
    rows = [*lines(10), "", "   ", *lines(10, start=50), ""]
    ran = run.audit(put(run, "log.csv", export(*rows)))
    assert "3 rows rejected: blank_line" in ran.out
    document = run.audited()
    assert document["rows"]["read"] == 203
    shown = {each["row"] for each in document["rows"]["examples"] if each["reason"] == "blank_line"}
    assert shown == {102, 103, 204}


def test_two_encodings_in_one_file_make_the_run_inconclusive(run):
    mixed = export(*lines(40)).encode() + "\n".join(lines(1, start=90)).encode("gb18030")
    ran = run.audit(put(run, "log.csv", mixed))
    assert ran.code == 3
    assert "10 rows rejected: undecodable" in ran.out
    assert "because: reject_limit" in ran.out
    document = run.audited()
    assert document["rows"]["read"] == 410
    assert document["population"]["cases"] == 40


# -- damaged and hostile files


def test_a_truncated_workbook_is_refused(run):
    whole = (run.folder / workbook(run)).read_bytes()
    run.audit(put(run, "cut.xlsx", whole[: len(whole) * 2 // 3])).refused("cut.xlsx")
    run.wrote_nothing()


def test_a_workbook_with_a_truncated_sheet_is_refused(run):
    """The archive is whole, the sheet in it ends in the middle."""
    with zipfile.ZipFile(run.folder / workbook(run)) as whole, zipfile.ZipFile("cut.xlsx", "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[: len(content) // 2] if name.endswith("sheet1.xml") else content)
    run.audit("cut.xlsx").refused("cut.xlsx")
    run.wrote_nothing()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_xes_file_is_refused(run, share):
    text = xes()
    run.audit(put(run, "cut.xes", text[: int(len(text) * share)])).refused("cut.xes")
    run.wrote_nothing()


def test_a_truncated_gzip_file_is_refused(run):
    packed = gzip.compress((xes() + "<!-- " + "x" * 5_000 + " -->").encode())
    run.audit(put(run, "cut.xes.gz", packed[: len(packed) // 2])).refused("cut.xes.gz", "truncated")
    run.wrote_nothing()


def test_an_xml_bomb_is_refused_before_it_grows(run):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = xes(head=f'<!DOCTYPE log [<!ENTITY e0 "boom">{levels}]>', name="&e11;")
    run.audit(put(run, "bomb.xes", bomb)).refused("bomb.xes")
    run.wrote_nothing()


def test_an_external_entity_is_never_read(run):
    put(run, "secret.txt", "the secret of the house")
    head = f'<!DOCTYPE log [<!ENTITY out SYSTEM "file://{run.folder}/secret.txt">]>'
    refused = run.audit(put(run, "outside.xes", xes(head=head, name="&out;")))
    refused.refused("outside.xes")
    assert "the secret of the house" not in refused.out + refused.err
    run.wrote_nothing()


# -- values


def test_a_cell_of_ten_thousand_characters_is_kept_whole(run):
    label = "长" * 10_000
    rows = [*lines(20), f"DD0001,{label},2026-03-09 09:00:00,x"]
    ran = run.audit(put(run, "log.csv", export(*rows)))
    assert ran.code == 1
    assert max(map(len, ran.out.splitlines())) < 300, "the terminal is not flooded"
    document = run.audited()
    assert [each["label"] for each in document["unknown_labels"]] == [label]
    assert document["rows"]["used"] == 201


def test_times_in_1948_are_rejected_and_2099_is_counted_as_ahead(run):
    rows = [
        *lines(40),
        "DD0001,起租计费,1948-03-02 09:00:00,x",
        "DD0002,起租计费,2099-12-31 00:00:00,x",
    ]
    ran = run.audit(put(run, "log.csv", export(*rows)))
    assert "1 rows rejected: time_out_of_range" in ran.out
    document = run.audited()
    assert "as of 2026" in ran.out
    assert document["population"]["events_later"] == 1
    assert document["rows"]["read"] == 402
    rejected = [each for each in document["rows"]["examples"] if each["reason"] == "time_out_of_range"]
    assert [(each["row"], each["value"]) for each in rejected] == [(402, "1948-03-02 09:00:00")]


def test_what_lies_after_the_instant_of_judgement_is_counted(run):
    rows = [*lines(40), "DD0002,起租计费,2099-12-31 00:00:00,x"]
    run.audit(put(run, "log.csv", export(*rows)), "--as-of", "2026-03-31")
    document = run.audited()
    assert document["population"]["events_later"] == 1
    assert document["population"]["events_judged"] == 400


def test_an_undecidable_order_of_day_and_month_is_asked(run):
    rows = "D1,订单受理,03/04/2026 09:00\nD1,预约,05/06/2026 10:00\nD2,订单受理,01/02/2026 10:00\n"
    put(run, "log.csv", "订单号,环节,完成时间\n" + rows)
    refused = run.audit("log.csv")
    refused.refused(
        "log.csv: 完成时间", "%d/%m/%Y %H:%M and as %m/%d/%Y %H:%M", "time_formats: ['%d/%m/%Y %H:%M']"
    )
    run.wrote_nothing()
    put(run, "m.yaml", "case: 订单号\nactivity: 环节\ntime: 完成时间\ntime_formats: ['%d/%m/%Y %H:%M']\n")
    assert run.audit("log.csv", "--mapping", "m.yaml").code != 2, "the way to mend it must mend it"


# -- columns and mapping


def test_a_column_that_is_not_there_is_told_with_the_nearest(run):
    put(run, "m.yaml", MAPPING.replace("订单号", "订单").replace("环节", "环节名"))
    refused = run.audit(put(run, "log.csv", export(*lines())), "--mapping", "m.yaml")
    refused.refused(
        "log.csv:1: no column '订单' (case", "did you mean '订单号'?", "no column '环节名' (activity"
    )
    run.wrote_nothing()


def test_two_columns_that_could_be_the_case_are_asked_about(run):
    rows = [f"D{i // 3},G{i // 2},订单受理,2026-03-0{1 + i % 9} 10:00:00" for i in range(12)]
    refused = run.audit(put(run, "log.csv", export(*rows, heading="订单号,工单号,环节,完成时间")))
    refused.refused("log.csv: 订单号 and 工单号 could each be the case", "state case:")
    run.wrote_nothing()


def test_mistyped_keys_of_a_mapping_are_told_all_at_once(run):
    put(run, "m.yaml", "case: 订单号\nactivty: 环节\ntime: 完成时间\nwindow:\n  form: 2026-01-01\n")
    refused = run.audit(put(run, "log.csv", export(*lines())), "--mapping", "m.yaml")
    refused.refused(
        "m.yaml:2: unknown key 'activty'", "did you mean 'activity'?", "m.yaml:5:", "did you mean 'from'?"
    )
    run.wrote_nothing()


def test_a_mapping_that_is_no_yaml_is_told_with_its_line(run):
    put(run, "m.yaml", "case: 订单号\nactivity: [环节\ntime: 完成时间\n")
    run.audit(put(run, "log.csv", export(*lines())), "--mapping", "m.yaml").refused(
        "m.yaml:3: not valid YAML"
    )
    run.audit("log.csv", "--mapping", "nix.yaml").refused("nix.yaml: no such file")
    run.wrote_nothing()


def test_unknown_activities_are_reported_and_never_fitting(run):
    strange = [f"DD000{case},神秘步骤,2026-03-08 09:00:00,x" for case in (1, 2)]
    ran = run.audit(put(run, "log.csv", export(*lines(3), *strange)))
    assert ran.code == 1
    assert "'神秘步骤'" in ran.out
    document = run.audited()
    assert document["unknown_labels"][0]["label"] == "神秘步骤"
    assert document["unknown_labels"][0]["cases"] == 2
    population = document["population"]
    assert (population["cases"], population["fitting_cases"]) == (3, 1)
    assert population["fitness"] < 1
    violated = {each["rule_id"] for each in document["occurrences"] if each["verdict"] == "violated"}
    assert violated == {"deviation.unknown:神秘步骤"}


def test_a_log_of_another_process_is_inconclusive(run):
    rows = [f"D{i // 3},{label},2026-03-0{1 + i % 9} 10:00:00,x" for i, label in enumerate("甲乙丙" * 4)]
    put(run, "m.yaml", MAPPING)
    ran = run.audit(put(run, "log.csv", export(*rows)), "--mapping", "m.yaml")
    assert ran.code == 3
    assert "because: no_known_activity" in ran.out
    assert run.audited()["population"]["fitting_cases"] == 0


# -- models and contracts


@pytest.fixture
def model(run):
    """A copy of a library model, and how to edit its contract: returns the number of the line edited."""
    source = Path(reference_models.__file__).parent / "library" / MODEL
    folder = run.folder / "model"
    folder.mkdir()
    for name in ("process.bpmn", "contract.yaml"):
        (folder / name).write_bytes((source / name).read_bytes())

    def edit(before, after):
        contract = folder / "contract.yaml"
        text = contract.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before!r} occurs {text.count(before)} times"
        contract.write_text(text.replace(before, after), encoding="utf-8")
        return text[: text.index(before)].count("\n") + 1

    return edit


def refuses(run, *parts):
    """Both the check and the audit refuse the model, in the same words, and write nothing."""
    checked = run("models", "check", "model")
    assert checked.code == 2
    for part in parts:
        assert part in checked.out
    checked.speaks_plainly()
    run.audit(put(run, "log.csv", export(*lines())), model="model").refused(*parts)
    run.wrote_nothing()


def test_a_model_of_ones_own_is_used(run, model):
    assert run("models", "check", "model").code == 0
    run.audit(put(run, "log.csv", export(*lines())), model="model")
    assert run.audited()["model"]["location"] == "model"


def test_a_contract_naming_an_activity_that_the_bpmn_lacks_is_refused(run, model):
    line = model("    stop: customer_acceptance\n", "    stop: customer_aceptance\n")
    refuses(run, f"contract.yaml:{line}:", "'customer_aceptance'", "did you mean 'customer_acceptance'?")


def test_numeric_bands_with_a_gap_are_refused(run, model):
    model("lines: {min: 11, max: 20}", "lines: {min: 13, max: 20}")
    refuses(run, "contract.yaml:", "gap", "lines")


def test_numeric_bands_that_overlap_are_refused(run, model):
    model("lines: {min: 11, max: 20}", "lines: {min: 9, max: 20}")
    refuses(run, "contract.yaml:", "'ddn_fr_up_to_10' and 'ddn_fr_11_to_20' both take some cases")


def test_a_mistyped_model_is_told_with_the_nearest(run):
    refused = run.audit(put(run, "log.csv", export(*lines())), model="circiut-provisioning")
    refused.refused("no reference model 'circiut-provisioning'", "did you mean 'circuit-provisioning'?")
    run("models", "show", "fault-handlin").refused("did you mean 'fault-handling'?")


def test_an_override_of_an_unknown_handoff_is_told_with_its_line(run):
    put(run, "own.yaml", "handoffs:\n  accept_order->bok_order: {limit: {working_days: 1}}\n")
    refused = run.audit(put(run, "log.csv", export(*lines())), "--override", "own.yaml")
    refused.refused("own.yaml:2:", "'accept_order->bok_order'", "did you mean 'accept_order->book_order'?")
    run.audit("log.csv", "--override", "nix.yaml").refused("nix.yaml: no such file")
    run.wrote_nothing()


# -- arguments


@pytest.mark.parametrize(
    ("named", "said"),
    [("nix.csv", "nix.csv: no such file"), ("*.nix", "*.nix: no such file"), (".", ".: is a folder")],
)
def test_a_file_that_is_not_there_is_told(run, named, said):
    run.audit(named).refused(said)
    run.wrote_nothing()


def test_all_missing_files_are_told_at_once(run):
    run.audit("a.csv", "b.csv", put(run, "log.csv", export(*lines()))).refused(
        "a.csv: no such", "b.csv: no such"
    )


def test_a_file_named_twice_is_read_once(run):
    put(run, "log.csv", export(*lines()))
    run.audit("log.csv", "log.csv", "*.csv")
    document = run.audited()
    assert document["rows"]["read"] == 30
    assert [each["name"] for each in document["input"]["files"]] == ["log.csv"]


@pytest.mark.parametrize("instant", ["gestern", "2026-02-30", "30.06.2026", "17:00", ""])
def test_an_as_of_that_is_no_instant_is_refused(run, instant):
    run.audit(put(run, "log.csv", export(*lines())), "--as-of", instant).refused(
        f"'{instant}'", "2026-06-30T17:00"
    )
    run.wrote_nothing()


def test_an_as_of_before_all_events_is_inconclusive(run):
    ran = run.audit(put(run, "log.csv", export(*lines())), "--as-of", "2020-01-01")
    assert ran.code == 3
    assert "because: no_cases" in ran.out
    assert run.audited()["population"]["events_later"] == 30


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "filter 'nonsense' cannot be read"),
        ("period=2026-13-45..", "'2026-13-45' is not a date"),
        ("period=heute", "is not a period"),
        ("分公司=昆明", "log.csv:1: no column '分公司'"),
    ],
)
def test_a_filter_that_cannot_be_read_is_told(run, line, said):
    run.audit(put(run, "log.csv", export(*lines())), "--filter", line).refused(said)
    run.wrote_nothing()


def test_filters_that_leave_no_case_are_told_with_their_count(run):
    refused = run.audit(put(run, "log.csv", export(*lines())), "--filter", "处理部门=昆明")
    refused.refused("30 of 30 rows filtered (处理部门=昆明)", "check the filters")
    run.wrote_nothing()


@pytest.mark.parametrize(
    "arguments", [("--worst", "0"), ("--reject-limit", "2"), ("--lang", "fr"), ("--nix",)]
)
def test_an_option_that_cannot_be_used_is_refused(run, arguments):
    ran = run.audit(put(run, "log.csv", export(*lines())), *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err
    assert "walkthrough audit -h" in ran.err
    ran.speaks_plainly()


@pytest.mark.parametrize("content", ["", "no key", "abcd", "g" * 64])
def test_a_damaged_key_is_refused_and_kept_as_it_is(run, content):
    put(run, "own.key", content)
    put(run, "log.csv", export(*lines()))
    run("audit", "log.csv", "--model", MODEL, "--out", "out", "--key", "own.key").refused(
        "own.key:1:", "--key"
    )
    assert (run.folder / "own.key").read_text() == content
    run.wrote_nothing()


# -- output


def test_an_output_folder_below_a_file_is_refused_before_the_work(run):
    put(run, "log.csv", export(*lines()))
    run.audit("log.csv", out="log.csv").failed(4, "log.csv: ", "--out")
    run.audit("log.csv", out="log.csv/below").failed(4, "log.csv/below: ", "--out")
    assert (run.folder / "log.csv").read_text(encoding="utf-8") == export(*lines())


def test_an_output_folder_without_rights_is_refused(run, monkeypatch):
    """The rights themselves are pretended: a superuser may write everywhere."""
    (run.folder / "out").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK)
    run.audit(put(run, "log.csv", export(*lines()))).failed(
        4, "out: the folder cannot be written to", "--out"
    )
    run.wrote_nothing()


def test_a_full_disk_leaves_the_reports_of_before(run, monkeypatch):
    put(run, "log.csv", export(*lines()))
    run.audit("log.csv")
    before = {path.name: path.read_bytes() for path in (run.folder / "out").iterdir()}
    put(run, "log.csv", export(*lines(), "DD0001,神秘步骤,2026-03-08 09:00:00,x"))

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    run.audit("log.csv").failed(
        4, "audit.json", "No space left on device", "nothing was left half-written", "free"
    )
    assert {path.name: path.read_bytes() for path in (run.folder / "out").iterdir()} == before


def test_a_report_that_is_a_folder_is_told(run):
    (run.folder / "out" / "audit.json").mkdir(parents=True)
    run.audit(put(run, "log.csv", export(*lines()))).failed(4, "audit.json")
    assert [path.name for path in (run.folder / "out").iterdir()] == ["audit.json"]


def test_a_key_that_cannot_be_written_is_told_before_the_work(run):
    put(run, "log.csv", export(*lines()))
    ran = run("audit", "log.csv", "--model", MODEL, "--out", "out", "--key", "log.csv/own.key")
    ran.failed(4, "log.csv/own.key: the key cannot be written", "--key")
    run.wrote_nothing()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"audits": 1}'])
def test_what_is_no_audit_cannot_be_compared(run, content):
    put(run, "a.json", content)
    run("diff", "a.json", "a.json").refused("a.json")
    run("diff", "nix.json", "a.json").refused("nix.json: ")


# -- the other commands


def test_an_unreadable_log_is_refused_by_every_command(run):
    put(run, "empty.csv", "")
    run("map", "empty.csv").refused("empty.csv: the file is empty")
    run("discover", "empty.csv", "--out", "out", "--show-persons").refused("empty.csv: the file is empty")
    run.wrote_nothing()


def test_an_uncertain_mapping_is_still_written(run):
    rows = [f"D{i // 3},G{i // 2},订单受理,2026-03-0{1 + i % 9} 10:00:00" for i in range(12)]
    put(run, "log.csv", export(*rows, heading="订单号,工单号,环节,完成时间"))
    ran = run("map", "log.csv", "--out", "m.yaml")
    ran.refused("订单号 and 工单号 could each be the case")
    assert "activity: 环节" in (run.folder / "m.yaml").read_text(encoding="utf-8")


def test_labels_of_few_rows_are_still_written_down(run):
    rows = [f"D{i // 7},动作{i}甲,2026-03-01 10:{i:02}:00" for i in range(49)]
    put(run, "log.csv", export(*rows, heading="订单号,环节,完成时间"))
    ran = run("map", "log.csv", "--model", MODEL, "--out", "m.yaml", "--worksheet", "labels.csv")
    ran.refused("环节 may be the activity")
    assert "activity: 环节" in (run.folder / "m.yaml").read_text(encoding="utf-8")
    assert len((run.folder / "labels.csv").read_text(encoding="utf-8-sig").splitlines()) == 50


def test_what_people_have_filled_in_is_not_overwritten(run):
    put(run, "log.csv", export(*lines()))
    put(run, "m.yaml", MAPPING)
    put(run, "labels.csv", "filled in")
    arguments = ("map", "log.csv", "--model", MODEL, "--out", "m.yaml", "--worksheet", "labels.csv")
    run(*arguments).refused("m.yaml: is there already", "labels.csv: is there already", "--overwrite")
    assert (run.folder / "m.yaml").read_text(encoding="utf-8") == MAPPING
    assert run(*arguments, "--overwrite").code == 0
    assert (run.folder / "labels.csv").read_text(encoding="utf-8-sig") != "filled in"


def test_a_sample_that_cannot_be_made_is_told(run):
    ran = run("simulate", "fault-handlin", "--export", "long", "--export", "pdf", "--out", "out")
    ran.refused(
        "no reference model 'fault-handlin'", "no export 'pdf'", "choose from long, wide, gb18030, xlsx"
    )
    assert not (run.folder / "out").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_an_interrupted_command_says_so(run, monkeypatch, error):
    """Python says it in one way, the engine in another."""

    def interrupted(*_, **__):
        raise error

    monkeypatch.setattr("walkthrough.commands.audit.audit", interrupted)
    ran = run.audit(put(run, "log.csv", export(*lines())))
    assert ran.code == 130
    assert "stopped" in ran.err
    run.wrote_nothing()


def test_a_mistake_of_the_tool_is_told_as_one(run, monkeypatch, tmp_path):
    def broken(*_, **__):
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("walkthrough.commands.audit.audit", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ran = run.audit(put(run, "log.csv", export(*lines())))
    assert ran.code == 4
    assert "Traceback" not in ran.err
    (trace,) = tmp_path.glob("walkthrough-*.txt")
    assert trace.name in ran.err
    assert "ZeroDivisionError: a mistake of ours" in trace.read_text(encoding="utf-8")


def test_hostile_text_does_not_reach_the_terminal(run):
    """Escape sequences in an export must not move the cursor or change the title of the terminal."""
    hostile = "\x1b]0;owned\x07\x1b[2J坏"
    ran = run.audit(put(run, "log.csv", export(*lines(20), f"DD0001,{hostile},2026-03-09 09:00:00,x")))
    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err
    refused = run.audit("log.csv", "--filter", f"{hostile}=x")
    assert "\x1b" not in refused.err


def test_problems_in_json_form_stay_on_standard_error(run):
    ran = run.audit(put(run, "empty.csv", ""), "--format", "json")
    ran.refused("empty.csv")


def test_accounting_is_told_to_programs(run):
    rows = [*lines(20), "DD0001,预约,kein Datum,x"]
    ran = run.audit(put(run, "log.csv", export(*rows)), "--format", "json")
    told = json.loads(ran.out)
    assert told["exit_code"] == ran.code
    assert (told["rows_read"], told["rows_used"]) == (201, 200)
    assert told["excluded"] == [{"disposition": "rejected", "reason": "bad_time", "rows": 1}]
