"""Makes a class of submissions in the format of CS231n, each with the status that it should get.

python tests/class_of_submissions.py FOLDER [COUNT]
"""

import io
import json
import sys
import zipfile
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLAIN = (ROOT / "examples" / "cs231n_lstm.py").read_text()
FUNCTIONS = (ROOT / "tests" / "subjects" / "right" / "cs231n_functions.py").read_text()
UNROLLED = PLAIN.replace(
    "np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)", "blocks(x, prev_h, Wx, Wh, b)"
)
UNROLLED += """

def blocks(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    z = np.empty((x.shape[0], 4 * H), x.dtype)
    for n in range(x.shape[0]):
        z[n] = np.dot(x[n], Wx) + np.dot(prev_h[n], Wh) + b
    return [z[:, k * H : (k + 1) * H] for k in range(4)]
"""
ELEMENTS = PLAIN.replace("return 0.5 * (1 + np.tanh(0.5 * z))", "return 1 / (1 + np.exp(-z))")
TRANSPOSED = PLAIN.replace(
    "x.T @ dz, prev_h.T @ dz", "(dz.T @ x).T, np.einsum('nh,nk->hk', prev_h, dz)"
)
RIGHT = (PLAIN, FUNCTIONS, UNROLLED, ELEMENTS, TRANSPOSED)

# One mistake each: what is replaced, and by what.
MISTAKES = {
    "forget_gate_left_out": ("f * prev_c + i * g", "prev_c + i * g"),
    "output_gate_left_out": ("next_h = o * np.tanh(next_c)", "next_h = np.tanh(next_c)"),
    "tanh_of_cell_left_out": ("next_h = o * np.tanh(next_c)", "next_h = o * next_c"),
    "gates_in_another_order": ("zi, zf, zo, zg = np", "zi, zo, zf, zg = np"),
    "bias_left_out": ("x @ Wx + prev_h @ Wh + b", "x @ Wx + prev_h @ Wh"),
    "candidate_by_sigmoid": ("sigmoid(zo), np.tanh(zg)", "sigmoid(zo), sigmoid(zg)"),
    "state_not_carried": ("forward(x[:, t], h, c, Wx", "forward(x[:, t], h0, c, Wx"),
    "initial_h_ignored": ("h, c = h0, np.zeros_like(h0)", "h = c = np.zeros_like(h0)"),
    "db_is_the_mean": ("dz.sum(axis=0)", "dz.mean(axis=0)"),
    "dWh_of_the_next_state": ("prev_h.T @ dz", "(o * tanh_c).T @ dz"),
    "dWx_of_the_last_step": ("(sum(step[k] for step in steps) for k in (3, 4, 5))", "steps[0][3:]"),
    "dprev_c_not_passed": ("step[1], step[2]", "step[1], 0 * step[2]"),
    "dprev_h_not_passed": ("step[1], step[2]", "0 * step[1], step[2]"),
    "forget_slope_wrong": ("f * (1 - f)", "(1 - f)"),
    "tanh_slope_wrong": ("o * (1 - tanh_c**2)", "o * (1 - tanh_c)"),
    "dx_in_reverse": ("step[0] for step in reversed(steps)", "step[0] for step in steps"),
}  # fmt: skip

BACKWARD = PLAIN.index("def lstm_step_backward"), PLAIN.index("def lstm_forward")
NO_STEP_BACKWARD = PLAIN[: BACKWARD[0]] + PLAIN[BACKWARD[1] :]
NOTHING = """import numpy as np


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, cache = None, None, None
    # TODO: Implement the forward pass for a single timestep of an LSTM.
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c, dWx, dWh, db = None, None, None, None, None, None
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    return h, cache


def lstm_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    return dx, dh0, dWx, dWh, db
"""
LAST = "def lstm_backward(dh, caches):\n"
UNFINISHED = (
    NOTHING,
    PLAIN.replace(LAST, LAST + "    raise NotImplementedError\n"),
    PLAIN.replace(LAST, LAST + "    return None, None, None, None, None\n"),
    PLAIN[: PLAIN.index("def lstm_backward")],
)
STEP = "def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):\n"
WHOLE = "def lstm_forward(x, h0, Wx, Wh, b):\n"
STEP_BACK = "def lstm_step_backward(dnext_h, dnext_c, cache):\n"
PYTHON_2 = PLAIN + '\nif __name__ == "__main__":\n    print "it works"\n'
OLD_NAMES = PLAIN.replace("for t in range(x.shape[1])", "for t in xrange(x.shape[1])")
BROKEN = (
    PLAIN.replace("axis=1)\n    i, f", "axis=1\n    i, f"),
    PLAIN.replace(STEP, STEP[:-2] + "\n"),
)
LOOPS = (
    PLAIN.replace(WHOLE, WHOLE + "    while True:\n        pass\n"),
    PLAIN + "\nwhile True:\n    pass\n",
    PLAIN.replace(LAST, LAST + "    while True:\n        pass\n"),
)
BOMBS = (
    PLAIN.replace(WHOLE, WHOLE + "    cache = np.ones((1 << 40,))\n"),
    PLAIN.replace(
        WHOLE, WHOLE + "    kept = []\n    while True:\n        kept.append(bytearray(1 << 24))\n"
    ),
)
FORKS = """import os
try:
    for _ in range(1000):
        if os.fork() == 0:
            os._exit(0)
except OSError:
    pass
"""
KILLS = """import os
try:
    os.kill(-1, 0)
except OSError:
    pass
"""
READS = "import os\nopen(f'/proc/{os.getppid()}/environ').read()\n"
HOSTILE = {
    "exits": ("import os\nos._exit(0)\n" + PLAIN, "crashed"),
    "imports_the_reference": ("import lstm_reference\n" + NOTHING, "not_loaded"),
    "reads_the_judge": (READS + NOTHING, "not_loaded"),
    "kills": (KILLS + NOTHING, "unfinished"),
    "forks": (FORKS + NOTHING, "unfinished"),
    "floods": ("while True:\n    print('x' * 10000)\n", "crashed"),
}


@dataclass(frozen=True)
class One:
    """A submission: the entry's name, its bytes, and what status it should get."""

    name: str
    content: bytes
    status: str


def zipped(**files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return target.getvalue()


def notebook(source):
    cells = [{"cell_type": "markdown", "source": "# Assignment"}]
    cells += [{"cell_type": "code", "source": "%load_ext autoreload\nimport numpy as np\n"}]
    cells += [{"cell_type": "code", "source": source.splitlines(keepends=True)}]
    cells += [{"cell_type": "code", "source": "print(lstm_forward(1, 2, 3, 4, 5))"}]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def mistaken(name):
    old, new = MISTAKES[name]
    assert PLAIN.count(old) == 1, name
    return PLAIN.replace(old, new)


def of_class(count):
    """`count` submissions of all kinds, the same ones for the same count."""
    makers = {
        "right": cycle([(source, "passed") for source in RIGHT]),
        "wrong": cycle([(mistaken(name), "failed") for name in MISTAKES]),
        "unfinished": cycle([(source, "unfinished") for source in UNFINISHED]),
        "python2": cycle([(PYTHON_2, "not_loaded"), (OLD_NAMES, "failed")]),
        "syntax": cycle([(source, "not_loaded") for source in BROKEN]),
        "loop": cycle([(source, "timeout") for source in LOOPS]),
        "bomb": cycle([(source, "out_of_memory") for source in BOMBS]),
        "hostile": cycle(HOSTILE.values()),
    }
    # Of each 20: 8 right, 5 wrong, 2 unfinished, 1 of every other kind.
    kinds = "right wrong right unfinished right wrong python2 right wrong right syntax right wrong "
    kinds += "loop right unfinished bomb right wrong hostile"
    made = []
    for number, kind in zip(range(count), cycle(kinds.split()), strict=False):
        source, status = next(makers[kind])
        form = number % 4
        if kind == "right" and form == 1:
            one = One(f"s{number:03}.ipynb", notebook(source).encode(), status)
        elif form == 2:
            content = zipped(cs231n__rnn_layers_dot_py=source, notes_dot_txt="done")
            one = One(f"s{number:03}.zip", content, status)
        else:
            one = One(f"s{number:03}.py", source.encode(), status)
        made.append(one)
    return made


def write(folder, ones):
    folder.mkdir(parents=True, exist_ok=True)
    for one in ones:
        (folder / one.name).write_bytes(one.content)


if __name__ == "__main__":
    made = of_class(int(sys.argv[2]) if sys.argv[2:] else 100)
    write(Path(sys.argv[1]), made)
    expected = {Path(one.name).stem: one.status for one in made}
    print(json.dumps(expected))
