"""The autograder for Gradescope, unpacked and run in an empty root as Gradescope would run it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import lstm_checks
from class_of_submissions import BROKEN, LOOPS, PLAIN, mistaken
from lstm_checks.cli import main
from lstm_checks.grading.rubric import RUBRICS

KEY = "the key of the course, 32 bytes!"


@pytest.fixture(scope="module")
def autograder(tmp_path_factory):
    """The zip, unpacked as Gradescope does it."""
    home = tmp_path_factory.mktemp("gradescope")
    (home / "key").write_text(KEY)
    rubric = (RUBRICS / "cs231n.toml").read_text()
    (home / "rubric.toml").write_text(rubric + "\n[limits]\ncall = 1\nload = 3\n")
    arguments = ["gradescope-zip", home / "a.zip", "--rubric", home / "rubric.toml"]
    result = CliRunner().invoke(main, [*map(str, arguments), "--key-file", str(home / "key")])
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(home / "a.zip") as archive:
        archive.extractall(home / "autograder" / "source")
        for member in archive.infolist():
            (home / "autograder" / "source" / member.filename).chmod(member.external_attr >> 16)
    return home / "autograder"


def run(autograder, tmp_path, source):
    """results.json of a submission; the root holds Python, the system's libraries and no more."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        pytest.skip("bubblewrap, which makes the empty root, is not installed")
    for name in ("submission", "results"):
        shutil.rmtree(autograder / name, ignore_errors=True)
        (autograder / name).mkdir()
    (autograder / "submission" / "rnn_layers.py").write_text(source)
    shown = ["/usr", "/lib", "/lib64", "/bin", sys.prefix, sys.base_prefix]
    command = [bwrap, "--unshare-net", "--unshare-pid", "--die-with-parent", "--tmpfs", "/tmp"]
    for path in shown:
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--bind", str(autograder), "/autograder"]
    command += ["--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]
    command += ["--setenv", "PYTHON", sys.executable, "/autograder/source/run_autograder"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if "Creating new namespace failed" in done.stderr or "setting up uid map" in done.stderr:
        pytest.skip("bubblewrap does not work here")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((autograder / "results" / "results.json").read_text())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (PLAIN, "It passed."),
        (mistaken("db_is_the_mean"), "It does not pass yet."),
        (BROKEN[0], "It cannot be imported."),
        (LOOPS[2], "It ran out of time."),
    ],
    ids=["right", "wrong", "broken", "loop"],
)
def test_a_submission_is_graded(autograder, tmp_path, source, words):
    made = run(autograder, tmp_path, source)
    assert made["output"].startswith(words)
    assert (made["score"] == 100) == (source == PLAIN)
    assert sum(test["max_score"] for test in made["tests"]) == pytest.approx(100)
    assert KEY not in json.dumps(made)


def test_a_failure_of_the_grader_writes_no_result(autograder, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(autograder, broken)
    shutil.rmtree(broken / "results", ignore_errors=True)
    (broken / "source" / "key").write_text("short")
    command = [sys.executable, "-m", "lstm_checks.grading.gradescope_command", str(broken)]
    environment = os.environ | {"PYTHONPATH": str(broken / "source" / "kit")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 1
    assert "The grader failed, and not the submission" in done.stderr
    assert not (broken / "results" / "results.json").exists()


def test_the_zip_holds_the_kit_and_what_to_install(autograder):
    source = autograder / "source"
    package = Path(lstm_checks.__file__).parent
    names = {str(file.relative_to(package)) for file in package.rglob("*.py")}
    kit = source / "kit" / "lstm_checks"
    assert {str(file.relative_to(kit)) for file in kit.rglob("*.py")} == names
    assert (source / "kit" / "lstm_reference" / "cells" / "cell.py").is_file()
    setup = (source / "setup.sh").read_text()
    assert "bubblewrap" in setup
    assert all(f"'{name}==" in setup for name in ("numpy", "hypothesis", "jinja2", "rich"))
    subprocess.run(["bash", "-n", source / "setup.sh"], check=True)
    assert os.access(source / "run_autograder", os.X_OK)
