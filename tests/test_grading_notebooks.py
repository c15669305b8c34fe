"""Notebook graders, the real packages, on a notebook whose test cell calls lstm_checks.check."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks.grading.samples import samples

RIGHT = samples("native")[0].source
WRONG = next(one for one in samples("native") if "forget gate" in one.name).source
TEST = "import lstm_checks\nreport = lstm_checks.check(LSTM, level='quick')\n"
TEST += "assert report.passed, str(report.cause.message)\n"


def cell(kind, source, **metadata):
    made = {
        "cell_type": kind,
        "source": source,
        "metadata": metadata,
        "id": f"c{abs(hash(source))}",
    }
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def notebook(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4}
    path.write_text(json.dumps(made | {"nbformat_minor": 5}))


def run(command, folder):
    tool = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{tool}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180
    )
    return done.returncode, done.stdout + done.stderr


def test_nbgrader_gives_points_for_a_right_class_only(tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    solution = {"grade": False, "solution": True, "locked": False, "schema_version": 3}
    graded = {"grade": True, "solution": False, "locked": True, "points": 5, "schema_version": 3}
    for place, source in (
        ("source/ps1", RIGHT),
        ("submitted/ann/ps1", RIGHT),
        ("submitted/bob/ps1", WRONG),
    ):
        notebook(
            tmp_path / place / "lstm.ipynb",
            cell("code", source, nbgrader={"grade_id": "lstm", "task": False, **solution}),
            cell("code", TEST, nbgrader={"grade_id": "test", "task": False, **graded}),
        )
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'x'\n"
        "c.ExecutePreprocessor.timeout = 120\nc.ClearSolutions.enforce_metadata = False\n"
    )
    nbgrader = [sys.executable, "-m", "nbgrader"]
    for step in ("generate_assignment", "autograde"):
        code, text = run([*nbgrader, step, "ps1"], tmp_path)
        assert code == 0, text
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        scores = [book.find_submission("ps1", name).score for name in ("ann", "bob")]
    assert scores == [5, 0]


def test_otter_grader_gives_points_for_a_right_class_only(tmp_path):
    pytest.importorskip("otter", reason="otter-grader is not installed")
    (tmp_path / "tests").mkdir()
    body = "".join(f"    {line}\n" for line in TEST.splitlines())
    (tmp_path / "tests" / "lstm.py").write_text(
        "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'lstm'\npoints = 5\n"
        f"\n@test_case(points=5)\ndef test_lstm(LSTM):\n{body}"
    )
    told = []
    for name, source in (("ann", RIGHT), ("bob", WRONG)):
        notebook(tmp_path / f"{name}.ipynb", cell("code", source))
        command = [sys.executable, "-m", "otter", "check", f"{name}.ipynb", "-t", "tests"]
        told.append(run(command, tmp_path)[1])
    assert "All tests passed!" in told[0], told[0]
    assert "failed" in told[1], told[1]
    assert "new cell state is not f * c + i * g" in told[1]
