"""The pages on formats are true: what they show is recognised and passes."""

import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from lstm_checks import Limits, Report
from lstm_checks.adapters import FORMS
from lstm_checks.api import ladder

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "formats").glob("*.md"))
NEEDS = {"pytorch": "torch", "your-own": "torch"}
FRAMEWORKS = ("keras", "flax", "equinox", "tinygrad")
LIMITS = Limits(load=120, call=60, run=600)
COMMANDS = [
    (page, command)
    for page in PAGES
    for command in re.findall(r"^    lstm-checks check (.*)$", page.read_text(), re.MULTILINE)
    if not command.startswith("model.onnx")  # tests/frameworks makes one
]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    ("page", "command"), COMMANDS, ids=[f"{page.stem}: {command}" for page, command in COMMANDS]
)
def test_a_command_of_a_page_passes(
    page: Path, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = NEEDS.get(page.stem, page.stem if page.stem in FRAMEWORKS else "numpy")
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    if package == "tinygrad" and shutil.which("clang") is None:
        pytest.skip("clang is not installed, with which tinygrad compiles")
    block = re.search(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    subject, *options = shlex.split(command)
    monkeypatch.chdir(ROOT)
    if block is not None and "my_" in command:
        (tmp_path / ("my_adapter.py" if "--adapter" in options else "my_lstm.py")).write_text(
            block[1]
        )
        monkeypatch.chdir(tmp_path)
    given = dict(zip(options[::2], options[1::2], strict=True))
    skip = [given["--skip"]] if "--skip" in given else []
    run = ladder(
        subject,
        adapter=given.get("--adapter"),
        level="quick",
        limits=LIMITS,
        skip=skip,
        names=given.get("--names"),
    )
    report = Report.of(run.outcome())
    assert report.passed, str(report)


def test_every_form_is_on_a_page() -> None:
    text = "".join(page.read_text().lower() for page in PAGES)
    said = {"cs231n": "cs231n", "dlfs2": "timelstm", "numpy_ml": "numpy-ml"}
    said |= {"coursera": "sequence models", "torch": "pytorch", "cell": "cells"}
    assert [name for name in FORMS if name != "native" and said.get(name, name) not in text] == []


def test_every_page_is_linked() -> None:
    index = (ROOT / "docs" / "formats" / "README.md").read_text()
    assert {page.name for page in PAGES} - {"README.md"} <= set(re.findall(r"\((.*?\.md)\)", index))
