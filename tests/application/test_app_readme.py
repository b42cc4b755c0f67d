"""What the README tells people to type works, in the order in which it stands there."""

import re
import shlex
from pathlib import Path

import pytest
from command_line import Ran

from logs import load_mapping

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(*languages):
    """Fenced blocks in one of these languages."""
    return [
        body for name, body in re.findall(r"^```(\w+)\n(.*?)^```$", README, re.S | re.M) if name in languages
    ]


def commands():
    """Lines of console blocks: behind a prompt, or beginning with the command."""
    found = [line.strip() for body in blocks("console", "sh", "bash", "shell") for line in body.splitlines()]
    return [
        line.removeprefix("$ ").partition("  #")[0].strip()
        for line in found
        if line and not line.startswith("#")
    ]


def test_the_commands_run_one_after_the_other(run):
    ours = [line for line in commands() if line.startswith("walkthrough ")]
    assert len(ours) >= 5, "the README shows how to use the command"
    for line in ours:
        ran: Ran = run(*shlex.split(line)[1:])
        verdicts = (0, 1, 5) if line.startswith(("walkthrough audit", "walkthrough diff")) else (0,)
        assert ran.code in verdicts, f"{line}\n{ran.out}\n{ran.err}"
        ran.speaks_plainly()
    for name in re.findall(r"`([\w/]+\.(?:html|json))`", README.partition("### ")[0]):
        assert list(run.folder.rglob(name)), f"{name} is there after the commands"


def test_the_other_commands_are_targets_of_make():
    others = [line for line in commands() if not line.startswith("walkthrough ")]
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for line in others:
        program, target = line.split()[:2]
        assert program == "make", f"unknown to this test: {line}"
        assert target in targets


def test_the_mapping_shown_is_one(run):
    shown = [body for body in blocks("yaml") if "case:" in body]
    assert shown, "the README shows a mapping"
    for body in shown:
        (run.folder / "m.yaml").write_text(body, encoding="utf-8")
        assert load_mapping(run.folder / "m.yaml").case


def test_the_notebook_shown_runs(run):
    assert run("simulate", "fault-handling", "--out", "sample", "--cases", "150").code == 0
    shown = blocks("python")
    assert shown, "the README shows the notebook door"
    for body in shown:
        names: dict[str, object] = {}
        exec(compile(body, "README.md", "exec"), names)
        assert (run.folder / "tuesday" / "report.en.html").exists()


def test_the_options_named_exist(run):
    """Also those that stand in a sentence, not in a command."""
    known = " ".join(
        run(*each, "--help").out for each in ((), ("audit",), ("map",), ("discover",), ("simulate",))
    )
    for option in set(re.findall(r"`(--[a-z-]+)`", README)):
        assert option in known, option


@pytest.mark.parametrize("code", range(6))
def test_the_exit_codes_are_in_the_table(code):
    from walkthrough.exit_codes import ExitCode

    name = {2: "bad input"}.get(code, ExitCode(code).name.lower())
    assert re.search(rf"^\| {code} \| {name}", README, re.M)
