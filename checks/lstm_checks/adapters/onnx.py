"""ONNX: a model file with one LSTM node, run by onnxruntime; forward alone, in float32.

The weights of the model are inputs W, R and B of its LSTM node. The kit puts other weights and
sizes into the node, and runs a model of that node alone.
"""

import lstm_bridge as bridge
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper


def adapt(path):
    nodes = [node for node in onnx.load(path).graph.node if node.op_type == "LSTM"]
    if len(nodes) != 1:
        raise bridge.OutOfScope(f"a model with {len(nodes)} LSTM nodes, where one is checked")
    own = {one.name: helper.get_attribute_value(one) for one in nodes[0].attribute}
    if own.pop("direction", b"forward") != b"forward":
        raise bridge.OutOfScope("an LSTM of another direction than forward")
    layout = own.get("layout", 0)
    own.pop("hidden_size", None)
    has_bias = len(nodes[0].input) > 3 and nodes[0].input[3]

    class LSTM:
        gate_order, weights, biases = "iofc", "out_in", 2 if has_bias else 0
        batch_first, dtype = bool(layout), "float32"
        names = {"W": "W", "U": "R"} | ({"b": ["Wb", "Rb"]} if has_bias else {})
        not_offered = {"stateful": "a model keeps no state"}
        lstm_form = "ONNX: the LSTM node of the model, run by onnxruntime with other weights."

        def __init__(self, input_size, hidden_size):
            wide = 4 * hidden_size
            shapes = {"W": (wide, input_size), "R": (wide, hidden_size), "Wb": wide, "Rb": wide}
            self.params = {
                name: np.zeros(shape, np.float32)
                for name, shape in shapes.items()
                if has_bias or len(name) == 1
            }
            inputs = ["X", "W", "R", "B" if has_bias else "", "", "h", "c"]
            outputs = ["Y", "Y_h", "Y_c"]
            node = helper.make_node("LSTM", inputs, outputs, hidden_size=hidden_size, **own)
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
            self.session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            self.H = hidden_size

        def forward(self, x, state=None):
            batch, axis = x.shape[0 if layout else 1], 1 if layout else 0
            zeros = np.zeros((batch, self.H), np.float32)
            h, c = (zeros, zeros) if state is None else state
            given = {"X": x, "h": np.expand_dims(h, axis), "c": np.expand_dims(c, axis)}
            given |= {"W": self.params["W"][None], "R": self.params["R"][None]}
            if has_bias:
                given["B"] = np.concatenate([self.params["Wb"], self.params["Rb"]])[None]
            given = {name: one.astype(np.float32) for name, one in given.items()}
            y, h, c = self.session.run(None, given)
            return y.squeeze(2 if layout else 1), (h.squeeze(axis), c.squeeze(axis))

    return LSTM


def _value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
