"""A forward pass in a format of its own: a weight matrix a gate, on [h; x] with features first.

lstm-checks check examples/gates_lstm.py --adapter examples/gates_adapter.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def run(x, h, c, weights, biases):
    """x (D, N, T), h and c (H, N), weights and biases by gate -> h (H, N, T), last h, last c."""
    outputs = []
    for t in range(x.shape[2]):
        stacked = np.concatenate([h, x[:, :, t]])
        z = {gate: weights[gate] @ stacked + biases[gate] for gate in "fico"}
        c = sigmoid(z["f"]) * c + sigmoid(z["i"]) * np.tanh(z["c"])
        h = sigmoid(z["o"]) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=2), h, c
