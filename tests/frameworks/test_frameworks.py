"""Each framework's own LSTM, checked in an environment that has it: make test-frameworks."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lstm_checks import Limits, Report, check

LIMITS = Limits(load=120, call=60, run=600)
ROOT = Path(__file__).parents[2]
DEFECTS = ROOT / "docs" / "formats" / "keras_defects.py"
SUBJECTS = {
    "flax.linen:LSTMCell": "flax",
    "flax.linen:OptimizedLSTMCell": "flax",
    "flax.nnx:LSTMCell": "flax",
    "flax.nnx:OptimizedLSTMCell": "flax",
    "equinox.nn:LSTMCell": "equinox",
}
TINYGRAD_DEFECTS = DEFECTS.with_name("tinygrad_defects.py")
TINYGRAD_CELL = ROOT / "tests" / "subjects" / "formats" / "right" / "tinygrad_cell.py"
SATURATED = "numerics.saturation_of_gradients"
BACKENDS = ("jax", "torch", "tensorflow")
# What the kit tells of Keras, by what the script in docs says of it without the kit.
TOLD = {
    "ops.tanh of float64 has the precision of float32": "numerics.precision_of_dtype",
    "ops.matmul of float64 is float32": "numerics.precision_of_dtype",
    "a stateful LSTM cannot be trained": "gradients.stateful",
    "predict does not carry the state of a stateful LSTM": "state.stateful_carries",
}
pytestmark = pytest.mark.filterwarnings("ignore")


def checked(subject: str) -> Report:
    if find_spec(subject.partition(".")[0]) is None:
        pytest.skip("it is not installed")
    return check(subject, level="quick", limits=LIMITS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_framework_s_own_lstm(subject: str) -> None:
    report = checked(subject)
    assert report.adapter == SUBJECTS[subject]
    assert report.passed, str(report)
    assert not report.remarks


def defects(backend: str) -> set[str]:
    """The laws that do not hold because of Keras itself, by the script that needs no kit."""
    done = subprocess.run(
        [sys.executable, str(DEFECTS)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("Keras")]
    assert len(lines) == len(TOLD)
    return {law for what, law in TOLD.items() for line in lines if f"{what}: defect" in line}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["LSTM", "LSTMCell"])
def test_keras_passes_but_for_its_own_defects(
    name: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    report = checked(f"keras.layers:{name}")
    assert report.adapter == "keras"
    wrong = {one.id for one in (report.cause, *report.remarks) if one is not None}
    assert wrong <= defects(backend), str(report)
    if name == "LSTM":
        composed = [one for one in report.laws if one.rung == "composition"]
        assert {one.status for one in composed} == {"passed"}
        assert (
            "state.stateful_carries" in wrong or report["state.stateful_carries"].status == "passed"
        )


INHERITS = """
import keras


class MyLSTM(keras.layers.LSTM):
    pass
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_what_a_subclass_inherits_from_keras_is_told_as_keras_s(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    file = tmp_path / "mine.py"
    file.write_text(INHERITS)
    report = check(str(file), level="quick", limits=LIMITS)
    wrong = [one for one in (report.cause, *report.remarks) if one is not None]
    assert {one.id for one in wrong} <= defects(backend)
    for one in wrong:
        assert "keras.layers:LSTM breaks this law too" in one.message
    assert report.diagnosis == ()
    composed = [one for one in report.laws if one.rung == "composition"]
    assert {one.status for one in composed} == {"passed"}


def test_what_a_subclass_does_wrong_itself_is_not_told_as_keras_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    file = tmp_path / "mine.py"
    call = "    def call(self, x, **given):\n        return super().call(x * 0.5, **given)\n"
    file.write_text(INHERITS.replace("    pass\n", call))
    report = check(str(file), level="quick", limits=LIMITS)
    assert report.cause is not None
    assert "keras.layers" not in report.cause.message, str(report)


def needs_tinygrad() -> None:
    """Skip, saying why, where tinygrad or what it compiles with is missing."""
    tinygrad = pytest.importorskip("tinygrad")
    try:
        assert tinygrad.Device.DEFAULT
    except RuntimeError:
        pytest.skip("tinygrad has no device: clang is not installed")


def test_tinygrad_s_own_cell_passes_but_for_its_own_defect() -> None:
    needs_tinygrad()
    command = [sys.executable, str(TINYGRAD_DEFECTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    report = checked("tinygrad.nn:LSTMCell")
    assert report.adapter == "tinygrad"
    wrong = [one.id for one in (report.cause, *report.remarks) if one is not None]
    assert wrong == ([SATURATED] if done.stdout.strip().endswith("defect") else []), str(report)
    assert report["gradients.dU"].status == "passed"


def test_a_cell_on_tinygrad_inherits_its_defect() -> None:
    needs_tinygrad()
    report = check(str(TINYGRAD_CELL), level="quick", limits=LIMITS)
    for one in [report.cause] if report.cause is not None else []:
        assert one.id == SATURATED
        assert "tinygrad.nn:LSTMCell breaks this law too" in one.message


def test_a_cell_on_tinygrad() -> None:
    needs_tinygrad()
    report = check(str(TINYGRAD_CELL), level="quick", limits=LIMITS, skip=[SATURATED])
    assert report.adapter == "tinygrad"
    assert report.passed, str(report)
    assert "one matrix for [x, h], one bias" in report.notes[0]


@pytest.mark.parametrize(
    ("old", "new", "law"),
    [
        ("i.sigmoid() * g.tanh()", "i.sigmoid() + g.tanh()", "step."),
        ("f.sigmoid() * c", "f.sigmoid() * c.detach()", "gradients."),
    ],
)
def test_a_fault_on_tinygrad_is_told(old: str, new: str, law: str, tmp_path: Path) -> None:
    needs_tinygrad()
    text = TINYGRAD_CELL.read_text()
    assert old in text
    file = tmp_path / "cell.py"
    file.write_text(text.replace(old, new))
    report = check(str(file), level="quick", limits=LIMITS, skip=[SATURATED])
    assert report.cause is not None
    assert report.cause.id.startswith(law), str(report)


def test_without_a_device_tinygrad_s_report_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tinygrad")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("HOME", "/nonexistent")  # nothing that was compiled before
    report = check("tinygrad.nn:LSTMCell", level="quick", limits=LIMITS)
    assert report.cause is not None
    assert "install that (apt-get install clang)" in report.cause.message


def saved(file: Path, direction: str = "forward", layout: int = 0, nodes: int = 1) -> Path:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    make = onnx.helper
    sides = 2 if direction == "bidirectional" else 1
    shapes = {"X": None, "W": (sides, 20, 3), "R": (sides, 20, 5), "B": (sides, 40)}
    value, kind = make.make_tensor_value_info, onnx.TensorProto.FLOAT
    inputs = [value(name, kind, shape) for name, shape in shapes.items()]
    outputs = [value(f"Y{k}", kind, None) for k in range(nodes)]
    options = {"hidden_size": 5, "layout": layout, "direction": direction}
    made = [make.make_node("LSTM", list(shapes), [f"Y{k}"], **options) for k in range(nodes)]
    graph = make.make_graph(made, "lstm", inputs, outputs)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 14)], ir_version=8)
    onnx.save(model, str(file))
    return file


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_an_onnx_model(direction: str, tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", direction)
    report = check(str(file), level="quick", limits=LIMITS)
    assert report.adapter == "onnx"
    assert report.passed, str(report)
    assert report["composition.lengths_of_directions"].status == "passed"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"nodes": 2}, "2 LSTM nodes"),
        ({"direction": "reverse"}, "from the end of the sequence"),
        ({"layout": 1}, "layout"),
    ],
)
def test_other_onnx_models_are_out_of_scope(options: dict, said: str, tmp_path: Path) -> None:
    report = check(str(saved(tmp_path / "model.onnx", **options)), level="quick", limits=LIMITS)
    assert report.cause is not None
    assert report.cause.finding is not None
    assert report.cause.finding.out_of_scope
    assert said in report.cause.message
