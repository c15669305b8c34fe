"""The notebooks of the course run from top to bottom: as they are, and with their solutions.

Without a solution, the kit says that an exercise is not written; with it, the kit passes it.
`make docs` runs them as they are before these tests.
"""

import re
import sys
from pathlib import Path

import jupytext
import nbclient
import pytest

COURSE = Path(__file__).parents[2] / "docs" / "course"
LESSONS = sorted(COURSE.glob("[0-9]*.md"))
HTML = COURSE.parents[1] / "build" / "docs" / "html" / "course"  # where they ran as they are
DONE = ("RIGHT", "<Report PASSED")
SOLUTION = re.compile(r"<details><summary>A solution</summary>\n\n```python\n(.*?)```", re.DOTALL)


def verdicts(path, solutions):
    """What the kit says of each exercise of a notebook, once it has run with the solutions."""
    notebook = jupytext.read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    exercises = [cell for cell in cells if "exercise" in cell.metadata.get("tags", ())]
    assert len(exercises) == 3
    for cell, solution in zip(exercises, solutions, strict=True):
        cell.source = solution
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(COURSE)}}
    )
    client.execute()
    for cell in cells:
        for output in cell.outputs:
            assert output.get("name") != "stderr", output["text"]
    after = [cells[cells.index(cell) + 1] for cell in exercises]
    return [cell.outputs[-1]["data"]["text/plain"] for cell in after]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_an_open_exercise_is_told_as_open(path):
    text = (HTML / f"{path.stem}.html").read_text(encoding="utf-8")
    assert len(re.findall("NOT WRITTEN|NOT FOUND YET|UNFINISHED|FAILED", text)) == 3
    assert not re.search("RIGHT |PASSED", text)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_solutions_pass(path):
    for said in verdicts(path, SOLUTION.findall(path.read_text())):
        assert said.startswith(DONE)


def test_there_are_seven_and_all_are_listed():
    listed = re.findall(r"\]\((\d[\w-]+\.md)\)", (COURSE / "README.md").read_text())
    assert listed == [path.name for path in LESSONS]
    assert len(LESSONS) == 7


@pytest.fixture
def course(monkeypatch):
    monkeypatch.syspath_prepend(str(COURSE))
    yield __import__("course")
    sys.modules.pop("course", None)


def test_a_wrong_answer_is_told_with_the_first_difference(course):
    def double(n):
        return [n, 2 * n]

    def mine(n):
        return [n, 3 * n]

    assert course.compare(double, double, (1,), (2,)).state == "RIGHT"
    told = course.compare(mine, double, (0,), (2,))
    assert (told.state, told.says) == (
        "NOT YET",
        "mine(2): part 1 of the result is 6; it should be 4.",
    )


def test_another_line_repairs_nothing(course):
    exhibit = course.Exhibit("c163")
    told = course.repaired(exhibit, "c_next = f * c + i * g", "c_next = i * g + f * c")
    assert told.state == "NOT YET"
    assert "step.hidden_state" in told.says
    assert "0 lines" in course.repaired(exhibit, "c_next = c", "").says
