"""The command line: its promises to people, to scripts and to schedulers."""

import hashlib
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import typer
from command_line import MODEL, Command, export, lines

import reference_models
import walkthrough
from reports import Pseudonyms, json_schema, to_json
from walkthrough.cli import app
from walkthrough.terminal import stages

LIBRARY = Path(reference_models.__file__).parent / "library"
FAULTS = "fault-handling"
COMMANDS = (
    (),
    ("audit",),
    ("map",),
    ("discover",),
    ("align",),
    ("simulate",),
    ("demo",),
    ("diff",),
    ("doctor",),
    ("models",),
    ("models", "list"),
    ("models", "show"),
    ("models", "check"),
    ("models", "new"),
)
COMPLETE = """
handoffs:
  record_fault->judge_fault: {limit: {hours: 12}}
  judge_fault->dispatch_order: {limit: {hours: 12}}
  handle_at_nmc->answer_customer: {limit: {hours: 12}}
  escalate_support->clear_fault: {limit: {hours: 12}}
  dispatch_order->clear_fault: {limit: {hours: 12}}
  return_order->answer_customer: {limit: {hours: 12}}
  clear_fault->escalate_support: {limit: {hours: 12}}
  clear_fault->return_order: {limit: {hours: 12}}
told:
  returned:
    name: {zh: 派单后返单, en: Returned after dispatch}
    after: dispatch_order
    told_by: return_order
    limit: {hours: 12}
duplicates:
  recorded_twice:
    name: {zh: 重复受理, en: Recorded twice}
    activity: record_fault
    same: [fault_type, service_class, cause]
    within_days: 1
    open_until: [answer_customer]
"""
"""Everything that the library's contract of faults leaves open."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A small sample of faults, made by the command line."""
    folder = tmp_path_factory.mktemp("cli")
    made = Command(folder)("simulate", FAULTS, "--cases", "150", "--out", folder / "sample")
    assert made.code == 0, made.err
    return folder / "sample"


def audit_of(run, folder, *more, out="out", file="tickets.csv", limits=None, as_of="2026-06-30T17:00"):
    """Audit a sample of faults."""
    override = ("--override", limits or folder / "limits.yaml")
    options = ("--as-of", as_of, "--show-persons", "--out", out)
    return run("audit", folder / file, "--model", FAULTS, *override, *options, *more)


@pytest.fixture(scope="module")
def audited(sample):
    """The sample audited by the command line: what it said, and the folder of the reports."""
    ran = audit_of(Command(sample.parent), sample, out=sample.parent / "out")
    return ran, sample.parent / "out"


# -- help and start


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_helps(run, command):
    helped = run(*command, "--help")
    assert helped.code == 0
    assert helped.err == ""
    assert f"Usage: walkthrough {' '.join(command)}".strip() in helped.out
    assert run(*command, "-h").out == helped.out


def test_every_command_is_helped_with():
    """The list above is complete."""
    registered = {()}
    for name, command in typer.main.get_command(app).commands.items():
        registered |= {(name,), *((name, each) for each in getattr(command, "commands", ()))}
    assert registered == set(COMMANDS)


def test_help_names_the_exit_codes(run):
    helped = run("audit", "--help").out
    for word in ("0 conformant", "1 violations", "2 bad input", "3 inconclusive", "4 failed", "5 undecided"):
        assert word in " ".join(helped.split())


def test_a_command_without_arguments_shows_its_help(run):
    ran = run()
    assert ran.code == 2
    assert "Commands" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("audit", "--help"), ("models", "--help"), ("nix",)],
    ids=" ".join,
)
def test_help_waits_for_no_engine(arguments):
    look = (
        "import sys, walkthrough.cli as cli\n"
        f"sys.argv = ['walkthrough', *{list(arguments)!r}]\n"
        "try: cli.main()\n"
        "finally: print('LOADED', sorted({n.split('.')[0] for n in sys.modules} & "
        "{'pm4py', 'pandas', 'ibis', 'duckdb', 'numba', 'numpy', 'lxml'}))\n"
    )
    ended = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == "LOADED []", ended.stderr


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out.strip() == walkthrough.__version__


# -- exit codes, each reached


def test_0_conformant(run):
    """Reached only where the user gives every limit that the library leaves open."""
    (run.folder / "own.yaml").write_text(COMPLETE, encoding="utf-8")
    log = LIBRARY / FAULTS / "conforming" / "all_branches.csv"
    ran = run("audit", log, "--model", FAULTS, "--override", "own.yaml", "--out", "out", "--show-persons")
    assert ran.code == 0, ran.out
    assert ran.out.startswith("conformant: 0 rules violated in 4 cases")
    assert run.audited()["conclusion"] == {"outcome": "conformant", "reasons": [], "has_violations": False}


def test_1_violations(run, audited):
    ran, folder = audited
    assert ran.code == 1
    assert ran.out.startswith("violations: ")
    assert run.audited(folder)["conclusion"]["has_violations"] is True


def test_2_bad_input(run):
    run.audit("nix.csv").refused("nix.csv: no such file")


def test_3_inconclusive_wins_over_violations(run, sample):
    """One row in fifty is damaged; what was found all the same still counts and is shown."""
    rows = (sample / "tickets.csv").read_text(encoding="utf-8").splitlines()
    rows[1::50] = [row.replace("20", "xx") for row in rows[1::50]]
    (run.folder / "tickets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shutil.copy(sample / "limits.yaml", run.folder)
    (run.folder / "m.yaml").write_text("case: 故障单号\nactivity: 环节\ntime: 完成时间\n", encoding="utf-8")
    arguments = ("--model", FAULTS, "--mapping", "m.yaml", "--out", "out", "--show-persons")
    ran = run("audit", "tickets.csv", *arguments)
    assert ran.code == 3
    assert "because: reject_limit" in ran.out
    conclusion = run.audited()["conclusion"]
    assert conclusion == {"outcome": "inconclusive", "reasons": ["reject_limit"], "has_violations": True}
    assert run("audit", "tickets.csv", *arguments, "--reject-limit", "0.1").code == 1


def test_4_failed(run, sample):
    (run.folder / "file").write_text("")
    assert audit_of(run, sample, out="file").code == 4


def test_a_report_of_an_earlier_audit_is_told_of(run):
    (run.folder / "log.csv").write_text(export(*lines()), encoding="utf-8")
    run.audit("log.csv", "--lang", "zh", "--lang", "en")
    ran = run.audit("log.csv", "--lang", "zh")
    assert "report.en.html is of an earlier audit and was left as it is" in ran.err
    assert "report.zh.html is" not in ran.err


def test_5_undecided(run):
    (run.folder / "log.csv").write_text(export(*lines()), encoding="utf-8")
    ran = run.audit("log.csv")
    assert ran.code == 5
    assert "could not check handoff.late: no_limit_given" in ran.out


# -- streams


def test_standard_output_carries_data_only(run, sample):
    """As a process of its own: libraries greet, show bars and warn when they are imported there."""
    ran = run.process(
        "audit",
        sample / "tickets.csv",
        "--model",
        FAULTS,
        "--out",
        "out",
        "--show-persons",
        "--format",
        "json",
    )
    told = json.loads(ran.out)
    assert ran.err == ""
    assert told["exit_code"] == ran.code == 1
    assert told["outcome"] == "violations"
    assert [Path(each).name for each in told["files"]] == ["audit.json", "report.zh.html"]
    assert told["rows_read"] == told["rows_used"]
    discovered = run.process("discover", sample / "tickets.csv", "--out", "flow", "--show-persons")
    assert discovered.code == 0
    assert discovered.err == ""
    assert discovered.out.splitlines()[1:] == ["flow/discovery.json", "flow/discovery.zh.html"]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        with redirect_stderr(stream), stages() as stage:
            stage("detect deadline: late")
        assert ("detect deadline: late" in stream.getvalue()) is shown


def test_a_reader_that_leaves_is_no_mistake(run):
    """As in `walkthrough models list | true`."""
    command = [sys.executable, "-c", "from walkthrough.cli import main; main()", "models", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert said == ""
    assert process.returncode == 4


LISTENS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""What a shell starts in the background ignores the key that stops it, and so would its children."""


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_audit_leaves_nothing_behind(run, sample, signal_sent):
    """No report, whole or half, and no copy of the log in the folder for temporary files."""
    (run.folder / "tmp").mkdir()
    command = [
        sys.executable,
        "-c",
        f"{LISTENS}; from walkthrough.cli import main; main()",
        "audit",
        sample / "tickets.csv",
    ]
    options = ["--model", FAULTS, "--out", "out", "--show-persons"]
    env = {**os.environ, "TMPDIR": str(run.folder / "tmp")}
    with subprocess.Popen([*command, *options], env=env, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list((run.folder / "tmp").glob("walkthrough-*")):
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal_sent)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert said == "stopped; no report is half-written\n"
    assert list((run.folder / "tmp").iterdir()) == []
    run.wrote_nothing()


def test_a_full_device_as_output_is_told(run):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    command = [sys.executable, "-c", "from walkthrough.cli import main; main()", "models", "list"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 4
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_terminal_without_chinese_still_works(run):
    ran = run.process("models", "list", env={"PYTHONIOENCODING": "latin-1"})
    assert ran.code == 0
    assert "Circuit provisioning" in ran.out
    assert "\\u7535\\u8def\\u5f00\\u901a" in ran.out


# -- map


def test_a_proposed_mapping_gives_the_same_audit(run, sample, audited):
    mapped = run("map", sample / "tickets.csv", "--model", FAULTS)
    assert mapped.code == 0
    assert "case: 故障单号 (" in mapped.err, "the reasons"
    (run.folder / "m.yaml").write_text(mapped.out, encoding="utf-8")
    run("map", sample / "tickets.csv", "--model", FAULTS, "--out", "file.yaml")
    assert (run.folder / "file.yaml").read_text(encoding="utf-8") == mapped.out
    audit_of(run, sample, "--mapping", "m.yaml", out="given")
    proposed, given = run.audited(audited[1]), run.audited("given")
    for part in ("occurrences", "findings", "rates", "population", "rows", "discovery"):
        assert given[part] == proposed[part]


def test_labels_without_an_activity_are_written_down(run, sample):
    ran = run(
        "map", sample / "tickets.csv", "--model", FAULTS, "--out", "m.yaml", "--worksheet", "labels.csv"
    )
    assert "no activity for '系统自动提醒'" in ran.err
    assert "系统自动提醒" in (run.folder / "labels.csv").read_text(encoding="utf-8-sig")
    assert "环节" in (run.folder / "m.yaml").read_text(encoding="utf-8")


# -- models


def test_models_are_listed_and_shown_to_programs(run):
    listed = json.loads(run("models", "list", "--format", "json").out)
    assert [each["id"] for each in listed] == sorted(path.name for path in LIBRARY.iterdir() if path.is_dir())
    for each in listed:
        shown = json.loads(run("models", "show", each["id"], "--format", "json").out)
        assert str(len(shown["activities"])) == each["activities"]
        for part in ("activities", "handoffs", "deadlines", "rules"):
            unsourced = [
                row for row in shown[part] if row["standing"] == "" and row.get("limit") != "none given"
            ]
            assert unsourced == [], "every criterion has an author"
        checked = run("models", "check", LIBRARY / each["id"], "--format", "json")
        assert checked.code == 0
        assert json.loads(checked.out)["usable"] is True


def test_models_are_shown_in_both_languages(run):
    assert "故障受理记录" in run("models", "show", FAULTS, "--lang", "zh").out
    assert "Record fault" in run("models", "show", FAULTS, "--lang", "en").out


def test_a_folder_that_is_no_model_is_told_to_programs(run):
    checked = run("models", "check", ".", "--format", "json")
    assert checked.code == 2
    told = json.loads(checked.out)
    assert told["usable"] is False
    assert {Path(each["file"]).name for each in told["problems"]} == {"process.bpmn", "contract.yaml"}


# -- discover, diff, doctor (the demo runs in test_app_wheel.py)


def test_discovery_counts_what_the_log_holds(run, sample):
    assert (
        run("discover", sample / "tickets.csv", "--out", "flow", "--lang", "en", "--show-persons").code == 0
    )
    log = json.loads((run.folder / "flow" / "discovery.json").read_text(encoding="utf-8"))["log"]
    rows = [row.split(",") for row in (sample / "tickets.csv").read_text(encoding="utf-8").splitlines()[1:]]
    traces = {}
    for case, label, *_ in rows:
        traces.setdefault(case, []).append(label)
    assert log["events"] == len(rows)
    assert log["cases"] == len(traces)
    assert log["activities"] == len({row[1] for row in rows})
    assert log["variants"] == len({tuple(trace) for trace in traces.values()})


def test_two_audits_are_compared(run, sample, audited):
    before = audited[1] / "audit.json"
    same = run("diff", before, before)
    assert same.code == 0
    rows = (sample / "tickets.csv").read_text(encoding="utf-8").splitlines()
    added = rows[1].split(",")
    added[1] = "神秘步骤"
    (run.folder / "b.csv").write_text("\n".join([*rows, ",".join(added)]) + "\n", encoding="utf-8")
    audit_of(run, run.folder, file="b.csv", out="b", limits=sample / "limits.yaml")
    ran = run("diff", before, "b/audit.json", "--format", "json")
    assert ran.code == 1
    change = json.loads(ran.out)
    new = [(each["case_id"], each["rule_id"]) for each in change["new"]]
    assert new == [(added[0], "deviation.unknown:神秘步骤")]
    assert change["gone"] == []
    back = run("diff", "b/audit.json", before, "--lang", "zh")
    assert back.code == 0, "what is gone is no reason for an alarm"
    assert added[0] in back.out


def test_what_passes_its_limit_between_two_audits_is_an_alarm(run):
    """It was pending and is violated: changed, not new. A new one that is pending is no alarm."""
    heading = "故障单号,环节,完成时间,故障类型,服务等级"
    first = ("F1,故障受理记录,2026-03-02 08:00:00,DDN,普通", "F1,故障判断,2026-03-02 08:10:00,DDN,普通")
    second = tuple(row.replace("F1", "F2").replace("-02 08", "-02 12") for row in first)
    (run.folder / "log.csv").write_text(export(*first, *second, heading=heading), encoding="utf-8")
    arguments = ("--model", FAULTS, "--show-persons")
    for name, hour in (("a", "10"), ("b", "13"), ("c", "15")):
        run("audit", "log.csv", *arguments, "--as-of", f"2026-03-02T{hour}:00", "--out", name)
    calm = run("diff", "a/audit.json", "b/audit.json", "--format", "json")
    assert calm.code == 0
    assert {each["case_id"] for each in json.loads(calm.out)["new"]} == {"F2"}
    alarm = run("diff", "b/audit.json", "c/audit.json", "--format", "json")
    assert alarm.code == 1
    change = json.loads(alarm.out)
    assert change["new"] == []
    assert {(each["case_id"], each["before"], each["after"]) for each in change["changed"]} >= {
        ("F1", "pending", "violated")
    }


def test_the_doctor_finds_everything_here(run):
    told = run("doctor", "--format", "json")
    checks = {each["name"]: each for each in json.loads(told.out)}
    assert [name for name, each in checks.items() if not each["works"]] == []
    assert told.code == 0
    assert "circuit-provisioning" in checks["models"]["detail"]


def test_the_doctor_says_what_is_broken(run, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    told = run("doctor")
    assert told.code == 4
    assert "BAD  disk: " in told.out


# -- reproduction


def test_the_same_input_gives_the_same_bytes(run, sample):
    """In two processes whose hashes of strings differ."""
    digests = []
    for seed in ("1", "2"):
        ran = run.process(
            "audit", sample / "tickets.csv", "--model", FAULTS, "--override", sample / "limits.yaml",
            "--lang", "zh", "--lang", "en", "--key", "own.key", "--out", f"out{seed}",
            env={"PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert ran.code == 1, ran.err
        files = sorted((run.folder / f"out{seed}").iterdir())
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert set(digests[0]) == {"audit.json", "report.en.html", "report.zh.html"}
    assert digests[0] == digests[1]


def test_a_notebook_gets_what_the_command_line_renders(run, sample, audited):
    result = walkthrough.audit(
        sample / "tickets.csv", FAULTS, override=sample / "limits.yaml", as_of="2026-06-30T17:00+08:00"
    )
    assert isinstance(result, walkthrough.Audit)
    written = (audited[1] / "audit.json").read_text(encoding="utf-8")
    assert to_json(result, Pseudonyms.plain()) == written
    files = walkthrough.write_reports(
        result, run.folder / "again", languages=("en",), people=Pseudonyms.plain()
    )
    assert [path.name for path in files] == ["audit.json", "report.en.html"]
    assert files[0].read_text(encoding="utf-8") == written


def test_a_notebook_gets_problems_as_an_exception(run):
    with pytest.raises(walkthrough.InputError) as refusal:
        walkthrough.audit("nix.csv", MODEL)
    assert refusal.value.problems[0].file == "nix.csv"


def test_the_written_audit_keeps_its_published_schema(run, audited):
    import jsonschema

    jsonschema.validate(run.audited(audited[1]), json_schema())


def test_what_is_public_is_there():
    for name in walkthrough.__all__:
        assert getattr(walkthrough, name)
    with pytest.raises(AttributeError):
        walkthrough.nix  # noqa: B018  # the access is what raises


# -- persons


def test_persons_are_pseudonyms_under_a_key_that_is_kept(run, sample):
    arguments = ("--model", FAULTS, "--out", "out", "--lang", "zh")
    first = run("audit", sample / "tickets.csv", *arguments, "--lang", "zh")
    assert len(first.out.splitlines()) == len(set(first.out.splitlines())), "a language named twice is one"
    assert "walkthrough.key: new key" in first.err
    key = run.folder / "walkthrough.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = (run.folder / "out" / "audit.json").read_bytes()
    again = run("audit", sample / "tickets.csv", *arguments)
    assert again.err == ""
    assert (run.folder / "out" / "audit.json").read_bytes() == before
    for path in (run.folder / "out").iterdir():
        assert "员工" not in path.read_text(encoding="utf-8")
    key.unlink()
    run("audit", sample / "tickets.csv", *arguments)
    assert (run.folder / "out" / "audit.json").read_bytes() != before
