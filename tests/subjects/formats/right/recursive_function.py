"""A function of a sequence that calls itself for the rest of it."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(xs, h, c, W, U, b):
    if xs.shape[1] == 0:
        return xs[:, :, :0], h, c
    i, f, g, o = np.split(xs[:, 0] @ W + h @ U + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    if xs.shape[1] == 1:
        return h[:, None], h, c
    rest, h_last, c_last = lstm(xs[:, 1:], h, c, W, U, b)
    return np.concatenate([h[:, None], rest], axis=1), h_last, c_last
