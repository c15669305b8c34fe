"""A cell: a class that computes one time step, and the gradients of one.

lstm-checks check examples/formats/cell_lstm.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTMCell:
    gate_order = "fico"

    def __init__(self, input_size, hidden_size):
        rng = np.random.default_rng(0)
        self.W = rng.normal(size=(4 * hidden_size, hidden_size + input_size))  # on [h, x]
        self.b = np.zeros(4 * hidden_size)

    def step(self, x, h, c):
        both = np.concatenate([h, x], axis=1)
        f, i, g, o = np.split(both @ self.W.T + self.b, 4, axis=1)
        f, i, g, o = sigmoid(f), sigmoid(i), np.tanh(g), sigmoid(o)
        c_next = f * c + i * g
        return o * np.tanh(c_next), c_next, (both, c, f, i, g, o, np.tanh(c_next))

    def backward(self, dh, dc, cache):
        both, c, f, i, g, o, tanh = cache
        dc = dc + dh * o * (1 - tanh**2)
        dz = [dc * c * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g**2)]
        dz = np.concatenate([*dz, dh * tanh * o * (1 - o)], axis=1)
        self.grads = {"W": dz.T @ both, "b": dz.sum(axis=0)}
        dboth, H = dz @ self.W, dh.shape[1]
        return dboth[:, H:], dboth[:, :H], dc * f
