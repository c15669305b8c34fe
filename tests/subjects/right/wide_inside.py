"""Computes in extended precision and hands out what it was given: more than is asked for."""

import numpy as np


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.params = {
            "W": np.zeros((input_size, 4 * hidden_size)),
            "U": np.zeros((hidden_size, 4 * hidden_size)),
            "b": np.zeros(4 * hidden_size),
        }

    def forward(self, x, state=None):
        W, U, b = (self.params[name].astype(np.longdouble) for name in "WUb")
        h, c = np.zeros((2, len(x), len(U)), np.longdouble) if state is None else state
        y = []
        for x_t in x.astype(np.longdouble).swapaxes(0, 1):
            i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            y.append(h)
        y, h, c = (np.asarray(a).astype(x.dtype) for a in (y, h, c))
        return y.swapaxes(0, 1), (h, c)
