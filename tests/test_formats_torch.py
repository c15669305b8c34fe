"""PyTorch modules in the forms that people write: each passes, a fault in one is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks import Report, check
from lstm_checks.report.script import script

STYLES = Path(__file__).parent / "subjects" / "formats" / "torch_styles.py"
TEXT = STYLES.read_text()
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
# What the report says of the form of each.
FORMS = {
    "LinearPerGate": "matrices per gate for [h, x], one bias, gates by their names",
    "TwoLinearsPerGate": "matrices per gate, two biases, gates by their names",
    "BiasOnOneSide": "matrices per gate, one bias",
    "OneLinear": "one matrix for [x, h], one bias, gates i, f, g, o (not declared",
    "OutputsAlone": "it computes a sequence from x, the batch first",
    "EveryState": "it computes a sequence from x, (h, c), time first",
    "ParametersPerGate": "matrices per gate, two biases, gates by their names",
    "PlainTensors": "two matrices, one bias, gates f, i, o, g (declared)",
    "DeclaredNames": "matrices per gate, one bias, gates by the declared names",
    "Scripted": "two matrices, one bias",
    "Stateful": "two matrices, one bias",
    "Tagger.lstm": "it computes a sequence from x, h, c, the batch first",
}


def checked(name: str, file: Path | str = STYLES) -> Report:
    return check(f"{file}:{name}", level="quick", in_process=True)


@pytest.mark.parametrize("name", FORMS)
def test_a_style_passes_and_its_form_is_told(name: str) -> None:
    report = checked(name)
    assert report.passed, str(report)
    assert not report.remarks
    assert FORMS[name] in report.notes[0]


def test_what_a_form_cannot_express_is_not_offered() -> None:
    report = checked("OutputsAlone")
    assert report["state.split_anywhere"].status == "not_offered"
    stateful = checked("Stateful")
    assert stateful["state.stateful_carries"].status == "passed"


@pytest.mark.parametrize(
    ("name", "old", "new", "law"),
    [
        ("LinearPerGate", "c = torch.sigmoid(f) * c + ", "c = torch.sigmoid(f) + ", "step."),
        ("OneLinear", "* torch.tanh(c), c", "* c, c", "step."),
        ("EveryState", "cs.append(c)", "cs.append(h)", "sequence.final_c"),
        (
            "Stateful",
            "self.kept = (h.detach().clone(), c.detach().clone())",
            "self.kept = None",
            "state.",
        ),
        (
            "TwoLinearsPerGate",
            "return advance(*z, c)",
            "return advance(*z, c.detach())",
            "gradients.",
        ),
        ("LinearPerGate", "torch.tanh(g)", "torch.sigmoid(g)", "step."),
    ],
)
def test_a_fault_is_told(name: str, old: str, new: str, law: str, tmp_path: Path) -> None:
    assert old in TEXT
    file = tmp_path / "styles.py"
    file.write_text(TEXT.replace(old, new))
    report = checked(name, file)
    assert not report.passed
    assert report.cause is not None
    assert report.cause.id.startswith(law), str(report)


def test_the_script_needs_no_kit(tmp_path: Path) -> None:
    file = tmp_path / "styles.py"
    file.write_text(TEXT.replace("* torch.tanh(c), c", "* c, c"))
    report = checked("OneLinear", file)
    assert report.cause is not None
    code = tmp_path / "reproduce.py"
    code.write_text(script(report, report.cause))
    done = subprocess.run(
        [sys.executable, "-I", str(code)], capture_output=True, text=True, timeout=100, check=True
    )
    assert "expected" in done.stdout


UNCLEAR = {
    "names that say nothing": (
        TEXT.replace('    gate_order = "ogif"\n    names = ', "    other = "),
        "DeclaredNames",
        "do not say which belongs to which gate; declare",
    ),
    "a network": (TEXT, "Tagger", "name that: FILE:Tagger.lstm"),
    "a name that is not there": (
        TEXT.replace('"W": ["p1"', '"W": ["w1"'),
        "DeclaredNames",
        "the declared names hold 'w1', which is none of p1",
    ),
}


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_unclear_is_asked_for(text: str, tmp_path: Path) -> None:
    code, name, said = UNCLEAR[text]
    file = tmp_path / "styles.py"
    file.write_text(code)
    report = checked(name, file)
    assert report.cause is not None
    assert report.cause.id == "load.imports"
    assert said.lower() in report.cause.message.lower(), report.cause.message


def test_the_adapter_of_the_page(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "formats" / "your-own.md"
    _, _, rest = page.read_text().partition("```python\n")
    file = tmp_path / "mine.py"
    file.write_text(rest.partition("```")[0])
    report = check("torch.nn:LSTMCell", adapter=str(file), level="quick", in_process=True)
    assert report.passed, str(report)
    assert report["gradients.dW"].status == "passed"
