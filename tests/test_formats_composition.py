"""Stacks, two directions and unequal lengths: a right one passes, each fault is told by its law."""

import re
from pathlib import Path

import pytest

from lstm_checks import Report, check
from lstm_checks.laws import composition
from lstm_checks.learn.hint import NUDGES, hints
from lstm_checks.learn.quickly import first_wrong

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
STACK = Path(__file__).parent / "subjects" / "formats" / "torch_stack.py"
PACKED = """
import torch

class Packed(torch.nn.LSTM):
    def forward(self, x, state=None):
        if isinstance(x, torch.Tensor):
            return super().forward(x, state)
        padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(x)
        y, state = super().forward(padded, state)
        return torch.nn.utils.rnn.pack_padded_sequence(y, lengths, enforce_sorted=False), state
"""


def checked(file: Path) -> Report:
    return check(str(file), level="quick", in_process=True)


def test_every_law_of_composition_holds_for_torch_s_own() -> None:
    report = check("torch.nn:LSTM", level="quick", in_process=True)
    assert {law.id for law in composition.LAWS} <= {one.id for one in report.laws}
    assert report.passed, str(report)


def test_a_stack_of_one_s_own_passes() -> None:
    report = checked(STACK)
    assert report.passed, str(report)
    assert report["composition.stack_of_directions"].status == "passed"
    assert "composition.lengths" not in {one.id for one in report.laws}


@pytest.mark.parametrize(
    ("old", "new", "law"),
    [
        ("reversed(range(T))", "range(T)", "composition.directions"),
        ("ys[t] = h", "ys[t if side == 0 else T - 1 - t] = h", "composition.directions"),
        ("torch.cat(outs, -1)", "torch.cat(outs[::-1], -1)", "composition.directions"),
        ("state[1][k]", "state[1][0]", "composition.stack"),
        ("x = torch.cat(outs, -1)", "x = cut(x, torch.cat(outs, -1))", "composition.stack_gr"),
        ("torch.stack(hs)", "torch.stack(hs[::-1])", "composition.stack"),
    ],
)
def test_a_fault_is_told(old: str, new: str, law: str, tmp_path: Path) -> None:
    text = STACK.read_text()
    assert old in text
    file = tmp_path / "stack.py"
    file.write_text(text.replace(old, new))
    report = checked(file)
    assert report.cause is not None
    assert report.cause.id.startswith(law), str(report)


def test_a_hint_is_given_too(tmp_path: Path) -> None:
    file = tmp_path / "stack.py"
    file.write_text(STACK.read_text().replace("state[1][k]", "state[1][0]"))
    found = first_wrong(file)
    assert found.cause is not None
    assert found.cause.id == "composition.stack"
    assert hints(found)[0] == NUDGES["composition"]


def test_rows_that_run_past_their_end_are_told(tmp_path: Path) -> None:
    file = tmp_path / "packed.py"
    file.write_text(PACKED)
    report = checked(file)
    assert report.cause is not None
    assert report.cause.id == "composition.lengths", str(report)
    assert re.search("own length", report.cause.message)
