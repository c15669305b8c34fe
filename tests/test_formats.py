"""Formats on NumPy: each example passes without --adapter; a fault in it is told as elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks import Report, check
from lstm_checks.adapters import FORMS, NAMES
from lstm_checks.report.script import script

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "formats"
pytestmark = pytest.mark.filterwarnings("ignore")
ON_NUMPY = {
    "coursera": "coursera_lstm.py",
    "dlfs2": "time_lstm.py",
    "functions": "functions_lstm.py",
    "cell": "cell_lstm.py",
    "cs231n": "../cs231n_lstm.py",
}


def checked(file: Path, **options: str) -> Report:
    return check(str(file), level="quick", in_process=True, **options)


@pytest.mark.parametrize("adapter", ON_NUMPY)
def test_an_example_is_recognised_and_passes(adapter: str) -> None:
    report = checked(EXAMPLES / ON_NUMPY[adapter])
    assert report.adapter == adapter
    assert report.passed, str(report)
    assert not report.remarks
    assert report["gradients.dW"].status == "passed"


def test_a_layer_with_a_method_for_one_step_is_a_layer(tmp_path: Path) -> None:
    file = tmp_path / "layer.py"
    text = (ROOT / "tests" / "subjects" / "plain_lstm.py").read_text()
    file.write_text(f"{text}\n    def step(self, x, h, c):\n        return h, c\n")
    report = checked(file)
    assert report.adapter == "native"
    assert report.passed, str(report)


FAULTS = [
    ("coursera", "ft * c_prev + it * cct\n", "ft * c_prev + it + cct\n", "step."),
    ("coursera", '"c": dc * it * (1 - cct**2)', '"c": dc * it * (1 - cct)', "gradients."),
    (
        "coursera",
        'step["dxt"], step["da_prev"], step["dc_prev"]',
        'step["dxt"], step["da_prev"], 0 * dc_prev',
        "gradients.",
    ),
    ("dlfs2", "return o * np.tanh(c_next), c_next", "return o * c_next, c_next", "step."),
    ("dlfs2", "if not self.stateful or self.h is None:", "if True:", "s"),
    ("dlfs2", "dz.sum(axis=0)]", "dz.mean(axis=0)]", "gradients."),
    ("functions", "c = f * c_prev + i * g", "c = f * c_prev + i + g", "step."),
    ("functions", "dboth[:, :H], dc * f,", "dboth[:, :H], dc,", "gradients."),
    ("cell", "c_next = f * c + i * g", "c_next = f + i * g", "step."),
    ("cell", '"b": dz.sum(axis=0)', '"b": dz[0]', "gradients."),
]


@pytest.mark.parametrize(("adapter", "old", "new", "law"), FAULTS)
def test_a_fault_is_told(adapter: str, old: str, new: str, law: str, tmp_path: Path) -> None:
    text = (EXAMPLES / ON_NUMPY[adapter]).read_text()
    assert old in text
    file = tmp_path / "lstm.py"
    file.write_text(text.replace(old, new))
    report = checked(file)
    assert report.adapter == adapter
    assert report.cause is not None
    assert report.cause.id.startswith(law), str(report)


@pytest.mark.parametrize("adapter", ["functions", "cell"])
def test_the_script_that_reproduces_needs_no_kit(adapter: str, tmp_path: Path) -> None:
    _, old, new, _ = next(one for one in FAULTS if one[0] == adapter)
    file = tmp_path / "lstm.py"
    file.write_text((EXAMPLES / ON_NUMPY[adapter]).read_text().replace(old, new))
    report = checked(file)
    assert report.cause is not None
    code = tmp_path / "reproduce.py"
    code.write_text(script(report, report.cause))
    done = subprocess.run(
        [sys.executable, "-I", str(code)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "expected" in done.stdout


def test_every_adapter_says_its_form_and_has_an_example() -> None:
    assert set(FORMS) == set(NAMES)
    for form in FORMS.values():
        assert form.what
        path = form.example.partition(":")[0]
        assert not path.endswith(".py") or (ROOT / path).is_file()
