"""Each framework's own LSTM, checked in an environment that has it: make test-frameworks.

The rungs up to sequence, gradients of W and of the state, and precision decide here: a compiled
framework takes too long for a whole ladder.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest

from lstm_checks import Limits, check

LIMITS = Limits(load=120, call=60, run=600)
SUBJECTS = {
    "keras.layers:LSTM": "keras",
    "flax.linen:LSTMCell": "flax",
    "flax.linen:OptimizedLSTMCell": "flax",
    "flax.nnx:LSTMCell": "flax",
    "flax.nnx:OptimizedLSTMCell": "flax",
    "equinox.nn:LSTMCell": "equinox",
}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_framework_s_own_lstm(subject: str) -> None:
    if find_spec(subject.partition(".")[0]) is None:
        pytest.skip("it is not installed")
    report = check(subject, level="quick", limits=LIMITS)
    assert report.adapter == SUBJECTS[subject]
    assert report.passed, str(report)


@pytest.mark.parametrize("layout", [0, 1])
def test_an_onnx_model(layout: int, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    make = onnx.helper
    inputs = [
        make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("X", None), ("W", (1, 20, 3)), ("R", (1, 20, 5)), ("B", (1, 40)))
    ]
    outputs = [make.make_tensor_value_info("Y", onnx.TensorProto.FLOAT, None)]
    node = make.make_node("LSTM", ["X", "W", "R", "B"], ["Y"], hidden_size=5, layout=layout)
    graph = make.make_graph([node], "lstm", inputs, outputs)
    opset = [make.make_opsetid("", 14)]
    file = tmp_path / "model.onnx"
    onnx.save(make.make_model(graph, opset_imports=opset, ir_version=8), str(file))
    report = check(str(file), level="quick", limits=LIMITS)
    assert report.adapter == "onnx"
    if layout == 1 and not report.passed:  # onnxruntime on the CPU runs layout 0 alone
        assert "layout" in str(report)
    else:
        assert report.passed, str(report)
