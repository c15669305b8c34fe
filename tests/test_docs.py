"""What the documents name is there: laws, tests, files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks.laws.registry import ALL

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("reference", "checks", "tests", "examples", "docs")
FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
TESTS = {
    name
    for path in ROOT.glob("tests/test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text())
} | {path.stem for path in FILES}
LAWS = {law.id for law in ALL}
RUNGS = {law.rung for law in ALL}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_in_a_page_are_there(page):
    text = page.read_text()
    code = " ".join(re.findall(r"`([^`\n]+)`", text))
    laws = {f"{a}.{b}" for a, b in re.findall(r"\b(\w+)\.(\w+)", code) if a in RUNGS and b != "py"}
    assert laws <= LAWS
    assert set(re.findall(r"\btest_\w+", code)) <= TESTS
    known = {path.name for path in FILES} | {"my_lstm.py", "submission.py", "reproduce.py"}
    named = {Path(name).name for name in re.findall(r"[\w/]+\.(?:py|md)\b", text)}
    assert named <= known | {"README.md", "CONTRIBUTING.md"}


def test_the_readme_shows_the_report_that_is_printed():
    (shown,) = re.findall(r"```text\n(FAILED.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    code = "from lstm_checks.cli import main; main()"
    command = [sys.executable, "-c", code, "check", "examples/wrong_lstm.py"]
    environment = os.environ | {"COLUMNS": "96"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)

    def lines(text):
        untimed = re.sub(r", \d+\.\d s\)", ", … s)", text)
        return [line.rstrip() for line in untimed.splitlines()]

    assert lines(done.stdout) == lines(shown)
