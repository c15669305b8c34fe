"""--names declares what is called what; bad input gets one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_checks import Report
from lstm_checks.api import ladder
from lstm_checks.cli import main
from lstm_checks.report.script import script
from lstm_checks.subjects.source import Unusable, names_of

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.filterwarnings("ignore")
SAID = "x=signal,h=out,c=memory,W=A,U=B,b=k"
FUNCTION = """
import numpy as np

functions = {"forward": "advance"}

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def advance(signal, out, memory, A, B, k):
    i, f, g, o = np.split(signal @ A + out @ B + k, 4, axis=1)
    memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(memory), memory
"""
RIGHT = (ROOT / "examples" / "right_lstm.py").read_text()
PLAIN = RIGHT.replace('"W"', '"first"').replace('"U"', '"second"')


def checked(tmp_path: Path, text: str, names: str | None, in_process: bool = True) -> Report:
    file = tmp_path / "lstm.py"
    file.write_text(text)
    run = ladder(str(file), level="quick", names=names, in_process=in_process)
    return Report.of(run.outcome())


@pytest.mark.parametrize(
    ("text", "names"), [(FUNCTION, SAID), (PLAIN, "W=first,U=second")], ids=["functions", "a class"]
)
def test_names_are_declared_by_the_call(text: str, names: str, tmp_path: Path) -> None:
    assert not checked(tmp_path, text, None).passed
    report = checked(tmp_path, text, names)
    assert report.passed, str(report)


def test_they_cross_to_the_subject_s_process_and_into_the_script(tmp_path: Path) -> None:
    text = FUNCTION.replace("* np.tanh(memory)", "* memory")
    assert text != FUNCTION
    report = checked(tmp_path, text, SAID, in_process=False)
    assert report.cause is not None
    assert report.cause.id.startswith("step."), str(report)
    code = tmp_path / "reproduce.py"
    code.write_text(script(report, report.cause))
    done = subprocess.run(
        [sys.executable, "-I", str(code)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "expected" in done.stdout


def test_a_list_is_written_with_plus() -> None:
    assert names_of("W=a+b+c+d, U = e") == {"W": ["a", "b", "c", "d"], "U": "e"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("Wx", "must be of the form W=Wx,U=Wh,b=bias"),
        ("W=", "must be of the form"),
        ("W=a+,U=b", "must be of the form"),
        ("", "must be of the form"),
        ("V=Wx", "declares 'V', which has no meaning"),
        ("W=a,W=b", "declares 'W' twice"),
    ],
)
def test_bad_names_are_one_line(names: str, said: str) -> None:
    with pytest.raises(Unusable, match="--names") as caught:
        names_of(names)
    assert said in str(caught.value)
    example = str(ROOT / "examples" / "right_lstm.py")
    ran = CliRunner().invoke(main, ["check", example, "--names", names])
    assert ran.exit_code == 2
    assert "Error: --names" in ran.output


def test_names_that_are_not_there(tmp_path: Path) -> None:
    report = checked(tmp_path, FUNCTION, SAID.replace("W=A", "W=Q"))
    assert report.cause is not None
    assert "hold 'Q', which is no argument of advance(signal, out" in report.cause.message


def test_a_form_with_names_of_its_own() -> None:
    file = str(ROOT / "examples" / "cs231n_lstm.py")
    run = ladder(file, level="quick", names="W=Wx", in_process=True)
    cause = Report.of(run.outcome()).cause
    assert cause is not None
    assert "he names in the form cs231n are fixed" in cause.message
