"""A function of a step on columns: x (D, N), h and c (H, N)."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(x, h, c, W, U, b):
    z = W @ x + U @ h + b
    i, f, g, o = np.split(z, 4, axis=0)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
