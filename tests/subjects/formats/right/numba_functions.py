"""Functions that Numba compiles, where it is installed."""

import numpy as np

try:
    from numba import njit
except ImportError:

    def njit(function):
        return function


@njit
def gate_values(z, H):
    return 1 / (1 + np.exp(-z[:, : 3 * H])), np.tanh(z[:, 3 * H :])


gate_order = "ifog"


def lstm_step(x, h, c, W, U, b):
    H = h.shape[1]
    s, g = gate_values(x @ W + h @ U + b, H)
    i, f, o = s[:, :H], s[:, H : 2 * H], s[:, 2 * H :]
    c = f * c + i * g
    return o * np.tanh(c), c
