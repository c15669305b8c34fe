"""Adapters: the few lines that let the kit drive a subject of some format.

An adapter is a file with `adapt(target)`, which returns a class in the native contract; `target`
is what FILE[:NAME] names: the module, or the object NAME in it. It may declare conventions as
class attributes, and in `not_offered` what its format cannot express: a dict from "initial_h",
"initial_c", "final_c", … to the reason. Where the format has functions for one step, the class
says `step_functions = True` and has step(x, h, c) -> h, c and step_backward(dh, dc) -> dx, dh, dc.
It imports nothing of the kit but `lstm_bridge`, which adapters share, since it runs in the
subject's process and stands, as it is, in the scripts that reproduce a failure.
"""

from typing import NamedTuple


class Form(NamedTuple):
    """What a format looks like, a subject of it to check, and whether it may declare `names`."""

    what: str
    example: str
    has_names: bool = True


FORMS = {
    "native": Form(
        "a class LSTM(input_size, hidden_size) on NumPy arrays, with params, forward and backward",
        "examples/right_lstm.py",
    ),
    "torch": Form(
        "a PyTorch module for a sequence or a step, with weights of any usual layout",
        "torch.nn:LSTM",
    ),
    "cs231n": Form(
        "functions lstm_forward(x, h0, Wx, Wh, b), lstm_step_forward and their backwards",
        "examples/cs231n_lstm.py",
        has_names=False,
    ),
    "functions": Form(
        "functions of x, a state and weights, for a sequence or a step; on NumPy, JAX or PyTorch",
        "examples/formats/functions_lstm.py",
    ),
    "cell": Form(
        "a class whose objects compute one step, by step(x, h, c), forward or a call",
        "examples/formats/cell_lstm.py",
    ),
    "coursera": Form(
        "functions lstm_forward(x, a0, parameters), lstm_cell_forward and their backwards",
        "examples/formats/coursera_lstm.py",
        has_names=False,
    ),
    "dlfs2": Form(
        "a class TimeLSTM(Wx, Wh, b, stateful) with set_state; params and grads are lists",
        "examples/formats/time_lstm.py",
        has_names=False,
    ),
    "numpy_ml": Form(
        "a layer LSTM(n_out) or LSTMCell(n_out) of numpy-ml; weights made at the first call",
        "numpy_ml.neural_nets.layers:LSTMCell",
        has_names=False,
    ),
    "keras": Form(
        "a Keras 3 layer LSTM, an LSTMCell, or a subclass, on any backend",
        "keras.layers:LSTM",
    ),
    "flax": Form("a cell of flax.linen or flax.nnx, in its RNN layer", "flax.linen:LSTMCell"),
    "equinox": Form("an Equinox cell(x, (h, c)) without a batch", "equinox.nn:LSTMCell"),
    "tinygrad": Form(
        "a tinygrad cell(x, (h, c)) or cell(x, h, c), whose weights are Tensors",
        "tinygrad.nn:LSTMCell",
    ),
    "onnx": Form("a model file with one LSTM node; forward alone, float32", "model.onnx", False),
}
NAMES = tuple(FORMS)
