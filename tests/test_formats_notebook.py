"""A notebook is a file like any other: what defines things is taken, and the rest left out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks import Report, check
from lstm_checks.report.script import script

RIGHT = (Path(__file__).parent / "subjects" / "plain_lstm.py").read_text()
IMPORTS, _, CLASS = RIGHT.partition("class LSTM:")
CELLS = [
    "%matplotlib inline\n!pip install nothing\nimport numpy as np\nimport json",
    IMPORTS,
    "# a cell of constants\nEPOCHS, RATE = 3, 1e-2\nDATA = open('/nowhere/data.txt').read()",
    "class LSTM:" + CLASS,
    "lstm = LSTM(3, 5)\nfor epoch in range(EPOCHS):\n    raise RuntimeError('training')",
    "%%bash\nls",
    "lstm.params?",
]
pytestmark = pytest.mark.filterwarnings("ignore")


def notebook(cells: list[str], **more: object) -> str:
    code = [
        {"cell_type": "code", "source": c.splitlines(keepends=True), "outputs": []} for c in cells
    ]
    text = {"cell_type": "markdown", "source": ["# Homework"]}
    return json.dumps({"cells": [text, *code], "nbformat": 4, **more})


def checked(path: Path, text: str, name: str = "") -> Report:
    path.write_text(text)
    return check(f"{path}{name}", level="quick", in_process=True)


@pytest.mark.parametrize(("file", "name"), [("a.ipynb", ""), ("a.ipynb", ":LSTM"), ("a.py", "")])
def test_a_notebook_passes_and_says_what_was_taken(file: str, name: str, tmp_path: Path) -> None:
    report = checked(tmp_path / file, notebook(CELLS), name)
    assert report.passed, str(report)
    assert "taken from cells 1, 2, 3, 4; cells 5, 6, 7 left out" in report.notes[0]


def test_the_form_before_version_4(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": cell} for cell in CELLS]
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3, "metadata": None})
    assert checked(tmp_path / "old.ipynb", text).passed


def test_what_nbconvert_gives(tmp_path: Path) -> None:
    text = f"# In[1]:\nget_ipython().run_line_magic('matplotlib', 'inline')\n{RIGHT}"
    assert checked(tmp_path / "homework.py", text).passed


def test_cell_and_line_are_told(tmp_path: Path) -> None:
    wrong = CELLS[3].replace("x_t = x[:, t]\n", "x_t = x[:, t].no_such_thing\n")
    assert wrong != CELLS[3]
    line = wrong[: wrong.index("no_such_thing")].count("\n") + 1
    report = checked(tmp_path / "a.ipynb", notebook([*CELLS[:3], wrong]))
    assert report.cause is not None
    assert f"code cell 4, line {line}, in forward" in str(report.cause.message)


def test_a_syntax_error_is_told_with_its_cell(tmp_path: Path) -> None:
    report = checked(tmp_path / "a.ipynb", notebook(["import numpy", "class LSTM:\n    def f(:"]))
    assert report.cause is not None
    assert "code cell 2, line 2" in report.cause.message


def test_a_fault_is_reproduced_without_the_kit(tmp_path: Path) -> None:
    wrong = [one.replace("+ i * g", "- i * g") for one in CELLS]
    assert wrong != CELLS
    report = checked(tmp_path / "a.ipynb", notebook(wrong))
    assert report.cause is not None
    code = tmp_path / "reproduce.py"
    code.write_text(script(report, report.cause))
    done = subprocess.run(
        [sys.executable, "-I", str(code)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "expected" in done.stdout


@pytest.mark.parametrize("text", ['{"a": null}', "{}", '{"cells": 3}', "{"])
def test_other_json_is_no_notebook(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path / "a.ipynb", text)
    assert not report.passed
    assert report.cause is not None
    assert report.cause.id == "load.imports"


def test_a_notebook_without_an_lstm(tmp_path: Path) -> None:
    report = checked(tmp_path / "a.ipynb", notebook(["x = 1", "print(x)"]))
    assert report.cause is not None
    assert "no LSTM in it" in report.cause.message.replace(
        "There is no LSTM in it", "no LSTM in it"
    )
