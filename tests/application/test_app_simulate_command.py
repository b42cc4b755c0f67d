"""`walkthrough simulate`: nothing of the user's is replaced, and no option is without effect."""

import pytest

MODEL = "leaving-and-retention"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_that_holds_something_is_left_alone_unless_asked_for(run):
    assert run("simulate", MODEL, "--cases", "100", "--out", "mine").code == 0
    before = contents(run.folder / "mine")
    run("simulate", MODEL, "--cases", "100", "--seed", "2", "--out", "mine").refused("mine", "--overwrite")
    assert contents(run.folder / "mine") == before
    assert run("simulate", MODEL, "--cases", "100", "--seed", "2", "--out", "mine", "--overwrite").code == 0
    assert contents(run.folder / "mine") != before


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_the_export_that_faults_are_planted_into_is_never_replaced(run, more):
    assert run("simulate", MODEL, "--cases", "100", "--out", "own").code == 0
    before = contents(run.folder / "own")
    given = ("--into", "own/events.csv", "--mapping", "own/mapping.yaml")
    run("simulate", MODEL, *given, "--out", "own", *more).refused("holds the export", "another folder")
    assert contents(run.folder / "own") == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--mapping", "nofile.yaml"), "--mapping"),
        (("--into", "log.csv", "--lang", "en"), "--lang"),
        (("--into", "log.csv", "--noise", "export"), "--noise"),
        (("--into", "log.csv", "--export", "wide"), "--export"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(run, options, named):
    run("simulate", MODEL, *options, "--out", "out").refused(named, "remove")
    assert not (run.folder / "out").exists()
