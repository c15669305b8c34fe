"""ONNX: a model file with one LSTM node, run by onnxruntime; forward alone, in float32.

The weights of the model are inputs W, R and B of its LSTM node. The kit puts other weights and
sizes into the node, and runs a model of that node alone.
"""

import lstm_bridge as bridge
import numpy as np
import onnx
import onnxruntime
from lstm_bridge import H
from onnx import TensorProto, helper


def adapt(path):
    nodes = [node for node in onnx.load(path).graph.node if node.op_type == "LSTM"]
    if len(nodes) != 1:
        raise bridge.OutOfScope(
            f"a model with {len(nodes)} LSTM nodes, where one is checked; "
            "onnx.utils.extract_model saves a part of a model as one of its own"
        )
    if len(nodes[0].input) > 7 and nodes[0].input[7]:
        raise bridge.OutOfScope("an LSTM with peepholes (the input P)")
    own = {one.name: helper.get_attribute_value(one) for one in nodes[0].attribute}
    if own.pop("direction", b"forward") == b"reverse":
        raise bridge.OutOfScope("its LSTM runs from the end of the sequence (direction reverse)")
    layout = own.get("layout", 0)
    own.pop("hidden_size", None)
    has_bias = len(nodes[0].input) > 3 and bool(nodes[0].input[3])
    names = ("W", "R", "Wb", "Rb") if has_bias else ("W", "R")

    try:
        session(own, H, has_bias, 1)
    except Exception as error:
        raise bridge.OutOfScope(f"onnxruntime does not run this node: {error}") from None

    class LSTM:
        gate_order, weights, biases = "iofc", "out_in", 2 if has_bias else 0
        batch_first, dtype = bool(layout), "float32"
        names = {"W": "W", "U": "R"} | ({"b": ["Wb", "Rb"]} if has_bias else {})
        not_offered = {"stateful": "a model keeps no state"}
        composes = ("directions", "lengths")
        lstm_form = "ONNX: the LSTM node of the model, run by onnxruntime with other weights."

        def __init__(self, input_size, hidden_size, layers=0, directions=1):
            wide = 4 * hidden_size
            shapes = {"W": (wide, input_size), "R": (wide, hidden_size), "Wb": wide, "Rb": wide}
            self.parts = [f"{k}." for k in range(directions)] if layers else [""]
            self.params = {
                part + name: np.zeros(shapes[name], np.float32)
                for part in self.parts
                for name in names
            }
            self.H, self.composed = hidden_size, bool(layers)
            self.session = session(own, hidden_size, has_bias, directions)

        def stacked(self, name):
            return np.stack([self.params[part + name] for part in self.parts])

        def forward(self, x, state=None, lengths=None):
            batch, axis = x.shape[0 if layout else 1], 1 if layout else 0
            if state is None:
                state = (np.zeros((len(self.parts), batch, self.H)),) * 2
            elif not self.composed:
                state = (part[None] for part in state)
            h, c = (np.moveaxis(part, 0, axis) for part in state)
            given = {"X": x, "h": h, "c": c, "W": self.stacked("W"), "R": self.stacked("R")}
            if has_bias:
                given["B"] = np.concatenate([self.stacked("Wb"), self.stacked("Rb")], axis=1)
            given = {name: one.astype(np.float32) for name, one in given.items()}
            time = x.shape[1 if layout else 0]
            given["lengths"] = np.full(batch, time) if lengths is None else np.asarray(lengths)
            given["lengths"] = given["lengths"].astype(np.int32)
            y, h, c = self.session.run(None, given)
            y = np.moveaxis(y, 2 if layout else 1, 2)  # a direction's outputs after the other's
            y = y.reshape(*y.shape[:2], -1)
            h, c = (np.moveaxis(part, axis, 0) for part in (h, c))
            return y, (h, c) if self.composed else (h[0], c[0])

    return LSTM


def session(own, hidden_size, has_bias, directions):
    """A model of one LSTM node with the attributes `own`, whose weights are inputs."""
    inputs = ["X", "W", "R", "B" if has_bias else "", "lengths", "h", "c"]
    outputs = ["Y", "Y_h", "Y_c"]
    direction = "bidirectional" if directions == 2 else "forward"
    node = helper.make_node(
        "LSTM", inputs, outputs, hidden_size=hidden_size, direction=direction, **own
    )
    graph = helper.make_graph(
        [node],
        "lstm",
        [_value(name) for name in inputs if name],
        [_value(name) for name in outputs],
    )
    opset = [helper.make_opsetid("", 14)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _value(name):
    kind = TensorProto.INT32 if name == "lengths" else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, None)
