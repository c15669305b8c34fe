"""Nothing right is failed: layers written in other ways, by other conventions, each must pass."""

import warnings
from pathlib import Path

import pytest

from lstm_checks import Report, check

RIGHT = Path(__file__).parent / "subjects" / "right"
PLAIN = RIGHT.parent / "plain_lstm.py"
SUBJECTS = [
    "attributes_like_keras",
    "bias_attributes",
    "chatty_dataclass",
    "concatenated",
    "cs231n_forward_only",
    "cs231n_functions",
    "declared_in_full",
    "element_loops",
    "flat_views",
    "gates_apart",
    "hoisted_einsum",
    "kwargs_base_class",
    "no_bias",
    "own_methods",
    "recomputes",
    "tensorflow_1",
    "time_major_two_biases",
    "wide_inside",
]
TORCH = [
    "torch.nn:LSTM",
    "torch.nn:LSTMCell",
    f"{RIGHT}/torch_modules.py:BatchFirst",
    f"{RIGHT}/torch_modules.py:TimeFirst",
    f"{RIGHT}/torch_modules.py:Cell",
]
# Small changes of the plain LSTM that leave it right: the text that is replaced, and the new one.
SIGMOID = "return 0.5 * (1 + np.tanh(0.5 * z))"
VARIANTS = {
    "sigmoid_that_overflows_to_0": (SIGMOID, "return 1 / (1 + np.exp(-z))"),
    "sigmoid_by_where": (
        SIGMOID,
        "return np.where(z >= 0, 1 / (1 + np.exp(-abs(z))), 1 - 1 / (1 + np.exp(-abs(z))))",
    ),
    "sigmoid_of_a_clipped_z": (SIGMOID, "return 1 / (1 + np.exp(-np.clip(z, -60, 60)))"),
    "no_stateful": (", stateful=False):", "):\n        stateful = False"),
    "stateful_by_keyword_only": (", stateful=False):", ", *, stateful=False):"),
    "stateful_among_any_keywords": (
        ", stateful=False):",
        ", **rest):\n        stateful = rest.pop('stateful', False)",
    ),
    "no_backward": ("def backward(", "def differentiate("),
    "final_state_is_a_view_of_y": ("return y, (h, c)", "return y, (y[:, -1], c)"),
    "neither_backward_nor_stateful": (
        PLAIN.read_text().partition("class LSTM:")[2],
        PLAIN.read_text()
        .partition("class LSTM:")[2]
        .partition("    def backward")[0]
        .replace(", stateful=False):", "):\n        stateful = False"),
    ),
    "helper_called_weights": (
        "def initial_state(",
        "def weights(self):\n        return 0\n\n    def initial_state(",
    ),
    "property_called_weights": (
        "    def forward(",
        "    @property\n    def weights(self):\n        return [*self.params]\n\n    def forward(",
    ),
    "written_on_windows": ("\n", "\r\n"),
    "byte_order_mark": ('"""A plain', '\ufeff"""A plain'),
    "declares_the_native_conventions": (
        "class LSTM:",
        "class LSTM:\n    gate_order, batch_first, biases = 'ifgo', True, 1\n"
        "    weights, state_order, names = 'in_out', 'hc', {'W': 'W', 'U': 'U', 'b': 'b'}",
    ),
    "another_class_beside_it": (
        "class LSTM:",
        "class Linear:\n    def forward(self, x):\n        return x\n\n\nclass LSTM:",
    ),
}
# Warnings and prints are the subject's affair.
pytestmark = pytest.mark.filterwarnings("ignore")


def passed(report: Report) -> Report:
    assert report.passed, str(report)
    return report


def status(report: Report) -> dict[str, str]:
    return {law.id: law.status for law in report.laws}


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("name", SUBJECTS)
def test_right(name: str, seed: int) -> None:
    passed(check(f"{RIGHT}/{name}.py", seed=seed, in_process=True))


@pytest.mark.torch
@pytest.mark.parametrize(("level", "seed"), [("standard", 0), ("quick", 5)])
@pytest.mark.parametrize("subject", TORCH, ids=lambda subject: subject.rpartition(":")[2])
def test_right_torch(subject: str, level: str, seed: int) -> None:
    passed(check(subject, level=level, seed=seed, in_process=True))


@pytest.mark.parametrize("name", ["cs231n_functions", "element_loops"])
def test_right_at_the_deep_level(name: str) -> None:
    passed(check(f"{RIGHT}/{name}.py", level="deep", in_process=True))


@pytest.mark.parametrize("name", VARIANTS)
def test_right_variant(name: str, tmp_path: Path) -> None:
    old, new = VARIANTS[name]
    text = PLAIN.read_text()
    assert text.count(old) == 1 or name == "written_on_windows"
    file = tmp_path / "lstm.py"
    file.write_bytes(text.replace(old, new).encode())
    passed(check(str(file), level="quick", in_process=True))


def test_warnings_of_a_subject_are_no_errors_even_where_a_project_makes_them_so(
    tmp_path: Path,
) -> None:
    old, new = VARIANTS["sigmoid_that_overflows_to_0"]
    file = tmp_path / "lstm.py"
    file.write_text(PLAIN.read_text().replace(old, new))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        passed(check(str(file), level="quick", in_process=True))


def test_what_is_missing_is_not_offered() -> None:
    report = passed(check(f"{RIGHT}/element_loops.py", level="quick", in_process=True))
    found = status(report)
    assert found["gradients.dx"] == found["shapes.backward"] == "not_offered"
    assert found["state.stateful_carries"] == "not_offered"
    assert "no backward" in report["gradients.dx"].message
    assert "stateful" in report["state.reset"].message


def test_float32_inside_is_a_remark_of_the_law_on_precision_alone(tmp_path: Path) -> None:
    file = tmp_path / "lstm.py"
    old = "x_t = x[:, t]\n"
    text = PLAIN.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, "x_t = x[:, t].astype(np.float32)\n"))
    report = passed(check(str(file), in_process=True))
    held = ("passed", "not_offered", "blocked")
    wrong = [name for name, one in status(report).items() if one not in held]
    assert wrong[0] == "numerics.precision_of_dtype"
    assert [one.id for one in report.remarks] == wrong[:1]
    assert set(wrong) <= {"numerics.precision_of_dtype", "numerics.precision_of_gradients"}
    assert "float32" in report["numerics.precision_of_dtype"].message


# What is not written yet -------------------------------------------------------------------------

CS231N = f"{RIGHT}/cs231n_functions.py"
UNWRITTEN = {
    "pass": "pass",
    "raise": "raise NotImplementedError",
    "ellipsis": "...",
    "nones": "return None, None",
}


@pytest.mark.parametrize("body", UNWRITTEN)
def test_cs231n_nothing_written(body: str, tmp_path: Path) -> None:
    file = tmp_path / "layers.py"
    heads = [line for line in Path(CS231N).read_text().splitlines() if line.startswith("def lstm_")]
    file.write_text("\n".join(f"{head}\n    {UNWRITTEN[body]}" for head in heads))
    report = check(str(file), level="quick", in_process=True)
    assert report.cause is not None
    assert report.cause.message.lower().startswith("not attempted")
    assert "forward" in report.cause.message


@pytest.mark.parametrize(
    ("function", "law", "nones"),
    [
        ("lstm_step_forward", "step.gate_order", 3),
        ("lstm_step_backward", "gradients.step_backward", 6),
        ("lstm_backward", "shapes.backward", 5),
    ],
)
@pytest.mark.parametrize("body", ["pass", "raise", "nones"])
def test_cs231n_one_function_not_written(
    function: str, law: str, nones: int, body: str, tmp_path: Path
) -> None:
    """The others of its functions may be written without it, and are then judged."""
    text = Path(CS231N).read_text().replace(f"def {function}(", f"def _{function}(")
    text = text.replace(f" {function}(", f" _{function}(")
    head = next(line for line in text.splitlines() if line.startswith(f"def _{function}("))
    told = f"return {', '.join(['None'] * nones)}" if body == "nones" else UNWRITTEN[body]
    text += f"\n\n{head.replace('def _', 'def ')}\n    {told}\n"
    file = tmp_path / "layers.py"
    file.write_text(text.replace("def __", "def _"))
    report = check(str(file), level="quick", in_process=True)
    assert report.cause is not None
    assert report.cause.id == law
    assert report.cause.message.lower().startswith("not attempted")
    assert report["sequence.outputs"].status in ("passed", "blocked")


@pytest.mark.parametrize("body", ["pass", "raise", "ellipsis", "nones"])
def test_backward_not_written(body: str, tmp_path: Path) -> None:
    text = PLAIN.read_text().partition("    def backward")[0]
    file = tmp_path / "lstm.py"
    file.write_text(f"{text}    def backward(self, dy, dstate=None):\n        {UNWRITTEN[body]}\n")
    report = check(str(file), level="quick", in_process=True)
    assert report.cause is not None
    assert report.cause.id == "shapes.backward"
    assert report.cause.message.lower().startswith("not attempted: backward")
    assert status(report)["state.any_order"] == "passed"
