"""The wheel holds all that it needs: models, templates, catalogues, schema.

It is built here, installed into an environment outside the checkout, and run from another folder. The
libraries that it depends on are those of the environment that runs this test, so that no network is needed.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")
ROOT = Path(__file__).parents[2]
PACKAGES = ("logs", "reference_models", "mining", "reports", "walkthrough")
PROGRAM = "graphviz-pure"
LOCATE = f"""
import importlib, json, sys
from importlib.resources import files
import walkthrough
from reports.schemas import ALIGNMENT, AUDIT, json_schema
from reference_models import library
json.dump({{
    "packages": {{name: importlib.import_module(name).__file__ for name in {PACKAGES!r}}},
    "models": list(library()),
    "schemas": [json_schema(each)["title"] for each in (AUDIT, ALIGNMENT)],
    "data": {{
        name: str(files(package).joinpath(name))
        for package, name in (("reports", "templates"), ("reports", "locale"), ("reports", "static"))
    }},
}}, sys.stdout)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without network from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Runs a program of a clean environment from an empty folder: (program, arguments) → finished process."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    scripts = home / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "install", "--quiet"]
    offline = ["--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check", str(wheel)]
    subprocess.run([*pip, *offline], check=True, capture_output=True)
    (packages,) = (home / "venv").glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    drawing = Path(sysconfig.get_path("scripts")) / PROGRAM  # a dependency that is a program, not a module
    (scripts / PROGRAM).symlink_to(drawing)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}

    def run(program, *arguments):
        command = [str(scripts / program), *map(str, arguments)]
        return subprocess.run(
            command, cwd=elsewhere, env=env, capture_output=True, text=True, encoding="utf-8", check=False
        )

    return run


def test_the_wheel_holds_the_rooms_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for name in ("reference_models/library/fault-handling/process.bpmn", "walkthrough/py.typed"):
        assert name in names
    assert not [name for name in names if name.endswith((".pyc", ".csv.orig", ".bak"))]


def test_everything_is_found_in_the_installation(installed):
    """Not in the checkout, which the environment of the dependencies may point to."""
    ended = installed("python", "-c", LOCATE)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert len(found["models"]) >= 3
    assert found["schemas"] == ["walkthrough-audit/1", "walkthrough-alignment/1"]
    for path in (*found["packages"].values(), *found["data"].values()):
        assert "site-packages" in path
        assert not Path(path).is_relative_to(ROOT)
        assert Path(path).exists()


def test_the_doctor_is_content(installed):
    ended = installed("walkthrough", "doctor", "--format", "json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(each["works"] for each in json.loads(ended.stdout))


def test_the_demo_runs_and_says_where_the_reports_lie(installed, tmp_path):
    ended = installed("walkthrough", "demo", "--cases", "150", "--out", tmp_path / "demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    named = [Path(line.strip()) for line in ended.stdout.splitlines() if line.endswith((".json", ".html"))]
    assert len(named) == 9, "audit.json and two reports for each model"
    for path in named:
        assert path.is_relative_to(tmp_path / "demo")
        assert path.stat().st_size > 10_000
    for path in named:
        if path.name == "audit.json":
            audit = json.loads(path.read_text(encoding="utf-8"))
            rows = audit["rows"]
            assert rows["read"] == rows["used"] + sum(each["rows"] for each in rows["excluded"])
            assert audit["conclusion"]["outcome"] == "violations"
            assert audit["model"]["location"] == "library"
