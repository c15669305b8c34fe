"""A cell with slots."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTMCell:
    __slots__ = ("U", "W", "b")
    gate_order = "ifog"

    def __init__(self, n_in, n_hidden):
        self.W = np.zeros((n_in, 4 * n_hidden))
        self.U = np.zeros((n_hidden, 4 * n_hidden))
        self.b = np.zeros(4 * n_hidden)

    def __call__(self, x, state):
        h, c = state
        i, f, o, g = np.split(x @ self.W + h @ self.U + self.b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
