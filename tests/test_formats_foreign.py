"""Foreign and ambiguous files: each gets a message that says what was found and what to do."""

from pathlib import Path

import pytest

from lstm_checks import check

pytestmark = pytest.mark.filterwarnings("ignore")
TORCH = "import torch\n\nclass M(torch.nn.Module):\n"
BUILDS = "    def __init__(self, {0}):\n        super().__init__()\n        self.inner = {1}\n"
CALLS = "    def forward(self, x):\n        return self.inner(x)\n"
FORWARD = "    def forward(self, x):\n        return x\n"
CELLS = '{"cells": [{"cell_type": "code", "source": ["model.fit(x)"]}], "nbformat": 4}'
FILES = {
    "empty.py": ("", "There is no LSTM in it"),
    "functions.py": ("def add(a, b):\n    return a + b\n", "its functions are add"),
    "two.py": (f"class A:\n{FORWARD}\nclass B:\n{FORWARD}", "A, B: say which with FILE:NAME"),
    "regressor.py": ("class R:\n    def fit(self, x): ...\n", "R has no forward method"),
    "steps.py": (
        "def lstm_a(x, h, c, W, U, b): ...\ndef lstm_b(x, h, c, W, U, b): ...\n",
        "lstm_a, lstm_b: say which",
    ),
    "arguments.py": (
        "def lstm_step(x, h, c, A, B, C, D, E): ...\n",
        "declare what is what in the file: functions = ",
    ),
    "python_2.py": ('print "hello"\n', "Python 2"),
    "missing.py": ("import not_to_be_found_here\n", "Install that package"),
    "weights.pt": ("PK", "a file of weights, and no Python code"),
    "model.keras": ("PK", "a file of weights, and no Python code"),
    "arrays.npz": ("PK", "a file of data, and no Python code"),
    "data.csv": ("a,b\n1,2\n", "a file of data, and no Python code"),
    "config.yaml": ("a: 1\n", "a file of settings or data, and no Python code"),
    "weights.json": ('{"W": [1]}', "a file of settings or data, and no Python code"),
    "notes.md": ("# LSTM\n", "a text, and no Python code"),
    "Lstm.java": ("class LSTM { }", "code in another language"),
    "training.ipynb": (CELLS, "none of its 1 code cells defines"),
    "gru.py": (
        "import numpy as np\nclass GRU:\n    def __init__(self, d, h):\n        self.params = "
        "{'W': np.zeros((d, 3 * h)), 'U': np.zeros((h, 3 * h)), 'b': np.zeros(3 * h)}\n"
        + FORWARD.replace("x)", "x, state=None)", 1),
        "looks like a GRU",
    ),
}
WITH_TORCH = {
    "gru.py": (BUILDS.format("d, h", "torch.nn.GRU(d, h)"), "looks like a GRU"),
    "rnn.py": (BUILDS.format("d, h", "torch.nn.RNN(d, h)"), "a simple recurrent layer"),
    "stack.py": (BUILDS.format("d, h", "torch.nn.LSTM(d, h, 2)"), "with num_layers=1 as an arg"),
    "sides.py": (
        BUILDS.format("d, h", "torch.nn.LSTM(d, h, bidirectional=True)"),
        "with bidirectional=False as an argument",
    ),
    "projection.py": (BUILDS.format("d, h", "torch.nn.LSTM(d, h, proj_size=2)"), "a projection"),
    "network.py": (
        BUILDS.format(
            "vocab, emb, hid", "torch.nn.LSTM(emb, hid)\n        self.fc = torch.nn.Linear(hid, 2)"
        ),
        "If the LSTM is a part of it, name that: FILE:M.inner",
    ),
    "sizes.py": (BUILDS.format("a, b, k", "None"), "call them input_size and hidden_size"),
    "made.py": ("    pass\nmodel = torch.nn.LSTM(2, 3)\ndel M\n", "model is an object"),
}


def told(file: Path, text: str) -> str:
    file.write_text(text)
    report = check(str(file), level="quick", in_process=True)
    assert not report.passed
    assert report.cause is not None
    assert "Traceback" not in report.cause.message
    return report.cause.message


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_file(name: str, tmp_path: Path) -> None:
    text, said = FILES[name]
    assert said.lower() in told(tmp_path / name, text).lower()


@pytest.mark.torch
@pytest.mark.parametrize("name", WITH_TORCH)
def test_a_foreign_file_with_torch(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text, said = WITH_TORCH[name]
    text = TORCH + text + (CALLS if name != "made.py" else "")
    assert said.lower() in told(tmp_path / name, text).lower()
